"""Diagnoses of the kernel's teams and of bonds of Open vSwitch."""

from __future__ import annotations

from dataclasses import replace

from lacp.picture.explain import diagnose
from lacp.picture.findings import Gravity, Where
from lacp.picture.model import LinkView
from tests.faults import is_told
from tests.unit.explain.lags import bond, lag, only, port, said, with_lacp


def test_a_team_without_a_daemon() -> None:
    gone = "what its daemon knows: /run/teamd/team0.sock: no such socket"
    kernel = lag(source="team", mode="roundrobin", name="team0", settings={}, unseen=(gone,))
    is_told(
        only(kernel),
        "no_daemon",
        "no daemon answers for this team: nobody watches its links or speaks LACP",
        Where.HERE,
        gone,
        gravity=Gravity.ODDITY,
    )
    # Nobody will put its ports into use.
    idle = [port(name, distributing=False, collecting=False) for name in ("eth0", "eth1")]
    dead = replace(kernel, ports=tuple(idle), up=False)
    assert said(dead) == [(None, "no_daemon"), (None, "no_carrier")]
    assert diagnose(dead)[0].gravity is Gravity.FAULT
    # That one may not ask is no fault of the team.
    refused = "what its daemon knows: /run/teamd/team0.sock: Permission denied"
    assert said(replace(kernel, unseen=(refused,))) == []


def test_a_bond_without_a_switch() -> None:
    unknown = port("eth0", distributing=None, collecting=None, usable=None, link=LinkView())
    gone = "what becomes of the bond, and the links below it: no ovs-vswitchd runs"
    configured = lag(unknown, source="ovs", mode="balance-slb", up=None, unseen=(gone,))
    is_told(
        only(configured),
        "no_switch",
        "ovs-vswitchd says nothing: the bond is configured, and perhaps nobody runs it",
        Where.HERE,
        gone,
    )
    # That its database is silent is no fault of the bond.
    silent = "how the bond is configured, and the links below it: no database at db.sock"
    assert said(replace(configured, unseen=(silent,))) == []


def test_balance_tcp_needs_lacp() -> None:
    idle = [port(name, distributing=False, collecting=False) for name in ("eth0", "eth1")]
    found = diagnose(lag(*idle, source="ovs", mode="balance-tcp", up=False))
    assert [each.code for each in found] == ["no_carrier", "needs_lacp"]
    is_told(
        found[1],
        "needs_lacp",
        "balance-tcp carries nothing without LACP",
        Where.HERE,
        "bond_mode is balance-tcp, lacp is off; eth0 and eth1 have a link",
        remedy="ovs-vsctl set port bond0 lacp=active",
    )


def test_backups_of_a_bond_with_lacp_are_no_fault() -> None:
    backup = with_lacp("eth1", 2, distributing=False, aggregator=None)
    used = with_lacp("eth0", aggregator=None)
    assert said(bond(used, backup, source="ovs", mode="active-backup", aggregator=None)) == []

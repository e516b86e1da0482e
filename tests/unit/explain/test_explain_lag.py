"""Diagnoses of a LAG as a whole, and of several LAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lacp.address import Mac
from lacp.info import PortState
from lacp.picture.explain import among, diagnose
from lacp.picture.findings import Gravity, Where, with_problems
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId
from tests.faults import is_told, up, view
from tests.unit.explain.lags import PARTNER, SYSTEM, bond, lag, only, port, said, with_lacp
from tests.worlds import cable

MODES = (
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "balance-tlb",
    "balance-alb",
)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_said_of_a_healthy_bond(mode: str) -> None:
    ports = [port("eth0"), port("eth1")]
    if mode == "active-backup":
        ports[1] = port("eth1", distributing=False, collecting=False)
    assert said(lag(*ports, mode=mode)) == []


def test_nothing_is_said_of_a_healthy_bond_with_lacp() -> None:
    assert said(bond()) == []


def test_nothing_is_said_of_what_only_root_may_see() -> None:
    ports = [
        with_lacp(name, actor=End(state=PortState(0x3D)), partner=End(state=PortState(0x3D)))
        for name in ("eth0", "eth1")
    ]
    assert said(bond(*ports, unseen=("who both ends are",))) == []


def test_device_down() -> None:
    ports = (port("eth0", distributing=False), port("eth1", distributing=False))
    is_told(
        only(lag(*ports, admin_up=False, up=False)),
        "device_down",
        "the device is administratively down",
        Where.HERE,
        "the flags of bond0 lack UP; 2 of its 2 ports have a link",
        remedy="ip link set dev bond0 up",
    )
    broken = replace(ports[0], link=LinkView(up=False))
    assert said(lag(broken, ports[1], admin_up=False, up=False)) == [
        (None, "device_down"),
        ("eth0", "link_down"),
    ]


def test_min_links_of_a_bond() -> None:
    down = with_lacp("eth1", 2, link=LinkView(up=False), distributing=False)
    found = diagnose(bond(with_lacp("eth0"), down, up=False, min_ports=2))
    assert [each.code for each in found] == ["below_min_ports", "link_down"]
    is_told(
        found[0],
        "below_min_ports",
        "no carrier: 1 distributing, min_ports 2",
        Where.HERE,
        "not used: eth1",
        remedy="ip link set dev bond0 type bond min_links 1",
    )


def test_port_numbers_twice() -> None:
    found = only(bond(with_lacp("eth0", 3), with_lacp("eth1", 3, partner=None)))
    is_told(
        found,
        "port_numbers_shared",
        "duplicate port number: eth0 and eth1 all have number 3",
        Where.HERE,
        "system 02:00:00:00:00:01 has port number 3 2 times",
    )


@pytest.mark.parametrize(
    ("partner", "gravity", "evidence"),
    [
        (PARTNER, Gravity.ODDITY, "one partner may take their ports for one LAG"),
        (Mac.parse("02:00:00:00:00:09"), Gravity.NOTE, "harmless as long as"),
    ],
)
def test_two_lags_with_one_key(partner: Mac, gravity: Gravity, evidence: str) -> None:
    first, second = bond(), replace(bond(), name="bond1", partner=SystemId(system=partner))
    (back,), (found,) = among([first, second])
    assert (back.code, back.said) == ("shared_key", "bond1 has the same system and key 15")
    is_told(
        found,
        "shared_key",
        "bond0 has the same system and key 15",
        Where.HERE,
        "both say 65535,02:00:00:00:00:01 key 15",
        evidence,
        gravity=gravity,
    )


def test_lags_of_their_own_share_nothing() -> None:
    other = replace(
        bond(), name="bond1", actor=SystemId(system=SYSTEM, system_priority=65535, key=9)
    )
    assert among([bond(), other, lag(), lag()]) == [(), (), (), ()]


def test_problems_are_lines_of_findings() -> None:
    network = up(2)
    cable(network, 1).pull()
    network.run(1)
    seen = view(network)
    told = with_problems(seen, diagnose(seen))
    assert [each.problems for each in told.ports] == [("link is down",), ()]
    assert (told.active_ports, told.total_ports, told.problems) == (1, 2, ())
    stale = with_problems(told, [])
    assert stale.ports[0].problems == ()


def test_never_raises_on_a_lag_of_which_nothing_is_known() -> None:
    empty: Mapping[str, Any] = {}
    for source in ("lacpd", "bond", "team", "teamd", "ovs", "engine"):
        for lacp in (None, True, False):
            for held in (None, "why"):
                one = PortView(name="a", distributing=False, held=held, counters=empty)
                assert diagnose(LagView(name="x", source=source, lacp=lacp, ports=(one,)))


@pytest.mark.parametrize(
    ("told", "evidence"),
    [
        ({"machines": Machines(receive="DEFAULTED")}, "the receive machine is DEFAULTED"),
        ({"machines": None, "partner": End()}, "no system is recorded of the partner"),
    ],
)
def test_silence_is_known_from_whatever_is_told(told: dict[str, Any], evidence: str) -> None:
    silent = replace(port("eth0", actor=End(), distributing=False), **told)
    (found,) = diagnose(lag(silent, port("eth1"), source="teamd", mode="lacp", lacp=True))[:1]
    assert found.code == "partner_lost"
    assert found.evidence[0] == evidence

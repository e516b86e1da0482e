"""Diagnoses of what the bonding driver does with LACP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lacp.address import NO_MAC
from lacp.info import PortState
from lacp.picture.explain import diagnose
from lacp.picture.findings import Gravity, Where
from lacp.picture.model import End, LinkView, PortView, SystemId
from tests.faults import is_told
from tests.unit.explain.lags import bond, only, said, with_lacp


def unheard(name: str = "eth0", number: int = 1, **members: Any) -> PortView:
    """A port of a bond that carries traffic although nobody answered."""
    known = with_lacp(name, number)
    assert known.actor is not None
    return with_lacp(
        name,
        number,
        **{
            "actor": replace(known.actor, state=PortState(0x4D)),
            "partner": End(system_priority=65535, system=NO_MAC, key=1, port=1, state=PortState(0)),
            "counters": {"lacpdus_rx": 0, "lacpdus_tx": 9},
            **members,
        },
    )


def test_traffic_without_a_partner() -> None:
    idle = {"distributing": False, "collecting": False, "aggregator": 2}
    found = diagnose(
        bond(unheard("eth0"), unheard("eth1", 2, **idle), partner=SystemId(system=NO_MAC, key=1))
    )
    is_told(
        found[0],
        "partnerless",
        "carries traffic on eth0 although no partner is there: it may be lost",
        Where.PARTNER,
        "the active aggregator has partner 00:00:00:00:00:00",
        "our states: eth0 0x4d A-GS--F-",
        gravity=Gravity.ODDITY,
        remedy="lacp_strict on",
    )
    assert [(each.port, each.code, each.gravity) for each in found[1:]] == [
        ("eth0", "never_heard", Gravity.ODDITY),
        ("eth1", "never_heard", Gravity.FAULT),
    ]


def test_a_bond_that_hears_itself() -> None:
    known = unheard()
    assert known.actor is not None
    looped = unheard(actor=replace(known.actor, state=PortState(0xCF)), counters={"lacpdus_rx": 40})
    found = diagnose(bond(looped, partner=SystemId(system=NO_MAC)))[-1]
    is_told(
        found,
        "no_partner_recorded",
        "LACPDUs come in but make no partner: the port may hear this host itself",
        Where.LINK,
        "lacpdus_rx is 40",
        gravity=Gravity.ODDITY,
        remedy="dmesg",
    )


def test_a_bond_waits_before_it_attaches_a_port() -> None:
    known = with_lacp("eth1", 2)
    assert known.actor is not None
    assert known.partner is not None
    state = PortState(0x07)
    fresh = with_lacp(
        "eth1",
        2,
        distributing=False,
        actor=replace(known.actor, state=state),
        partner=replace(known.partner, state=state),
    )
    is_told(
        only(bond(with_lacp("eth0"), fresh)),
        "waiting",
        "waits a moment for other ports to join with it (aggregate_wait)",
        Where.HERE,
        "our state 0x07 ATG----- lacks S: the bonding driver waits 2 s before it attaches",
        gravity=Gravity.NOTE,
    )


def test_the_driver_takes_a_port_of_a_bond_with_lacp_for_down() -> None:
    bad = with_lacp("eth1", 2, usable=False, distributing=False, settings={"mii_status": "down"})
    assert said(bond(with_lacp("eth0"), bad)) == [("eth1", "monitor_down")]


def test_what_the_driver_keeps_of_a_port_without_link_is_not_heard() -> None:
    down = with_lacp("eth1", 2, link=LinkView(up=False), distributing=False)
    lost = diagnose(bond(with_lacp("eth0"), down, unheard("eth2", 3)))[-1]
    assert (lost.port, lost.code) == ("eth2", "never_heard")
    assert "eth0 hears a partner" in lost.evidence


def test_a_bond_that_lacpd_made_is_a_bond() -> None:
    ours = bond(unheard(machines=None), source="lacpd", dataplane="bond", partner=None)
    assert said(ours) == [(None, "partnerless"), ("eth0", "never_heard")]

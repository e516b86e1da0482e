"""Diagnoses of a LAG as a whole, of kernel devices and Open vSwitch, and of several LAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lacp.address import NO_MAC, Mac
from lacp.info import PortState
from lacp.link import Duplex
from lacp.picture.explain import among, diagnose
from lacp.picture.findings import Finding, Gravity, Where, with_problems
from lacp.picture.model import (
    End,
    LagView,
    LinkView,
    Machines,
    PortView,
    SystemId,
    WatcherView,
)
from tests.faults import is_told, up, view
from tests.worlds import cable

_UP = LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True)
_SYSTEM = Mac.parse("02:00:00:00:00:01")
_PARTNER = Mac.parse("02:00:00:00:00:02")


def port(name: str = "eth0", **members: Any) -> PortView:
    """A port that carries traffic."""
    told: dict[str, Any] = {
        "link": _UP,
        "collecting": True,
        "distributing": True,
        "usable": True,
        "mtu": 1500,
    }
    return PortView(name=name, **(told | members))


def lag(*ports: PortView, **members: Any) -> LagView:
    """A LAG of the kernel that is as it should be."""
    told: dict[str, Any] = {
        "name": "bond0",
        "source": "bond",
        "mode": "balance-xor",
        "lacp": False,
        "up": True,
    }
    return LagView(
        **(told | {"settings": {"miimon": 100, "arp_interval": 0}, "mtu": 1500} | members),
        ports=ports or (port("eth0"), port("eth1")),
    )


def with_lacp(name: str = "eth0", number: int = 1, **members: Any) -> PortView:
    """A port of a bond with LACP and a partner."""
    state = PortState(0x3D)
    actor = End(
        system_priority=65535, system=_SYSTEM, key=15, port_priority=255, port=number, state=state
    )
    partner = replace(actor, system=_PARTNER)
    machines = Machines(actor_churn="NO_ACTOR_CHURN", partner_churn="NO_PARTNER_CHURN")
    counters = {"lacpdus_rx": 7, "lacpdus_tx": 8}
    told: dict[str, Any] = {
        "actor": actor,
        "partner": partner,
        "machines": machines,
        "aggregator": 1,
        "counters": counters,
    }
    return port(name, **(told | members))


def bond(*ports: PortView, **members: Any) -> LagView:
    """A bond with LACP."""
    told: dict[str, Any] = {
        "mode": "802.3ad",
        "lacp": True,
        "aggregator": 1,
        "min_ports": 0,
        "actor": SystemId(system_priority=65535, system=_SYSTEM, key=15),
        "partner": SystemId(system_priority=65535, system=_PARTNER, key=15),
    }
    return lag(*(ports or (with_lacp("eth0"), with_lacp("eth1", 2))), **(told | members))


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


def said(found: LagView) -> list[tuple[str | None, str]]:
    return [(each.port, each.code) for each in diagnose(found)]


def only(found: LagView) -> Finding:
    (finding,) = diagnose(found)
    return finding


MODES = {
    "balance-rr": {},
    "active-backup": {"ports": 1},
    "balance-xor": {},
    "broadcast": {},
    "balance-tlb": {},
    "balance-alb": {},
}


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


def test_no_link_monitoring() -> None:
    is_told(
        only(lag(settings={"miimon": 0, "arp_interval": 0})),
        "miimon_off",
        "no link monitoring: a link that fails goes on being used",
        Where.HERE,
        "miimon is 0 and arp_interval is 0",
        gravity=Gravity.ODDITY,
        remedy="ip link set dev bond0 type bond miimon 100",
    )
    assert said(lag(settings={"miimon": 0, "arp_interval": 1000})) == []


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


def test_the_arp_monitor_hears_nothing() -> None:
    settings = {"miimon": 0, "arp_interval": 1000, "arp_ip_target": ["192.0.2.1", "192.0.2.2"]}
    silent = port("eth1", usable=False, distributing=False, collecting=False)
    is_told(
        only(lag(port("eth0"), silent, settings=settings)),
        "arp_silent",
        "the ARP monitor hears nothing although the link is up",
        Where.PARTNER,
        "arp_interval is 1000 ms, targets: 192.0.2.1, 192.0.2.2",
        remedy="arping -I bond0 192.0.2.1",
    )
    six = settings | {"arp_ip_target": [], "ns_ip6_target": []}
    is_told(
        only(lag(port("eth0"), silent, settings=six)),
        "arp_silent",
        "the ARP monitor hears nothing although the link is up",
        Where.PARTNER,
        "arp_interval is 1000 ms, targets: none",
        remedy="arping -I bond0 TARGET",
    )


@pytest.mark.parametrize(
    ("status", "option"), [("going back", "updelay"), ("going down", "downdelay")]
)
def test_a_delay_of_the_monitor(status: str, option: str) -> None:
    waits = port(
        "eth1", usable=False, distributing=False, collecting=False, settings={"mii_status": status}
    )
    is_told(
        only(lag(port("eth0"), waits, settings={"miimon": 100, option: 5000})),
        "monitor_waits",
        f"the link is {status}: {option} runs",
        Where.HERE,
        f"mii_status is {status}, {option} is 5000 ms",
        gravity=Gravity.NOTE,
    )


def test_a_delay_of_open_vswitch() -> None:
    waits = port("eth1", usable=True, distributing=False, collecting=False, timers={"updelay": 3.2})
    found = only(lag(port("eth0"), waits, source="ovs", mode="balance-slb"))
    assert (found.code, found.evidence) == ("monitor_waits", ("3.2 s of updelay are left",))


def test_a_monitor_that_says_down_without_a_reason() -> None:
    bad = port("eth1", usable=False, distributing=False, settings={"mii_status": "down"})
    is_told(
        only(lag(port("eth0"), bad)),
        "monitor_down",
        "the monitor of bond says that the port cannot be used",
        Where.HERE,
        "its status is down, the link is up",
    )


def test_a_watcher_without_a_reason() -> None:
    watch = WatcherView(name="arp_ping", up=False, down_count=3)
    bad = port("eth1", usable=False, distributing=False, link_watches=(watch,))
    found = only(lag(port("eth0"), bad, source="teamd", mode="roundrobin"))
    assert (found.code, found.said) == ("watcher_down", "arp_ping: down")
    assert found.evidence == ("watcher arp_ping: down, down 3 times",)


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


def test_a_watcher_beside_lacp() -> None:
    watch = WatcherView(name="arp_ping", up=False, reason="no answer")
    out = {"distributing": False, "collecting": False}
    bad = with_lacp("eth1", 2, usable=False, link_watches=(watch,), selected="UNSELECTED", **out)
    team = bond(with_lacp("eth0"), bad, source="teamd", mode="lacp", dataplane=None)
    assert said(team) == [("eth1", "watcher_down")]
    # What it says to lacpd of a port that is closed means nothing.
    assert said(replace(team, source="lacpd")) == [("eth1", "not_selected")]


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


def test_lacp_at_the_other_end_only() -> None:
    is_told(
        only(lag(port("eth0", counters={"lacpdus_rx": 12}), port("eth1"))),
        "lacp_unanswered",
        "the other end speaks LACP, mode balance-xor does not",
        Where.EITHER,
        "12 LACPDUs came in",
        gravity=Gravity.ODDITY,
    )


def test_a_port_that_could_be_used_and_is_not() -> None:
    idle = port("eth1", distributing=False, collecting=False)
    found = only(lag(port("eth0"), idle))
    assert (found.code, found.said) == ("carries_nothing", "carries nothing yet")


def test_lacpd_knows_nothing_yet() -> None:
    new = port("eth1", distributing=False, usable=None, link=LinkView(), link_watches=())
    found = only(lag(port("eth0"), new, source="lacpd", mode="roundrobin"))
    assert (found.code, found.said) == ("nothing_known", "nothing is known of the interface yet")


def test_port_numbers_twice() -> None:
    found = only(bond(with_lacp("eth0", 3), with_lacp("eth1", 3, partner=None)))
    is_told(
        found,
        "port_numbers_shared",
        "duplicate port number: eth0 and eth1 all have number 3",
        Where.HERE,
        "system 02:00:00:00:00:01 has port number 3 2 times",
    )


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


# Counters and churn.


def test_counted_frames() -> None:
    counters = {"lacpdus_rx": 9, "illegal_rx": 4, "unknown_rx": 2, "flooded_rx": 7}
    counters["markers_limited"] = 3
    found = diagnose(bond(with_lacp(counters=counters)))
    assert [(each.code, each.gravity) for each in found] == [
        ("flooded", Gravity.ODDITY),
        ("illegal_pdus", Gravity.NOTE),
        ("unknown_pdus", Gravity.NOTE),
        ("markers_limited", Gravity.NOTE),
    ]
    assert found[1].evidence == ("illegal_rx is 4 (dot3adAggPortStatsIllegalRx)",)


def test_what_was_little_is_a_note_for_it_may_be_long_ago() -> None:
    counters = {"lacpdus_rx": 100_000, "flooded_rx": 7}
    found = diagnose(bond(with_lacp(counters=counters, refused={"too long": 3})))
    assert [(each.code, each.gravity) for each in found] == [
        ("flooded", Gravity.NOTE),
        ("frames_useless", Gravity.NOTE),
    ]


def test_churn_that_nothing_explains() -> None:
    churned = Machines(
        receive="CURRENT", mux="ATTACHED", actor_churn="ACTOR_CHURN", partner_churn="PARTNER_CHURN"
    )
    actor = End(system=_SYSTEM, key=1, port=1, state=PortState(0x05))
    strange = with_lacp(machines=churned, distributing=False, actor=actor)
    is_told(
        only(bond(strange, source="lacpd", up=None)),
        "churn",
        "churn: the actor and the partner are out of sync for more than 60 s",
        Where.EITHER,
        "actor_churn is ACTOR_CHURN, state 0x05 A-G----- (6.4.17)",
    )
    stale = replace(strange, distributing=True)
    assert only(bond(stale, source="lacpd")).gravity is Gravity.NOTE


def test_churn_is_evidence_of_what_explains_it() -> None:
    network = up(2, short_timeout=True)
    network.nodes["right"].configure_port("2", key=9)
    network.run(200)
    (found,) = (each for each in diagnose(view(network)) if each.port == "2")
    assert found.code == "partner_key_differs"
    assert not any("churn" in line for line in found.evidence)
    cable(network, 2).set(("right", "2"), silent=True)
    network.run(80)
    (found,) = (each for each in diagnose(view(network)) if each.port == "2")
    assert found.code == "partner_lost"
    assert found.evidence[-1].startswith("actor_churn is ACTOR_CHURN since ")


def test_what_is_on_its_way_is_told_as_such() -> None:
    machines = Machines(receive="CURRENT", mux="ATTACHED")
    fresh = with_lacp(machines=machines, distributing=False, changed_age=0.2, selected="SELECTED")
    is_told(
        only(bond(fresh, source="lacpd", up=None)),
        "unexplained",
        "carries no traffic yet",
        Where.EITHER,
        "receive CURRENT, mux ATTACHED, selected SELECTED",
        "it last moved 0.2 s ago",
    )


# Several LAGs, and what is made of findings.


@pytest.mark.parametrize(
    ("partner", "gravity", "evidence"),
    [
        (_PARTNER, Gravity.ODDITY, "one partner may take their ports for one LAG"),
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
        bond(), name="bond1", actor=SystemId(system=_SYSTEM, system_priority=65535, key=9)
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

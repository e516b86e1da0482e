"""LAGs in the layout of /proc/net/bonding; that of the kernel's bonds is compared in a guest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.netlink.bond_proc import parse
from lacp.picture.formats.proc import proc
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId

US = Mac.parse("02:00:00:00:00:01")
THEM = Mac.parse("02:00:00:00:00:02")

PORT = PortView(
    name="eth1",
    link=LinkView(up=True, speed=10_000, duplex=Duplex.FULL),
    usable=True,
    aggregator=1,
    actor=End(
        system_priority=65535,
        system=US,
        key=1,
        port_priority=255,
        port=7,
        state=PORT_STATES[63],
    ),
    partner=End(
        system_priority=32768,
        system=THEM,
        key=33,
        port_priority=128,
        port=4,
        state=PORT_STATES[61],
    ),
    machines=Machines(actor_churn="NO_ACTOR_CHURN", partner_churn="PARTNER_CHURN_MONITOR"),
    counters={"lacpdus_rx": 5, "actor_churn_count": 0, "partner_churn_count": 2},
    permanent_address=US,
    link_downs=3,
    queue_id=2,
)
TEAM = LagView(
    name="team0",
    source="lacpd",
    mode="lacp",
    lacp=True,
    up=True,
    actor=SystemId(system_priority=65535, system=US, key=1),
    partner=SystemId(system_priority=32768, system=THEM, key=33),
    aggregator=1,
    min_ports=1,
    agg_select_policy="lacp_prio",
    ports=(PORT,),
)


def test_lacp_of_lacpd_has_the_lines_of_a_bond() -> None:
    assert proc(TEAM) == (
        """\
Ethernet Channel Bonding Driver: lacpd

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
MII Status: up

802.3ad info
LACP active: on
LACP rate: fast
Min links: 1
Aggregator selection policy (ad_select): lacp_prio
System priority: 65535
System MAC address: 02:00:00:00:00:01
Active Aggregator Info:
\tAggregator ID: 1
\tNumber of ports: 1
\tActor Key: 1
\tPartner Key: 33
\tPartner Mac Address: 02:00:00:00:00:02

Slave Interface: eth1
MII Status: up
Speed: 10000 Mbps
Duplex: full
Link Failure Count: 3
Permanent HW addr: 02:00:00:00:00:01
Slave queue ID: 2
Aggregator ID: 1
Actor Churn State: none
Partner Churn State: monitoring
Actor Churned Count: 0
Partner Churned Count: 2
details actor lacp pdu:
    system priority: 65535
    system mac address: 02:00:00:00:00:01
    port key: 1
    port priority: 255
    port number: 7
    port state: 63
details partner lacp pdu:
    system priority: 32768
    system mac address: 02:00:00:00:00:02
    oper key: 33
    port priority: 128
    port number: 4
    port state: 61
"""
    )


def test_what_is_not_known_has_no_line() -> None:
    bare = LagView(name="bond1", source="ovs", lacp=True, ports=(PortView(name="eth9"),))
    assert proc(bare) == (
        """\
Ethernet Channel Bonding Driver: ovs

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
MII Status: unknown

802.3ad info

Slave Interface: eth9
MII Status: unknown
Speed: Unknown
Duplex: Unknown
Slave queue ID: 0
Aggregator ID: N/A
"""
    )


def test_no_aggregator_in_use() -> None:
    idle = replace(PORT, distributing=False)
    assert "bond team0 has no active aggregator\n" in proc(
        replace(TEAM, aggregator=None, ports=(idle,))
    )


def test_an_aggregator_in_use_of_which_the_number_is_not_known() -> None:
    used = replace(PORT, distributing=True)
    told = proc(replace(TEAM, aggregator=None, ports=(used,)))
    assert "no active aggregator" not in told
    assert (
        "Active Aggregator Info:\n\tActor Key: 1\n\tPartner Key: 33\n\tPartner Mac Address: "
    ) in told


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("roundrobin", "load balancing (round-robin)"),
        ("random", "load balancing (round-robin)"),
        ("loadbalance", "load balancing (xor)"),
        ("balance-tcp", "load balancing (xor)"),
        ("broadcast", "fault-tolerance (broadcast)"),
        ("something", "unknown"),
        (None, "unknown"),
    ],
)
def test_modes_of_others_are_called_as_the_nearest_one(mode: str | None, words: str) -> None:
    text = proc(LagView(name="team0", source="teamd", mode=mode, lacp=False))
    assert f"Bonding Mode: {words}\n" in text


def test_a_team_with_an_active_port_says_which() -> None:
    team = LagView(name="team0", source="teamd", mode="activebackup", active_port="eth1", up=False)
    assert proc(team).splitlines()[2:] == [
        "Bonding Mode: fault-tolerance (active-backup)",
        "Primary Slave: None",
        "Currently Active Slave: eth1",
        "MII Status: down",
    ]


def test_what_is_printed_can_be_parsed() -> None:
    found = parse(proc(TEAM))
    assert (found.system, found.aggregator, found.whole) == (US, 1, True)
    port = found.ports["eth1"]
    assert port.partner is not None
    assert (port.partner.system, port.partner.port) == (THEM, 4)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
NAMES = (
    *("version", "xmit_hash_policy", "primary", "primary_reselect", "miimon", "fail_over_mac"),
    *("arp_interval", "arp_ip_target", "ns_ip6_target", "lacp_active", "lacp_rate"),
    *("ad_num_ports", "tlb_dynamic_lb", "mii_status"),
)


@given(
    st.dictionaries(st.sampled_from(NAMES), anything),
    st.sampled_from(["802.3ad", "balance-xor", "active-backup", "balance-tlb"]),
    st.text(max_size=5),
    st.booleans(),
)
def test_nothing_that_a_source_says_raises_or_moves_a_cursor(
    settings: dict[str, Any], mode: str, name: str, lacp: bool
) -> None:
    port = replace(PORT, name=name, settings=settings)
    lag = LagView(name=name, source="bond", mode=mode, lacp=lacp, settings=settings, ports=(port,))
    assert all(line.removeprefix("\t").isprintable() for line in proc(lag).split("\n"))

"""Diagnoses of ports that hear a partner and are not in the LAG in use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.link import Duplex
from lacp.picture.explain import diagnose
from lacp.picture.findings import Gravity, Where
from lacp.picture.model import LinkView
from lacp.protocol.edition import EDITION_2020
from lacp.sim.network import Network
from tests.faults import codes, healthy, is_told, only, told, up, view
from tests.worlds import add_system, cable, pair


def two_partners() -> Network:
    """left:1 and left:2 lead to right, left:3 to a third system."""
    network = pair(2, spare=1)
    add_system(network, "third", [1])
    network.cable(("left", "3"), ("third", "1"))
    return network


def test_our_keys_differ() -> None:
    network = up(3)
    network.nodes["left"].configure_port("2", key=5)
    network.run(10)
    is_told(
        only(network, port=2),
        "key_differs",
        "our key differs from the other ports' (5, not 1)",
        Where.HERE,
        "key 5 here, 1 in use; only links between the same two systems and keys aggregate",
    )
    is_told(
        only(network, "right", 2),
        "partner_key_differs",
        "partner's key differs from the other ports' (5, not 1)",
        Where.PARTNER,
        "its port 2 has key 5, those in use have 1",
        remedy="port-channel",
    )
    assert codes(network) == {"2": ["key_differs"]}


def test_the_command_for_a_key_by_who_made_the_lag() -> None:
    network = up(3)
    network.nodes["left"].configure_port("2", key=5)
    network.run(10)
    commands = {}
    for source in ("lacpd", "teamd", "ovs", "bond"):
        (found,) = diagnose(replace(view(network), source=source))
        commands[source] = found.remedy[1:]
    assert commands == {
        "lacpd": ("lacpctl set left.ports.2.lacp_key 1",),
        "teamd": (
            (
                "in teamd's configuration of left, then restart teamd: "
                '"ports": {"2": {"lacp_key": 1}}'
            ),
        ),
        "ovs": ("ovs-vsctl set interface 2 other_config:lacp-aggregation-key=1",),
        "bond": (),
    }


def test_another_partner() -> None:
    network = two_partners()
    network.run(60)
    is_told(
        only(network, port=3),
        "other_partner",
        "another partner than the other ports' (02:00:00:03:00:00, not 02:00:00:02:00:00)",
        Where.PARTNER,
        "3 leads to system 02:00:00:03:00:00 port 1, the LAG in use to system 02:00:00:02:00:00",
        remedy="MLAG",
    )


def test_a_partner_with_two_priorities() -> None:
    network = pair(2, spare=1, right={"system_priority": 9})
    twin = network.nodes["right"].system.config.system
    add_system(network, "third", [7], system=twin, system_priority=10)
    network.cable(("left", "3"), ("third", "7"))
    network.run(60)
    is_told(
        only(network, port=3),
        "partner_priority_differs",
        "partner's system priority differs from the other ports' (10, not 9)",
        Where.PARTNER,
        "the system priority is part of the System Identifier",
    )


def test_individual_links() -> None:
    network = pair(2, left={"aggregation": False})
    network.run(60)
    is_told(
        only(network, port=2),
        "individual_link",
        "an individual link: another port has the aggregator",
        Where.EITHER,
        "our state 0x39 A--SCD--, the partner's 0x3d A-GSCD--: G is not in both",
    )


def test_another_aggregator_for_no_reason() -> None:
    lag = view(up(2))
    strayed = replace(lag.ports[1], aggregator=7, collecting=False, distributing=False)
    (found,) = diagnose(replace(lag, ports=(lag.ports[0], strayed)))
    is_told(
        found,
        "other_aggregator",
        "in aggregator 7, aggregator 1 is in use",
        Where.EITHER,
        "the port is in aggregator 7, aggregator 1 is in use",
    )


def test_speed_makes_the_key_of_a_bond() -> None:
    network = up(2, speed_in_key=True)
    cable(network, 2).set_link(speed=1000)
    network.run(60)
    found = diagnose(replace(view(network), source="bond", mode="802.3ad"))
    assert [each.code for each in found] == ["speeds_part", "speed_differs"]
    is_told(
        found[0],
        "speeds_part",
        "speed 1G keeps it out of the LAG of the 10G ports",
        Where.EITHER,
        "its key is 73, that of the others 79",
        "the bonding driver makes the key from speed and duplex",
    )


@pytest.mark.parametrize(("left", "whose"), [(1, "ours"), (9, "the partner's")])
def test_standing_by_by_whose_ranking(left: int, whose: str) -> None:
    network = pair(3, max_ports=2, left={"system_priority": left}, right={"system_priority": 5})
    network.run(200)
    (found,) = told(network, port=3)
    is_told(
        found,
        "standby",
        "stands by: others rank higher, max_ports is 2",
        Where.EITHER,
        f"the ranking is {whose}: system {left},02:00:00:01:00:00 here, 5,02:00:00:02:00:00 there",
        "port identifiers, lower first: 1 32768,1; 2 32768,2; 3 32768,3 (this one)",
        gravity=Gravity.NOTE,
    )
    # Standing by as asked is no churn, however long.
    assert codes(network) == {"3": ["standby"]}


def test_standing_by_for_want_of_others() -> None:
    network = up(2, min_ports=2)
    cable(network, 2).pull()
    network.run(100)
    is_told(
        only(network, port=1),
        "standby_for_min_ports",
        "stands by: 1 usable ports, min_ports is 2",
        Where.HERE,
        "min_ports is 2, 1 of 2 ports hear a partner",
    )
    is_told(
        only(network),
        "below_min_ports",
        "no carrier: 0 distributing, min_ports 2",
        Where.HERE,
        "0 of 2 ports carry traffic, 2 are asked for",
        "not used: 1 and 2",
    )


def test_waiting_and_for_how_long() -> None:
    network = pair(2, aggregate_wait=60)
    network.run(20)
    is_told(
        only(network, port=1),
        "waiting",
        "waits a moment for other ports to join with it (aggregate_wait)",
        Where.HERE,
        "the mux machine is WAITING, 40.0 s of wait_while are left",
        gravity=Gravity.NOTE,
    )


def test_a_link_that_must_prove_itself() -> None:
    network = up(2, edition=EDITION_2020, wait_to_restore=60.0)
    cable(network, 2).pull()
    network.run(1)
    cable(network, 2).plug()
    network.run(20)
    (found,) = told(network, port=2)
    assert (found.code, found.gravity) == ("restoring", Gravity.NOTE)
    assert "of wait_to_restore are left" in found.evidence[0]
    network.run(100)
    healthy(network)


def test_not_selected() -> None:
    network = pair(2, left={"aggregators": {1: 1}})
    network.nodes["left"].configure_port("2", key=5)
    network.run(10)
    found = told(network, port=2)
    assert [each.code for each in found] == ["key_differs"]
    network = pair(1, left={"aggregators": {1: 7}})
    network.run(10)
    is_told(
        only(network, port=1),
        "not_selected",
        "not selected: no aggregator with key 1 is free",
        Where.HERE,
        "agg_select_policy is lacp_prio_stable",
    )


def test_held() -> None:
    network = up(2)
    network.nodes["left"].manage(
        lambda system, now: system.hold_port("1", "link watchers say the link is down", now)
    )
    network.run(10)
    is_told(
        told(network, port=1)[0],
        "held",
        "held: link watchers say the link is down",
        Where.HERE,
        "LACP speaks on, out of sync",
    )
    lag = view(network)
    for_now = replace(lag.ports[0], held_for=12.5)
    found = diagnose(replace(lag, ports=(for_now, lag.ports[1])))[0]
    assert "it is tried again in 12.5 s" in found.evidence


def test_a_bond_waits_before_it_uses_a_port() -> None:
    lag = view(up(1))
    port = replace(lag.ports[0], machines=None, distributing=False, collecting=False)
    bond = replace(lag, source="bond", mode="802.3ad", up=None, ports=(port,))
    (found,) = diagnose(bond)
    is_told(
        found,
        "bonding_settles",
        "waits: both ends are in sync, the bonding driver has yet to use the port",
        Where.HERE,
        "a bond waits up to 8 s after its first port",
        gravity=Gravity.NOTE,
    )


def test_each_port_without_traffic_has_a_finding() -> None:
    network = two_partners()
    cable(network, 2).set_link(duplex=Duplex.HALF)
    for _ in range(40):
        network.run(0.25)
        for node in network.nodes:
            seen, said = view(network, node), codes(network, node)
            for port in seen.ports:
                assert port.distributing or said[port.name]


def test_what_is_not_known_is_no_difference() -> None:
    lag = view(up(2))
    ports = tuple(replace(port, partner=None, link=LinkView(up=True)) for port in lag.ports)
    assert diagnose(replace(lag, ports=ports)) == []

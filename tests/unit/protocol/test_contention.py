"""Who gets an aggregator, and who stands by, when there is not enough for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacp import (
    Fallback,
    Link,
    Mac,
    PortConfig,
    Selected,
    StateChanged,
    System,
    SystemConfig,
    Transmit,
    UsageError,
)
from lacp.protocol.contest import YIELD
from lacp.sim.network import Network
from lacp.wire.lacpdu import Lacpdu
from tests.worlds import add_system, bring_up, cable, distributing, pair, port, states

#: One aggregator for all ports, as a team device is.
ONE: dict[str, Any] = {"aggregators": {1: None}}


@pytest.mark.parametrize("fallback", [Fallback.SINGLE, Fallback.STATIC])
@pytest.mark.parametrize("silent", [1, 2])
@pytest.mark.parametrize("heard", [1, 2, 3])
def test_a_port_with_a_partner_takes_the_aggregator_from_stand_ins(
    fallback: Fallback, silent: int, heard: int
) -> None:
    network = Network()
    add_system(network, "left", range(1, silent + 2), fallback=fallback, short_timeout=True, **ONE)
    add_system(network, "right", [1])
    add_system(network, "deaf", range(1, silent + 1))
    network.nodes["right"].freeze(10)
    network.nodes["deaf"].freeze()
    numbers = [str(n) for n in range(1, silent + 2)]
    with_partner = numbers.pop(min(heard, len(numbers)) - 1)
    network.cable(("left", with_partner), ("right", "1"))
    for deaf, number in enumerate(numbers, 1):
        network.cable(("left", number), ("deaf", str(deaf)))
    network.run_to(9.0)
    carrying = distributing(network)
    assert len(carrying) == (1 if fallback is Fallback.SINGLE else silent + 1)
    network.run_to(40.0)
    assert distributing(network) == {("left", with_partner), ("right", "1")}


def test_a_looped_cable_does_not_hold_the_aggregator_against_a_partner() -> None:
    network = Network()
    add_system(network, "left", [1, 2, 3], **ONE)
    add_system(network, "right", [1])
    network.cable(("left", "1"), ("left", "2"))
    network.run(10)
    network.cable(("left", "3"), ("right", "1"))
    network.run(10)
    assert distributing(network) == {("left", "3"), ("right", "1")}


def test_two_systems_that_chose_different_lags_agree_in_the_end() -> None:
    network = Network()
    add_system(network, "left", [1, 2], short_timeout=True, **ONE)
    right = SystemConfig(system=Mac.parse("02:00:00:00:00:ff"), **ONE)
    keys = {str(n): PortConfig(number=n, key=n, short_timeout=True) for n in (1, 2)}
    network.system("right", right, keys)
    # Each hears the other first on another link, so each gives its one aggregator to another LAG.
    first = network.cable(("left", "1"), ("right", "1"), silent=True)
    second = network.cable(("left", "2"), ("right", "2"), silent=True)
    first.set(("right", "1"), silent=False)
    second.set(("left", "2"), silent=False)
    network.run(1.5)
    first.heal()
    second.heal()
    network.run(YIELD - 1)
    assert distributing(network) == set()
    network.run(2.1)
    # The left one, whose System ID is the higher, has given in.
    assert distributing(network) == {("left", "2"), ("right", "2")}


@pytest.mark.parametrize("short_timeout", [True, False])
def test_one_way_failure_with_max_ports_moves_both_ends_to_the_other_link(
    short_timeout: bool,
) -> None:
    network = pair(2, max_ports=1, short_timeout=short_timeout)
    bring_up(network, 1)
    cable(network, 1).set(("right", "1"), silent=True)
    network.run(300)
    assert distributing(network) == {("left", "2"), ("right", "2")}
    cable(network, 1).heal()
    network.run(100)
    assert distributing(network) == {("left", "1"), ("right", "1")}


def test_events_never_go_back_in_time() -> None:
    network = pair(2, max_ports=1, short_timeout=True)
    network.at(5.0, lambda: cable(network, 1).pull())
    network.run(20)
    for name in ("left", "right"):
        times = [each.event.time for each in network.log if each.node == name]
        assert times == sorted(times)


def test_sync_transitions_count_only_the_way_in() -> None:
    network = pair(short_timeout=True)
    bring_up(network, 1)
    counters = port(network, "left", 1).counters
    before = counters.actor_sync_transition_count, counters.partner_sync_transition_count
    cable(network).pull()
    network.run(1)
    cable(network).plug()
    network.run(5)
    # In 2014 the actor stays attached, and in sync, while the link is down.
    after = counters.actor_sync_transition_count, counters.partner_sync_transition_count
    assert after == (before[0], before[1] + 1)


def test_speed_in_the_key_survives_a_flap_without_a_new_selection() -> None:
    network = pair(speed_in_key=True, short_timeout=True)
    bring_up(network, 1)
    cable(network).pull()
    network.run(1)
    cable(network).plug()
    network.run(0.1)
    assert len(distributing(network)) == 2
    assert states(network, "left", 1, "selection") == []


def test_a_new_speed_in_the_key_is_another_lag() -> None:
    network = pair(2, speed_in_key=True, short_timeout=True)
    bring_up(network, 2)
    aggregators = {port(network, "left", n).attached for n in (1, 2)}
    assert len(aggregators) == 1
    node = network.nodes["left"]
    link = port(network, "left", 2).link
    node.link_changed("2", Link(True, 1000, link.duplex, link.address))
    network.run(5)
    assert len({port(network, "left", n).attached for n in (1, 2)}) == 2


def system(**settings: Any) -> System:
    return System(SystemConfig(system=Mac.parse("02:00:00:00:00:01"), **settings))


def up(address: str = "02:00:00:00:00:11") -> Link:
    return Link(True, address=Mac.parse(address))


def test_who_is_removed_and_added_again_keeps_to_the_transmit_limit() -> None:
    engine = system()
    sent = 0
    for turn in range(10):
        now = turn / 20
        engine.add_port("eth1", PortConfig(number=1), now, up())
        engine.remove_port("eth1", now)
        sent += sum(isinstance(event, Transmit) for event in engine.events())
    assert sent == 3


def test_a_goodbye_that_did_not_leave_is_no_error() -> None:
    engine = system()
    engine.add_port("eth1", PortConfig(number=1), 0.0, up())
    engine.remove_port("eth1", 1.0)
    goodbye = [event for event in engine.events() if isinstance(event, Transmit)][-1]
    engine.transmit_failed("eth1", goodbye.frame, 1.0)


def test_markers_are_sent_ten_a_second_at_most() -> None:
    engine = system()
    engine.add_port("eth1", PortConfig(number=1), 0.0, up())
    for turn in range(10):
        engine.send_marker("eth1", turn / 100)
    with pytest.raises(UsageError, match="more than 10 markers a second"):
        engine.send_marker("eth1", 0.5)
    assert engine.ports["eth1"].counters.marker_pdus_tx == 10
    engine.send_marker("eth1", 1.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"min_ports": "2"}, "min_ports is '2', expected a whole number from 1"),
        ({"min_ports": True}, "min_ports is True"),
        ({"aggregate_wait": -1}, "aggregate_wait is -1, expected a number from 0"),
        ({"nonsense": 1}, "no parameter nonsense"),
        ({"edition": "2020"}, "edition cannot change while the system runs"),
    ],
)
def test_a_wrong_parameter_is_one_clear_error_and_changes_nothing(
    change: dict[str, Any], said: str
) -> None:
    engine = system()
    before = engine.config
    with pytest.raises(UsageError, match=said):
        engine.configure(0.0, **change)
    assert engine.config is before


def test_a_partner_that_sees_us_wrong_is_named() -> None:
    network = pair(short_timeout=True)
    bring_up(network, 1)
    left, right = (port(network, name, 1) for name in ("left", "right"))
    wrong = Lacpdu(right.actor, replace(left.actor, key=99))
    network.nodes["left"].receive("1", right.ethernet(wrong.encode()))
    leaving = [
        each.event.reason
        for each in network.log
        if isinstance(each.event, StateChanged) and each.event.new == "ATTACHED"
    ]
    assert leaving == ["not partner_sync: the partner sees our key as 99, it is 1"]
    assert left.selected is Selected.SELECTED


def test_ports_of_a_lag_that_changes_its_name_are_told_once_each() -> None:
    network = pair(3, short_timeout=True)
    bring_up(network, 3)
    network.nodes["left"].configure(system_priority=5)
    network.run(10)
    assert len(distributing(network)) == 6
    for number in (1, 2, 3):
        assert [new for _, new in states(network, "left", number, "selection")] == [
            "UNSELECTED",
            "SELECTED",
        ]

"""Which LAG has the one aggregator of a team, under each `agg_select_policy`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacp import Link, Mac, PortConfig, StateChanged, SystemConfig, UsageError
from lacp.protocol.contest import INSIST, PROVEN, YIELD
from lacp.protocol.policy import UNKNOWN_SPEED, lead, measure, strength
from lacp.protocol.variables import AggSelectPolicy, Fallback
from lacp.sim.network import Network
from tests.worlds import add_system, distributing, muxes, port

TEAM = Mac.parse("02:00:00:00:10:00")
#: Stronger, and weaker, than the team at equal System Priority.
STRONG, WEAK = "02:00:00:00:00:%02x", "02:00:00:00:20:%02x"


def team(policy: str, ports: dict[str, dict[str, Any]], **settings: Any) -> Network:
    """A team with these ports, and nothing in them."""
    network = Network()
    settings = {"aggregate_wait": 0, **settings}
    config = SystemConfig(
        system=TEAM,
        aggregators={1: None},
        agg_select_policy=AggSelectPolicy(policy),
        **settings,
    )
    numbers = {
        name: PortConfig(number=n, short_timeout=True, **{"priority": 255, **own})
        for n, (name, own) in enumerate(ports.items(), 1)
    }
    network.system("team", config, numbers)
    return network


def switch(network: Network, name: str, links: dict[str, int | None], **settings: Any) -> None:
    """A switch with an aggregator for each port, cabled to these ports of the team."""
    add_system(
        network, name, range(1, len(links) + 1), short_timeout=True, aggregate_wait=0, **settings
    )
    for number, (to, speed) in enumerate(links.items(), 1):
        network.cable((name, str(number)), ("team", to), speed=speed)


def used(network: Network) -> set[str]:
    """The ports of the team that distribute."""
    return {name for node, name in distributing(network) if node == "team"}


def two_switches(policy: str, **settings: Any) -> Network:
    """Two switches with a link each, brought up one after the other: a first, b second."""
    network = team(policy, {"a": {}, "b": {}}, **settings)
    switch(network, "first", {"a": 1000}, system=Mac.parse(WEAK % 1))
    network.run(5)
    assert used(network) == {"a"}
    return network


# Who wins.


@pytest.mark.parametrize("lower", [1, 255, 511])
def test_lacp_prio_compares_priorities_as_numbers(lower: int) -> None:
    # Octets compared in the order of a little-endian host: 256 would win over 255 and 1.
    network = team("lacp_prio", {"a": {"priority": lower + 1}, "b": {"priority": lower}})
    switch(network, "first", {"a": 1000}, system=Mac.parse(WEAK % 1))
    network.run(5)
    switch(network, "second", {"b": 1000}, system=Mac.parse(WEAK % 2))
    network.run(5)
    assert used(network) == {"b"}


def test_lacp_prio_prefers_the_partner_that_is_stronger_than_us() -> None:
    network = two_switches("lacp_prio")
    switch(network, "second", {"b": 1000}, system=Mac.parse(STRONG % 1))
    network.run(5)
    assert used(network) == {"b"}


def test_lacp_prio_stable_leaves_what_works_alone() -> None:
    network = two_switches("lacp_prio_stable")
    switch(network, "second", {"b": 1000}, system=Mac.parse(STRONG % 1))
    network.run(100)
    assert used(network) == {"a"}
    network.cable_at("team", "a").pull()
    network.run(0.1)
    assert used(network) == {"b"}
    network.cable_at("team", "a").plug()
    network.run(100)
    assert used(network) == {"b"}


def test_lacp_prio_stable_ranks_those_that_wait() -> None:
    network = team("lacp_prio_stable", {"a": {}, "b": {}, "c": {"priority": 1}})
    for name, of, number in (("first", "a", 1), ("second", "b", 2), ("third", "c", 3)):
        switch(network, name, {of: 1000}, system=Mac.parse(WEAK % number))
        network.run(5)
    assert used(network) == {"a"}
    network.cable_at("team", "a").pull()
    network.run(1)
    assert used(network) == {"c"}


def test_bandwidth_prefers_the_faster_lag_not_the_larger() -> None:
    network = team("bandwidth", {"a": {}, "b": {}, "c": {}})
    switch(network, "first", {"a": 1000, "b": 1000})
    network.run(5)
    assert used(network) == {"a", "b"}
    switch(network, "second", {"c": 10_000})
    network.run(5)
    assert used(network) == {"c"}


def test_bandwidth_of_unknown_speed_is_some_and_small() -> None:
    network = team("bandwidth", {"a": {}, "b": {}, "c": {}})
    switch(network, "first", {"a": None, "b": None})
    network.run(5)
    # teamd takes no LAG at all where no speed is known.
    assert used(network) == {"a", "b"}
    switch(network, "second", {"c": 10 * UNKNOWN_SPEED})
    network.run(5)
    assert used(network) == {"c"}


def test_count_prefers_the_larger_lag_not_the_faster() -> None:
    network = team("count", {"a": {}, "b": {}, "c": {}})
    switch(network, "first", {"c": 10_000})
    network.run(5)
    switch(network, "second", {"a": 1000, "b": 1000})
    network.run(5)
    assert used(network) == {"a", "b"}


def test_count_sees_no_more_ports_than_may_be_used() -> None:
    network = team("count", {"a": {}, "b": {}, "c": {}}, max_ports=1)
    switch(network, "first", {"c": 1000})
    network.run(5)
    switch(network, "second", {"a": 1000, "b": 1000})
    network.run(10)
    assert used(network) == {"c"}


def test_count_follows_a_port_that_is_lost() -> None:
    network = team("count", {"a": {}, "b": {}, "c": {}, "d": {}, "e": {}})
    switch(network, "first", {"a": 1000, "b": 1000, "c": 1000})
    network.run(5)
    switch(network, "second", {"d": 1000, "e": 1000})
    network.run(5)
    network.cable_at("team", "a").pull()
    network.run(5)
    # A tie: who has it keeps it.
    assert used(network) == {"b", "c"}
    network.cable_at("team", "b").pull()
    network.run(5)
    assert used(network) == {"d", "e"}


def test_port_config_prefers_the_port_of_the_highest_prio() -> None:
    network = team("port_config", {"a": {"prio": -10}, "b": {"prio": 5}})
    switch(network, "first", {"a": 1000})
    network.run(5)
    switch(network, "second", {"b": 1000})
    network.run(5)
    assert used(network) == {"b"}
    network.nodes["team"].configure_port("a", prio=6)
    network.run(5)
    assert used(network) == {"a"}


def test_a_sticky_port_keeps_its_lag_under_port_config() -> None:
    network = team("port_config", {"a": {"prio": 1, "sticky": True}, "b": {"prio": 5}})
    switch(network, "first", {"a": 1000})
    network.run(5)
    switch(network, "second", {"b": 1000})
    network.run(100)
    assert used(network) == {"a"}
    network.nodes["team"].configure_port("a", sticky=False)
    network.run(5)
    assert used(network) == {"b"}


def test_the_policy_can_change_under_way() -> None:
    network = two_switches("lacp_prio")
    switch(network, "second", {"b": 10_000}, system=Mac.parse(WEAK % 2))
    network.run(10)
    assert used(network) == {"a"}
    network.nodes["team"].configure(agg_select_policy=AggSelectPolicy.BANDWIDTH)
    network.run(0.1)
    assert used(network) == {"b"}
    with pytest.raises(UsageError, match="agg_select_policy is 'best', expected lacp_prio, lacp_p"):
        network.nodes["team"].configure(agg_select_policy="best")


# What a policy does not do.


@pytest.mark.parametrize("policy", list(AggSelectPolicy))
def test_what_works_is_not_left_for_a_partner_that_is_not_in_sync(policy: str) -> None:
    network = team(policy, {"a": {}, "b": {"priority": 1, "prio": 9}, "c": {}})
    switch(network, "first", {"a": 1000})
    network.run(5)
    # Its own limit keeps it out of sync.
    switch(network, "second", {"b": 10_000, "c": 10_000}, min_ports=3)
    network.run(200)
    assert used(network) == {"a"}


@pytest.mark.parametrize("policy", list(AggSelectPolicy))
def test_a_real_partner_comes_before_stand_ins_and_enough_ports_before_too_few(policy: str) -> None:
    network = team(policy, {"a": {"priority": 1}, "b": {}, "c": {}}, min_ports=2)
    switch(network, "first", {"a": 10_000})
    network.run(5)
    switch(network, "second", {"b": 100, "c": 100})
    network.run(5)
    assert used(network) == {"b", "c"}
    silent = team(policy, {"a": {"priority": 1}, "b": {}}, fallback=Fallback.STATIC)
    silent.nodes["team"].link_changed("a", Link(True, 10_000))
    silent.run(10)
    assert used(silent) == {"a"}
    switch(silent, "first", {"b": 100})
    silent.run(5)
    assert used(silent) == {"b"}


def test_a_link_that_flaps_does_not_take_the_device_each_time() -> None:
    network = two_switches("lacp_prio")
    switch(network, "second", {"b": 1000}, system=Mac.parse(STRONG % 1))
    b = network.cable_at("team", "b")
    b.flap(times=20, down=0.1, up=PROVEN / 2)
    network.run(20 * (0.1 + PROVEN / 2))
    assert used(network) == {"a"}
    network.run(PROVEN + 0.1)
    assert used(network) == {"b"}


def test_taking_over_costs_the_handshake_and_not_the_wait() -> None:
    network = two_switches("lacp_prio", aggregate_wait=2)
    switch(network, "second", {"b": 1000}, system=Mac.parse(STRONG % 1))
    network.log.clear()
    network.run_until(lambda: used(network) == {"b"}, 5)
    left = next(at for at, _, distributes in muxes(network, "team", "a") if not distributes)
    assert network.now - left < 0.01
    network.run(2)
    network.cable_at("team", "b").pull()
    # So does failing over to one that has waited long enough.
    assert network.run_until(lambda: used(network) == {"a"}, 1) < 0.01


def test_silence_of_a_whole_lag_gives_the_device_to_another_at_once() -> None:
    network = two_switches("lacp_prio_stable")
    switch(network, "second", {"b": 1000})
    network.run(5)
    network.cable_at("team", "a").set(silent=True)
    assert network.run_until(lambda: used(network) == {"b"}, 10) < 3.1


# Two systems that each have one aggregator.


@pytest.mark.parametrize("team_is", ["weaker", "stronger"])
@pytest.mark.parametrize("policy", list(AggSelectPolicy))
def test_a_partner_that_insists_gets_its_way(policy: str, team_is: str) -> None:
    """teamd wants one LAG and never gives in."""
    network = team(policy, {"a": {"priority": 1, "prio": 1}, "b": {}, "c": {}})
    own = Mac.parse((WEAK if team_is == "stronger" else STRONG) % 1)
    # Only the LAG of key 2 is ever in sync: the other one is below min_ports.
    config = SystemConfig(system=own, aggregate_wait=0, min_ports=2)
    keys = {"a": 1, "b": 2, "c": 2}
    switch_ports = {
        name: PortConfig(number=n, key=keys[name], short_timeout=True)
        for n, name in enumerate(keys, 1)
    }
    network.system("other", config, switch_ports)
    cables = {"a": 10_000, "b": 1000, "c": 1000}
    for name, speed in cables.items():
        network.cable(("other", name), ("team", name), speed=speed)
    network.run((YIELD if team_is == "weaker" else INSIST) + 1)
    assert used(network) == {"b", "c"}


def test_a_lag_that_takes_over_port_by_port_is_not_below_min_ports_meanwhile() -> None:
    network = team("lacp_prio", {"a": {}, "b": {}, "c": {"priority": 1}, "d": {}}, min_ports=2)
    switch(network, "first", {"a": 1000, "b": 1000}, system=Mac.parse(WEAK % 1))
    network.run(5)
    assert used(network) == {"a", "b"}
    switch(network, "second", {"c": 1000, "d": 1000}, system=Mac.parse(WEAK % 2))
    network.run(5)
    assert used(network) == {"c", "d"}


# By hand.


def test_management_selects_a_lag_until_it_cannot_be_used() -> None:
    network = two_switches("lacp_prio")
    switch(network, "second", {"b": 1000}, system=Mac.parse(WEAK % 2))
    network.run(5)
    node = network.nodes["team"]
    node.manage(lambda system, now: system.prefer("b", now))
    network.run(0.1)
    assert used(network) == {"b"}
    network.run(300)
    assert used(network) == {"b"}
    network.cable_at("team", "b").pull()
    network.run(0.1)
    assert used(network) == {"a"}
    network.cable_at("team", "b").plug()
    network.run(300)
    assert used(network) == {"a"}


def test_management_cannot_select_a_port_without_a_lag() -> None:
    network = two_switches("lacp_prio")
    said = "the LAG of port b cannot be selected: it is in no LAG: the link is down"
    with pytest.raises(UsageError, match=said):
        network.nodes["team"].manage(lambda system, now: system.prefer("b", now))
    network.cable_at("team", "a").set(silent=True)
    network.run(3.5)
    with pytest.raises(UsageError, match="its LAG cannot carry traffic"):
        network.nodes["team"].manage(lambda system, now: system.prefer("a", now))


def test_the_reason_is_told() -> None:
    network = two_switches("bandwidth")
    switch(network, "second", {"b": 10_000})
    network.log.clear()
    network.run(5)
    reasons = [
        each.event.reason
        for each in network.log
        if each.node == "team"
        and isinstance(each.event, StateChanged)
        and each.event.machine == "selection"
        and each.event.new == "UNSELECTED"
    ]
    assert len(reasons) == 1
    assert reasons[0].endswith("takes aggregator 1: agg_select_policy is bandwidth")
    waiting = port(network, "team", "a").selected_reason
    assert waiting.startswith("no aggregator with key 1 is free: [")
    assert waiting.endswith("has it, agg_select_policy is bandwidth")


# The order itself.


def test_the_lead_is_the_strongest_port_or_the_one_of_the_highest_prio() -> None:
    network = team("lacp_prio", {"a": {"prio": 1}, "b": {"priority": 1}, "c": {}})
    switch(network, "first", {"a": 1000, "b": 100, "c": 10}, system=Mac.parse(WEAK % 1))
    network.run(5)
    ports = list(network.nodes["team"].system.ports.values())
    assert lead(ports, AggSelectPolicy.COUNT).name == "b"
    assert lead(ports, AggSelectPolicy.PORT_CONFIG).name == "a"
    assert strength([ports[1]]) > strength([ports[0]]) > strength([ports[2]])
    config = replace(network.nodes["team"].system.config, max_ports=2)
    for policy, value in (("bandwidth", 1100), ("count", 2), ("port_config", 1)):
        config = replace(config, agg_select_policy=AggSelectPolicy(policy))
        assert measure(ports, config) == value


def test_the_stronger_system_ranks_the_ports() -> None:
    network = team("lacp_prio", {"a": {}, "b": {}})
    add_system(network, "first", [1, 2], system=Mac.parse(STRONG % 1), aggregate_wait=0)
    # Crossed: the partner's first port leads to our second.
    network.cable(("first", "2"), ("team", "a"))
    network.cable(("first", "1"), ("team", "b"))
    network.run(5)
    ports = list(network.nodes["team"].system.ports.values())
    assert lead(ports, AggSelectPolicy.LACP_PRIO).name == "b"

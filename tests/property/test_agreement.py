"""Two systems with one aggregator each agree on a LAG, whatever their policies, and keep it."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp import PortConfig, SystemConfig, UsageError
from lacp.protocol.contest import INSIST, YIELD
from lacp.protocol.events import MuxChanged
from lacp.protocol.variables import AggSelectPolicy, Control
from lacp.sim.network import Network, address
from tests.worlds import distributing

NAMES = ("left", "right")
#: Within this all is decided: the wait to aggregate, both patiences, a second round of the shorter
#: one, and for each a LACPDU that the limit holds back.
BOUND = 2.0 + INSIST + 2 * YIELD + 3.0


@dataclass(frozen=True)
class World:
    ends: dict[str, dict[str, Any]]
    ports: dict[str, list[dict[str, Any]]]
    #: Which port of the left is cabled to which of the right, with the speed.
    cables: list[tuple[int, int, int | None]]
    #: When, which cable, and what happens to it; or a port that management selects.
    news: list[tuple[float, int, str]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    number = draw(st.integers(2, 4))
    ends, ports = {}, {}
    for name in NAMES:
        low = draw(st.integers(1, 2))
        ends[name] = {
            "agg_select_policy": draw(st.sampled_from(AggSelectPolicy)),
            "control": draw(st.sampled_from(Control)),
            "aggregate_wait": draw(st.sampled_from((0, 2))),
            "min_ports": low,
            "max_ports": draw(st.sampled_from((None, low, low + 1))),
        }
        ports[name] = [
            {
                "key": draw(st.integers(1, 2)),
                "priority": draw(st.integers(1, 3)),
                "prio": draw(st.integers(0, 3)),
                "sticky": draw(st.booleans()),
                "short_timeout": draw(st.booleans()),
            }
            for _ in range(number)
        ]
    speeds = st.sampled_from((None, 100, 1000, 10_000))
    far = draw(st.permutations(range(number)))
    cables = [(near, far[near], draw(speeds)) for near in range(number)]
    what = st.sampled_from(("pull", "plug", "left", "right", "silent", "heal"))
    news = draw(
        st.lists(st.tuples(st.floats(0, 60), st.integers(0, number - 1), what), max_size=12)
    )
    return World(ends, ports, cables, sorted(news))


def build(world: World) -> Network:
    network = Network()
    for index, name in enumerate(NAMES, 1):
        network.system(
            name,
            SystemConfig(system=address(index), aggregators={1: None}, **world.ends[name]),
            {str(n): PortConfig(number=n + 1, **own) for n, own in enumerate(world.ports[name])},
        )
    for near, to, speed in world.cables:
        cable = network.cable(("left", str(near)), ("right", str(to)), speed=speed)
        cable.pull()
    return network


def carried(network: Network, world: World) -> set[tuple[int, int]]:
    """The links whose both ends distribute."""
    ends = distributing(network)
    return {
        (near, to)
        for near, to, _ in world.cables
        if ("left", str(near)) in ends and ("right", str(to)) in ends
    }


def possible(world: World) -> bool:
    """Whether any LAG has as many links as both ends ask for."""
    lags = Counter(
        (world.ports["left"][near]["key"], world.ports["right"][to]["key"])
        for near, to, _ in world.cables
    )
    needed: int = max(own["min_ports"] for own in world.ends.values())
    return any(size >= needed for size in lags.values())


@given(worlds())
def test_traffic_flows_in_bounded_time_and_stays_where_it_is(world: World) -> None:
    network = build(world)
    for at, index, what in world.news:
        network.run_to(at)
        near, to, _ = world.cables[index]
        cable = network.cable_at("left", str(near))
        match what:
            case "pull":
                cable.pull()
            case "plug":
                cable.plug()
            case "silent":
                cable.set(("left", str(near)), silent=True)
            case "heal":
                cable.heal()
            case _:
                select(network, what, str(near if what == "left" else to))
    for near, _, _ in world.cables:
        network.cable_at("left", str(near)).heal()
    # At the slow rate a LACPDU that was swallowed is missed for as long.
    network.run(95)
    network.run(BOUND)
    links = carried(network, world)
    assert bool(links) is possible(world)
    assert {end for end in distributing(network) if end[0] == "left"} == {
        ("left", str(near)) for near, _ in links
    }
    network.log.clear()
    network.run(200)
    assert carried(network, world) == links
    assert not [each for each in network.log if isinstance(each.event, MuxChanged)]


def select(network: Network, name: str, port: str) -> None:
    """Let management select the LAG of a port, if it is in one."""
    with contextlib.suppress(UsageError):
        network.nodes[name].manage(lambda system, now: system.prefer(port, now))


@given(worlds())
def test_at_first_it_takes_no_longer_than_the_patience_of_the_weaker(world: World) -> None:
    network = build(world)
    for near, _, _ in world.cables:
        network.cable_at("left", str(near)).heal()
    network.run(BOUND)
    assert bool(carried(network, world)) is possible(world)

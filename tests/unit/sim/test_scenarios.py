"""The named scenarios show what their sentence says."""

from __future__ import annotations

from math import inf

import pytest

from lacp.protocol.events import MuxChanged, StateChanged
from lacp.sim.network import Logged, Network
from lacp.sim.playback import START, Playback
from lacp.sim.scenarios import SCENARIOS, Caption


def seen(name: str) -> tuple[Network, list[Caption | Logged]]:
    playback = Playback(SCENARIOS[name])
    return playback.network, list(playback.advance(inf))


def boxes(said: list[Caption | Logged], node: str, port: str, machine: str) -> list[str]:
    return [
        each.event.new
        for each in said
        if isinstance(each, Logged)
        and isinstance(each.event, StateChanged)
        and (each.node, each.event.port, each.event.machine) == (node, port, machine)
    ]


def carrying(network: Network) -> set[str]:
    return {
        f"{name}:{mux.port}"
        for name, node in network.nodes.items()
        for mux in node.mux.values()
        if mux.distributing
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_runs_in_order_of_time_and_is_the_same_each_time(name: str) -> None:
    network, said = seen(name)
    times = [each.time for each in said]
    assert times == sorted(times)
    assert network.now == SCENARIOS[name].seconds
    assert [each for each in said if isinstance(each, Caption)] == [
        Caption(0.0, START),
        *(Caption(step.time, step.caption) for step in SCENARIOS[name].script),
    ]
    assert seen(name)[1] == said
    assert SCENARIOS[name].name == name
    assert SCENARIOS[name].summary.endswith(".")


def test_the_default_is_the_first_and_ends_with_all_links_up() -> None:
    assert next(iter(SCENARIOS)) == "demo"
    network, said = seen("demo")
    assert carrying(network) == {f"{n}:{p}" for n in ("left", "right") for p in "123"}
    third = boxes(said, "right", "3", "receive")
    assert third.index("EXPIRED") < third.index("DEFAULTED")
    # Link 1 is only ever disturbed by the restart.
    lost = [
        each.time
        for each in said
        if isinstance(each, Logged)
        and isinstance(each.event, MuxChanged)
        and each.event.port == "1"
        and not each.event.distributing
    ]
    assert [time for time in lost if 3.0 < time < 22.0] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("one-way", "left:1 left:2 right:1 right:2"),
        ("slow", "left:1 right:1"),
        ("loop", "left:2 left:3 left:4 right:4"),
        ("standby", "left:1 left:3 right:1 right:3"),
        ("wrong-key", "left:1 left:2 left:3 right:1 right:2 right:3"),
        ("recable", "left:1 left:3 right:1 right:2"),
        ("min-ports", "left:2 left:3 right:2 right:3"),
        ("bridge", "left:1 left:2 right:1 right:2"),
        ("half-duplex", "left:1 left:2 right:1 right:2"),
    ],
)
def test_who_carries_in_the_end(name: str, expected: str) -> None:
    network, _ = seen(name)
    assert carrying(network) == set(expected.split())

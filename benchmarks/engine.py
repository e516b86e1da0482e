"""The engine alone: an idle port, a convergence and memory, in systems of two ports and in large.

Frames are handed over by this module, each tick of some milliseconds: what that costs is in it.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf
from statistics import median
from typing import Any

import pytest

from benchmarks._figures import Figure, main
from lacp import (
    AggSelectPolicy,
    Duplex,
    Link,
    Mac,
    PortConfig,
    System,
    SystemConfig,
    Transmit,
)
from lacp.protocol.machine import StateMachine

#: Virtual seconds in which an idle port is measured, and how often.
_SECONDS, _TURNS = 4, 3
_FEW, _MANY = 1_000, 10_000


class World:
    """Links between systems of `share` ports each at either end; a frame flies for a tick."""

    def __init__(
        self, ports: int, share: int, tick: float = 0.02, *, short_cut: bool = True
    ) -> None:
        self.ports = ports
        self.tick = tick
        self.short_cut = short_cut
        links = ports // 2
        self.now = 0.0
        self.systems: list[System] = []
        self._peers: dict[tuple[int, str], tuple[int, str]] = {}
        self._wire: list[tuple[tuple[int, str], bytes]] = []
        self._due: list[tuple[float, int]] = []
        self._waking: list[float] = []
        teams = -(-links // share)
        for team in range(2 * teams):
            self.systems.append(System(SystemConfig(system=_mac(1, team), aggregators={1: None})))
            self._waking.append(inf)
        for link in range(links):
            left, name = link // share, f"p{link}"
            self._peers[left, name] = (teams + left, name)
            self._peers[teams + left, name] = (left, name)

    def up(self) -> None:
        """All links come up at once."""
        for order, (system, name) in enumerate(self._peers):
            engine = self.systems[system]
            config = PortConfig(number=len(engine.ports) + 1, short_timeout=True)
            link = Link(True, 10_000, Duplex.FULL, _mac(2, order))
            engine.add_port(name, config, self.now, link)
        for system in range(len(self.systems)):
            self._take(system)

    def run(self, until: float) -> None:
        """Deliver and advance until the virtual time `until`, in ticks; nothing happens between."""
        while self.now < until:
            due = self._due[0][0] if self._due and not self._wire else 0.0
            self.now = min(until, max(self.now + self.tick, due))
            self._step()

    def _step(self) -> None:
        wire, self._wire = self._wire, []
        touched: dict[int, None] = {}
        for (system, name), frame in wire:
            if not self.short_cut:
                # As a stack without the rule of the equal frame would.
                self.systems[system].ports[name].settled_frame = None
            if self.systems[system].receive(name, frame, self.now):
                touched[system] = None
        while self._due and self._due[0][0] <= self.now:
            at, system = heappop(self._due)
            if at == self._waking[system]:
                self._waking[system] = inf
                self.systems[system].advance(self.now)
                touched[system] = None
        for system in touched:
            self._take(system)

    def _take(self, system: int) -> None:
        """Put what a system sends on the wire, and see when it must be woken."""
        engine = self.systems[system]
        for event in engine.events():
            if isinstance(event, Transmit):
                self._wire.append((self._peers[system, event.port], event.frame))
        deadline = engine.next_deadline()
        if deadline is not None and deadline < self._waking[system]:
            self._waking[system] = deadline
            heappush(self._due, (deadline, system))


def _mac(kind: int, number: int) -> Mac:
    return Mac(bytes([2, kind, *number.to_bytes(4)]))


def _converged(ports: int, share: int, **how: bool) -> tuple[World, float]:
    """A world in which all ports distribute, and µs per port from when they are added."""
    world = World(ports, share, **how)
    gc.collect()
    start = time.process_time()
    world.up()
    world.run(2.9)
    spent = time.process_time() - start
    assert all(port.distributing for engine in world.systems for port in engine.ports.values())
    world.run(6)
    return world, spent / ports * 1e6


def _idle(worlds: list[World]) -> list[float]:
    """µs per port-second of converged ports at the fast rate, measured in turns."""
    gc.collect()
    runs: list[list[float]] = [[] for _ in worlds]
    for _ in range(_TURNS):
        for world, its in zip(worlds, runs, strict=True):
            start = time.process_time()
            world.run(world.now + _SECONDS)
            its.append((time.process_time() - start) / _SECONDS / world.ports * 1e6)
    return [median(its) for its in runs]


def _contest(ports: int) -> float:
    """µs per port from link up until one LAG of as many has the one aggregator, for the team."""
    team = System(
        SystemConfig(
            system=Mac.parse("02:00:00:00:00:01"),
            aggregators={1: None},
            agg_select_policy=AggSelectPolicy.BANDWIDTH,
        )
    )
    partners = [
        System(SystemConfig(system=Mac(bytes([2, 0, 0, 1, *number.to_bytes(2)]))))
        for number in range(ports)
    ]
    spent = 0.0
    for number, partner in enumerate(partners):
        team.add_port(str(number), PortConfig(number=number + 1), 0.0)
        partner.add_port("1", PortConfig(number=1), 0.0)
    for now in range(6):
        for number, partner in enumerate(partners):
            link = Link(True, 1000 + number, Duplex.FULL, Mac(bytes(5) + bytes([number])))
            partner.link_changed("1", link, now)
            start = time.process_time()
            team.link_changed(str(number), link, now)
            spent += time.process_time() - start
        moved = True
        while moved:
            moved = False
            for number, partner in enumerate(partners):
                partner.advance(now)
                for event in partner.events():
                    if isinstance(event, Transmit):
                        start = time.process_time()
                        team.receive(str(number), event.frame, now)
                        spent += time.process_time() - start
            start = time.process_time()
            team.advance(now)
            events = list(team.events())
            spent += time.process_time() - start
            for event in events:
                if isinstance(event, Transmit):
                    moved = True
                    partners[int(event.port)].receive("1", event.frame, now)
    assert team.ports[str(ports - 1)].distributing
    return spent / ports * 1e6


def _up() -> float:
    """Virtual seconds from link up to both ends of two links distributing."""
    world = World(4, 2, tick=0.001)
    world.up()
    while not all(p.distributing for engine in world.systems for p in engine.ports.values()):
        world.run(world.now + 0.001)
    return world.now


def _memory(ports: int, share: int) -> float:
    """Octets per port of converged systems, which themselves count."""
    _converged(4, 2)
    gc.collect()
    world = World(ports, share)
    tracemalloc.start()
    world.systems = [System(engine.config) for engine in world.systems]
    world.up()
    world.run(6)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / ports


def _asked(machine: StateMachine) -> bool:
    """A step of a machine for which `transitions` itself looks whether there is one."""
    table: Any = machine._table
    moved: bool = table.events["step"].trigger(machine)
    return moved


def figures() -> Iterator[Figure]:
    slow, _ = _converged(200, 2, short_cut=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StateMachine, "step", _asked)
        _, asked = _converged(200, 2)
    for share, name in ((2, "2 ports"), (_MANY, "all ports")):
        where = f"systems of {name}"
        few, few_up = _converged(_FEW, share)
        many, many_up = _converged(_MANY, share)
        few_idle, many_idle, slow_idle = _idle([few, many, slow])
        yield Figure(
            f"engine, {where}, {_FEW:,} ports, fast rate: CPU per port-second",
            few_idle,
            "µs",
            slow_idle,
            "every frame through the machines",
            at_most=3,
        )
        yield Figure(
            f"engine, {where}, {_MANY:,} ports, fast rate: CPU per port-second",
            many_idle,
            "µs",
            few_idle,
            f"{_FEW:,} ports",
            at_most=1.2 * few_idle,
        )
        yield Figure(
            f"engine, {where}, {_FEW:,} ports come up at once: CPU per port",
            few_up,
            "µs",
            asked,
            "transitions asked at each look",
            at_most=350,
        )
        yield Figure(
            f"engine, {where}, {_MANY:,} ports come up at once: CPU per port",
            many_up,
            "µs",
            few_up,
            f"{_FEW:,} ports",
        )
        yield Figure(
            f"engine, {where}: memory per port",
            _memory(_FEW, share),
            "octets",
            6900,
            "published: prototype of a loop",
            at_most=3000,
        )
    yield Figure(
        "engine: 64 LAGs contest for one aggregator, per port",
        _contest(64),
        "µs",
        _contest(8),
        "8 LAGs",
    )
    yield Figure(
        "engine: link up to distributing, 1 ms flight",
        _up(),
        "s",
        2.88,
        "published: Linux bonding",
    )


if __name__ == "__main__":
    main(figures)

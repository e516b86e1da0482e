"""Conforming conversations of random networks, and the captures that somebody makes of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from lacp.capture.frame import Frame
from lacp.conformance.judge.judge import Judge, Options
from lacp.conformance.judge.report import CaptureReport, Finding
from lacp.errors import UsageError
from lacp.link import Duplex
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.variables import Control, Fallback
from lacp.sim.cable import Cable, End
from lacp.sim.network import Flight, Network, Node, address

#: A frame at a moment of the capture; arrivals come before what they cause.
Shot = tuple[float, int, bytes]


@dataclass
class World:
    """A network that has run, and where its cables were plugged."""

    edition: Edition
    network: Network
    ends: list[End] = field(default_factory=list)
    cables: list[Cable] = field(default_factory=list)
    #: What happened, for whoever reads a failure.
    story: list[str] = field(default_factory=list)


def conversation(dice: Random) -> World:
    """A network of conforming systems to which things happened."""
    edition = dice.choice(list(EDITIONS.values()))
    world = World(edition, Network(dice.randrange(1 << 16), record=True))
    nodes = ["a", "b", "c"][: dice.choice((2, 2, 2, 3))]
    links = dice.choice((1, 1, 2, 2, 3, 4))
    for name in nodes:
        _system(dice, world, name, links + 1)
    _cables(dice, world, nodes, links)
    length = dice.choice((20.0, 60.0, 130.0, 250.0))
    for _ in range(dice.choice((0, 0, 1, 2, 3, 5))):
        _event(dice, world, round(dice.uniform(0.0, length), 2))
    world.network.run(length)
    return world


def _system(dice: Random, world: World, name: str, ports: int) -> None:
    limit = dice.choice((None, None, None, 1, 2))
    fallback = dice.choice((Fallback.NONE, Fallback.NONE, Fallback.SINGLE, Fallback.STATIC))
    minimum = 1 if fallback is Fallback.SINGLE else dice.choice((1, 1, 1, min(2, limit or 2)))
    config = SystemConfig(
        system=address(len(world.network.nodes) + 1),
        system_priority=dice.choice((0x8000, 1, 0xFFFF)),
        edition=world.edition,
        control=dice.choice(list(Control)),
        max_ports=limit,
        min_ports=minimum,
        fallback=fallback,
        collector_max_delay=dice.choice((0, 50)),
        speed_in_key=dice.random() < 0.1,
        wait_to_restore=dice.choice((0, 0, 5)),
        revertive=dice.random() < 0.8,
        aggregators=dice.choice((None, None, None, {1: None})),
    )
    activity, short = dice.random() < 0.7, dice.random() < 0.5
    mixed = dice.random() < 0.2
    world.network.system(
        name,
        config,
        {
            str(number): PortConfig(
                number=number,
                key=dice.choice((1, 1, 1, 2)),
                priority=dice.choice((0x8000, 0x8000, number, 9 - number)),
                activity=dice.random() < 0.5 if mixed else activity,
                short_timeout=dice.random() < 0.5 if mixed else short,
                aggregation=dice.random() < 0.9,
            )
            for number in range(1, ports + 1)
        },
    )
    world.story.append(f"{name}: {config} active {activity} short {short} mixed {mixed}")


def _faults(dice: Random) -> dict[str, Any]:
    faults: dict[str, Any] = {"latency": dice.choice((0.0001, 0.001, 0.02))}
    if dice.random() < 0.4:
        faults["loss"] = dice.choice((0.02, 0.1, 0.3, 0.5))
    if dice.random() < 0.3:
        faults["jitter"] = dice.choice((0.001, 0.05))
    if dice.random() < 0.2:
        faults["duplication"] = dice.choice((0.05, 0.3))
    if dice.random() < 0.2:
        faults["reordering"] = dice.choice((0.05, 0.2))
        faults["delay"] = dice.choice((0.002, 0.02))
    return faults


def _cables(dice: Random, world: World, nodes: list[str], links: int) -> None:
    for number in range(1, links + 1):
        one, other = ("a", str(number)), (dice.choice(nodes[1:]), str(number))
        if dice.random() < 0.05:
            other = one
        elif number < links and dice.random() < 0.05:
            other = ("b", str(links + 1))
            if other in world.ends:
                continue
        _plug(dice, world, one, other)
    if dice.random() < 0.05:
        _plug(dice, world, ("a", str(links + 1)), ("a", str(links + 1)))


def _plug(dice: Random, world: World, one: End, other: End) -> None:
    faults = _faults(dice)
    with contextlib.suppress(UsageError):
        world.cables.append(world.network.cable(one, other, **faults))
        world.ends += [one, other]
        world.story.append(f"{one} - {other}: {faults}")


def _event(dice: Random, world: World, at: float) -> None:
    """Let something happen at `at`."""
    network = world.network
    cable = dice.choice(world.cables)
    end = dice.choice(cable.ends)
    node = network.nodes[end[0]]
    duration = dice.choice((0.1, 1.0, 2.5, 7.0, 40.0, 120.0))
    kind = dice.randrange(14)
    what: list[tuple[float, object]]
    change: dict[str, Any]
    if kind == 0:
        what = [(0, partial(cable.flap, dice.choice((1, 3)), dice.choice((0.1, 2.0)), duration))]
    elif kind == 1:
        what = [(0, cable.pull), (duration, cable.plug)]
    elif kind == 2:
        what = [
            (0, partial(cable.lose_carrier, end)),
            (duration, partial(cable.regain_carrier, end)),
        ]
    elif kind == 3:
        what = [
            (0, lambda: cable.set(end if end in cable.ends else None, silent=True)),
            (duration, lambda: cable.set(silent=False)),
        ]
    elif kind == 4:
        what = [(0.3 * n, partial(node.freeze, 0.2)) for n in range(dice.choice((1, 4)))]
    elif kind in (5, 6):
        goodbye = dice.random() < 0.5
        down = dice.choice((0.0, 0.5, 2.0, 7.0, 100.0))
        what = [(0, partial(node.restart, goodbye=goodbye, downtime=down))]
    elif kind == 7:
        spare = (end[0], str(len(node.ports)))
        what = [(0, partial(cable.move, end, spare, gap=dice.choice((0.05, 2.0))))]
    elif kind == 8:
        change = dice.choice(
            (
                {"system_priority": 7},
                {"system": address(77 + node.number)},
                {"min_ports": 2},
                {"max_ports": 1},
                {"collector_max_delay": 9},
            )
        )
        what = [(0, partial(node.configure, **change))]
    elif kind in (9, 10):
        change = dice.choice(
            (
                {"key": 3},
                {"priority": 5},
                {"activity": dice.random() < 0.5},
                {"short_timeout": dice.random() < 0.5},
                {"aggregation": dice.random() < 0.5},
            )
        )
        what = [(0, partial(node.configure_port, end[1], **change))]
    elif kind == 11:
        gap = dice.choice((0.1, 1.0, 5.0))
        what = [
            (gap * n, partial(node.manage, lambda it, now: it.send_marker(end[1], now)))
            for n in range(dice.choice((1, 8)))
        ]
    elif kind == 12:
        what = [
            (0, partial(cable.set_link, duplex=Duplex.HALF)),
            (duration, partial(cable.set_link, duplex=Duplex.FULL)),
        ]
    else:
        loss = dice.choice((0.3, 0.9))
        what = [(0, partial(cable.set, loss=loss)), (duration, partial(cable.set, loss=0.0))]
    world.story.append(f"{at}: kind {kind} at {end} for {duration}: {what}")
    for after, action in what:
        network.at(at + after, partial(_attempt, node, action))


def _attempt(node: Node, action: object) -> None:
    """What cannot be done at that moment, as to a dead node, is left undone."""
    assert callable(action)
    if not node.dead:
        with contextlib.suppress(UsageError):
            action()


# Captures.


def at_end(world: World, end: End) -> list[Shot]:
    """What a host sees on its own port: what it sent, and what reached it."""
    shots = []
    for flight in world.network.frames:
        if flight.source == end and flight.target is not None:
            shots.append((flight.sent_at, 1, flight.frame))
        if flight.target == end and flight.arrives_at is not None:
            shots.append((flight.arrives_at, 0, flight.frame))
    return _once(world, shots, end)


def _once(world: World, shots: list[Shot], end: End) -> list[Shot]:
    """Without the copies that only the wire makes."""
    seen: set[Shot] = set()
    return [s for s in shots if s[1] == 0 or not (s in seen or seen.add(s))]  # type: ignore[func-returns-value]


def in_the_middle(world: World, end: End, dice: Random) -> list[Shot]:
    """What a tap in the cable sees: losses are before it or behind it."""
    place = dice.random()
    shots = []
    for flight in world.network.frames:
        if end not in (flight.source, flight.target) or flight.target is None:
            continue
        part = place if flight.source == end else 1 - place
        if flight.arrives_at is None:
            if flight.fate == "lost" and dice.random() < part:
                shots.append((flight.sent_at + 0.0001 * part, 1, flight.frame))
            continue
        way = flight.arrives_at - flight.sent_at
        shots.append((flight.sent_at + part * way, 1, flight.frame))
    return shots


def all_senders(world: World) -> list[Shot]:
    """What all ports sent, in one file."""
    shots: list[Shot] = []
    last: dict[End, Flight] = {}
    for flight in world.network.frames:
        before = last.get(flight.source)
        copy = before is not None and (before.sent_at, before.frame) == (
            flight.sent_at,
            flight.frame,
        )
        if flight.target is not None and not copy:
            shots.append((flight.sent_at, 1, flight.frame))
        last[flight.source] = flight
    return shots


def captured(dice: Random, world: World) -> tuple[str, list[Frame]]:
    """One of the captures that can be made of the network, and how it was made."""
    end = dice.choice(dice.choice(world.cables).ends)
    kind = dice.choice(("end", "end", "middle", "senders", "both"))
    if kind == "end":
        shots = at_end(world, end)
    elif kind == "both":
        cable = next(one for one in world.cables if end in one.ends)
        shots = [shot for each in dict.fromkeys(cable.ends) for shot in at_end(world, each)]
    elif kind == "middle":
        shots = in_the_middle(world, end, dice)
    else:
        shots = all_senders(world)
    how = f"{kind} {end}"
    shots.sort(key=lambda shot: shot[:2])
    last = shots[-1][0] if shots else 0.0
    if dice.random() < 0.3:
        start = dice.uniform(0, last)
        how += f", from {start}"
        shots = [shot for shot in shots if shot[0] >= start]
    if dice.random() < 0.3:
        for _ in range(dice.choice((1, 3))):
            low = dice.uniform(0, last)
            high = low + dice.choice((1.0, 4.0, 20.0, 60.0))
            how += f", hole {low}-{high}"
            shots = [shot for shot in shots if not low <= shot[0] < high]
    if dice.random() < 0.15 and shots:
        source = dice.choice(shots)[2][6:12]
        how += f", only {source.hex(':')}"
        shots = [shot for shot in shots if shot[2][6:12] == source]
    if dice.random() < 0.15:
        how += ", SPAN copies"
        copies = [(at + dice.uniform(0, 0.001), order, it) for at, order, it in shots]
        shots = sorted(shots + copies, key=lambda shot: shot[:2])
    return how, frames(shots)


def frames(shots: Iterable[Shot]) -> list[Frame]:
    """The shots as the frames of a capture."""
    result: list[Frame] = []
    first = None
    for number, (at, _, octets) in enumerate(shots, 1):
        first = at if first is None else first
        result.append(Frame(number, at - first, octets, len(octets)))
    return result


def judged(shots: Iterable[Frame], edition: Edition) -> CaptureReport:
    """What the judge says."""
    judge = Judge("capture", Options(edition=edition))
    for frame in shots:
        judge.frame(frame)
    return judge.report()


def show(finding: Finding) -> str:
    """A finding on one line."""
    return (
        f"{finding.verdict} {finding.rule} {finding.actor} at {finding.time:.3f}"
        f" {list(finding.frames)}: {finding.message}"
    )

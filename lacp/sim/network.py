"""Nodes on cables in virtual time: deterministic, replayable, and as cheap as its frames.

    net = Network(seed=1)
    for name, number in (("a", 1), ("b", 2)):
        net.system(name, SystemConfig(system=address(number)), {"1": PortConfig(number=1)})
    cable = net.cable(("a", "1"), ("b", "1"), latency=0.001)
    net.at(10.0, cable.pull)
    net.run(60.0)

Everything that happens is one entry of one queue, ordered by time; at one instant what arrives goes
before what is due, as in a loop that reads its sockets first, and else in the order of asking.
Nothing is looked at but what an entry concerns, so an idle hour costs what its frames cost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random
from typing import Any

from lacp.errors import UsageError
from lacp.link import DOWN, Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.engine import Engine
from lacp.protocol.system import System
from lacp.runners.base import Runner
from lacp.sim.cable import Cable, End, Faults, Payload, UserFrame
from lacp.sim.node import Logged, Node, address

__all__ = ["Flight", "Logged", "Network", "Node", "Traffic", "address"]

Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Flight:
    """One frame that a node handed to its port, and what became of it."""

    sent_at: float
    source: End
    #: None when the frame never arrives, and then `fate` says why.
    arrives_at: float | None
    target: End | None
    frame: bytes
    fate: str = ""


@dataclass(slots=True)
class Traffic:
    """The user frames that were offered to one port, counted by what became of them."""

    #: Not sent: the port did not distribute.
    refused: int = 0
    sent: int = 0
    #: Arrived at a port that collects.
    collected: int = 0
    #: Arrived at a port that does not: a black hole.
    discarded: list[UserFrame] = field(default_factory=list)


class Network:
    """Nodes and cables. The same seed and the same calls give the same run, to the last octet."""

    def __init__(self, seed: int = 0, *, record: bool = False, keep: int | None = None) -> None:
        """With `record`, every frame is kept in `frames`; `keep` bounds it and `log` each."""
        self.now = 0.0
        self.random = Random(seed)
        self.nodes: dict[str, Node] = {}
        #: What the nodes told, Transmit apart, in order.
        self.log: deque[Logged] = deque(maxlen=keep)
        #: Every frame, in the order of sending, when the network records.
        self.frames: deque[Flight] = deque(maxlen=keep)
        self.record = record
        #: The user frames by the port that they were offered to.
        self.traffic: dict[End, Traffic] = {}
        self._cables: dict[End, Cable] = {}
        self._queue: list[tuple[float, bool, int, Action]] = []
        self._sequence = count()

    # Building.

    def add(
        self, name: str, build: Callable[[float], Engine | Runner], ports: Iterable[str]
    ) -> Node:
        """Add a node whose engine `build(now)` makes, now and whenever it restarts."""
        if name in self.nodes:
            raise UsageError(f"there is a node {name} already")
        node = self.nodes[name] = Node(self, name, len(self.nodes) + 1, build)
        for port in ports:
            node.add_port(port)
        node._drain()
        return node

    def system(self, name: str, config: SystemConfig, ports: Mapping[str, PortConfig]) -> Node:
        """Add a node that is a System with these ports."""

        def build(now: float) -> System:
            system = System(config)
            for port, settings in ports.items():
                system.add_port(port, settings, now)
            return system

        return self.add(name, build, ports)

    def cable(
        self,
        one: End,
        other: End,
        *,
        speed: int | None = 10000,
        duplex: Duplex = Duplex.FULL,
        **faults: Any,
    ) -> Cable:
        """Connect two ports, or one with itself; `faults` are those of `Faults`, both ways."""
        link = Link(up=True, speed=speed, duplex=duplex)
        cable = Cable(self, (one, other), Faults(**faults), link)
        for end in cable.ends:
            self.plug(end, cable)
        self.links_changed(cable)
        return cable

    def cable_at(self, node: str, port: str) -> Cable:
        """The cable in a port."""
        cable = self._cables.get((node, port))
        if cable is None:
            raise UsageError(f"port {node}:{port} has no cable")
        return cable

    def plug(self, end: End, cable: Cable) -> None:
        """Put a plug of `cable` into a port that is free."""
        node = self.nodes.get(end[0])
        if node is None or end[1] not in node.ports:
            raise UsageError(f"there is no port {':'.join(end)}")
        if self._cables.setdefault(end, cable) is not cable:
            raise UsageError(f"port {':'.join(end)} has a cable already")

    # Time.

    def at(self, time: float, action: Action) -> None:
        """Do `action` at `time`, or at once when that is past; ties go in the order of asking."""
        self._push(time, False, action)

    def wake_at(self, time: float, action: Action) -> None:
        """Do `action`, a deadline of a node, at `time`, after all else that happens then."""
        self._push(time, True, action)

    def _push(self, time: float, last: bool, action: Action) -> None:
        heappush(self._queue, (max(time, self.now), last, next(self._sequence), action))

    def step(self) -> bool:
        """Do the next thing in time; False when nothing will ever happen."""
        if not self._queue:
            return False
        self.now, _, _, action = heappop(self._queue)
        action()
        return True

    def next_time(self) -> float:
        """When the next thing happens; infinity when nothing will."""
        return self._queue[0][0] if self._queue else inf

    def run(self, seconds: float) -> None:
        """Let that much time pass, what is due at its end included."""
        self.run_to(self.now + seconds)

    def run_to(self, time: float) -> None:
        """Let time pass until `time`, what is due then included."""
        queue = self._queue
        while queue and queue[0][0] <= time:
            self.now, _, _, action = heappop(queue)
            action()
        self.now = max(self.now, time)

    def run_until(self, predicate: Callable[[], bool], limit: float) -> float:
        """Let time pass until `predicate()` holds, and return how many seconds that took.

        It is asked whenever all that is due at one instant is done. Raises TimeoutError when it
        does not hold within `limit` seconds.
        """
        start = self.now
        while True:
            self.run_to(self.now)
            if predicate():
                return self.now - start
            at = self.next_time()
            if at > start + limit:
                self.now = start + limit
                raise TimeoutError(f"not within {limit} s from {start}")
            self.now = at

    # What nodes and cables do.

    def note(self, logged: Logged) -> None:
        """Remember an event."""
        self.log.append(logged)

    def news(self) -> Iterator[Logged]:
        """Take the events of the log, oldest first: what is taken is no longer in it."""
        while self.log:
            yield self.log.popleft()

    def link(self, end: End) -> Link:
        """What the port sees of its cable at present, but for its own address."""
        cable = self._cables.get(end)
        return DOWN if cable is None else cable.seen_by(end)

    def links_changed(self, cable: Cable) -> None:
        """Tell both ends of `cable` what they see now."""
        for end in dict.fromkeys(cable.ends):
            self.nodes[end[0]].link_changed(end[1], cable.seen_by(end))

    def unplug(self, end: End) -> None:
        """Take the plug out of a port; the cable has told the ends already."""
        del self._cables[end]

    def transmit(self, source: End, payload: Payload) -> None:
        """Put a frame into the cable at `source`."""
        cable = self._cables.get(source)
        if cable is None:
            self._record(source, None, payload, None, "no cable")
            return
        target = cable.far(source)
        if not cable.carrier(source) or not cable.carrier(target):
            self._record(source, target, payload, None, "no carrier")
            return
        arrivals = cable.way(source).arrivals(payload, self.now, self.random)
        for at, arriving in arrivals:
            self.at(at, partial(self._arrive, cable, cable.generation, target, arriving))
            self._record(source, target, arriving, at, "")
        if not arrivals:
            self._record(source, target, payload, None, "lost")

    def _arrive(self, cable: Cable, generation: int, target: End, payload: Payload) -> None:
        if generation != cable.generation or not cable.carrier(target):
            return
        node = self.nodes[target[0]]
        if isinstance(payload, bytes):
            node.receive(target[1], payload)
            return
        traffic = self.traffic[payload.source]
        mux = node.mux.get(target[1])
        if mux is not None and mux.collecting:
            traffic.collected += 1
        else:
            traffic.discarded.append(payload)

    def _record(
        self, source: End, target: End | None, payload: Payload, at: float | None, fate: str
    ) -> None:
        if self.record and isinstance(payload, bytes):
            self.frames.append(Flight(self.now, source, at, target, payload, fate))

    # User frames.

    def offer(self, end: End) -> bool:
        """Offer a user frame to a port; whether the port distributed it."""
        traffic = self.traffic.setdefault(end, Traffic())
        mux = self.nodes[end[0]].mux.get(end[1])
        if mux is None or not mux.distributing:
            traffic.refused += 1
            return False
        traffic.sent += 1
        self.transmit(end, UserFrame(end, self.now))
        return True

    def stream(self, end: End, interval: float, until: float) -> None:
        """Offer a user frame to a port each `interval` seconds, from now until `until`."""
        if self.now < until:
            self.offer(end)
            self.at(self.now + interval, partial(self.stream, end, interval, until))

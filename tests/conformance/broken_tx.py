"""Devices that send more than they may, or later, or what was."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from lacp.conformance.verdict import Verdict
from lacp.info import PortState
from lacp.link import Duplex, Link
from lacp.protocol.config import SystemConfig
from lacp.protocol.events import Event, Transmit
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from tests.conformance.broken import Broken

_SHORT = PortState.SHORT_TIMEOUT


def _limited(limit: int) -> type[System]:
    class Limited(System):
        def __init__(self, config: SystemConfig) -> None:
            edition = replace(config.edition, transmit_limit=limit)
            super().__init__(replace(config, edition=edition))

    return Limited


class _Forgetful(System):
    """Forgets that it owes a LACPDU which the limit held back."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        super().receive(port, frame, now)
        self.ports[port].ntt = False
        return True


class _Restless(System):
    """Says something every 2 s, asked or not."""

    def advance(self, now: float) -> None:
        super().advance(now)
        for port in self.ports.values():
            if not port.sent or now >= port.sent[-1] + 2.0:
                port.ntt = True
                super().link_changed(port.name, port.link, now)

    def next_deadline(self) -> float | None:
        deadline = super().next_deadline()
        due = [port.sent[-1] + 2.0 for port in self.ports.values() if port.sent]
        return min([*due, *([] if deadline is None else [deadline])], default=None)


class _Queueing(System):
    """Makes a LACPDU when it is asked for, and sends it when it may."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__(replace(config, edition=replace(config.edition, transmit_limit=1000)))
        self.limit = config.edition.transmit_limit
        self.waiting: deque[Transmit] = deque()
        self.left: deque[float] = deque(maxlen=self.limit)

    def next_deadline(self) -> float | None:
        deadline = super().next_deadline()
        opens = self.left[0] + 1.0 if self.waiting else deadline
        return opens if deadline is None or opens is None else min(deadline, opens)

    def events(self) -> Iterator[Event]:
        for event in super().events():
            if isinstance(event, Transmit):
                self.waiting.append(event)
            else:
                yield event
        while self.waiting and (len(self.left) < self.limit or self.now >= self.left[0] + 1.0):
            self.left.append(self.now)
            yield self.waiting.popleft()


class _Shared(System):
    """Says nothing on any port while one is held back by its limit."""

    def events(self) -> Iterator[Event]:
        for event in super().events():
            timers = [port.timers for name, port in self.ports.items() if name != event.port]
            held_back = any(it.deadline(Timer.TRANSMIT) is not None for it in timers)
            if not (held_back and isinstance(event, Transmit)):
                yield event


class _HalfDuplex(System):
    """Runs LACP on half duplex links."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, replace(link, duplex=Duplex.FULL), now)


class _Fresh(System):
    """Forgets what it sent when a link comes up."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        if link.up:
            self.ports[port].sent.clear()
        super().link_changed(port, link, now)


class _Slow(System):
    """Needs half a second to speak after link up."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        self.up = now

    def events(self) -> Iterator[Event]:
        for event in super().events():
            if not isinstance(event, Transmit) or event.time > self.up + 0.5:
                yield event


BROKEN = [
    Broken(name="has a limit of its own", factory=_limited(4), fails={"TX-01": "4 LACPDUs in"}),
    Broken(
        name="has a limit of 12 in 2020",
        factory=_limited(12),
        fails={"TX-01": "11 LACPDUs in", "TX-07": "LACPDUs in a second"},
        edition="2020",
    ),
    Broken(
        name="is put off by a storm",
        factory=_Forgetful,
        fails={"TX-03": "the last stale echo asked for"},
    ),
    Broken(
        name="never rests",
        factory=_Restless,
        fails={"TX-03": "nobody asks for any"},
    ),
    Broken(
        name="tells what was", factory=_Queueing, fails={"TX-02": "at the time of transmission"}
    ),
    Broken(
        name="sends on half duplex links",
        factory=_HalfDuplex,
        fails={"TX-04": "LACP is disabled"},
    ),
    Broken(
        name="has one limit for all ports", factory=_Shared, fails={"TX-05": "on the first link"}
    ),
    Broken(name="counts anew after link up", factory=_Fresh, fails={"TX-06": "4 LACPDUs in"}),
    Broken(
        name="takes half a second after link up",
        factory=_Slow,
        fails={"TX-06": "expected it at once"},
        edition="2020",
        verdict=Verdict.WARN,
    ),
]

"""One port watch in virtual time, with all that it has said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lacp.address import Mac
from lacp.link import DOWN, Duplex, Link
from lacp.watch.base import (
    Listen,
    Probe,
    Resolve,
    VerdictChanged,
    WatcherChanged,
    WatchEvent,
)
from lacp.watch.options import WatcherOptions
from lacp.watch.port import PortWatch
from tests.watch_frames import OURS

UP = Link(True, 10_000, Duplex.FULL, Mac(OURS))
NO_CARRIER = Link(address=Mac(OURS))


class Watched:
    """Drives a watch of port e0 as a perfect driver would: each timer to the instant."""

    def __init__(self, *options: WatcherOptions, policy: str = "any") -> None:
        self.watch = PortWatch("e0", options, policy)
        self.now = 0.0
        self.said: list[WatchEvent] = []

    # What it is told.

    def link(self, link: Link) -> None:
        self.watch.link_changed(link, self.now)
        self._drain()

    def carrier(self, up: bool) -> None:
        self.link(UP if up else NO_CARRIER)

    def gone(self) -> None:
        self.link(DOWN)

    def moved(self, address: bytes) -> None:
        self.link(replace(UP, address=Mac(address)))

    def hear(self, *frames: bytes) -> None:
        for frame in frames:
            self.watch.receive(frame, self.now)
            self._drain()

    def use(self, *, enabled: bool, alone: bool) -> None:
        self.watch.use_changed(enabled, alone, self.now)
        self._drain()

    def tipc(self, link: str, up: bool) -> None:
        self.watch.tipc_changed(link, up, self.now)
        self._drain()

    def resolve(self, name: str, version: int, address: str | None) -> None:
        (host,) = {it.host for it in self.resolves if it.host.name == name}
        assert host.version == version
        self.watch.resolved(host, address, self.now)
        self._drain()

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.now + seconds
        while (at := self.watch.next_deadline()) is not None and at <= end + 1e-9:
            assert at >= self.now - 1e-9, f"a deadline in the past: {at} at {self.now}"
            self.now = max(self.now, at)
            self.watch.advance(self.now)
            self._drain()
            again = self.watch.next_deadline()
            assert again is None or again > at, f"{at} is not over"
        self.now = end

    # What it says.

    @property
    def up(self) -> bool:
        return self.watch.up

    @property
    def ups(self) -> list[bool]:
        """What each watcher thinks."""
        return [it.up for it in self.watch.watchers]

    @property
    def changes(self) -> list[tuple[float, bool, str]]:
        """When a watcher had another opinion, and why."""
        return [
            (round(it.time, 6), it.up, it.reason)
            for it in self.said
            if isinstance(it, WatcherChanged)
        ]

    @property
    def verdicts(self) -> list[tuple[float, bool]]:
        return [(round(it.time, 6), it.up) for it in self.said if isinstance(it, VerdictChanged)]

    @property
    def probes(self) -> list[tuple[float, bytes]]:
        return [(round(it.time, 6), it.frame) for it in self.said if isinstance(it, Probe)]

    @property
    def asked(self) -> list[float]:
        """When a question was sent."""
        return [at for at, _ in self.probes]

    @property
    def listens(self) -> list[Listen]:
        return [it for it in self.said if isinstance(it, Listen)]

    @property
    def resolves(self) -> list[Resolve]:
        return [it for it in self.said if isinstance(it, Resolve)]

    def _drain(self) -> None:
        self.said.extend(self._events())

    def _events(self) -> Iterator[WatchEvent]:
        for event in self.watch.events():
            assert event.time == self.now
            assert event.port == "e0"
            yield event

"""A bridge in the middle that forwards slow-protocol frames, as media converters and hubs do."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from lacp.link import Link
from lacp.protocol.events import Event, LinkChanged, Transmit


class Bridge:
    """An engine that repeats each frame on all other ports: carrier hides a far end that died."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self._events: deque[Event] = deque()

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        """Repeat `frame` on every other port that has a link."""
        for other, link in self._links.items():
            if other != port and link.up:
                self._events.append(Transmit(other, frame, now))
        return True

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`."""
        self._links[port] = link
        self._events.append(LinkChanged(port, link, now))

    def advance(self, now: float) -> None:
        """Nothing: a bridge has no timers."""

    def next_deadline(self) -> float | None:
        """None: a bridge has no timers."""
        return None

    def events(self) -> Iterator[Event]:
        """Take the events since the last time, in order."""
        while self._events:
            yield self._events.popleft()

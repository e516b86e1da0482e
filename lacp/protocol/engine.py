"""What drives itself by no clock and no I/O: what every driver calls, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from lacp.link import Link
from lacp.protocol.events import Event


class Engine(Protocol):
    """What decides, as its driver sees it."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        """Take an Ethernet frame (from destination address, without FCS) that arrived on `port`.

        False when nothing follows: no event, and no deadline that is earlier than it was, so that
        the driver need not ask.
        """

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`."""

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; any other call may change the answer."""

    def events(self) -> Iterator[Event]:
        """Take the events since the last time, in order. Transmit what is to be transmitted."""

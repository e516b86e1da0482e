"""The watcher that believes the carrier, after a while."""

from __future__ import annotations

from typing import ClassVar

from lacp.link import Link
from lacp.watch.base import Watcher, WatchEvent
from lacp.watch.options import EthtoolOptions


class EthtoolWatcher(Watcher):
    """Up while there is carrier; a change counts when it has lasted for its delay.

    Each loss or return of the carrier begins a delay anew; other news of the link, of its speed for
    instance, do not. The carrier that an interface has when it is first seen counts at once.
    """

    __slots__ = ("_carrier", "_due", "options")

    name: ClassVar[str] = "ethtool"
    options: EthtoolOptions

    def __init__(
        self, port: str, index: int, options: EthtoolOptions, events: list[WatchEvent]
    ) -> None:
        super().__init__(port, index, events)
        self.options = options
        self._carrier = False
        self._due: float | None = None

    def appeared(self, link: Link, now: float) -> None:
        """Believe it."""
        self._carrier = link.up
        self._due = None
        self._say(link.up, _said(link.up), now)

    def link_changed(self, link: Link, now: float) -> None:
        """Begin the delay, or end it without effect when the carrier is back where it was."""
        if link.up is self._carrier:
            return
        self._carrier = link.up
        self._due = None
        if link.up is self.up:
            return
        delay = self.options.delay_up if link.up else self.options.delay_down
        if delay:
            self._due = now + delay / 1000
        else:
            self._say(link.up, _said(link.up), now)

    def vanished(self, now: float) -> None:
        """No delay holds up what is gone."""
        self._due = None
        self._carrier = False
        super().vanished(now)

    def advance(self, now: float) -> None:
        """The change has lasted."""
        if self._due is not None and self._due <= now:
            delay = self.options.delay_up if self._carrier else self.options.delay_down
            self._due = None
            self._say(self._carrier, f"{_said(self._carrier)} for {delay} ms", now)

    def next_deadline(self) -> float | None:
        """The end of the delay."""
        return self._due


def _said(carrier: bool) -> str:
    return "carrier" if carrier else "no carrier"

"""The watcher that asks TIPC whether it has a link over the port."""

from __future__ import annotations

import re
from typing import ClassVar

from lacp.link import Link
from lacp.watch.base import Hears, Watcher, WatchEvent
from lacp.watch.options import TipcOptions

# "1.1.1:eth0-1.1.2:eth5": node and interface here, node and interface there (net/tipc/link.c).
# Node numbers hold no hyphen, interface names may, but no colon.
_LINK = re.compile(r"[^:]*:(?P<bearer>[^:]+)-[^-:]*:[^:]*")


def bearer_of(link: str) -> str | None:
    """The interface here of a TIPC link, by the name of the link; None when it is no such name."""
    found = _LINK.fullmatch(link)
    return found["bearer"] if found else None


class TipcWatcher(Watcher):
    """Up while any TIPC link over the bearer is up, whatever other node it leads to."""

    name: ClassVar[str] = "tipc"
    hears: ClassVar[Hears | None] = Hears.TIPC
    options: TipcOptions

    def __init__(
        self, port: str, index: int, options: TipcOptions, events: list[WatchEvent]
    ) -> None:
        super().__init__(port, index, events)
        self.options = options
        self._bearer = options.tipc_bearer
        #: The TIPC links over the bearer that are up.
        self.links: set[str] = set()
        self._present = False
        self.reason = f"TIPC has no link over {self._bearer}"

    @property
    def listens(self) -> frozenset[bytes] | None:
        """News of TIPC have no sender."""
        return frozenset()

    def appeared(self, link: Link, now: float) -> None:
        """TIPC may have told of its links before."""
        self._present = True
        self._settle(now)

    def vanished(self, now: float) -> None:
        """TIPC takes up to its tolerance to notice."""
        self._present = False
        super().vanished(now)

    def tipc_changed(self, link: str, up: bool, now: float) -> None:
        """Take a link of this bearer; others are of other watchers."""
        if bearer_of(link) != self._bearer:
            return
        if up:
            self.links.add(link)
        else:
            self.links.discard(link)
        if self._present:
            self._settle(now)

    def _settle(self, now: float) -> None:
        if self.links:
            self._say(True, f"TIPC has the link {min(self.links)}", now)
        else:
            self._say(False, f"TIPC has no link over {self._bearer}", now)

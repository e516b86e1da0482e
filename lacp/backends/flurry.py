"""Many links that change together: the kernel tells of a hundred, and of the others in seconds.

Whether a carrier came or went is worked off in the kernel's own time, a hundred interfaces of the
whole host at once and then no more for a second (net/core/link_watch.c), so that of a thousand
links that come up together the last is told ten seconds later, and sends nothing before. What an
interface is asked for by ethtool is worked off at once, and told as ever (Linux 6.8).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

#: Links that change from which on there may be more of which the kernel has not told yet.
CROWD = 16
#: Seconds between two looks at all links.
PAUSE = 0.1
#: Links that are looked at in one go: they take a millisecond.
PIECE = 100


class Flurry:
    """Says which links are to be looked at: all of them again and again, while many change."""

    def __init__(self) -> None:
        self._changes = 0
        #: When the next look at all of them begins.
        self._at = inf
        self._waiting: list[str] = []

    def changed(self, links: int, now: float) -> None:
        """Take note of so many links that have come up or gone down."""
        self._changes += links
        if self._at == inf and self._changes >= CROWD:
            self._at = now

    def look(self, ports: Iterable[str], now: float) -> list[str]:
        """Those of the `ports` that are to be looked at now."""
        if not self._waiting and now >= self._at:
            self._waiting = list(ports)
            # The last look is one after which nothing has changed.
            self._at = now + PAUSE if self._changes else inf
            self._changes = 0
        piece, self._waiting = self._waiting[:PIECE], self._waiting[PIECE:]
        return piece

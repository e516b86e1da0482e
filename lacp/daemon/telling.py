"""What has happened and is yet to be told: to the log, and to who subscribed.

A line takes as long as half a handshake, and a thousand links that come up together say ten
thousand. So LACP goes first, and what it did is told when there is time; each line bears the time
of what it tells, not that at which it was written.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable

from lacp.daemon.journal import Journal
from lacp.daemon.report.documents import Event

log = logging.getLogger("lacp.daemon")

#: Events that may wait: what ten thousand ports have to say when they come up together.
LIMIT = 100_000


class Telling:
    """Events in the order in which they came, each with the journal that is to have it."""

    __slots__ = ("_limit", "_lost", "_waiting")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: deque[tuple[Journal, Event]] = deque()
        #: How many found no room, and whose they were.
        self._lost: dict[Journal, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, journal: Journal, events: Iterable[Event]) -> None:
        """Let events wait that somebody wants to hear of."""
        for event in events:
            if not journal.wants(event):
                continue
            if len(self._waiting) < self._limit:
                self._waiting.append((journal, event))
            else:
                self._lost[journal] = self._lost.get(journal, 0) + 1

    def tell(self, now: Callable[[], float], end: float) -> bool:
        """Tell what waits until the time is `end`; False when nothing waited."""
        waiting = self._waiting
        if not waiting:
            return False
        while waiting:
            journal, event = waiting.popleft()
            journal.record(event)
            if now() >= end:
                break
        if not waiting and self._lost:
            lost, self._lost = self._lost, {}
            log.warning("%d events are not told: more happened than could wait", sum(lost.values()))
            for journal, number in lost.items():
                journal.overrun("more happened than could be told", number, now())
        return True

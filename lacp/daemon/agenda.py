"""Who is to be looked at when: one queue for the timers of a whole process."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Agenda(Generic[Key]):
    """One appointment for each key. Putting one off costs nothing: it is kept, and is harmless."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._queue: list[tuple[float, int, Key]] = []
        self._count = 0

    def plan(self, key: Key, deadline: float | None) -> None:
        """See that `key` comes up at `deadline` at the latest; None asks for nothing."""
        if deadline is None:
            return
        at = self._at.get(key)
        if at is None or deadline < at:
            self._at[key] = deadline
            self._count += 1
            heappush(self._queue, (deadline, self._count, key))

    def forget(self, key: Key) -> None:
        """Drop the appointment of `key`, if it has one."""
        self._at.pop(key, None)

    def first(self) -> float | None:
        """When the next one is due; None when there is none."""
        queue, planned = self._queue, self._at
        while queue:
            at, _, key = queue[0]
            if planned.get(key) == at:
                return at
            heappop(queue)
        return None

    def due(self, now: float) -> tuple[float, Key] | None:
        """Take the first appointment that is due at `now`, and its time; None when none is."""
        queue, planned = self._queue, self._at
        while queue and queue[0][0] <= now:
            at, _, key = heappop(queue)
            if planned.get(key) == at:
                del planned[key]
                return at, key
        return None

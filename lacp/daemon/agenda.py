"""Who is to be looked at when: one queue for the timers of a whole process."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Agenda(Generic[Key]):
    """One appointment for each key. Putting one off costs nothing: it is kept, and is harmless.

    Nearly all that is planned comes after all else: whoever spoke speaks again in a second. Those
    stand in a line, which is faster than a heap of thousands; the others in a heap.
    """

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._line: deque[tuple[float, int, Key]] = deque()
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def plan(self, key: Key, deadline: float | None) -> None:
        """See that `key` comes up at `deadline` at the latest; None asks for nothing."""
        if deadline is None:
            return
        at = self._at.get(key)
        if at is None or deadline < at:
            self._at[key] = deadline
            self._count += 1
            line, entry = self._line, (deadline, self._count, key)
            if not line or deadline >= line[-1][0]:
                line.append(entry)
            else:
                heappush(self._heap, entry)

    def forget(self, key: Key) -> None:
        """Drop the appointment of `key`, if it has one."""
        self._at.pop(key, None)

    def first(self) -> float | None:
        """When the next one is due; None when there is none."""
        while (entry := self._next()) is not None:
            at, _, key = entry
            if self._at.get(key) == at:
                return at
            self._drop(entry)
        return None

    def due(self, now: float) -> tuple[float, Key] | None:
        """Take the first appointment that is due at `now`, and its time; None when none is."""
        while (entry := self._next()) is not None and entry[0] <= now:
            self._drop(entry)
            at, _, key = entry
            if self._at.get(key) == at:
                del self._at[key]
                return at, key
        return None

    def _next(self) -> tuple[float, int, Key] | None:
        """What comes first, if it is still an appointment."""
        line, heap = self._line, self._heap
        if line and heap:
            # No two have the same count: keys are not compared.
            return min(line[0], heap[0])
        if line:
            return line[0]
        return heap[0] if heap else None

    def _drop(self, entry: tuple[float, int, Key]) -> None:
        """Take away what comes first."""
        if self._line and self._line[0] is entry:
            self._line.popleft()
        else:
            heappop(self._heap)

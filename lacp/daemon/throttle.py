"""Keeping what happens often from drowning the rest."""

from __future__ import annotations

from math import inf


class Throttle:
    """Lets one of many through in each interval, and counts the others."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}

    def admit(self, key: str, now: float) -> int | None:
        """How many were held back since the last one; None when this one is."""
        if now < self._next.get(key, now):
            self._suppressed[key] = self._suppressed.get(key, 0) + 1
            return None
        self._next[key] = now + self._interval
        return self._suppressed.pop(key, 0)

    def forget(self, key: str) -> None:
        """The port has left."""
        self._next.pop(key, None)
        self._suppressed.pop(key, None)


class Budget:
    """So many things of each key in a second, and no more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        #: How much of the second that began then each key has spent.
        self._began = -inf
        self._spent: dict[str, int] = {}

    def afford(self, key: str, now: float) -> bool:
        """Whether there is room for another one in this second."""
        if now - self._began >= 1.0:
            self._began = now
            self._spent.clear()
        spent = self._spent.get(key, 0) + 1
        self._spent[key] = spent
        return spent <= self.limit

    def forget(self, key: str) -> None:
        """The port has left."""
        self._spent.pop(key, None)

"""Keeping what happens often from drowning the rest."""

from __future__ import annotations


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
        #: Of each key: when its second began, and how much of it is spent.
        self._spent: dict[str, list[float]] = {}

    def afford(self, key: str, now: float) -> bool:
        """Whether there is room for another one in this second."""
        spent = self._spent.get(key)
        if spent is None or now - spent[0] >= 1.0:
            self._spent[key] = [now, 1]
            return True
        spent[1] += 1
        return spent[1] <= self.limit

    def forget(self, key: str) -> None:
        """The port has left."""
        self._spent.pop(key, None)

"""The times of a daemon, and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lacp.text import timestamp


@dataclass(frozen=True, slots=True)
class Clock:
    """The two times of a daemon: one that never goes back, and that of people."""

    #: Seconds on the scale of the engine.
    now: Callable[[], float]
    #: Seconds since 1970.
    wall: Callable[[], float]

    def moment(self, time: float) -> float:
        """An engine's `time` in seconds since 1970."""
        return self.wall() - (self.now() - time)

    def text(self, time: float) -> str:
        """An engine's `time` as people write it."""
        return timestamp(self.moment(time))

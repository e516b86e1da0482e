"""When in each second which team speaks: some together, because waking up costs most."""

from __future__ import annotations

from collections.abc import Callable

#: Ports that speak at one time. It takes the process a millisecond or two, for which nobody else
#: waits.
_PORTS = 128
#: Seconds from one such time to the next: what more ports are due meanwhile is taken with them.
_STEP = 0.05


class Beats:
    """Gives each team its time, as seconds past a whole second of the engine's time.

    Two daemons on one host do not keep step: their times count from when they began.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._origin: float | None = None
        self._ports = 0

    def next(self, ports: int) -> float:
        """The time of another team, of so many ports."""
        if self._origin is None:
            self._origin = self._now()
        beat = (self._origin + self._ports // _PORTS * _STEP) % 1.0
        self._ports += ports
        return beat

"""When to look at which port: one queue for a system."""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lacp.protocol.port import Port


class Schedule:
    """Ports by the time at which a timer of theirs is due; an entry may be early, never late.

    A timer that is restarted, as happens with each frame, leaves its entry where it is. What counts
    is `Port.scheduled`: an entry with another time has been replaced.
    """

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        #: The rank keeps ports of one instant in order; ports themselves do not compare.
        self._queue: list[tuple[float, int, Port]] = []

    def see(self, port: Port) -> None:
        """See to it that the port is looked at when its next timer is due."""
        deadline = port.timers.next()
        if deadline < port.scheduled:
            port.scheduled = deadline
            heappush(self._queue, (deadline, port.rank, port))

    def take(self, now: float) -> list[Port]:
        """The ports to be looked at by `now`, in order; each is then to be seen to again."""
        queue = self._queue
        due: list[Port] = []
        while queue and queue[0][0] <= now:
            at, _, port = heappop(queue)
            if at == port.scheduled:
                port.scheduled = inf
                due.append(port)
        return due

    def forget(self, port: Port) -> None:
        """Look at the port no more."""
        port.scheduled = inf

    def clear(self) -> None:
        """Forget all; each port must be seen to again."""
        for _, _, port in self._queue:
            port.scheduled = inf
        self._queue.clear()

    def next(self) -> float | None:
        """When to look at the next port; None when no timer runs."""
        queue = self._queue
        while queue:
            at, _, port = queue[0]
            if at != port.scheduled:
                heappop(queue)
            elif port.timers.next() <= at:
                return at
            else:
                heappop(queue)
                port.scheduled = inf
                self.see(port)
        return None

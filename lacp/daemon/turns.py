"""Work that somebody asks for, done a little in each turn of the loop: LACP goes before it.

Whoever asks, and however many do: frames and timers wait for one turn, never for an answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from weakref import WeakKeyDictionary

#: Seconds of work in a turn. A step may take longer, and ought to take less.
TURN = 0.002

#: Work: each step ends with a yield.
Work = Iterator[None]


class Turns:
    """What is to be done on one event loop, some steps of each in turn."""

    __slots__ = ("_planned", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Work] = deque()
        self._planned = False

    def add(self, work: Work) -> None:
        """Begin with it in the next turn of the running loop."""
        self._waiting.append(work)
        self._plan(asyncio.get_running_loop())

    def drop(self, work: Work) -> None:
        """Do no more of it."""
        if work in self._waiting:
            self._waiting.remove(work)

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting and not self._planned:
            self._planned = True
            loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._planned = False
        end = time.monotonic() + TURN
        try:
            while self._waiting:
                # What is little is done at once, what is much goes to the end of the queue.
                work = self._waiting.popleft()
                while (more := next(work, _DONE) is not _DONE) and time.monotonic() < end:
                    pass
                if more:
                    self._waiting.append(work)
                if time.monotonic() >= end:
                    break
        finally:
            # Whatever is wrong with one of them, the others go on.
            self._plan(loop)


_DONE = object()
_OF: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns() -> Turns:
    """Those of the running loop."""
    return _OF.setdefault(asyncio.get_running_loop(), Turns())

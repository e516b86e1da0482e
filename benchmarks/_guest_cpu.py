"""What a guest of user-mode Linux costs the machine below, between two lines on its console.

All that is found goes over the console, so that a guest that is too slow to finish has told some.

The guest's own clock of CPU time counts in 10 ms, which a daemon's wake-ups pass by.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_MARK = "measure:"


def begin(kind: str, links: int) -> None:
    """In the guest: what follows counts."""
    print(_MARK, "begin", kind, links, flush=True)


def end(kind: str, links: int) -> None:
    """In the guest: up to here."""
    print(_MARK, "end", kind, links, flush=True)


def memory(kind: str, links: int, octets: int) -> None:
    """In the guest: so much memory is resident."""
    print(_MARK, "memory", kind, links, octets, flush=True)


class Meter:
    """Outside: takes the lines of the console."""

    def __init__(self) -> None:
        #: Seconds of CPU per second, by kind and number of links, in the order of time.
        self.spent: dict[tuple[str, int], list[float]] = {}
        #: Octets, by the same.
        self.memory: dict[tuple[str, int], int] = {}
        self._start = 0.0
        self._before: dict[Path, float] = {}

    def hear(self, line: str) -> None:
        """Take a line."""
        mark, *words = line.split(" ")
        if mark != _MARK:
            return
        what, kind, links, *octets = words
        if what == "begin":
            self._start, self._before = time.monotonic(), _cpu(os.getpid())
        elif what == "end":
            self._end(kind, int(links))
        else:
            self.memory[kind, int(links)] = int(octets[0])

    def _end(self, kind: str, links: int) -> None:
        now = _cpu(os.getpid())
        # What has ended since is not in it; what was there before has its share taken off.
        cpu = sum(seconds - self._before.get(thread, 0.0) for thread, seconds in now.items())
        rate = cpu / (time.monotonic() - self._start)
        self.spent.setdefault((kind, links), []).append(rate)


def _cpu(ancestor: int) -> dict[Path, float]:
    """Seconds of CPU of each thread of the processes below another.

    A process of the guest is one here, and its kernel is another.
    """
    found: dict[Path, float] = {}
    below = _children(ancestor)
    while below:
        process = below.pop()
        below += _children(process)
        for thread in Path(f"/proc/{process}/task").glob("*"):
            # proc(5), schedstat: nanoseconds on a CPU first.
            with suppress(OSError):
                found[thread] = int((thread / "schedstat").read_text().split()[0]) / 1e9
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{process}/task").glob("*"):
        with suppress(OSError):
            found += map(int, (thread / "children").read_text().split())
    return found

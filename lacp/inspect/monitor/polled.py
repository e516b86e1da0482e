"""Sources that announce nothing, teamd and Open vSwitch: asked at an interval, and compared.

They are asked in a thread, so that one that hangs keeps nobody waiting.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from lacp.inspect.monitor.base import NEVER, Listening, about, missed, resynced
from lacp.inspect.survey import Places, Seen, survey
from lacp.picture.differences import differences
from lacp.picture.events import Event
from lacp.picture.model import LagView

#: Answers that may wait for a listener who does not read; until he does, nobody is asked again.
_UNREAD = 16


class Polled:
    """One source."""

    def __init__(
        self,
        listening: Listening,
        places: Places,
        *,
        reader: str,
        source: str,
        directory: str,
        netns: int | None = None,
    ) -> None:
        """`source` is what its LAGs say, `reader` the name in `lacp.inspect.survey`; without
        `directory`, that of its sockets, there is nobody to ask."""
        self._listening = listening
        self._places = replace(places, sources=frozenset({reader}))
        self._source = source
        self._directory = directory
        self._netns = netns
        self._views: dict[str, LagView] = {}
        #: LAGs that were there and of which nothing can be read at the moment.
        self._lost: set[str] = set()
        self._complaints: frozenset[str] = frozenset()
        self._first = True
        self._answers: deque[Seen] = deque()
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        listening.poll.register(self._wake, select.EPOLLIN)
        threading.Thread(target=self._ask, daemon=True, name=f"monitor {source}").start()

    def _ask(self) -> None:
        """Until the end, in a thread."""
        while True:
            if len(self._answers) < _UNREAD and not self._look():
                return
            if self._end.wait(self._listening.interval):
                return

    def _look(self) -> bool:
        """Ask once; returns whether anybody still listens."""
        seen = survey(self._places) if os.path.isdir(self._directory) else Seen()
        with self._lock:
            if self._end.is_set():
                return False
            self._answers.append(seen)
            os.eventfd_write(self._wake, 1)
        return True

    def close(self) -> None:
        """Ask no more. Another call does nothing: the descriptor may be somebody else's by then."""
        with self._lock:
            if not self._end.is_set():
                self._end.set()
                os.close(self._wake)

    def ready(self) -> bool:
        """Whether it was asked once."""
        return not self._first

    def deadline(self) -> float:
        """Never: the thread says when there is something."""
        return NEVER

    def lags(self) -> list[LagView]:
        """As they were when they were seen last."""
        return list(self._views.values())

    def read(self) -> Iterator[Event]:
        """What is different since the last answer."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        while self._answers:
            yield from self._take(self._answers.popleft())

    def _take(self, seen: Seen) -> Iterator[Event]:
        views = {lag.name: lag for lag in seen.lags if self._ours(lag)}
        complaints = frozenset(seen.complaints)
        for said in sorted(complaints - self._complaints):
            yield Event(event="source_lost", lag=None, source=self._source, facts={"detail": said})
        self._complaints = complaints
        for name in [name for name in self._views if name not in views]:
            yield from self._left(name, bool(complaints))
        for name, lag in views.items():
            yield from self._compared(self._views.get(name), lag)
            self._views[name] = lag
            if name not in self._listening.claimed:
                self._listening.claim(lag, lag.netns)
        self._first = False

    def _ours(self, lag: LagView) -> bool:
        # lacpd answers as a teamd, too.
        owner = self._listening.claimed.get(lag.name, self._source)
        elsewhere = self._netns is not None and lag.netns not in (None, self._netns)
        told = lag.source == self._source and _told(lag)
        return told and owner == self._source and not elsewhere

    def _left(self, name: str, refused: bool) -> Iterator[Event]:
        """A LAG is seen no more: its daemon says nothing, or there is none."""
        old = self._views[name]
        owner = self._listening.claimed.get(name, self._source)
        if refused and owner == self._source:
            if name not in self._lost:
                self._lost.add(name)
                yield about(old, "source_lost", f"{self._source} of {name} says nothing")
            return
        del self._views[name]
        self._lost.discard(name)
        self._listening.release(old)
        if owner == self._source:
            if self._source == "teamd":
                yield about(old, "source_lost", f"teamd of {name} has ended")
            else:
                yield from differences(old, None)

    def _compared(self, old: LagView | None, new: LagView) -> Iterator[Event]:
        if old is None:
            if not self._first:
                yield from differences(None, new)
        elif new.name in self._lost:
            self._lost.discard(new.name)
            yield about(new, "source_back", f"{self._source} of {new.name} is back")
            yield from resynced(old, new, "while it was away")
        else:
            for port in new.ports:
                yield from missed(new, old.port(port.name), port)
            yield from differences(old, new)


def _told(lag: LagView) -> bool:
    """Whether anybody says what becomes of it: where the switch is silent, a database has what was
    configured."""
    return not lag.ports or any(port.link.up is not None or port.machines for port in lag.ports)

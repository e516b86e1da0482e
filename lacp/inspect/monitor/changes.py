"""The events of all sources, one after another."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from lacp.errors import BackendError
from lacp.inspect.monitor.base import INTERVAL, Listening, Source
from lacp.inspect.monitor.lacpd import Lacpd
from lacp.inspect.netns import netns_inode
from lacp.inspect.survey import PATIENCE, Places
from lacp.picture.events import Event
from lacp.picture.model import LagView
from lacp.text import timestamp


class Changes:
    """What happens to the LAGs of a host, from now on.

    To wait for what happens, iterate. In a loop of one's own: call `read` when `fileno` is
    readable, and not later than `wait` seconds from now.
    """

    def __init__(
        self,
        places: Places | None = None,
        *,
        interval: float = INTERVAL,
        netns: int | None = None,
    ) -> None:
        """`interval` is in seconds, between two looks at what nobody tells.

        With `netns`, the number of a network namespace, daemons of others are left out, whose
        sockets are in the same file system. The kernel is heard in the namespace of the thread.

        Raises BackendError when the socket that `places` names has no listener, or the kernel
        does not let us listen.
        """
        self._listening = Listening(interval=interval, here=netns or netns_inode())
        self._sources: list[Source] = []
        self._early: deque[Event] = deque()
        try:
            self._open(places or Places(), netns)
        except BaseException:
            self.close()
            raise

    def _open(self, places: Places, netns: int | None) -> None:
        wanted = places.sources
        if wanted is None or "lacpd" in wanted:
            self._sources.append(Lacpd(self._listening, places.run_dir, places.socket, netns))
        if wanted is None or wanted & {"bond", "team"}:
            self._open_kernel(wanted)
        asked = (("team", "teamd", places.teamd_run_dir), ("ovs", "ovs", places.ovs_run_dir))
        for reader, source, directory in asked:
            if wanted is None or reader in wanted:
                from lacp.inspect.monitor.polled import Polled

                polled = Polled(
                    self._listening,
                    places,
                    reader=reader,
                    source=source,
                    directory=directory,
                    netns=netns,
                )
                self._sources.append(polled)

    def _open_kernel(self, wanted: frozenset[str] | None) -> None:
        from lacp.inspect.monitor.bond import Bonds
        from lacp.inspect.monitor.kernel import Kernel
        from lacp.inspect.monitor.kinds import Kind
        from lacp.inspect.monitor.team import Teams

        here = self._listening.here
        kinds: list[Kind] = []
        if wanted is None or "bond" in wanted:
            kinds.append(Bonds(here))
        if wanted is None or "team" in wanted:
            kinds.append(Teams(self._listening, here))
        try:
            self._sources.append(Kernel(self._listening, kinds))
        except BackendError as error:
            if wanted is not None and wanted <= {"bond", "team"}:
                raise
            # The other sources are heard all the same.
            lost = Event(
                event="source_lost", lag=None, source="kernel", facts={"detail": str(error)}
            )
            self._early.append(_timed(lost))

    def fileno(self) -> int:
        """A descriptor that is readable when `read` has something to take."""
        return self._listening.poll.fileno()

    def wait(self) -> float:
        """Seconds until `read` is due although `fileno` is not readable."""
        due = min((source.deadline() for source in self._sources), default=math.inf)
        return max(0.0, due - self._listening.clock())

    def read(self) -> Iterator[Event]:
        """What has happened since the last call, without waiting."""
        while self._early:
            yield _timed(self._early.popleft())
        for source in self._sources:
            for event in source.read():
                yield _timed(event)

    def lags(self) -> list[LagView]:
        """The LAGs as what was read so far has made them, in no more detail than events tell."""
        return [lag for source in self._sources for lag in source.lags()]

    def begin(self, patience: float = PATIENCE) -> Self:
        """Wait until every source has said what there is, or `patience` seconds.

        What happens from then on is told; events that come meanwhile are kept for `read`.
        """
        end = self._listening.clock() + patience
        early: list[Event] = []
        while True:
            early += self.read()
            left = end - self._listening.clock()
            if left <= 0 or all(source.ready() for source in self._sources):
                self._early += early
                return self
            self._listening.poll.poll(min(self.wait(), left) + 0.001)

    def until(self, timeout: float | None = None) -> Iterator[Event]:
        """Events as they come; ends after `timeout` seconds without one."""
        last = self._listening.clock()
        while True:
            for event in self.read():
                yield event
                last = self._listening.clock()
            left = math.inf if timeout is None else last + timeout - self._listening.clock()
            if left <= 0:
                return
            # A little longer than it seems, lest the last millisecond be spent in circles.
            self._listening.poll.poll(min(self.wait(), left, 3600.0) + 0.001)

    def __iter__(self) -> Iterator[Event]:
        return self.until()

    def close(self) -> None:
        """Listen no more."""
        for source in self._sources:
            source.close()
        self._listening.poll.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _timed(event: Event) -> Event:
    """With the time of day, unless whoever told it has looked at a clock of their own."""
    return event if event.time else replace(event, time=timestamp(time.time()))

"""Port watches on real interfaces: a driver that does what they say, and no more."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import assert_never

from lacp.backends.base import FrameReceived, LinkNews, TipcNews
from lacp.backends.packet import PacketBackend
from lacp.watch.base import Listen, Probe, Resolve, VerdictChanged, WatcherChanged, WatchNews
from lacp.watch.options import WatcherOptions
from lacp.watch.port import PortWatch
from tests.interop.netns import Namespace


class Watching:
    """Watches over a backend, with all that they have said so far."""

    def __init__(
        self, backend: PacketBackend, options: Mapping[str, Sequence[WatcherOptions]]
    ) -> None:
        self.backend = backend
        self.watches = {port: PortWatch(port, each) for port, each in options.items()}
        self.news: list[WatchNews] = []
        #: Frames that were passed to them.
        self.frames = 0
        for port in options:
            backend.add(port)

    def until(self, done: Callable[[], bool], seconds: float = 10) -> None:
        """Drive them until `done`; it is the test's failure when that does not come in time."""
        end = time.monotonic() + seconds
        while not done():
            now = time.monotonic()
            assert now < end, f"{list(self.watches.values())} after {self.news}"
            deadlines = [each.next_deadline() for each in self.watches.values()]
            wake = min([end, *(at for at in deadlines if at is not None)])
            select.select(self.backend.filenos(), [], [], max(0.0, wake - now))
            self.turn(time.monotonic())

    def up(self, port: str) -> bool:
        return self.watches[port].up

    def use(self, port: str, *, enabled: bool, alone: bool) -> None:
        self.watches[port].use_changed(enabled, alone, time.monotonic())

    def turn(self, now: float) -> None:
        """Take what is there, let timers expire, and do what follows from it."""
        for item in self.backend.read():
            match item:
                case FrameReceived(port, frame):
                    self.frames += 1
                    self.watches[port].receive(frame, now)
                case LinkNews(port, link):
                    self.watches[port].link_changed(link, now)
                case TipcNews(port, link, up):
                    self.watches[port].tipc_changed(link, up, now)
                case _:
                    raise AssertionError(item)
        for watch in self.watches.values():
            watch.advance(now)
            for event in watch.events():
                match event:
                    case Listen(port, kinds, hosts):
                        self.backend.listen(port, kinds, hosts)
                    case Probe(port, frame):
                        self.backend.send(port, frame)
                    case Resolve():
                        raise AssertionError(event)
                    case WatcherChanged() | VerdictChanged():
                        self.news.append(event)
                    case _:
                        assert_never(event)


@contextmanager
def watching(
    here: Namespace, options: Mapping[str, Sequence[WatcherOptions]]
) -> Iterator[Watching]:
    """Watches on the interfaces of a namespace, in which the caller is meanwhile."""
    with here.entered(), PacketBackend() as backend:
        yield Watching(backend, options)

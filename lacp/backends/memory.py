"""Links in memory: the interfaces of programs, examples and tests that have no network.

Two backends are joined port by port, within one process; each has a real descriptor to wait on,
so that the drivers of real interfaces work unchanged. The ends may live in different threads.

    left, right = MemoryBackend(), MemoryBackend()
    link = connect(left, "a", right, "b")
    left.add("a")
    right.add("b")
    left.send("a", frame)   # right.read() has it
    link.set(up=False)      # both ends read a LinkNews
"""

from __future__ import annotations

import itertools
import socket
import threading
from collections import deque
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from lacp.address import Mac
from lacp.backends.base import BATCH, FrameReceived, LinkNews, News
from lacp.backends.kinds import ARP, ND, TIPC, kind_of, wanted
from lacp.errors import BackendError, UsageError
from lacp.link import DOWN, Duplex, Link

_SLOW_PROTOCOLS = b"\x88\x09"

# Every backend takes the next number, so that no two ports of a process share an address.
_numbers = itertools.count(1)


class MemoryLink:
    """A cable between two ports; made by `connect`."""

    def __init__(self, ends: tuple[_End, _End], link: Link) -> None:
        self._ends = ends
        self._link = link
        #: While true, every frame vanishes on the way and neither end can tell.
        self.silent = False
        for end, other in zip(ends, reversed(ends), strict=True):
            end.cable, end.peer = self, other
            end.report()

    def __repr__(self) -> str:
        left, right = (end.port for end in self._ends)
        return f"<MemoryLink {left} - {right}: {'up' if self._link.up else 'down'}>"

    @property
    def up(self) -> bool:
        """Whether frames can pass."""
        return self._link.up

    def set(
        self,
        *,
        up: bool | None = None,
        speed: int | None = None,
        duplex: Duplex | None = None,
    ) -> None:
        """Change the cable for both ends; what is not given stays. `speed` is in Mb/s."""
        new = Link(
            up=self._link.up if up is None else up,
            speed=self._link.speed if speed is None else speed,
            duplex=self._link.duplex if duplex is None else duplex,
        )
        if new != self._link:
            self._link = new
            for end in self._ends:
                end.report()

    def disconnect(self) -> None:
        """Pull the cable out for good; both ports are free for another one."""
        for end in self._ends:
            if end.cable is self:
                end.cable = end.peer = None
                end.report()

    def _seen_by(self, end: _End) -> Link:
        return replace(self._link, address=end.address)


@dataclass(slots=True, eq=False)
class _End:
    """A port of a backend; exists from the first `connect` or `add` that names it."""

    backend: MemoryBackend
    port: str
    address: Mac
    cable: MemoryLink | None = None
    #: The other end of the cable.
    peer: _End | None = None
    added: bool = False
    #: What frames must begin with while it is muted; no octets: none may come; None: it is not.
    muted: bytes | None = None
    #: What is passed beside slow protocols, and of whom.
    kinds: frozenset[str] = frozenset()
    hosts: frozenset[bytes] = frozenset()
    failure: str = ""
    #: Frames for which the queue had no room.
    lost: int = 0

    @property
    def link(self) -> Link:
        if self.cable is None:
            return replace(DOWN, address=self.address)
        return self.cable._seen_by(self)

    def report(self) -> None:
        if self.added:
            self.backend._put(LinkNews(self.port, self.link))

    def deliver(self, frame: bytes) -> None:
        """A frame is at the door; nobody hears it while the port is not in use."""
        if not self.added:
            return
        if frame[12:14] != _SLOW_PROTOCOLS and kind_of(frame) in (ARP, ND):
            if not wanted(frame, self.kinds, self.hosts):
                return
        elif self.muted is not None and not (self.muted and frame.startswith(self.muted)):
            return
        if not self.backend._put(FrameReceived(self.port, frame)):
            self.lost += 1


class _Wake:
    """A descriptor that is readable while this is on."""

    __slots__ = ("_in", "_out", "on")

    def __init__(self) -> None:
        # A socket pair and not an eventfd: it exists everywhere.
        self._in, self._out = socket.socketpair()
        self.on = False

    def fileno(self) -> int:
        return self._in.fileno()

    def set(self, on: bool) -> None:
        if on is not self.on:
            self.on = on
            if on:
                self._out.send(b"\0")
            else:
                self._in.recv(1)

    def close(self) -> None:
        self._in.close()
        self._out.close()


class MemoryBackend:
    """A `Backend` whose interfaces are ends of `MemoryLink`, made by `connect`.

    `queue` is how many unread items there may be before arriving frames are lost and counted in
    `lost`; news of links always find room. Ports have locally administered addresses that
    are unique within the process.
    """

    def __init__(self, queue: int = 4096) -> None:
        self._limit = queue
        self._number = next(_numbers)
        self._ends: dict[str, _End] = {}
        self._lock = threading.Lock()
        self._news: deque[FrameReceived | LinkNews] = deque()
        #: On while there is anything to read, and while there is news of a link.
        self._any, self._urgent = _Wake(), _Wake()
        self._closed = False

    def __repr__(self) -> str:
        return f"<MemoryBackend of {', '.join(self._ends) or 'no ports'}>"

    def add(self, port: str) -> None:
        """Take up a port, connected or not; the next `read` says how its link is."""
        self._check_open()
        end = self._end(port)
        if end.added:
            raise UsageError(f"port {port!r} was added already")
        end.added = True
        end.muted = None
        end.kinds, end.hosts = frozenset(), frozenset()
        end.failure = ""
        end.lost = 0
        end.report()

    def remove(self, port: str) -> None:
        """Let go of a port; its cable stays where it is."""
        self._added(port).added = False
        with self._lock:
            self._news = deque(news for news in self._news if news.port != port)
            self._sleep_if_empty()

    def listen(
        self, port: str, kinds: frozenset[str], hosts: frozenset[bytes] = frozenset()
    ) -> None:
        """Let these frames pass to the port; there is no TIPC here."""
        if TIPC in kinds:
            raise BackendError("there is no TIPC between links in memory")
        end = self._added(port)
        end.kinds, end.hosts = kinds, hosts

    def send(self, port: str, frame: bytes) -> bool:
        """Put a frame on the cable; False when it is down or missing."""
        end = self._ends.get(port)
        if end is None or not end.added or self._closed:
            end = self._added(port)
        cable, peer = end.cable, end.peer
        if cable is None or peer is None or not cable._link.up:
            end.failure = "ENETDOWN"
            return False
        if not cable.silent:
            peer.deliver(frame)
        return True

    def read(self) -> list[News]:
        """What is new, oldest first, at most `BATCH` items."""
        self._check_open()
        waiting = self._news
        with self._lock:
            if len(waiting) <= BATCH:
                news: list[News] = list(waiting)
                waiting.clear()
            else:
                news = [waiting.popleft() for _ in range(BATCH)]
            self._sleep_if_empty()
        return news

    def mute(self, port: str, muted: bool, but: bytes = b"") -> None:
        """Let arriving frames vanish before they are queued, or no longer."""
        self._added(port).muted = but if muted else None

    def failure(self, port: str) -> str:
        """``ENETDOWN`` when a frame has ever been refused, else empty."""
        return self._added(port).failure

    def lost(self, port: str) -> int:
        """The frames of a port that found no room in the queue."""
        return self._added(port).lost

    def filenos(self) -> list[int]:
        """Two descriptors to wait on."""
        self._check_open()
        return [self._any.fileno(), self._urgent.fileno()]

    def urgent(self) -> list[int]:
        """The descriptor that is readable while there is news of a link."""
        self._check_open()
        return [self._urgent.fileno()]

    def close(self) -> None:
        """Disconnect every port, as the death of a host would, and close the descriptors."""
        if self._closed:
            return
        for end in self._ends.values():
            end.added = False
            if end.cable is not None:
                end.cable.disconnect()
        with self._lock:
            self._closed = True
            self._news.clear()
            self._any.close()
            self._urgent.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the backend is closed")

    def _end(self, port: str) -> _End:
        end = self._ends.get(port)
        if end is None:
            index = len(self._ends) + 1
            address = Mac(b"\x02" + self._number.to_bytes(3, "big") + index.to_bytes(2, "big"))
            end = self._ends[port] = _End(self, port, address)
        return end

    def _added(self, port: str) -> _End:
        self._check_open()
        end = self._ends.get(port)
        if end is None or not end.added:
            raise UsageError(f"port {port!r} was not added")
        return end

    def _sleep_if_empty(self) -> None:
        if not self._news:
            self._any.set(False)
            self._urgent.set(False)

    def _put(self, news: FrameReceived | LinkNews) -> bool:
        """Queue news; False when it is a frame and there is no room."""
        link = isinstance(news, LinkNews)
        with self._lock:
            if not link and len(self._news) >= self._limit:
                return False
            self._news.append(news)
            if not self._closed:
                if not self._any.on:
                    self._any.set(True)
                if link:
                    self._urgent.set(True)
            return True


#: What both ends see of a cable of which nothing else is said.
_CABLE = Link(up=True, speed=10_000, duplex=Duplex.FULL)


def connect(
    left: MemoryBackend,
    left_port: str,
    right: MemoryBackend,
    right_port: str,
    link: Link = _CABLE,
) -> MemoryLink:
    """Put a cable between two ports, added or not; both see `link`, each with its own address.

    The two ports may belong to one backend (a loop) but must be two; UsageError when they are not,
    or when a port has a cable already.
    """
    left._check_open()
    right._check_open()
    ends = left._end(left_port), right._end(right_port)
    if ends[0] is ends[1]:
        raise UsageError(f"cannot connect port {left_port!r} to itself")
    for end in ends:
        if end.cable is not None:
            raise UsageError(f"port {end.port!r} is connected already")
    return MemoryLink(ends, replace(link, address=Link().address))

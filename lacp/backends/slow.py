"""The packet sockets for slow protocols: a shared one, and those of the ports with a master."""

from __future__ import annotations

import contextlib
import errno
import logging
import select
import socket
from collections.abc import Mapping

from lacp.backends import taps
from lacp.backends.base import FrameLost, FrameReceived, News, Overrun
from lacp.backends.ports import Port
from lacp.backends.ring import Ring
from lacp.errors import BackendError

log = logging.getLogger(__name__)

#: Frames in one `read` from which on the kernel is asked whether it dropped any.
CROWD = 64


class SlowTaps:
    """Hears slow protocols on the interfaces of ports, which `join` and `leave` their group.

    Raises BackendError without CAP_NET_RAW.
    """

    def __init__(self, epoll: select.epoll) -> None:
        self._epoll = epoll
        self._owners: dict[int, Port] = {}
        self._muted: dict[Port, None] = {}
        #: Whether the filter of the shared socket is another than it should be.
        self._stale = False
        #: Sends, of all ports; what it hears comes by the ring.
        self.shared, self._ring = self._open()
        epoll.register(self.shared.fileno(), select.EPOLLIN)

    def _open(self) -> tuple[socket.socket, Ring]:
        log.info("opening a packet socket for slow protocols on all interfaces")
        try:
            # Without an interface to name, Python can bind to an EtherType in the constructor only.
            shared = taps.open_socket(taps.ETH_P_SLOW)
        except OSError as error:
            hint = "; lacpd needs CAP_NET_RAW (run it as root, or grant it that capability)"
            raise BackendError(
                f"cannot open a packet socket: {error.strerror}"
                + (hint if error.errno == errno.EPERM else "")
            ) from error
        try:
            taps.enlarge_sending(shared)
            taps.attach(shared, taps.SLOW_PROTOCOLS)
            # What came in before there was a filter is thrown away here.
            return shared, Ring(shared, taps.SNAP)
        except OSError as error:
            shared.close()
            raise BackendError(f"cannot make a receive ring: {error.strerror}") from error

    def close(self) -> None:
        """Close the shared socket, after those of the ports; the kernel leaves the groups."""
        self._ring.close()
        self.shared.close()

    def join(self, entry: Port, index: int) -> None:
        """Have an interface receive what is sent to the group. Raises OSError."""
        self._stale = self._stale or entry.muted is not None
        log.info("joining %s on %s (ifindex %d)", taps.GROUP, entry.name, index)
        taps.join(self.shared, index)

    def leave(self, entry: Port, index: int) -> None:
        """Take `join` back."""
        log.info("leaving %s on %s (ifindex %d)", taps.GROUP, entry.name, index)
        with contextlib.suppress(OSError):
            taps.leave(self.shared, index)

    def mute(self, entry: Port, but: bytes | None) -> None:
        """Throw away what arrives at a port, `but` what begins so, or with None no longer.

        The shared socket does so from the next `refilter` on.
        """
        if but == entry.muted:
            return
        entry.muted = but
        if but is None:
            del self._muted[entry]
        else:
            self._muted[entry] = None
        self._stale = True
        if entry.own is not None:
            taps.attach(entry.own, taps.but_for(entry.muted))

    def refilter(self) -> None:
        """Bring the filter of the shared socket up to what is muted, once for all changes of it."""
        if self._stale:
            self._stale = False
            muted = {it.index: it.muted or b"" for it in self._muted if it.index is not None}
            taps.attach(self.shared, taps.deaf_to(muted))

    def separate(self, entry: Port, wanted: bool) -> None:
        """Give a port a packet socket of its own while it has a master, and take it away after."""
        if wanted and entry.own is None:
            log.info("opening a packet socket on %s, which has a master", entry.name)
            try:
                own = taps.open_socket(0)
                try:
                    taps.attach(own, taps.but_for(entry.muted))
                    own.bind((entry.name, taps.ETH_P_SLOW))
                except OSError:
                    own.close()
                    raise
            except OSError as error:
                # Most masters leave the shared socket its frames.
                log.warning("no packet socket for %s: %s", entry.name, error.strerror)
                return
            entry.own = own
            self._owners[own.fileno()] = entry
            self._epoll.register(own.fileno(), select.EPOLLIN)
        elif not wanted and entry.own is not None:
            del self._owners[entry.own.fileno()]
            entry.own.close()
            entry.own = None

    def read(self, fd: int, indexes: Mapping[int, Port], limit: int, news: list[News]) -> None:
        """Take the frames of the socket with this descriptor, if it is one of these.

        `indexes` are the ports by the interfaces that they are bound to.
        """
        if fd == self.shared.fileno():
            taken = self._read_ring(indexes, limit, news)
            source = self.shared
        elif (owner := self._owners.get(fd)) is not None and owner.own is not None:
            source = owner.own
            taken = _read_own(owner, source, limit, news)
        else:
            return
        # A socket with so much in it may have had to drop some.
        if taken >= CROWD and (drops := taps.drops(source)):
            news.append(Overrun(f"frames: {drops} did not fit in the receive buffer"))

    def _read_ring(self, indexes: Mapping[int, Port], limit: int, news: list[News]) -> int:
        """Take frames of ports that have no socket of their own; returns how many it looked at."""
        taken = 0
        for index, kind, length, frame in self._ring.take(limit):
            taken += 1
            entry = indexes.get(index)
            if entry is not None and entry.own is None:
                news.append(_judged(entry, kind, length, frame))
        return taken


def _read_own(owner: Port, source: socket.socket, limit: int, news: list[News]) -> int:
    """Take frames of the socket that a port has to itself; returns how many."""
    for taken in range(limit):
        try:
            frame, (_, _, kind, *_) = source.recvfrom(taps.SNAP)
        except BlockingIOError:
            return taken
        except OSError as error:
            # Said once, when the interface goes down.
            if error.errno != errno.ENETDOWN:
                news.append(Overrun(f"frames: {error.strerror}"))
                return taken
        else:
            news.append(_judged(owner, kind, len(frame), frame))
    return limit


def _judged(entry: Port, kind: int, length: int, frame: bytes) -> FrameReceived | FrameLost:
    """A frame of a port, or why it is not for the engine."""
    if kind == socket.PACKET_OTHERHOST:
        return FrameLost(entry.name, "tagged")
    if length >= taps.SNAP:
        return FrameLost(entry.name, "oversized")
    if len(frame) < length:
        return FrameLost(entry.name, "truncated")
    return FrameReceived(entry.name, frame)

"""The packet sockets for slow protocols: a shared one, and those of the ports with a master."""

from __future__ import annotations

import contextlib
import errno
import logging
import select
import socket
from collections.abc import Iterable, Mapping

from lacp.backends import taps
from lacp.backends.base import FrameLost, FrameReceived, News, Overrun
from lacp.backends.ports import Port
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
        self.shared = self._open()
        epoll.register(self.shared.fileno(), select.EPOLLIN)

    def _open(self) -> socket.socket:
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
            # What came in before there was a filter is thrown away behind one that lets nothing in.
            taps.attach(shared, taps.NOTHING)
            with contextlib.suppress(BlockingIOError):
                while True:
                    shared.recv(1)
            taps.attach(shared, taps.SLOW_PROTOCOLS)
        except BaseException:
            shared.close()
            raise
        return shared

    def close(self) -> None:
        """Close the shared socket, after those of the ports; the kernel leaves the groups."""
        self.shared.close()

    def join(self, entry: Port, index: int) -> None:
        """Have an interface receive what is sent to the group. Raises OSError."""
        log.info("joining %s on %s (ifindex %d)", taps.GROUP, entry.name, index)
        taps.join(self.shared, index)

    def leave(self, entry: Port, index: int) -> None:
        """Take `join` back."""
        log.info("leaving %s on %s (ifindex %d)", taps.GROUP, entry.name, index)
        with contextlib.suppress(OSError):
            taps.leave(self.shared, index)

    def refilter(self, entries: Iterable[Port]) -> None:
        """Bring the filters of all sockets up to what is muted."""
        ports = list(entries)
        muted = [it.index for it in ports if it.muted and it.index is not None]
        taps.attach(self.shared, taps.deaf_to(muted))
        for entry in ports:
            if entry.own is not None:
                taps.attach(entry.own, taps.NOTHING if entry.muted else taps.SLOW_PROTOCOLS)

    def separate(self, entry: Port, wanted: bool) -> None:
        """Give a port a packet socket of its own while it has a master, and take it away after."""
        if wanted and entry.own is None:
            log.info("opening a packet socket on %s, which has a master", entry.name)
            try:
                own = taps.open_socket(0)
                try:
                    taps.attach(own, taps.NOTHING if entry.muted else taps.SLOW_PROTOCOLS)
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

    def read(self, fd: int, ports: Mapping[str, Port], limit: int, news: list[News]) -> None:
        """Take the frames of the socket with this descriptor, if it is one of these."""
        owner = self._owners.get(fd)
        source = owner.own if owner else self.shared
        if source is None or source.fileno() != fd:
            return
        taken = 0
        while taken < limit:
            try:
                # The kernel gives the interface's name as it is now, which is what ports go by.
                frame, (name, _, kind, *_) = source.recvfrom(taps.SNAP)
            except BlockingIOError:
                break
            except OSError as error:
                # Said once, when the interface goes down to which the socket is bound.
                if error.errno == errno.ENETDOWN:
                    continue
                news.append(Overrun(f"frames: {error.strerror}"))
                return
            taken += 1
            entry = owner or ports.get(name)
            if entry is None or (owner is None and entry.own is not None):
                continue
            reason = _refused(entry, frame, kind)
            if reason is None:
                news.append(FrameReceived(entry.name, frame))
            else:
                news.append(FrameLost(entry.name, reason))
        # A socket with so much in it may have had to drop some.
        if taken >= CROWD and (drops := taps.drops(source)):
            news.append(Overrun(f"frames: {drops} did not fit in the receive buffer"))


def _refused(entry: Port, frame: bytes, kind: int) -> str | None:
    """Why a frame is not for the engine; None when it is."""
    if kind == socket.PACKET_OTHERHOST:
        return "tagged"
    if len(frame) >= taps.SNAP:
        return "oversized"
    return "not ready" if entry.index is None else None

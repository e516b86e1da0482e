"""Whole interfaces for a tester: every frame either way, tags and all, with its time of arrival.

Unlike a port of the daemon, a wire hears any EtherType and any destination, puts back the VLAN tag
that the kernel takes off, and sends whatever octets it is given. Taking a link down means taking
its own interface down, which the far end of a veth pair or of a cable sees as loss of carrier.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import select
import socket
import struct
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from lacp.backends import taps
from lacp.errors import BackendError
from lacp.netlink.links import Links

log = logging.getLogger(__name__)

# linux/if_packet.h, linux/sockios.h, linux/if.h, asm-generic/socket.h
_ETH_P_ALL = 0x0003
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_AUXDATA = 8
_PACKET_IGNORE_OUTGOING = 23
_PACKET_MR_PROMISC = 1
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1

_MREQ = struct.Struct("=iHH8s")  # packet_mreq: ifindex, type, address length, address
_TIMESPEC = struct.Struct("=qq")
_IFREQ = struct.Struct("16sh14x")

#: Octets of a frame: more than any that fits on Ethernet.
_SNAP = 16384
_BUFFER = 4 << 20


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame that came in on a wire."""

    link: int
    #: On the scale of `time.monotonic`.
    time: float
    octets: bytes


def _own_interface(name: str) -> int:
    """The index of an Ethernet interface that nobody else uses. Raises BackendError."""
    links = Links()
    try:
        found = links.named(name)
        if found is None:
            raise BackendError(f"there is no interface {name!r}")
        if found.address is None or found.loopback:
            raise BackendError(f"{name} is not an Ethernet interface, expected one with a cable")
        above = links.at(found.master) if found.master else None
    finally:
        links.close()
    if above is not None:
        raise BackendError(
            f"{name} belongs to {above.name}, expected an interface that no bond, team or bridge "
            "uses"
        )
    return found.index


class Wires:
    """Interfaces of this host, numbered from 0 as they are given.

    Raises BackendError when one does not exist or is used by others, or the privilege (CAP_NET_RAW)
    is missing. As a context manager, it puts up what it took down, and closes its sockets.
    """

    def __init__(self, interfaces: list[str]) -> None:
        self.interfaces = interfaces
        self._down: set[int] = set()
        self._sockets: list[socket.socket] = []
        self._poll = select.poll()
        try:
            for name in interfaces:
                log.info("opening a packet socket for all frames on %s, promiscuous", name)
                self._open(name)
        except BaseException:
            self.close()
            raise

    def send(self, link: int, frame: bytes) -> None:
        """Put a frame on a wire. What a link that is down, or no frame at all, cannot carry is
        lost, as on any wire."""
        try:
            self._sockets[link].send(frame)
        except OSError as error:
            log.info("%s did not take a frame: %s", self.interfaces[link], error.strerror)

    def read(self, timeout: float) -> list[Heard]:
        """The frames that came in, waiting that many seconds at most for the first, by time."""
        ready = self._poll.poll(max(0.0, timeout) * 1000)
        ahead = time.monotonic_ns() - time.time_ns()
        heard = [it for number, _ in ready for it in self._drain(number, ahead)]
        return sorted(heard, key=lambda it: it.time)

    def set_link(self, link: int, up: bool) -> None:
        """Take the interface of a wire down or up."""
        name = self.interfaces[link]
        log.info("taking %s %s", name, "up" if up else "down")
        self._set_up(name, up)
        (self._down.discard if up else self._down.add)(link)

    def close(self) -> None:
        """Put up what was taken down, and close the sockets."""
        for link in sorted(self._down):
            self.set_link(link, True)
        for each in self._sockets:
            each.close()
        self._sockets.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, name: str) -> None:
        index = _own_interface(name)
        try:
            wire = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(_ETH_P_ALL)
            )
        except OSError as error:
            hint = "; it takes CAP_NET_RAW, run it as root" if error.errno == errno.EPERM else ""
            raise BackendError(f"cannot open a packet socket: {error.strerror}{hint}") from error
        self._sockets.append(wire)
        wire.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        taps.want_tags(wire)
        wire.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        wire.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        promiscuous = _MREQ.pack(index, _PACKET_MR_PROMISC, 0, b"")
        wire.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, promiscuous)
        wire.bind((name, _ETH_P_ALL))
        # What came from other interfaces before the bind is not of this wire.
        while self._receive(wire) is not None:
            pass
        self._poll.register(wire.fileno(), select.POLLIN)

    def _drain(self, number: int, ahead: int) -> list[Heard]:
        link = next(at for at, each in enumerate(self._sockets) if each.fileno() == number)
        heard = []
        for _ in range(256):
            got = self._receive(self._sockets[link])
            if got is None:
                break
            octets, stamp = got
            heard.append(Heard(link, (stamp + ahead) / 1e9, octets))
        return heard

    @staticmethod
    def _receive(wire: socket.socket) -> tuple[bytes, int] | None:
        """A frame and its time stamp in nanoseconds of the real-time clock; None if none is there.

        An interface that goes down reports that once; it is no frame.
        """
        try:
            octets, ancillary, _, _ = wire.recvmsg(_SNAP, 256)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.ENETDOWN:
                raise
            return None
        stamp = time.time_ns()
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(data[: _TIMESPEC.size])
                stamp = seconds * 1_000_000_000 + nanoseconds
            elif level == _SOL_PACKET and kind == _PACKET_AUXDATA:
                octets = octets[:12] + taps.tag(data) + octets[12:]
        return octets, stamp

    def _set_up(self, name: str, up: bool) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            bare = _IFREQ.pack(name.encode(), 0)
            try:
                _, flags = _IFREQ.unpack(fcntl.ioctl(control, _SIOCGIFFLAGS, bare))
                flags = flags | _IFF_UP if up else flags & ~_IFF_UP
                fcntl.ioctl(control, _SIOCSIFFLAGS, _IFREQ.pack(name.encode(), flags))
            except OSError as error:
                direction = "up" if up else "down"
                raise BackendError(f"cannot take {name} {direction}: {error.strerror}") from error

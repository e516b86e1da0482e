"""Real interfaces: slow-protocol frames over AF_PACKET, link news over netlink (Linux).

One packet socket serves every port of the network namespace: it is bound to the EtherType on all
interfaces, and the group address is joined on each interface that is a port. The kernel's filter
copies up nothing else.

A port is a *name*. While an interface of that name exists the port is bound to it; when it is
renamed, deleted or moved away the link is down, and whatever interface appears under the name next
is bound anew.

Where in the kernel a frame is picked up decides what is seen of an interface that has a master:

- bridge: slow-protocol frames pass by the bridge to the shared socket, unless the bridge port was
  told to forward them (group_fwd_mask);
- team, and the active port of a bond: the shared socket sees them as received on the team or bond
  itself, or not at all, and only a socket bound to the very interface sees them on that interface;
- bond in mode 802.3ad: the kernel runs LACP itself and swallows every LACPDU;
- Open vSwitch's kernel datapath: swallowed before any socket bound to an EtherType.

A port with a master therefore has a packet socket of its own, bound to the interface, which is
right in the first two cases; what the shared socket hears of it is ignored.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from lacp.address import Mac
from lacp.backends import taps
from lacp.backends.base import (
    BATCH,
    FrameLost,
    FrameReceived,
    LinkNews,
    News,
    Overrun,
)
from lacp.backends.netlink import (
    Event,
    Gone,
    LinkSocket,
    Lost,
    Missing,
    Seen,
    speed_and_duplex,
)
from lacp.errors import BackendError, UsageError
from lacp.link import DOWN, Link

log = logging.getLogger(__name__)

#: Datagrams of link events taken per `read`: some 3 ms when all are about ports.
EVENTS = 128
#: Frames in one `read` from which on the kernel is asked whether it dropped any.
CROWD = 64
#: Interfaces asked for at a time when link events were lost; the answers must not be lost too.
QUESTIONS = 64

#: Octets of an interface name, the final zero included (linux/if.h).
_IFNAMSIZ = 16


@dataclass(slots=True, eq=False)
class _Port:
    name: str
    #: Why the last frame that was refused was refused.
    failure: str = ""
    #: The interface that bears the name now, and the group joined on it.
    index: int | None = None
    link: Link = DOWN
    #: Whether the owner has been told of the link at all.
    told: bool = False
    #: How often carrier was lost, as last seen.
    downs: int | None = None
    #: The packet socket bound to this interface while it has a master.
    own: socket.socket | None = None
    #: Whether the filter throws away what arrives.
    muted: bool = False
    #: The interface that was found unfit, so that it is said once.
    unfit: int | None = None


class PacketBackend:
    """A `Backend` on the Ethernet interfaces of one network namespace.

    The first `add` opens the sockets, in the namespace in which its thread is then, and raises
    BackendError without CAP_NET_RAW.
    Joining, leaving, asking for an interface and reading its speed wait for the lock of the
    kernel's network configuration, a few microseconds unless others are changing much; frames
    never do.
    """

    def __init__(self) -> None:
        self._ports: dict[str, _Port] = {}
        self._indexes: dict[int, _Port] = {}
        self._owners: dict[int, _Port] = {}
        self._questions: dict[str, None] = {}
        self._overrun = False
        self._packets: socket.socket | None = None
        self._links: LinkSocket | None = None
        # One descriptor for all sockets, so that the owner need not follow those that come and go.
        self._epoll = select.epoll()

    def __repr__(self) -> str:
        return f"<PacketBackend of {', '.join(self._ports) or 'no ports'}>"

    def add(self, port: str) -> None:
        """Take up the interface of this name, there or not; the next `read` says how its link is.

        Raises BackendError for want of CAP_NET_RAW, and for a name that no interface can have.
        """
        self._check_open()
        if port in self._ports:
            raise UsageError(f"port {port!r} was added already")
        if not 0 < len(os.fsencode(port)) < _IFNAMSIZ or "/" in port or port in (".", ".."):
            raise BackendError(
                f"{port!r} cannot be the name of an interface (1 to 15 octets, no /)"
            )
        if self._packets is None:
            self._packets, self._links = self._open()
        self._ports[port] = _Port(port)
        self._questions[port] = None
        self._ask()

    def remove(self, port: str) -> None:
        """Let go of a port; its interface stays as it is."""
        entry = self._entry(port)
        self.mute(port, False)
        self._unbind(entry, joined=True)
        del self._ports[port]
        self._questions.pop(port, None)

    def send(self, port: str, frame: bytes) -> bool:
        """Send a frame; False when the link is down or the kernel did not take it.

        What the kernel took may still be lost in the queue of the interface, without a word.
        """
        entry = self._entry(port)
        assert self._packets is not None
        reason = "ENETDOWN"
        if entry.link.up:
            try:
                self._packets.sendto(frame, (port, taps.ETH_P_SLOW))
            except OSError as error:
                reason = errno.errorcode.get(error.errno or 0, "EIO")
            else:
                return True
        elif entry.index is None:
            reason = "ENODEV"
        entry.failure = reason
        return False

    def read(self) -> list[News]:
        """What is new: links first, so that a frame on a link that just came up is not refused."""
        self._check_open()
        news: list[News] = []
        ready = [fd for fd, _ in self._epoll.poll(0)]
        if self._packets is None or self._links is None:
            return news
        if self._links.fileno() in ready:
            ready.remove(self._links.fileno())
            self._read_links(self._links, news)
        self._ask()
        for fd in ready:
            # Link news may have closed a socket that was ready.
            owner = self._owners.get(fd)
            source = owner.own if owner else self._packets
            if source is not None and source.fileno() == fd:
                self._read_frames(source, owner, max(8, BATCH // len(ready)), news)
        return news

    def mute(self, port: str, muted: bool) -> None:
        """Have the kernel's filter throw away what arrives at a port, or no longer."""
        entry = self._entry(port)
        if muted is not entry.muted:
            entry.muted = muted
            self._filter()

    def failure(self, port: str) -> str:
        """Why the last frame that was not sent was not sent, as the name of an errno; or empty."""
        return self._entry(port).failure

    def filenos(self) -> list[int]:
        """The one descriptor to wait on."""
        self._check_open()
        return [self._epoll.fileno()]

    def close(self) -> None:
        """Close the sockets; the kernel leaves the groups."""
        for entry in self._ports.values():
            if entry.own is not None:
                entry.own.close()
        if self._packets is not None:
            self._packets.close()
        if self._links is not None:
            self._links.close()
        self._epoll.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # Sockets

    def _check_open(self) -> None:
        if self._epoll.closed:
            raise UsageError("the backend is closed")

    def _entry(self, port: str) -> _Port:
        self._check_open()
        try:
            return self._ports[port]
        except KeyError:
            raise UsageError(f"port {port!r} was not added") from None

    def _open(self) -> tuple[socket.socket, LinkSocket]:
        log.info("opening a packet socket for slow protocols on all interfaces")
        try:
            # Without an interface to name, Python can bind to an EtherType in the constructor only.
            packets = taps.open_socket(taps.ETH_P_SLOW)
        except OSError as error:
            hint = "; lacpd needs CAP_NET_RAW (run it as root, or grant it that capability)"
            raise BackendError(
                f"cannot open a packet socket: {error.strerror}"
                + (hint if error.errno == errno.EPERM else "")
            ) from error
        try:
            # What came in before there was a filter is thrown away behind one that lets nothing in.
            taps.attach(packets, taps.NOTHING)
            with contextlib.suppress(BlockingIOError):
                while True:
                    packets.recv(1)
            taps.attach(packets, taps.SLOW_PROTOCOLS)
            links = LinkSocket()
        except BaseException:
            packets.close()
            raise
        self._epoll.register(packets.fileno(), select.EPOLLIN)
        self._epoll.register(links.fileno(), select.EPOLLIN)
        return packets, links

    def _filter(self) -> None:
        """Bring the filters of all sockets up to what is muted."""
        muted = [e for e in self._ports.values() if e.muted and e.index is not None]
        if self._packets is not None:
            taps.attach(self._packets, taps.deaf_to(e.index for e in muted if e.index is not None))
        for entry in self._ports.values():
            if entry.own is not None:
                taps.attach(entry.own, taps.NOTHING if entry.muted else taps.SLOW_PROTOCOLS)

    def _set_own(self, entry: _Port, wanted: bool) -> None:
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

    # Links

    def _ask(self) -> None:
        """Ask for the interfaces of which nothing is known, as far as there is room for answers."""
        if self._links is None or not self._questions:
            return
        # After an overrun the kernel adds nothing to the socket until it has been read empty.
        if self._overrun and not self._links.quiet():
            return
        self._overrun = False
        while self._questions and self._links.outstanding < QUESTIONS:
            name = next(iter(self._questions))
            if not self._links.ask(name):
                return
            del self._questions[name]

    def _read_links(self, links: LinkSocket, news: list[News]) -> None:
        try:
            for event in links.read(EVENTS, self._indexes, self._ports):
                self._apply(event, news)
        except Lost as lost:
            log.warning("link events were lost (%s): asking for every port again", lost)
            news.append(Overrun(f"link events: {lost}"))
            self._questions = dict.fromkeys(self._ports)
            self._overrun = True

    def _apply(self, event: Event, news: list[News]) -> None:
        match event:
            case Gone(index):
                self._lose(self._indexes[index], "was removed", news, joined=False)
            case Missing(name):
                entry = self._ports.get(name)
                if entry is not None:
                    self._lose(entry, "is not there", news)
            case Seen(index, name):
                bound = self._indexes.get(index)
                if bound is not None and bound.name != name:
                    self._lose(bound, f"was renamed to {name}", news)
                entry = self._ports.get(name)
                if entry is not None:
                    if entry.index not in (None, index):
                        self._lose(entry, "was replaced", news)
                    self._see(entry, event, news)

    def _see(self, entry: _Port, seen: Seen, news: list[News]) -> None:
        """The interface of a port is there: bind the port to it if need be, and tell its link."""
        if entry.index is None and not self._bind(entry, seen):
            self._tell(entry, DOWN, news)
            return
        # A link that was lost and came back while nobody looked has been lost all the same: its
        # partner may be another one now.
        flapped = None not in (seen.downs, entry.downs) and seen.downs != entry.downs
        entry.downs = seen.downs
        self._set_own(entry, seen.master != 0)
        address = Mac(seen.address)
        if entry.link.up and (flapped or not seen.up):
            self._tell(entry, Link(address=address), news)
        if seen.up and not entry.link.up:
            assert self._packets is not None
            speed, duplex = speed_and_duplex(self._packets, entry.name)
            self._tell(entry, Link(True, speed, duplex, address), news)
        else:
            self._tell(entry, replace(entry.link, address=address), news)

    def _lose(self, entry: _Port, why: str, news: list[News], joined: bool = True) -> None:
        """The interface of a port is there no more."""
        if entry.index is not None:
            log.info("%s (ifindex %d) %s", entry.name, entry.index, why)
        self._unbind(entry, joined)
        self._tell(entry, DOWN, news)

    def _tell(self, entry: _Port, link: Link, news: list[News]) -> None:
        if link != entry.link or not entry.told:
            entry.link = link
            entry.told = True
            news.append(LinkNews(entry.name, link))

    def _bind(self, entry: _Port, seen: Seen) -> bool:
        """Join the group on an interface; False when that cannot be, which is logged once."""
        if not seen.ethernet:
            problem: str | None = "it is not an Ethernet interface"
        else:
            log.info("joining %s on %s (ifindex %d)", taps.GROUP, entry.name, seen.index)
            assert self._packets is not None
            try:
                taps.join(self._packets, seen.index)
            except OSError as error:
                problem = error.strerror
            else:
                entry.index = seen.index
                entry.unfit = None
                self._indexes[seen.index] = entry
                if entry.muted:
                    self._filter()
                return True
        if entry.unfit != seen.index:
            log.warning("%s (ifindex %d) cannot be a port: %s", entry.name, seen.index, problem)
            entry.unfit = seen.index
        return False

    def _unbind(self, entry: _Port, joined: bool) -> None:
        """Leave the interface of a port; one that was removed has left the group itself."""
        self._set_own(entry, False)
        if entry.index is None:
            return
        if joined:
            log.info("leaving %s on %s (ifindex %d)", taps.GROUP, entry.name, entry.index)
            assert self._packets is not None
            with contextlib.suppress(OSError):
                taps.leave(self._packets, entry.index)
        del self._indexes[entry.index]
        entry.index = entry.downs = None

    # Frames

    def _read_frames(
        self, source: socket.socket, owner: _Port | None, limit: int, news: list[News]
    ) -> None:
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
            entry = owner or self._ports.get(name)
            if entry is None or (owner is None and entry.own is not None):
                continue
            reason = _refused(entry, frame, kind)
            if reason is None:
                news.append(FrameReceived(entry.name, frame))
            else:
                news.append(FrameLost(entry.name, reason))
        if taken >= CROWD:
            self._check_drops(source, news)

    def _check_drops(self, source: socket.socket, news: list[News]) -> None:
        """A socket with so much in it may have had to drop some."""
        if drops := taps.drops(source):
            news.append(Overrun(f"frames: {drops} did not fit in the receive buffer"))


def _refused(entry: _Port, frame: bytes, kind: int) -> str | None:
    """Why a frame is not for the engine; None when it is."""
    if kind == socket.PACKET_OTHERHOST:
        return "tagged"
    if len(frame) >= taps.SNAP:
        return "oversized"
    return "not ready" if entry.index is None else None

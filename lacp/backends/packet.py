"""Real interfaces: frames over AF_PACKET, link news over netlink (Linux).

One packet socket serves every port of the network namespace: it is bound to the EtherType on all
interfaces, and the group address is joined on each interface that is a port. The kernel's filter
lets nothing else through, and the rest lies in a ring, which takes no system call to read. What is
sent goes to an interface by its name, which the kernel has to look for each time: a socket bound to
each interface would spare it that, but closing one takes some 10 ms, and a process that is killed
has them closed one after the other.

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

What link watchers hear comes by another socket that is bound to the interface, see
`lacp.backends.probes`.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from lacp.backends import taps
from lacp.backends.base import BATCH, LinkNews, News, Overrun, TipcNews
from lacp.backends.flurry import Flurry
from lacp.backends.kinds import TIPC
from lacp.backends.ports import Port
from lacp.backends.probes import ProbeTaps
from lacp.backends.slow import SlowTaps
from lacp.backends.tipc import TipcLinks
from lacp.errors import BackendError, UsageError
from lacp.link import DOWN, Link
from lacp.netlink.codec import Interface
from lacp.netlink.ethtool import look, speed_and_duplex
from lacp.netlink.news import Event, Gone, LinkSocket, Missing
from lacp.netlink.sockets import Lost

log = logging.getLogger(__name__)

#: Datagrams of link events taken per `read`: some 3 ms when all are about ports that come up.
EVENTS = 64
#: Interfaces asked for at a time when link events were lost; the answers must not be lost too.
QUESTIONS = 64

#: Octets of an interface name, the final zero included (linux/if.h).
_IFNAMSIZ = 16
_SLOW_PROTOCOLS = taps.ETH_P_SLOW.to_bytes(2, "big")


class PacketBackend:
    """A `Backend` on the Ethernet interfaces of one network namespace.

    The first `add` opens the sockets, in the namespace in which its thread is then, and raises
    BackendError without CAP_NET_RAW.
    Joining, leaving, asking for an interface and reading its speed wait for the lock of the
    kernel's network configuration, a few microseconds unless others are changing much; frames
    never do.
    """

    def __init__(self) -> None:
        self._ports: dict[str, Port] = {}
        self._indexes: dict[int, Port] = {}
        self._questions: dict[str, None] = {}
        self._overrun = False
        self._slow: SlowTaps | None = None
        self._links: LinkSocket | None = None
        # One descriptor for all sockets, so that the owner need not follow those that come and go,
        # and inside it one for news of links.
        self._epoll = select.epoll()
        self._urgent = select.epoll()
        self._epoll.register(self._urgent.fileno(), select.EPOLLIN)
        self._probes = ProbeTaps(self._epoll)
        self._tipc: dict[int, Port] = {}
        self._flurry = Flurry()

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
        if self._slow is None:
            self._slow, self._links = self._open()
        self._ports[port] = Port(port)
        self._questions[port] = None
        self._ask()

    def remove(self, port: str) -> None:
        """Let go of a port; its interface stays as it is."""
        entry = self._entry(port)
        self.mute(port, False)
        self._unbind(entry, joined=True)
        self._set_tipc(entry, False)
        del self._ports[port]
        self._questions.pop(port, None)

    def listen(
        self, port: str, kinds: frozenset[str], hosts: frozenset[bytes] = frozenset()
    ) -> None:
        """Pass these frames from now on. Raises BackendError for `kinds.TIPC` without TIPC."""
        entry = self._entry(port)
        self._set_tipc(entry, TIPC in kinds)
        if (kinds, hosts) != (entry.kinds, entry.hosts):
            entry.kinds, entry.hosts = kinds, hosts
            self._probes.settle(entry)

    def send(self, port: str, frame: bytes) -> bool:
        """Send a frame; False when the link is down or the kernel did not take it.

        What the kernel took may still be lost in the queue of the interface, without a word.
        """
        entry = self._ports.get(port) or self._entry(port)
        assert self._slow is not None
        reason = "ENETDOWN"
        if entry.link.up:
            ethertype = taps.ETH_P_SLOW
            if frame[12:14] != _SLOW_PROTOCOLS:
                source, ethertype = frame[6:12], int.from_bytes(frame[12:14], "big")
                if ethertype == taps.ETH_P_IPV6 and source != entry.link.address:
                    # Else the answer, which is to that address, would not be received.
                    self._probes.admit(entry, source)
            try:
                self._slow.shared.sendto(frame, (port, ethertype))
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
        if self._slow is None or self._links is None:
            return news
        if self._urgent.fileno() in ready:
            ready.remove(self._urgent.fileno())
            self._read_links(self._links, news)
        self._look(self._slow.shared, len(news))
        self._ask()
        self._slow.refilter()
        limit = max(8, BATCH // max(1, len(ready)))
        for fd in ready:
            # Link news may have closed a socket that was ready.
            self._slow.read(fd, self._indexes, limit, news)
            self._probes.read(fd, limit, news)
            self._read_tipc(fd, limit, news)
        return news

    def mute(self, port: str, muted: bool, but: bytes = b"") -> None:
        """Have the kernel's filter throw away what arrives at a port, or no longer."""
        entry = self._entry(port)
        assert self._slow is not None
        self._slow.mute(entry, but if muted else None)

    def failure(self, port: str) -> str:
        """Why the last frame that was not sent was not sent, as the name of an errno; or empty."""
        return self._entry(port).failure

    def filenos(self) -> list[int]:
        """Two descriptors to wait on; the first is readable whenever the other one is."""
        self._check_open()
        return [self._epoll.fileno(), self._urgent.fileno()]

    def urgent(self) -> list[int]:
        """The descriptor that is readable while there is news of a link."""
        self._check_open()
        return [self._urgent.fileno()]

    def close(self) -> None:
        """Close the sockets; the kernel leaves the groups."""
        if self._epoll.closed:
            return
        for entry in self._ports.values():
            if self._slow is not None:
                self._slow.separate(entry, False)
            self._probes.close(entry)
            self._set_tipc(entry, False)
        if self._slow is not None:
            self._slow.close()
        if self._links is not None:
            self._links.close()
        self._urgent.close()
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

    def _entry(self, port: str) -> Port:
        self._check_open()
        try:
            return self._ports[port]
        except KeyError:
            raise UsageError(f"port {port!r} was not added") from None

    def _open(self) -> tuple[SlowTaps, LinkSocket]:
        slow = SlowTaps(self._epoll)
        try:
            links = LinkSocket()
        except BaseException:
            slow.close()
            raise
        self._urgent.register(links.fileno(), select.EPOLLIN)
        return slow, links

    def _set_tipc(self, entry: Port, wanted: bool) -> None:
        """Subscribe to the links of TIPC for a port, or no longer."""
        if wanted and entry.tipc is None:
            entry.tipc = TipcLinks()
            self._tipc[entry.tipc.fileno()] = entry
            self._epoll.register(entry.tipc.fileno(), select.EPOLLIN)
        elif not wanted and entry.tipc is not None:
            del self._tipc[entry.tipc.fileno()]
            entry.tipc.close()
            entry.tipc = None

    def _read_tipc(self, fd: int, limit: int, news: list[News]) -> None:
        entry = self._tipc.get(fd)
        if entry is None or entry.tipc is None:
            return
        try:
            told = entry.tipc.read(limit)
        except OSError as error:
            log.warning("%s: TIPC tells nothing any more: %s", entry.name, error.strerror)
            self._set_tipc(entry, False)
            return
        news.extend(TipcNews(entry.name, link, up) for link, up in told)

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

    def _look(self, sock: socket.socket, changes: int) -> None:
        """While many links change, have the kernel tell of those that it has put off."""
        now = time.monotonic()
        self._flurry.changed(changes, now)
        for port in self._flurry.look(self._ports, now):
            look(sock, port)

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
            case Interface(index=index, name=name):
                bound = self._indexes.get(index)
                if bound is not None and bound.name != name:
                    self._lose(bound, f"was renamed to {name}", news)
                entry = self._ports.get(name)
                if entry is not None:
                    if entry.index not in (None, index):
                        self._lose(entry, "was replaced", news)
                    self._see(entry, event, news)

    def _see(self, entry: Port, seen: Interface, news: list[News]) -> None:
        """The interface of a port is there: bind the port to it if need be, and tell its link."""
        bound = entry.index is not None or self._bind(entry, seen)
        if not bound or seen.address is None:
            self._tell(entry, DOWN, news)
            return
        # A link that was lost and came back while nobody looked has been lost all the same: its
        # partner may be another one now.
        flapped = None not in (seen.downs, entry.downs) and seen.downs != entry.downs
        entry.downs = seen.downs
        assert self._slow is not None
        self._slow.separate(entry, seen.master != 0)
        address = seen.address
        if entry.link.up and (flapped or not seen.operational):
            self._tell(entry, Link(address=address), news)
        if seen.operational and not entry.link.up:
            speed, duplex = speed_and_duplex(self._slow.shared, entry.name)
            self._tell(entry, Link(True, speed, duplex, address), news)
        else:
            self._tell(entry, replace(entry.link, address=address), news)

    def _lose(self, entry: Port, why: str, news: list[News], joined: bool = True) -> None:
        """The interface of a port is there no more."""
        if entry.index is not None:
            log.info("%s (ifindex %d) %s", entry.name, entry.index, why)
        self._unbind(entry, joined)
        self._tell(entry, DOWN, news)

    def _tell(self, entry: Port, link: Link, news: list[News]) -> None:
        if link != entry.link or not entry.told:
            entry.link = link
            entry.told = True
            news.append(LinkNews(entry.name, link))

    def _bind(self, entry: Port, seen: Interface) -> bool:
        """Join the group on an interface; False when that cannot be, which is logged once."""
        if seen.address is None:
            problem: str | None = "it is not an Ethernet interface"
        else:
            assert self._slow is not None
            try:
                self._slow.join(entry, seen.index)
            except OSError as error:
                problem = error.strerror
            else:
                entry.index = seen.index
                entry.unfit = None
                self._indexes[seen.index] = entry
                self._probes.settle(entry)
                return True
        if entry.unfit != seen.index:
            log.warning("%s (ifindex %d) cannot be a port: %s", entry.name, seen.index, problem)
            entry.unfit = seen.index
        return False

    def _unbind(self, entry: Port, joined: bool) -> None:
        """Leave the interface of a port; one that was removed has left the group itself."""
        assert self._slow is not None
        self._slow.separate(entry, False)
        self._probes.close(entry)
        if entry.index is None:
            return
        if joined:
            self._slow.leave(entry, entry.index)
        del self._indexes[entry.index]
        entry.index = entry.downs = None

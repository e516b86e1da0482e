"""What the kernel says of interfaces: link events over rtnetlink, speed and duplex over ethtool.

Messages are read by hand: between the loss of a carrier and the last frame into it lies the reading
of one, and pyroute2 takes ten times as long. On this path of every link event of the host, what is
nobody's port is dropped after its header and first attribute.
"""

from __future__ import annotations

import array
import fcntl
import logging
import os
import select
import socket
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass

from lacp.errors import BackendError
from lacp.link import Duplex

log = logging.getLogger(__name__)

#: Receive buffer of every socket here, in octets: 2,000 link changes at once, or 1,000 frames.
RECEIVE_BUFFER = 4 << 20

# linux/rtnetlink.h, linux/if_link.h, linux/if.h, linux/if_arp.h
_RTMGRP_LINK = 1
_NLMSG_ERROR = 2
_RTM_NEWLINK = 16
_RTM_DELLINK = 17
_RTM_GETLINK = 18
_NLM_F_REQUEST = 1
_NLA_TYPE_MASK = 0x3FFF
_IFLA_ADDRESS = 1
_IFLA_IFNAME = 3
_IFLA_MASTER = 10
_IFLA_EXT_MASK = 29
_IFLA_CARRIER_DOWN_COUNT = 48
_RTEXT_FILTER_SKIP_STATS = 8
_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_IFF_LOWER_UP = 0x10000
_ARPHRD_ETHER = 1
_ETH_ALEN = 6

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port id
_IFINFO = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_U32 = struct.Struct("=I")
_FIRST = _HEADER.size + _IFINFO.size

# linux/sockios.h, linux/ethtool.h
_SIOCETHTOOL = 0x8946
_ETHTOOL_GLINKSETTINGS = 0x4C
_SETTINGS = struct.Struct("=IIB6xb")  # ethtool_link_settings: cmd, speed, duplex, ..., nwords
_SETTINGS_SIZE = 48
_SPEED_UNKNOWN = 0xFFFFFFFF
_DUPLEXES = {0: Duplex.HALF, 1: Duplex.FULL}


@dataclass(frozen=True, slots=True)
class Seen:
    """RTM_NEWLINK: an interface exists, under this name, in this state."""

    index: int
    name: str
    #: ARPHRD_ETHER; of another type there is no slow-protocol address to join.
    ethernet: bool
    #: Frames can pass.
    up: bool
    #: As the kernel gives it; six octets when `ethernet`.
    address: bytes
    #: The interface index of the bond, team or bridge above; 0 when there is none.
    master: int
    #: How often carrier was lost since the interface exists; None on kernels before 4.16.
    downs: int | None


@dataclass(frozen=True, slots=True)
class Gone:
    """RTM_DELLINK: the interface of this index was deleted or moved to another namespace."""

    index: int


@dataclass(frozen=True, slots=True)
class Missing:
    """The answer to a question: there is no interface of this name."""

    name: str


class Lost(Exception):
    """The kernel dropped events, and perhaps answers: what was known of any interface is void."""


Event = Seen | Gone | Missing


def read_link(message: bytes, indexes: Container[int], names: Container[str]) -> Event | None:
    """One netlink message as an event, None when it says nothing about these interfaces.

    `message` is a whole RTM_NEWLINK or RTM_DELLINK from its nlmsghdr on. An interface is of
    interest when either its index or its name is: the one may be new to the other.
    """
    _, kind, _, _, _ = _HEADER.unpack_from(message)
    family, hardware, index, flags, _ = _IFINFO.unpack_from(message, _HEADER.size)
    # A bridge tells of its ports in the same message types, and DELLINK then means that the
    # interface left the bridge.
    if family != socket.AF_UNSPEC:
        return None
    if kind == _RTM_DELLINK:
        return Gone(index) if index in indexes else None
    if index not in indexes and _name(message) not in names:
        return None
    said = _attributes(message)
    name, address = said.get(_IFLA_IFNAME), said.get(_IFLA_ADDRESS, b"")
    ethernet = hardware == _ARPHRD_ETHER
    if name is None or (ethernet and len(address) != _ETH_ALEN):
        # A wireless event: the same type, but next to none of the facts.
        return None
    # LOWER_UP is carrier. RUNNING is the operational state, which follows a moment later, when the
    # transmit queue has been attached: a frame sent in between would vanish. It also stays off
    # while 802.1X has not let the port in. Down is whichever goes first.
    wanted = _IFF_UP | _IFF_RUNNING | _IFF_LOWER_UP
    return Seen(
        index,
        os.fsdecode(name.split(b"\0", 1)[0]),
        ethernet,
        flags & wanted == wanted,
        address,
        _number(said.get(_IFLA_MASTER)) or 0,
        _number(said.get(_IFLA_CARRIER_DOWN_COUNT)),
    )


def _attributes(message: bytes) -> dict[int, bytes]:
    """The attributes of a link message by type; ends where they end or make no sense."""
    found: dict[int, bytes] = {}
    at, end = _FIRST, len(message)
    while at + _ATTRIBUTE.size <= end:
        size, kind = _ATTRIBUTE.unpack_from(message, at)
        if size < _ATTRIBUTE.size or at + size > end:
            break
        found[kind & _NLA_TYPE_MASK] = message[at + _ATTRIBUTE.size : at + size]
        at += (size + 3) & ~3
    return found


def _number(octets: bytes | None) -> int | None:
    """What an attribute of 32 bits says; None when there is none."""
    if octets is None or len(octets) != _U32.size:
        return None
    number: int = _U32.unpack(octets)[0]
    return number


def _name(message: bytes) -> str:
    """The interface's name if it is the first attribute, where the kernel writes it; else empty."""
    size, attribute = _ATTRIBUTE.unpack_from(message.ljust(_FIRST + 4, b"\0"), _FIRST)
    if attribute != _IFLA_IFNAME:
        return ""
    return os.fsdecode(message[_FIRST + 4 : _FIRST + size - 1])


class LinkSocket:
    """Link events of a network namespace, and questions about single interfaces.

    Answers come in the stream of events, in their place: whoever applies everything in order is
    never set back to an older state. A dump of all links is never asked for.
    """

    def __init__(self) -> None:
        log.info("opening a netlink socket for link events")
        try:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
            )
            try:
                enlarge(self._socket)
                self._socket.bind((0, _RTMGRP_LINK))
            except OSError:
                self._socket.close()
                raise
        except OSError as error:
            raise BackendError(f"cannot open a netlink socket: {error.strerror}") from error
        self._id: int = self._socket.getsockname()[0]
        self._sequence = 0
        self._asked: dict[int, str] = {}

    @property
    def outstanding(self) -> int:
        """Questions without an answer; what lies in the receive buffer at the worst."""
        return len(self._asked)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def quiet(self) -> bool:
        """Whether there is nothing to read, not even an error."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def ask(self, name: str) -> bool:
        """Request the state of the interface of this name: `Seen` or `Missing` will come.

        False when the kernel has no memory for the question.
        """
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        text = os.fsencode(name) + b"\0"
        # Without statistics, which some drivers have to ask their hardware for.
        body = (
            _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
            + _ATTRIBUTE.pack(4 + len(text), _IFLA_IFNAME)
            + text.ljust((len(text) + 3) & ~3, b"\0")
            + _ATTRIBUTE.pack(8, _IFLA_EXT_MASK)
            + _U32.pack(_RTEXT_FILTER_SKIP_STATS)
        )
        header = _HEADER.pack(
            _HEADER.size + len(body), _RTM_GETLINK, _NLM_F_REQUEST, self._sequence, 0
        )
        try:
            self._socket.send(header + body)
        except OSError as error:
            log.warning("cannot ask for %s: %s", name, error.strerror)
            return False
        self._asked[self._sequence] = name
        return True

    def read(self, limit: int, indexes: Container[int], names: Container[str]) -> Iterator[Event]:
        """What the next `limit` datagrams say of these interfaces, in order.

        The two containers are looked into at each event, so that the caller may change them
        between one event and the next. Raises `Lost` when the kernel has dropped messages; what is
        still in the buffer then can be read on, and says the truth, but not the whole of it.
        """
        for _ in range(limit):
            try:
                data, (sender, _) = self._socket.recvfrom(65536)
            except BlockingIOError:
                return
            except OSError as error:
                # ENOBUFS: the receive buffer was full. Nothing else is known to happen, and would
                # be no better.
                self._asked.clear()
                raise Lost(error.strerror) from error
            # Other processes can send here as well, the kernel alone is 0.
            if sender == 0:
                yield from self._events(data, indexes, names)

    def _events(
        self, data: bytes, indexes: Container[int], names: Container[str]
    ) -> Iterator[Event]:
        while len(data) >= _HEADER.size:
            length, kind, _, sequence, asker = _HEADER.unpack_from(data)
            if not _HEADER.size <= length <= len(data):
                return
            if kind in (_RTM_NEWLINK, _RTM_DELLINK):
                # An event carries the number of whoever caused it.
                if asker == self._id:
                    self._asked.pop(sequence, None)
                event = read_link(data[:length], indexes, names)
                if event is not None:
                    yield event
            elif kind == _NLMSG_ERROR:
                name = self._asked.pop(sequence, None)
                if name is not None:
                    yield Missing(name)
            data = data[(length + 3) & ~3 :]


def enlarge(sock: socket.socket) -> None:
    """Give a socket the large receive buffer, or what the host allows without CAP_NET_ADMIN."""
    so_rcvbufforce = 33
    try:
        sock.setsockopt(socket.SOL_SOCKET, so_rcvbufforce, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def speed_and_duplex(sock: socket.socket, name: str) -> tuple[int | None, Duplex]:
    """The speed of an interface in Mb/s and its duplex mode, None and UNKNOWN when it does not say.

    Any socket will do. The kernel answers under the lock of its network configuration, so this is
    for when a link came up, not for every frame.
    """
    # The first call says how long the three bit maps behind the structure are, the second fills.
    words = 0
    for _ in range(2):
        block = array.array("B", bytes(_SETTINGS_SIZE + 3 * 4 * words))
        _SETTINGS.pack_into(block, 0, _ETHTOOL_GLINKSETTINGS, 0, 0, words)
        request = struct.pack("16sP", os.fsencode(name), block.buffer_info()[0]).ljust(40, b"\0")
        try:
            fcntl.ioctl(sock.fileno(), _SIOCETHTOOL, request)
        except OSError:
            break
        _, speed, duplex, words = _SETTINGS.unpack_from(block)
        if words >= 0:
            known = speed if 0 < speed < _SPEED_UNKNOWN else None
            return known, _DUPLEXES.get(duplex, Duplex.UNKNOWN)
        words = -words
    return None, Duplex.UNKNOWN

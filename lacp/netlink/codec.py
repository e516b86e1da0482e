"""Octets of netlink: messages, attributes, and what rtnetlink says of an interface.

By hand: between the loss of a carrier and the last frame into it lies the reading of one message,
and pyroute2 takes thirty times as long for it. What makes no sense raises nothing, it is left out.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lacp.address import Mac

# linux/netlink.h
NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
_NLA_TYPE_MASK = 0x3FFF

# linux/rtnetlink.h, linux/if_link.h, linux/if.h, linux/if_arp.h
RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
RTNLGRP_LINK = 1
RTEXT_FILTER_SKIP_STATS = 8
IFLA_ADDRESS = 1
IFLA_IFNAME = 3
IFLA_MTU = 4
IFLA_MASTER = 10
IFLA_LINKINFO = 18
IFLA_EXT_MASK = 29
IFLA_CARRIER = 33
IFLA_CARRIER_DOWN_COUNT = 48
IFLA_PERM_ADDRESS = 54
IFLA_INFO_KIND = 1
IFLA_INFO_DATA = 2
IFLA_INFO_SLAVE_KIND = 4
IFLA_INFO_SLAVE_DATA = 5
IFF_UP = 0x1
IFF_LOOPBACK = 0x8
IFF_RUNNING = 0x40
IFF_LOWER_UP = 0x10000
_ARPHRD_ETHER = 1

HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port id
IFINFO = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
#: Where the index is in a link message, and where its attributes begin.
INDEX_AT = HEADER.size + 4
ATTRIBUTES_AT = HEADER.size + IFINFO.size

_OPERATIONAL = IFF_UP | IFF_RUNNING | IFF_LOWER_UP


@dataclass(frozen=True, slots=True)
class Interface:
    """RTM_NEWLINK: an interface exists, under this name, in this state."""

    index: int
    name: str
    #: IFF_*.
    flags: int
    #: None when it is no Ethernet interface.
    address: Mac | None
    #: The one that it was built with, where there is one.
    permanent: Mac | None
    #: The index of the bond, team or bridge above; 0 when there is none.
    master: int
    #: The driver's name for its kind: ``team``, ``bond``, ``veth``; None of hardware.
    kind: str | None
    #: How often carrier was lost since the interface exists; None on kernels before 4.16.
    downs: int | None

    @property
    def up(self) -> bool:
        """Whether it is administratively up."""
        return bool(self.flags & IFF_UP)

    @property
    def carrier(self) -> bool:
        """Whether there is carrier."""
        return bool(self.flags & IFF_LOWER_UP)

    @property
    def operational(self) -> bool:
        """Whether frames can pass.

        Carrier alone is not enough: RUNNING is the operational state, which follows a moment later,
        when the transmit queue has been attached, and a frame sent in between would vanish. It also
        stays off while 802.1X has not let the port in. Down is whichever goes first.
        """
        return self.flags & _OPERATIONAL == _OPERATIONAL

    @property
    def loopback(self) -> bool:
        """Whether it is one of the host's loopbacks."""
        return bool(self.flags & IFF_LOOPBACK)


def messages(data: bytes) -> Iterator[bytes]:
    """The netlink messages in a datagram; what is cut off at its end is left out."""
    while len(data) >= HEADER.size:
        length = HEADER.unpack_from(data)[0]
        if not HEADER.size <= length <= len(data):
            return
        yield data[:length]
        data = data[(length + 3) & ~3 :]


def attributes(data: bytes, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute from `at` on; ends where they end or make no sense."""
    end = len(data)
    while at + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > end:
            return
        yield kind & _NLA_TYPE_MASK, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def table(data: bytes, at: int = 0) -> dict[int, bytes]:
    """The attributes by type, of each the last one; in haste, for what has each once."""
    found: dict[int, bytes] = {}
    end, head, mask, unpack = len(data), _ATTRIBUTE.size, _NLA_TYPE_MASK, _ATTRIBUTE.unpack_from
    while at + head <= end:
        length, kind = unpack(data, at)
        if length < head or at + length > end:
            break
        found[kind & mask] = data[at + head : at + length]
        at += (length + 3) & ~3
    return found


def nested(said: Mapping[int, bytes], kind: int) -> dict[int, bytes]:
    """The attributes inside the one of this type; none when it is not there."""
    inside = said.get(kind)
    return {} if inside is None else table(inside)


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, up to where the next one begins."""
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value.ljust((len(value) + 3) & ~3, b"\0")


def u8(value: int) -> bytes:
    """A number of 8 bits as the kernel stores it."""
    return value.to_bytes(1, sys.byteorder)


def u16(value: int) -> bytes:
    """A number of 16 bits as the kernel stores it."""
    return value.to_bytes(2, sys.byteorder)


def u32(value: int) -> bytes:
    """A number of 32 bits as the kernel stores it."""
    return value.to_bytes(4, sys.byteorder)


def s32(value: int) -> bytes:
    """A number of 32 bits with its sign as the kernel stores it."""
    return value.to_bytes(4, sys.byteorder, signed=True)


def integer(octets: bytes, *, signed: bool = False) -> int:
    """A number of any size as the kernel stores it."""
    return int.from_bytes(octets, sys.byteorder, signed=signed)


def number(octets: bytes | None) -> int | None:
    """What an attribute says that holds a number without a sign; None when there is none."""
    return integer(octets) if octets else None


def text(octets: bytes) -> str:
    """A text, up to its final zero."""
    return os.fsdecode(octets.split(b"\0", 1)[0])


def mac(octets: bytes | None) -> Mac | None:
    """An address; None when it is none of Ethernet."""
    return Mac(octets) if octets is not None and len(octets) == 6 else None


def link_body(index: int, said: Mapping[int, bytes], flags: int = 0, change: int = 0) -> bytes:
    """What follows the header of a question, or an order, about the interface of this index."""
    return IFINFO.pack(0, 0, index, flags, change) + b"".join(
        attribute(kind, value) for kind, value in said.items()
    )


def name_value(name: str) -> bytes:
    """A text with its final zero: the name of an interface, or of a kind."""
    return os.fsencode(name) + b"\0"


def link_name(message: bytes) -> str:
    """The interface's name if it is the first attribute, where the kernel writes it; else empty."""
    if len(message) < ATTRIBUTES_AT + _ATTRIBUTE.size:
        return ""
    size, kind = _ATTRIBUTE.unpack_from(message, ATTRIBUTES_AT)
    if kind != IFLA_IFNAME:
        return ""
    return os.fsdecode(message[ATTRIBUTES_AT + _ATTRIBUTE.size : ATTRIBUTES_AT + size - 1])


def read_link(message: bytes) -> Interface | None:
    """An RTM_NEWLINK, header included; None when it lacks what every interface has."""
    if len(message) < ATTRIBUTES_AT:
        return None
    _, hardware, index, flags, _ = IFINFO.unpack_from(message, HEADER.size)
    said = table(message, ATTRIBUTES_AT)
    name = said.get(IFLA_IFNAME)
    address = mac(said.get(IFLA_ADDRESS)) if hardware == _ARPHRD_ETHER else None
    if name is None or (address is None and hardware == _ARPHRD_ETHER):
        # A wireless event: the same type, but next to none of the facts.
        return None
    kind = nested(said, IFLA_LINKINFO).get(IFLA_INFO_KIND)
    return Interface(
        index,
        text(name),
        flags,
        address,
        mac(said.get(IFLA_PERM_ADDRESS)) if address is not None else None,
        number(said.get(IFLA_MASTER)) or 0,
        None if kind is None else text(kind),
        number(said.get(IFLA_CARRIER_DOWN_COUNT)),
    )


def driver(message: bytes) -> dict[int, bytes]:
    """What the driver of an interface says of it in a link message, by its own numbers."""
    return _driver_data(message, IFLA_INFO_DATA)


def driver_above(message: bytes) -> dict[int, bytes]:
    """What the driver of the device above says of an interface, by its own numbers."""
    return _driver_data(message, IFLA_INFO_SLAVE_DATA)


def _driver_data(message: bytes, which: int) -> dict[int, bytes]:
    said = table(message, ATTRIBUTES_AT)
    return nested(nested(said, IFLA_LINKINFO), which)

"""Packet sockets: how one is opened, what its filter lets through, which group it joins (Linux)."""

from __future__ import annotations

import array
import itertools
import socket
import struct
from collections.abc import Iterable

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.backends.netlink import enlarge

ETH_P_SLOW = 0x8809
#: The group that `join` joins.
GROUP = SLOW_PROTOCOLS_MULTICAST

#: Octets of a frame that are copied up. The longest frame of Ethernet is 1,518 (802.3, 3.2.7).
SNAP = 2048

# linux/if_packet.h, linux/filter.h, asm-generic/socket.h, linux/pkt_sched.h
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_DROP_MEMBERSHIP = 2
_PACKET_STATISTICS = 6
_PACKET_MR_MULTICAST = 0
_SO_ATTACH_FILTER = 26
_TC_PRIO_INTERACTIVE = 6

_MREQ = struct.Struct("=iHH8s")  # packet_mreq: ifindex, type, address length, address
_STATISTICS = struct.Struct("=II")  # tpacket_stats: packets, drops

# Classic BPF: (code, true, false, operand). Ancillary data lies at negative offsets.
_AD_PROTOCOL = 0xFFFFF000
_AD_PKTTYPE = 0xFFFFF000 + 4
_AD_IFINDEX = 0xFFFFF000 + 8
_AD_VLAN_TAG_PRESENT = 0xFFFFF000 + 48
_LD, _LDH, _LDB, _JEQ, _JGT, _JSET, _RET = 0x20, 0x28, 0x30, 0x15, 0x25, 0x45, 0x06

#: A program; the kernel runs it on every frame and copies up as many octets as it returns.
Program = list[tuple[int, int, int, int]]

#: The program that hears nothing.
NOTHING: Program = [(_RET, 0, 0, 0)]

# The kernel takes a VLAN tag off before this filter runs. What is left of it: a frame of a VLAN
# that does not exist here is marked as for another host, and its header comes up to be counted; a
# frame of a VLAN device arrives on that device, which is not the port. A tag of VLAN 0 carries
# only a priority and leaves no trace. A frame to another host's own address is nobody's business,
# and what this host sends is not shown to sockets bound to an EtherType, but is refused all the
# same.
# fmt: off
SLOW_PROTOCOLS: Program = [
    (_LDH, 0, 0, _AD_PROTOCOL),              # 0
    (_JEQ, 0, 9, ETH_P_SLOW),                # 1  else 11
    (_LDB, 0, 0, _AD_VLAN_TAG_PRESENT),      # 2
    (_JEQ, 0, 7, 0),                         # 3  else 11
    (_LDB, 0, 0, _AD_PKTTYPE),               # 4
    (_JGT, 1, 0, socket.PACKET_MULTICAST),   # 5  then 7
    (_RET, 0, 0, SNAP),                      # 6
    (_JEQ, 0, 3, socket.PACKET_OTHERHOST),   # 7  else 11
    (_LDB, 0, 0, 0),                         # 8  first octet of the destination
    (_JSET, 0, 1, 1),                        # 9  a group address, else 11
    (_RET, 0, 0, 14),                        # 10
    (_RET, 0, 0, 0),                         # 11
]
# fmt: on


#: As many muted interfaces as fit into a program of the kernel's limit of 4,096 steps.
_MUTED = 2000


def deaf_to(indexes: Iterable[int]) -> Program:
    """The program that hears slow protocols, but nothing of the interfaces with these indexes."""
    refusals = [
        step
        for index in itertools.islice(indexes, _MUTED)
        for step in ((_JEQ, 0, 1, index), (_RET, 0, 0, 0))
    ]
    return [(_LD, 0, 0, _AD_IFINDEX), *refusals, *SLOW_PROTOCOLS] if refusals else SLOW_PROTOCOLS


def open_socket(ethertype: int) -> socket.socket:
    """A packet socket that hears this EtherType on all interfaces from now on, or nothing for 0."""
    sock = socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ethertype)
    )
    enlarge(sock)
    # Ahead of what waits on the interface for lack of bandwidth: the highest class that a user may
    # ask for, which pfifo_fast serves first.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, _TC_PRIO_INTERACTIVE)
    return sock


def attach(sock: socket.socket, program: Program) -> None:
    """Have the kernel run this program on every frame that the socket would receive."""
    code = array.array("B", b"".join(struct.pack("=HBBI", *step) for step in program))
    sock.setsockopt(
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        struct.pack("@HP", len(program), code.buffer_info()[0]),
    )


def join(sock: socket.socket, index: int) -> None:
    """Have an interface receive what is sent to the group of the slow protocols."""
    _membership(sock, _PACKET_ADD_MEMBERSHIP, index)


def leave(sock: socket.socket, index: int) -> None:
    """Take `join` back."""
    _membership(sock, _PACKET_DROP_MEMBERSHIP, index)


def _membership(sock: socket.socket, option: int, index: int) -> None:
    group = SLOW_PROTOCOLS_MULTICAST
    sock.setsockopt(_SOL_PACKET, option, _MREQ.pack(index, _PACKET_MR_MULTICAST, len(group), group))


def drops(sock: socket.socket) -> int:
    """The frames for which the socket had no room since the last call."""
    counts = sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
    dropped: int = _STATISTICS.unpack(counts)[1]
    return dropped

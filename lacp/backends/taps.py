"""Packet sockets: how one is opened, what its filter lets through, which group it joins (Linux)."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Mapping

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.netlink import sockets

ETH_P_ALL = 0x0003
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD
ETH_P_SLOW = 0x8809
#: The group that `join` joins.
GROUP = SLOW_PROTOCOLS_MULTICAST

#: Octets of a frame that are copied up. The longest frame of Ethernet is 1,518 (802.3, 3.2.7).
SNAP = 2048
#: Octets of frames that interfaces may hold before they are on their way. An interface that takes
#: no more holds up to some 10,000 frames of 800 octets of memory each (fq_codel), and the others
#: share the socket with it.
SEND_BUFFER = 64 << 20

# linux/if_packet.h, linux/filter.h, asm-generic/socket.h, linux/pkt_sched.h
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_DROP_MEMBERSHIP = 2
_PACKET_STATISTICS = 6
_PACKET_AUXDATA = 8
_PACKET_IGNORE_OUTGOING = 23
_PACKET_MR_MULTICAST = 0
_PACKET_MR_UNICAST = 3
_TP_STATUS_VLAN_VALID = 0x10
_TP_STATUS_VLAN_TPID_VALID = 0x40
_TC_PRIO_INTERACTIVE = 6

_SO_SNDBUFFORCE = 32

_MREQ = struct.Struct("=iHH8s")  # packet_mreq: ifindex, type, address length, address
_AUXDATA = struct.Struct("=IIIHHHH")  # tpacket_auxdata: status, len, snaplen, mac, net, tci, tpid
_STATISTICS = struct.Struct("=II")  # tpacket_stats: packets, drops

# Classic BPF: (code, true, false, operand). Ancillary data lies at negative offsets.
AD_PROTOCOL = 0xFFFFF000
AD_PKTTYPE = 0xFFFFF000 + 4
_AD_IFINDEX = 0xFFFFF000 + 8
_AD_VLAN_TAG_PRESENT = 0xFFFFF000 + 48
LD, LDH, LDB, JA, JEQ, JGT, JSET, RET = 0x20, 0x28, 0x30, 0x05, 0x15, 0x25, 0x45, 0x06

#: A program; the kernel runs it on every frame and copies up as many octets as it returns.
Program = list[tuple[int, int, int, int]]

#: The program that hears nothing.
NOTHING: Program = [(RET, 0, 0, 0)]

# The kernel takes a VLAN tag off before this filter runs. What is left of it: a frame of a VLAN
# that does not exist here is marked as for another host, and its header comes up to be counted; a
# frame of a VLAN device arrives on that device, which is not the port. A tag of VLAN 0 carries
# only a priority and leaves no trace. A frame to another host's own address is nobody's business,
# and what this host sends is not shown to sockets bound to an EtherType, but is refused all the
# same.
# fmt: off
SLOW_PROTOCOLS: Program = [
    (LDH, 0, 0, AD_PROTOCOL),              # 0
    (JEQ, 0, 9, ETH_P_SLOW),                # 1  else 11
    (LDB, 0, 0, _AD_VLAN_TAG_PRESENT),      # 2
    (JEQ, 0, 7, 0),                         # 3  else 11
    (LDB, 0, 0, AD_PKTTYPE),               # 4
    (JGT, 1, 0, socket.PACKET_MULTICAST),   # 5  then 7
    (RET, 0, 0, SNAP),                      # 6
    (JEQ, 0, 3, socket.PACKET_OTHERHOST),   # 7  else 11
    (LDB, 0, 0, 0),                         # 8  first octet of the destination
    (JSET, 0, 1, 1),                        # 9  a group address, else 11
    (RET, 0, 0, 14),                        # 10
    (RET, 0, 0, 0),                         # 11
]
# fmt: on


#: Steps of a program that are left for muted interfaces, of the 4,096 that the kernel takes.
_STEPS = 4000
#: Of these, those for interfaces of which something is still heard; there must be room for others.
_STEPS_FOR_MORE = 2000


def deaf_to(muted: Mapping[int, bytes]) -> Program:
    """The program that hears slow protocols, but of the interfaces with these indexes only what
    begins with these octets, a multiple of four; of no octets nothing is heard.

    Of more interfaces than the kernel's limit allows all is heard.
    """
    blocks: list[Program] = []
    steps = 0
    for index, but in muted.items():
        room = steps + 2 * len(but) < _STEPS_FOR_MORE
        heard: Program = [*_unless(but if room else b""), (JA, 0, 0, 0)] if but and room else []
        block: Program = [(JEQ, 0, len(heard) + 1, index), *heard, (RET, 0, 0, 0)]
        steps += len(block)
        if steps > _STEPS:
            break
        blocks.append(block)
    program: Program = []
    for block in reversed(blocks):
        # What may pass is still to be a slow protocol: over the other blocks, to its program.
        rest = len(program) + 1
        program = [step if step[0] != JA else (JA, 0, 0, rest) for step in block] + program
    return [(LD, 0, 0, _AD_IFINDEX), *program, *SLOW_PROTOCOLS] if program else SLOW_PROTOCOLS


def but_for(octets: bytes | None) -> Program:
    """The program for one interface that hears of slow protocols only what begins so; None: all."""
    if octets is None:
        return SLOW_PROTOCOLS
    if not octets:
        return NOTHING
    return [*_unless(octets), (JA, 0, 0, 1), (RET, 0, 0, 0), *SLOW_PROTOCOLS]


def _unless(octets: bytes) -> Program:
    """Steps that go on when the frame begins so, and else to the step behind the next one."""
    words = [int.from_bytes(octets[at : at + 4], "big") for at in range(0, len(octets), 4)]
    steps: Program = []
    for number, word in enumerate(words):
        left = 2 * (len(words) - number) - 1
        steps += [(LD, 0, 0, 4 * number), (JEQ, 0, left, word)]
    return steps


def open_socket(ethertype: int) -> socket.socket:
    """A packet socket that hears this EtherType on all interfaces from now on, or nothing for 0."""
    sock = socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ethertype)
    )
    sockets.enlarge(sock)
    # Ahead of what waits on the interface for lack of bandwidth: the highest class that a user may
    # ask for, which pfifo_fast serves first.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, _TC_PRIO_INTERACTIVE)
    return sock


def enlarge_sending(sock: socket.socket) -> None:
    """Give a socket that sends for many interfaces the large send buffer, or what it may have."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, SEND_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def attach(sock: socket.socket, program: Program) -> None:
    """Have the kernel run this program on every frame that the socket would receive."""
    sockets.attach(sock, b"".join(struct.pack("=HBBI", *step) for step in program))


def join(sock: socket.socket, index: int) -> None:
    """Have an interface receive what is sent to the group of the slow protocols."""
    _membership(sock, _PACKET_ADD_MEMBERSHIP, index, _PACKET_MR_MULTICAST, GROUP)


def leave(sock: socket.socket, index: int) -> None:
    """Take `join` back."""
    _membership(sock, _PACKET_DROP_MEMBERSHIP, index, _PACKET_MR_MULTICAST, GROUP)


def admit(sock: socket.socket, index: int, address: bytes) -> None:
    """Have an interface receive what is sent to this address, too, until the socket is closed."""
    _membership(sock, _PACKET_ADD_MEMBERSHIP, index, _PACKET_MR_UNICAST, address)


def _membership(sock: socket.socket, option: int, index: int, kind: int, address: bytes) -> None:
    sock.setsockopt(_SOL_PACKET, option, _MREQ.pack(index, kind, len(address), address))


def want_tags(sock: socket.socket) -> None:
    """Have `receive` put back the VLAN tags that the kernel takes off."""
    sock.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)


def ignore_outgoing(sock: socket.socket) -> None:
    """Spare the kernel the copies of what this host sends, if it is one that can (4.20)."""
    with contextlib.suppress(OSError):
        sock.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)


def receive(sock: socket.socket, size: int) -> bytes:
    """A frame with its VLAN tag, of no more octets than that. Raises OSError as `recv` does."""
    frame, ancillary, _, _ = sock.recvmsg(size, socket.CMSG_SPACE(_AUXDATA.size))
    for level, kind, data in ancillary:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
            return frame[:12] + tag(data) + frame[12:]
    return frame


def tag(auxiliary: bytes) -> bytes:
    """The VLAN tag that the kernel took off a frame, by what it says beside (PACKET_AUXDATA)."""
    status, _, _, _, _, control, protocol = _AUXDATA.unpack(auxiliary[: _AUXDATA.size])
    if not status & _TP_STATUS_VLAN_VALID:
        return b""
    ethertype = protocol if status & _TP_STATUS_VLAN_TPID_VALID else 0x8100
    return struct.pack("!HH", ethertype, control)


def drops(sock: socket.socket) -> int:
    """The frames for which the socket had no room since the last call."""
    counts = sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
    dropped: int = _STATISTICS.unpack(counts)[1]
    return dropped

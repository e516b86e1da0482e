"""Packet sockets on a port: which frames come in, decided by the kernel before they are copied.

There are two for each port. The kernel takes the VLAN tag off each frame and keeps it beside; to
get it a message has to be received with control data, which takes longer. So one socket hears what
has no tag, and what has one comes in at the other.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Self

from lacp.address import Mac
from lacp.errors import BackendError
from lacp.netlink.sockets import attach
from lacp.txhash.bpf import (
    AD_VLAN_TAG_PRESENT,
    AND_K,
    JEQ_K,
    LD_H,
    LD_W,
    RET_K,
    Instruction,
    octets,
)

# linux/if_ether.h, linux/if_packet.h, asm-generic/socket.h
_ETH_P_ALL = 3
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_DROP_MEMBERSHIP = 2
_PACKET_MR_PROMISC = 1
_PACKET_AUXDATA = 8
_PACKET_VNET_HDR = 15
_PACKET_IGNORE_OUTGOING = 23
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33

_MREQ = struct.Struct("=iHH8s")

#: Octets that may wait for this process, and for the interface: some 50 pieces of TCP each.
_BUFFER = 4 << 20

_NOTHING = (Instruction(RET_K, 0, 0, 0),)


@dataclass(frozen=True, slots=True)
class Sockets:
    """Those of one port."""

    untagged: socket.socket
    tagged: socket.socket
    index: int

    @classmethod
    def open(cls, port: str) -> Self:
        """Both, deaf as yet, and the port hears frames to every address. Raises BackendError."""
        try:
            untagged = _opened(port)
        except OSError as error:
            raise BackendError(f"{port}: cannot open a packet socket: {error.strerror}") from error
        try:
            tagged = _opened(port)
        except OSError as error:
            untagged.close()
            raise BackendError(f"{port}: cannot open a packet socket: {error.strerror}") from error
        try:
            tagged.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
            index = socket.if_nametoindex(port)
            untagged.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _everything(index))
        except OSError as error:
            untagged.close()
            tagged.close()
            raise BackendError(f"{port}: cannot be listened to: {error.strerror}") from error
        return cls(untagged, tagged, index)

    def hear(self, own: Mac) -> None:
        """Let in user frames that are not of this address, which would be our own come back."""
        attach(self.untagged, octets(admit(own, tagged=False)))
        attach(self.tagged, octets(admit(own, tagged=True)))

    def deafen(self) -> None:
        """Let nothing in."""
        for one in (self.untagged, self.tagged):
            attach(one, octets(_NOTHING))

    def close(self) -> None:
        """Close both here, and have the port hear no more than it did before."""
        # The other process may have its copies open for a moment yet.
        self.deafen()
        with contextlib.suppress(OSError):
            self.untagged.setsockopt(_SOL_PACKET, _PACKET_DROP_MEMBERSHIP, _everything(self.index))
        self.untagged.close()
        self.tagged.close()


def _everything(index: int) -> bytes:
    """`struct packet_mreq`: frames to every address."""
    return _MREQ.pack(index, _PACKET_MR_PROMISC, 0, bytes(8))


def _opened(port: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        attach(sock, octets(_NOTHING))
        for option in (_PACKET_IGNORE_OUTGOING, _PACKET_VNET_HDR):
            sock.setsockopt(_SOL_PACKET, option, 1)
        _enlarge(sock)
        sock.bind((port, _ETH_P_ALL))
    except OSError:
        sock.close()
        raise
    return sock


def _enlarge(sock: socket.socket) -> None:
    for forced, modest in (
        (_SO_SNDBUFFORCE, socket.SO_SNDBUF),
        (_SO_RCVBUFFORCE, socket.SO_RCVBUF),
    ):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, _BUFFER)
        except PermissionError:
            # In a container: as much as its host allows everybody.
            sock.setsockopt(socket.SOL_SOCKET, modest, _BUFFER)


def admit(own: Mac, tagged: bool) -> tuple[Instruction, ...]:
    """The program that lets in the user frames of a port, those with a tag or those without.

    Frames to 01-80-C2-00-00-00 .. 0F are for the port and not for the team (802.1Q, 8.6.3): LACP,
    spanning tree, LLDP, pause.
    """
    # fmt: off
    return (
        Instruction(LD_W, 0, 0, AD_VLAN_TAG_PRESENT),                        # 0
        Instruction(JEQ_K, 0, 10, int(tagged)),                              # 1  else 12
        Instruction(LD_W, 0, 0, 0),                                          # 2
        Instruction(JEQ_K, 0, 3, 0x0180C200),                                # 3  else 7
        Instruction(LD_H, 0, 0, 4),                                          # 4
        Instruction(AND_K, 0, 0, 0xFFF0),                                    # 5
        Instruction(JEQ_K, 5, 0, 0),                                         # 6  then 12
        Instruction(LD_W, 0, 0, 6),                                          # 7
        Instruction(JEQ_K, 0, 2, int.from_bytes(own[:4], "big")),            # 8  else 11
        Instruction(LD_H, 0, 0, 10),                                         # 9
        Instruction(JEQ_K, 1, 0, int.from_bytes(own[4:], "big")),            # 10 then 12
        Instruction(RET_K, 0, 0, 0xFFFFFFFF),                                # 11
        Instruction(RET_K, 0, 0, 0),                                         # 12
    )
    # fmt: on

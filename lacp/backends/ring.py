"""The receive ring of a packet socket: slots in memory that the kernel fills (TPACKET_V2).

A frame that is taken from here costs no system call, and comes with the index of its interface.
From `recvfrom` it costs two, for Python asks for the interface's name each time, and in the second
one the kernel looks for it among all interfaces of the host. Frames wake the reader one by one,
which a ring of the third version puts off until a block is full or some milliseconds have passed.
See packet_mmap in the kernel's documentation of networking.
"""

from __future__ import annotations

import mmap
import socket
import struct
import sys
from collections.abc import Iterator

# linux/if_packet.h
_SOL_PACKET = 263
_PACKET_RX_RING = 5
_PACKET_COPY_THRESH = 7
_PACKET_VERSION = 10
_TPACKET_V2 = 1
_KERNEL = bytes(4)
_USER = 0x1
_COPY = 0x2

_REQUEST = struct.Struct("@IIII")  # tpacket_req: block size, blocks, slot size, slots
# tpacket2_hdr: status, length, octets here, where they begin; sockaddr_ll: index, packet type.
_SLOT = struct.Struct("@IIIH22xi2xB")
#: The octet of the status with the lowest bits.
_STATUS_AT = 0 if sys.byteorder == "little" else 3

#: Octets of a slot: the two headers, and 190 of the frame, where an LACPDU has 124. A longer frame
#: is copied beside.
SLOT = 256
#: Frames that may wait: more than the ports of a large host send in a second, and what a flood
#: brings in several wake-ups of the loop.
SLOTS = 8192
#: Octets that the kernel allocates in one piece: a multiple of any machine's page.
_BLOCK = 1 << 16


class Ring:
    """Frames that a packet socket hears from now on; what waited in the socket is thrown away.

    `snap` is how many octets of a frame count. Raises OSError.
    """

    def __init__(self, sock: socket.socket, snap: int) -> None:
        self._socket = sock
        self._snap = snap
        size = SLOTS * SLOT
        sock.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        # Any threshold makes the kernel queue the frames that do not fit into their slots.
        sock.setsockopt(_SOL_PACKET, _PACKET_COPY_THRESH, 1)
        sock.setsockopt(
            _SOL_PACKET, _PACKET_RX_RING, _REQUEST.pack(_BLOCK, size // _BLOCK, SLOT, SLOTS)
        )
        self._slots = mmap.mmap(sock.fileno(), size)
        self._size = size
        self._at = 0

    def close(self) -> None:
        """Let go of the memory; the socket stays."""
        self._slots.close()

    def take(self, limit: int) -> Iterator[tuple[int, int, int, bytes]]:
        """The next frames: index of the interface, packet type (PACKET_*), length, octets.

        Of a frame that is longer than its slot and for which there was no memory beside, the first
        octets only.
        """
        slots, at = self._slots, self._at
        for _ in range(limit):
            # On its own, before anything else of the slot is looked at: the kernel writes it last.
            if not slots[at + _STATUS_AT] & _USER:
                return
            status, length, size, begin, index, kind = _SLOT.unpack_from(slots, at)
            begin += at
            frame = self._socket.recv(self._snap) if status & _COPY else slots[begin : begin + size]
            slots[at : at + 4] = _KERNEL
            at += SLOT
            if at == self._size:
                at = 0
            self._at = at
            yield index, kind, length, frame

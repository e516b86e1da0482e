"""Many frames in one system call, sendmmsg(2) and recvmmsg(2), as far as ctypes reaches them."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterator

#: Frames in a call.
AT_ONCE = 128
_SLOT = 256
_MSG_DONTWAIT = 0x40
# sockaddr_ll: family, protocol, interface, hardware type, packet type, length of the address
_ADDRESS = struct.Struct("=HHiHBB8s")
_LENGTH = struct.Struct("=I")


class _Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct msghdr"""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = (("header", _Header), ("length", ctypes.c_uint))


class Batch:
    """Room for `AT_ONCE` frames and their addresses, made once."""

    def __init__(self, sock: socket.socket) -> None:
        self._fd = sock.fileno()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._frames = bytearray(AT_ONCE * _SLOT)
        self._addresses = bytearray(AT_ONCE * _ADDRESS.size)
        self._messages = (_Message * AT_ONCE)()
        self._pieces = (_Piece * AT_ONCE)()
        self._lengths = memoryview(self._messages).cast("B")
        frames, addresses = _place(self._frames), _place(self._addresses)
        for at, (message, piece) in enumerate(zip(self._messages, self._pieces, strict=True)):
            piece.base, piece.length = frames + at * _SLOT, _SLOT
            header = message.header
            header.name, header.name_length = addresses + at * _ADDRESS.size, _ADDRESS.size
            header.pieces, header.piece_count = ctypes.addressof(piece), 1

    def send(self, frame: bytes, addresses: list[bytes]) -> None:
        """Send a frame to each of these addresses. Raises OSError."""
        size = len(frame)
        for piece in self._pieces:
            piece.length = size
        for begin in range(0, len(addresses), AT_ONCE):
            some = addresses[begin : begin + AT_ONCE]
            for at, address in enumerate(some):
                self._frames[at * _SLOT : at * _SLOT + size] = frame
                self._addresses[at * _ADDRESS.size : (at + 1) * _ADDRESS.size] = address
            sent = self._libc.sendmmsg(self._fd, self._messages, len(some), 0)
            if sent != len(some):
                raise OSError(ctypes.get_errno(), f"{sent} of {len(some)} frames were taken")

    def receive(self) -> Iterator[tuple[int, bytes]]:
        """What there is to read: the index of the interface, and the frame."""
        step, length_at = ctypes.sizeof(_Message), _Message.length.offset
        count = AT_ONCE
        while count == AT_ONCE:
            count = self._libc.recvmmsg(self._fd, self._messages, AT_ONCE, _MSG_DONTWAIT, None)
            for at in range(count):
                (length,) = _LENGTH.unpack_from(self._lengths, at * step + length_at)
                index = _ADDRESS.unpack_from(self._addresses, at * _ADDRESS.size)[2]
                yield index, bytes(self._frames[at * _SLOT : at * _SLOT + length])


def address(index: int, ethertype: int) -> bytes:
    """An interface as the kernel is told of it."""
    return _ADDRESS.pack(socket.AF_PACKET, socket.htons(ethertype), index, 0, 0, 6, bytes(8))


def _place(octets: bytearray) -> int:
    return ctypes.addressof((ctypes.c_char * len(octets)).from_buffer(octets))

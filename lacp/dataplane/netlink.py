"""Netlink sockets of dataplanes: one that asks the kernel and waits, one that listens.

Messages go in and out as octets. What pyroute2 declares it encodes and decodes; its own sockets are
not used, because they bring an event loop of their own.
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence

from lacp.errors import BackendError
from lacp.txhash.bpf import Instruction, octets

#: Octets of every receive buffer: the announcements of 10,000 changed options.
RECEIVE_BUFFER = 4 << 20
#: Seconds for an answer. The kernel answers within the call, unless it waits for its own locks.
_PATIENCE = 10.0

# linux/netlink.h
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NLM_F_REQUEST = 0x1
_NLM_F_ACK = 0x4
_NLM_F_DUMP = 0x300
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_SOL_NETLINK = 270
_NETLINK_ADD_MEMBERSHIP = 1
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NLMSGERR_ATTR_MSG = 1
_NLA_TYPE_MASK = 0x3FFF
_SO_RCVBUFFORCE = 33

HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port id
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
_ERROR = struct.Struct("=i")

# linux/filter.h
_FILTER = struct.Struct("HP")  # sock_fprog: number of instructions, address
_SO_ATTACH_FILTER = 26
_MAX_INSTRUCTIONS = 4096


class KernelRefused(BackendError):
    """The kernel's answer to a request is an error: `number` is its errno."""

    def __init__(self, number: int, said: str = "") -> None:
        super().__init__(said or os.strerror(number))
        self.number = number


class Lost(Exception):
    """The receive buffer was full and the kernel has dropped announcements."""


class Requests:
    """A socket for requests; each call is over when the kernel has answered."""

    def __init__(self, protocol: int) -> None:
        self._socket = _open(protocol)
        self._socket.settimeout(_PATIENCE)
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def ask(self, kind: int, body: bytes, flags: int = 0, *, dump: bool = False) -> list[bytes]:
        """Send a request, and return the messages of the answer, headers included.

        `body` is what follows the header. Raises KernelRefused, or BackendError when no answer
        comes at all.
        """
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        flags |= _NLM_F_REQUEST | (_NLM_F_DUMP if dump else _NLM_F_ACK)
        length = HEADER.size + len(body)
        try:
            self._socket.send(HEADER.pack(length, kind, flags, self._sequence, 0) + body)
            return self._answer(dump)
        except TimeoutError:
            raise BackendError(f"the kernel did not answer in {_PATIENCE:.0f} s") from None
        except OSError as error:
            raise KernelRefused(error.errno or errno.EIO) from error

    def _answer(self, dump: bool) -> list[bytes]:
        found: list[bytes] = []
        while True:
            data, (sender, _) = self._socket.recvfrom(1 << 16)
            if sender != 0:
                continue
            for message in messages(data):
                _, kind, flags, sequence, _ = HEADER.unpack_from(message)
                if sequence != self._sequence:
                    continue
                if kind == _NLMSG_ERROR:
                    (number,) = _ERROR.unpack_from(message, HEADER.size)
                    if number:
                        raise KernelRefused(-number, _explanation(message, flags))
                    return found
                # The team driver answers what is no dump in many messages, ends them with DONE, and
                # acknowledges after that: only the acknowledgement is the end.
                if kind != _NLMSG_DONE:
                    found.append(message)
                elif dump:
                    return found


class Announcements:
    """A socket that hears what the kernel tells everybody, as far as its filter lets it through."""

    def __init__(self, protocol: int) -> None:
        self._socket = _open(protocol)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def join(self, group: int) -> None:
        """Hear this group as well."""
        try:
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)
        except OSError as error:
            raise BackendError(f"cannot listen to the kernel: {error.strerror}") from error

    def filter(self, program: Sequence[Instruction]) -> None:
        """Let the kernel drop, before they cost anything, the messages that `program` refuses."""
        code = array.array("B", octets(program))
        value = _FILTER.pack(len(program), code.buffer_info()[0])
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, value)
        except OSError as error:
            raise BackendError(f"cannot filter the kernel's news: {error.strerror}") from error

    def ask(self, kind: int, body: bytes) -> None:
        """Have the answer to a question come among the announcements."""
        try:
            self._socket.send(
                HEADER.pack(HEADER.size + len(body), kind, _NLM_F_REQUEST, 0, 0) + body
            )
        except OSError as error:
            raise BackendError(f"cannot ask the kernel: {error.strerror}") from error

    def read(self, limit: int = 10_000) -> Iterator[bytes]:
        """What has come, a message at a time, until there is nothing more.

        Raises `Lost`, once, when there was too much; what is left can be read on. More than `limit`
        datagrams without an end count as lost as well.
        """
        for _ in range(limit):
            try:
                data, (sender, _) = self._socket.recvfrom(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                # ENOBUFS; nothing else is known to happen, and would be no better.
                raise Lost(error.strerror) from error
            # Other processes can send here as well, the kernel alone is 0.
            if sender == 0:
                yield from messages(data)
        raise Lost("a flood")


def messages(data: bytes) -> Iterator[bytes]:
    """The netlink messages in a datagram; what is cut off at its end is left out."""
    while len(data) >= HEADER.size:
        length = HEADER.unpack_from(data)[0]
        if not HEADER.size <= length <= len(data):
            return
        yield data[:length]
        data = data[(length + 3) & ~3 :]


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute; ends where they end or make no sense."""
    at, end = 0, len(data)
    while at + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > end:
            return
        yield kind & _NLA_TYPE_MASK, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, up to where the next one begins."""
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value.ljust((len(value) + 3) & ~3, b"\0")


def fits(program: Sequence[Instruction]) -> bool:
    """Whether the kernel takes a program of this length."""
    return len(program) <= _MAX_INSTRUCTIONS


def _explanation(message: bytes, flags: int) -> str:
    """What the kernel says beside the number of an error; empty when nothing."""
    if not flags & _NLM_F_ACK_TLVS:
        return ""
    echoed = HEADER.size + _ERROR.size
    (length,) = struct.unpack_from("=I", message, echoed)
    skip = HEADER.size if flags & _NLM_F_CAPPED else (length + 3) & ~3
    for kind, value in attributes(message[echoed + skip :]):
        if kind == _NLMSGERR_ATTR_MSG:
            return value.rstrip(b"\0").decode(errors="replace")
    return ""


def _open(protocol: int) -> socket.socket:
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        try:
            sock.bind((0, 0))
            _enlarge(sock)
        except OSError:
            sock.close()
            raise
    except OSError as error:
        raise BackendError(f"cannot open a netlink socket: {error.strerror}") from error
    for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK):
        # Kernels before 4.12 only say the number of an error.
        with contextlib.suppress(OSError):
            sock.setsockopt(_SOL_NETLINK, option, 1)
    return sock


def _enlarge(sock: socket.socket) -> None:
    """Give a socket the large receive buffer, or what the host allows without CAP_NET_ADMIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

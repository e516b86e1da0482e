"""Netlink sockets: one that asks the kernel and waits, one that listens."""

from __future__ import annotations

import array
import contextlib
import errno
import os
import select
import socket
import struct
import time
from collections.abc import Iterator

from lacp.errors import BackendError
from lacp.netlink.codec import (
    HEADER,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    attributes,
    messages,
)

#: Octets of every receive buffer: 2,000 link changes at once, or 10,000 options, or 1,000 frames.
RECEIVE_BUFFER = 4 << 20
#: Seconds for an answer. The kernel answers within the call, unless it waits for its own locks.
PATIENCE = 10.0
#: The same, when there is hardly any time left.
_LEAST = 0.05

# linux/netlink.h
_NLM_F_CAPPED = 0x100
_NLM_F_ACK_TLVS = 0x200
_SOL_NETLINK = 270
_NETLINK_ADD_MEMBERSHIP = 1
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NLMSGERR_ATTR_MSG = 1
_SO_RCVBUFFORCE = 33
_ERROR = struct.Struct("=i")

# linux/filter.h
_FILTER = struct.Struct("HP")  # sock_fprog: number of instructions, address
_SO_ATTACH_FILTER = 26
_INSTRUCTION = 8  # octets of a sock_filter


class KernelRefused(BackendError):
    """The kernel's answer to a request is an error: `number` is its errno."""

    def __init__(self, number: int, said: str = "") -> None:
        super().__init__(said or os.strerror(number))
        self.number = number


class Lost(Exception):
    """The kernel dropped announcements, and perhaps answers: what was known of anything is void."""


def left(deadline: float) -> float:
    """Seconds for an answer until `deadline`, of `time.monotonic`."""
    return max(_LEAST, deadline - time.monotonic())


class Requests:
    """A socket for requests; each call is over when the kernel has answered."""

    def __init__(self, protocol: int, patience: float = PATIENCE) -> None:
        self._socket = _open(protocol)
        self._patience = patience
        self._socket.settimeout(patience)
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
        flags |= NLM_F_REQUEST | (NLM_F_DUMP if dump else NLM_F_ACK)
        length = HEADER.size + len(body)
        try:
            self._socket.send(HEADER.pack(length, kind, flags, self._sequence, 0) + body)
            return self._answer(dump)
        except TimeoutError:
            raise BackendError(f"the kernel did not answer in {self._patience:g} s") from None
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
                if kind == NLMSG_ERROR:
                    (number,) = _ERROR.unpack_from(message, HEADER.size)
                    if number:
                        raise KernelRefused(-number, _explanation(message, flags))
                    return found
                # The team driver answers what is no dump in many messages, ends them with DONE, and
                # acknowledges after that: only the acknowledgement is the end.
                if kind != NLMSG_DONE:
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

    @property
    def port_id(self) -> int:
        """What an answer to this socket bears in its header."""
        found: int = self._socket.getsockname()[0]
        return found

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def join(self, group: int) -> None:
        """Hear this group as well."""
        try:
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)
        except OSError as error:
            raise BackendError(f"cannot listen to the kernel: {error.strerror}") from error

    def filter(self, program: bytes) -> None:
        """Let the kernel drop, before they cost anything, the messages that `program` refuses.

        See `lacp.netlink.filters`.
        """
        try:
            attach(self._socket, program)
        except OSError as error:
            raise BackendError(f"cannot filter the kernel's news: {error.strerror}") from error

    def ask(self, kind: int, body: bytes, sequence: int = 0, *, dump: bool = False) -> None:
        """Have the answer to a question come among the announcements, in its place."""
        flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else 0)
        try:
            self._socket.send(HEADER.pack(HEADER.size + len(body), kind, flags, sequence, 0) + body)
        except OSError as error:
            raise BackendError(f"cannot ask the kernel: {error.strerror}") from error

    def quiet(self) -> bool:
        """Whether there is nothing to read, not even an error."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def datagram(self) -> bytes | None:
        """The next datagram of the kernel's; None when there is nothing more.

        Raises `Lost`, once, when there was too much; what is left can be read on, and says the
        truth, but not the whole of it.
        """
        while True:
            try:
                data, (sender, _) = self._socket.recvfrom(1 << 16)
            except BlockingIOError:
                return None
            except OSError as error:
                # ENOBUFS; nothing else is known to happen, and would be no better.
                raise Lost(error.strerror) from error
            # Other processes can send here as well, the kernel alone is 0.
            if sender == 0:
                return data

    def read(self, limit: int = 10_000) -> Iterator[bytes]:
        """What has come, a message at a time, until there is nothing more.

        Raises `Lost` as `datagram` does. More than `limit` datagrams without an end count as lost
        as well.
        """
        for _ in range(limit):
            data = self.datagram()
            if data is None:
                return
            yield from messages(data)
        raise Lost("a flood")


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
            enlarge(sock)
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


def attach(sock: socket.socket, program: bytes) -> None:
    """Have the kernel run this program on all that a socket, of any family, would receive."""
    code = array.array("B", program)
    value = _FILTER.pack(len(program) // _INSTRUCTION, code.buffer_info()[0])
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, value)


def enlarge(sock: socket.socket) -> None:
    """Give a socket the large receive buffer, or what the host allows without CAP_NET_ADMIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

"""What the dataplane tells the process that moves its frames, and what that one answers.

Orders are the whole of what is to be, each time: a process that has just started needs no history.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from lacp.dataplane.base import Burst
from lacp.dataplane.seclusion import Seclusion

#: Octets of the longest message: 256 hashes and a few hundred ports.
_LONGEST = 1 << 18
#: Descriptors that go with one message (linux/net/scm.h allows 253).
_DESCRIPTORS = 2
#: Messages and their descriptors fit the buffer of the socket; a reader that is stuck must not
#: have the writer wait.
_BUFFER = 4 << 20

_NEVER = Burst()


@dataclass(frozen=True, slots=True)
class PortOrder:
    """One port."""

    #: Tells it from a port of the same name before.
    number: int
    name: str
    #: Frames of the device may leave through it.
    distributing: bool
    #: What to undo when the daemon has ended without doing so.
    seclusion: Seclusion

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """What `asdict` made a document of."""
        return cls(**{**document, "seclusion": Seclusion(**document["seclusion"])})


@dataclass(frozen=True, slots=True)
class Orders:
    """How frames are to go."""

    #: The name of the device.
    device: str
    runner: str
    #: Fragments of tx_hash.
    fragments: tuple[str, ...]
    #: Seconds between two reports of loads; None wants none.
    balancing: float | None
    #: Those that may send in the order in which they were enabled.
    ports: tuple[PortOrder, ...]
    #: The number of the only port that may send, of `activebackup`.
    active: int | None
    #: The numbers of ports by hash.
    mapping: dict[int, int]
    #: What is announced when another port begins to send.
    notify_peers: Burst = _NEVER
    mcast_rejoin: Burst = _NEVER
    #: The number of the port whose two sockets come along; None when there are none.
    sockets: int | None = None

    def encode(self) -> bytes:
        """As one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Self:
        """What was encoded."""
        document = json.loads(message)
        ports = tuple(PortOrder.of(port) for port in document.pop("ports"))
        mapping = {int(hash): number for hash, number in document.pop("mapping").items()}
        return cls(
            **{
                **document,
                "fragments": tuple(document["fragments"]),
                "notify_peers": Burst(**document["notify_peers"]),
                "mcast_rejoin": Burst(**document["mcast_rejoin"]),
            },
            ports=ports,
            mapping=mapping,
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What the process has to say."""

    #: Octets sent with each hash since it started.
    loads: dict[int, int] = field(default_factory=dict)
    #: What went wrong, as a line for a log; or empty.
    trouble: str = ""

    def encode(self) -> bytes:
        """As one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> Self:
        """What was encoded."""
        document = json.loads(message)
        loads = {int(hash): octets for hash, octets in document["loads"].items()}
        return cls(loads, document["trouble"])


def channel() -> tuple[socket.socket, socket.socket]:
    """Both ends of the way between the two processes."""
    kind = socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK
    here, there = socket.socketpair(socket.AF_UNIX, kind)
    for one in (here, there):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return here, there


def send(sock: socket.socket, orders: Orders, sockets: tuple[socket.socket, ...]) -> None:
    """Send orders, and the sockets that belong to `orders.sockets`. Raises OSError."""
    message = orders.encode()
    if sockets:
        socket.send_fds(sock, [message], [one.fileno() for one in sockets])
    else:
        sock.send(message)


def receive(sock: socket.socket) -> tuple[Orders | None, list[int]]:
    """Take orders and the descriptors with them; None when the other end is gone."""
    message, descriptors, _, _ = socket.recv_fds(sock, _LONGEST, _DESCRIPTORS)
    return (Orders.decode(message) if message else None), descriptors

"""The packet backend on cables between two namespaces, and what is heard there."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lacp.address import Mac
from lacp.backends.base import Backend, FrameReceived, LinkNews, News
from lacp.backends.packet import PacketBackend
from lacp.link import DOWN, Link
from tests.interop.netns import Namespace, namespaces, veth

ROOT = Path(__file__).parents[2]
SLOW = bytes.fromhex("0180c2000002")
OURS = bytes.fromhex("020000000001")


def frame(
    payload: bytes = b"\x01\x01", *, to: bytes = SLOW, ethertype: int = 0x8809, size: int = 124
) -> bytes:
    return (to + OURS + ethertype.to_bytes(2, "big") + payload).ljust(size, b"\0")


def tagged(vlan: int, ethertype: int = 0x8809) -> bytes:
    return frame(vlan.to_bytes(2, "big") + ethertype.to_bytes(2, "big") + b"\1\1", ethertype=0x8100)


class Reader:
    """A backend and all that it has said so far."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.news: list[News] = []

    def until(self, done: Callable[[], bool], seconds: float = 10) -> None:
        """Read until `done`; it is the test's failure when that does not come in time."""
        end = time.monotonic() + seconds
        self.news += self.backend.read()
        while not done():
            left = end - time.monotonic()
            assert left > 0, f"only this was read: {self.news}"
            select.select(self.backend.filenos(), [], [], left)
            self.news += self.backend.read()

    @property
    def frames(self) -> list[FrameReceived]:
        return [one for one in self.news if isinstance(one, FrameReceived)]

    def links(self, port: str) -> list[Link]:
        return [one.link for one in self.news if isinstance(one, LinkNews) and one.port == port]

    def link(self, port: str) -> Link:
        """The link as last told; down before the first news of it."""
        return (self.links(port) or [DOWN])[-1]


class World:
    """Two namespaces, backends in the first one, all gone when the test is over."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.here, self.there = stack.enter_context(namespaces(2))

    def cable(self, port: str) -> None:
        """A veth pair with the same name on both sides."""
        veth(self.here, port, self.there, port)

    def wire(self, port: str) -> socket.socket:
        """The far end of a cable."""
        return self._stack.enter_context(self.there.wire(port))

    def reader(self, *ports: str) -> Reader:
        """A backend with these ports, all of them up and told."""
        with self.here.entered():
            backend = self._stack.enter_context(PacketBackend())
            for port in ports:
                backend.add(port)
        reader = Reader(backend)
        reader.until(lambda: all(reader.link(port).up for port in ports))
        return reader


def heard(wire: socket.socket) -> bytes:
    """The next slow-protocol frame at the far end, received there and not sent from there."""
    while True:
        octets, address = wire.recvfrom(4096)
        if address[1] == 0x8809 and address[2] != socket.PACKET_OUTGOING:
            return octets


def interface(namespace: Namespace, name: str) -> dict[str, Any]:
    """What `ip link show` says of an interface."""
    found: list[dict[str, Any]] = json.loads(namespace.ip(f"-json link show {name}"))
    return found[0]


def address_of(namespace: Namespace, port: str) -> Mac:
    return Mac.parse(interface(namespace, port)["address"])


@contextmanager
def made() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def storm(namespace: Namespace, changes: int) -> None:
    """So many link events of an interface that is nobody's port."""
    namespace.ip("link add storm type veth peer name calm")
    namespace.ip_batch([f"link set storm mtu {1000 + number % 2}" for number in range(changes)])

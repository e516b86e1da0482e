"""A frame out and a frame in: ways to do it, and the packet backend, beside the bare system calls.

The bare calls are `send` of a socket bound to one interface, and `recv` without an address: they
tell nobody which interface it was. Sending includes what the kernel does at the far end of a veth
pair, up to the socket there.
"""

from __future__ import annotations

import resource
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

from benchmarks._bare import frame
from benchmarks._figures import Figure, main
from benchmarks._mmsg import Batch, address
from benchmarks._rig import Cables, cabled
from lacp.backends import taps
from lacp.backends.base import FrameReceived, LinkNews
from lacp.backends.packet import PacketBackend
from lacp.backends.ring import Ring

_ROUNDS = 9
#: Packet sockets closed at a time: closing one takes the kernel some 10 ms, in which all others
#: that are being closed are done as well.
_CLOSERS = 200
_ETH_P_SLOW = 0x8809
#: Seconds after which nothing more follows from links that came up.
_SETTLING = 1.0

#: Handles a frame of each port, or of each that there is.
Way = Callable[[], object]


def figures() -> Iterator[Figure]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for count in (1000, 5000):
        with cabled(count) as cables:
            yield from _between(cables)


def _between(cables: Cables) -> Iterator[Figure]:
    with ExitStack() as stack:
        far = _socket(stack, cables, left=False, ethertype=_ETH_P_SLOW)
        senders = _senders(stack, cables)
        fill = senders["send, bound"]
        out = _in_turns(cables.count, senders, lambda: None, lambda: _drain(far))
        into = _in_turns(cables.count, _receivers(far), fill, lambda: None)
        far.close()
        into |= _in_turns(cables.count, _ring(stack, cables), fill, lambda: None)
    with ExitStack() as stack:
        ours = _in_turns(cables.count, _backend(stack, cables), lambda: None, lambda: None)
    where = f"{cables.count:,} veth pairs"
    for name, cost in out.items():
        yield Figure(f"{where}: {name}", cost, "µs", out["send, bound"], "send, bound")
    for name, cost in into.items():
        yield Figure(f"{where}: {name}", cost, "µs", into["recv"], "recv")
    yield Figure(f"{where}: backend, out", ours["out"], "µs", out["send, bound"], "send, bound")
    yield Figure(f"{where}: backend, in", ours["in"], "µs", into["recv"], "recv")
    bare = out["send, bound"] + into["recv"]
    yield Figure(f"{where}: backend, both", sum(ours.values()), "µs", bare, "bare send and recv")


def _in_turns(count: int, ways: Mapping[str, Way], before: Way, after: Way) -> dict[str, float]:
    """The CPU time of each way for a frame, in µs: medians over rounds in which each has a turn."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            before()
            start = time.process_time()
            way()
            spent[name].append((time.process_time() - start) / count * 1e6)
            after()
    return {name: statistics.median(each) for name, each in spent.items()}


def _socket(stack: ExitStack, cables: Cables, left: bool, ethertype: int) -> socket.socket:
    with (cables.left if left else cables.right).entered():
        sock = stack.enter_context(taps.open_socket(ethertype))
    taps.attach(sock, taps.SLOW_PROTOCOLS)
    taps.enlarge_sending(sock)
    return sock


def _senders(stack: ExitStack, cables: Cables) -> dict[str, Way]:
    shared = _socket(stack, cables, left=True, ethertype=0)
    octets = frame()
    names = [f"a{at}" for at in range(cables.count)]
    with cables.left.entered():
        addresses = [address(socket.if_nametoindex(name), _ETH_P_SLOW) for name in names]
    bound = _bound(stack, cables, names)
    batch = Batch(shared)

    def to_bound() -> None:
        for sock in bound:
            sock.send(octets)

    def by_name() -> None:
        for name in names:
            shared.sendto(octets, (name, _ETH_P_SLOW))

    return {
        "send, bound": to_bound,
        "sendto, with the interface's name": by_name,
        "sendmmsg by ctypes": lambda: batch.send(octets, addresses),
    }


def _bound(stack: ExitStack, cables: Cables, names: list[str]) -> list[socket.socket]:
    """A socket for each interface."""
    pool = stack.enter_context(ThreadPoolExecutor(_CLOSERS))
    bound = []
    with cables.left.entered():
        for name in names:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            stack.callback(pool.submit, sock.close)
            sock.bind((name, 0))
            bound.append(sock)
    return bound


def _receivers(sock: socket.socket) -> dict[str, Way]:
    batch = Batch(sock)
    return {
        "recv": lambda: _drain(sock),
        "recvfrom, with the interface's name": lambda: _drain_names(sock),
        "recvmmsg by ctypes": lambda: list(batch.receive()),
    }


def _drain(sock: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            sock.recv(taps.SNAP)


def _drain_names(sock: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            sock.recvfrom(taps.SNAP)


def _ring(stack: ExitStack, cables: Cables) -> dict[str, Way]:
    ring = Ring(_socket(stack, cables, left=False, ethertype=_ETH_P_SLOW), taps.SNAP)
    stack.callback(ring.close)
    return {"ring": lambda: list(ring.take(cables.count))}


def _backend(stack: ExitStack, cables: Cables) -> dict[str, Way]:
    octets = frame()
    ends = []
    for where, end in ((cables.left, "a"), (cables.right, "b")):
        with where.entered():
            backend = stack.enter_context(PacketBackend())
            for at in range(cables.count):
                backend.add(f"{end}{at}")
        up, quiet_at = 0, 0.0
        # Links that came up together are looked at again for a while (`lacp.backends.flurry`).
        while up < cables.count or time.monotonic() < quiet_at:
            if came := sum(isinstance(it, LinkNews) and it.link.up for it in backend.read()):
                up, quiet_at = up + came, time.monotonic() + _SETTLING
        ends.append(backend)
    near, far = ends

    names = [f"a{at}" for at in range(cables.count)]

    def send() -> None:
        for name in names:
            near.send(name, octets)

    def read() -> None:
        heard = 0
        while heard < cables.count:
            heard += sum(isinstance(it, FrameReceived) for it in far.read())

    return {"out": send, "in": read}


if __name__ == "__main__":
    main(figures)

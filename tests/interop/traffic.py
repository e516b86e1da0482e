"""User frames between two namespaces, each one accounted for: lost, late, twice, out of order.

    with traffic(here, there, flows=100) as flows:
        flows.until_flowing()
        pulled = flows.now()
        there.ip("link set p1 down")
        flows.wait(1.0)
    assert flows.report.lost == 0 and flows.report.worst_gap(pulled) < 0.1

A flow is a source port and a destination address of its own, so that any tx_hash of addresses or
ports tells flows apart. One process sends and receives, on one clock.
"""

from __future__ import annotations

import array
import contextlib
import itertools
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.interop.netns import Namespace

_ROOT = Path(__file__).parents[2]
_HEAD = struct.Struct("!HI")
_PORT = 4711
#: Room for what arrives while the process does not run.
_BUFFER = 8 << 20


def addresses(net: str, count: int) -> list[str]:
    """The first `count` addresses of hosts below ``net``, two octets: ``10.1``."""
    return [f"{net}.{1 + n // 200}.{1 + n % 200}" for n in range(count)]


def source_port(flow: int) -> int:
    """Not in step with the destination address, which a hash of exclusive or would cancel."""
    return 20000 + flow * 7919 % 9973


def acquaint(
    sender: Namespace, device: str, receiver: Namespace, far: str, net: str, count: int
) -> None:
    """Tell the sender for good which address of Ethernet is behind each of `addresses`."""
    (link,) = json.loads(receiver.ip(f"-j link show {far}"))
    lines = [
        f"neigh replace {one} lladdr {link['address']} dev {device} nud permanent"
        for one in addresses(net, count)
    ]
    sender.ip_batch(lines)


def address(namespace: Namespace, device: str, net: str, own: str, count: int) -> None:
    """Give a device its own address and `count` more, all in one network of 16 bits."""
    lines = [f"addr add {one}/16 dev {device}" for one in (own, *addresses(net, count))]
    namespace.ip_batch(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the frames; times are of CLOCK_MONOTONIC."""

    interval: float
    sent: int
    refused: int
    #: Of each flow: (sequence number, when it was sent) of every frame sent.
    sendings: list[list[tuple[int, float]]] = field(repr=False)
    #: Of each flow: (sequence number, when it arrived), in the order of arrival.
    arrivals: list[list[tuple[int, float]]] = field(repr=False)

    @property
    def received(self) -> int:
        """Frames that arrived, each counted once."""
        return sum(len({number for number, _ in flow}) for flow in self.arrivals)

    @property
    def lost(self) -> int:
        """Frames that never arrived; of those that the sender's kernel took."""
        return self.sent - self.received

    @property
    def duplicates(self) -> int:
        """Arrivals of frames that had arrived already."""
        return sum(len(flow) for flow in self.arrivals) - self.received

    @property
    def reordered(self) -> int:
        """Arrivals of frames of a flow behind one that was sent later."""
        late = 0
        for flow in self.arrivals:
            last = -1
            for number, _ in flow:
                late += number < last
                last = max(last, number)
        return late

    def lost_since(self, moment: float) -> int:
        """Frames that were sent from then on and never arrived."""
        lost = 0
        for sent, arrived in zip(self.sendings, self.arrivals, strict=True):
            there = {number for number, _ in arrived}
            lost += sum(number not in there for number, at in sent if at >= moment)
        return lost

    def worst_gap(self, since: float = 0.0, until: float = float("inf")) -> float:
        """Seconds: the longest silence of any flow that overlaps the span."""
        worst = 0.0
        for flow in self.arrivals:
            times = sorted(at for _, at in flow)
            end = min(until, self.sendings[0][-1][1]) if self.sendings[0] else until
            bounds = [*times, max(end, times[-1])] if times else [since, end]
            for before, after in itertools.pairwise(bounds):
                if after > since and before < until:
                    worst = max(worst, after - before)
        return worst

    def first(self, since: float) -> float | None:
        """When the first frame arrived that was sent from then on."""
        found: list[float] = []
        for sent, arrived in zip(self.sendings, self.arrivals, strict=True):
            fresh = {number for number, at in sent if at >= since}
            found += [at for number, at in arrived if number in fresh][:1]
        return min(found, default=None)


class Traffic:
    """Flows under way; made by `traffic`."""

    def __init__(self, process: subprocess.Popen[bytes], interval: float) -> None:
        self._process = process
        self._interval = interval
        self._report: Report | None = None

    @property
    def report(self) -> Report:
        """The account, once the flows have ended."""
        assert self._report is not None, "the flows have not ended"
        return self._report

    def now(self) -> float:
        """The clock of the report."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let the frames flow."""
        time.sleep(seconds)

    def flowing(self) -> bool:
        """Whether every flow has arrived within the last few intervals."""
        return self._ask(b"?") == b"1"

    def until_flowing(self, seconds: float = 30.0) -> float:
        """Wait until every flow arrives; returns the seconds that it took."""
        start = time.monotonic()
        while not self.flowing():
            assert time.monotonic() - start < seconds, "the flows do not arrive"
            time.sleep(0.005)
        return time.monotonic() - start

    def _ask(self, question: bytes) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(question)
        self._process.stdin.flush()
        return self._process.stdout.read(1)

    def end(self) -> None:
        """Stop sending, wait for what is on its way, and take the account."""
        if self._report is not None or self._process.poll() is not None:
            return
        output, _ = self._process.communicate(timeout=30)
        found = json.loads(output)
        self._report = Report(
            self._interval,
            found["sent"],
            found["refused"],
            [[(n, at) for n, at in flow] for flow in found["sendings"]],
            [[(n, at) for n, at in flow] for flow in found["arrivals"]],
        )


@contextmanager
def traffic(
    sender: Namespace,
    receiver: Namespace,
    *,
    net: str = "10.1",
    flows: int = 20,
    interval: float = 0.02,
    size: int = 64,
) -> Iterator[Traffic]:
    """Send from one namespace to `addresses(net, flows)` in the other, a frame each interval."""
    with contextlib.ExitStack() as stack:
        with receiver.entered():
            taker = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            taker.bind(("0.0.0.0", _PORT))
        givers = []
        with sender.entered():
            for number in range(flows):
                giver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                giver.bind(("0.0.0.0", source_port(number)))
                givers.append(giver)
        descriptors = [taker.fileno(), *(giver.fileno() for giver in givers)]
        arguments = (net, str(interval), str(size), *map(str, descriptors))
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", __name__, *arguments],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=descriptors,
        )
        made = Traffic(process, interval)
        try:
            yield made
            made.end()
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()


# The process that sends and receives.


class _Pump:
    def __init__(self, net: str, interval: float, size: int, descriptors: Sequence[int]) -> None:
        taker, *givers = descriptors
        self._interval = interval
        self._taker = socket.socket(fileno=taker)
        self._taker.setblocking(False)
        self._givers = [socket.socket(fileno=giver) for giver in givers]
        for giver in self._givers:
            giver.setblocking(False)
        self._targets = [(to, _PORT) for to in addresses(net, len(givers))]
        self._padding = bytes(max(0, size - 28 - _HEAD.size))
        self._sent_at: list[array.array[float]] = [array.array("d") for _ in givers]
        self._refused: list[set[int]] = [set() for _ in givers]
        self._arrivals: list[list[tuple[int, float]]] = [[] for _ in givers]
        self._last = [0.0] * len(givers)

    def run(self) -> None:
        """Send and receive until standard input ends, then print the account."""
        due = time.monotonic()
        while True:
            if self._wait(due):
                break
            self._send()
            due += self._interval
            # A process that was held up does not make up for it with a burst.
            due = max(due, time.monotonic() - self._interval)
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            select.select([self._taker], [], [], 0.05)
            self._receive()
        self._tell()

    def _wait(self, until: float) -> bool:
        """Receive, and answer questions; True when there is nobody any more to ask them."""
        while True:
            left = until - time.monotonic()
            ready, _, _ = select.select([self._taker.fileno(), 0], [], [], max(0.0, left))
            if self._taker.fileno() in ready:
                self._receive()
            if 0 in ready:
                if not os.read(0, 1):
                    return True
                recent = time.monotonic() - 4 * self._interval
                os.write(1, b"1" if all(at > recent for at in self._last) else b"0")
            if left <= 0:
                return False

    def _send(self) -> None:
        for flow, giver in enumerate(self._givers):
            number = len(self._sent_at[flow])
            self._sent_at[flow].append(time.monotonic())
            try:
                giver.sendto(_HEAD.pack(flow, number) + self._padding, self._targets[flow])
            except OSError:
                # No carrier, no route, no neighbour: the frame was not taken.
                self._refused[flow].add(number)

    def _receive(self) -> None:
        while True:
            try:
                octets = self._taker.recv(2048)
            except OSError:
                return
            now = time.monotonic()
            flow, number = _HEAD.unpack_from(octets)
            self._arrivals[flow].append((number, now))
            self._last[flow] = now

    def _tell(self) -> None:
        sendings = [
            [(number, at) for number, at in enumerate(times) if number not in refused]
            for times, refused in zip(self._sent_at, self._refused, strict=True)
        ]
        account = {
            "sent": sum(map(len, sendings)),
            "refused": sum(map(len, self._refused)),
            "sendings": sendings,
            "arrivals": self._arrivals,
        }
        sys.stdout.write(json.dumps(account))


def main() -> None:
    """The process of `traffic`."""
    net, interval, size, *descriptors = sys.argv[1:]
    _Pump(net, float(interval), int(size), [int(one) for one in descriptors]).run()


if __name__ == "__main__":
    main()

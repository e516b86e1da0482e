"""What the dataplane `tap` carries, beside a cable without a team and a bond of Open vSwitch.

Two namespaces and two veth cables between them. One process sends, one counts what arrives, and the
highest rate is looked for of which at most a hundredth is lost. Both ends have a team, so each
frame is moved twice by a process; sender, receiver and these two share the machine's cores. The
reference of each row is the bare cable in the same run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks._figures import Absent, Figure, Found, in_full, main
from tests.interop.netns import Namespace, namespaces, veth
from tests.interop.ovs import open_vswitch
from tests.interop.taps import pair

SECONDS = 1.0 if in_full() else 0.5
#: Frames a second that are tried, the share that may be lost, and how often it is tried.
RATES = (5_000.0, 500_000.0)
LOSS = 0.01
STEPS = 8 if in_full() else 5
#: Octets of a frame of Ethernet that are not of the user, of UDP over IPv4.
HEADERS = 14 + 20 + 8
#: Octets of frames, without their check sequence.
SIZES = (64, 1514)

_COUNT = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
sock.bind(("0.0.0.0", 5001))
print("ready", flush=True)
sock.settimeout(20)
sock.recv(2048)
sock.settimeout(0.2)
count = 1
try:
    while True:
        sock.recv(2048)
        count += 1
except TimeoutError:
    print(count)
"""
_OFFER = """
import socket, sys, time
host, size, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((host, 5001))
octets, start, sent = bytes(size), time.monotonic(), 0
while (passed := time.monotonic() - start) < seconds:
    if sent >= passed * rate:
        time.sleep(0.0002)
        continue
    for _ in range(16):
        try:
            sock.send(octets)
        except OSError:
            pass
    sent += 16
print(sent, time.monotonic() - start)
"""
_SINK = """
import socket, time
server = socket.create_server(("0.0.0.0", 5002))
print("ready", flush=True)
sock, _ = server.accept()
room, count, start = bytearray(1 << 20), 0, time.monotonic()
while taken := sock.recv_into(room):
    count += taken
print(count, time.monotonic() - start)
"""
_PUMP = """
import socket, sys, time
sock = socket.create_connection((sys.argv[1], 5002))
octets, end = bytes(1 << 18), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    sock.sendall(octets)
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How to get from one namespace to the other."""

    here: Namespace
    there: Namespace
    #: The address at the other end.
    host: str
    #: The process that moves the frames of the sender, where there is one.
    worker: int | None = None

    def udp(self, size: int) -> tuple[float, float]:
        """Frames of this size a second without loss; and the worker's µs for each of them."""
        best, each = 0.0, 0.0
        low, high = RATES
        for _ in range(STEPS):
            offered = (low * high) ** 0.5
            rate, lost, cost = self._offer(size, offered)
            if lost > LOSS:
                rate, lost, cost = self._offer(size, offered)
            if lost > LOSS:
                high = offered
                continue
            low = offered
            if rate > best:
                best, each = rate, cost
            if rate < 0.9 * offered:
                # The sender itself can do no more.
                break
        return best, each

    def _offer(self, size: int, rate: float) -> tuple[float, float, float]:
        """What of this rate was offered, the share that was lost, and the worker's µs for one."""
        before = cpu(self.worker)
        said, counted = self._measure(_COUNT, _OFFER, str(size - HEADERS), str(rate), str(SECONDS))
        sent, seconds = (float(each) for each in said.split())
        used = cpu(self.worker) - before
        return sent / seconds, 1 - float(counted) / sent, used / sent * 1e6

    def tcp(self) -> float:
        """Mb/s of one connection."""
        _, counted = self._measure(_SINK, _PUMP, str(2 * SECONDS))
        octets, seconds = (float(each) for each in counted.split())
        return octets * 8 / seconds / 1e6

    def ping(self) -> float:
        """Median round trip in µs."""
        said = self.here.run("ping", "-n", "-c", "200", "-i", "0.002", self.host)
        times = sorted(float(each) for each in re.findall(r"time=([\d.]+)", said))
        return times[len(times) // 2] * 1000

    def _measure(self, taker: str, giver: str, *arguments: str) -> tuple[str, str]:
        """What the two processes say in the end, sender first."""
        with subprocess.Popen(
            self.there.command(sys.executable, "-c", taker), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            command = self.here.command(sys.executable, "-c", giver, self.host, *arguments)
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            return said, process.stdout.read()


def cpu(pid: int | None) -> float:
    """Seconds that a process has used."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def cable() -> Iterator[Way]:
    """No team at all."""
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        here.ip("addr add 10.9.0.1/24 dev p1")
        there.ip("addr add 10.9.0.2/24 dev q1")
        yield Way(here, there, "10.9.0.2")


@contextmanager
def tap(runner: str) -> Iterator[Way]:
    """A team of ours at both ends."""
    with pair(runner) as both:
        yield Way(both.here.netns, both.there.netns, both.there.hosts[0], both.here.plane.pid)


@contextmanager
def open_vswitch_bond() -> Iterator[Way]:
    """A bond of its datapath in user space at both ends."""
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        for number in (1, 2):
            veth(here, f"p{number}", there, f"q{number}")
        for netns, letter, host in ((here, "p", "10.9.0.1"), (there, "q", "10.9.0.2")):
            switch = stack.enter_context(open_vswitch(netns))
            switch.bond("bond0", [f"{letter}1", f"{letter}2"], fast=True)
            netns.ip(f"addr add {host}/24 dev ovsbr")
            netns.ip("link set ovsbr up")
        end = time.monotonic() + 30
        probe = here.command("ping", "-c", "1", "-W", "1", "10.9.0.2")
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            if time.monotonic() > end:
                raise TimeoutError("the bond of Open vSwitch carries nothing")
        yield Way(here, there, "10.9.0.2")


def figures() -> Iterator[Found]:
    ways = {
        "tap, loadbalance": lambda: tap("loadbalance"),
        "Open vSwitch, bond with LACP": open_vswitch_bond,
    }
    if in_full():
        ways["tap, activebackup"] = lambda: tap("activebackup")
    with cable() as way:
        frames = {size: way.udp(size)[0] for size in SIZES}
        mbits, trip = way.tcp(), way.ping()
    for name, make in ways.items():
        try:
            with make() as way:
                for size in SIZES:
                    rate, each = way.udp(size)
                    more = f", {each:.1f} µs of a worker each" if way.worker is not None else ""
                    said = f"a bare cable ({rate * size * 8 / 1e6:.0f} Mb/s{more})"
                    yield Figure(
                        f"{name}, UDP, {size} octets", rate, "frames/s", frames[size], said
                    )
                yield Figure(f"{name}, TCP", way.tcp(), "Mb/s", mbits, "a bare cable")
                yield Figure(f"{name}, ping, median", way.ping(), "µs", trip, "a bare cable")
        except pytest.skip.Exception as skipped:
            yield Absent(name, str(skipped))


if __name__ == "__main__":
    main(figures)

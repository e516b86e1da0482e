"""Teams of the dataplane `tap` in namespaces, told by a test what a runner would tell them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lacp.address import Mac
from lacp.dataplane.base import (
    PlaneNews,
    PortSetup,
    Setup,
)
from lacp.dataplane.tap import device
from lacp.dataplane.tap.plane import TapDataplane
from tests.interop.netns import Namespace, namespace, namespaces, veth
from tests.lab import need

DEVICE = "team0"
#: An EtherType for experiments (802, 9.2.4).
EXPERIMENT = 0x88B5
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Team:
    """One end: a team on the ports `ports`, in a namespace."""

    netns: Namespace
    plane: TapDataplane
    ports: tuple[str, ...]
    address: Mac
    #: Of IPv4 and of IPv6.
    hosts: tuple[str, str]

    def enable(self, *ports: str) -> None:
        """Have these ports carry traffic, and no others."""
        for port in self.ports:
            if port in self.plane.ports():
                self.plane.enable_port(port, port in ports, port in ports)

    def add(self, port: str, setup: PortSetup | None = None) -> None:
        """Put an interface below the device."""
        with self.netns.entered():
            self.plane.add_port(port, setup or PortSetup())
            self.plane.set_port_address(port, self.address)

    def remove(self, port: str) -> None:
        """Take it away."""
        with self.netns.entered():
            self.plane.remove_port(port)

    def read(self) -> list[PlaneNews]:
        """What is new."""
        with self.netns.entered():
            return self.plane.read()

    def until(self, told: Callable[[list[PlaneNews]], bool]) -> list[PlaneNews]:
        """Read until all that was told is enough; that."""
        news: list[PlaneNews] = []
        end = time.monotonic() + _PATIENCE
        while not told(news):
            assert time.monotonic() < end, news
            news += self.read()
            time.sleep(0.005)
        return news


@contextmanager
def team(
    netns: Namespace,
    ports: Sequence[str],
    setup: Setup,
    hosts: tuple[str, str] = ("10.9.0.1", "fd00::1"),
) -> Iterator[Team]:
    """A team with its ports enabled, an address of each kind, and carrier."""
    assert setup.address is not None
    with netns.entered():
        plane = TapDataplane()
        need("tun", device.missing() is None, "a kernel with tun")
        assert plane.refusal(setup) is None
        plane.create(setup)
    made = Team(netns, plane, tuple(ports), setup.address, hosts)
    try:
        for port in ports:
            made.add(port)
        plane.set_carrier(True)
        netns.run("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{setup.device}/disable_ipv6")
        netns.ip_batch(
            [
                f"addr add {hosts[0]}/24 dev {setup.device}",
                f"addr add {hosts[1]}/64 dev {setup.device} nodad",
                f"link set {setup.device} up",
            ]
        )
        yield made
    finally:
        with netns.entered():
            plane.destroy()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two teams, and as many cables as each has ports: p1 to q1, and so on."""

    here: Team
    there: Team

    def enable(self, *numbers: int) -> None:
        """Have these cables carry traffic, and no others; the first is the active one."""
        for one in (self.here, self.there):
            chosen = [one.ports[number - 1] for number in numbers]
            one.enable(*chosen)
            one.plane.activate(chosen[0] if chosen else None)

    def pull(self, number: int) -> None:
        """Take the carrier from a cable."""
        self.there.netns.ip(f"link set q{number} down")

    def plug(self, number: int) -> None:
        """Give it back, and wait until it can be used."""
        self.there.netns.ip(f"link set q{number} up")
        self.until_operational(number)

    def until_operational(self, *numbers: int) -> None:
        """Wait for what a daemon waits for before it enables a port.

        The kernel gives an interface its queue up to a second after its carrier, and throws away
        what is sent before.
        """
        for number in numbers:
            for team, port in ((self.here, f"p{number}"), (self.there, f"q{number}")):
                end = time.monotonic() + _PATIENCE
                while "state UP" not in (said := team.netns.ip(f"-o link show {port}")):
                    assert time.monotonic() < end, said
                    time.sleep(0.02)


def address(last: int) -> Mac:
    """One of the addresses of teams here."""
    return Mac(bytes([2, 0, 0, 0, 9, last]))


@contextmanager
def pair(runner: str, cables: int = 2, balancing: float | None = None) -> Iterator[Pair]:
    """Two teams with this runner, every cable in use."""
    with contextlib.ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        for number in range(1, cables + 1):
            veth(here, f"p{number}", there, f"q{number}")
        ends = []
        for netns, letter, last in ((here, "p", 1), (there, "q", 2)):
            setup = Setup(
                device=DEVICE,
                runner=runner,
                address=address(last),
                tx_hash=("l3", "l4"),
                balancing=balancing,
            )
            ports = [f"{letter}{number}" for number in range(1, cables + 1)]
            hosts = (f"10.9.0.{last}", f"fd00::{last}")
            ends.append(stack.enter_context(team(netns, ports, setup, hosts)))
        made = Pair(*ends)
        made.until_operational(*range(1, cables + 1))
        made.enable(*range(1, cables + 1))
        # From here on both processes are at work.
        ping(made.here.netns, made.there.hosts[0], 1)
        yield made


def ping(netns: Namespace, host: str, count: int = 5) -> str:
    """Each of some pings is answered; what the command says.

    For the last one it waits as long as between two, once another one was answered sooner.
    """
    said = netns.run("ping", "-n", "-c", str(count), "-i", "0.1", "-W", "5", host)
    assert f" {count} received" in said, said
    return said


@contextmanager
def udp(netns: Namespace, port: int) -> Iterator[socket.socket]:
    """A socket that hears datagrams on every interface of the namespace."""
    with netns.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.bind(("0.0.0.0", port))
        sock.settimeout(5)
        yield sock


@contextmanager
def bare() -> Iterator[tuple[Namespace, TapDataplane]]:
    """A dataplane alone in a namespace, in which the test is."""
    with namespace() as netns, netns.entered():
        need("tun", device.missing() is None, "a kernel with tun")
        plane = TapDataplane()
        try:
            yield netns, plane
        finally:
            plane.destroy()


def run(netns: Namespace, line: str) -> str:
    """A command in a namespace, written as on a command line."""
    return netns.run(*line.split())


def link(netns: Namespace, name: str) -> dict[str, object]:
    """An interface as `ip` shows it."""
    (found,) = json.loads(netns.ip(f"-j -d -s link show {name}"))
    assert isinstance(found, dict)
    return found


def sent(netns: Namespace, name: str) -> int:
    """Packets that have left through an interface."""
    (found,) = json.loads(netns.ip(f"-j -s link show {name}"))
    return int(found["stats64"]["tx"]["packets"])


def send_all(sock: socket.socket, octets: bytes) -> None:
    with sock:
        sock.sendall(octets)
        sock.shutdown(socket.SHUT_WR)


def bulk(sender: Namespace, receiver: Namespace, host: str) -> None:
    """Some megabytes of TCP arrive as they were sent."""
    octets = random.Random(5).randbytes(8 << 20)
    with receiver.entered():
        server = socket.create_server(("0.0.0.0", 5001))
    with server:
        server.settimeout(10)
        with sender.entered():
            client = socket.create_connection((host, 5001), timeout=10)
        taken, _ = server.accept()
        writer = threading.Thread(target=send_all, args=(client, octets))
        writer.start()
        found = hashlib.sha256()
        with taken:
            taken.settimeout(20)
            while piece := taken.recv(1 << 20):
                found.update(piece)
        writer.join()
    assert found.digest() == hashlib.sha256(octets).digest()

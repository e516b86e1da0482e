"""Daemons without a network: services over links in memory, in virtual time."""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from lacp.address import Mac
from lacp.backends.base import FrameReceived, LinkNews
from lacp.backends.memory import MemoryBackend, MemoryLink, connect
from lacp.config.model import TeamConfig
from lacp.config.teamd import loads
from lacp.daemon.clock import Clock
from lacp.daemon.options import Options
from lacp.daemon.report.lag import lag_document
from lacp.daemon.service import Reload, Service
from lacp.daemon.sources import Sources
from lacp.daemon.team.team import Team
from lacp.dataplane.base import DeviceChanged, PlaneNews, PortJoined, PortLeft, PortSetup, Setup
from lacp.dataplane.memory import MemoryDataplane, PortUse
from lacp.errors import BackendError
from lacp.link import DOWN
from lacp.runners.lacp import LacpRunner
from lacp.watch import arp

#: The time of day at engine time 0: 2026-01-01T00:00:00Z.
EPOCH = 1_767_225_600.0


#: Keys of a configuration beside `runner` and `ports`.
_TOP = (
    "hwaddr",
    "dataplane",
    "debug_level",
    "link_watch",
    "link_watch_policy",
    "notify_peers",
    "mcast_rejoin",
)


def conf(device: str = "team0", ports: Any = ("a1", "a2"), **members: Any) -> str:
    """A teamd.conf: `runner` members by keyword, ports as names or as an object."""
    if not isinstance(ports, dict):
        ports = {port: {} for port in ports}
    top = {key: members.pop(key) for key in _TOP if key in members}
    runner = {"name": "lacp", **members}
    return json.dumps({"device": device, **top, "runner": runner, "ports": ports})


def lacp(team: Team) -> LacpRunner:
    """The runner of a team that speaks LACP."""
    assert isinstance(team.runner, LacpRunner)
    return team.runner


def config(*args: Any, **members: Any) -> TeamConfig:
    """What `conf` says."""
    return loads(conf(*args, **members), "test.conf").config


class Interfaces(MemoryBackend):
    """Links in memory, some of whose interfaces do not exist."""

    def __init__(self) -> None:
        super().__init__()
        self.absent: set[str] = set()

    def _put(self, news: Any) -> bool:
        if isinstance(news, LinkNews) and news.port in self.absent:
            news = LinkNews(news.port, DOWN)
        return super()._put(news)

    def vanish(self, port: str) -> None:
        """Remove an interface."""
        self.absent.add(port)
        self._end(port).report()

    def appear(self, port: str) -> None:
        """Have it again."""
        self.absent.discard(port)
        self._end(port).report()


class Plane(MemoryDataplane):
    """A dataplane that refuses ports, with the reason."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host

    def create(self, setup: Setup) -> None:
        super().create(setup)
        if setup.take_over:
            self._address = self.host.left_address
            for port in self.host.left_below:
                self.uses[port] = PortUse(PortSetup())

    def add_port(self, port: str, setup: PortSetup) -> None:
        if port in self.host.refused:
            raise BackendError(f"{port}: {self.host.refused[port]}")
        if port in self.uses and port in self.host.left_below:
            self.host.left_below.remove(port)
            self.uses[port].setup = setup
        else:
            super().add_port(port, setup)


class Host:
    """A service, with a backend of its own."""

    def __init__(self, world: World, directory: Path, **options: Any) -> None:
        self.world = world
        self.backend = Interfaces()
        self.directory = directory
        self.directory.mkdir(exist_ok=True)
        #: Why the dataplane takes which port not.
        self.refused: dict[str, str] = {}
        #: What a take-over finds: the address of the device, and who is below it.
        self.left_address: Mac | None = None
        self.left_below: list[str] = []
        self.service = Service(
            self.backend,
            Sources(directory=str(directory)),
            Clock(lambda: world.now, lambda: EPOCH + world.now),
            Options(
                run_dir=str(directory),
                teamd_run_dir=str(directory / "teamd"),
                dataplane="memory",
                **options,
            ),
            planes=lambda name, setup: Plane(self),
        )

    def write(self, text: str, name: str = "team.conf") -> None:
        """Put a configuration where the host reads it."""
        (self.directory / name).write_text(text)

    def start(self, text: str | None = None) -> Team:
        """Start what is configured; returns the first team."""
        if text is not None:
            self.write(text)
        reading = self.service.sources.read()
        assert not reading.errors, reading.errors
        self.service.start(reading.configs, self.world.now)
        return next(iter(self.service.driver.teams.values()))

    def reload(self, text: str | None = None) -> Reload:
        """What SIGHUP does."""
        if text is not None:
            self.write(text)
        reload = self.service.begin_reload(self.world.now)
        self.world.run(1.0, until=lambda: self.service.reload_quiet(reload))
        self.service.finish_reload(reload, self.world.now)
        return reload

    def team(self, name: str = "team0") -> Team:
        return self.service.driver.teams[name]

    def plane(self, name: str = "team0") -> MemoryDataplane:
        plane = self.team(name).dataplane
        assert isinstance(plane, MemoryDataplane)
        return plane

    def others(self, *news: PlaneNews, name: str = "team0") -> None:
        """Somebody else did this to the device."""
        for item in news:
            if isinstance(item, DeviceChanged):
                self.plane(name)._address = item.address
        self.plane(name).news += news
        self.service.driver.speaks(self.team(name))
        self.world.settle()

    def join(self, port: str, name: str = "team0") -> None:
        """Somebody else puts an interface below the device."""
        self.plane(name).uses[port] = PortUse(PortSetup())
        self.left_below.append(port)
        self.others(PortJoined(port), name=name)

    def leave(self, port: str, name: str = "team0") -> None:
        """Somebody else takes a port from below the device."""
        del self.plane(name).uses[port]
        self.others(PortLeft(port), name=name)

    def show(self, name: str = "team0", verbose: bool = False) -> dict[str, Any]:
        return lag_document(self.team(name), self.world.now, verbose)

    def port(self, port: str, name: str = "team0") -> dict[str, Any]:
        """A port of the document."""
        (found,) = (each for each in self.show(name)["ports"] if each["name"] == port)
        return dict(found)

    def mux(self, name: str = "team0") -> list[str]:
        """The state of each port's Mux machine."""
        return [port["machines"]["mux"] for port in self.show(name)["ports"]]


class Neighbour:
    """A host that speaks no LACP and answers ARP requests for its address, while it can."""

    def __init__(self, address: str) -> None:
        self.backend = MemoryBackend()
        self._ip = IPv4Address(address).packed
        self.answers = True
        #: Requests that came in, by port.
        self.asked: Counter[str] = Counter()

    def plug(self, port: str, host: Host, its: str) -> MemoryLink:
        """A cable from a port of this one to a port of a host."""
        cable = connect(self.backend, port, host.backend, its)
        self.backend.add(port)
        self.backend.listen(port, frozenset({"arp"}))
        return cable

    def poll(self) -> bool:
        """Answer what has arrived; False when nothing has."""
        news = self.backend.read()
        for item in news:
            heard = arp.parse(item.frame) if isinstance(item, FrameReceived) else None
            if heard is not None and heard.operation == arp.REQUEST:
                assert isinstance(item, FrameReceived)
                self.asked[item.port] += 1
                if self.answers and heard.target_ip == self._ip:
                    self.backend.send(item.port, self._reply(heard))
        return bool(news)

    def _reply(self, heard: arp.Arp) -> bytes:
        own = b"\x02\x00\x00\x00\x00\x99"
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, arp.REPLY) + own + self._ip
        return (
            bytes(heard.source) + own + b"\x08\x06" + body + bytes(heard.source) + heard.sender_ip
        )


class World:
    """Hosts on cables. Time passes only in `run`."""

    def __init__(self, directory: Path) -> None:
        self.now = 0.0
        self._directory = directory
        self.hosts: list[Host] = []
        self.neighbours: list[Neighbour] = []

    def close(self) -> None:
        """Stop everything."""
        for host in self.hosts:
            host.service.close()
            host.backend.close()
        for neighbour in self.neighbours:
            neighbour.backend.close()

    def neighbour(self, address: str) -> Neighbour:
        made = Neighbour(address)
        self.neighbours.append(made)
        return made

    def host(self, name: str, **options: Any) -> Host:
        made = Host(self, self._directory / name, **options)
        self.hosts.append(made)
        return made

    def cable(self, left: Host, left_port: str, right: Host, right_port: str) -> MemoryLink:
        return connect(left.backend, left_port, right.backend, right_port)

    def settle(self) -> None:
        """Let everything happen that happens at this moment."""
        for _ in range(100):
            for host in self.hosts:
                host.service.driver.poll(self.now)
            heard = [neighbour.poll() for neighbour in self.neighbours]
            if not any(heard) and not any(host.backend._news for host in self.hosts):
                return
        raise AssertionError("the hosts do not come to rest")

    def run(self, seconds: float, until: Any = None) -> None:
        """Let so much time pass, or less if `until` becomes true."""
        end = self.now + seconds
        self.settle()
        while until is None or not until():
            deadlines = [host.service.driver.next_deadline() for host in self.hosts]
            due = [deadline for deadline in deadlines if deadline is not None]
            if not due or min(due) > end:
                self.now = end
                break
            self.now = max(self.now, min(due))
            self.settle()
        self.settle()

    def pair(self, ports: int = 2, **members: Any) -> tuple[Host, Host, list[MemoryLink]]:
        """Two hosts with cables a1-b1, a2-b2, ...; started, nothing has happened yet."""
        left, right = self.host("a"), self.host("b")
        numbers = range(1, ports + 1)
        cables = [self.cable(left, f"a{n}", right, f"b{n}") for n in numbers]
        left.start(conf(ports=[f"a{n}" for n in numbers], **members))
        right.start(conf(ports=[f"b{n}" for n in numbers]))
        return left, right, cables


@contextmanager
def world(directory: Path) -> Iterator[World]:
    """A world that is gone at the end, whatever happened in it."""
    made = World(directory)
    with closing(made):
        yield made

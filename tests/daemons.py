"""Daemons without a network: services over links in memory, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from lacp.backends.memory import MemoryBackend, MemoryLink, connect
from lacp.config.model import TeamConfig
from lacp.config.teamd import loads
from lacp.daemon.clock import Clock
from lacp.daemon.options import Options
from lacp.daemon.report import lag_document
from lacp.daemon.service import Reload, Service
from lacp.daemon.sources import Sources
from lacp.daemon.team import Team
from lacp.dataplane.memory import MemoryDataplane
from lacp.runners.lacp import LacpRunner

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


class Host:
    """A service, with a backend of its own."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.backend = MemoryBackend()
        self.directory = directory
        self.directory.mkdir(exist_ok=True)
        self.service = Service(
            self.backend,
            Sources(directory=str(directory)),
            Clock(lambda: world.now, lambda: EPOCH + world.now),
            Options(run_dir=str(directory), dataplane="memory"),
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

    def show(self, name: str = "team0", verbose: bool = False) -> dict[str, Any]:
        return lag_document(self.team(name), self.world.now, verbose)

    def port(self, port: str, name: str = "team0") -> dict[str, Any]:
        """A port of the document."""
        (found,) = (each for each in self.show(name)["ports"] if each["name"] == port)
        return dict(found)

    def mux(self, name: str = "team0") -> list[str]:
        """The state of each port's Mux machine."""
        return [port["machines"]["mux"] for port in self.show(name)["ports"]]


class World:
    """Hosts on cables. Time passes only in `run`."""

    def __init__(self, directory: Path) -> None:
        self.now = 0.0
        self._directory = directory
        self.hosts: list[Host] = []

    def close(self) -> None:
        """Stop everything."""
        for host in self.hosts:
            host.service.close()
            host.backend.close()

    def host(self, name: str) -> Host:
        made = Host(self, self._directory / name)
        self.hosts.append(made)
        return made

    def cable(self, left: Host, left_port: str, right: Host, right_port: str) -> MemoryLink:
        return connect(left.backend, left_port, right.backend, right_port)

    def settle(self) -> None:
        """Let everything happen that happens at this moment."""
        for _ in range(100):
            for host in self.hosts:
                host.service.driver.poll(self.now)
            if not any(host.backend._news for host in self.hosts):
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

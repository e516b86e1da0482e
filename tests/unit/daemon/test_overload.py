"""More work than time: a clock that goes on while the engine works, as that of a slow machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.daemon.drive import Driver
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.timers import FAST_PERIODIC_TIME, SHORT_TIMEOUT_TIME
from tests.daemons import Host, World, conf, lacp, world

#: Seconds that it takes to settle a port, to send a frame, and for a turn of the driver.
SETTLING, SENDING, TURN = 0.01, 0.0001, 0.0001


class Slow:
    """One host with both ends of many links, whose clock goes on while it works."""

    def __init__(self, made: World, links: int, per_team: int) -> None:
        self.world = made
        self.host: Host = made.host("a")
        self.cables = [made.cable(self.host, f"l{n}", self.host, f"r{n}") for n in range(links)]
        for side in "lr":
            for first in range(0, links, per_team):
                names = [f"{side}{n}" for n in range(first, min(links, first + per_team))]
                team = f"{side}t{first}"
                address = f"02:00:00:0{'lr'.index(side)}:{first >> 8:02x}:{first & 255:02x}"
                text = conf(team, names, fast_rate=True, system=address)
                self.host.write(text, f"{team}.conf")
        self.host.start()
        #: Ports that gave their partner up.
        self.gave_up: list[str] = []
        #: The longest silence of a port that had spoken, in seconds.
        self.silence = 0.0
        self._spoke: dict[str, float] = {}

    @property
    def driver(self) -> Driver:
        return self.host.service.driver

    @property
    def ports(self) -> list[Port]:
        return [p for t in self.driver.teams.values() for p in lacp(t).ports.values()]

    def spoke(self, port: str) -> None:
        before = self._spoke.get(port, self.world.now)
        self.silence = max(self.silence, self.world.now - before)
        self._spoke[port] = self.world.now

    def run(self, seconds: float, enough: int | None = None) -> float:
        """Until every port, or `enough` of them, distributes, or for so long; returns the time."""
        end, ports = self.world.now + seconds, self.ports
        enough = len(ports) if enough is None else enough
        while self.world.now < end and sum(port.distributing for port in ports) < enough:
            self.driver.poll(self.world.now)
            self.world.now += TURN
            due = self.driver.next_deadline()
            if due is not None and not self.host.backend._news:
                self.world.now = max(self.world.now, due)
        return self.world.now


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as it:
        yield it


def slow(made: World, monkeypatch: pytest.MonkeyPatch, links: int, per_team: int) -> Slow:
    host = Slow(made, links, per_team)
    settle, send, changed = System._settle, host.host.backend.send, Port.changed_state

    def settling(system: System, *ports: Port) -> None:
        made.now += SETTLING * len(ports)
        settle(system, *ports)

    def sending(port: str, frame: bytes) -> bool:
        made.now += SENDING
        host.spoke(port)
        return send(port, frame)

    def changing(port: Port, machine: str, old: str, new: str, reason: str) -> None:
        if (machine, old, new) == ("receive", "CURRENT", "EXPIRED"):
            host.gave_up.append(port.name)
        changed(port, machine, old, new, reason)

    monkeypatch.setattr(System, "_settle", settling)
    monkeypatch.setattr(host.host.backend, "send", sending)
    monkeypatch.setattr(Port, "changed_state", changing)
    return host


@pytest.mark.parametrize("per_team", [2, 30])
def test_links_come_up_though_it_takes_longer_than_a_partner_waits(
    made: World, monkeypatch: pytest.MonkeyPatch, per_team: int
) -> None:
    host = slow(made, monkeypatch, 60, per_team)
    assert 2 * SHORT_TIMEOUT_TIME < host.run(60) < 60
    assert not host.gave_up
    assert host.silence < FAST_PERIODIC_TIME + 0.25
    assert host.driver.lateness.worst(made.now) < 0.25


def test_frames_that_are_lost_meanwhile_come_again(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = slow(made, monkeypatch, 60, 2)
    host.host.backend._limit = 4
    assert host.run(60) < 60
    assert sum(host.host.backend.lost(port.name) for port in host.ports)
    assert host.silence < FAST_PERIODIC_TIME + 0.25


def test_a_lost_carrier_waits_for_nobody(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    host = slow(made, monkeypatch, 60, 2)
    host.run(60, enough=2)
    assert host.driver.behind
    port = next(port for port in host.ports if port.distributing)
    team = host.driver.owner(port.name)
    assert team is not None
    assert team.runner.enabled(port.name) == (True, True)
    host.cables[int(port.name[1:])].set(up=False)
    before = made.now
    host.driver.poll(made.now)
    assert team.runner.enabled(port.name) == (False, False)
    assert made.now - before < 0.1


def test_nothing_waits_when_all_is_done(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    host = slow(made, monkeypatch, 10, 2)
    host.run(60)
    while host.driver.poll(made.now):
        made.now += TURN
    deadline = host.driver.next_deadline()
    assert deadline is not None
    assert not host.driver.behind
    assert deadline > made.now


def test_what_a_partner_repeats_meanwhile_is_looked_at_once(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each second brings a frame of each port, which takes longer than a second to look at.
    monkeypatch.setattr("tests.unit.daemon.test_overload.SETTLING", 0.06)
    host = slow(made, monkeypatch, 40, 2)
    assert host.run(400) < 100
    assert not host.gave_up


def test_what_happens_is_told_when_nothing_else_waits(
    made: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "lacp")
    host = slow(made, monkeypatch, 10, 2)
    host.run(60, enough=1)
    assert "traffic" not in caplog.text
    while host.driver.poll(made.now):
        made.now += TURN
    assert caplog.text.count("carries traffic") == sum(port.distributing for port in host.ports)
    times = [round(r.created, 3) for r in caplog.records if "port" in r.__dict__]
    assert times == sorted(times)

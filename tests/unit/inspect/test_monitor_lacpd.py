"""What is heard of lacpd: all that it tells, and after every silence what was missed."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from lacp.backends.memory import MemoryBackend, MemoryLink, connect
from lacp.daemon import control
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.options import Options
from lacp.daemon.report.lag import lag_document
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources
from lacp.errors import BackendError
from lacp.inspect.monitor.changes import Changes
from lacp.inspect.monitor.lacpd import told
from lacp.inspect.survey import Places
from lacp.picture.differences import differences
from lacp.picture.events import Event
from lacp.picture.model import LagView
from lacp.picture.reading import read_lag
from tests.daemons import conf
from tests.waiting import until, until_holds

PORTS = 5


@pytest.fixture(autouse=True)
def _no_long_farewells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lacp.daemon.loop.FAREWELL", 0.0)


class Daemon:
    """lacpd with two teams, left and right, cabled to each other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("left", "right"):
            ports = [f"{name}{number}" for number in range(PORTS)]
            text = conf(name, ports, aggregate_wait=0, fast_rate=True)
            (directory / f"{name}.conf").write_text(text)
        #: What `left` told to somebody who was always there.
        self.truth: list[dict[str, Any]] = []
        self.cables: list[MemoryLink] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Loop]:
        with MemoryBackend() as backend:
            self.cables = [
                connect(backend, f"left{number}", backend, f"right{number}")
                for number in range(PORTS)
            ]
            clock = monotonic_clock()
            directory = str(self.directory)
            options = Options(
                run_dir=directory, teamd_run_dir=f"{directory}/teamd", dataplane="none"
            )
            sources = Sources(directory=directory)
            service = Service(backend, sources, clock, options)
            loop = Loop(service)
            service.start(sources.read().configs, clock.now())
            service.driver.teams["left"].journal.subscribe(self.truth.append)
            running = asyncio.Event()
            task = asyncio.create_task(loop.run(running.set))
            await running.wait()
            try:
                yield loop
            finally:
                loop.stop()
                await asyncio.wait_for(task, 10)


class Ear:
    """Somebody who listens."""

    def __init__(self, directory: Path, path: Path | None = None) -> None:
        places = Places(
            sources=frozenset({"lacpd"}),
            run_dir=str(directory),
            socket=None if path is None else str(path),
        )
        self.changes = Changes(places)
        self.heard: list[Event] = []

    def close(self) -> None:
        self.changes.close()

    def listen(self) -> list[Event]:
        self.heard += self.changes.read()
        return self.heard

    def lag(self, name: str) -> LagView | None:
        return next((lag for lag in self.changes.lags() if lag.name == name), None)

    def names(self, lag: str = "left") -> list[str]:
        return [event.event for event in self.heard if event.lag == lag]

    def about(self, event: str, lag: str = "left") -> list[Event]:
        return [each for each in self.heard if (each.event, each.lag) == (event, lag)]


def play(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    asyncio.run(main())


def shown(loop: Loop, name: str) -> LagView:
    """What the daemon would say of a team at this moment, as far as its events tell."""
    team = loop.service.driver.teams[name]
    found = lag_document(team, loop.service.clock.now())
    return told(read_lag(json.loads(json.dumps(found))))


async def known(ear: Ear, *names: str) -> None:
    def all_known() -> bool:
        ear.listen()
        return all(ear.lag(name) is not None for name in names)

    await until_holds(all_known)


async def carrying(ear: Ear, name: str = "left") -> None:
    """All ports of the team carry traffic, so the events say."""

    def carries() -> bool:
        ear.listen()
        lag = ear.lag(name)
        return lag is not None and bool(lag.ports) and all(p.distributing for p in lag.ports)

    await until_holds(carries, 20)


def test_a_thousand_changes(tmp_path: Path) -> None:
    """Nothing is missed, nothing is told twice, and what was told adds up to what is."""

    async def story() -> None:
        daemon = Daemon(tmp_path)
        async with daemon.running() as loop:
            with closing(Ear(tmp_path)) as ear:
                await known(ear, "left", "right")
                await carrying(ear)
                del daemon.truth[:], ear.heard[:]
                for number in range(200):
                    daemon.cables[number % PORTS].set(up=False)
                    await asyncio.sleep(0.001)
                    daemon.cables[number % PORTS].set(up=True)
                    await asyncio.sleep(0.001)
                await carrying(ear)
                ear.listen()
                heard = [event.document() for event in ear.heard if event.lag == "left"]
                assert heard == [{**line, "source": "lacpd"} for line in daemon.truth]
                moves = sum(line["event"] == "state_changed" for line in heard)
                assert moves >= 1000, moves
                lag = ear.lag("left")
                assert differences(lag, shown(loop, "left")) == []

    play(story)


def test_a_restart_is_told_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    async def story() -> None:
        daemon = Daemon(tmp_path)
        with closing(Ear(tmp_path)) as ear:
            async with daemon.running():
                await known(ear, "left", "right")
                await carrying(ear)
            await until_holds(lambda: bool(ear.listen()) and "source_lost" in ear.names())
            (lost,) = ear.about("source_lost")
            assert str(lost) == "left: lacpd of left has ended"
            before = ear.lag("left")
            del ear.heard[:]
            async with daemon.running() as loop:
                daemon.cables[0].set(up=False)
                await until_holds(lambda: bool(ear.listen()) and "resynced" in ear.names())
                assert [str(event) for event in ear.about("source_back")] == [
                    "left: lacpd of left is back"
                ]
                (first,) = ear.about("resynced")
                found = [event for event in ear.heard if event.facts.get("resync")]
                of_left = [event for event in found if event.lag == "left"]
                assert first.facts["differences"] == len(of_left)
                # Between what was before and what is now lies what was told.
                lag = before
                assert lag is not None
                await asyncio.sleep(0.05)
                ear.listen()
                assert differences(ear.lag("left"), shown(loop, "left")) == []
                assert any(event.port == "left0" for event in ear.heard)

    play(story)


def test_a_team_that_comes_later_is_told_from_its_beginning(tmp_path: Path) -> None:
    async def story() -> None:
        with closing(Ear(tmp_path)) as ear:
            assert ear.listen() == []
            daemon = Daemon(tmp_path)
            async with daemon.running():
                await until_holds(lambda: bool(ear.listen()) and "lag_added" in ear.names())
                assert ear.names()[:2] == ["lag_added", "port_added"]
                assert len(ear.about("port_added")) == PORTS
                await carrying(ear)

    play(story)


@pytest.mark.parametrize("farewell", [5.0, 0.0])
def test_who_does_not_read_is_told_so_and_then_what_is_different(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, farewell: float
) -> None:
    """Also when he has not even read lacpd's last word, and it has thrown that away."""
    monkeypatch.setattr(control, "MAX_WAITING", 10_000)
    monkeypatch.setattr(control, "_FAREWELL", farewell)

    async def story() -> None:
        daemon = Daemon(tmp_path)
        async with daemon.running() as loop:
            with closing(Ear(tmp_path)) as ear:
                await known(ear, "left")
                await carrying(ear)
                del ear.heard[:], daemon.truth[:]
                journal = loop.service.driver.teams["left"].journal
                # Whoever does not read: the daemon lets it go.
                turn = 0
                while journal.subscribers[1:] or turn % (2 * PORTS) or turn < 400:
                    daemon.cables[turn % PORTS].set(up=bool(turn // PORTS % 2))
                    turn += 1
                    await asyncio.sleep(0.001)
                daemon.cables[1].set(up=False)
                await asyncio.sleep(0.05)
                await until_holds(lambda: bool(ear.listen()) and "resynced" in ear.names())
                told_then = [event for event in ear.heard if not event.facts.get("resync")]
                of_left = [event for event in told_then if event.lag == "left"]
                assert len(of_left) < len(daemon.truth)
                names = ear.names()
                assert names.index("overrun") < names.index("resynced")
                assert "source_lost" not in names
                # The state is right again, and goes on to be.
                daemon.cables[2].set(up=False)
                await asyncio.sleep(0.05)
                ear.listen()
                assert differences(ear.lag("left"), shown(loop, "left")) == []

    play(story)


def test_one_that_dies_ends_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        daemon = Daemon(tmp_path)
        async with daemon.running() as loop:
            with closing(Ear(tmp_path)) as ear:
                await known(ear, "left", "right")
                loop._controls.pop(loop.service.driver.teams["right"]).close()
                await until_holds(
                    lambda: bool(ear.listen()) and "source_lost" in ear.names("right")
                )
                del ear.heard[:]
                daemon.cables[0].set(up=False)
                await until_holds(lambda: bool(ear.listen()) and "link_changed" in ear.names())

    play(story)


def test_a_descriptor_says_when_there_is_something(tmp_path: Path) -> None:
    async def story() -> None:
        daemon = Daemon(tmp_path)
        async with daemon.running():
            with closing(Ear(tmp_path)) as ear:
                await carrying(ear)
                woken = asyncio.Event()
                asyncio.get_running_loop().add_reader(ear.changes.fileno(), woken.set)
                daemon.cables[0].set(up=False)
                await asyncio.wait_for(woken.wait(), 5)
                asyncio.get_running_loop().remove_reader(ear.changes.fileno())
                assert ear.changes.wait() < 1.0

    play(story)


def test_nobody_behind_the_socket_that_was_named(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="No such file"):
        Ear(tmp_path, tmp_path / "no.sock")


class Liar:
    """Somebody else behind a socket of the run directory."""

    def __init__(self, directory: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(directory / "liar.sock"))
        self._listening.listen()
        self._listening.setblocking(False)
        self.connection: socket.socket | None = None

    def say(self, octets: bytes) -> None:
        if self.connection is None:
            self.connection, _ = self._listening.accept()
            self.connection.setblocking(False)
        self.connection.send(octets)

    def asked(self) -> bool:
        """Whether somebody has come."""
        return bool(select.select([self._listening], [], [], 0)[0])

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self._listening.close()


SHOWN = b'{"ok": true, "lag": "x"}\n{"ok": true, "lag": %s}\n'

LIES = {
    b"\0\xff\n": "this is not lacpd's protocol",
    b"[" * 100_000 + b"\n": "this is not lacpd's protocol",
    b"[]\n": "this is not lacpd's protocol",
    b'{"ok": true, "lag": "x"}\n{"event": 5}\n': "this is not lacpd's protocol",
    b'{"ok": false, "error": "go away"}\n': "go away",
    # Each array is two octets, and takes fifty of memory.
    SHOWN % b'{"name": "x", "source": "lacpd", "settings": {"x": [[]%s]}}' % (b",[]" * 20_000): (
        "this is not lacpd's protocol"
    ),
    SHOWN % b"{}": "lag: a name is missing",
    SHOWN % b'{"name": "x", "source": "lacpd", "ports": 7}': "lag.ports: found 7",
}


@pytest.mark.parametrize("lie", LIES)
def test_who_is_no_lacpd_is_said_once_and_disturbs_nobody(tmp_path: Path, lie: bytes) -> None:
    with closing(Liar(tmp_path)) as liar, closing(Ear(tmp_path)) as ear:
        ear.listen()
        liar.say(lie)
        ear.listen()
        (lost,) = ear.heard
        assert (lost.event, lost.lag, lost.source) == ("source_lost", None, "lacpd")
        assert LIES[lie] in lost.facts["detail"]
        assert os.fspath(tmp_path) in lost.facts["detail"]


def test_one_that_lets_nobody_in_is_said_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lacp.inspect.monitor.lacpd._AGAIN", 0.01)
    monkeypatch.setattr("lacp.inspect.monitor.lacpd._LOOK", 0.01)
    with closing(Liar(tmp_path)) as liar, closing(Ear(tmp_path)) as ear:
        ear.listen()
        for _ in range(3):
            liar.say(b'{"ok": false, "error": "32 clients are connected already"}\n')
            assert liar.connection is not None
            liar.connection.close()
            liar.connection = None
            until(lambda: bool(ear.listen()) and liar.asked())
        assert len(ear.heard) == 1
        liar.say(SHOWN % b'{"name": "x", "source": "lacpd", "ports": []}')
        until(lambda: len(ear.listen()) > 1)
        assert [str(event) for event in ear.heard[1:]] == ["x: lacpd of x is back"]


def test_one_that_does_not_answer_is_said_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lacp.inspect.monitor.lacpd._PATIENCE", 0.05)
    monkeypatch.setattr("lacp.inspect.monitor.lacpd._LOOK", 0.01)
    with closing(Liar(tmp_path)) as liar, closing(Ear(tmp_path)) as ear:
        until(lambda: bool(ear.listen()))
        (lost,) = ear.heard
        assert "no answer of lacpd within 0.05 s" in str(lost)
        liar.say(SHOWN % b'{"name": "x", "source": "lacpd", "ports": []}')
        until(lambda: len(ear.listen()) > 1)
        assert [str(event) for event in ear.heard[1:]] == ["x: lacpd of x is back"]
        assert ear.lag("x") is not None


def test_a_line_without_an_end_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lacp.inspect.monitor.lacpd._LINE", 100_000)
    with closing(Liar(tmp_path)) as liar, closing(Ear(tmp_path)) as ear:
        ear.listen()
        for _ in range(3):
            liar.say(b"x" * 50_000)
            ear.listen()
        assert "octets without an end" in str(ear.heard[0])

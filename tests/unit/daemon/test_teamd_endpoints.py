"""Socket and PID file of every team of a daemon: there while it runs, for no team of others."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon.host import Host
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.options import Options
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources
from lacp.daemon.teamd.files import ClientFiles
from lacp.dataplane.base import Setup
from lacp.dataplane.memory import MemoryDataplane
from lacp.errors import BackendError
from tests.daemons import conf
from tests.waiting import until_holds

Story = Callable[[Loop, Path], Awaitable[None]]

#: What was made a device for, in this test.
devices: list[Setup] = []


@pytest.fixture
def there() -> Iterator[Path]:
    """A directory whose name leaves room for that of a socket, with the configuration of a team."""
    with tempfile.TemporaryDirectory(prefix="teamd-") as name:
        (Path(name) / "0.conf").write_text(conf(ports=["a1", "a2"], name="activebackup"))
        yield Path(name)


@pytest.fixture(autouse=True)
def _no_long_farewells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lacp.daemon.loop.FAREWELL", 0.5)


def play(directory: Path, story: Story, **options: Any) -> None:
    """Run a daemon over links in memory, and the story."""
    devices.clear()

    def plane(name: str, setup: Setup) -> MemoryDataplane:
        devices.append(setup)
        return MemoryDataplane()

    async def main() -> None:
        with MemoryBackend() as backend, MemoryBackend() as nowhere:
            for number in (1, 2):
                connect(backend, f"a{number}", nowhere, f"x{number}")
            clock = monotonic_clock()
            sources = Sources(directory=str(directory))
            own, teamd = str(directory / "run"), str(directory / "td")
            service = Service(
                *(backend, sources, clock),
                Options(run_dir=own, teamd_run_dir=teamd, **options),
                host=Host(ifindex={"a1": 1, "a2": 2, "team0": 3}.get),
                planes=plane,
            )
            loop = Loop(service)
            service.start(sources.read().configs, clock.now())
            running = asyncio.Event()
            task = asyncio.create_task(loop.run(running.set))
            await asyncio.wait(
                [task, asyncio.create_task(running.wait())], return_when=asyncio.FIRST_COMPLETED
            )
            try:
                await story(loop, directory / "td")
            finally:
                loop.stop()
                await asyncio.wait_for(task, 10)

    asyncio.run(main())


async def ask(path: Path, *lines: str) -> str:
    """One request, as a client of teamd sends it."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.setblocking(False)
        await loop.sock_connect(client, str(path))
        await loop.sock_sendall(client, "".join(f"{x}\n" for x in ("REQUEST", *lines)).encode())
        return (await loop.sock_recv(client, 1 << 20)).decode()


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_they_are_there_while_the_team_runs(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        assert names(files) == ["team0.pid", "team0.sock"]
        assert (files / "team0.pid").read_text() == f"{os.getpid()}\n"
        reply = await ask(files / "team0.sock", "StateDump")
        state = json.loads(reply.removeprefix("REPLY_SUCCESS\n"))
        assert state["setup"]["pid_file"] == str(files / "team0.pid")
        assert state["setup"]["runner_name"] == "activebackup"

    play(there, story)
    assert names(there / "td") == []


def test_without_a_socket(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        assert names(files) == ["team0.pid"]

    play(there, story, usock=False)


def test_a_pid_file_elsewhere(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        assert names(files) == ["team0.sock"]
        assert await ask(files / "team0.sock", "StateItemValueGet", "setup.pid_file") == (
            f"REPLY_SUCCESS\n{there / 'own.pid'}"
        )

    play(there, story, pid_file=str(there / "own.pid"))
    assert not (there / "own.pid").exists()


def test_teams_come_and_go_with_theirs(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        (there / "1.conf").write_text(conf("team1", ports=[], name="random"))
        loop.reload()
        await until_holds(lambda: len(names(files)) == 4)
        assert (await ask(files / "team1.sock", "ConfigDump")).startswith("REPLY_SUCCESS\n{")
        (there / "0.conf").unlink()
        loop.reload()
        await until_holds(lambda: names(files) == ["team1.pid", "team1.sock"])

    play(there, story)


def test_what_a_client_changes_takes_effect_at_once(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        team = loop.service.driver.teams["team0"]
        await until_holds(lambda: len(team.present) == 2)
        await until_holds(lambda: getattr(team.runner, "active_port", None) == "a1")
        update = ("PortConfigUpdate", "a2", '{"prio": 100}')
        assert await ask(files / "team0.sock", *update) == "REPLY_SUCCESS\n"
        await until_holds(lambda: getattr(team.runner, "active_port", None) == "a2")
        assert await ask(files / "team0.sock", "PortRemove", "a2") == "REPLY_SUCCESS\n"
        assert team.present == ["a1"]

    play(there, story)


def test_a_team_that_a_teamd_runs_is_left_alone(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        raise AssertionError("it must not start")

    files = ClientFiles(there / "td", "team0")
    files.directory.mkdir()
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock,
    ):
        files.pid.write_text(f"{process.pid}\n")
        sock.bind(str(files.socket))
        sock.listen(1)
        said = f"team0: a teamd runs this team already, as process {process.pid}"
        with pytest.raises(BackendError, match=said):
            play(there, story, take_over=True)
        process.kill()
    assert devices == []
    assert names(there / "td") == ["team0.pid", "team0.sock"]
    assert names(there / "run") == []


def test_a_socket_that_cannot_be_made_stops_the_team(there: Path) -> None:
    async def story(loop: Loop, files: Path) -> None:
        raise AssertionError("it must not start")

    (there / "td").write_text("no directory")
    with pytest.raises(BackendError, match=r"File exists|Not a directory"):
        play(there, story)
    assert names(there / "run") == []

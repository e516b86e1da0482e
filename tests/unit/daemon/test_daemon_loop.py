"""The loop: descriptors of devices come and go with their teams, names are looked up, the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.options import Options
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources
from lacp.dataplane.base import DeviceGone, PlaneNews, Setup
from lacp.dataplane.memory import MemoryDataplane
from lacp.errors import BackendError
from tests.daemons import conf
from tests.waiting import until_holds


class Speaking(MemoryDataplane):
    """A device that says something when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)

    def say(self, *news: PlaneNews) -> None:
        self.news += news
        self._there.send(b"\0")

    def filenos(self) -> list[int]:
        return [self._here.fileno()]

    def read(self) -> list[PlaneNews]:
        with contextlib.suppress(BlockingIOError):
            self._here.recv(64)
        return super().read()

    def destroy(self, keep: bool = False) -> None:
        super().destroy(keep)
        self._here.close()
        self._there.close()


Story = Callable[[Loop, dict[str, Speaking]], Awaitable[None]]


def play(directory: Path, configs: dict[str, str], story: Story) -> None:
    """Run a daemon with these teams over interfaces a1 and a2, and the story, to its end."""

    async def main() -> None:
        planes: dict[str, Speaking] = {}

        def plane(_: str, setup: Setup) -> Speaking:
            if setup.device == "refused":
                raise BackendError("refused: the kernel has no such driver")
            return planes.setdefault(setup.device, Speaking())

        with MemoryBackend() as backend:
            connect(backend, "a1", backend, "b1")
            connect(backend, "a2", backend, "b2")
            for name, text in configs.items():
                (directory / f"{name}.conf").write_text(text)
            sources = Sources(directory=str(directory))
            clock = monotonic_clock()
            options = Options(run_dir=str(directory), teamd_run_dir=str(directory / "teamd"))
            service = Service(backend, sources, clock, options, planes=plane)
            loop = Loop(service)
            service.start(sources.read().configs, clock.now())
            running = asyncio.Event()
            task = asyncio.create_task(loop.run(running.set))
            await running.wait()
            try:
                await story(loop, planes)
            finally:
                loop.stop()
                await asyncio.wait_for(task, 10)

    asyncio.run(main())


def test_devices_are_heard_until_they_are_gone_and_the_last_one_ends_the_process(
    tmp_path: Path,
) -> None:
    async def story(loop: Loop, planes: dict[str, Speaking]) -> None:
        teams = loop.service.driver.teams
        planes["team0"].say(DeviceGone())
        await until_holds(lambda: list(teams) == ["team1"])
        assert not loop._stop.is_set()
        planes["team1"].say(DeviceGone())
        await until_holds(loop._stop.is_set)
        assert not teams

    before = set(os.listdir("/proc/self/fd"))
    configs = {f"team{n}": conf(f"team{n}", [f"a{n + 1}"], name="random") for n in range(2)}
    play(tmp_path, configs, story)
    assert not list(tmp_path.rglob("*.sock"))
    assert set(os.listdir("/proc/self/fd")) <= before


def test_a_team_that_cannot_start_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(loop: Loop, _: dict[str, Speaking]) -> None:
        assert list(loop.service.driver.teams) == ["team0"]

    configs = {"team0": conf("team0", ["a1"]), "x": conf("refused", ["a2"])}
    play(tmp_path, configs, story)
    assert caplog.messages.count("refused: the kernel has no such driver") == 1


def test_the_only_team_that_cannot_start_ends_the_process(tmp_path: Path) -> None:
    async def story(_: Loop, __: dict[str, Speaking]) -> None:
        raise AssertionError("it runs")

    with pytest.raises(BackendError, match="refused: the kernel has no such driver"):
        play(tmp_path, {"x": conf("refused", ["a2"])}, story)


def test_a_device_of_a_team_that_comes_with_a_reload_is_heard(tmp_path: Path) -> None:
    async def story(loop: Loop, planes: dict[str, Speaking]) -> None:
        (tmp_path / "team1.conf").write_text(conf("team1", ["a2"], name="random"))
        loop.reload()
        await until_holds(lambda: "team1" in loop.service.driver.teams)
        planes["team1"].say(DeviceGone())
        await until_holds(lambda: list(loop.service.driver.teams) == ["team0"])

    play(tmp_path, {"team0": conf("team0", ["a1"], name="random")}, story)


def test_watchers_get_the_addresses_of_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(name: str, *_: object) -> list[object]:
        assert name == "gateway.example"
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("10.0.0.1", 0))]

    monkeypatch.setattr("lacp.daemon.resolver.socket.getaddrinfo", getaddrinfo)

    async def story(loop: Loop, _: dict[str, Speaking]) -> None:
        (watcher,) = loop.service.driver.teams["team0"].members["a1"].watch.watchers
        await until_holds(lambda: getattr(watcher, "target_host", None) == "10.0.0.1")

    watch = {"name": "arp_ping", "target_host": "gateway.example", "interval": 100}
    text = conf("team0", ["a1"], name="random", link_watch=watch)
    play(tmp_path, {"team0": text}, story)

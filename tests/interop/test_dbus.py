"""teamd's D-Bus interface on a bus of our own: names, methods, errors, and a bus that restarts."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lacp.daemon.teamd import methods
from lacp.daemon.teamd.bus import Bus
from lacp.errors import BackendError
from tests.daemons import conf
from tests.interop.daemon import COMMAND, ROOT, apart, lacpd
from tests.interop.dbus import INTERFACE, POLICY, TEAMD, SystemBus, system_bus
from tests.interop.netns import namespace
from tests.interop.teamdctl import Teamdctl
from tests.lab import need_teamd
from tests.teamd_subjects import FakeTeam
from tests.waiting import until_holds

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("dbus")]

NAME = "org.libteam.teamd.team0"
Story = Callable[[SystemBus, Bus, FakeTeam], Awaitable[None]]


def play(story: Story, *policies: Path) -> None:
    """Run the story beside a team on a bus."""

    async def main(bus: SystemBus) -> None:
        team = FakeTeam()
        with bus.addressed():
            there = Bus(team)
            try:
                await there.open()
                async with asyncio.timeout(60):
                    await story(bus, there, team)
            finally:
                await there.close()

    with system_bus(*(policies or (POLICY,))) as bus:
        asyncio.run(main(bus))


async def blocking(call: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(call, *arguments)


async def refusal(bus: SystemBus, method: str, *arguments: str) -> str:
    with pytest.raises(AssertionError) as raised:
        await blocking(bus.call, NAME, method, *arguments)
    return str(raised.value)


def test_methods_and_their_errors() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        assert await blocking(bus.call, NAME, "StateItemValueGet", "setup.pid") == "1"
        assert await blocking(bus.call, NAME, "PortAdd", "eth2") == ""
        assert team.done == [("add", "eth2")]
        said = await refusal(bus, "PortAdd", "eth3")
        assert "org.libteam.teamdNoSuchDev: No such device." in said
        said = await refusal(bus, "PortAdd")
        assert "org.libteam.teamdInvalidArgs: Did not receive correct message arg" in said
        assert "org.libteam.teamdInvalidArgs" in await refusal(bus, "PortAdd", "uint32:7")
        assert "org.freedesktop.DBus.Error.UnknownMethod" in await refusal(bus, "NoSuchMethod")
        await blocking(bus.call, NAME, "org.freedesktop.DBus.Peer.Ping")

    play(story)


def test_introspection_tells_every_method() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        introspect = "org.freedesktop.DBus.Introspectable.Introspect"
        for path, child in (("/", "org"), ("/org", "libteam"), ("/org/libteam", "teamd")):
            said = await blocking(partial(bus.call, NAME, introspect, path=path))
            assert f'<node name="{child}"/>' in said
        said = await blocking(bus.call, NAME, introspect)
        for name, method in methods.METHODS.items():
            assert f'<method name="{name}">' in said
            assert all(f'name="{argument}" direction="in"' in said for argument in method.arguments)

    play(story)


def test_the_team_is_driven_after_a_change() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        driven: list[int] = []
        there.changed = lambda: driven.append(len(team.done))
        await blocking(bus.call, NAME, "PortRemove", "eth1")
        assert driven == [1]

    play(story)


def test_real_teamdctl() -> None:
    need_teamd()

    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        with namespace() as here:
            here.ip("link add team0 type bridge")
            teamdctl = Teamdctl(here, None, ("-D",), bus.environment)
            answer = await blocking(teamdctl, "config", "dump")
            assert json.loads(answer.ok) == json.loads(team.config())
            assert (await blocking(teamdctl, "state", "item", "get", "setup.pid")).ok == "1\n"
            assert (await blocking(teamdctl, "port", "add", "eth2")).ok == ""
            assert team.done == [("add", "eth2")]
            answer = await blocking(teamdctl, "port", "remove", "eth3")
            assert answer.code == 1
            assert 'Error message received: "org.libteam.teamdNoSuchDev"' in answer.errors

    play(story)


def test_a_bus_that_restarts() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        await until_holds(lambda: there.connected)
        await blocking(bus.stop)
        await until_holds(lambda: not there.connected)
        await blocking(bus.start)
        await until_holds(lambda: there.connected)
        assert await blocking(bus.call, NAME, "StateItemValueGet", "setup.pid") == "1"

    play(story)


def test_a_name_has_one_owner() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        with pytest.raises(BackendError, match=f"{NAME}: another process has it"):
            await Bus(team).open()
        await there.close()
        again = Bus(team)
        await again.open()
        assert await blocking(bus.call, NAME, "StateItemValueGet", "setup.pid") == "1"
        await again.close()

    play(story)


def test_two_teams_of_one_process() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        other = FakeTeam("team-1", ports=("eth9",))
        second = Bus(other)
        await second.open()
        name = "org.libteam.teamd.team-1"
        assert await blocking(bus.call, name, "PortRemove", "eth9") == ""
        assert (team.done, other.done) == ([], [("remove", "eth9")])
        await second.close()

    play(story)


def test_without_a_policy_there_is_no_name() -> None:
    async def main(bus: SystemBus) -> None:
        with bus.addressed(), pytest.raises(BackendError) as raised:
            await Bus(FakeTeam()).open()
        said = str(raised.value)
        assert said.startswith(f"team0: D-Bus name {NAME}: the system bus does not give it: ")
        assert "\n" not in said

    with system_bus() as bus:
        asyncio.run(main(bus))


def test_only_root_may_call() -> None:
    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        command = ["setpriv", "--reuid", "65534", "--clear-groups", "dbus-send", "--system"]
        command += ["--print-reply", f"--dest={NAME}", TEAMD, f"{INTERFACE}.PortRemove"]
        done = await blocking(
            lambda line: subprocess.run(
                line, env=bus.environment, capture_output=True, text=True, check=False
            ),
            [*command, "string:eth1"],
        )
        assert "AccessDenied" in done.stderr
        assert team.done == []

    play(story)


def test_a_bus_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def main() -> str:
        with pytest.raises(BackendError) as raised:
            await Bus(FakeTeam()).open()
        return str(raised.value)

    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    said = asyncio.run(main())
    assert (
        said == f"team0: D-Bus name {NAME}: cannot reach the system bus: No such file or directory"
    )
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "nonsense")
    assert "cannot reach the system bus" in asyncio.run(main())


@pytest.mark.parametrize("name", ["0team", "team.0", "te am", "x" * 250])
def test_names_that_no_bus_takes(name: str) -> None:
    with pytest.raises(BackendError, match="cannot be a bus name"):
        Bus(FakeTeam(name))


def test_the_name_is_logged_before_it_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def story(bus: SystemBus, there: Bus, team: FakeTeam) -> None:
        assert f"team0: taking the name {NAME} on the system bus" in caplog.messages

    play(story)


# A whole lacpd with -D.


def test_lacpd_owns_the_names_of_its_teams() -> None:
    need_teamd()
    with system_bus(POLICY) as bus, bus.addressed(), namespace() as here:
        here.ip("link add team0 type bridge")
        with lacpd(here, conf("team0", [], name="random"), "-D") as daemon:
            ctl = Teamdctl(here, None, ("-D",), bus.environment)
            daemon.until(lambda: ctl("state").code == 0)
            assert json.loads(ctl("state", "dump").ok)["setup"]["dbus_enabled"] is True
            bus.stop()
            daemon.until(lambda: "the system bus went away" in daemon.said())
            assert Teamdctl(here, daemon.directory / "teamd")("state").code == 0
            bus.start()
            daemon.until(lambda: ctl("state").code == 0)
            assert daemon.end() == 0
        assert ctl("state").code == 1


def test_lacpd_does_not_start_without_the_bus(tmp_path: Path) -> None:
    with namespace() as here:
        command = here.command(
            *COMMAND, "-D", "-t", "team0", "-c", "{}", *apart(tmp_path), "--log-level", "error"
        )
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/nothing"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    what = "cannot reach the system bus: No such file or directory"
    assert done.stderr == f"lacpd: team0: D-Bus name {NAME}: {what}\n"
    assert not list((tmp_path / "teamd").iterdir())

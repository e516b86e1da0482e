"""Small parts of the daemon: its queue of appointments, budgets, addresses, names looked up."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.daemon.agenda import Agenda
from lacp.daemon.clock import Clock
from lacp.daemon.files import SavedState
from lacp.daemon.journal import Journal
from lacp.daemon.resolver import Resolver
from lacp.daemon.team.addresses import Addresses
from lacp.daemon.throttle import Budget
from lacp.watch.hosts import Host
from tests.daemons import config

ONE, TWO = Mac.parse("02:00:00:00:00:01"), Mac.parse("02:00:00:00:00:02")

# Appointments.


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9))))
def test_nobody_is_looked_at_later_than_planned(plans: list[tuple[str, float]]) -> None:
    agenda: Agenda[str] = Agenda()
    first: dict[str, float] = {}
    for key, at in plans:
        agenda.plan(key, at)
        first[key] = min(first.get(key, at), at)
    assert agenda.first() == min(first.values(), default=None)
    came = []
    for now in range(10):
        while (due := agenda.due(now)) is not None:
            at, key = due
            assert at == first[key]
            came.append((key, now))
    assert dict(came) == first
    assert len(came) == len(first)
    assert agenda.first() is None


def test_who_is_forgotten_does_not_come_up_and_may_be_planned_again() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.plan("a", 1.0)
    agenda.plan("a", None)
    agenda.forget("a")
    agenda.forget("b")
    assert agenda.due(5.0) is None
    agenda.plan("a", 7.0)
    assert agenda.first() == 7.0


def test_the_journal_names_the_team_once(caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal("team0", Clock(lambda: 0.0, lambda: 0.0))
    journal.say(logging.ERROR, "team0: cannot set e1 prio to 3: no such device")
    journal.say(logging.ERROR, "belongs to br0", "e1")
    assert caplog.messages == [
        "team0: cannot set e1 prio to 3: no such device",
        "team0: e1: belongs to br0",
    ]


def test_a_budget_begins_anew_each_second_for_each_key() -> None:
    budget = Budget(2)
    assert [budget.afford("a", now) for now in (0.0, 0.5, 0.9, 1.0)] == [True, True, False, True]
    assert budget.afford("b", 0.9)
    budget.forget("a")
    assert budget.afford("a", 1.0)


# Addresses.


def test_a_configured_address_is_that_of_system_and_team() -> None:
    addresses = Addresses(config(hwaddr=str(ONE)), SavedState())
    assert (addresses.team, addresses.system) == (ONE, ONE)
    assert addresses.adopt([]) is None


def test_a_configured_system_is_not_that_of_the_team() -> None:
    addresses = Addresses(config(hwaddr=str(ONE), system=str(TWO)), SavedState())
    assert (addresses.team, addresses.system) == (ONE, TWO)


def test_a_remembered_address_holds_with_the_port_it_came_from() -> None:
    saved = SavedState({}, ONE, "a1")
    assert Addresses(config(ports=["a1"]), saved).team == ONE
    assert Addresses(config(ports=["a2"]), saved).team is None


def test_own_addresses_survive_a_restart(tmp_path: Path) -> None:
    saved = SavedState({"a1": 1}, ONE, "a1", {"a1": TWO})
    saved.save(tmp_path / "state")
    assert SavedState.load(tmp_path / "state") == saved


def test_a_memory_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    text = '{"version": 1, "ports": {"a1": 1}, "system": "02:00:00:00:00:01", "system_from": "a1"}'
    (tmp_path / "state").write_text(text)
    assert SavedState.load(tmp_path / "state") == SavedState({"a1": 1}, ONE, "a1")


# Names.


def look_up(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> list[Any]:
    """Ask twice for each host at once; what was found."""
    asked: list[str] = []

    def getaddrinfo(name: str, _: None, family: int, kind: int) -> Any:
        asked.append(name)
        assert threading.current_thread() is not threading.main_thread()
        answer = answers[name]
        if isinstance(answer, Exception):
            raise answer
        return [(family, kind, 17, "", (answer, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def main() -> list[Any]:
        resolver, found = Resolver(asyncio.get_running_loop()), []
        done = asyncio.Event()

        def take(host: Host, address: str | None) -> None:
            found.append((host.name, address))
            done.set()

        for name in answers:
            for _ in range(2):
                resolver.look_up(Host(name, 4), take)
        while len(found) < 2 * len(answers):
            await asyncio.wait_for(done.wait(), 10)
            done.clear()
        return found

    found = asyncio.run(main())
    assert sorted(asked) == sorted(answers)
    return sorted(found, key=str)


def test_a_name_is_looked_up_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    found = look_up(monkeypatch, {"gateway": "10.0.0.1", "other": "10.0.0.2"})
    assert found == [("gateway", "10.0.0.1")] * 2 + [("other", "10.0.0.2")] * 2


def test_a_name_that_nobody_knows_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    strange = UnicodeError("label too long")
    found = look_up(monkeypatch, {"nobody": unknown, "x" * 70: strange})
    assert {address for _, address in found} == {None}


def test_a_name_without_an_address_is_said_once_and_again_when_it_has_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    answers: list[Exception | str] = [unknown, unknown, "10.0.0.1", "10.0.0.1"]

    def getaddrinfo(_: str, __: None, family: int, kind: int) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [(family, kind, 17, "", (answer, 0))]

    async def main() -> None:
        resolver, done = Resolver(asyncio.get_running_loop()), asyncio.Event()
        while answers:
            resolver.look_up(Host("gateway", 4), lambda *_: done.set())
            await asyncio.wait_for(done.wait(), 10)
            done.clear()

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    caplog.set_level(logging.INFO, "lacp.daemon.resolver")
    asyncio.run(main())
    assert caplog.messages == [
        (
            "the IPv4 address of gateway is not known (Name or service not known): "
            "who is to ask it stays down"
        ),
        "the IPv4 address of gateway is known now: 10.0.0.1",
    ]


def address_of(host: Host) -> str | None:
    """What is found for one host, by the machine's own resolver."""

    async def main() -> str | None:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[str | None] = loop.create_future()
        Resolver(loop).look_up(host, lambda _, address: found.set_result(address))
        return await asyncio.wait_for(found, 10)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "version", "address"),
    [
        ("127.0.0.1", 4, "127.0.0.1"),
        ("::1", 6, "::1"),
        ("10.1", 4, "10.0.0.1"),
        ("::1", 4, None),
        ("127.0.0.1", 6, None),
        ("a" * 70 + ".", 4, None),
    ],
)
def test_an_address_is_its_own_address(name: str, version: int, address: str | None) -> None:
    assert address_of(Host(name, version)) == address


def test_the_first_of_several_addresses_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(name: str, _: None, family: int, kind: int) -> list[Any]:
        return [(family, kind, 17, "", (text, 0, 0, 0)) for text in ("fd00::1", "fd00::2")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert address_of(Host("gateway", 6)) == "fd00::1"


def test_a_program_that_ends_does_not_wait_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def getaddrinfo(*_: object) -> list[Any]:
        asked.set()
        assert go_on.wait(10)
        return []

    async def main() -> None:
        Resolver(asyncio.get_running_loop()).look_up(Host("gateway", 4), lambda *_: None)
        while not asked.is_set():
            await asyncio.sleep(0)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    asyncio.run(main())
    late = [thread for thread in threading.enumerate() if thread.name == "resolve gateway"]
    assert [thread.daemon for thread in late] == [True]
    go_on.set()
    for thread in late:
        thread.join(10)

"""Sources that announce nothing: what is told of what was seen, and of what could not be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lacp.inspect.monitor import polled
from lacp.inspect.monitor.base import Listening
from lacp.inspect.monitor.polled import Polled
from lacp.inspect.survey import Places, Seen
from lacp.picture.events import Event
from lacp.picture.model import LagView, LinkView, PortView
from tests.waiting import until

UP = PortView(name="eth1", link=LinkView(up=True), link_downs=3)
DOWN = replace(UP, link=LinkView(up=False), link_downs=4)
BOND = LagView(name="bond0", source="ovs", mode="balance-slb", up=True, ports=(UP,))


class Switch:
    """What a survey finds, as a test wants it."""

    def __init__(self, source: str = "ovs") -> None:
        self.source = source
        self.seen = Seen()
        self.looks = 0
        self.listening = Listening(interval=0.001)
        self.heard: list[str] = []

    def survey(self, _: Places) -> Seen:
        self.looks += 1
        return Seen(list(self.seen.lags), list(self.seen.complaints))

    @contextmanager
    def polled(self, directory: Path, **options: Any) -> Iterator[Callable[..., list[str]]]:
        one = Polled(
            self.listening,
            Places(),
            reader=self.source,
            source=self.source,
            directory=str(directory),
            **options,
        )

        def look(*lags: LagView, complaints: tuple[str, ...] = ()) -> list[str]:
            """What is told when this is seen."""
            self.seen = Seen(list(lags), list(complaints))
            # The one after the next has begun when this was to be seen.
            last = self.looks + 2
            found: list[Event] = []
            until(lambda: self.looks > last, every=0.001, between=lambda: found.extend(one.read()))
            found += one.read()
            return [str(event) for event in found]

        try:
            yield look
        finally:
            one.close()
            self.listening.poll.close()


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch) -> Switch:
    made = Switch()
    monkeypatch.setattr(polled, "survey", made.survey)
    return made


def test_what_is_there_at_the_beginning_is_no_news(switch: Switch, tmp_path: Path) -> None:
    switch.seen = Seen([BOND], [])
    with switch.polled(tmp_path) as look:
        assert look(BOND) == []


def test_what_is_different_is_told_once(switch: Switch, tmp_path: Path) -> None:
    switch.seen = Seen([BOND], [])
    with switch.polled(tmp_path) as look:
        look(BOND)
        assert look(replace(BOND, ports=(DOWN,))) == ["bond0 eth1: link down"]
        assert look(replace(BOND, ports=(DOWN,))) == []
        assert look() == ["bond0: LAG is gone"]
        assert look(BOND)[:2] == ["bond0: LAG is there, balance-slb", "bond0 eth1: port added"]


def test_what_came_and_went_in_between_is_counted(switch: Switch, tmp_path: Path) -> None:
    switch.seen = Seen([BOND], [])
    with switch.polled(tmp_path) as look:
        look(BOND)
        assert look(replace(BOND, ports=(replace(UP, link_downs=5),))) == [
            "bond0 eth1: overrun, the link went down 2 more times than was seen"
        ]


def test_one_that_says_nothing_is_not_gone(switch: Switch, tmp_path: Path) -> None:
    switch.seen = Seen([BOND], [])
    with switch.polled(tmp_path) as look:
        look(BOND)
        assert look(complaints=("ovs: no answer within 0.9 s",)) == [
            "ovs: ovs: no answer within 0.9 s",
            "bond0: ovs of bond0 says nothing",
        ]
        assert look(complaints=("ovs: no answer within 0.9 s",)) == []
        assert look(replace(BOND, ports=(DOWN,))) == [
            "bond0: ovs of bond0 is back",
            "bond0 eth1: link down",
            "bond0: while it was away: 1 difference",
        ]


def test_what_lacpd_tells_itself_is_not_told_twice(switch: Switch, tmp_path: Path) -> None:
    with switch.polled(tmp_path) as look:
        look()
        switch.listening.claimed["bond0"] = "lacpd"
        assert look(BOND) == []


def test_of_a_teamd_its_end_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    daemon = Switch("teamd")
    monkeypatch.setattr(polled, "survey", daemon.survey)
    team = replace(BOND, name="team0", source="teamd")
    daemon.seen = Seen([team], [])
    with daemon.polled(tmp_path) as look:
        look(team)
        assert daemon.listening.claimed == {"team0": "teamd"}
        assert look() == ["team0: teamd of team0 has ended"]
        assert daemon.listening.claimed == {}


def test_those_of_another_namespace_are_left_out(switch: Switch, tmp_path: Path) -> None:
    with switch.polled(tmp_path, netns=5) as look:
        look()
        assert look(replace(BOND, netns=6)) == []
        assert look(replace(BOND, netns=5))[0] == "bond0: LAG is there, balance-slb"


def test_without_a_directory_nobody_is_asked(switch: Switch, tmp_path: Path) -> None:
    switch.seen = Seen([BOND], [])
    listening = Listening(interval=0.001)
    one = Polled(listening, Places(), reader="ovs", source="ovs", directory=str(tmp_path / "no"))
    try:
        until(lambda: list(one.read()) == [] and one.ready(), every=0.001)
        assert (switch.looks, one.lags()) == (0, [])
    finally:
        one.close()
        listening.poll.close()


def test_who_does_not_read_has_it_keep_no_more_than_some_answers(
    switch: Switch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polled, "_UNREAD", 3)
    idle: list[None] = []

    class End(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            idle.append(None)
            return super().wait(timeout)

    monkeypatch.setattr(threading, "Event", End)
    switch.seen = Seen([BOND], [])
    with switch.polled(tmp_path) as look:
        until(lambda: len(idle) > 20, every=0.001)
        assert switch.looks == 3
        # Once he reads, all goes on.
        assert look(replace(BOND, ports=(DOWN,))) == ["bond0 eth1: link down"]

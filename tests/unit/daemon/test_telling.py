"""What is told when there is time: in order, with its own time, and bounded."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from lacp.daemon.clock import Clock
from lacp.daemon.journal import Journal
from lacp.daemon.telling import Telling
from lacp.protocol.events import PortAdded, StateChanged

Document = dict[str, Any]


@pytest.fixture
def times() -> dict[str, float]:
    return {"now": 5.0}


@pytest.fixture
def now(times: dict[str, float]) -> Callable[[], float]:
    return lambda: times["now"]


@pytest.fixture
def journal(now: Callable[[], float], caplog: pytest.LogCaptureFixture) -> Journal:
    caplog.set_level(logging.INFO, "lacp")
    return Journal("team0", Clock(now, lambda: now() + 1000))


def added(port: str, time: float) -> PortAdded:
    return PortAdded(port, time)


def test_all_is_told_in_the_order_in_which_it_happened(
    journal: Journal, now: Callable[[], float], caplog: pytest.LogCaptureFixture
) -> None:
    telling = Telling()
    telling.put(journal, [added("a", 1.0), added("b", 2.0)])
    telling.put(journal, [added("c", 3.0)])
    assert not caplog.messages
    assert telling.tell(now, inf)
    assert caplog.messages == [f"team0: {port}: port added" for port in "abc"]
    assert not telling
    assert not telling.tell(now, inf)


def test_a_line_bears_the_time_of_what_it_tells(
    journal: Journal,
    times: dict[str, float],
    now: Callable[[], float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[Document] = []
    journal.subscribe(heard.append)
    telling = Telling()
    telling.put(journal, [added("a", 5.25)])
    times["now"] = 60.0
    telling.tell(now, inf)
    (record,) = caplog.records
    assert record.created == 1005.25
    assert record.__dict__["port"] == "a"
    assert heard[0]["time"] == "1970-01-01T00:16:45.250Z"


def test_telling_ends_when_the_turn_does(
    journal: Journal, now: Callable[[], float], caplog: pytest.LogCaptureFixture
) -> None:
    telling = Telling()
    telling.put(journal, [added("a", 1.0), added("b", 2.0)])
    assert telling.tell(now, now())
    assert len(caplog.messages) == len(telling) == 1


def test_what_nobody_wants_to_hear_does_not_wait(journal: Journal) -> None:
    telling = Telling()
    quiet = StateChanged("a", "periodic", "NO_PERIODIC", "FAST_PERIODIC", "why", 1.0)
    telling.put(journal, [quiet])
    assert not telling
    heard: list[Document] = []
    journal.subscribe(heard.append)
    telling.put(journal, [quiet])
    assert telling


def test_what_finds_no_room_is_counted_and_that_is_told(
    journal: Journal, now: Callable[[], float], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Document] = []
    journal.subscribe(heard.append)
    telling = Telling(limit=2)
    telling.put(journal, [added(port, 6.0) for port in "abcde"])
    telling.tell(now, inf)
    assert caplog.messages[-1] == "3 events are not told: more happened than could wait"
    assert [event["event"] for event in heard] == ["port_added", "port_added", "overrun"]
    assert heard[-1]["suppressed"] == 3
    telling.put(journal, [added("f", 7.0)])
    telling.tell(now, inf)
    assert caplog.messages[-1] == "team0: f: port added"


def test_who_asks_is_not_told_what_had_happened_before(
    journal: Journal, now: Callable[[], float]
) -> None:
    heard: list[Document] = []
    telling = Telling()
    telling.put(journal, [added("a", 4.0)])
    journal.subscribe(heard.append)
    telling.put(journal, [added("b", 5.0)])
    telling.tell(now, inf)
    assert [event["port"] for event in heard] == ["b"]
    journal.unsubscribe(heard.append)
    journal.unsubscribe(heard.append)
    assert not journal.subscribers

"""A driver that is behind sends what is due, and leaves the rest of the timers for later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp import EDITIONS, Link, Mac, PortConfig, StateChanged, System, SystemConfig, Transmit
from tests.worlds import VARIANT_IDS, VARIANTS, Control, Edition


def made(number: int, edition: Edition | None = None, control: Control | None = None) -> System:
    system = System(
        SystemConfig(
            system=Mac.parse(f"02:00:00:00:00:0{number}"),
            edition=edition or EDITIONS["2014"],
            control=control or Control.INDEPENDENT,
        )
    )
    link = Link(up=True, address=Mac.parse(f"02:00:00:00:01:0{number}"))
    system.add_port("1", PortConfig(number=1, short_timeout=True), 0.0, link)
    return system


def exchange(left: System, right: System, now: float) -> None:
    """Deliver what both say until nobody says any more."""
    moved = True
    while moved:
        moved = False
        for system, other in ((left, right), (right, left)):
            for event in list(system.events()):
                if isinstance(event, Transmit):
                    other.receive(event.port, event.frame, now)
                    moved = True


def run(left: System, right: System, now: float, until: float) -> None:
    """Let both live at their deadlines."""
    while True:
        due = [at for system in (left, right) if (at := system.next_deadline()) is not None]
        now = max(now, min(due))
        if now > until:
            return
        for system in (left, right):
            system.advance(now)
        exchange(left, right, now)


def sent(system: System) -> list[bytes]:
    return [event.frame for event in system.events() if isinstance(event, Transmit)]


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
def test_a_port_at_rest_says_the_same_by_either_way(edition: Edition, control: Control) -> None:
    said = []
    for behind in (False, True):
        left, right = made(1, edition, control), made(2, edition, control)
        exchange(left, right, 0.0)
        run(left, right, 0.0, 10.9)
        due = left.next_deadline()
        assert due is not None
        if behind:
            again = left.tick(due)
            assert again is not None
            assert again > due
        else:
            left.advance(due)
        said.append((sent(left), left.next_deadline(), left.ports["1"].counters.lacpdus_tx))
    assert said[0] == said[1]
    assert len(said[0][0]) == 1


def test_what_else_is_due_waits_and_the_port_speaks_on() -> None:
    left, right = made(1), made(2)
    exchange(left, right, 0.0)
    # Long past the end of every wait, and nothing was heard again.
    told = []
    now = 0.0
    for _ in range(6):
        now = max(now, left.tick(now + 1.1) or 0.0)
        events = list(left.events())
        told += [event for event in events if isinstance(event, StateChanged)]
        assert [event.port for event in events if isinstance(event, Transmit)]
    assert {event.machine for event in told} <= {"periodic"}
    due = left.next_deadline()
    assert due is not None
    assert due <= now
    left.advance(now)
    moved = {e.machine for e in left.events() if isinstance(e, StateChanged)}
    assert {"receive", "mux"} <= moved


@given(st.lists(st.floats(0.01, 1.5), max_size=12))
def test_who_was_behind_for_a_while_comes_to_the_same_rest(delays: list[float]) -> None:
    left, right = made(1), made(2)
    exchange(left, right, 0.0)
    now = 0.0
    for delay in delays:
        now += delay
        left.tick(now)
        right.tick(now)
        exchange(left, right, now)
    run(left, right, now, now + 10)
    for system in (left, right):
        port = system.ports["1"]
        assert port.distributing
        assert not any(e.new == "EXPIRED" and e.time > 0 for e in port.history)

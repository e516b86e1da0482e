"""When a process wakes up, and how late its timers were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lacp.daemon.lateness import Lateness
from lacp.daemon.pace import TICK, Pace


def test_nothing_is_put_off_while_there_are_few_wake_ups() -> None:
    pace = Pace()
    assert not any(pace.woke(100 + n / 30) for n in range(1000))


def test_a_handshake_of_a_quiet_process_waits_for_nothing() -> None:
    pace = Pace()
    assert not any(pace.woke(n / 1000) for n in range(20))


def test_ten_thousand_moments_a_second_are_fifty_wake_ups() -> None:
    pace, now, woken = Pace(), 0.0, 0
    while now < 10:
        woken += 1
        put_off = pace.woke(now)
        now = now + 0.0001 if put_off is None else put_off
    assert woken < 10 / TICK + 30


def test_after_a_busy_time_nothing_waits_again() -> None:
    pace, now = Pace(), 0.0
    for _ in range(1000):
        now = pace.woke(now) or now + 0.0001
    assert pace.woke(now + 0.001) is not None
    assert pace.woke(now + 1) is None


@given(st.lists(st.floats(0, 0.1), max_size=100))
def test_nobody_waits_for_longer_than_a_tick(gaps: list[float]) -> None:
    pace, now = Pace(), 0.0
    for gap in gaps:
        now += gap
        put_off = pace.woke(now)
        assert put_off is None or put_off <= now + TICK


def test_the_worst_of_the_last_minute() -> None:
    lateness = Lateness()
    assert lateness.worst(5.0) == 0.0
    lateness.note(0.5, 5.0)
    lateness.note(0.2, 6.0)
    lateness.note(0.1, 40.0)
    assert lateness.worst(41.0) == 0.5
    assert lateness.worst(64.0) == 0.5
    assert lateness.worst(80.0) == 0.1
    assert lateness.worst(200.0) == 0.0

"""Ports of a system that has a beat come to speak on it, step by step."""

from __future__ import annotations

from itertools import pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp import EDITIONS, Link, Mac, PortConfig, System, SystemConfig, Transmit, UsageError
from lacp.protocol.periodic import towards

BEATS = st.floats(0, 1, exclude_max=True)


def distance(time: float, beat: float) -> float:
    """How far `time` is from the nearest beat."""
    past = (time - beat) % 1.0
    return min(past, 1.0 - past)


@given(beat=BEATS, now=st.floats(0, 1e6), period=st.sampled_from([1.0, 30.0]))
def test_a_period_stays_within_the_tolerance_of_the_timer(
    beat: float, now: float, period: float
) -> None:
    assert period - 0.2 <= towards(beat, now, period) <= period + 0.01


@given(
    beat=BEATS,
    now=st.floats(0, 1e6),
    late=st.lists(st.floats(0, 0.02), min_size=20, max_size=20),
)
def test_after_five_periods_each_ends_on_the_beat_however_late_it_began(
    beat: float, now: float, late: list[float]
) -> None:
    for number, by in enumerate(late):
        end = now + towards(beat, now, 1.0)
        if number >= 5:
            assert distance(end, beat) < 1e-6
        now = end + by


@given(beat=BEATS, now=st.floats(0, 1e6))
def test_on_the_beat_it_stays_there_also_when_it_comes_a_moment_early(
    beat: float, now: float
) -> None:
    now = floor(now) + beat - 0.001
    assert towards(beat, now, 1.0) == pytest.approx(1.001, abs=1e-6)


def system(beat: float | None) -> System:
    return System(
        SystemConfig(system=Mac.parse("02:00:00:00:00:01"), edition=EDITIONS["2020"], beat=beat)
    )


def up(system: System, name: str, number: int, now: float) -> None:
    link = Link(up=True, address=Mac(bytes([2, 0, 0, 0, 1, number])))
    system.add_port(name, PortConfig(number=number), now)
    system.link_changed(name, link, now)


def spoken(system: System, until: float) -> dict[str, list[float]]:
    """When each port spoke, the system being alone and active."""
    said: dict[str, list[float]] = {}
    while (due := system.next_deadline()) is not None and due <= until:
        system.advance(due)
        for event in system.events():
            if isinstance(event, Transmit):
                said.setdefault(event.port, []).append(event.time)
    return said


@pytest.mark.parametrize("beat", [None, 0.25])
def test_ports_that_came_at_different_times_speak_together_if_there_is_a_beat(
    beat: float | None,
) -> None:
    one = system(beat)
    for number in range(1, 6):
        up(one, f"p{number}", number, 0.17 * number)
    said = spoken(one, 400.0)
    last = [times[-1] for times in said.values()]
    assert len(last) == 5
    if beat is None:
        assert max(last) - min(last) == pytest.approx(0.17 * 4)
    else:
        # At the slow rate not in the same second: a period of 30 s is no shorter than 29.8.
        assert all(distance(time, beat) < 1e-6 for time in last)
    for times in said.values():
        gaps = [after - before for before, after in pairwise(times[4:])]
        assert all(29.8 - 1e-6 <= gap <= 30.01 for gap in gaps)


def test_a_beat_lies_within_a_second() -> None:
    with pytest.raises(UsageError, match=r"beat is 1\.5, expected a number from 0 to 1"):
        system(1.5)

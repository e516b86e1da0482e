"""The table of timers answers as if it looked at all of them each time."""

from __future__ import annotations

from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.protocol.timers import Timer, Timers

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "start", "start", "stop", "expire", "fire", "fire_only"]),
        st.sampled_from(Timer),
        st.sampled_from([0.0, 0.5, 1.0, 1.0, 3.0]),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_each_timer_is_stopped_armed_or_expired(steps: Any) -> None:
    timers, now = Timers(), 0.0
    armed: dict[Timer, float] = {}
    expired: set[Timer] = set()
    for what, timer, seconds in steps:
        due = {each for each, at in armed.items() if at <= now + seconds}
        match what:
            case "start":
                timers.start(timer, now + seconds)
                armed[timer] = now + seconds
                expired.discard(timer)
            case "stop":
                timers.stop(timer)
                armed.pop(timer, None)
                expired.discard(timer)
            case "expire":
                timers.expire(timer)
                armed.pop(timer, None)
                expired.add(timer)
            case "fire" | "fire_only":
                now += seconds
                if what == "fire":
                    fired = timers.fire(now)
                else:
                    fired = timers.fire_only([timer], now)
                    due &= {timer}
                assert fired == sum(1 << each for each in due)
                expired |= due
                for each in due:
                    del armed[each]
        assert timers.next() == min(armed.values(), default=inf)
        for each in Timer:
            assert timers.deadline(each) == armed.get(each)
            assert timers.expired(each) is (each in expired)
            assert timers.stopped(each) is (each not in armed and each not in expired)

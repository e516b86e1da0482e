"""The agenda brings each key up at the earliest time that was planned for it, in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp.daemon.agenda import Agenda

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["plan", "plan", "plan", "forget", "due"]),
        st.sampled_from("abcd"),
        st.sampled_from([None, 0.0, 0.5, 1.0, 1.0, 3.0]),
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_each_key_comes_up_once_at_its_earliest_time(steps: Any) -> None:
    agenda: Agenda[str] = Agenda()
    planned: dict[str, float] = {}
    now = 0.0
    for what, key, seconds in steps:
        match what:
            case "plan":
                at = None if seconds is None else now + seconds
                agenda.plan(key, at)
                if at is not None:
                    planned[key] = min(at, planned.get(key, at))
            case "forget":
                agenda.forget(key)
                planned.pop(key, None)
            case "due":
                now += seconds or 0.0
                expected = sorted(at for at in planned.values() if at <= now)
                taken = []
                while (due := agenda.due(now)) is not None:
                    at, who = due
                    assert planned.pop(who) == at
                    taken.append(at)
                assert taken == expected
        assert agenda.first() == min(planned.values(), default=None)

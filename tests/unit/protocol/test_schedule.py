"""The queue of a system: whoever is due is looked at, in time and once."""

from __future__ import annotations

from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lacp import Mac, PortConfig, System, SystemConfig
from lacp.protocol.port import Port
from lacp.protocol.schedule import Schedule
from lacp.protocol.timers import Timer

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "stop", "take", "forget"]),
        st.integers(0, 3),
        st.sampled_from([Timer.PERIODIC, Timer.CURRENT_WHILE]),
        st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    ),
    max_size=40,
)


def ports() -> list[Port]:
    """Ports of which no timer runs, and that no system looks at."""
    system = System(SystemConfig(system=Mac.parse("02:00:00:00:00:01")))
    for number in range(1, 5):
        system.add_port(str(number), PortConfig(number=number), 0.0)
    for port in system.ports.values():
        for timer in Timer:
            port.timers.stop(timer)
        port.scheduled = inf
    return list(system.ports.values())


@given(steps=STEPS)
def test_nobody_who_is_due_is_overlooked(steps: Any) -> None:
    schedule, all_ports, now = Schedule(), ports(), 0.0
    forgotten: set[str] = set()
    for what, which, timer, seconds in steps:
        port = all_ports[which]
        match what:
            case "start":
                port.timers.start(timer, now + seconds)
                schedule.see(port)
                forgotten.discard(port.name)
            case "stop":
                port.timers.stop(timer)
            case "forget":
                schedule.forget(port)
                forgotten.add(port.name)
            case "take":
                now += seconds
                due = {p.name for p in all_ports if p.timers.next() <= now} - forgotten
                taken = schedule.take(now)
                for one in taken:
                    one.timers.fire(now)
                assert due <= {one.name for one in taken}
                assert len(taken) == len({one.name for one in taken})
                for one in taken:
                    schedule.see(one)
        first = min((p.timers.next() for p in all_ports if p.name not in forgotten), default=inf)
        deadline = schedule.next()
        assert (inf if deadline is None else deadline) <= first or first == inf

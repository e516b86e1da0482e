"""When teams of one process speak: together, and not all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lacp.daemon.beats import Beats
from tests.daemons import Host, conf, world


def test_as_many_ports_as_little_time_allows_speak_together() -> None:
    beats = Beats(lambda: 7.3)
    times = [beats.next(2) for _ in range(192)]
    assert times[:64] == [pytest.approx(0.3)] * 64
    assert times[64:128] == [pytest.approx(0.35)] * 64
    assert times[128:] == [pytest.approx(0.4)] * 64


def test_two_daemons_count_from_when_each_began() -> None:
    assert Beats(lambda: 3.0).next(2) != Beats(lambda: 3.4).next(2)


def test_thousands_of_ports_are_spread_over_the_second() -> None:
    beats = Beats(lambda: 0.0)
    times = {round(beats.next(2), 6) for _ in range(5000)}
    assert len(times) == 20
    assert all(0 <= time < 1 for time in times)


def deadlines(host: Host, seconds: float) -> int:
    """At how many different times the host has something to do."""
    world, times = host.world, set()
    end = world.now + seconds
    while world.now < end:
        due = host.service.driver.next_deadline()
        assert due is not None
        world.run(due - world.now)
        times.add(round(world.now, 3))
    return len(times)


def test_teams_that_came_up_at_different_times_wake_the_process_together(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        left, right = here.host("a"), here.host("b")
        teams = range(10)
        cables = [here.cable(left, f"a{n}", right, f"b{n}") for n in teams]
        for host, end in ((left, "a"), (right, "b")):
            for n in teams:
                ports, system = [f"{end}{n}"], f"02:00:00:0{ord(end) - 97}:00:{n:02d}"
                text = conf(f"team{n}", ports=ports, system=system, fast_rate=True)
                host.write(text, f"team{n}.conf")
        for cable in cables:
            cable.set(up=False)
        left.start()
        right.start()
        for cable in cables:
            here.run(0.13)
            cable.set(up=True)
        here.run(10)
        assert all(
            host.mux(f"team{n}") == ["DISTRIBUTING"] for host in (left, right) for n in teams
        )
        assert deadlines(left, 3.0) <= 8

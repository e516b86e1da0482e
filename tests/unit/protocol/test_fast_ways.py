"""The short ways of a port at rest give what the long ones give."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp import EDITIONS, Event, Link, Mac, PortConfig, System, SystemConfig, Transmit, info
from lacp.info import PORT_STATES, PortState
from lacp.protocol import running, transmit
from lacp.protocol.port import Port
from lacp.protocol.timers import Timer
from tests.worlds import VARIANT_IDS, VARIANTS, Control, Edition

PORTS = ("1", "2")

#: Seconds to the next step, and what happens then.
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.001, 0.3, 1.0, 1.0, 2.0, 3.5, 30.0]),
        st.sampled_from(["nothing", "nothing", "nothing", "down", "up", "rate", "key", "lose"]),
        st.sampled_from(PORTS),
    ),
    max_size=30,
)


class Twins:
    """A pair of systems joined by two links; told the same as its twin, it must say the same."""

    def __init__(self, edition: Edition, control: Control, long_way: bool) -> None:
        self.long_way = long_way
        self.ends = [
            System(
                SystemConfig(
                    system=Mac.parse(f"02:00:00:00:00:0{end}"), edition=edition, control=control
                )
            )
            for end in (1, 2)
        ]
        self.now = 0.0
        self.said: list[tuple[int, Event]] = []
        self.links = dict.fromkeys(PORTS, True)
        self.lossy = dict.fromkeys(PORTS, False)
        self.followed_by_nothing = 0
        for system in self.ends:
            for name in PORTS:
                config = PortConfig(number=int(name), short_timeout=True)
                system.add_port(name, config, 0.0, self.link(name))
        self.exchange()

    def link(self, name: str) -> Link:
        return Link(self.links[name], address=Mac.parse(f"02:00:00:00:01:0{name}"))

    def exchange(self) -> None:
        """Deliver at once what is sent, until nobody says any more."""
        wire: list[tuple[int, Transmit]] = []
        for _ in range(1000):
            for end, system in enumerate(self.ends):
                for event in system.events():
                    self.said.append((end, event))
                    if isinstance(event, Transmit):
                        wire.append((1 - end, event))
            if not wire:
                return
            end, event = wire.pop(0)
            if self.links[event.port] and not self.lossy[event.port]:
                if self.long_way:
                    self.ends[end].ports[event.port].settled_frame = None
                self.deliver(self.ends[end], event)
        raise AssertionError("they talk without end")

    def deliver(self, to: System, event: Transmit) -> None:
        """Let the frame arrive; when the system says that nothing follows, nothing does."""
        before = to.next_deadline() or inf
        if not to.receive(event.port, event.frame, self.now):
            self.followed_by_nothing += 1
            assert list(to.events()) == []
            assert (to.next_deadline() or inf) >= before

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            due = min(s.next_deadline() or until for s in self.ends)
            self.now = min(due, until)
            for system in self.ends:
                system.advance(self.now)
            self.exchange()
            if due >= until:
                return

    def do(self, what: str, name: str) -> None:
        first = self.ends[0]
        match what:
            case "down" | "up":
                self.links[name] = what == "up"
                for system in self.ends:
                    system.link_changed(name, self.link(name), self.now)
            case "rate":
                short = not first.ports[name].config.short_timeout
                first.configure_port(name, self.now, short_timeout=short)
            case "key":
                first.configure_port(name, self.now, key=3 - first.ports[name].config.key)
            case "lose":
                self.lossy[name] = not self.lossy[name]
        self.exchange()


def story(edition: Edition, control: Control, steps: Any, long_way: bool) -> Any:
    twins = Twins(edition, control, long_way)
    for wait, what, name in steps:
        twins.run(wait)
        twins.do(what, name)
    twins.run(5.0)
    ends = [(p.actor, p.partner, p.counters, p.now) for s in twins.ends for p in s.ports.values()]
    return twins.said, ends


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
@given(steps=STEPS)
def test_an_equal_frame_needs_no_second_look(
    edition: Edition, control: Control, steps: Any
) -> None:
    assert story(edition, control, steps, False) == story(edition, control, steps, True)


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
@given(steps=STEPS)
def test_a_tick_needs_no_step_of_a_machine(edition: Edition, control: Control, steps: Any) -> None:
    short = story(edition, control, steps, False)
    with pytest.MonkeyPatch.context() as patch:
        # No set of timers is this one: every tick goes through the machines.
        patch.setattr(running, "_PERIODIC_ALONE", -1)
        long = story(edition, control, steps, False)
    assert {tuple(map(repr, said)) for said in short[0]} == {
        tuple(map(repr, said)) for said in long[0]
    }
    assert short[1] == long[1]


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_a_tick_really_steps_no_machine(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = Twins(edition, Control.INDEPENDENT, long_way=False)
    twins.run(10.0)

    def stepped(*_: Any) -> None:
        raise AssertionError("a machine was stepped")

    monkeypatch.setattr(Port, "run", stepped)
    before = len(twins.said)
    twins.run(5.0)
    assert len(twins.said) - before == 2 * len(PORTS) * 5


def test_an_equal_frame_is_really_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = Twins(EDITIONS["2014"], Control.INDEPENDENT, long_way=False)
    twins.run(10.0)

    def looked(*_: Any) -> None:
        raise AssertionError("the frame was classified")

    monkeypatch.setattr("lacp.wire.slow.classify", looked)
    before = twins.followed_by_nothing
    twins.run(5.0)
    assert twins.followed_by_nothing - before == 2 * len(PORTS) * 5


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
@given(
    ago=st.lists(st.sampled_from([0.0, 0.01, 0.05, 0.9, 1.0, 1.005, 1.1, 2.0]), max_size=10),
    retry_in=st.sampled_from([-inf, -1.0, 0.0, 0.2]),
    timer=st.sampled_from(["stopped", "armed", "expired"]),
    repeats=st.booleans(),
    news=st.booleans(),
)
def test_who_is_unhindered_has_no_reason_to_wait(
    edition: Edition, ago: list[float], retry_in: float, timer: str, repeats: bool, news: bool
) -> None:
    system = System(SystemConfig(system=Mac.parse("02:00:00:00:00:01"), edition=edition))
    now = 100.0
    system.add_port("1", PortConfig(number=1), now)
    port = system.ports["1"]
    port.sent = [now - each for each in sorted(ago, reverse=True)][: edition.transmit_limit]
    port.sent_frame = None if news else port.frame()
    port.retry_at = now + retry_in
    port.repeats = repeats
    if timer == "armed":
        port.timers.start(Timer.TRANSMIT, now + 0.1)
    elif timer == "expired":
        port.timers.expire(Timer.TRANSMIT)
    if transmit.unhindered(port):
        assert not transmit._waits(port)
        assert port.timers.stopped(Timer.TRANSMIT)


def test_what_a_state_has_is_what_the_octet_says() -> None:
    tables = {
        PortState.ACTIVITY: info.ACTIVE,
        PortState.SHORT_TIMEOUT: info.SHORT,
        PortState.AGGREGATION: info.AGGREGATING,
        PortState.SYNCHRONIZATION: info.IN_SYNC,
        PortState.COLLECTING: info.COLLECTS,
        PortState.DISTRIBUTING: info.DISTRIBUTES,
        PortState.DEFAULTED: info.DEFAULTED,
    }
    for flag, table in tables.items():
        assert [table[state] for state in PORT_STATES] == [flag in s for s in PORT_STATES]

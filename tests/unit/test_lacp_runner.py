"""The lacp runner: which ports carry traffic, and whether the device has carrier."""

from __future__ import annotations

from typing import Any

from lacp.address import Mac
from lacp.link import Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import Transmit
from lacp.protocol.variables import Fallback
from lacp.runners.base import CarrierChanged, PortEnabled
from lacp.runners.lacp import LacpPort, LacpRunner

LEFT, RIGHT = Mac.parse("02:00:00:00:00:01"), Mac.parse("02:00:00:00:00:02")


def link(number: int) -> Link:
    return Link(True, 10_000, Duplex.FULL, Mac(b"\x02\0\0\0\1" + bytes((number,))))


class Cables:
    """Runners whose ports are joined; every cable is instant."""

    def __init__(self) -> None:
        self.now = 0.0
        self.far: dict[tuple[LacpRunner, str], tuple[LacpRunner, str]] = {}
        self.said: dict[LacpRunner, list[Any]] = {}

    def runner(self, system: Mac, **config: Any) -> LacpRunner:
        made = LacpRunner(SystemConfig(system=system, **config))
        self.said[made] = []
        return made

    def join(self, left: LacpRunner, a: str, right: LacpRunner, b: str, **config: Any) -> None:
        for runner, name in ((left, a), (right, b)):
            number = len(runner.ports) + 1
            runner.add_port(name, LacpPort(lacp=PortConfig(number=number, **config)), self.now)
            runner.link_changed(name, link(number), self.now)
        self.far[left, a], self.far[right, b] = (right, b), (left, a)

    def settle(self) -> None:
        moved = True
        while moved:
            moved = False
            for runner, said in self.said.items():
                for event in runner.events():
                    if isinstance(event, PortEnabled | CarrierChanged):
                        said.append(event)
                    if isinstance(event, Transmit) and (runner, event.port) in self.far:
                        moved = True
                        other, port = self.far[runner, event.port]
                        if port in other.ports:
                            other.receive(port, event.frame, self.now)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        self.settle()
        while True:
            due = [d for runner in self.said if (d := runner.next_deadline()) is not None]
            if not due or min(due) > end:
                self.now = end
                return
            self.now = min(due)
            for runner in self.said:
                runner.advance(self.now)
            self.settle()

    def decisions(self, runner: LacpRunner) -> list[Any]:
        """What was said since the last time, without times."""
        said, self.said[runner] = self.said[runner], []
        return [
            (e.port, e.collecting, e.distributing) if isinstance(e, PortEnabled) else e.up
            for e in said
        ]


def up(runner: LacpRunner) -> bool:
    return runner.carrier


def pair(ports: int = 2, **config: Any) -> tuple[Cables, LacpRunner, LacpRunner]:
    cables = Cables()
    left, right = cables.runner(LEFT, **config), cables.runner(RIGHT)
    for number in range(1, ports + 1):
        cables.join(left, f"a{number}", right, f"b{number}")
    return cables, left, right


def test_ports_are_enabled_before_there_is_carrier() -> None:
    cables, left, right = pair()
    cables.run(1.9)
    assert cables.decisions(left) == []
    assert not up(left)
    cables.run(0.2)
    said = cables.decisions(left)
    assert said[-1] is True
    assert ("a1", True, True) in said
    assert ("a2", True, True) in said
    assert up(left)
    assert up(right)
    assert left.enabled("a1") == (True, True)


def test_a_lost_link_is_disabled_and_carrier_stays() -> None:
    cables, left, _ = pair()
    cables.run(3)
    cables.decisions(left)
    left.link_changed("a1", Link(address=link(1).address), cables.now)
    cables.settle()
    assert cables.decisions(left)[-1] == ("a1", False, False)
    assert left.enabled("a2") == (True, True)
    left.link_changed("a2", Link(address=link(2).address), cables.now)
    cables.settle()
    # First the port, then the carrier, as far as anybody can see.
    assert cables.decisions(left)[-2:] == [("a2", False, False), False]


def test_min_ports_gives_carrier_and_withholds_it() -> None:
    cables, left, right = pair(min_ports=2)
    cables.run(3)
    assert cables.decisions(left)[-1] is True
    left.link_changed("a1", Link(address=link(1).address), cables.now)
    cables.settle()
    assert not up(left)
    # Nothing is black-holed: the partner is told, and stops.
    assert right.enabled("b2") == (False, False)
    left.configure(cables.now, min_ports=1)
    cables.run(3)
    assert up(left)
    assert right.enabled("b2") == (True, True)


def test_who_has_another_partner_stays_detached_and_is_not_black_holed() -> None:
    cables = Cables()
    left = cables.runner(LEFT)
    right, stranger = cables.runner(RIGHT), cables.runner(Mac.parse("02:00:00:00:00:03"))
    cables.join(left, "a1", right, "b1")
    cables.run(3)
    cables.join(left, "a2", stranger, "c1")
    cables.run(10)
    assert left.enabled("a1") == (True, True)
    assert left.enabled("a2") == (False, False)
    assert stranger.enabled("c1") == (False, False)
    assert not stranger.carrier
    assert left.ports["a2"].mux.detached


def test_a_better_port_takes_over_without_loss_of_carrier() -> None:
    cables, left, _ = pair(max_ports=1)
    cables.run(3)
    cables.decisions(left)
    assert left.enabled("a1") == (True, True)
    left.link_changed("a1", Link(address=link(1).address), cables.now)
    cables.run(3)
    assert left.enabled("a2") == (True, True)
    cables.decisions(left)
    left.link_changed("a1", link(1), cables.now)
    cables.run(5)
    assert left.enabled("a1") == (True, True)
    assert left.enabled("a2") == (False, False)
    assert up(left)


def test_a_looped_lag_carries_nothing() -> None:
    cables = Cables()
    left = cables.runner(LEFT)
    cables.join(left, "a1", left, "a2")
    cables.run(10)
    assert cables.decisions(left) == []
    assert not up(left)
    assert left.looped


def test_fallback_single_gives_carrier_to_one_port() -> None:
    cables = Cables()
    left = cables.runner(LEFT, fallback=Fallback.SINGLE)
    for number in (1, 2):
        left.add_port(f"a{number}", LacpPort(lacp=PortConfig(number=number)), 0.0)
        left.link_changed(f"a{number}", link(number), 0.0)
    cables.run(10)
    assert up(left)
    assert [left.enabled(f"a{n}")[1] for n in (1, 2)] == [True, False]


def test_a_removed_port_is_disabled_first() -> None:
    cables, left, right = pair()
    cables.run(3)
    cables.decisions(left)
    left.withdraw_port("a1", cables.now)
    cables.settle()
    assert right.enabled("b1")[1] is False
    left.remove_port("a1", cables.now)
    left.remove_port("a2", cables.now)
    cables.settle()
    assert cables.decisions(left)[-2:] == [("a2", False, False), False]
    assert not left.ports


def test_there_is_one_aggregator_whatever_the_caller_says() -> None:
    runner = LacpRunner(SystemConfig(system=LEFT, aggregators={5: 1, 6: 2}))
    assert runner.aggregator.identifier == 1
    assert runner.next_deadline() is None

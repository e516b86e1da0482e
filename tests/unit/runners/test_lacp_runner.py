"""The lacp runner: which ports carry traffic, and whether the device has carrier."""

from __future__ import annotations

from typing import Any

import pytest

from lacp.address import Mac
from lacp.errors import UsageError
from lacp.info import PortState
from lacp.link import Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import PortAdded, Transmit
from lacp.protocol.variables import Fallback
from lacp.runners.balancer import Balancer
from lacp.runners.base import CarrierChanged, HashMapped, PortAddressed, PortEnabled
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
    # The handshake is long enough ago that the limit holds back nothing.
    cables.run(3.5)
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
    cables.run(3.5)
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


def test_more_min_ports_than_ports_carry_nothing_and_ask_for_nothing() -> None:
    cables, left, right = pair(2, min_ports=3)
    cables.run(200)
    assert cables.decisions(left)[-1:] in ([], [False])
    assert not up(left)
    for name in ("b1", "b2"):
        assert PortState.SYNCHRONIZATION not in right.ports[name].partner.state
        assert right.enabled(name) == (False, False)
    assert "2 usable ports, min_ports is 3" in left.ports["a1"].selected_reason


def test_below_min_ports_no_port_advertises_that_it_is_in_sync() -> None:
    cables, left, right = pair(3, min_ports=2)
    cables.run(5)
    assert up(left)
    for name in ("a1", "a2"):
        left.link_changed(name, Link(address=link(1).address), cables.now)
    cables.settle()
    assert PortState.SYNCHRONIZATION not in left.ports["a3"].actor.state
    assert PortState.SYNCHRONIZATION not in right.ports["b3"].partner.state
    assert right.enabled("b3") == (False, False)


@pytest.mark.parametrize(("min_ports", "carries"), [(1, True), (2, True), (3, False)])
def test_fallback_static_honours_min_ports(min_ports: int, carries: bool) -> None:
    cables = Cables()
    left = cables.runner(LEFT, fallback=Fallback.STATIC, min_ports=min_ports)
    for number in (1, 2):
        left.add_port(f"a{number}", LacpPort(lacp=PortConfig(number=number)), 0.0)
        left.link_changed(f"a{number}", link(number), 0.0)
    cables.run(10)
    assert up(left) is carries
    assert [left.enabled(f"a{n}")[1] for n in (1, 2)] == [carries, carries]


def test_fallback_single_cannot_have_more_min_ports() -> None:
    with pytest.raises(UsageError, match="min_ports is 2, expected 1 with fallback single"):
        LacpRunner(SystemConfig(system=LEFT, fallback=Fallback.SINGLE, min_ports=2))


def test_ports_bear_the_address_of_the_team() -> None:
    left = LacpRunner(SystemConfig(system=LEFT))
    left.add_port("a1", LacpPort(lacp=PortConfig(number=1)), 0.0)
    assert list(left.events())[:2] == [PortAdded("a1", 0.0), PortAddressed("a1", True, 0.0)]


def test_a_balancer_maps_the_hashes_to_the_ports_that_distribute() -> None:
    cables = Cables()
    left = LacpRunner(SystemConfig(system=LEFT, aggregate_wait=0), balancer=Balancer())
    cables.said[left] = []
    right = cables.runner(RIGHT, aggregate_wait=0)
    mapped: dict[int, str] = {}

    def settle() -> None:
        cables.settle()
        mapped.clear()
        mapped.update(left.mapping)

    cables.join(left, "a1", right, "b1")
    settle()
    assert left.enabled("a1") == (True, True)
    assert set(mapped.values()) == {"a1"}
    assert len(mapped) == 256
    cables.join(left, "a2", right, "b2")
    settle()
    assert set(mapped.values()) == {"a1", "a2"}
    left.link_changed("a1", Link(address=link(1).address), cables.now)
    events = list(left.events())
    # The port is disabled before its hashes go to another one.
    moves = [event for event in events if isinstance(event, HashMapped)]
    assert {event.port for event in moves} == {"a2"}
    disabled = events.index(PortEnabled("a1", False, False, cables.now))
    assert disabled < events.index(moves[0])
    assert set(left.mapping.values()) == {"a2"}


def test_the_balancer_hears_of_loads() -> None:
    cables = Cables()
    left = LacpRunner(SystemConfig(system=LEFT, aggregate_wait=0), balancer=Balancer())
    cables.said[left] = []
    right = cables.runner(RIGHT, aggregate_wait=0)
    for number in (1, 2):
        cables.join(left, f"a{number}", right, f"b{number}")
        cables.settle()
    heavy = [h for h, port in left.mapping.items() if port == "a1"][:8]
    moves: list[HashMapped] = []
    for turn in range(10):
        left.loads(dict.fromkeys(heavy, turn * 10_000_000), cables.now + turn)
        moves += [event for event in left.events() if isinstance(event, HashMapped)]
    busy = {h: left.mapping[h] for h in heavy}
    assert moves
    assert set(busy.values()) == {"a1", "a2"}


def test_without_a_balancer_the_hash_alone_decides() -> None:
    cables, left, _ = pair()
    cables.run(5)
    left.loads({1: 1000}, cables.now)
    assert list(left.events()) == []
    assert left.mapping == {}


def test_a_lag_can_be_given_the_device_by_hand() -> None:
    cables = Cables()
    left = cables.runner(LEFT, aggregate_wait=0)
    right = cables.runner(RIGHT, aggregate_wait=0)
    other = cables.runner(Mac.parse("02:00:00:00:00:03"), aggregate_wait=0)
    cables.join(left, "a1", right, "b1")
    cables.join(left, "a2", other, "c1")
    cables.run(5)
    assert left.enabled("a1") == (True, True)
    left.activate("a2", cables.now)
    cables.settle()
    assert left.enabled("a2") == (True, True)
    assert left.enabled("a1") == (False, False)

"""What the runners have in common whose ports are judged by their link watchers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lacp.errors import UsageError
from lacp.link import Duplex, Link
from lacp.protocol.events import LinkChanged, PortAdded, PortRemoved
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.balancer import Balancer
from lacp.runners.base import CarrierChanged, PortEnabled, RunnerPort
from lacp.runners.loadbalance import LoadbalanceRunner
from lacp.runners.plain import PlainRunner
from lacp.runners.watched import WatchedRunner

FULL = Link(True, 10_000, Duplex.FULL)
MAKE: dict[str, Callable[[], WatchedRunner]] = {
    "broadcast": lambda: PlainRunner("broadcast"),
    "roundrobin": lambda: PlainRunner("roundrobin"),
    "random": lambda: PlainRunner("random"),
    "activebackup": ActivebackupRunner,
    "loadbalance": LoadbalanceRunner,
    "balanced": lambda: LoadbalanceRunner(Balancer()),
}


@pytest.fixture(params=MAKE)
def runner(request: pytest.FixtureRequest) -> WatchedRunner:
    """A runner with a port that can be used and one that cannot."""
    made = MAKE[request.param]()
    made.add_port("a", RunnerPort(), 1.0)
    made.add_port("b", RunnerPort(), 1.0)
    made.link_changed("a", FULL, 1.0)
    made.verdict_changed("a", True, 1.0)
    list(made.events())
    return made


def test_a_new_port_is_down_whatever_its_name() -> None:
    for make in MAKE.values():
        made = make()
        made.add_port("eth0.100", RunnerPort(), 0.0)
        assert PortAdded("eth0.100", 0.0) in list(made.events())
        assert (made.enabled("eth0.100"), made.carrier) == ((False, False), False)


def test_the_verdict_decides_and_not_the_link(runner: WatchedRunner) -> None:
    assert (runner.enabled("a"), runner.enabled("b"), runner.carrier) == (
        (True, True),
        (False, False),
        True,
    )
    runner.link_changed("b", FULL, 2.0)
    assert runner.enabled("b") == (False, False)
    runner.link_changed("a", Link(), 2.0)
    assert runner.enabled("a") == (True, True)


def test_the_last_port_takes_the_carrier_along(runner: WatchedRunner) -> None:
    runner.verdict_changed("a", False, 2.0)
    *_, disabled, carrier = runner.events()
    assert disabled == PortEnabled("a", False, False, 2.0)
    assert carrier == CarrierChanged(False, "0 of 2 ports carry traffic", 2.0)
    runner.verdict_changed("a", True, 3.0)
    assert list(runner.events())[-1] == CarrierChanged(True, "1 of 2 ports carry traffic", 3.0)


def test_one_port_for_another_in_one_batch_is_no_loss_of_carrier(runner: WatchedRunner) -> None:
    runner.verdict_changed("a", False, 2.0)
    runner.verdict_changed("b", True, 2.0)
    events = list(runner.events())
    assert PortEnabled("a", False, False, 2.0) in events
    assert PortEnabled("b", True, True, 2.0) in events
    assert not any(isinstance(event, CarrierChanged) for event in events)


def test_a_withdrawn_port_comes_back_for_no_verdict(runner: WatchedRunner) -> None:
    runner.withdraw_port("a", 2.0)
    assert PortEnabled("a", False, False, 2.0) in list(runner.events())
    runner.verdict_changed("a", False, 3.0)
    runner.verdict_changed("a", True, 3.0)
    assert list(runner.events()) == []


def test_a_removed_port_is_disabled_first(runner: WatchedRunner) -> None:
    runner.remove_port("a", 2.0)
    events = list(runner.events())
    assert events.index(PortEnabled("a", False, False, 2.0)) < events.index(PortRemoved("a", 2.0))
    assert (list(runner.ports), runner.carrier) == (["b"], False)
    runner.add_port("a", RunnerPort(), 3.0)
    assert list(runner.ports) == ["b", "a"]


def test_what_is_told_twice_is_answered_once(runner: WatchedRunner) -> None:
    runner.link_changed("a", FULL, 2.0)
    runner.verdict_changed("a", True, 2.0)
    runner.verdict_changed("b", False, 2.0)
    runner.device_changed(True, 2.0)
    runner.configure_port("a", 2.0, prio=0, sticky=False)
    runner.configure(2.0)
    runner.loads({1: 100}, 2.0)
    runner.receive("a", b"\x01\x80\xc2\0\0\x02", 2.0)
    runner.transmit_failed("a", b"", 2.0)
    runner.advance(9.0)
    assert list(runner.events()) == []
    assert runner.next_deadline() is None
    assert runner.quiet(["a", "b"])


def test_a_link_is_told_of_when_it_differs(runner: WatchedRunner) -> None:
    slower = Link(True, 1_000, Duplex.FULL)
    runner.link_changed("a", slower, 2.0)
    assert LinkChanged("a", slower, 2.0) in list(runner.events())


def test_mistakes_of_the_caller(runner: WatchedRunner) -> None:
    with pytest.raises(UsageError, match="no port 'c', there are a, b"):
        runner.verdict_changed("c", True, 2.0)
    with pytest.raises(UsageError, match="port a exists already"):
        runner.add_port("a", RunnerPort(), 2.0)
    with pytest.raises(UsageError, match=r"time went back from 2\.0 to 1\.5"):
        runner.advance(1.5)
    with pytest.raises(UsageError, match="no parameter colour"):
        runner.configure(2.0, colour="red")
    with pytest.raises(UsageError, match="no parameter colour"):
        runner.configure_port("a", 2.0, colour="red", prio=5)
    assert runner.ports["a"].settings == RunnerPort()
    assert list(runner.events()) == []

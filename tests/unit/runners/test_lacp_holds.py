"""What keeps ports of the lacp runner out of their LAG: link watchers, a device that is down."""

from __future__ import annotations

from typing import Any

import pytest

from lacp import PortConfig, PortState, StateChanged, SystemConfig, UsageError
from lacp.runners.lacp import LacpPort, LacpRunner
from lacp.runners.probation import FIRST_HOLD, LONGEST_HOLD
from lacp.sim.network import Network, address
from tests.worlds import add_system, distributing

SETTLING = 10.0
SAID = "held: link watchers say the link is down"


class Team:
    """A team of two ports in the network, with its partner; link watchers are played by hand."""

    def __init__(self, ports: int = 2, **settings: Any) -> None:
        self.network = Network()
        self.runner = LacpRunner(SystemConfig(system=address(1), aggregate_wait=0, **settings))
        self.names = [str(n) for n in range(1, ports + 1)]
        self.node = self.network.add("team", self._build, self.names)
        add_system(
            self.network, "partner", range(1, ports + 1), aggregate_wait=0, short_timeout=True
        )
        for name in self.names:
            self.network.cable(("team", name), ("partner", name))

    def _build(self, now: float) -> LacpRunner:
        for name in self.names:
            config = PortConfig(number=int(name), short_timeout=True)
            self.runner.add_port(name, LacpPort(lacp=config, settling=SETTLING), now)
        return self.runner

    def tell(self, port: str, up: bool) -> None:
        """The link watchers of a port have another opinion."""
        self.runner.verdict_changed(port, up, self.network.now)
        self.node._drain()

    @property
    def used(self) -> set[str]:
        """The ports that distribute, at both ends."""
        ends = distributing(self.network)
        return {name for name in self.names if {("team", name), ("partner", name)} <= ends}

    def run(self, seconds: float) -> None:
        self.network.run(seconds)


def good(**settings: Any) -> Team:
    """A team whose watchers have been content for a while."""
    team = Team(**settings)
    team.run(1)
    for name in team.names:
        team.tell(name, True)
    team.run(20)
    assert team.used == set(team.names)
    return team


def test_a_port_that_is_said_to_be_down_from_the_beginning_is_opened_all_the_same() -> None:
    team = Team()
    team.run(1)
    # No probe could have been answered before.
    assert team.used == {"1", "2"}
    team.tell("1", True)
    team.run(SETTLING)
    assert team.used == {"1"}
    assert team.runner.ports["2"].selected_reason == SAID


def test_the_partner_is_told_of_a_port_that_is_held_and_lacp_goes_on() -> None:
    team = good()
    heard = team.runner.ports["2"].counters.lacpdus_rx
    team.tell("2", False)
    team.run(0.01)
    assert team.used == {"1"}
    far = team.network.nodes["partner"].system.ports["2"]
    assert PortState.SYNCHRONIZATION not in far.partner.state
    team.run(5)
    assert far.receive.state.name == "CURRENT"
    assert team.runner.ports["2"].counters.lacpdus_rx > heard + 3
    reasons = [
        each.event.reason
        for each in team.network.log
        if isinstance(each.event, StateChanged)
        and (each.event.machine, each.event.new) == ("selection", "UNSELECTED")
    ]
    assert SAID in reasons


def test_down_counts_once_the_port_has_been_open_for_long_enough() -> None:
    team = good()
    team.network.cable_at("team", "2").flap(down=1)
    team.run(1.5)
    assert team.used == {"1", "2"}
    # What the watchers missed while the port was closed says nothing.
    team.tell("2", False)
    team.run(SETTLING - 1)
    assert team.used == {"1", "2"}
    team.run(1)
    assert team.used == {"1"}


def test_a_held_port_is_tried_again_ever_more_seldom() -> None:
    team = good()
    team.tell("2", False)
    tries: list[float] = []
    while len(tries) < 8:
        team.run(0.01)
        closed = team.network.now
        assert team.used == {"1"}
        team.network.run_until(lambda: team.used == {"1", "2"}, 2 * LONGEST_HOLD)
        tries.append(team.network.now - closed)
        team.network.run_until(lambda: team.used == {"1"}, SETTLING + 1)
    wanted = [min(FIRST_HOLD * 2**turn, LONGEST_HOLD) for turn in range(8)]
    assert tries == pytest.approx(wanted, abs=0.1)


def test_a_port_that_was_good_for_as_long_is_forgiven() -> None:
    team = good()
    for _ in range(2):
        team.tell("2", False)
        team.run(FIRST_HOLD + 1)
        assert team.used == {"1", "2"}
        team.tell("2", True)
        team.run(2 * FIRST_HOLD)


def test_what_is_said_to_be_up_is_let_go_at_once() -> None:
    team = good()
    team.tell("2", False)
    team.run(1)
    team.tell("2", True)
    team.run(0.01)
    assert team.used == {"1", "2"}


def test_where_no_port_is_left_each_is_tried_soon() -> None:
    team = good()
    for name in team.names:
        team.tell(name, False)
    for _ in range(6):
        team.network.run_until(lambda: not team.used, SETTLING + 1)
        assert not team.runner.carrier
        closed = team.network.now
        team.network.run_until(lambda: team.used == {"1", "2"}, LONGEST_HOLD)
        assert team.network.now - closed == pytest.approx(FIRST_HOLD, abs=0.1)


def test_a_link_that_comes_back_is_tried_at_once() -> None:
    team = good()
    team.tell("2", False)
    team.run(1)
    team.network.cable_at("team", "2").flap(down=0.1)
    team.run(0.2)
    assert team.used == {"1", "2"}


def test_without_watchers_that_probe_the_verdict_says_nothing() -> None:
    team = good()
    team.runner.configure_port("2", team.network.now, settling=None)
    team.tell("2", False)
    team.run(100)
    assert team.used == {"1", "2"}
    team.runner.configure_port("2", team.network.now, settling=SETTLING)
    team.node._drain()
    team.run(0.01)
    assert team.used == {"1"}


def test_a_device_that_is_down_tells_its_partners_and_comes_back_at_once() -> None:
    team = good()
    team.runner.device_changed(False, team.network.now)
    team.node._drain()
    team.run(0.01)
    assert distributing(team.network) == set()
    assert not team.runner.carrier
    assert team.runner.ports["1"].selected_reason == "held: the team device is down"
    far = team.network.nodes["partner"].system.ports["1"]
    assert far.receive.state.name == "CURRENT"
    team.run(300)
    assert distributing(team.network) == set()
    team.runner.device_changed(True, team.network.now)
    team.node._drain()
    team.run(0.01)
    assert team.used == {"1", "2"}
    assert team.runner.carrier


def test_a_port_that_joins_a_device_that_is_down_waits() -> None:
    runner = LacpRunner(SystemConfig(system=address(1)))
    runner.device_changed(False, 0.0)
    runner.add_port("1", LacpPort(lacp=PortConfig(number=1)), 0.0)
    assert runner.ports["1"].held == "the team device is down"


def test_prio_and_sticky_are_those_of_the_runner() -> None:
    runner = LacpRunner(SystemConfig(system=address(1)))
    port = LacpPort(lacp=PortConfig(number=1), prio=5, sticky=True)
    runner.add_port("1", port, 0.0)
    config = runner.ports["1"].config
    assert (config.prio, config.sticky) == (5, True)
    runner.configure_port("1", 1.0, prio=-3, sticky=False)
    config = runner.ports["1"].config
    assert (config.prio, config.sticky) == (-3, False)
    with pytest.raises(UsageError, match="prio is 2147483648, expected a whole number from -2147"):
        runner.configure_port("1", 1.0, prio=1 << 31)
    with pytest.raises(UsageError, match="no port '7', there are 1"):
        runner.configure_port("7", 1.0, prio=1)


def test_unknown_ports_are_named() -> None:
    runner = LacpRunner(SystemConfig(system=address(1)))
    with pytest.raises(UsageError, match="no port '7', there are none"):
        runner.verdict_changed("7", True, 0.0)
    with pytest.raises(UsageError, match="no port '7', there are none"):
        runner.activate("7", 0.0)

"""How fast links come, go and come back: two teams in virtual time, no slower than their peers.

Each bound is the best that teamd 1.31, the Linux bonding driver 6.1 and Open vSwitch 3.1 were
measured at, two links at the fast rate; at the slow rate teamd's. The wait of the standard
(Aggregate_Wait_Time), which teamd and Open vSwitch do without, is set to 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

import pytest

from lacp import Control, PortConfig, PortState, SystemConfig
from lacp.runners.lacp import LacpPort, LacpRunner
from lacp.sim.network import Network, address
from tests.worlds import all_up, distributing, muxes, sent

LINKS = (1, 2)
ENDS = ("left", "right")
#: One way through a cable and the receiving process, with up to as much again by chance.
LATENCY = 0.0005
#: From one exchange of all that is to be said.
EXCHANGE = 0.01
#: Where in the second of its periodic LACPDUs it happens.
phases = pytest.mark.parametrize("phase", [0.0, 0.13, 0.31, 0.5, 0.77, 0.999])
controls = pytest.mark.parametrize("control", list(Control))


def team(control: Control, short_timeout: bool, number: int, now: float) -> LacpRunner:
    runner = LacpRunner(SystemConfig(system=address(number), aggregate_wait=0, control=control))
    for n in LINKS:
        lacp = PortConfig(number=n, key=0, priority=255, short_timeout=short_timeout)
        runner.add_port(str(n), LacpPort(lacp=lacp), now)
    return runner


def unlit(control: Control, short_timeout: bool = True, seed: int = 0) -> Network:
    """Two teams on two cables that no end has light from."""
    network = Network(seed, record=True)
    for number, name in enumerate(ENDS, 1):
        build = partial(team, control, short_timeout, number)
        network.add(name, build, [str(n) for n in LINKS])
    for n in LINKS:
        link = network.cable(("left", str(n)), ("right", str(n)), latency=LATENCY, jitter=LATENCY)
        for end in link.ends:
            link.lose_carrier(end)
    network.run(5)
    return network


def lit(network: Network, apart: float = 0.0) -> float:
    """Give the links to both ends, the second so much later; how long both take from then."""
    for name in ENDS:
        for n in LINKS:
            network.cable_at(name, str(n)).regain_carrier((name, str(n)))
        if name == "left":
            network.run(apart)
    return network.run_until(partial(all_up, network, LINKS), 100)


def steady(control: Control, phase: float, short_timeout: bool = True) -> Network:
    """Two teams that have been up for a while."""
    network = unlit(control, short_timeout, seed=round(phase * 1000))
    lit(network, 0.3)
    network.run(10 + phase)
    network.log.clear()
    return network


def stopped(network: Network, name: str) -> float:
    """When link 1 was first taken out of use at this end."""
    return next(at for at, _, distributes in muxes(network, name, 1) if not distributes)


def last_heard(network: Network, name: str) -> float:
    """When the last LACPDU arrived on link 1."""
    return max(f.arrives_at for f in network.frames if f.target == (name, "1") and f.arrives_at)


@controls
@phases
def test_links_up(control: Control, phase: float) -> None:
    # teamd and Open vSwitch: 1 ms.
    assert lit(unlit(control), phase) < EXCHANGE


@controls
@phases
def test_each_end_says_at_once_that_it_distributes(control: Control, phase: float) -> None:
    network = unlit(control)
    lit(network, phase)
    network.run(EXCHANGE)
    for name in ENDS:
        for n in LINKS:
            _, state = sent(network, name, n)[-1]
            assert state & PortState.DISTRIBUTING
    # What it then says each second is no news, and what is said is within the limit.
    network.run(1.5)
    assert max(in_a_second([at for at, _ in sent(network, "left", 1)])) <= 3


@controls
def test_links_up_at_the_same_moment(control: Control) -> None:
    dice = Random(1)
    for seed in range(20):
        assert lit(unlit(control, seed=seed), dice.random() * 2 * LATENCY) < EXCHANGE


@controls
@phases
def test_created_over_links_that_are_there(control: Control, phase: float) -> None:
    # Open vSwitch: 26 ms, most of it not LACP.
    network = steady(control, phase)
    network.nodes["right"].stop()
    network.run(20 + phase)
    network.nodes["right"].start()
    assert network.run_until(partial(all_up, network, LINKS), 5) < EXCHANGE


@controls
@phases
def test_carrier_lost_and_back(control: Control, phase: float) -> None:
    network = steady(control, phase)
    link = network.cable_at("left", "1")
    link.pull()
    # At once, at both ends; the other link goes on.
    assert distributing(network) == {("left", "2"), ("right", "2")}
    network.run(2 * phase + 0.2)
    link.plug()
    # teamd: 0.14 s.
    assert network.run_until(partial(all_up, network, LINKS), 5) < EXCHANGE


@controls
@phases
def test_a_link_that_swallows_everything_and_heals(control: Control, phase: float) -> None:
    network = steady(control, phase)
    link = network.cable_at("left", "1")
    link.set(silent=True)
    network.run(15 + phase)
    for name in ENDS:
        # All: 3 s after the last LACPDU, to the millisecond.
        assert stopped(network, name) == pytest.approx(last_heard(network, name) + 3, abs=1e-6)
    link.heal()
    # teamd: 0.87 s; Open vSwitch and the bonding driver half a minute.
    assert network.run_until(partial(all_up, network, LINKS), 5) < 0.87


@controls
@phases
def test_the_partner_is_not_heard_and_heard_again(control: Control, phase: float) -> None:
    network = steady(control, phase)
    link = network.cable_at("left", "1")
    link.set(("right", "1"), silent=True)
    network.run(5 + phase)
    at = stopped(network, "left")
    assert at == pytest.approx(last_heard(network, "left") + 3, abs=1e-6)
    if control is Control.INDEPENDENT:
        # The partner is told in one flight, and stops too. Coupled, it heeds Synchronization alone.
        assert stopped(network, "right") - at < 2 * LATENCY + 1e-6
    expired = next(at for at, state in sent(network, "left", 1) if at > 10 and 0x80 & state)
    assert expired == at
    link.heal()
    # teamd: 0.52 s, which depends on when in the second it heals; none speaks less often.
    assert network.run_until(partial(all_up, network, LINKS), 5) < 1 + EXCHANGE


@controls
@phases
def test_at_the_slow_rate_a_link_that_heals_is_found(control: Control, phase: float) -> None:
    network = steady(control, phase, short_timeout=False)
    link = network.cable_at("left", "1")
    link.set(silent=True)
    network.run(150 + phase)
    for name in ENDS:
        assert stopped(network, name) == pytest.approx(last_heard(network, name) + 90, abs=1e-6)
    link.heal()
    # teamd: 8.4 s.
    assert network.run_until(partial(all_up, network, LINKS), 60) < 1 + EXCHANGE


@controls
@phases
def test_a_partner_that_restarts(control: Control, phase: float) -> None:
    network = steady(control, phase)
    network.nodes["right"].stop()
    network.run(0.2)
    network.nodes["right"].start()
    network.run_until(lambda: not all_up(network, LINKS), 1)
    assert network.run_until(partial(all_up, network, LINKS), 5) < EXCHANGE


def in_a_second(times: list[float]) -> Iterator[int]:
    return (sum(at <= other < at + 1 for other in times) for at in times)


@phases
def test_none_of_this_breaks_the_transmit_limit(phase: float) -> None:
    network = steady(Control.INDEPENDENT, phase)
    link = network.cable_at("left", "1")
    for _ in range(3):
        link.flap(times=3, down=0.05, up=0.3)
        network.run(2)
        network.nodes["right"].stop()
        network.nodes["right"].start()
        network.run(4.5)
    # The right one, when it has started, knows nothing of what it said before.
    assert max(in_a_second([at for at, _ in sent(network, "left", 1)])) <= 3

"""Transmit procedure: when a LACPDU leaves, when it is held back, and what it then says."""

from __future__ import annotations

from typing import Any

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import PortInfo, PortState
from lacp.link import Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.events import Transmit
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from lacp.sim.network import address
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from tests.worlds import all_up, both, bring_up, cable, pair, port, sent, unrest

editions = pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)

PARTNER = PortInfo(0x8000, address(2), 1, 0x8000, 1, PortState(0x05))


def lone_port(edition: Edition, **settings: Any) -> System:
    """A system with one port, 1, whose link has just come up and has spoken once."""
    system = System(SystemConfig(system=address(1), edition=edition))
    system.add_port("1", PortConfig(number=1, **settings), 0.0)
    system.link_changed("1", Link(True, 10000, Duplex.FULL, address(1, 1)), 0.0)
    return system


def transmits(system: System) -> list[float]:
    return [event.time for event in system.events() if isinstance(event, Transmit)]


def heard(partner_of_sender: PortInfo) -> bytes:
    """A LACPDU from the partner that sees us like this."""
    pdu = Lacpdu(PARTNER, partner_of_sender)
    return slow.ethernet(SLOW_PROTOCOLS_MULTICAST, Mac(address(2, 1)), pdu.encode())


def run_to(system: System, until: float) -> None:
    """Advance at every deadline up to `until`, as a driver does."""
    while (deadline := system.next_deadline()) is not None and deadline <= until:
        system.advance(deadline)
    system.advance(until)


@editions
def test_flood_of_outdated_lacpdus_is_answered_within_the_limit(edition: Edition) -> None:
    """Each asks for an answer (update_NTT); the answers keep to the limit in any second."""
    system = lone_port(edition, short_timeout=True)
    now = 0.0
    while now < 5.0:
        now += 0.01
        run_to(system, now)
        system.receive("1", heard(PortInfo()), now)
    times = transmits(system)
    limit = edition.transmit_limit
    assert len(times) > 4 * limit
    for first, beyond in zip(times, times[limit:], strict=False):
        assert beyond - first >= 1.0 - 1e-9


@editions
def test_no_lacpdu_leaves_when_a_full_second_is_just_over(edition: Edition) -> None:
    """The clock of whoever counts may be a moment ahead, and the first one may have left late."""
    system = lone_port(edition)
    for count in range(1, edition.transmit_limit):
        system.configure_port("1", 0.1 * count, priority=count)
    assert len(transmits(system)) == edition.transmit_limit
    system.configure_port("1", 1.0, priority=99)
    run_to(system, 1.05)
    (then,) = transmits(system)
    assert 1.002 <= then <= 1.01


@editions
def test_held_back_lacpdu_leaves_with_the_values_of_its_time(edition: Edition) -> None:
    system = lone_port(edition)
    for count in range(1, edition.transmit_limit + 3):
        system.configure_port("1", 0.001 * count, priority=count)
    assert len(transmits(system)) == edition.transmit_limit
    system.configure_port("1", 0.5, priority=99)
    assert transmits(system) == []
    run_to(system, 1.2)
    (frame,) = [e.frame for e in system.events() if isinstance(e, Transmit)][:1]
    assert Lacpdu.decode(frame[14:]).actor.port_priority == 99


@editions
def test_held_back_lacpdu_does_not_leave_before_its_timer(edition: Edition) -> None:
    """Whatever happens to the port between the opening of the window and the margin."""
    system = lone_port(edition)
    for count in range(1, edition.transmit_limit + 1):
        system.configure_port("1", 0.0, priority=count)
    deadline = system.ports["1"].timers.deadline(Timer.TRANSMIT)
    assert deadline is not None
    assert 1.0 < deadline < 1.01
    transmits(system)
    system.receive("1", heard(system.ports["1"].actor), 1.0001)
    assert transmits(system) == []
    run_to(system, 1.01)
    assert transmits(system) == [deadline]


@editions
def test_failed_transmission_is_tried_again_soon_though_another_has_left(edition: Edition) -> None:
    """The window is not full: only the pause before the retry counts."""
    system = lone_port(edition)
    transmits(system)
    system.configure_port("1", 0.3, priority=3)
    (event,) = [e for e in system.events() if isinstance(e, Transmit)]
    system.transmit_failed("1", event.frame, 0.3)
    assert system.ports["1"].counters.lacpdus_tx == 1
    run_to(system, 0.9)
    assert transmits(system) == [pytest.approx(0.55)]
    assert system.ports["1"].counters.lacpdus_tx == 2
    assert system.ports["1"].counters.tx_errors == 1


@editions
def test_interface_that_always_refuses_is_not_stormed(edition: Edition) -> None:
    system = lone_port(edition, short_timeout=True)
    tries = 0
    now = 0.0
    while now < 10.0:
        for event in list(system.events()):
            if isinstance(event, Transmit):
                tries += 1
                system.transmit_failed("1", event.frame, now)
        deadline = system.next_deadline()
        assert deadline is not None
        now = deadline
        system.advance(now)
    assert 20 <= tries <= 42
    # The last try has not been refused yet.
    assert system.ports["1"].counters.lacpdus_tx == 1
    assert system.ports["1"].counters.tx_errors == tries


@editions
def test_link_that_goes_down_forgets_what_was_held_back(edition: Edition) -> None:
    system = lone_port(edition)
    for count in range(1, edition.transmit_limit + 1):
        system.configure_port("1", 0.0, priority=count)
    system.link_changed("1", Link(), 0.5)
    transmits(system)
    run_to(system, 20.0)
    assert transmits(system) == []
    system.link_changed("1", Link(True, 10000, Duplex.FULL, address(1, 1)), 20.0)
    assert transmits(system) == [20.0]


@editions
def test_repeated_lacpdu_is_looked_at_again_when_another_came_between(edition: Edition) -> None:
    """The short way for equal frames once took a frame for settled after a different one."""
    system = lone_port(edition)
    settled = heard(system.ports["1"].actor)
    system.receive("1", settled, 0.1)
    system.receive("1", heard(system.ports["1"].actor), 0.2)
    settled = heard(system.ports["1"].actor)
    system.receive("1", settled, 0.3)
    before = system.ports["1"].counters.partner_change_count
    system.receive("1", heard(PortInfo(0x8000, address(7), 1, 0x8000, 1)), 0.4)
    system.receive("1", settled, 0.5)
    assert system.ports["1"].counters.partner_change_count == before + 2


@editions
def test_turning_to_the_long_timeout_gives_the_partner_that_time(edition: Edition) -> None:
    """The partner slows down as soon as it is told; the short timer must not run on."""
    network = pair(2, edition=edition, short_timeout=True)
    bring_up(network, 2)
    network.nodes["right"].configure_port("1", short_timeout=False)
    network.run(200.0)
    assert unrest(network, ()) == []
    last = port(network, "right", 1).last_received_at
    assert last is not None
    cable(network).set(("left", "1"), silent=True)
    network.run_to(last + 89.0)
    assert unrest(network, ()) == []
    network.run(2.0)
    assert unrest(network, both(1)) == []
    assert unrest(network, ()) != []
    assert len(sent(network, "left", 1)) < 12


def test_what_was_just_said_is_not_said_again_in_a_handshake() -> None:
    """Both waits end with a periodic LACPDU, and what the ends then say crosses.

    Each end hears one more LACPDU from before its own arrived. Answers to these would be the third
    of the second, and Distributing a second late.
    """
    network = pair(1, latency=0.002, short_timeout=True)
    link, ends = cable(network), (("left", "1"), ("right", "1"))
    for end in ends:
        link.lose_carrier(end)
    network.run(5)
    network.frames.clear()
    link.regain_carrier(ends[0])
    network.run(0.0005)
    link.regain_carrier(ends[1])
    # The way to the left gets longer, so that the left is through with its wait first.
    network.run(1)
    link.set(ends[1], latency=0.004)
    network.run(0.9995)
    assert network.run_until(lambda: all_up(network, [1]), 5) < 0.02
    for node, name in ends:
        times = [at for at, _ in sent(network, node, name)]
        assert all(later - at >= 1 for at, later in zip(times, times[3:], strict=False))


def test_a_repeat_waits_a_moment_and_news_do_not() -> None:
    system = lone_port(EDITIONS["2014"], short_timeout=True)
    system.receive("1", heard(PortInfo()), 2.0)
    first = transmits(system)[-1]
    assert first == 2.0
    # The same again is answered with the same, 50 ms later.
    system.receive("1", heard(PortInfo()), 2.01)
    assert transmits(system) == []
    run_to(system, 2.5)
    assert transmits(system) == [pytest.approx(2.05)]
    system.receive("1", heard(PortInfo()), 4.0)
    system.receive("1", heard(PortInfo()), 4.01)
    system.configure_port("1", 4.02, priority=1)
    assert transmits(system)[-2:] == [4.0, 4.02]


def test_the_limit_counts_from_the_hand_over() -> None:
    system = lone_port(EDITIONS["2014"], short_timeout=True)
    run_to(system, 10.0)
    list(system.events())
    # The process was busy: each of three LACPDUs left 0.3 s after it was decided.
    for turn in range(3):
        system.configure_port("1", 10.1 + turn / 10, priority=turn + 1)
        assert transmits(system) == [10.1 + turn / 10]
        system.transmitted("1", 10.4 + turn / 10)
    system.configure_port("1", 10.7, priority=9)
    run_to(system, 12)
    assert transmits(system)[0] == pytest.approx(11.405)
    system.transmitted("gone", 12.0)


def test_two_that_were_decided_at_once_count_from_their_hand_over() -> None:
    system = lone_port(EDITIONS["2014"], short_timeout=True)
    run_to(system, 10.0)
    list(system.events())
    for priority in (1, 2):
        system.configure_port("1", 10.1, priority=priority)
    assert transmits(system) == [10.1, 10.1]
    for moment in (10.4, 10.41):
        system.transmitted("1", moment)
    system.configure_port("1", 10.5, priority=3)
    assert transmits(system) == [10.5]
    system.configure_port("1", 10.6, priority=4)
    run_to(system, 12)
    assert transmits(system)[0] >= 11.405

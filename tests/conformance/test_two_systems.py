"""Two systems in every edition and under both controls: when what happens, and what does not.

The flight time of a frame is `LATENCY`. Times are exact: virtual time has no jitter.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from lacp.protocol.timers import AGGREGATE_WAIT_TIME
from lacp.sim.network import Network
from tests.worlds import (
    LATENCY,
    TOLERANCE,
    VARIANT_IDS,
    VARIANTS,
    Control,
    Edition,
    PortState,
    add_system,
    all_up,
    arrivals,
    both,
    bring_up,
    cable,
    distributing,
    handshake,
    muxes,
    pair,
    port,
    sent,
    states,
    unrest,
)

variants = pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
sizes = pytest.mark.parametrize("links", [1, 2, 8])
timeouts = pytest.mark.parametrize("short", [True, False], ids=["short", "long"])


def at(time: float) -> Any:
    return pytest.approx(time, abs=TOLERANCE)


# Coming up.


@variants
@sizes
@timeouts
@pytest.mark.parametrize("latency", [0.0, LATENCY, 0.1])
def test_distributes_after_the_wait_and_the_flights(
    edition: Edition, control: Control, links: int, short: bool, latency: float
) -> None:
    """Hear the partner (one flight), wait, tell Sync, and under independent control Collecting."""
    network = pair(links, edition=edition, control=control, short_timeout=short, latency=latency)
    network.run(60.0)

    expected = latency + AGGREGATE_WAIT_TIME + handshake(control) * latency
    for node in ("left", "right"):
        for number in range(1, links + 1):
            changes = muxes(network, node, number)
            first = [time for time, _, distributes in changes if distributes]
            assert first == [at(expected)]
            assert changes[-1][1:] == (True, True)
            # Attached, collecting, distributing, each told once and never taken back.
            assert len({change[1:] for change in changes}) == len(changes)
    # All links share one aggregator, that of the lowest port.
    assert {p.attached.identifier for n in ("left", "right") for p in _ports(network, n)} == {1}


@variants
@sizes
def test_user_frames_meet_a_collector_when_links_come_up(
    edition: Edition, control: Control, links: int
) -> None:
    """Nobody distributes before the other end collects; in lockstep even under coupled control."""
    network = pair(links, edition=edition, control=control, short_timeout=True)
    for node in ("left", "right"):
        for number in range(1, links + 1):
            network.stream((node, str(number)), LATENCY / 2, until=4.0)
    network.run(5.0)
    for traffic in network.traffic.values():
        assert traffic.sent > 3_900
        assert traffic.sent == traffic.collected + len(traffic.discarded)
        assert traffic.discarded == []


@pytest.mark.parametrize("links", [2, 8])
@variants
def test_link_that_joins_later_disturbs_none(
    edition: Edition, control: Control, links: int
) -> None:
    network = pair(links - 1, spare=1, edition=edition, control=control)
    bring_up(network, links - 1)
    start = network.now
    network.cable(("left", str(links)), ("right", str(links)), latency=LATENCY)
    took = network.run_until(lambda: all_up(network, [links]), 10.0)
    assert took == at((1 + handshake(control)) * LATENCY + AGGREGATE_WAIT_TIME)
    network.run_to(start + 100.0)
    assert unrest(network, both(links)) == []


# Loss and recovery.


@variants
@sizes
@timeouts
def test_silent_loss_is_found_in_time(
    edition: Edition, control: Control, links: int, short: bool
) -> None:
    """3 s (short) or 90 s (long) after the last LACPDU; given up 3 s later in either case."""
    network = pair(links, edition=edition, control=control, short_timeout=short)
    bring_up(network, links)
    network.run(5.3)
    last = port(network, "right", 1).last_received_at
    assert last is not None
    cable(network).set(("left", "1"), silent=True)
    network.run(100.0)

    lost = last + (3.0 if short else 90.0)
    told = lost if control is Control.INDEPENDENT else lost + 3.0
    assert states(network, "right", 1, "receive") == [
        (at(lost), "EXPIRED"),
        (at(lost + 3.0), "DEFAULTED"),
    ]
    # The right end stops at once; the left as soon as it is told that nobody collects, or under
    # coupled control that nobody is in sync.
    assert next(m for m in muxes(network, "right", 1) if not m[2])[0] == at(lost)
    assert next(m for m in muxes(network, "left", 1) if not m[2])[0] == at(told + LATENCY)
    assert not distributing(network) & both(1)
    assert unrest(network, both(1)) == []


@variants
@sizes
@timeouts
def test_recovery_in_expired_needs_no_selection(
    edition: Edition, control: Control, links: int, short: bool
) -> None:
    network = pair(links, edition=edition, control=control, short_timeout=short)
    bring_up(network, links)
    way = ("left", "1")
    cable(network).set(way, silent=True)
    network.run_until(lambda: port(network, "right", 1).receive.state.name == "EXPIRED", 100.0)
    network.run(1.4)
    cable(network).set(way, silent=False)
    network.run(40.0)

    assert [box for _, box in states(network, "right", 1, "receive")] == ["EXPIRED", "CURRENT"]
    for node in ("left", "right"):
        assert states(network, node, 1, "selection") == []
        assert all(PortState.SYNCHRONIZATION in state for _, state in sent(network, node, 1))
    assert all_up(network, range(1, links + 1))
    assert unrest(network, both(1)) == []


@variants
@timeouts
def test_recovery_from_defaulted_takes_a_new_selection(
    edition: Edition, control: Control, short: bool
) -> None:
    network = pair(2, edition=edition, control=control, short_timeout=short)
    bring_up(network, 2)
    way = ("left", "1")
    cable(network).set(way, silent=True)
    network.run_until(lambda: port(network, "right", 1).receive.state.name == "DEFAULTED", 100.0)
    network.run(2.2)
    cable(network).set(way, silent=False)
    network.run(60.0)
    assert [box for _, box in states(network, "right", 1, "receive")][-1] == "CURRENT"
    assert [box for _, box in states(network, "right", 1, "selection")] == [
        "UNSELECTED",
        "SELECTED",
    ]
    assert all_up(network, [1, 2])
    assert unrest(network, both(1)) == []


@variants
@sizes
@timeouts
def test_pulled_cable_stops_at_once_and_comes_back_without_a_wait(
    edition: Edition, control: Control, links: int, short: bool
) -> None:
    """Recorded partner and selection outlive the link (6.4.12), so only the flights remain."""
    network = pair(links, edition=edition, control=control, short_timeout=short)
    bring_up(network, links)
    pulled = network.now
    cable(network).pull()
    assert not distributing(network) & both(1)
    for node in ("left", "right"):
        assert muxes(network, node, 1)[-1][0] == pulled
    network.run(5.5)
    cable(network).plug()
    took = network.run_until(lambda: all_up(network, [1]), 10.0)
    assert took == at(handshake(control) * LATENCY)
    network.run(100.0)
    for node in ("left", "right"):
        assert states(network, node, 1, "selection") == []
    assert all_up(network, range(1, links + 1))
    assert unrest(network, both(1)) == []


@variants
def test_carrier_lost_at_one_end_only(edition: Edition, control: Control) -> None:
    """The end that keeps its carrier goes by the timeout, and keeps its port till then."""
    network = pair(2, edition=edition, control=control, short_timeout=True)
    bring_up(network, 2)
    last = port(network, "right", 1).last_received_at
    assert last is not None
    cable(network).lose_carrier(("left", "1"))
    assert ("left", "1") not in distributing(network)
    assert ("right", "1") in distributing(network)
    network.run(4.0)
    assert states(network, "right", 1, "receive") == [(at(last + 3.0), "EXPIRED")]
    cable(network).regain_carrier(("left", "1"))
    network.run(5.0)
    assert all_up(network, [1, 2])
    assert unrest(network, both(1)) == []


@variants
def test_flapping_cable_disturbs_none(edition: Edition, control: Control) -> None:
    network = pair(3, edition=edition, control=control, short_timeout=True)
    bring_up(network, 3)
    cable(network, 2).flap(times=20, down=0.05, up=0.07)
    network.run(20.0)
    assert all_up(network, [1, 2, 3])
    assert unrest(network, both(2)) == []


@variants
def test_bridge_in_the_middle_hides_the_carrier(edition: Edition, control: Control) -> None:
    """The far cable is pulled: the near end sees carrier still and goes by the timeout."""
    from lacp.sim.bridge import Bridge

    network = Network(record=True)
    for name in ("left", "right"):
        add_system(network, name, [1, 2], edition=edition, control=control, short_timeout=True)
    network.add("bridge", lambda now: Bridge(), ("l", "r"))
    network.cable(("left", "1"), ("bridge", "l"), latency=LATENCY)
    far = network.cable(("bridge", "r"), ("right", "1"), latency=LATENCY)
    network.cable(("left", "2"), ("right", "2"), latency=LATENCY)
    bring_up_bridged(network)
    last = port(network, "left", 1).last_received_at
    assert last is not None
    far.pull()
    network.run(10.0)
    assert states(network, "left", 1, "receive") == [
        (at(last + 3.0), "EXPIRED"),
        (at(last + 6.0), "DEFAULTED"),
    ]
    far.plug()
    network.run(10.0)
    assert distributing(network) == {(n, p) for n in ("left", "right") for p in ("1", "2")}
    assert unrest(network, both(1)) == []


def bring_up_bridged(network: Network) -> None:
    network.run(20.0)
    assert len(distributing(network)) == 4
    network.log.clear()


# Cables in other places.


@variants
@timeouts
def test_recabled_port_is_forgotten_where_it_was(
    edition: Edition, control: Control, short: bool
) -> None:
    """port_moved: as soon as the new port hears the old partner, the old one starts afresh."""
    network = pair(2, spare=1, edition=edition, control=control, short_timeout=short)
    bring_up(network, 2)
    moved = network.now
    cable(network).move(("left", "1"), ("left", "3"))
    assert states(network, "left", 1, "receive") == [(moved, "PORT_DISABLED")]
    assert port(network, "left", 1).partner.port == 1
    network.run(60.0)

    assert states(network, "left", 1, "receive")[1:] == [
        (at(moved + LATENCY), "INITIALIZE"),
        (at(moved + LATENCY), "PORT_DISABLED"),
    ]
    assert port(network, "left", 1).partner.port == 0
    assert distributing(network) == {("left", "3"), ("right", "1"), *both(2)}
    # The right end hears another port: a new selection, hence the wait.
    assert [box for _, box in states(network, "right", 1, "selection")] == [
        "UNSELECTED",
        "SELECTED",
    ]
    assert unrest(network, {*both(1), ("left", "3")}) == []


@variants
@timeouts
def test_cables_exchanged(edition: Edition, control: Control, short: bool) -> None:
    """Two plugs swapped at one end; a third link carries on."""
    network = pair(3, spare=1, edition=edition, control=control, short_timeout=short)
    bring_up(network, 3)
    one, two = cable(network, 1), cable(network, 2)
    one.move(("left", "1"), ("left", "4"))
    two.move(("left", "2"), ("left", "1"))
    one.move(("left", "4"), ("left", "2"))
    network.run(60.0)
    assert all_up(network, [1, 2, 3])
    assert port(network, "left", 1).partner.port == 2
    assert unrest(network, both(1) | both(2) | {("left", "4")}) == []


@variants
@sizes
@timeouts
def test_port_that_hears_itself_stays_alone(
    edition: Edition, control: Control, links: int, short: bool
) -> None:
    network = pair(links, spare=1, edition=edition, control=control, short_timeout=short)
    bring_up(network, links)
    looped = str(links + 1)
    network.cable(("left", looped), ("left", looped), latency=LATENCY)
    network.run(200.0)
    assert ("left", looped) not in distributing(network)
    assert port(network, "left", looped).aggregator is None
    assert "looped" in port(network, "left", looped).selected_reason
    # It hears itself in time, and its rate is that of the timeouts, not a storm.
    rate = 1.0 if short else 1 / 30
    assert len(sent(network, "left", looped)) <= 200 * rate + 6
    assert unrest(network, {("left", looped)}) == []


@variants
def test_two_looped_ports_share_no_aggregator(edition: Edition, control: Control) -> None:
    """6.4.14.1 g: the ends of a loop are apart, but looped links aggregate pairwise."""
    network = pair(1, spare=4, edition=edition, control=control, short_timeout=True)
    bring_up(network, 1)
    network.cable(("left", "2"), ("left", "3"), latency=LATENCY)
    network.cable(("left", "5"), ("left", "4"), latency=LATENCY)
    network.run(20.0)
    left = network.nodes["left"].system.ports
    assert distributing(network) == {*both(1), *(("left", p) for p in "2345")}
    assert left["2"].attached is left["4"].attached
    assert left["3"].attached is left["5"].attached
    assert left["2"].attached is not left["3"].attached
    assert unrest(network, {("left", p) for p in "2345"}) == []


@variants
def test_another_key_is_another_lag_until_it_is_corrected(
    edition: Edition, control: Control
) -> None:
    network = pair(3, edition=edition, control=control, short_timeout=True)
    network.nodes["right"].configure_port("2", key=7)
    bring_up(network, 3)
    left = network.nodes["left"].system.ports
    assert left["1"].attached is left["3"].attached
    assert left["2"].attached is not left["1"].attached

    network.nodes["right"].configure_port("2", key=1)
    assert ("right", "2") not in distributing(network)
    took = network.run_until(lambda: all_up(network, [2]), 10.0)
    # The left end learns of it after one flight, then waits, and is the last to attach.
    assert took <= 2 * LATENCY + AGGREGATE_WAIT_TIME + handshake(control) * LATENCY + TOLERANCE
    network.run(60.0)
    assert left["1"].attached is left["2"].attached is left["3"].attached
    assert unrest(network, both(2)) == []


# The partner restarts.


@variants
@sizes
@timeouts
def test_partner_that_restarts_is_noticed_at_once(
    edition: Edition, control: Control, links: int, short: bool
) -> None:
    """No carrier is lost and no timeout needed: its first LACPDU says that it is out of sync."""
    network = pair(links, spare=1, edition=edition, control=control, short_timeout=short)
    add_system(network, "other", [1], edition=edition, control=control, short_timeout=short)
    network.cable(("left", str(links + 1)), ("other", "1"), latency=LATENCY)
    bring_up(network, links)
    restarted = network.now
    network.nodes["right"].restart()
    took = network.run_until(lambda: len(_down(network, "left", links)) == links, 1.0)
    assert took == at(LATENCY)
    network.run_until(lambda: all_up(network, range(1, links + 1)), 40.0)
    # The left end has kept its selection, so it waits for nothing but its partner.
    # The restarted end hears it after two flights: what it said is answered.
    limit = (2 + handshake(control)) * LATENCY + AGGREGATE_WAIT_TIME
    assert network.now <= restarted + limit + TOLERANCE
    network.run(60.0)
    for number in range(1, links + 1):
        assert states(network, "left", number, "selection") == []
    concerned = {(n, str(p)) for n in ("left", "right") for p in range(1, links + 2)}
    concerned.remove(("left", str(links + 1)))
    assert unrest(network, concerned) == []


@variants
def test_partner_that_says_goodbye_loses_no_user_frame(edition: Edition, control: Control) -> None:
    """It stops distributing before it goes, and those who are told stop before they send more."""
    network = pair(2, edition=edition, control=control, short_timeout=True)
    bring_up(network, 2)
    network.nodes["right"].stop(goodbye=True)
    network.run(2 * LATENCY)
    assert distributing(network) == set()
    assert states(network, "left", 1, "receive") == []
    network.nodes["right"].start()
    network.run(5.0)
    assert all_up(network, [1, 2])


@variants
def test_partner_that_freezes_and_catches_up(edition: Edition, control: Control) -> None:
    """Frozen for less than the timeout it is not missed; for longer, all comes back."""
    network = pair(2, edition=edition, control=control, short_timeout=True)
    bring_up(network, 2)
    network.nodes["right"].freeze(1.5)
    network.run(4.5)
    assert unrest(network, ()) == []
    network.nodes["right"].freeze(8.0)
    network.run(7.0)
    assert distributing(network) & {("left", "1"), ("left", "2")} == set()
    network.run(20.0)
    assert all_up(network, [1, 2])


# Rates.


@variants
@sizes
def test_rate_changes_at_work(edition: Edition, control: Control, links: int) -> None:
    """Whoever asks for short timeouts is served at once, and nothing else happens (6.4.13)."""
    network = pair(links, edition=edition, control=control)
    bring_up(network, links)
    for node, sender in (("right", "left"), ("left", "right")):
        network.frames.clear()
        start = network.now
        for number in range(1, links + 1):
            network.nodes[node].configure_port(str(number), short_timeout=True)
        network.run(20.5)
        for number in range(1, links + 1):
            times = [time for time, _ in sent(network, sender, number)]
            assert times[0] == at(start + LATENCY)
            assert _gaps(times[1:]) == [at(1.0)] * (len(times) - 2)
            assert len(times) >= 20
    for node, sender in (("right", "left"), ("left", "right")):
        for number in range(1, links + 1):
            network.nodes[node].configure_port(str(number), short_timeout=False)
        network.run(31.0)
        network.frames.clear()
        network.run(120.0)
        for number in range(1, links + 1):
            times = [time for time, _ in sent(network, sender, number)]
            assert _gaps(times) == [at(30.0)] * (len(times) - 1)
            assert 3 <= len(times) <= 5
    assert unrest(network, ()) == []


@variants
def test_loss_is_found_by_the_timeout_that_is_in_force(edition: Edition, control: Control) -> None:
    network = pair(2, edition=edition, control=control)
    bring_up(network, 2)
    network.nodes["right"].configure_port("1", short_timeout=True)
    network.run(5.0)
    last = port(network, "right", 1).last_received_at
    assert last is not None
    cable(network).set(("left", "1"), silent=True)
    network.run(4.0)
    assert states(network, "right", 1, "receive") == [(at(last + 3.0), "EXPIRED")]


@variants
@pytest.mark.parametrize("changes", [{"activity": False}, {"aggregation": True}, {"priority": 9}])
def test_change_without_effect_on_the_lag_flaps_nothing(
    edition: Edition, control: Control, changes: dict[str, Any]
) -> None:
    """A passive end of an active partner stays; a new port priority concerns its link alone."""
    network = pair(3, edition=edition, control=control, short_timeout=True)
    bring_up(network, 3)
    network.nodes["right"].configure_port("2", **changes)
    network.run(20.0)
    assert all_up(network, [1, 2, 3])
    assert unrest(network, both(2) if "priority" in changes else ()) == []


@variants
def test_passive_ends_never_speak(edition: Edition, control: Control) -> None:
    network = pair(2, edition=edition, control=control, activity=False)
    network.run(100.0)
    assert list(network.frames) == []
    network.nodes["left"].configure_port("1", activity=True)
    network.run(20.0)
    assert distributing(network) == both(1)
    assert sent(network, "left", 2) == []


@variants
def test_healthy_idle_links_only_keep_their_rate(edition: Edition, control: Control) -> None:
    network = pair(8, edition=edition, control=control)
    bring_up(network, 8)
    network.run(3600.0)
    assert unrest(network, ()) == []
    for node in ("left", "right"):
        for number in range(1, 9):
            assert len(arrivals(network, node, number)) == pytest.approx(120, abs=1)


def _ports(network: Network, node: str) -> Any:
    return network.nodes[node].system.ports.values()


def _down(network: Network, node: str, links: int) -> set[tuple[str, str]]:
    return {(node, str(n)) for n in range(1, links + 1)} - distributing(network)


def _gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]

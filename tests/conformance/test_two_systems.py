"""Two systems in every edition and under both controls: they come up, and change their rates.

The flight time of a frame is `LATENCY`. Times are exact: virtual time has no jitter.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from lacp.protocol.timers import AGGREGATE_WAIT_TIME, FAST_PERIODIC_TIME
from lacp.sim.network import Network
from tests.conformance.two_systems import at, sizes, timeouts, variants
from tests.worlds import (
    LATENCY,
    Control,
    Edition,
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

#: Seconds by which a second is longer for the transmit limit, against the jitter of clocks.
_MARGIN = 0.005

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
    if 0.0 < latency < _MARGIN and short and handshake(control) > 1 and edition.transmit_limit == 3:
        # That of Collecting is the fourth LACPDU since one at 1.0: that second must surely be over.
        expected = 1.0 + FAST_PERIODIC_TIME + _MARGIN + latency
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


def _gaps(times: list[float]) -> list[float]:
    return [b - a for a, b in pairwise(times)]

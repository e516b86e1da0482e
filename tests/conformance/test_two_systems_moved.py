"""Two systems in every edition and under both controls: cables and partners that change."""

from __future__ import annotations

from lacp.protocol.timers import AGGREGATE_WAIT_TIME
from lacp.sim.network import Network
from tests.conformance.two_systems import at, sizes, timeouts, variants
from tests.worlds import (
    LATENCY,
    TOLERANCE,
    Control,
    Edition,
    add_system,
    all_up,
    both,
    bring_up,
    cable,
    distributing,
    handshake,
    pair,
    port,
    sent,
    states,
    unrest,
)

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


def _down(network: Network, node: str, links: int) -> set[tuple[str, str]]:
    return {(node, str(n)) for n in range(1, links + 1)} - distributing(network)

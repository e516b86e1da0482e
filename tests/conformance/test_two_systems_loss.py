"""Two systems in every edition and under both controls: links that fail and come back."""

from __future__ import annotations

from lacp.sim.network import Network
from tests.conformance.two_systems import at, sizes, timeouts, variants
from tests.worlds import (
    LATENCY,
    Control,
    Edition,
    PortState,
    add_system,
    all_up,
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

"""Selection Logic: who shares an aggregator, who stands by, and what moves nobody."""

from __future__ import annotations

from typing import Any

import pytest

from lacp.info import PortInfo, PortState
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.timers import AGGREGATE_WAIT_TIME
from lacp.protocol.variables import Fallback, Selected
from lacp.sim.network import Network, address
from tests.worlds import (
    LATENCY,
    VARIANT_IDS,
    VARIANTS,
    Control,
    add_system,
    all_up,
    both,
    bring_up,
    cable,
    distributing,
    muxes,
    pair,
    port,
    states,
    unrest,
)

variants = pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
editions = pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)


def up(network: Network) -> list[int]:
    """The links of a pair whose ends both distribute; no end may do so alone."""
    ends = distributing(network)
    left = sorted(int(p) for n, p in ends if n == "left")
    assert left == sorted(int(p) for n, p in ends if n == "right")
    return left


def settle(network: Network, seconds: float = 20.0) -> list[int]:
    network.run(seconds)
    return up(network)


# Standby (6.7.1).


@variants
def test_lower_port_numbers_carry_and_the_rest_stands_by(
    edition: Edition, control: Control
) -> None:
    network = pair(4, edition=edition, control=control, short_timeout=True, max_ports=2)
    assert settle(network) == [1, 2]
    for name in ("left", "right"):
        assert port(network, name, 3).selected is Selected.STANDBY
        assert PortState.SYNCHRONIZATION not in port(network, name, 3).actor.state
        assert port(network, name, 3).attached is None


@variants
@pytest.mark.parametrize("decider", ["left", "right"])
def test_the_system_of_higher_priority_ranks_for_both(
    edition: Edition, control: Control, decider: str
) -> None:
    """Left prefers 1 and 2, right 3 and 4; only the decider's port priorities count."""
    stronger: dict[str, Any] = {decider: {"system_priority": 1}}
    network = pair(4, edition=edition, control=control, short_timeout=True, max_ports=2, **stronger)
    for number, (left, right) in enumerate([(1, 9), (2, 8), (3, 2), (4, 1)], 1):
        network.nodes["left"].configure_port(str(number), priority=left)
        network.nodes["right"].configure_port(str(number), priority=right)
    assert settle(network) == ([1, 2] if decider == "left" else [3, 4])


@editions
def test_equal_system_priorities_are_told_apart_by_the_address(edition: Edition) -> None:
    network = pair(2, edition=edition, max_ports=1, short_timeout=True)
    network.nodes["left"].configure_port("2", priority=1)
    network.nodes["right"].configure_port("1", priority=1)
    assert settle(network) == [2]


@variants
@pytest.mark.parametrize("limited", ["left", "right"])
def test_one_end_that_is_limited_limits_both(
    edition: Edition, control: Control, limited: str
) -> None:
    limit: dict[str, Any] = {limited: {"max_ports": 1}}
    network = pair(3, edition=edition, control=control, short_timeout=True, **limit)
    assert settle(network) == [1]


@variants
def test_standby_takes_over_and_the_better_port_takes_back(
    edition: Edition, control: Control
) -> None:
    network = pair(3, edition=edition, control=control, short_timeout=True, max_ports=2)
    bring_up(network, 2)
    cable(network, 1).pull()
    assert settle(network) == [2, 3]
    assert unrest(network, both(1) | both(3)) == []
    network.log.clear()

    cable(network, 1).plug()
    carried: list[int] = []

    def watch() -> bool:
        carried.append(len([end for end in distributing(network) if end[0] == "left"]))
        return False

    with pytest.raises(TimeoutError):
        network.run_until(watch, 20.0)
    assert up(network) == [1, 2]
    assert unrest(network, both(1) | both(3)) == []
    # Whoever was distributing makes room only for the moment of the change of places.
    assert min(carried) >= 1


@variants
def test_more_ports_allowed_at_work_promotes_and_fewer_relegates(
    edition: Edition, control: Control
) -> None:
    network = pair(3, edition=edition, control=control, short_timeout=True, max_ports=1)
    bring_up(network, 1)
    for name in ("left", "right"):
        network.nodes[name].configure(max_ports=2)
    assert settle(network) == [1, 2]
    assert unrest(network, both(2) | both(3)) == []
    for name in ("left", "right"):
        network.nodes[name].configure(max_ports=1)
    assert settle(network) == [1]
    assert unrest(network, both(2) | both(3)) == []


@variants
def test_looped_links_beyond_the_limit_stand_by_at_both_ends(
    edition: Edition, control: Control
) -> None:
    """One system decides about itself: its lower ports rank for both ends of the loops."""
    network = Network()
    add_system(
        network,
        "left",
        [1, 2, 3, 4],
        edition=edition,
        control=control,
        short_timeout=True,
        max_ports=1,
    )
    network.cable(("left", "1"), ("left", "4"), latency=LATENCY)
    network.cable(("left", "2"), ("left", "3"), latency=LATENCY)
    network.run(20.0)
    assert distributing(network) == {("left", "1"), ("left", "4")}
    assert port(network, "left", 3).selected is Selected.STANDBY


# Too few ports.


@variants
def test_min_ports_withholds_sync_and_gives_it_back(edition: Edition, control: Control) -> None:
    network = pair(3, edition=edition, control=control, short_timeout=True, min_ports=2)
    bring_up(network, 3)
    cable(network, 1).pull()
    assert settle(network) == [2, 3]
    assert unrest(network, both(1)) == []
    cable(network, 2).pull()
    assert settle(network) == []
    assert PortState.SYNCHRONIZATION not in port(network, "left", 3).actor.state
    assert "min_ports" in port(network, "left", 3).selected_reason
    cable(network, 2).plug()
    assert settle(network) == [2, 3]


@editions
def test_min_ports_at_one_end_keeps_the_other_from_distributing(edition: Edition) -> None:
    network = pair(
        2, edition=edition, control=Control.COUPLED, short_timeout=True, left={"min_ports": 2}
    )
    bring_up(network, 2)
    cable(network, 1).pull()
    assert settle(network) == []


# Nobody answers.


def silent_neighbour(edition: Edition, control: Control, **settings: Any) -> Network:
    """A system whose three ports have links to one that never speaks."""
    network = Network()
    add_system(network, "left", [1, 2, 3], edition=edition, control=control, **settings)
    add_system(network, "right", [1, 2, 3], edition=edition, control=control)
    network.nodes["right"].stop()
    for name in ("1", "2", "3"):
        network.cable(("left", name), ("right", name), latency=LATENCY)
    return network


@variants
@pytest.mark.parametrize(
    ("fallback", "expected"),
    [(Fallback.NONE, 0), (Fallback.SINGLE, 1), (Fallback.STATIC, 3)],
)
def test_fallback(edition: Edition, control: Control, fallback: Fallback, expected: int) -> None:
    network = silent_neighbour(edition, control, fallback=fallback)
    network.run(3.0 + AGGREGATE_WAIT_TIME - 0.1)
    assert distributing(network) == set()
    network.run(0.2)
    assert len(distributing(network)) == expected
    # As soon as a partner speaks it is an ordinary LAG.
    network.nodes["right"].start()
    network.run(40.0)
    assert up(network) == [1, 2, 3]


@variants
def test_individual_port_that_nobody_answers_stays_down(edition: Edition, control: Control) -> None:
    network = silent_neighbour(edition, control, aggregation=False)
    network.run(60.0)
    assert distributing(network) == set()


@variants
def test_partner_that_management_names_is_believed_when_nobody_is_heard(
    edition: Edition, control: Control
) -> None:
    """A manually configured aggregation: Partner_Admin in sync and aggregatable (6.4.7)."""
    partner = PortInfo(1, address(9), 5, 1, 1, PortState(0x1C))
    network = silent_neighbour(edition, control, partner=partner)
    network.run(10.0)
    assert len(distributing(network)) == 3
    assert len({port(network, "left", n).attached for n in (1, 2, 3)}) == 1


# Aggregators.


@variants
def test_two_partners_are_two_lags(edition: Edition, control: Control) -> None:
    network = pair(2, spare=2, edition=edition, control=control, short_timeout=True)
    add_system(network, "other", [1, 2], edition=edition, control=control, short_timeout=True)
    bring_up(network, 2)
    for number in (1, 2):
        network.cable(("left", str(number + 2)), ("other", str(number)), latency=LATENCY)
    network.run(10.0)
    left = network.nodes["left"].system.ports
    assert len(distributing(network)) == 8
    assert left["1"].attached is left["2"].attached
    assert left["3"].attached is left["4"].attached
    assert left["1"].attached is not left["3"].attached
    assert (
        unrest(
            network,
            {(n, p) for n in ("left", "other", "right") for p in "34"}
            | {
                ("other", "1"),
                ("other", "2"),
            },
        )
        == []
    )


@variants
def test_single_aggregator_serves_one_partner_and_then_the_other(
    edition: Edition, control: Control
) -> None:
    """Who has it keeps it; when the last of its links is gone the one who waits gets it."""
    network = pair(
        1,
        spare=1,
        edition=edition,
        control=control,
        short_timeout=True,
        left={"aggregators": {1: None}},
    )
    add_system(network, "other", [1], edition=edition, control=control, short_timeout=True)
    network.cable(("left", "2"), ("other", "1"), latency=2 * LATENCY)
    network.run(10.0)
    assert distributing(network) == both(1)
    assert "no aggregator" in port(network, "left", 2).selected_reason
    cable(network, 1).pull()
    network.run(10.0)
    assert distributing(network) == {("left", "2"), ("other", "1")}
    cable(network, 1).plug()
    network.run(10.0)
    assert distributing(network) == {("left", "2"), ("other", "1")}


@variants
def test_individual_links_share_with_nobody(edition: Edition, control: Control) -> None:
    network = pair(3, edition=edition, control=control, short_timeout=True)
    network.nodes["right"].configure_port("2", aggregation=False)
    assert settle(network) == [1, 2, 3]
    left = network.nodes["left"].system.ports
    assert left["1"].attached is left["3"].attached
    assert left["2"].attached is not left["1"].attached
    # And back.
    network.log.clear()
    network.nodes["right"].configure_port("2", aggregation=True)
    assert settle(network) == [1, 2, 3]
    assert left["2"].attached is left["1"].attached
    assert unrest(network, both(2)) == []


@variants
def test_later_joiner_delays_those_who_still_wait(edition: Edition, control: Control) -> None:
    """Ready asks for every waiting port (6.4.8): both attach when the later one has waited."""
    network = pair(1, spare=1, edition=edition, control=control)
    network.run(1.0)
    network.cable(("left", "2"), ("right", "2"), latency=LATENCY)
    network.run(5.0)
    expected = pytest.approx(1.0 + LATENCY + AGGREGATE_WAIT_TIME)
    for number in (1, 2):
        assert muxes(network, "left", number)[0][0] == expected


@variants
def test_no_wait_when_none_is_configured(edition: Edition, control: Control) -> None:
    network = pair(2, edition=edition, control=control, aggregate_wait=0.0)
    took = network.run_until(lambda: all_up(network, [1, 2]), 1.0)
    assert took == pytest.approx((2 if control is Control.COUPLED else 3) * LATENCY)


# Wait to restore (2020).


@pytest.mark.parametrize("control", Control)
def test_restored_link_waits_before_it_is_used(control: Control) -> None:
    network = pair(
        2,
        edition=EDITIONS["2020"],
        control=control,
        short_timeout=True,
        wait_to_restore=10.0,
    )
    bring_up(network, 2)
    cable(network, 1).pull()
    network.run(5.0)
    cable(network, 1).plug()
    plugged = network.now
    network.run(9.0)
    assert up(network) == [2]
    # A flap starts the wait again.
    cable(network, 1).flap()
    network.run_until(lambda: all_up(network, [1]), 20.0)
    assert network.now - plugged == pytest.approx(19.1, abs=5 * LATENCY)
    for name in ("left", "right"):
        assert states(network, name, 1, "selection") == []
    assert unrest(network, both(1)) == []


@pytest.mark.parametrize("control", Control)
def test_link_is_not_reverted_to_while_others_carry(control: Control) -> None:
    network = pair(
        2,
        edition=EDITIONS["2020"],
        control=control,
        short_timeout=True,
        wait_to_restore=2.0,
        revertive=False,
    )
    bring_up(network, 2)
    cable(network, 1).pull()
    network.run(5.0)
    cable(network, 1).plug()
    assert settle(network, 60.0) == [2]
    cable(network, 2).pull()
    assert settle(network, 5.0) == [1]
    assert unrest(network, both(1) | both(2)) == []

"""A system as the picture of a LAG."""

from __future__ import annotations

from lacp.picture.model import document
from lacp.picture.reading import read_lag
from lacp.protocol.view import lag_view
from tests.worlds import cable, pair, port


def test_a_picture_is_the_document_of_itself() -> None:
    network = pair(2)
    network.run(40)
    seen = lag_view(network.nodes["left"].system, "lag0", network.now, str)
    assert read_lag(document(seen)) == seen
    assert (seen.name, seen.source, seen.mode, seen.lacp, seen.up) == (
        *("lag0", "engine", "lacp", True, True),
    )
    assert (seen.active_ports, seen.total_ports, seen.aggregator) == (2, 2, 1)
    assert seen.actor is not None
    assert seen.partner is not None
    assert (str(seen.actor.system), str(seen.partner.system), seen.partner.key) == (
        *("02:00:00:01:00:00", "02:00:00:02:00:00", 1),
    )


def test_a_port_is_as_its_machines_have_it() -> None:
    network = pair(1, short_timeout=True)
    network.run(40.25)
    (seen,) = lag_view(network.nodes["left"].system, "lag0", network.now, str).ports
    left = port(network, "left", 1)
    assert seen.machines is not None
    assert (seen.machines.receive, seen.machines.mux) == ("CURRENT", "DISTRIBUTING")
    assert seen.timers is not None
    assert seen.timers["current_while"] is not None
    assert 2 < seen.timers["current_while"] <= 3
    assert seen.timers["wait_while"] is None
    assert seen.history is not None
    assert len(seen.history) == len(left.history)
    assert seen.changed_age == round(network.now - left.history[-1].time, 3)
    assert seen.counters is not None
    assert seen.counters["lacpdus_rx"] == left.counters.lacpdus_rx
    assert (seen.link.up, seen.link.speed, seen.link.duplex) == (True, 10000, "full")
    assert lag_view(network.nodes["left"].system, "lag0", network.now).ports[0].history is None


def test_a_port_of_another_aggregator_carries_nothing_of_this_lag() -> None:
    network = pair(3)
    network.nodes["right"].configure_port("3", key=9)
    network.run(40)
    seen = lag_view(network.nodes["left"].system, "lag0", network.now)
    assert port(network, "left", 3).distributing
    assert [each.distributing for each in seen.ports] == [True, True, False]
    assert [each.aggregator for each in seen.ports] == [1, 1, 3]


def test_a_system_that_hears_nobody() -> None:
    network = pair(1)
    cable(network).pull()
    network.run(1)
    seen = lag_view(network.nodes["left"].system, "lag0", network.now)
    assert (seen.up, seen.partner, seen.aggregator, seen.ports[0].last_rx_age) == (
        *(False, None, None, None),
    )

"""The watcher of the carrier: delays, and what cuts them short."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.watch.options import EthtoolOptions
from tests.watched import NO_CARRIER, UP, Watched

PLAIN = EthtoolOptions()
DELAYED = EthtoolOptions(delay_up=2000, delay_down=1000)


def test_nothing_is_up_before_the_first_news() -> None:
    port = Watched(PLAIN)
    assert not port.up
    assert port.watch.next_deadline() is None
    assert list(port.watch.events()) == []


def test_without_delay_every_change_counts_at_once() -> None:
    port = Watched(PLAIN)
    port.carrier(True)
    port.run(1)
    port.carrier(False)
    port.run(1)
    port.carrier(True)
    assert port.changes == [(0, True, "carrier"), (1, False, "no carrier"), (2, True, "carrier")]
    assert port.verdicts == [(0, True), (1, False), (2, True)]
    assert port.watch.watchers[0].down_count == 1


def test_the_carrier_that_is_found_at_the_start_counts_at_once() -> None:
    port = Watched(DELAYED)
    port.carrier(True)
    assert port.changes == [(0, True, "carrier")]


def test_a_change_counts_when_its_delay_is_over() -> None:
    port = Watched(DELAYED)
    port.carrier(False)
    port.carrier(True)
    port.run(1.999)
    assert not port.up
    port.run(0.001)
    assert port.changes == [(2, True, "carrier for 2000 ms")]
    port.carrier(False)
    port.run(5)
    assert port.changes[1:] == [(3, False, "no carrier for 1000 ms")]


def test_a_change_that_is_over_before_its_delay_never_counts() -> None:
    port = Watched(DELAYED)
    port.carrier(True)
    for _ in range(5):
        port.carrier(False)
        port.run(0.999)
        port.carrier(True)
        port.run(0.5)
    assert port.changes == [(0, True, "carrier")]


def test_each_loss_begins_the_delay_anew() -> None:
    port = Watched(DELAYED)
    port.carrier(True)
    port.carrier(False)
    port.run(0.9)
    port.carrier(True)
    port.carrier(False)
    port.run(0.9)
    assert port.up
    port.run(0.1)
    assert port.changes[1:] == [(1.9, False, "no carrier for 1000 ms")]


def test_other_news_of_the_link_do_not_begin_it_anew() -> None:
    port = Watched(DELAYED)
    port.carrier(False)
    port.carrier(True)
    port.run(1)
    port.link(replace(UP, speed=1000))
    port.run(1)
    assert port.changes == [(2, True, "carrier for 2000 ms")]


def test_a_timer_that_is_seen_too_late_says_the_truth_of_its_time() -> None:
    port = Watched(DELAYED)
    port.carrier(False)
    port.carrier(True)
    port.now = 10.0
    port.carrier(False)
    # The carrier had been there for 10 s before it went.
    assert [up for _, up, _ in port.changes] == [True]
    port.run(1)
    assert [up for _, up, _ in port.changes] == [True, False]


@pytest.mark.parametrize("pending", [False, True])
def test_an_interface_that_vanishes_is_down_at_once(pending: bool) -> None:
    port = Watched(DELAYED)
    port.carrier(True)
    if pending:
        port.carrier(False)
    port.gone()
    assert port.changes[1:] == [(0, False, "there is no interface")]
    assert port.watch.next_deadline() is None


def test_an_interface_that_comes_back_is_believed_at_once() -> None:
    port = Watched(DELAYED)
    port.carrier(True)
    port.gone()
    port.run(1)
    port.carrier(True)
    assert port.changes[2:] == [(1, True, "carrier")]


class TestLink:
    """`PortWatch.link`: the interface as the watchers of the carrier let it be seen."""

    def test_is_the_raw_one_without_delays(self) -> None:
        port = Watched(PLAIN)
        for link in (UP, NO_CARRIER, UP):
            port.link(link)
            assert port.watch.link == link

    def test_stays_up_with_its_speed_while_a_loss_does_not_count(self) -> None:
        port = Watched(DELAYED)
        port.carrier(True)
        port.carrier(False)
        assert port.watch.link == UP
        port.run(1)
        assert port.watch.link == NO_CARRIER

    def test_stays_down_while_a_return_does_not_count(self) -> None:
        port = Watched(DELAYED)
        port.carrier(False)
        port.carrier(True)
        assert not port.watch.link.up
        port.run(2)
        assert port.watch.link == UP

    def test_has_the_address_of_now(self) -> None:
        port = Watched(DELAYED)
        port.carrier(True)
        moved = replace(NO_CARRIER, address=type(UP.address)(b"\2\0\0\0\0\7"))
        port.link(moved)
        assert port.watch.link == replace(UP, address=moved.address)

    def test_is_up_while_any_of_them_says_so(self) -> None:
        port = Watched(DELAYED, PLAIN, policy="all")
        port.carrier(True)
        port.carrier(False)
        assert port.ups == [True, False]
        assert port.watch.link.up
        assert not port.up

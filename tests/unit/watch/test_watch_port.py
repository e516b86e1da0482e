"""Several watchers of one port: what they amount to, and what the port wants to hear."""

from __future__ import annotations

import pytest

from lacp.watch.base import Listen, VerdictChanged, WatcherChanged
from lacp.watch.options import (
    ArpPingOptions,
    EthtoolOptions,
    NsnaPingOptions,
    TipcOptions,
    WatcherOptions,
)
from tests.watch_frames import advertisement, arp, ip4, ip6
from tests.watched import NO_CARRIER, UP, Watched

ETHTOOL = EthtoolOptions()
ARP = ArpPingOptions(target_host="192.168.23.1", source_host="192.168.23.2")
STRICT = ArpPingOptions(
    target_host="192.168.23.1",
    source_host="192.168.23.2",
    validate_active=True,
    validate_inactive=True,
)
NSNA = NsnaPingOptions(target_host="fd00::1")
TIPC = TipcOptions(tipc_bearer="e0")
ALL: tuple[WatcherOptions, ...] = (ETHTOOL, ARP, NSNA, TIPC)


@pytest.mark.parametrize(("policy", "expected"), [("any", 0.0), ("all", 3.0)])
def test_up_when_any_is_or_when_all_are(policy: str, expected: float) -> None:
    port = Watched(*ALL, policy=policy)
    port.carrier(True)
    port.now = 1.0
    port.hear(arp())
    port.now = 2.0
    port.hear(advertisement())
    port.now = 3.0
    port.tipc("1.1.1:e0-1.1.2:d0", True)
    assert port.ups == [True, True, True, True]
    assert port.verdicts == [(expected, True)]


@pytest.mark.parametrize(("policy", "down"), [("any", 4.0), ("all", 1.0)])
def test_down_when_all_are_or_when_any_is(policy: str, down: float) -> None:
    port = Watched(EthtoolOptions(delay_down=4000), EthtoolOptions(delay_down=1000), policy=policy)
    port.carrier(True)
    port.carrier(False)
    port.run(5)
    assert port.verdicts == [(0, True), (down, False)]


@pytest.mark.parametrize("policy", ["any", "all"])
def test_a_vanished_interface_is_down_whatever_watches_it(policy: str) -> None:
    port = Watched(*ALL, policy=policy)
    port.carrier(True)
    port.hear(arp(), advertisement())
    port.tipc("1.1.1:e0-1.1.2:d0", True)
    port.gone()
    assert port.ups == [False] * 4
    assert not port.up
    assert not port.watch.link.up
    assert [it.down_count for it in port.watch.watchers] == [1, 1, 1, 1]
    assert port.watch.next_deadline() is None


def test_an_interface_that_was_never_there_is_down_without_a_word() -> None:
    port = Watched(*ALL)
    port.gone()
    assert {type(it) for it in port.said} == {Listen}
    assert port.watch.watchers[0].reason == "there is no interface"


def test_watchers_are_told_apart_by_their_place() -> None:
    port = Watched(NSNA, ETHTOOL, EthtoolOptions(delay_down=100))
    port.carrier(True)
    told = [it for it in port.said if isinstance(it, WatcherChanged)]
    assert [(it.index, it.name) for it in told] == [(1, "ethtool"), (2, "ethtool")]


def test_the_verdict_follows_the_opinions_that_made_it() -> None:
    port = Watched(ETHTOOL, EthtoolOptions(delay_down=100), policy="all")
    port.carrier(True)
    port.carrier(False)
    kinds = [type(it) for it in port.said]
    assert kinds == [WatcherChanged, WatcherChanged, VerdictChanged, WatcherChanged, VerdictChanged]


def test_the_link_is_the_raw_one_where_nobody_watches_the_carrier() -> None:
    port = Watched(ARP)
    port.carrier(True)
    assert port.watch.link.up
    assert not port.up


def test_without_watchers_an_interface_can_be_used() -> None:
    """As with teamd; its configurations always have one, so this is for programs."""
    port = Watched()
    port.carrier(False)
    assert port.up
    port.gone()
    assert not port.up


# What is listened to


def test_each_watcher_hears_what_it_needs() -> None:
    port = Watched(*ALL)
    port.carrier(True)
    (order,) = port.listens
    assert set(order.kinds) == {"arp", "nd", "tipc"}
    # Any ARP counts without validation, so no sender is told.
    assert order.hosts == {ip6("fd00::1")}


def test_one_watcher_without_validation_wants_the_arp_of_all() -> None:
    port = Watched(STRICT, ARP)
    port.carrier(True)
    assert port.listens[-1].hosts == frozenset()
    port = Watched(STRICT, NSNA)
    port.carrier(True)
    hosts = {ip4("192.168.23.1"), ip4("192.168.23.2"), ip6("fd00::1")}
    assert port.listens[-1].hosts == hosts


def test_the_carrier_needs_no_frames() -> None:
    port = Watched(ETHTOOL)
    port.carrier(True)
    assert port.listens == []


def test_an_order_that_was_not_taken_is_replaced() -> None:
    port = Watched(ARP)
    port.watch.link_changed(UP, 0.0)
    port.watch.link_changed(NO_CARRIER, 0.0)
    (order,) = [it for it in port.watch.events() if type(it).__name__ == "Listen"]
    assert order.kinds == frozenset()  # type: ignore[union-attr]


def test_early_and_repeated_advances_are_harmless() -> None:
    port = Watched(*ALL)
    port.carrier(True)
    said = len(port.said)
    for _ in range(3):
        port.watch.advance(0.0)
        port.watch.advance(0.5)
    assert list(port.watch.events()) == []
    assert len(port.said) == said

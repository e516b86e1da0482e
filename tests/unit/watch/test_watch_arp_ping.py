"""The watcher that asks over ARP: what it sends, when, and how many misses are too many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.errors import UsageError
from lacp.watch.options import ArpPingOptions
from lacp.watch.probing import ENOUGH, TOO_MANY
from tests.unit.watch.arp_pings import (
    ACTIVE,
    ANSWER,
    GREETING,
    LOOKING,
    PLAIN,
    QUESTION,
    SILENT,
    watched,
)
from tests.watch_frames import BROADCAST, OURS, THEIRS, ethernet, ip4
from tests.watched import Watched

# Questions


@pytest.mark.parametrize(("vlan", "tags"), [(None, ()), (5, (0x81000005,)), (0, (0x81000000,))])
def test_the_question_is_a_broadcast_from_the_port(vlan: int | None, tags: tuple[int, ...]) -> None:
    port = watched(replace(PLAIN, vlanid=vlan), LOOKING)
    body = bytes.fromhex("0001 0800 06 04 0001") + OURS + ip4("192.168.23.2")
    body += BROADCAST + ip4("192.168.23.1")
    frame = ethernet(body, 0x0806, to=BROADCAST, source=OURS, tags=tags)
    assert port.probes == [(0, frame)]


def test_without_a_source_it_asks_from_nobody() -> None:
    port = watched(ArpPingOptions(target_host="10.0.0.1"), LOOKING)
    ((_, frame),) = port.probes
    assert frame[28:32] == ip4("0.0.0.0")


def test_it_asks_under_the_address_that_the_port_has_now() -> None:
    port = watched(PLAIN, LOOKING)
    port.moved(THEIRS)
    port.run(1)
    frame = port.probes[-1][1]
    assert frame[6:12] == frame[22:28] == THEIRS


def test_it_asks_after_the_wait_and_then_at_each_interval() -> None:
    port = watched(replace(PLAIN, init_wait=2500, interval=100), ACTIVE)
    port.run(2.75)
    assert port.asked == [2.5, 2.6, 2.7]


def test_each_return_of_the_carrier_begins_with_the_wait() -> None:
    port = watched(replace(PLAIN, init_wait=300), ACTIVE)
    port.run(0.5)
    port.carrier(False)
    port.run(5)
    port.carrier(True)
    port.run(0.5)
    assert port.asked == [0.3, 5.8]


@pytest.mark.parametrize(
    ("use", "always", "asks"),
    [
        (ACTIVE, False, True),
        ({"enabled": True, "alone": False}, False, True),
        (LOOKING, False, True),
        (SILENT, False, False),
        (SILENT, True, True),
    ],
)
def test_a_port_asks_when_it_carries_traffic_or_none_does_or_always(
    use: dict[str, bool], always: bool, asks: bool
) -> None:
    port = watched(replace(PLAIN, send_always=always), use)
    port.run(2)
    assert port.asked == ([0, 1, 2] if asks else [])


def test_a_port_that_is_to_carry_traffic_asks_at_once_and_from_then_on() -> None:
    port = watched(PLAIN, SILENT)
    port.run(1.25)
    port.use(enabled=True, alone=False)
    port.run(2)
    assert port.asked == [1.25, 2.25, 3.25]


def test_use_that_changes_during_the_wait_does_not_cut_it_short() -> None:
    port = watched(replace(PLAIN, init_wait=500), SILENT)
    port.run(0.25)
    port.use(**ACTIVE)
    assert port.asked == []
    port.run(0.25)
    assert port.asked == [0.5]


def test_without_an_interval_there_is_no_watcher() -> None:
    with pytest.raises(UsageError, match="interval is 0, expected 1 or more ms"):
        Watched(replace(PLAIN, interval=0))


# Answers and misses


def test_an_answer_counts_at_once() -> None:
    port = watched(PLAIN, LOOKING)
    port.now = 0.001
    port.hear(ANSWER)
    assert port.changes == [(0.001, True, "192.168.23.1 answers")]
    assert port.verdicts == [(0.001, True)]


def test_what_is_heard_during_the_wait_counts_at_its_end() -> None:
    port = watched(replace(PLAIN, init_wait=500), LOOKING)
    port.hear(ANSWER)
    assert not port.up
    port.run(0.5)
    assert port.changes == [(0.5, True, "192.168.23.1 answers")]


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_down_after_more_misses_in_a_row_than_allowed(allowed: int) -> None:
    port = watched(replace(PLAIN, missed_max=allowed), ACTIVE)
    port.hear(ANSWER)
    # The tick at 1 s has heard an answer, the following ones have not.
    port.run(allowed + 1.999)
    assert port.up
    assert port.watch.watchers[0].missed == allowed  # type: ignore[attr-defined]
    port.run(0.001)
    times = "1 probe" if allowed == 0 else f"{allowed + 1} probes in a row"
    said = f"{times} without an answer from 192.168.23.1"
    assert port.changes[1:] == [(allowed + 2, False, said)]


def test_one_answer_in_time_forgives_all_misses() -> None:
    port = watched(PLAIN, ACTIVE)
    for _ in range(5):
        port.hear(ANSWER)
        port.run(4)
    assert port.changes == [(0, True, "192.168.23.1 answers")]


def test_no_carrier_is_no_neighbour_at_once() -> None:
    port = watched(PLAIN, ACTIVE)
    port.hear(ANSWER)
    port.run(0.5)
    port.carrier(False)
    assert port.changes[1:] == [(0.5, False, "no carrier")]
    assert port.watch.next_deadline() is None
    port.hear(ANSWER)
    assert not port.up


def test_an_interface_that_vanishes_is_down() -> None:
    port = watched(PLAIN, ACTIVE)
    port.hear(ANSWER)
    port.gone()
    assert port.changes[1:] == [(0, False, "there is no interface")]
    assert port.watch.next_deadline() is None


def test_a_driver_that_slept_does_not_count_what_it_slept_through() -> None:
    port = watched(PLAIN, ACTIVE)
    port.hear(ANSWER)
    port.run(1)
    port.now = 60.0
    port.watch.advance(port.now)
    assert port.up
    assert port.watch.next_deadline() == 61.0


# What is listened to


def test_with_validation_only_two_hosts_are_listened_to() -> None:
    port = watched(replace(PLAIN, validate_active=True), SILENT)
    port.use(**ACTIVE)
    assert [(set(it.kinds), it.hosts) for it in port.listens] == [
        ({"arp"}, frozenset()),
        ({"arp"}, frozenset({ip4("192.168.23.1"), ip4("192.168.23.2")})),
    ]


@pytest.mark.parametrize(("frame", "enough"), [(GREETING, ENOUGH), (QUESTION, TOO_MANY)])
def test_a_storm_is_listened_to_for_a_while_in_each_interval(frame: bytes, enough: int) -> None:
    port = watched(PLAIN, ACTIVE)
    port.run(1)
    port.hear(*[frame] * (enough - 1))
    assert [set(it.kinds) for it in port.listens] == [{"arp"}]
    port.hear(*[frame] * 1000)
    assert [set(it.kinds) for it in port.listens] == [{"arp"}, set()]
    port.run(1)
    assert set(port.listens[-1].kinds) == {"arp"}
    assert len(port.listens) == 3


def test_the_order_to_listen_comes_before_the_question() -> None:
    port = watched(PLAIN, ACTIVE)
    assert [type(it).__name__ for it in port.said] == ["Listen", "Probe"]


def test_without_carrier_nothing_is_listened_to() -> None:
    port = watched(PLAIN, ACTIVE)
    port.carrier(False)
    assert [set(it.kinds) for it in port.listens] == [{"arp"}, set()]


# Names


def test_names_are_asked_for_and_nothing_is_sent_before_they_are_known() -> None:
    port = watched(replace(PLAIN, target_host="gateway", source_host="me"), ACTIVE)
    assert [(it.host.name, it.host.version) for it in port.resolves] == [("gateway", 4), ("me", 4)]
    port.resolve("gateway", 4, "192.168.23.1")
    port.run(3)
    assert (port.asked, port.listens) == ([], [])
    assert port.watch.watchers[0].reason == "the IPv4 address of me is not known"
    port.resolve("me", 4, "192.168.23.2")
    assert port.probes == [(3, QUESTION)]
    port.hear(ANSWER)
    assert port.changes == [(3, True, "192.168.23.1 answers")]


def test_a_name_without_an_address_is_asked_for_again_less_and_less_often() -> None:
    port = watched(replace(PLAIN, target_host="gateway"), ACTIVE)
    for _ in range(9):
        port.resolve("gateway", 4, None)
        before = len(port.resolves)
        while len(port.resolves) == before:
            port.run(0.5)
    gaps = [
        after.time - it.time for it, after in zip(port.resolves, port.resolves[1:], strict=False)
    ]
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    port.resolve("gateway", 4, "192.168.23.1")
    port.hear(ANSWER)
    assert port.up


@pytest.mark.parametrize("address", ["fd00::1", "", "gateway", "192.168.23.1.1"])
def test_what_is_no_address_of_that_version_is_none(address: str) -> None:
    port = watched(replace(PLAIN, target_host="gateway"), ACTIVE)
    port.resolve("gateway", 4, address)
    port.run(2)
    assert port.asked == []
    assert len(port.resolves) == 2


def test_an_address_that_comes_unasked_changes_nothing() -> None:
    port = watched(replace(PLAIN, target_host="gateway"), ACTIVE)
    port.resolve("gateway", 4, "192.168.23.1")
    port.resolve("gateway", 4, "192.168.23.9")
    port.resolve("gateway", 4, None)
    port.hear(ANSWER)
    assert port.changes == [(0, True, "192.168.23.1 answers")]


def test_the_hosts_are_shown_as_addresses_once_they_are_known() -> None:
    port = watched(replace(PLAIN, target_host="gateway"), ACTIVE)
    watcher = port.watch.watchers[0]
    assert watcher.target_host == "gateway"  # type: ignore[attr-defined]
    port.resolve("gateway", 4, "192.168.23.1")
    assert watcher.target_host == "192.168.23.1"  # type: ignore[attr-defined]
    assert watcher.source_host == "192.168.23.2"  # type: ignore[attr-defined]

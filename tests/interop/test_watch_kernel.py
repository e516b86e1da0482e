"""Link watchers against the kernel's own ARP and Neighbour Discovery, over veth."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lacp.watch.base import WatcherChanged
from lacp.watch.options import ArpPingOptions, EthtoolOptions, NsnaPingOptions, WatcherOptions
from tests.interop.netns import Namespace, namespaces, veth
from tests.interop.watching import Watching, watching
from tests.watch_frames import BROADCAST, REQUEST, arp

pytestmark = pytest.mark.netns

Pair = tuple[Namespace, Namespace]


def answering(there: Namespace, port: str) -> None:
    """Give the far end addresses that it answers for at once."""
    there.run("sh", "-c", f"echo 0 > /proc/sys/net/ipv6/conf/{port}/disable_ipv6")
    there.ip(f"addr add 192.168.23.1/24 dev {port}")
    there.ip(f"addr add fd00::1/64 dev {port} nodad")


@pytest.fixture
def pair() -> Iterator[Pair]:
    """An interface e0 without any address of its own, and its far end d0 with addresses."""
    with namespaces(2) as (here, there):
        veth(here, "e0", there, "d0")
        answering(there, "d0")
        yield here, there


def reasons(watch: Watching) -> list[tuple[bool, str]]:
    return [(it.up, it.reason) for it in watch.news if isinstance(it, WatcherChanged)]


ARP = ArpPingOptions(
    target_host="192.168.23.1", source_host="192.168.23.2", interval=50, missed_max=2
)
VALIDATED = ArpPingOptions(
    target_host="192.168.23.1",
    source_host="192.168.23.2",
    interval=50,
    missed_max=2,
    validate_active=True,
    validate_inactive=True,
)
FROM_NOBODY = ArpPingOptions(
    target_host="192.168.23.1", interval=50, missed_max=2, validate_inactive=True
)
NSNA = NsnaPingOptions(target_host="fd00::1", interval=50, missed_max=2)


@pytest.mark.parametrize(
    "options", [ARP, VALIDATED, FROM_NOBODY, NSNA], ids=["arp", "validated", "probe", "nsna"]
)
def test_the_kernel_answers_until_it_loses_the_address(pair: Pair, options: WatcherOptions) -> None:
    here, there = pair
    target = options.target_host  # type: ignore[union-attr]
    with watching(here, {"e0": [options]}) as watch:
        watch.until(lambda: watch.up("e0"))
        there.ip("addr flush dev d0")
        watch.until(lambda: not watch.up("e0"))
        answering(there, "d0")
        watch.until(lambda: watch.up("e0"))
    assert reasons(watch) == [
        (True, f"{target} answers"),
        (False, f"3 probes in a row without an answer from {target}"),
        (True, f"{target} answers"),
    ]


def test_carrier_loss_is_seen_before_a_question_goes_unanswered(pair: Pair) -> None:
    here, there = pair
    slow = ArpPingOptions(target_host="192.168.23.1", interval=5000)
    with watching(here, {"e0": [slow, EthtoolOptions()]}) as watch:
        watch.until(lambda: all(it.up for it in watch.watches["e0"].watchers))
        there.ip("link set d0 down")
        watch.until(lambda: not watch.up("e0"), seconds=3)
        there.ip("link set d0 up")
        watch.until(lambda: all(it.up for it in watch.watches["e0"].watchers), seconds=3)
    assert (False, "no carrier") in reasons(watch)


def test_a_port_without_traffic_asks_under_an_address_of_its_own(pair: Pair) -> None:
    here, there = pair
    with watching(here, {"e0": [NSNA]}) as watch:
        watch.use("e0", enabled=False, alone=False)
        watch.until(lambda: watch.up("e0"))
        own = watch.watches["e0"].link.address
    seen = there.ip("-6 neigh show dev d0")
    assert "fe80::" in seen
    assert str(own) not in seen


def test_an_interface_that_comes_back_is_watched_again(pair: Pair) -> None:
    here, there = pair
    with watching(here, {"e0": [VALIDATED]}) as watch:
        watch.until(lambda: watch.up("e0"))
        here.ip("link del e0")
        (watcher,) = watch.watches["e0"].watchers
        watch.until(lambda: watcher.reason == "there is no interface")
        assert not watch.up("e0")
        veth(here, "e0", there, "d0")
        answering(there, "d0")
        watch.until(lambda: watch.up("e0"))
        here.ip("link set e0 down")
        here.ip("link set e0 name e1")
        watch.until(lambda: not watch.up("e0"))
        here.ip("link set e1 name e0")
        here.ip("link set e0 up")
        watch.until(lambda: watch.up("e0"))


def test_a_port_of_a_bridge_hears_its_answers(pair: Pair) -> None:
    here, _ = pair
    here.ip("link add br0 type bridge")
    here.ip("link set br0 up")
    here.ip("link set e0 master br0")
    with watching(here, {"e0": [VALIDATED, NSNA]}) as watch:
        watch.until(lambda: all(it.up for it in watch.watches["e0"].watchers))


@pytest.mark.parametrize("options", [ARP, VALIDATED], ids=["arp", "validated"])
def test_a_storm_of_arp_neither_drowns_the_answers_nor_is_it_read(
    pair: Pair, options: ArpPingOptions
) -> None:
    here, there = pair
    foreign = arp(REQUEST, "192.168.23.9", "192.168.23.8", to=BROADCAST)
    with there.wire("d0") as wire, watching(here, {"e0": [options, NSNA]}) as watch:
        watch.until(lambda: all(it.up for it in watch.watches["e0"].watchers))
        sent, end = 0, time.monotonic() + 1
        while time.monotonic() < end:
            for _ in range(200):
                wire.send(foreign)
            sent += 200
            watch.turn(time.monotonic())
        assert [it.down_count for it in watch.watches["e0"].watchers] == [0, 0]
    assert watch.frames < sent / 10

"""Watchers under random events in virtual time, against what can be said without a machine."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lacp.watch.base import Listen, VerdictChanged, WatcherChanged
from lacp.watch.options import (
    ArpPingOptions,
    EthtoolOptions,
    NsnaPingOptions,
    TipcOptions,
    WatcherOptions,
)
from lacp.watch.probing import Prober
from tests.watch_frames import advertisement, arp
from tests.watched import Watched

#: Milliseconds between two events; odd, so that none falls on the multiples that timers have.
gaps = st.integers(0, 40).map(lambda number: 20 * number + 7)
delays = st.sampled_from([0, 100, 200, 500])


@given(up=delays, down=delays, lengths=st.lists(gaps, max_size=30), first=st.booleans())
def test_the_carrier_counts_when_it_has_lasted(
    up: int, down: int, lengths: list[int], first: bool
) -> None:
    """Looked at each millisecond: a carrier that differs for as long as its delay is believed."""
    port = Watched(EthtoolOptions(delay_up=up, delay_down=down))
    carrier = believed = first
    port.carrier(carrier)
    for length in lengths:
        for since in range(length + 1):
            if carrier is not believed and since >= (up if carrier else down):
                believed = carrier
        port.run(length / 1000)
        assert port.up is believed
        carrier = not carrier
        port.carrier(carrier)
        if (up if carrier else down) == 0:
            believed = carrier
    changes = [change for _, change, _ in port.changes]
    assert all(before is not after for before, after in pairwise(changes))


@given(
    interval=st.sampled_from([100, 300]),
    wait=st.sampled_from([0, 50, 250]),
    allowed=st.integers(0, 3),
    events=st.lists(st.tuples(gaps, st.sampled_from(["answer", "answer", "carrier"])), max_size=40),
    use=st.sampled_from([(True, True), (False, True), (False, False)]),
)
def test_a_neighbour_is_there_while_no_more_answers_are_missing_than_allowed(
    interval: int,
    wait: int,
    allowed: int,
    events: list[tuple[int, str]],
    use: tuple[bool, bool],
) -> None:
    port = Watched(
        ArpPingOptions(
            target_host="192.168.23.1",
            source_host="192.168.23.2",
            interval=interval,
            init_wait=wait,
            missed_max=allowed,
        )
    )
    port.use(enabled=use[0], alone=use[1])
    port.carrier(True)
    (watcher,) = port.watch.watchers
    assert isinstance(watcher, Prober)
    # All in whole milliseconds: when the carrier came, and the last answer since then.
    now, since, answer = 0, 0, None
    begun: int | None = since
    ticks_asked = 0
    for gap, event in events:
        now += gap
        port.run(now / 1000 - port.now)
        if begun is None:
            assert not port.up
        else:
            ticks = 0 if now < begun + wait else (now - begun - wait) // interval + 1
            seen = 0
            if answer is not None:
                # The tick that sees the answer: the first one from it on.
                seen = max(0, -(-(answer - begun - wait) // interval)) + 1
            assert watcher.missed == (ticks if answer is None else max(0, ticks - seen))
            there = answer is not None and ticks > 0 and ticks - seen <= allowed
            assert port.up is there
        if event == "answer":
            port.hear(arp())
            answer = now if begun is not None else None
        else:
            if begun is not None and now >= begun + wait:
                ticks_asked += (now - begun - wait) // interval + 1
            begun = now if begun is None else None
            answer = None
            port.carrier(begun is not None)
    if begun is not None and now >= begun + wait:
        ticks_asked += (now - begun - wait) // interval + 1
    assert len(port.probes) == (ticks_asked if any(use) else 0)


EVENTS: dict[str, Callable[[Watched], None]] = {
    "carrier": lambda port: port.carrier(True),
    "no carrier": lambda port: port.carrier(False),
    "gone": lambda port: port.gone(),
    "arp": lambda port: port.hear(arp()),
    "storm": lambda port: port.hear(*[arp(1, "192.168.23.9", "192.168.23.8")] * 70),
    "advertisement": lambda port: port.hear(advertisement()),
    "tipc": lambda port: port.tipc("1.1.1:e0-1.1.2:d0", True),
    "no tipc": lambda port: port.tipc("1.1.1:e0-1.1.2:d0", False),
    "enabled": lambda port: port.use(enabled=True, alone=True),
    "alone": lambda port: port.use(enabled=False, alone=True),
    "standby": lambda port: port.use(enabled=False, alone=False),
}
OPTIONS: list[WatcherOptions] = [
    EthtoolOptions(),
    EthtoolOptions(delay_up=500, delay_down=200),
    ArpPingOptions(target_host="192.168.23.1", source_host="192.168.23.2", interval=300),
    ArpPingOptions(
        target_host="192.168.23.1",
        source_host="192.168.23.2",
        interval=200,
        missed_max=0,
        validate_active=True,
        validate_inactive=True,
    ),
    NsnaPingOptions(target_host="fd00::1", interval=250, init_wait=100),
    TipcOptions(tipc_bearer="e0"),
]


@given(
    options=st.lists(st.sampled_from(OPTIONS), max_size=4),
    policy=st.sampled_from(["any", "all"]),
    events=st.lists(st.tuples(gaps, st.sampled_from(sorted(EVENTS))), max_size=40),
)
def test_whatever_happens_a_port_says_what_is_so(
    options: list[WatcherOptions], policy: str, events: list[tuple[int, str]]
) -> None:
    port = Watched(*options, policy=policy)
    there = False
    for gap, event in events:
        port.run(gap / 1000)
        EVENTS[event](port)
        there = event == "carrier" or event == "no carrier" or (there and event != "gone")
        decide = any if policy == "any" else all
        assert port.up is (decide(port.ups) if options else there)
        if not there:
            assert not port.up
        carriers = [
            it.up
            for it, of in zip(port.watch.watchers, options, strict=True)
            if isinstance(of, EthtoolOptions)
        ]
        if carriers:
            assert port.watch.link.up is any(carriers)
    # Each says what is new, and nothing twice.
    for index, watcher in enumerate(port.watch.watchers):
        told = [it for it in port.said if isinstance(it, WatcherChanged) and it.index == index]
        assert [it.up for it in told] == [number % 2 == 0 for number in range(len(told))]
        assert watcher.up is (len(told) % 2 == 1)
        assert watcher.down_count == len(told) // 2
        assert not told or told[-1].up is watcher.up
    verdicts = [it.up for it in port.said if isinstance(it, VerdictChanged)]
    assert verdicts == [number % 2 == 0 for number in range(len(verdicts))]
    orders = [(it.kinds, it.hosts) for it in port.said if isinstance(it, Listen)]
    assert all(before != after for before, after in pairwise(orders))
    assert all("\n" not in it.reason and it.reason for it in port.watch.watchers)

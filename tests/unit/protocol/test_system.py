"""The system as its driver sees it: what goes in, what comes out, what the caller may not do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacp import (
    EDITIONS,
    Control,
    Duplex,
    Event,
    Fallback,
    FrameDropped,
    Link,
    LinkChanged,
    Mac,
    MarkerAnswered,
    MarkerLost,
    MuxChanged,
    PartnerChanged,
    PortAdded,
    PortConfig,
    PortInfo,
    PortRemoved,
    PortState,
    Selected,
    StateChanged,
    System,
    SystemConfig,
    Transmit,
    UsageError,
)
from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker

OURS = Mac.parse("02:00:00:00:00:01")
THEIRS = Mac.parse("02:00:00:00:00:02")
UP = Link(True, 10000, Duplex.FULL, Mac.parse("02:00:00:00:00:11"))
IN_SYNC = (
    PortState.ACTIVITY
    | PortState.AGGREGATION
    | PortState.SYNCHRONIZATION
    | PortState.COLLECTING
    | PortState.DISTRIBUTING
)


def system(**settings: Any) -> System:
    return System(SystemConfig(system=OURS, **settings))


def one_port(settings: dict[str, Any] | None = None, **config: Any) -> System:
    """A system whose port eth1 has just come up, its first LACPDU taken."""
    engine = system(**(settings or {}))
    engine.add_port("eth1", PortConfig(number=1, **config), 0.0, UP)
    drain(engine)
    return engine


def drain(engine: System) -> list[Event]:
    return list(engine.events())


def transmitted(events: list[Event]) -> list[Lacpdu]:
    """The LACPDUs among the events."""
    return [Lacpdu.decode(event.frame[14:]) for event in events if isinstance(event, Transmit)]


def frame(payload: bytes) -> bytes:
    return slow.ethernet(SLOW_PROTOCOLS_MULTICAST, THEIRS, payload)


def partner(engine: System, state: PortState = IN_SYNC, **changes: Any) -> bytes:
    """A LACPDU of a partner that sees eth1 as it is."""
    actor = PortInfo(0x8000, THEIRS, 7, 0x8000, 3, state)
    return frame(Lacpdu(replace(actor, **changes), engine.ports["eth1"].actor).encode())


def converge(engine: System, now: float = 0.0) -> float:
    """Let eth1 distribute to a partner that is there; the time at which it does."""
    for step in (0.0, 2.0, 2.001, 2.002):
        engine.advance(now + step)
        engine.receive("eth1", partner(engine), now + step)
    assert engine.ports["eth1"].distributing
    drain(engine)
    return now + 2.002


# What goes in.


def test_a_port_that_comes_up_speaks_at_once_of_a_partner_it_does_not_know() -> None:
    engine = system()
    engine.add_port("eth1", PortConfig(number=1), 0.0, UP)
    events = drain(engine)
    assert events[0] == PortAdded("eth1", 0.0)
    assert LinkChanged("eth1", UP, 0.0) in events
    (pdu,) = transmitted(events)
    assert pdu.actor.identity == (0x8000, OURS, 1, 0x8000, 1)
    assert pdu.actor.state == 0xC5
    assert PortState.SHORT_TIMEOUT in pdu.partner.state
    assert events[-1] == Transmit("eth1", engine.ports["eth1"].frame(), 0.0)


def test_silence_is_expired_for_three_seconds_and_then_defaulted_and_slow() -> None:
    engine = one_port()
    sent = []
    while (deadline := engine.next_deadline()) is not None and deadline < 70:
        engine.advance(deadline)
        sent += [(deadline, pdu.actor.state) for pdu in transmitted(drain(engine))]
    assert [(at, int(state)) for at, state in sent] == [
        (1.0, 0xC5),
        (2.0, 0xC5),
        (33.0, 0x45),
        (63.0, 0x45),
    ]


def test_early_and_repeated_advances_are_harmless() -> None:
    engine = one_port()
    deadline = engine.next_deadline()
    assert deadline == 1.0
    for now in (0.0, 0.0, 0.5, 0.999):
        engine.advance(now)
        assert (drain(engine), engine.next_deadline()) == ([], deadline)


def test_a_link_that_is_told_again_changes_nothing() -> None:
    engine = one_port()
    engine.link_changed("eth1", UP, 0.5)
    assert drain(engine) == []


@pytest.mark.parametrize(
    ("octets", "counter", "reason"),
    [
        (b"", None, "frame of 0 octets"),
        (frame(b""), "illegal_rx", "frame ends at offset 14"),
        (frame(bytes(110)), "illegal_rx", "subtype 0 at offset 14"),
        (frame(b"\x01" + bytes(20)), "illegal_rx", "payload of 21 octets"),
        (frame(b"\x0a" + bytes(109)), "unknown_rx", "subtype 10 at offset 14"),
        (frame(b"\x02\x01\x03\x10" + bytes(106)), "unknown_rx", "3"),
        (b"\xff" * 124, None, "EtherType 0xffff"),
        (bytes(SLOW_PROTOCOLS_MULTICAST) + bytes(112), "unknown_rx", "EtherType 0x0000"),
        (b"\xff" * 12 + b"\x88\x09" + bytes(110), None, "destination ff:ff:ff:ff:ff:ff"),
    ],
)
def test_a_frame_that_is_none_of_ours_is_dropped_counted_and_named(
    octets: bytes, counter: str | None, reason: str
) -> None:
    engine = one_port()
    engine.receive("eth1", octets, 0.5)
    (event,) = drain(engine)
    assert isinstance(event, FrameDropped)
    assert reason in event.reason
    counters = engine.ports["eth1"].counters
    counted = {name: getattr(counters, name) for name in ("illegal_rx", "unknown_rx", "lacpdus_rx")}
    assert {name for name, value in counted.items() if value} == ({counter} if counter else set())


def test_a_frame_that_is_dropped_lets_the_timers_that_are_due_fire_all_the_same() -> None:
    engine = one_port()
    engine.receive("eth1", frame(b""), 3.0)
    assert engine.ports["eth1"].receive.state.name == "DEFAULTED"


def test_a_frame_on_a_link_that_is_down_is_dropped_and_counted() -> None:
    engine = one_port()
    engine.link_changed("eth1", Link(), 1.0)
    drain(engine)
    engine.receive("eth1", partner(engine), 1.0)
    assert drain(engine) == [FrameDropped("eth1", "the link is down", 1.0)]
    assert engine.ports["eth1"].counters.dropped_rx == 1
    assert engine.ports["eth1"].counters.lacpdus_rx == 0


def test_a_lacpdu_at_the_instant_of_the_timeout_wins() -> None:
    engine = one_port(short_timeout=True)
    now = converge(engine)
    engine.receive("eth1", partner(engine), now + 3.0)
    states = [e for e in drain(engine) if isinstance(e, StateChanged) and e.machine == "receive"]
    assert states == []


def test_half_duplex_disables_lacp_and_full_duplex_brings_it_back() -> None:
    engine = one_port()
    now = converge(engine)
    engine.link_changed("eth1", replace(UP, duplex=Duplex.HALF), now)
    port = engine.ports["eth1"]
    assert (port.receive.state.name, port.selected) == ("LACP_DISABLED", Selected.UNSELECTED)
    assert port.selected_reason == "LACP is disabled: the link is half duplex"
    assert PortState.AGGREGATION not in port.partner.state
    assert transmitted(drain(engine)) == []
    engine.receive("eth1", partner(engine), now + 1)
    assert drain(engine) == [
        FrameDropped("eth1", "LACP is disabled: the link is half duplex", now + 1)
    ]
    engine.advance(now + 200)
    assert transmitted(drain(engine)) == []
    engine.link_changed("eth1", UP, now + 200)
    converge(engine, now + 200)


def test_unknown_duplex_counts_as_full() -> None:
    engine = system()
    engine.add_port("eth1", PortConfig(number=1), 0.0, Link(True, None, Duplex.UNKNOWN, OURS))
    assert engine.ports["eth1"].receive.state.name == "EXPIRED"


# What comes out.


def test_what_was_sent_carries_the_links_address_and_keeps_to_124_octets() -> None:
    engine = one_port()
    moved = replace(UP, address=Mac.parse("02:00:00:00:00:99"))
    engine.link_changed("eth1", moved, 0.5)
    engine.advance(1.0)
    (event,) = (e for e in drain(engine) if isinstance(e, Transmit))
    assert (event.frame[6:12], len(event.frame)) == (moved.address, 124)


def test_mux_changes_are_told_once_and_before_the_partner_is() -> None:
    engine = one_port()
    for at in (0.0, 2.0, 2.001):
        engine.advance(at)
        engine.receive("eth1", partner(engine), at)
    events = drain(engine)
    muxes = [e for e in events if isinstance(e, MuxChanged)]
    assert [(e.aggregator, e.collecting, e.distributing) for e in muxes] == [
        (1, False, False),
        (1, True, False),
        (1, True, True),
    ]
    collecting = events.index(muxes[1])
    told = next(
        i
        for i, e in enumerate(events)
        if isinstance(e, Transmit) and PortState.COLLECTING in PortState(e.frame[32])
    )
    assert collecting < told


def test_another_partner_is_told_with_both() -> None:
    engine = one_port()
    engine.receive("eth1", partner(engine), 0.1)
    (event,) = (e for e in drain(engine) if isinstance(e, PartnerChanged))
    assert (event.old.system, event.new.system) == (Mac(bytes(6)), THEIRS)


def test_the_history_is_bounded_and_says_why() -> None:
    engine = one_port({"history": 4})
    converge(engine)
    port = engine.ports["eth1"]
    assert len(port.history) == 4
    assert port.history[-1].reason == "port_enabled and synchronization"
    opened = next(e for e in port.history if e.new == "DISTRIBUTING")
    assert opened.reason == "selected and partner_sync and partner_collecting"


def test_no_history_is_kept_when_none_is_wanted() -> None:
    engine = one_port({"history": 0})
    assert list(engine.ports["eth1"].history) == []


def test_a_transmission_that_failed_is_not_counted_and_comes_again() -> None:
    engine = one_port()
    port = engine.ports["eth1"]
    assert port.counters.lacpdus_tx == 1
    engine.transmit_failed("eth1", port.frame(), 0.0)
    assert (port.counters.lacpdus_tx, port.counters.tx_errors) == (0, 1)
    assert drain(engine) == []
    assert engine.next_deadline() == 0.25
    engine.advance(0.25)
    assert len(transmitted(drain(engine))) == 1
    assert port.counters.lacpdus_tx == 1


# The limit.


@pytest.mark.parametrize(("edition", "limit"), [("2014", 3), ("2020", 10)])
def test_stale_echoes_are_answered_within_the_limit_and_the_last_answer_is_not_lost(
    edition: str, limit: int
) -> None:
    engine = one_port({"edition": EDITIONS[edition]})
    stale = frame(Lacpdu(PortInfo(1, THEIRS, 7, 1, 3, IN_SYNC), PortInfo()).encode())
    times = []
    for tick in range(1, 400):
        now = tick / 20
        engine.advance(now)
        if now <= 10:
            engine.receive("eth1", stale, now)
        times += [event.time for event in drain(engine) if isinstance(event, Transmit)]
    for start in times:
        assert sum(start <= at < start + 1 for at in times) <= limit
    assert any(10 < at <= 11.25 for at in times)
    assert max(times) < 12


def test_a_held_back_lacpdu_carries_the_values_of_when_it_leaves() -> None:
    engine = one_port()
    stale = frame(Lacpdu(PortInfo(1, THEIRS, 7, 1, 3, IN_SYNC), PortInfo()).encode())
    for now in (0.1, 0.2, 0.3):
        engine.receive("eth1", stale, now)
    drain(engine)
    engine.configure_port("eth1", 0.4, key=9)
    engine.configure_port("eth1", 0.5, key=10)
    assert transmitted(drain(engine)) == []
    deadline = engine.next_deadline()
    assert deadline is not None
    engine.advance(deadline)
    (pdu,) = transmitted(drain(engine))
    assert pdu.actor.key == 10


# Management.


def test_a_passive_port_says_nothing_until_it_is_spoken_to() -> None:
    engine = system()
    engine.add_port("eth1", PortConfig(number=1, activity=False), 0.0, UP)
    while (deadline := engine.next_deadline()) is not None:
        engine.advance(deadline)
    assert transmitted(drain(engine)) == []
    stranger = Lacpdu(PortInfo(0x8000, THEIRS, 7, 0x8000, 3, IN_SYNC), PortInfo())
    engine.receive("eth1", frame(stranger.encode()), 200.0)
    assert len(transmitted(drain(engine))) == 1


@pytest.mark.parametrize(
    "change",
    [{"short_timeout": True}, {"activity": False}, {"priority": 5}],
    ids=lambda change: next(iter(change)),
)
def test_what_does_not_change_the_lag_is_told_at_once_and_unselects_nothing(
    change: dict[str, Any],
) -> None:
    engine = one_port()
    now = converge(engine) + 5
    engine.configure_port("eth1", now, **change)
    events = drain(engine)
    assert len(transmitted(events)) == 1
    assert not [e for e in events if isinstance(e, MuxChanged)]
    assert engine.ports["eth1"].selected is Selected.SELECTED


@pytest.mark.parametrize("change", [{"key": 5}, {"aggregation": False}])
def test_what_changes_the_lag_is_told_at_once_and_detaches(change: dict[str, Any]) -> None:
    engine = one_port()
    now = converge(engine) + 5
    engine.configure_port("eth1", now, **change)
    events = drain(engine)
    (pdu,) = transmitted(events)
    assert PortState.SYNCHRONIZATION not in pdu.actor.state
    assert [e.aggregator for e in events if isinstance(e, MuxChanged)][-1] is None
    converge(engine, now)


def test_a_new_system_priority_goes_to_every_port() -> None:
    engine = one_port()
    engine.add_port("eth2", PortConfig(number=2), 0.0, UP)
    engine.advance(5.0)
    drain(engine)
    engine.configure(5.0, system_priority=1, system=Mac.parse("02:00:00:00:00:0a"))
    pdus = transmitted(drain(engine))
    assert [pdu.actor.system_id for pdu in pdus] == [(1, Mac.parse("02:00:00:00:00:0a"))] * 2


def test_a_partner_that_management_names_is_recorded_while_nobody_is_heard() -> None:
    engine = one_port()
    engine.advance(4.0)
    named = PortInfo(5, THEIRS, 7, 8, 9, PortState.AGGREGATION)
    engine.configure_port("eth1", 4.0, partner=named)
    port = engine.ports["eth1"]
    assert port.partner.identity == named.identity
    # And it is relied on, which is how aggregates were made before there was a protocol.
    assert port.selected is Selected.SELECTED


def test_an_individual_port_aggregates_with_nobody() -> None:
    engine = system()
    for number in (1, 2):
        config = PortConfig(number=number, aggregation=False)
        engine.add_port(f"eth{number}", config, 0.0, UP)
    for number in (1, 2):
        port = engine.ports[f"eth{number}"]
        actor = PortInfo(0x8000, THEIRS, 7, 0x8000, number, IN_SYNC)
        engine.receive(port.name, frame(Lacpdu(actor, port.actor).encode()), 0.1)
    used = [engine.ports[name].aggregator for name in ("eth1", "eth2")]
    assert None not in used
    assert used[0] is not used[1]
    assert "(8000,02:00:00:00:00:01,0001,8000,0001)" in str(engine.ports["eth1"].lag)


def test_aggregators_with_keys_take_only_ports_with_theirs() -> None:
    engine = system(aggregators={10: 1, 20: 2})
    for number, key in ((1, 1), (2, 2), (3, 3)):
        engine.add_port(f"eth{number}", PortConfig(number=number, key=key), 0.0, UP)
        port = engine.ports[f"eth{number}"]
        actor = PortInfo(0x8000, THEIRS, 7, 0x8000, number, IN_SYNC)
        engine.receive(port.name, frame(Lacpdu(actor, port.actor).encode()), 0.0)
    identifiers = [
        port.aggregator.identifier if port.aggregator else None for port in engine.ports.values()
    ]
    assert identifiers == [10, 20, None]
    assert engine.ports["eth3"].selected_reason == "no aggregator with key 3 is free"


@pytest.mark.parametrize("control", Control)
def test_a_port_that_leaves_says_so_and_is_gone(control: Control) -> None:
    engine = one_port({"control": control})
    now = converge(engine) + 5
    engine.remove_port("eth1", now)
    events = drain(engine)
    (pdu,) = transmitted(events)
    gone = PortState.SYNCHRONIZATION | PortState.COLLECTING | PortState.DISTRIBUTING
    assert not pdu.actor.state & gone
    assert events[-1] == PortRemoved("eth1", now)
    assert (dict(engine.ports), dict(engine.aggregators)) == ({}, {})
    assert engine.next_deadline() is None


def test_an_aggregator_outlives_its_port_while_others_use_it() -> None:
    engine = one_port()
    engine.add_port("eth2", PortConfig(number=2), 0.0, UP)
    now = 0.0
    for step in (0.0, 2.0, 2.001, 2.002):
        now = step
        engine.advance(now)
        for number in (1, 2):
            port = engine.ports[f"eth{number}"]
            actor = PortInfo(0x8000, THEIRS, 7, 0x8000, number, IN_SYNC)
            engine.receive(port.name, frame(Lacpdu(actor, port.actor).encode()), now)
    drain(engine)
    engine.remove_port("eth1", now)
    assert not [e for e in drain(engine) if isinstance(e, MuxChanged) and e.port == "eth2"]
    assert sorted(engine.aggregators) == [1, 2]
    engine.remove_port("eth2", now)
    assert not engine.aggregators


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.receive("eth9", b"", 1.0), "no port 'eth9', there are eth1"),
        (lambda s: s.advance(-1.0), "time went back from 0.0 to -1.0"),
        (lambda s: s.add_port("eth1", PortConfig(number=2), 1.0), "port eth1 exists already"),
        (
            lambda s: s.add_port("eth2", PortConfig(number=1), 1.0),
            "port number 1 is that of port eth1 already",
        ),
        (lambda s: s.configure_port("eth1", 1.0, number=4), "number cannot change"),
        (lambda s: s.configure(1.0, history=4), "history cannot change"),
        (lambda s: s.configure(1.0, max_ports=0), "max_ports is 0, expected a whole number from 1"),
        (lambda s: PortConfig(number=0), "port number is 0, expected a whole number from 1 to"),
        (lambda s: PortConfig(number=1, key=70000), "key is 70000"),
        (lambda s: SystemConfig(system=Mac(bytes(6))), "expected an individual address"),
        (lambda s: SystemConfig(system=Mac(b"\x01" * 6)), "expected an individual address"),
        (lambda s: SystemConfig(system="x"), "system is 'x', expected a Mac"),  # type: ignore[arg-type]
        (lambda s: system(aggregators={}), "aggregators is empty"),
        (lambda s: system(aggregators={0: 1}), "aggregator identifier is 0"),
        (lambda s: system(fallback=Fallback.SINGLE, min_ports=2), "expected 1 with fallback"),
        (lambda s: system(max_ports=1, min_ports=2), "max_ports is 1"),
    ],
)
def test_what_the_caller_may_not_do_is_said_in_one_line(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        call(one_port())
    assert "\n" not in str(raised.value)


# Markers.


def test_a_marker_is_answered_with_its_own_octets_whatever_the_port_does() -> None:
    engine = one_port()
    marker = Marker(requester_port=3, requester_system=THEIRS, transaction=77)
    engine.receive("eth1", frame(marker.encode()), 0.1)
    (event,) = drain(engine)
    assert isinstance(event, Transmit)
    response = Marker.decode(event.frame[14:])
    assert response == marker.respond()
    assert event.frame[:12] == SLOW_PROTOCOLS_MULTICAST + UP.address
    counters = engine.ports["eth1"].counters
    assert (counters.marker_pdus_rx, counters.marker_response_pdus_tx) == (1, 1)


def test_a_flood_of_markers_is_answered_ten_times_a_second() -> None:
    engine = one_port()
    octets = frame(Marker(requester_port=3, requester_system=THEIRS, transaction=1).encode())
    answers = 0
    for tick in range(250):
        engine.receive("eth1", octets, tick / 50)
        answers += sum(isinstance(e, Transmit) and e.frame[14] == 2 for e in drain(engine))
    assert answers == 50
    assert engine.ports["eth1"].counters.markers_limited == 200


def test_a_marker_response_is_not_answered() -> None:
    engine = one_port()
    response = Marker(requester_port=1, requester_system=OURS, transaction=1).respond()
    engine.receive("eth1", frame(response.encode()), 0.1)
    assert drain(engine) == [FrameDropped("eth1", "marker response that nobody waits for", 0.1)]
    assert engine.ports["eth1"].counters.marker_response_pdus_rx == 1


def test_a_marker_that_is_answered_and_one_that_is_not() -> None:
    engine = one_port()
    transaction = engine.send_marker("eth1", 0.5)
    (event,) = drain(engine)
    assert isinstance(event, Transmit)
    marker = Marker.decode(event.frame[14:])
    assert (marker.requester_port, marker.requester_system) == (1, OURS)
    engine.receive("eth1", frame(marker.respond().encode()), 0.7)
    (answer,) = drain(engine)
    assert isinstance(answer, MarkerAnswered)
    assert (answer.transaction, round(answer.delay, 9)) == (transaction, 0.2)
    second = engine.send_marker("eth1", 0.8)
    assert engine.next_deadline() == 1.0
    engine.advance(1.8)
    assert MarkerLost("eth1", second, 1.8) in drain(engine)
    third = engine.send_marker("eth1", 2.0)
    engine.link_changed("eth1", Link(), 2.5)
    assert MarkerLost("eth1", third, 2.5) in drain(engine)
    with pytest.raises(UsageError, match="the link is down, no marker can be sent"):
        engine.send_marker("eth1", 3.0)


def test_markers_that_did_not_leave_are_not_counted() -> None:
    engine = one_port()
    transaction = engine.send_marker("eth1", 0.5)
    (event,) = drain(engine)
    assert isinstance(event, Transmit)
    engine.transmit_failed("eth1", event.frame, 0.5)
    assert drain(engine) == [MarkerLost("eth1", transaction, 0.5)]
    octets = frame(Marker(requester_port=3, requester_system=THEIRS, transaction=1).encode())
    engine.receive("eth1", octets, 0.6)
    (event,) = drain(engine)
    assert isinstance(event, Transmit)
    engine.transmit_failed("eth1", event.frame, 0.6)
    counters = engine.ports["eth1"].counters
    assert (counters.marker_pdus_tx, counters.marker_response_pdus_tx) == (0, 0)
    assert counters.tx_errors == 2


def test_counters_can_be_set_to_zero() -> None:
    engine = one_port()
    converge(engine)
    counters = engine.ports["eth1"].counters
    assert counters.lacpdus_rx
    counters.reset()
    assert not any(getattr(counters, name) for name in counters.__slots__)

"""Two pictures of a LAG as events, and a picture after an event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacp.address import NO_MAC, Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.differences import applied, differences
from lacp.picture.events import Event, phrase, read_event
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId

UP = LinkView(up=True, speed=10000, duplex=Duplex.FULL)
PARTNER = End(
    system_priority=1,
    system=Mac.parse("02:00:00:00:00:02"),
    key=7,
    port_priority=2,
    port=3,
    state=PORT_STATES[0x3D],
)
MACHINES = Machines(receive="CURRENT", mux="DISTRIBUTING")
PORT = PortView(
    name="eth1",
    link=UP,
    selected="SELECTED",
    aggregator=1,
    collecting=True,
    distributing=True,
    partner=PARTNER,
    actor=End(state=PORT_STATES[0x3D]),
    machines=MACHINES,
)
BOND = LagView(name="bond0", source="bond", mode="802.3ad", lacp=True, up=True, ports=(PORT,))


def said(old: LagView | None, new: LagView | None) -> list[str]:
    return [str(event) for event in differences(old, new)]


def with_port(**members: Any) -> LagView:
    return replace(BOND, ports=(replace(PORT, **members),))


CHANGES = (
    (with_port(link=LinkView(up=False)), ["bond0 eth1: link down"]),
    (
        with_port(partner=replace(PARTNER, key=8)),
        [
            "bond0 eth1: partner 02:00:00:00:00:02 key 7 port 3 -> 02:00:00:00:00:02 key 8 port 3",
        ],
    ),
    (
        with_port(partner=replace(PARTNER, state=PORT_STATES[0xAD])),
        ["bond0 eth1: the partner says: set expired, cleared collecting"],
    ),
    (
        with_port(actor=End(state=PORT_STATES[0x3F])),
        ["bond0 eth1: we say: set short timeout"],
    ),
    (
        with_port(machines=replace(MACHINES, receive="EXPIRED"), selected="UNSELECTED"),
        [
            "bond0 eth1: selection SELECTED -> UNSELECTED",
            "bond0 eth1: receive CURRENT -> EXPIRED",
        ],
    ),
    (
        with_port(aggregator=2, collecting=False, distributing=False),
        ["bond0 eth1: attached to aggregator 2, neither way open"],
    ),
    (replace(BOND, up=False), ["bond0: LAG down"]),
    (replace(BOND, active_port="eth1"), ["bond0: active port none -> eth1"]),
    (replace(BOND, mode="active-backup"), ["bond0: mode 802.3ad -> active-backup"]),
    (replace(BOND, aggregator=2), ["bond0: aggregator none -> 2"]),
    (
        replace(BOND, partner=SystemId(system=PARTNER.system, key=7)),
        ["bond0: partner none -> 02:00:00:00:00:02 key 7"],
    ),
    (replace(BOND, ports=()), ["bond0 eth1: port removed"]),
    (None, ["bond0: LAG is gone"]),
)


@pytest.mark.parametrize(("new", "words"), CHANGES)
def test_a_change_is_told(new: LagView | None, words: list[str]) -> None:
    assert said(BOND, new) == words


def test_what_is_the_same_is_not_told() -> None:
    assert said(BOND, BOND) == []


def test_what_is_not_known_is_no_difference() -> None:
    """A source that sees less for a while, as one without rights does, says nothing by it."""
    blind = with_port(actor=None, partner=None, machines=None, selected=None)
    assert said(BOND, replace(blind, up=None, mode=None)) == []
    assert said(replace(blind, up=None, mode=None), BOND) == [
        "bond0 eth1: partner none -> 02:00:00:00:00:02 key 7 port 3",
        "bond0: LAG up",
    ]


def test_nobody_is_somebody_else_but_an_unknown_is_not() -> None:
    nobody, unknown = (replace(PARTNER, system=who) for who in (NO_MAC, None))
    assert said(BOND, with_port(partner=nobody)) == [
        "bond0 eth1: partner 02:00:00:00:00:02 key 7 port 3 -> none"
    ]
    assert said(with_port(partner=nobody), with_port(partner=replace(nobody, key=5))) == []
    assert said(BOND, with_port(partner=unknown)) == []
    assert said(with_port(partner=unknown), BOND) == [
        "bond0 eth1: partner unknown -> 02:00:00:00:00:02 key 7 port 3"
    ]


def test_a_new_lag_is_told_with_all_that_it_does() -> None:
    assert said(None, replace(BOND, active_port=None)) == [
        "bond0: LAG is there, 802.3ad",
        "bond0 eth1: port added",
        "bond0 eth1: link up, 10G, full duplex",
        "bond0 eth1: partner none -> 02:00:00:00:00:02 key 7 port 3",
        "bond0 eth1: selection UNSELECTED -> SELECTED",
        "bond0 eth1: receive BEGIN -> CURRENT",
        "bond0 eth1: mux BEGIN -> DISTRIBUTING",
        "bond0 eth1: attached to aggregator 1, collecting, distributing",
        "bond0: LAG up",
    ]


def test_without_an_aggregator_the_use_of_a_port_is_told() -> None:
    plain = PortView(name="eth1", link=UP, collecting=False, distributing=False)
    old = LagView(name="bond1", source="bond", mode="active-backup", ports=(plain,))
    new = replace(old, ports=(replace(plain, collecting=True, distributing=True),))
    assert said(old, new) == ["bond1 eth1: carries traffic"]


def test_an_event_is_a_line_and_a_line_an_event() -> None:
    for event in differences(None, BOND):
        line = {**event.document(), "time": "2026-01-01T00:00:00.000Z"}
        assert read_event(line, "bond") == replace(event, time="2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"event": "link_changed"},
        {"event": 5, "lag": "a"},
        {"event": "link_changed", "lag": ["a"]},
        {"event": "link_changed", "lag": "a", "port": 5},
        {"event": "link_changed", "lag": "a", "port": "b", "time": 7},
    ],
)
def test_what_is_no_event(line: dict[str, object]) -> None:
    assert read_event(line, "lacpd") is None


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"link": 5},
        {"link": {"up": True, "duplex": "sideways"}},
        {"end": "actor", "new": 5000},
        {"end": "actor", "new": "x"},
        {"new": {"system": "no address"}},
        {"new": 5},
        {"machine": "unknown", "new": "X"},
        {"member": "ports", "new": 5},
        {"member": "address", "new": 5},
        {"member": [], "new": 5},
        {"up": "perhaps", "set": 5, "cleared": [None]},
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "link_changed",
        "partner_changed",
        "port_state_changed",
        "state_changed",
        "mux_changed",
        "carrier_changed",
        "lag_changed",
        "port_changed",
        "novelty",
    ],
)
def test_an_event_that_makes_no_sense_changes_nothing_and_has_words(
    name: str, facts: dict[str, object]
) -> None:
    for port in (None, "eth1"):
        event = Event(event=name, lag="bond0", port=port, facts=facts)
        after = applied(BOND, event)
        assert after.name == "bond0"
        assert isinstance(phrase(event.document()), str)


def test_an_event_of_another_lag_changes_nothing() -> None:
    assert applied(BOND, Event(event="port_removed", lag="bond1", port="eth1")) is BOND

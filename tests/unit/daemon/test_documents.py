"""Events as documents and in words: the log and `lacpctl monitor` say the same of each."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from lacp.address import Mac
from lacp.daemon.report.documents import Event, event_document
from lacp.info import PortInfo
from lacp.link import DOWN, Duplex, Link
from lacp.picture.events import phrase
from lacp.protocol.events import (
    FrameDropped,
    LinkChanged,
    MarkerAnswered,
    MarkerLost,
    MuxChanged,
    PartnerChanged,
    PortAdded,
    PortRemoved,
    StateChanged,
)
from lacp.runners.base import (
    ActivePortChanged,
    CarrierChanged,
    HashMapped,
    PortAddressed,
    PortEnabled,
    TeamAddressed,
)
from lacp.watch.base import VerdictChanged, WatcherChanged

UP = Link(up=True, speed=10000, duplex=Duplex.FULL, address=Mac.parse("02:00:00:00:00:01"))
SOMEBODY = PortInfo(1, Mac.parse("02:00:00:00:00:02"), 7, 2, 3)

NO_ANSWER = "4 probes in a row without an answer from 10.0.0.1"

SAID: tuple[tuple[Event, str], ...] = (
    (StateChanged("a", "mux", "X", "Y", "why", 0.0), "mux X -> Y: why"),
    (StateChanged("a", "mux", "X", "Y", "", 0.0), "mux X -> Y"),
    (LinkChanged("a", UP, 0.0), "link up, 10G, full duplex"),
    (LinkChanged("a", DOWN, 0.0), "link down"),
    (
        PartnerChanged("a", PortInfo(), SOMEBODY, 0.0),
        "partner none -> 02:00:00:00:00:02 key 7 port 3",
    ),
    (MuxChanged("a", 1, True, False, 0.0), "attached to aggregator 1, collecting"),
    (MuxChanged("a", None, False, False, 0.0), "detached from its aggregator"),
    (PortEnabled("a", True, True, 0.0), "carries traffic"),
    (PortEnabled("a", False, False, 0.0), "carries no traffic"),
    (CarrierChanged(True, "2 ports", 0.0), "LAG up: 2 ports"),
    (FrameDropped("a", "no reason", 0.0), "frame dropped: no reason"),
    (PortAdded("a", 0.0), "port added"),
    (PortRemoved("a", 0.0), "port removed"),
    (MarkerAnswered("a", 5, 0.25, 0.0), "marker 5 answered after 0.25 s"),
    (MarkerLost("a", 5, 0.0), "marker 5 was not answered"),
    (ActivePortChanged("b", "a", "a is withdrawn", 0.0), "active port a -> b: a is withdrawn"),
    (ActivePortChanged(None, "a", "why", 0.0), "active port a -> none: why"),
    (PortAddressed("a", True, 0.0), "takes the address of the team"),
    (PortAddressed("a", False, 0.0), "takes its own address"),
    (TeamAddressed("a", 0.0), "the team takes the address of this port"),
    (HashMapped(7, "a", 0.0), "carries hash 7"),
    (WatcherChanged("a", 1, "arp_ping", False, NO_ANSWER, 0.0), f"arp_ping went down: {NO_ANSWER}"),
    (WatcherChanged("a", 0, "ethtool", True, "carrier", 0.0), "ethtool went up: carrier"),
    (VerdictChanged("a", False, 0.0), "the link watchers say down"),
)
#: What happens to the team, not to one of its ports.
OF_THE_TEAM = (CarrierChanged, ActivePortChanged)


@pytest.mark.parametrize(("event", "words"), SAID, ids=[words for _, words in SAID])
def test_an_event_in_words(event: Event, words: str) -> None:
    document = event_document(event)
    json.dumps(document)
    port = None if isinstance(event, OF_THE_TEAM) else getattr(event, "port", None)
    assert document["port"] == port
    assert phrase(document) == words


def test_every_event_has_its_words() -> None:
    assert {type(event) for event, _ in SAID} == set(get_args(Event))


def test_an_event_of_a_later_version_shows_what_it_holds() -> None:
    document = {"time": "t", "lag": "team0", "port": "a", "event": "new_thing", "size": 3}
    assert phrase(document) == "new thing size 3"

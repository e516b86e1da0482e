"""Values and events of the engine as the documents that lacpd and lacpctl speak."""

from __future__ import annotations

from typing import assert_never

from lacp.link import Duplex, Link
from lacp.picture.model import Document, document
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
from lacp.protocol.view import end
from lacp.runners.base import (
    ActivePortChanged,
    CarrierChanged,
    HashMapped,
    PortAddressed,
    PortEnabled,
    RunnerNews,
    TeamAddressed,
)
from lacp.watch.base import VerdictChanged, WatcherChanged, WatchNews

#: What `monitor` tells.
Event = RunnerNews | WatchNews


def link_document(link: Link) -> Document:
    """The link below a port; speed in Mb/s."""
    duplex = None if link.duplex is Duplex.UNKNOWN else str(link.duplex)
    return {"up": link.up, "speed": link.speed, "duplex": duplex}


def event_document(event: Event) -> Document:
    """An event as a line of `monitor --json`, without time and team."""
    match event:
        case StateChanged(port, machine, old, new, reason):
            name = "state_changed"
            rest: Document = {"machine": machine, "old": old, "new": new, "reason": reason}
        case LinkChanged(port, link):
            name, rest = "link_changed", {"link": link_document(link)}
        case PartnerChanged(port, was, now):
            name = "partner_changed"
            rest = {"old": document(end(was)), "new": document(end(now))}
        case MuxChanged(port, aggregator, collecting, distributing):
            name, rest = "mux_changed", {"aggregator": aggregator}
            rest |= {"collecting": collecting, "distributing": distributing}
        case PortEnabled(port, collecting, distributing):
            name, rest = "port_enabled", {"collecting": collecting, "distributing": distributing}
        case CarrierChanged(up, reason):
            return {"port": None, "event": "carrier_changed", "up": up, "reason": reason}
        case ActivePortChanged(now_active, was_active, reason):
            change = {"old": was_active, "new": now_active, "reason": reason}
            return {"port": None, "event": "active_port_changed", **change}
        case PortAddressed(port, team):
            name, rest = "port_addressed", {"team": team}
        case TeamAddressed(port):
            name, rest = "team_addressed", {}
        case HashMapped(hash_value, port):
            name, rest = "hash_mapped", {"hash": hash_value}
        case FrameDropped(port, reason):
            name, rest = "frame_dropped", {"reason": reason}
        case PortAdded(port):
            name, rest = "port_added", {}
        case PortRemoved(port):
            name, rest = "port_removed", {}
        case MarkerAnswered(port, transaction, delay):
            name, rest = "marker_answered", {"transaction": transaction, "delay": round(delay, 6)}
        case MarkerLost(port, transaction):
            name, rest = "marker_lost", {"transaction": transaction}
        case WatcherChanged(port, index, watcher, up, reason):
            name, rest = "link_watch_changed", {"index": index, "link_watch": watcher}
            rest |= {"up": up, "reason": reason}
        case VerdictChanged(port, up):
            name, rest = "usable_changed", {"up": up}
        case _:
            assert_never(event)
    return {"port": port, "event": name, **rest}

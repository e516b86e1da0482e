"""Values and events as the documents that lacpd and lacpctl speak, and events in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from lacp.info import PortInfo
from lacp.link import Duplex, Link, speed
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
    RunnerNews,
    TeamAddressed,
)
from lacp.watch.base import VerdictChanged, WatcherChanged, WatchNews

#: An object as JSON has it.
Document = dict[str, Any]

#: What `monitor` tells.
Event = RunnerNews | WatchNews


def port_info_document(info: PortInfo) -> Document:
    """One end of a link."""
    return {
        "system_priority": info.system_priority,
        "system": str(info.system),
        "key": info.key,
        "port_priority": info.port_priority,
        "port": info.port,
        "state": int(info.state),
        "flags": info.state.flags,
    }


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
            rest = {"old": port_info_document(was), "new": port_info_document(now)}
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


def phrase(event: Mapping[str, Any]) -> str:
    """The event in words. One of a kind that is not known shows what it holds."""
    match event.get("event"):
        case "state_changed":
            move = f"{event.get('machine')} {event.get('old')} -> {event.get('new')}"
            return f"{move}: {event['reason']}" if event.get("reason") else move
        case "link_changed":
            return _link(event.get("link") or {})
        case "partner_changed":
            return f"partner {_who(event.get('old'))} -> {_who(event.get('new'))}"
        case "port_enabled":
            return _traffic(event)
        case "mux_changed":
            return _multiplexer(event)
        case "carrier_changed":
            return f"LAG {'up' if event.get('up') else 'down'}: {event.get('reason')}"
        case "active_port_changed":
            old, new = event.get("old") or "none", event.get("new") or "none"
            return f"active port {old} -> {new}: {event.get('reason')}"
        case "port_addressed":
            return f"takes {'the address of the team' if event.get('team') else 'its own address'}"
        case "team_addressed":
            return "the team takes the address of this port"
        case "hash_mapped":
            return f"carries hash {event.get('hash')}"
        case "link_watch_changed":
            way = "up" if event.get("up") else "down"
            return f"{event.get('link_watch')} went {way}: {event.get('reason')}"
        case "usable_changed":
            return f"the link watchers say {'up' if event.get('up') else 'down'}"
        case "port_added":
            return "port added"
        case "port_removed":
            return "port removed"
        case "frame_dropped":
            more = event.get("suppressed")
            return f"frame dropped: {event.get('reason')}{f', and {more} more' if more else ''}"
        case "marker_answered":
            return f"marker {event.get('transaction')} answered after {event.get('delay')} s"
        case "marker_lost":
            return f"marker {event.get('transaction')} was not answered"
        case "overrun":
            return _joined("overrun", str(event.get("detail") or event.get("reason") or ""))
        case _:
            known = ("time", "lag", "system", "port", "event")
            rest = (f"{key} {value}" for key, value in event.items() if key not in known)
            name = str(event.get("event")).replace("_", " ")
            return f"{name} {_joined(*rest)}".rstrip()


def _link(link: Mapping[str, Any]) -> str:
    if not link.get("up"):
        return "link down"
    duplex = f"{link['duplex']} duplex" if link.get("duplex") else ""
    return _joined("link up", speed(link.get("speed")), duplex)


def _who(end: Any) -> str:
    if not isinstance(end, Mapping) or set(str(end.get("system"))) <= set("0:"):
        return "none"
    return f"{end.get('system')} key {end.get('key')} port {end.get('port')}"


def _multiplexer(event: Mapping[str, Any]) -> str:
    if event.get("aggregator") is None:
        return "detached from its aggregator"
    does = _joined(*(name for name in ("collecting", "distributing") if event.get(name)))
    return f"attached to aggregator {event['aggregator']}, {does or 'neither way open'}"


def _traffic(event: Mapping[str, Any]) -> str:
    match bool(event.get("collecting")), bool(event.get("distributing")):
        case True, True:
            return "carries traffic"
        case True, False:
            return "takes traffic, gives none"
        case False, True:
            return "gives traffic, takes none"
        case _:
            return "carries no traffic"


def _joined(*words: str) -> str:
    return ", ".join(word for word in words if word)

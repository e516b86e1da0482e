"""Events in words, from the documents in which `monitor` and `simulate` have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lacp.cli.output import joined, speed

#: Machines whose every move is of interest only to who asks for everything.
QUIET = frozenset({"periodic", "actor_churn", "partner_churn"})


def style(event: Mapping[str, Any]) -> str:
    """Whether the event is good or bad news; empty when it is neither."""
    match event.get("event"):
        case "state_changed":
            return _STATES.get(str(event.get("new")), "")
        case "link_changed":
            return "" if (event.get("link") or {}).get("up") else "bad"
        case "port_enabled" | "mux_changed":
            return "good" if event.get("distributing") else "warn"
        case "carrier_changed":
            return "good" if event.get("up") else "bad"
        case "frame_dropped" | "overrun":
            return "warn"
        case _:
            return ""


_STATES = {
    "DISTRIBUTING": "good",
    "COLLECTING_DISTRIBUTING": "good",
    "EXPIRED": "warn",
    "STANDBY": "warn",
    "UNSELECTED": "warn",
    "DEFAULTED": "bad",
    "ACTOR_CHURN": "bad",
    "PARTNER_CHURN": "bad",
}


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
        case "port_added":
            return "port added"
        case "port_removed":
            return "port removed"
        case "frame_dropped":
            more = event.get("suppressed")
            return f"frame dropped: {event.get('reason')}{f', and {more} more' if more else ''}"
        case "overrun":
            return joined(("overrun", str(event.get("detail") or event.get("reason") or "")))
        case _:
            known = ("time", "lag", "system", "port", "event")
            rest = (f"{key} {value}" for key, value in event.items() if key not in known)
            name = str(event.get("event")).replace("_", " ")
            return f"{name} {joined(rest)}".rstrip()


def _link(link: Mapping[str, Any]) -> str:
    if not link.get("up"):
        return "link down"
    duplex = f"{link['duplex']} duplex" if link.get("duplex") else ""
    return joined(("link up", speed(link.get("speed")), duplex))


def _who(end: Any) -> str:
    if not isinstance(end, Mapping) or set(str(end.get("system"))) <= set("0:"):
        return "none"
    return f"{end.get('system')} key {end.get('key')} port {end.get('port')}"


def _multiplexer(event: Mapping[str, Any]) -> str:
    if event.get("aggregator") is None:
        return "detached from its aggregator"
    does = joined(name for name in ("collecting", "distributing") if event.get(name))
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

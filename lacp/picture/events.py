"""Events of LAGs: as values, as lines of `lacpctl monitor --json`, and in words.

    {"time": "...", "lag": "team0", "port": "eth1", "event": "link_changed", "link": {"up": false}}

The log of lacpd, `lacpctl monitor` and `lacpctl simulate` say the same of each. docs/monitor.md
has the table of what each one holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lacp.link import speed
from lacp.picture.model import Document
from lacp.picture.reading import nests_deeper

_NOTHING: Mapping[str, Any] = MappingProxyType({})
#: Mb/s that no link has.
_FASTEST = 1 << 32

#: The names of all events, those of lacpd's stream first.
EVENTS = (
    *("state_changed", "link_changed", "partner_changed", "mux_changed", "port_enabled"),
    *("carrier_changed", "active_port_changed", "link_watch_changed", "usable_changed"),
    *("port_addressed", "team_addressed", "hash_mapped", "port_added", "port_removed"),
    *("frame_dropped", "overrun", "marker_answered", "marker_lost"),
    *("port_state_changed", "lag_added", "lag_removed", "lag_changed", "port_changed"),
    *("source_lost", "source_back", "resynced"),
)
#: Those that nobody who asks for some may miss: they say that something was lost.
UNFILTERED = frozenset({"overrun", "source_lost", "source_back", "resynced"})

#: Machines whose every move is of interest only to who asks for everything.
QUIET = frozenset({"periodic", "actor_churn", "partner_churn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a LAG."""

    #: Its name: state_changed, link_changed.
    event: str
    #: None when it is about a source as a whole.
    lag: str | None
    #: None when it is about the LAG as a whole.
    port: str | None = None
    #: Who told: lacpd, bond, team, teamd, ovs.
    source: str | None = None
    #: When, in UTC: 2026-01-01T00:00:00.000Z. None as long as nobody has looked at a clock.
    time: str | None = None
    #: What else its line holds, under these names, as JSON has it.
    facts: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def document(self) -> Document:
        """Its line of `monitor --json`."""
        front = {"time": self.time, "lag": self.lag, "port": self.port, "event": self.event}
        source = {} if self.source is None else {"source": self.source}
        return front | dict(self.facts) | source

    def __str__(self) -> str:
        where = " ".join(name for name in (self.lag, self.port) if name) or self.source
        return f"{where}: {phrase(self.document())}"


_FRONT = ("time", "lag", "port", "event", "source")


def read_event(document: Mapping[str, Any], source: str) -> Event | None:
    """The event that a document tells of; None when it is no event."""
    time, lag, port, event = (document.get(name) for name in _FRONT[:4])
    if not (isinstance(event, str) and isinstance(lag, str)) or nests_deeper(document):
        return None
    if not isinstance(port, str | None) or not isinstance(time, str | None):
        return None
    facts = {name: value for name, value in document.items() if name not in _FRONT}
    return Event(event=event, lag=lag, port=port, source=source, time=time, facts=facts)


def phrase(event: Mapping[str, Any]) -> str:
    """The event in words. One of a kind that is not known shows what it holds."""
    match event.get("event"):
        case "state_changed":
            move = f"{event.get('machine')} {_arrow(event)}"
            return f"{move}: {event['reason']}" if event.get("reason") else move
        case "port_state_changed":
            return _octet(event)
        case "link_changed":
            return _link(event.get("link"))
        case "partner_changed":
            return f"partner {_who(event.get('old'))} -> {_who(event.get('new'))}"
        case "port_enabled":
            return _traffic(event)
        case "mux_changed":
            return _multiplexer(event)
        case "carrier_changed":
            return _because(f"LAG {'up' if event.get('up') else 'down'}", event)
        case "active_port_changed":
            return _because(f"active port {_arrow(event)}", event)
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
            who = "link watchers say" if event.get("source") in _WATCHED else "link monitor says"
            return f"the {who} {'up' if event.get('up') else 'down'}"
        case "port_added":
            return "port added"
        case "port_removed":
            return "port removed"
        case "lag_added":
            return _joined("LAG is there", str(event.get("mode") or ""))
        case "lag_removed":
            return "LAG is gone"
        case "lag_changed" | "port_changed":
            return f"{str(event.get('member')).replace('_', ' ')} {_arrow(event)}"
        case "frame_dropped":
            more = event.get("suppressed")
            return f"frame dropped: {event.get('reason')}{f', and {more} more' if more else ''}"
        case "marker_answered":
            return f"marker {event.get('transaction')} answered after {event.get('delay')} s"
        case "marker_lost":
            return f"marker {event.get('transaction')} was not answered"
        case "overrun":
            return _joined("overrun", str(event.get("detail") or event.get("reason") or ""))
        case "source_lost" | "source_back" | "resynced":
            return str(event.get("detail"))
        case _:
            rest = (f"{key} {value}" for key, value in event.items() if key not in _KNOWN)
            name = str(event.get("event")).replace("_", " ")
            return f"{name} {_joined(*rest)}".rstrip()


_KNOWN = (*_FRONT, "system")
#: Sources whose ports have link watchers; a line of the log has no source.
_WATCHED = (None, "lacpd", "teamd")


def style(event: Mapping[str, Any]) -> str:
    """Whether the event is `good`, `bad` or in between (`warn`) news; empty when it is neither."""
    match event.get("event"):
        case "state_changed":
            return _STATES.get(str(event.get("new")), "")
        case "link_changed":
            link = event.get("link")
            return "" if isinstance(link, Mapping) and link.get("up") else "bad"
        case "port_enabled" | "mux_changed":
            return "good" if event.get("distributing") else "warn"
        case "carrier_changed":
            return "good" if event.get("up") else "bad"
        case "source_lost" | "lag_removed":
            return "bad"
        case "frame_dropped" | "overrun" | "port_removed":
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


def _arrow(event: Mapping[str, Any]) -> str:
    return f"{_said(event.get('old'))} -> {_said(event.get('new'))}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {each}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _because(said: str, event: Mapping[str, Any]) -> str:
    return f"{said}: {event['reason']}" if event.get("reason") else said


def _link(link: Any) -> str:
    if not isinstance(link, Mapping) or not link.get("up"):
        set_down = isinstance(link, Mapping) and link.get("admin_up") is False
        return "link down: it is set down here" if set_down else "link down"
    duplex = f"{link['duplex']} duplex" if link.get("duplex") else ""
    megabits = link.get("speed")
    known = type(megabits) is int and megabits < _FASTEST
    return _joined("link up", speed(megabits if known else None), duplex)


def _who(end: Any) -> str:
    if not isinstance(end, Mapping) or set(str(end.get("system"))) <= set("0:"):
        return "none"
    if end.get("system") is None:
        return "unknown"
    port = f" port {end['port']}" if end.get("port") is not None else ""
    return f"{end['system']} key {_said(end.get('key'))}{port}"


def _octet(event: Mapping[str, Any]) -> str:
    """Which bits of a state octet came and went."""
    words = []
    for verb in ("set", "cleared"):
        names = event.get(verb)
        if isinstance(names, list) and names:
            words.append(f"{verb} {' '.join(str(name).replace('_', ' ') for name in names)}")
    whose = "we say" if event.get("end") == "actor" else "the partner says"
    return f"{whose}: {_joined(*words)}"


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

"""Events as log lines, and as the documents that `lacpctl monitor` prints."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, assert_never

from lacp.daemon.clock import Clock
from lacp.daemon.report import link_document, port_info_document
from lacp.daemon.throttle import Throttle
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
    Transmit,
)
from lacp.runners.lacp import CarrierChanged, PortEnabled, RunnerEvent

log = logging.getLogger("lacp.daemon")

#: Seconds in which one port's dropped frames make one line of the log, and one event.
_LOG_INTERVAL = 60.0
_EVENT_INTERVAL = 1.0

#: Machines whose moves are the heart of the matter; those of the others are logged at debug.
_LOUD = frozenset({"receive", "mux", "selection"})
_CHURN = frozenset({"ACTOR_CHURN", "PARTNER_CHURN"})


Subscriber = Callable[[dict[str, Any]], None]


class Journal:
    """Of one team: logs its events and hands them to whoever subscribed."""

    def __init__(self, team: str, clock: Clock) -> None:
        self._team = team
        self._clock = clock
        self._lines = Throttle(_LOG_INTERVAL)
        self._floods = Throttle(_LOG_INTERVAL)
        self._events = Throttle(_EVENT_INTERVAL)
        self.subscribers: list[Subscriber] = []

    def record(self, event: RunnerEvent) -> None:
        """Take note of an event that is no transmission."""
        if isinstance(event, FrameDropped):
            self._dropped(event)
            return
        if isinstance(event, PortRemoved):
            for throttle in (self._lines, self._floods, self._events):
                throttle.forget(event.port)
        if (said := line(event)) is not None:
            level, text = said
            if log.isEnabledFor(level):
                port = getattr(event, "port", None)
                where = f"{self._team}: {port}" if port is not None else self._team
                log.log(level, "%s: %s", where, text, extra=self._fields(port))
        if self.subscribers:
            self.publish(describe(event), event.time)

    def say(self, level: int, text: str, port: str | None = None) -> None:
        """Log what is no event of the engine."""
        where = f"{self._team}: {port}" if port is not None else self._team
        log.log(level, "%s: %s", where, text, extra=self._fields(port))

    def publish(self, body: dict[str, Any], time: float) -> None:
        """Hand a document to the subscribers, with the team's name and the time of day."""
        document = {"time": self._clock.text(time), "lag": self._team, **body}
        for subscriber in tuple(self.subscribers):
            subscriber(document)

    def _dropped(self, event: FrameDropped) -> None:
        missed = self._lines.admit(event.port, event.time)
        if missed is not None:
            more = f" ({missed} others since the last such line)" if missed else ""
            self.say(logging.INFO, f"frame dropped: {event.reason}{more}", event.port)
        if self.subscribers:
            missed = self._events.admit(event.port, event.time)
            if missed is not None:
                self.publish({**describe(event), "suppressed": missed}, event.time)

    def flood(self, port: str, limit: int, now: float) -> None:
        """Note that a port receives more than anybody may send."""
        missed = self._floods.admit(port, now)
        if missed is not None:
            said = f"flooded: more than {limit} slow-protocol frames a second, the rest is ignored"
            self.say(logging.WARNING, said, port)

    def _fields(self, port: str | None) -> dict[str, Any]:
        return {"lag": self._team} if port is None else {"lag": self._team, "port": port}


def line(event: RunnerEvent) -> tuple[int, str] | None:
    """The event in words with its level; None for what says nothing that another one does not."""
    match event:
        case StateChanged(_, machine, old, new, reason):
            loud = old != "BEGIN" and (machine in _LOUD or _CHURN & {old, new})
            return logging.INFO if loud else logging.DEBUG, f"{machine} {old} -> {new}: {reason}"
        case LinkChanged(_, link):
            if not link.up:
                return logging.INFO, "link down"
            speed = f", {link.speed} Mb/s" if link.speed is not None else ""
            return logging.INFO, f"link up{speed}, {link.duplex} duplex, address {link.address}"
        case PartnerChanged(_, _, new):
            return logging.INFO, f"partner is now {new}"
        case PortEnabled(_, collecting, distributing):
            words = {
                (True, True): "carries traffic",
                (True, False): "takes traffic, gives none",
                (False, True): "gives traffic, takes none",
            }
            return logging.INFO, words.get((collecting, distributing), "carries no traffic")
        case CarrierChanged(up, reason):
            return logging.INFO, f"carrier {'up' if up else 'down'}: {reason}"
        case PortAdded():
            return logging.INFO, "port added"
        case PortRemoved():
            return logging.INFO, "port removed"
        case MarkerAnswered(_, transaction, delay):
            return logging.DEBUG, f"marker {transaction} answered after {delay:.3f} s"
        case MarkerLost(_, transaction):
            return logging.INFO, f"marker {transaction} was not answered"
        case _:
            return None


def describe(event: RunnerEvent) -> dict[str, Any]:
    """The event as the document of `monitor --json`, without time and team."""
    match event:
        case StateChanged(port, machine, old, new, reason):
            name = "state_changed"
            rest: dict[str, Any] = {"machine": machine, "old": old, "new": new, "reason": reason}
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
        case Transmit(port, frame):
            name, rest = "transmit", {"octets": len(frame)}
        case _:
            assert_never(event)
    return {"port": port, "event": name, **rest}

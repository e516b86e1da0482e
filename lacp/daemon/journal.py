"""What happens to a team: to the log, and to who subscribed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lacp.daemon.clock import Clock
from lacp.daemon.report.documents import Event, event_document
from lacp.daemon.throttle import Throttle
from lacp.picture.events import phrase
from lacp.picture.model import Document
from lacp.protocol.events import FrameDropped, MarkerAnswered, MuxChanged, PortRemoved, StateChanged
from lacp.runners.base import HashMapped, PortAddressed
from lacp.watch.base import VerdictChanged, WatcherChanged

log = logging.getLogger("lacp.daemon")

#: Seconds in which one port's dropped frames make one line of the log, and one event.
_LOG_INTERVAL = 60.0
_EVENT_INTERVAL = 1.0

#: Machines whose moves are the heart of the matter; those of the others are logged at debug.
_LOUD = frozenset({"receive", "mux", "selection"})
_CHURN = frozenset({"ACTOR_CHURN", "PARTNER_CHURN"})


Subscriber = Callable[[Document], None]


class _Limits:
    """How often something is said of a port."""

    __slots__ = ("events", "floods", "lines")

    def __init__(self) -> None:
        self.lines = Throttle(_LOG_INTERVAL)
        self.floods = Throttle(_LOG_INTERVAL)
        self.events = Throttle(_EVENT_INTERVAL)

    def forget(self, port: str) -> None:
        for throttle in (self.lines, self.floods, self.events):
            throttle.forget(port)


class Journal:
    """Of one team: logs its events and hands them to whoever subscribed."""

    __slots__ = ("_clock", "_made", "_team", "subscribers")

    def __init__(self, team: str, clock: Clock) -> None:
        self._team = team
        self._clock = clock
        #: Few teams ever have something to limit.
        self._made: _Limits | None = None
        self.subscribers: list[Subscriber] = []

    @property
    def _limits(self) -> _Limits:
        if self._made is None:
            self._made = _Limits()
        return self._made

    def record(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, FrameDropped):
            self._dropped(event)
            return
        if isinstance(event, PortRemoved) and self._made is not None:
            self._made.forget(event.port)
        level = _level(event)
        if level is not None and log.isEnabledFor(level):
            document = event_document(event)
            self.say(level, phrase(document), document["port"])
        if self.subscribers:
            self.publish(event_document(event), event.time)

    def say(self, level: int, text: str, port: str | None = None) -> None:
        """Log what is no event of the engine."""
        where = f"{self._team}: {port}" if port is not None else self._team
        # What a dataplane says begins with the device that it speaks of.
        text = text.removeprefix(f"{self._team}: ")
        log.log(level, "%s: %s", where, text, extra=self._fields(port))

    def publish(self, body: Document, time: float) -> None:
        """Hand a document to the subscribers, with the team's name and the time of day."""
        document = {"time": self._clock.text(time), "lag": self._team, **body}
        for subscriber in tuple(self.subscribers):
            subscriber(document)

    def _dropped(self, event: FrameDropped) -> None:
        missed = self._limits.lines.admit(event.port, event.time)
        if missed is not None:
            said = phrase({**event_document(event), "suppressed": missed})
            self.say(logging.INFO, said, event.port)
        if self.subscribers:
            missed = self._limits.events.admit(event.port, event.time)
            if missed is not None:
                self.publish({**event_document(event), "suppressed": missed}, event.time)

    def flood(self, port: str, limit: int, now: float) -> None:
        """Note that a port receives more than anybody may send."""
        missed = self._limits.floods.admit(port, now)
        if missed is not None:
            said = f"flooded: more than {limit} slow-protocol frames a second, the rest is ignored"
            self.say(logging.WARNING, said, port)

    def _fields(self, port: str | None) -> Document:
        return {"lag": self._team} if port is None else {"lag": self._team, "port": port}


def _level(event: Event) -> int | None:
    """How loud to log the event; None for one that says nothing that another one does not."""
    match event:
        case MuxChanged():
            return None
        case StateChanged(_, machine, old, new):
            loud = old != "BEGIN" and (machine in _LOUD or _CHURN & {old, new})
            return logging.INFO if loud else logging.DEBUG
        # Of the carrier `LinkChanged` tells.
        case WatcherChanged(name="ethtool"):
            return logging.DEBUG
        case MarkerAnswered() | HashMapped() | PortAddressed() | VerdictChanged():
            return logging.DEBUG
        case _:
            return logging.INFO

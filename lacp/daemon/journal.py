"""What happens to a team: to the log, and to who subscribed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

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

    __slots__ = ("_clock", "_made", "_subscribers", "_team")

    def __init__(self, team: str, clock: Clock) -> None:
        self._team = team
        self._clock = clock
        #: Few teams ever have something to limit.
        self._made: _Limits | None = None
        #: Each with the time from which on it is told.
        self._subscribers: dict[Subscriber, float] = {}

    @property
    def subscribers(self) -> Sequence[Subscriber]:
        """Who is told."""
        return tuple(self._subscribers)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell this one, too, what happens from now on; once, however often it asks."""
        self._subscribers.setdefault(subscriber, self._clock.now())

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Tell this one no more, if it was told at all."""
        self._subscribers.pop(subscriber, None)

    @property
    def _limits(self) -> _Limits:
        if self._made is None:
            self._made = _Limits()
        return self._made

    def wants(self, event: Event) -> bool:
        """Whether anybody is to hear of an event."""
        if self._subscribers:
            return True
        level = _level(event)
        return level is not None and log.isEnabledFor(level)

    def record(self, event: Event) -> None:
        """Take note of an event, which may have waited for it."""
        if isinstance(event, FrameDropped):
            self._dropped(event)
            return
        if isinstance(event, PortRemoved) and self._made is not None:
            self._made.forget(event.port)
        level = _level(event)
        document: Document | None = None
        if level is not None and log.isEnabledFor(level):
            document = event_document(event)
            self._log(level, phrase(document), document["port"], self._clock.moment(event.time))
        if self._subscribers:
            self.publish(document or event_document(event), event.time)

    def say(self, level: int, text: str, port: str | None = None) -> None:
        """Log what is no event of the engine."""
        if log.isEnabledFor(level):
            # What a dataplane says begins with the device that it speaks of.
            self._log(level, text.removeprefix(f"{self._team}: "), port, self._clock.wall())

    def _log(self, level: int, text: str, port: str | None, wall: float) -> None:
        """Log a line about what happened at `wall`; who called does not show, and takes long to
        find out."""
        where = self._team if port is None else f"{self._team}: {port}"
        record = logging.LogRecord(log.name, level, "", 0, f"{where}: {text}", (), None)
        record.created, record.msecs = wall, wall % 1 * 1000
        record.__dict__["lag"] = self._team
        if port is not None:
            record.__dict__["port"] = port
        log.handle(record)

    def publish(self, body: Document, time: float) -> None:
        """Hand a document to the subscribers, with the team's name and the time of day."""
        document = {"time": self._clock.text(time), "lag": self._team, **body}
        for subscriber, since in tuple(self._subscribers.items()):
            # What had happened before somebody asked has been told otherwise.
            if time >= since:
                subscriber(document)

    def overrun(self, detail: str, missed: int, now: float) -> None:
        """Tell who subscribed that they have missed something."""
        if self._subscribers:
            body = {"port": None, "event": "overrun", "detail": detail, "suppressed": missed}
            self.publish(body, now)

    def _dropped(self, event: FrameDropped) -> None:
        missed = self._limits.lines.admit(event.port, event.time)
        if missed is not None:
            said = phrase({**event_document(event), "suppressed": missed})
            self._log(logging.INFO, said, event.port, self._clock.moment(event.time))
        if self._subscribers:
            missed = self._limits.events.admit(event.port, event.time)
            if missed is not None:
                self.publish({**event_document(event), "suppressed": missed}, event.time)

    def flood(self, port: str, limit: int, now: float) -> None:
        """Note that a port receives more than anybody may send."""
        missed = self._limits.floods.admit(port, now)
        if missed is not None:
            said = f"flooded: more than {limit} slow-protocol frames a second, the rest is ignored"
            self.say(logging.WARNING, said, port)


def _level(event: Event) -> int | None:
    """How loud to log the event; None for one that says nothing that another one does not."""
    if isinstance(event, StateChanged):
        loud = event.old != "BEGIN" and (
            event.machine in _LOUD or event.new in _CHURN or event.old in _CHURN
        )
        return logging.INFO if loud else logging.DEBUG
    match event:
        case MuxChanged():
            return None
        # Of the carrier `LinkChanged` tells.
        case WatcherChanged(name="ethtool"):
            return logging.DEBUG
        case MarkerAnswered() | HashMapped() | PortAddressed() | VerdictChanged():
            return logging.DEBUG
        case _:
            return logging.INFO

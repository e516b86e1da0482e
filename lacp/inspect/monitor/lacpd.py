"""The events of every lacpd: a connection to each team, again and again.

On each connection the events are asked for first and the picture second, so that the picture holds
all that was told before it and nothing that is told after it. A connection that begins anew
compares its first picture with what the events of the one before had come to.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lacp.errors import BackendError
from lacp.inspect.lacpd import FOREIGN, order, sockets
from lacp.inspect.monitor.base import NEVER, Listening, about, resynced
from lacp.inspect.values import decoded
from lacp.picture.differences import applied, differences
from lacp.picture.events import Event, read_event
from lacp.picture.model import LagView, PortView
from lacp.picture.reading import ModelError, read_lag

_REQUESTS = order("monitor") + order("show")
#: Octets of one line; thousands of ports fit.
_LINE = 16 << 20
_CHUNK = 1 << 18
_LET_GO = "this monitor did not read in time, and lacpd has let it go"
#: Pieces taken at a time from one connection, so that no team keeps the others waiting.
_PIECES = 8
#: Seconds between two looks for teams that have come, or come back.
_LOOK = 0.25
#: Seconds until somebody is tried again who talks nonsense, or lets nobody in.
_AGAIN = 5.0
#: Seconds for the answer to the first question, until it is said that there is none.
_PATIENCE = 0.9


def told(lag: LagView) -> LagView:
    """The part of a picture that lacpd's events keep up to date."""
    return LagView(
        name=lag.name,
        source="lacpd",
        mode=lag.mode,
        lacp=lag.lacp,
        up=lag.up,
        active_port=lag.active_port,
        ports=tuple(map(_told_of_port, lag.ports)),
    )


def _told_of_port(port: PortView) -> PortView:
    partner = port.partner
    return PortView(
        name=port.name,
        link=replace(port.link, admin_up=None),
        selected=port.selected,
        aggregator=port.aggregator,
        collecting=port.collecting,
        distributing=port.distributing,
        partner=None if partner is None else replace(partner, state=None),
        machines=port.machines,
        usable=port.usable,
    )


class Lacpd:
    """Every team of lacpd."""

    def __init__(
        self,
        listening: Listening,
        run_dir: str,
        path: str | None = None,
        netns: int | None = None,
    ) -> None:
        """Those in `run_dir`, or the one behind the socket at `path`; with `netns` only those of
        the network namespace of this number.

        Raises BackendError when nobody listens at `path`.
        """
        self._listening = listening
        self._run_dir = run_dir
        self._path = path
        self._netns = netns
        self._teams: dict[str, _Team] = {}
        self._complaint: str | None = None
        self._looked = -NEVER
        self._first = True
        if path is not None:
            team = self._teams[path] = _Team(listening, path, netns, known=True)
            team.connect()
            if team.refusal is not None:
                raise BackendError(f"{path}: {team.refusal}")

    def read(self) -> Iterator[Event]:
        """What the teams have said."""
        if self._listening.clock() >= self._looked + _LOOK:
            yield from self._look()
        for team in list(self._teams.values()):
            yield from team.read()

    def deadline(self) -> float:
        """The next look for teams."""
        return self._looked + _LOOK

    def ready(self) -> bool:
        """Whether all teams that are connected have told of themselves."""
        return not self._first and not any(team.awaited for team in self._teams.values())

    def lags(self) -> list[LagView]:
        """As their events have them."""
        return [team.lag for team in self._teams.values() if team.lag is not None]

    def close(self) -> None:
        """Let all of them go."""
        for team in self._teams.values():
            team.disconnect()

    def _look(self) -> Iterator[Event]:
        """Connect to teams that have come."""
        self._looked = self._listening.clock()
        paths, complaint = self._paths()
        if complaint is not None and complaint != self._complaint:
            yield Event(event="source_lost", lag=None, source="lacpd", facts={"detail": complaint})
        self._complaint = complaint
        for path in paths:
            if path not in self._teams:
                self._teams[path] = _Team(self._listening, path, self._netns, known=self._first)
        self._first = False
        for path, team in list(self._teams.items()):
            if not team.connected:
                yield from team.connect()
                if team.lag is None and not team.connected and path not in paths:
                    del self._teams[path]
            elif team.awaited:
                yield from team.complain()

    def _paths(self) -> tuple[list[str], str | None]:
        if self._path is not None:
            return [self._path], None
        try:
            return sockets(self._run_dir), None
        except BackendError as error:
            return [], str(error)


class _Team:
    """The connection to one team, and what the team was like when it told of itself last."""

    def __init__(self, listening: Listening, path: str, netns: int | None, *, known: bool) -> None:
        self._listening = listening
        self._path = path
        self._netns = netns
        #: It is of another namespace.
        self._elsewhere = False
        self._socket: socket.socket | None = None
        self._in = bytearray()
        self._asked = 0.0
        self._looked_at = 0
        #: Whether its being there is no news.
        self._known = known
        #: What came before the first picture of this connection.
        self._early: list[Event] | None = None
        self._overrun = False
        self._cut = False
        self._ended = False
        self.lag: LagView | None = None
        #: Why nobody could be reached when it was tried last.
        self.refusal: str | None = None
        #: What was complained about.
        self._said: str | None = None
        self._again = -NEVER

    @property
    def connected(self) -> bool:
        """Whether somebody is there."""
        return self._socket is not None

    @property
    def awaited(self) -> bool:
        """Whether it was asked and has not answered."""
        return self._socket is not None and self._early is not None

    def complain(self) -> Iterator[Event]:
        """Say once that there is no answer; it may come yet."""
        if self._listening.clock() >= self._asked + _PATIENCE:
            yield from self._complaint(f"no answer of lacpd within {_PATIENCE:g} s")

    def _complaint(self, what: str) -> Iterator[Event]:
        if what != self._said:
            self._said = what
            name = None if self.lag is None else self.lag.name
            facts = {"detail": f"{self._path}: {what}"}
            yield Event(event="source_lost", lag=name, source="lacpd", facts=facts)

    def connect(self) -> list[Event]:
        """Ask for events and for a picture, when there is somebody; tell once who refuses."""
        if self._elsewhere or self._listening.clock() < self._again:
            return []
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self._path)
            sock.send(_REQUESTS)
        except OSError as error:
            sock.close()
            # Without a number: the path is longer than the address of a socket.
            return self._refused(error)
        self.refusal = None
        self._asked = self._listening.clock()
        self._in.clear()
        self._looked_at = 0
        self._early = []
        self._socket = sock
        self._listening.poll.register(sock, select.EPOLLIN)
        return []

    def _refused(self, error: OSError) -> list[Event]:
        self.refusal = error.strerror or str(error)
        # Nobody there, or nobody has time at the moment: that is tried again, and no news.
        if isinstance(error, ConnectionRefusedError):
            self.refusal = "no lacpd listens here any more"
            return []
        if isinstance(error, FileNotFoundError | BlockingIOError):
            return []
        return list(self._complaint(self.refusal))

    def disconnect(self) -> None:
        """Let it go."""
        if self._socket is not None:
            self._listening.poll.unregister(self._socket)
            self._socket.close()
            self._socket = None
        if self.lag is not None:
            self._listening.release(self.lag)

    def read(self) -> Iterator[Event]:
        """What it has said; nothing when nobody is there."""
        for _ in range(_PIECES):
            if self._socket is None:
                return
            try:
                octets = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                octets = b""
            if not octets:
                yield from self._end()
                return
            self._in += octets
            yield from self._lines()

    def _end(self) -> Iterator[Event]:
        awaited = self.awaited
        self.disconnect()
        if self.lag is None or self._ended:
            return
        if not awaited:
            # One that lives has let us go, after a last word that it may have thrown away.
            yield from self.connect()
            if self.connected:
                self._cut = not self._overrun
                return
        self._ended, self._cut = True, False
        yield about(self.lag, "source_lost", f"lacpd of {self.lag.name} has ended")

    def _lines(self) -> Iterator[Event]:
        while (end := self._in.find(b"\n", self._looked_at)) >= 0:
            line = bytes(self._in[:end])
            del self._in[: end + 1]
            self._looked_at = 0
            document = _document(line)
            if document is None:
                yield from self._stranger(FOREIGN)
                return
            yield from self._take(document)
            if self._socket is None:
                return
        self._looked_at = len(self._in)
        if self._looked_at > _LINE:
            yield from self._stranger(f"more than {_LINE:,} octets without an end")

    def _stranger(self, what: str) -> Iterator[Event]:
        """Who talks like this is left alone for a while."""
        self.disconnect()
        self._again = self._listening.clock() + _AGAIN
        yield from self._complaint(what)

    def _take(self, document: Mapping[str, Any]) -> Iterator[Event]:
        if "ok" in document:
            yield from self._answer(document)
            return
        event = read_event(document, "lacpd")
        if event is None:
            yield from self._stranger(FOREIGN)
        elif self._early is not None:
            self._early.append(event)
        else:
            # The last word to who is let go.
            self._overrun = event.event == "overrun" and event.port is None
            if self.lag is not None:
                self.lag = applied(self.lag, event)
            yield event

    def _answer(self, document: Mapping[str, Any]) -> Iterator[Event]:
        if document["ok"] is not True:
            yield from self._stranger(str(document.get("error")))
        elif isinstance(document.get("lag"), Mapping):
            try:
                lag = read_lag(document["lag"])
            except ModelError as error:
                yield from self._stranger(str(error))
                return
            if self._netns is not None and lag.netns not in (None, self._netns):
                self._elsewhere = True
                self.disconnect()
                return
            yield from self._picture(told(lag))
            self._listening.claim(told(lag), lag.netns)

    def _picture(self, new: LagView) -> Iterator[Event]:
        """The first picture of a connection."""
        early, self._early = self._early or [], None
        old = self.lag
        if self._ended or self._said is not None:
            self._said = None
            yield about(new, "source_back", f"lacpd of {new.name} is back")
        if old is None:
            if not self._known:
                yield from differences(None, new)
            yield from early
        else:
            if self._cut:
                yield about(new, "overrun", _LET_GO)
            for event in early:
                old = applied(old, event)
                yield event
            why = "while it was away" if self._ended else "while nobody read"
            yield from resynced(old, new, why)
        self._ended = self._overrun = self._cut = False
        self._known = True
        self.lag = new


def _document(line: bytes) -> dict[str, Any] | None:
    try:
        document = decoded(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None

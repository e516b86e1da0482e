"""The control endpoint of a team: lines of JSON over a Unix socket, described in docs/control.md.

Nobody who connects can hold up LACP: requests are short and answered a little in each turn of the
loop, clients are few, and one that does not read what it asked for is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import struct
from collections.abc import Callable, Generator, Iterator
from typing import Any

from lacp.daemon.lines import VERSION, RequestError, line_of, refusal, request_of
from lacp.daemon.listener import Listener
from lacp.daemon.report import lag as report
from lacp.daemon.report.lag import Pieces
from lacp.daemon.service import Service
from lacp.daemon.setting import setting
from lacp.daemon.team.team import Team
from lacp.daemon.turns import Work, turns
from lacp.errors import LacpError
from lacp.picture.model import Document, document
from lacp.text import plain

log = logging.getLogger("lacp.daemon")

#: Octets of a request, its newline included.
MAX_REQUEST = 64 * 1024
#: Octets that may wait for a client that does not read.
MAX_WAITING = 1024 * 1024
MAX_CLIENTS = 32
#: What part of that does not wait for the next answer, when more was asked for.
_PART = 32
#: Seconds without an answer after which a client is told that there will be one.
SIGN_OF_LIFE = 0.2
#: Seconds that a client has for reading its last words.
_FAREWELL = 5.0
#: Of a peer: process, user, group (ucred of unix(7)).
_CREDENTIALS = struct.Struct("iII")
_ROOT = 0


class Control:
    """Listens on the socket of one team."""

    __slots__ = ("_listener", "changed", "clients", "path", "service", "team")

    def __init__(
        self,
        service: Service,
        team: Team,
        path: str | os.PathLike[str],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.service = service
        #: Called after a request that may have changed when the service must be driven next.
        self.changed = changed
        self.team = team
        self.path = os.fspath(path)
        self.clients: dict[Client, None] = {}
        kind = socket.SOCK_STREAM
        self._listener = Listener(self.path, kind, 0o600, MAX_CLIENTS, self._came)

    def close(self) -> None:
        """Let all clients go and stop listening."""
        self._listener.close()
        for client in tuple(self.clients):
            client.close()

    def _came(self, connection: socket.socket) -> None:
        if len(self.clients) >= MAX_CLIENTS:
            with contextlib.suppress(OSError):
                connection.send(line_of(refusal(f"{MAX_CLIENTS} clients are connected already")))
            connection.close()
            return
        self.clients[Client(self, connection, asyncio.get_running_loop())] = None

    def answer(self, client: Client, request: Document) -> Document | Pieces[Document]:
        """The reply to one request, or how to make it. Raises LacpError with what is wrong."""
        version = request.get("version", VERSION)
        if version != VERSION:
            raise RequestError(f"found version {version!r}, expected {VERSION}")
        name = request.get("request")
        handler = _HANDLERS.get(name) if isinstance(name, str) else None
        if handler is None:
            raise RequestError(f"found request {name!r}, expected one of {', '.join(_HANDLERS)}")
        return handler(self, client, request)

    def about(self, client: Client, request: Document) -> Team:
        """The team that a question is about: of this socket, or another one of this process."""
        name = request.get("lag", self.team.name)
        if name == self.team.name:
            return self.team
        if not client.trusted():
            raise RequestError("lag: who was let in to this socket is told of its team alone")
        team = self.service.driver.teams.get(name) if isinstance(name, str) else None
        if team is None:
            raise RequestError(f"lag: found {name!r}, expected a team of this lacpd")
        return team

    def now(self) -> float:
        """The engine's time."""
        return self.service.clock.now()

    def ports(self, request: Document) -> list[str]:
        """The ports that a request is about: those it names, or all."""
        known = self.team.runner.ports
        names = request.get("ports")
        if names is None:
            return list(known)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RequestError("ports: expected an array of names")
        for name in names:
            if name not in known:
                there = ", ".join(known) or "none"
                raise RequestError(f"no port {name!r} in {self.team.name}, there are {there}")
        return names


class Client:
    """One connection: one request is worked on at a time, in turns with all other clients."""

    def __init__(
        self, control: Control, connection: socket.socket, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._control = control
        self._socket = connection
        self._loop = loop
        self._in = bytearray()
        self._out = bytearray()
        self._reading = self._writing = False
        self._ending = False
        self._turns = turns()
        #: The request that is worked on.
        self._work: Work | None = None
        self.monitoring = False
        self._read(True)

    def trusted(self) -> bool:
        """Whether this is the user of the daemon, or root: the sockets of all teams are theirs.

        Others can have been let in to one of them alone, by who has changed its mode.
        """
        try:
            told = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return False
        return _CREDENTIALS.unpack(told)[1] in (_ROOT, os.geteuid())

    # What is sent.

    def send(self, document: Document) -> None:
        """Queue one document."""
        self._out += line_of(document)
        self._write()

    def event(self, document: Document) -> None:
        """Pass an event on; a client that does not keep up hears `overrun` and nothing more."""
        if self._ending:
            return
        if len(self._out) > MAX_WAITING:
            said = {key: document[key] for key in ("time", "lag")}
            detail = "this client does not read its events in time"
            self._out += line_of({**said, "port": None, "event": "overrun", "detail": detail})
            self.end()
        else:
            self.send(document)

    def end(self) -> None:
        """Send what waits, if the client takes it soon, then close."""
        if self._ending:
            return
        self._ending = True
        self._stop_monitoring()
        self._read(False)
        self._loop.call_later(_FAREWELL, self.close)
        self._write()

    def close(self) -> None:
        """Close at once."""
        self._ending = True
        self._stop_monitoring()
        if self._work is not None:
            self._turns.drop(self._work)
        self._read(False)
        self._want_write(False)
        self._socket.close()
        self._control.clients.pop(self, None)

    # Reading.

    def _readable(self) -> None:
        try:
            octets = self._socket.recv(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not octets:
            # It may only have said its last request; what waits for it is sent.
            self.end() if self._work is None else self._read(False)
            return
        self._in += octets
        self._plan()

    def _plan(self) -> None:
        """See to the next request in the buffer, later; read on when there is none."""
        if b"\n" in self._in:
            if self._work is None and len(self._out) <= MAX_WAITING:
                self._work = self._serve()
                self._turns.add(self._work)
            self._read(False)
        elif len(self._in) >= MAX_REQUEST:
            self.send(refusal(f"request of more than {MAX_REQUEST} octets"))
            self.end()
        else:
            self._read(not self._ending)

    def _serve(self) -> Work:
        line, _, rest = self._in.partition(b"\n")
        self._in = rest
        try:
            if line.strip():
                yield from self._reply(bytes(line))
        except Exception:
            self.close()
            raise
        finally:
            self._work = None
        # What belongs together is sent together.
        if len(self._out) >= MAX_WAITING // _PART or b"\n" not in self._in:
            self._write()
        if not self._ending:
            self._plan()

    def _reply(self, line: bytes) -> Pieces[None]:
        request: Any = None
        try:
            if len(line) >= MAX_REQUEST:
                raise RequestError(f"request of more than {MAX_REQUEST} octets")
            request = request_of(line)
            found = self._control.answer(self, request)
            if isinstance(found, Generator):
                found = yield from self._alive(found)
            reply = {"version": VERSION, "ok": True, **found}
        except LacpError as error:
            reply = refusal(str(error).replace("\n", "; "))
        if isinstance(request, dict) and "id" in request:
            reply["id"] = request["id"]
        # The reply goes first, then what the client asked to be told.
        self._out += line_of(reply)
        if self.monitoring:
            self._control.team.journal.subscribe(self.event)

    def _alive(self, work: Pieces[Document]) -> Pieces[Document]:
        """Tell the client from time to time that its request is worked on, on a machine that has
        no time: with a blank, which before JSON says nothing."""
        told = self._loop.time()
        while True:
            try:
                next(work)
            except StopIteration as end:
                found: Document = end.value
                return found
            yield
            now = self._loop.time()
            if now - told >= SIGN_OF_LIFE:
                told = now
                self._out += b" "
                self._write()

    # Writing.

    def _write(self) -> None:
        if self._socket.fileno() < 0:
            return
        try:
            sent = self._socket.send(self._out) if self._out else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        del self._out[:sent]
        self._want_write(bool(self._out))
        if self._ending and not self._out:
            self.close()

    def _writable(self) -> None:
        self._write()
        if not self._ending and self._work is None:
            self._plan()

    def _read(self, on: bool) -> None:
        if on is not self._reading:
            self._reading = on
            if on:
                self._loop.add_reader(self._socket, self._readable)
            else:
                self._loop.remove_reader(self._socket)

    def _want_write(self, on: bool) -> None:
        if on is not self._writing:
            self._writing = on
            if on:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)

    def _stop_monitoring(self) -> None:
        self.monitoring = False
        self._control.team.journal.unsubscribe(self.event)


# The requests.


def _show(control: Control, client: Client, request: Document) -> Pieces[Document]:
    team = control.about(client, request)
    verbose = request.get("verbose", False) is True
    explained = request.get("problems", True) is not False
    sparse = request.get("sparse", False) is True
    lag = yield from report.answer_pieces(team, control.now(), verbose, explained, sparse)
    return {"lag": lag}


def _counters(control: Control, _: Client, request: Document) -> Pieces[Document]:
    team, reset = control.team, request.get("reset", False) is True
    counters: Document = {}
    for some in _in_pieces(control.ports(request)):
        there = [name for name in some if name in team.members]
        counters |= {name: report.counters_document(team, name) for name in there}
        if reset:
            control.service.reset_counters(team, there)
        yield
    return {"lag": team.name, "counters": counters}


def _history(control: Control, _: Client, request: Document) -> Pieces[Document]:
    team = control.team
    history: Document = {}
    for some in _in_pieces(control.ports(request)):
        there = (name for name in some if name in team.members)
        history |= {name: report.history_document(team, name) for name in there}
        yield
    return {"lag": team.name, "history": history}


def _in_pieces(ports: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(ports), report.PIECE):
        yield ports[at : at + report.PIECE]


def _monitor(control: Control, client: Client, _: Document) -> Document:
    client.monitoring = True
    return {"lag": control.team.name}


def _config(control: Control, _: Client, request: Document) -> Document:
    return {"lag": control.team.name, "text": control.team.config.text}


def _set(control: Control, _: Client, request: Document) -> Document:
    path, value = request.get("path"), request.get("value")
    if not isinstance(path, str) or "value" not in request:
        raise RequestError("set: expected a path and a value")
    control.team.journal.say(logging.INFO, f"asked to set {plain(path)} to {json.dumps(value)}")
    outcome = control.service.set(control.team, path, value, control.now())
    control.changed()
    return {"lag": control.team.name, **document(outcome)}


def _settings(control: Control, _: Client, __: Document) -> Pieces[Document]:
    team, settings = control.team, []
    for number, each in enumerate(setting.listed(team), 1):
        settings.append(document(each))
        if number % report.PIECE == 0:
            yield
    return {"lag": team.name, "settings": settings}


_HANDLERS: dict[str, Callable[[Control, Client, Document], Document | Pieces[Document]]] = {
    "show": _show,
    "counters": _counters,
    "history": _history,
    "monitor": _monitor,
    "config": _config,
    "set": _set,
    "settings": _settings,
}

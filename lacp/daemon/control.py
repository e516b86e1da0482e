"""The control endpoint of a team: lines of JSON over a Unix socket, described in docs/control.md.

Nobody who connects can hold up LACP: requests are short and answered one per turn of the loop,
clients are few, and one that does not read what it asked for is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from lacp.daemon.listener import Listener
from lacp.daemon.report import lag as report
from lacp.daemon.service import Service
from lacp.daemon.setting import setting
from lacp.daemon.team.team import Team
from lacp.errors import LacpError
from lacp.picture.model import Document, document
from lacp.picture.reading import nests_deeper
from lacp.text import plain

log = logging.getLogger("lacp.daemon")

VERSION = 1
#: Octets of a request, its newline included.
MAX_REQUEST = 64 * 1024
#: How deep a request may nest; no configuration nests deeper.
MAX_LEVELS = 64
#: Octets that may wait for a client that does not read.
MAX_WAITING = 1024 * 1024
MAX_CLIENTS = 32
#: Seconds that a client has for reading its last words.
_FAREWELL = 5.0


class RequestError(LacpError):
    """The request is wrong; the client is told why."""


class Control:
    """Listens on the socket of one team."""

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
        self.clients: set[Client] = set()
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
                connection.send(_line(_refusal(f"{MAX_CLIENTS} clients are connected already")))
            connection.close()
            return
        self.clients.add(Client(self, connection, asyncio.get_running_loop()))

    def answer(self, client: Client, request: Document) -> Document:
        """The reply to one request. Raises LacpError with what is wrong about it."""
        version = request.get("version", VERSION)
        if version != VERSION:
            raise RequestError(f"found version {version!r}, expected {VERSION}")
        name = request.get("request")
        handler = _HANDLERS.get(name) if isinstance(name, str) else None
        if handler is None:
            raise RequestError(f"found request {name!r}, expected one of {', '.join(_HANDLERS)}")
        return handler(self, client, request)

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
    """One connection: at most one request is worked on per turn of the loop."""

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
        self._turn: asyncio.Handle | None = None
        self.monitoring = False
        self._read(True)

    # What is sent.

    def send(self, document: Document) -> None:
        """Queue one document."""
        self._out += _line(document)
        self._write()

    def event(self, document: Document) -> None:
        """Pass an event on; a client that does not keep up hears `overrun` and nothing more."""
        if self._ending:
            return
        if len(self._out) > MAX_WAITING:
            said = {key: document[key] for key in ("time", "lag")}
            detail = "this client does not read its events in time"
            self._out += _line({**said, "port": None, "event": "overrun", "detail": detail})
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
        if self._turn is not None:
            self._turn.cancel()
        self._read(False)
        self._want_write(False)
        self._socket.close()
        self._control.clients.discard(self)

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
            self.end() if self._turn is None else self._read(False)
            return
        self._in += octets
        self._plan()

    def _plan(self) -> None:
        """See to the next request in the buffer, later; read on when there is none."""
        if b"\n" in self._in:
            if self._turn is None and len(self._out) <= MAX_WAITING:
                self._turn = self._loop.call_soon(self._serve)
            self._read(False)
        elif len(self._in) >= MAX_REQUEST:
            self.send(_refusal(f"request of more than {MAX_REQUEST} octets"))
            self.end()
        else:
            self._read(not self._ending)

    def _serve(self) -> None:
        self._turn = None
        line, _, rest = self._in.partition(b"\n")
        self._in = rest
        if line.strip():
            self._reply(bytes(line))
        if not self._ending:
            self._plan()

    def _reply(self, line: bytes) -> None:
        request: Any = None
        try:
            if len(line) >= MAX_REQUEST:
                raise RequestError(f"request of more than {MAX_REQUEST} octets")
            request = _request(line)
            reply = {"version": VERSION, "ok": True, **self._control.answer(self, request)}
        except LacpError as error:
            reply = _refusal(str(error).replace("\n", "; "))
        if isinstance(request, dict) and "id" in request:
            reply["id"] = request["id"]
        # The reply goes first, then what the client asked to be told.
        self.send(reply)
        if self.monitoring and self.event not in self._control.team.journal.subscribers:
            self._control.team.journal.subscribers.append(self.event)

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
        if not self._ending and self._turn is None:
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
        with contextlib.suppress(ValueError):
            self._control.team.journal.subscribers.remove(self.event)


# The requests.


def _show(control: Control, _: Client, request: Document) -> Document:
    verbose = request.get("verbose", False) is True
    return {"lag": report.lag_document(control.team, control.now(), verbose)}


def _counters(control: Control, _: Client, request: Document) -> Document:
    team, ports = control.team, control.ports(request)
    counters = {name: report.counters_document(team, name) for name in ports}
    if request.get("reset", False) is True:
        control.service.reset_counters(team, ports)
    return {"lag": team.name, "counters": counters}


def _history(control: Control, _: Client, request: Document) -> Document:
    team = control.team
    history = {name: report.history_document(team, name) for name in control.ports(request)}
    return {"lag": team.name, "history": history}


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


def _settings(control: Control, _: Client, __: Document) -> Document:
    team = control.team
    return {"lag": team.name, "settings": [document(each) for each in setting.listed(team)]}


_HANDLERS: dict[str, Callable[[Control, Client, Document], Document]] = {
    "show": _show,
    "counters": _counters,
    "history": _history,
    "monitor": _monitor,
    "config": _config,
    "set": _set,
    "settings": _settings,
}


def _request(line: bytes) -> Document:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise RequestError("expected one line of JSON") from None
    if not isinstance(request, dict):
        raise RequestError("expected a JSON object")
    if nests_deeper(request, MAX_LEVELS):
        # What comes of it must be written down again, where there is less room on the stack.
        raise RequestError(f"found more than {MAX_LEVELS} levels, expected fewer")
    return request


def _refusal(message: str) -> Document:
    return {"version": VERSION, "ok": False, "error": message}


def _line(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"

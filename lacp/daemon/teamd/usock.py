"""teamd's control socket: sequenced packets, one record for a request and one for its reply.

No client can hold up the team. Each turn of the loop reads one record of each client, and of one
that does not read its reply no further request is looked at.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable

from lacp.daemon.listener import Listener
from lacp.daemon.teamd import framing, methods

log = logging.getLogger("lacp.daemon")

#: Octets of a request; the configuration of a port is the longest thing that is ever sent.
MAX_REQUEST = 256 * 1024
MAX_CLIENTS = 256
#: As many as may wait to be let in; one turn of the loop lets in one.
_BACKLOG = 64
_SO_SNDBUFFORCE = 32
#: What the kernel says of a record that does not fit into a buffer, or into memory.
_TOO_LONG = (errno.EMSGSIZE, errno.ENOBUFS, errno.ENOMEM)
_REPLY_TOO_LONG = framing.error("ReplyTooLong", "The reply is too long.")


class Usock:
    """Listens for the clients of one team.

    `changed` is called after a method that may have changed when the team must be driven next.
    """

    __slots__ = ("_listener", "changed", "clients", "path", "subject")

    def __init__(
        self,
        subject: methods.Subject,
        path: str | os.PathLike[str],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.subject = subject
        self.path = os.fspath(path)
        self.changed = changed
        self.clients: dict[_Client, None] = {}
        log.info("listening on %s", self.path)
        kind = socket.SOCK_SEQPACKET
        self._listener = Listener(self.path, kind, 0o700, _BACKLOG, self._came)

    def close(self) -> None:
        """Let all clients go, stop listening, remove the socket."""
        self._listener.close()
        for client in tuple(self.clients):
            client.close()

    def answer(self, record: bytes) -> bytes:
        """The reply to a request."""
        try:
            request = framing.request(record)
        except framing.FramingError as error:
            return framing.error("InvalidRequest", str(error))
        method = methods.METHODS.get(request.method)
        if method is None:
            # teamd says nothing here, and its clients wait for 5 s.
            return framing.error("UnknownMethod", "No such method.")
        try:
            wanted = request.arguments[: len(method.arguments)]
            arguments = [framing.argument(line) for line in wanted]
            result = methods.call(self.subject, request.method, arguments)
        except framing.FramingError:
            failure = methods.invalid_arguments()
            return framing.error(failure.code, failure.message)
        except methods.MethodError as failure:
            return framing.error(failure.code, failure.message)
        finally:
            self.changed()
        return framing.success(result)

    def _came(self, connection: socket.socket) -> None:
        if len(self.clients) >= MAX_CLIENTS:
            log.warning("%s: %d clients are connected, no more are let in", self.path, MAX_CLIENTS)
            connection.close()
            return
        self.clients[_Client(self, connection, asyncio.get_running_loop())] = None


class _Client:
    """One connection."""

    def __init__(
        self, usock: Usock, connection: socket.socket, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._usock = usock
        self._socket = connection
        self._loop = loop
        #: The reply that the client has no room for.
        self._waiting = b""
        loop.add_reader(connection, self._readable)

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._usock.clients.pop(self, None)

    def _readable(self) -> None:
        try:
            record, _, flags, _ = self._socket.recvmsg(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not record:
            self.close()
        elif flags & socket.MSG_TRUNC:
            said = f"a request has at most {MAX_REQUEST} octets"
            self._reply(framing.error("InvalidRequest", said))
        else:
            self._reply(self._usock.answer(record))

    def _reply(self, record: bytes) -> None:
        # Its own request may have been what closed the team's socket.
        if self._socket.fileno() < 0:
            return
        if self._sent(record):
            return
        self._waiting = record
        self._loop.remove_reader(self._socket)
        self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        if self._sent(self._waiting):
            self._waiting = b""
            if self._socket.fileno() >= 0:
                self._loop.remove_writer(self._socket)
                self._loop.add_reader(self._socket, self._readable)

    def _sent(self, record: bytes) -> bool:
        """Whether there is nothing left to be done about this reply."""
        try:
            self._send(record)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _TOO_LONG and record != _REPLY_TOO_LONG:
                log.warning(
                    "%s: a reply of %d octets is too long for this host: %s",
                    *(self._usock.path, len(record), error.strerror),
                )
                return self._sent(_REPLY_TOO_LONG)
            self.close()
        return True

    def _send(self, record: bytes) -> None:
        try:
            self._socket.send(record)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            _enlarge(self._socket, 2 * len(record))
            self._socket.send(record)


def _enlarge(sock: socket.socket, octets: int) -> None:
    """Give a socket a send buffer of this size, or what the host allows without CAP_NET_ADMIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, octets)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, octets)

"""The sockets on which the daemon listens: clients are let in one at a time, between frames and
timers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable

from lacp.errors import BackendError

log = logging.getLogger("lacp.daemon")

#: Seconds without a new client when there are no descriptors left: whoever waits, waits a little
#: longer.
_PAUSE = 1.0


class Door:
    """Lets clients in at a socket that listens, with the running loop; `came` is given each.

    `name` is what the log calls it.
    """

    def __init__(
        self, listening: socket.socket, name: str, came: Callable[[socket.socket], None]
    ) -> None:
        self._name = name
        self._came = came
        self._socket = listening
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Stop listening."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("%s: cannot accept: %s", self._name, error.strerror)
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_PAUSE, self._listen_again)
            return
        connection.setblocking(False)
        self._came(connection)

    def _listen_again(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._accept)


class Listener(Door):
    """Listens at `path`, a Unix socket.

    What lies at `path` was left behind: the lock of the team is ours. Raises BackendError.
    """

    def __init__(
        self,
        path: str,
        kind: socket.SocketKind,
        mode: int,
        backlog: int,
        came: Callable[[socket.socket], None],
    ) -> None:
        self._path = path
        super().__init__(_listen(path, kind, mode, backlog), path, came)

    def close(self) -> None:
        """Stop listening, remove the socket."""
        super().close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


def _listen(path: str, kind: socket.SocketKind, mode: int, backlog: int) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, kind)
    try:
        listening.setblocking(False)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        # The file has this mode from its first moment on.
        os.fchmod(listening.fileno(), mode)
        listening.bind(path)
        listening.listen(backlog)
    except OSError as error:
        listening.close()
        raise BackendError(f"cannot listen on {path}: {error.strerror or error}") from None
    return listening

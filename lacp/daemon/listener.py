"""The sockets on which the daemon listens: clients are let in one at a time, between frames and
timers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import socket
from collections.abc import Callable
from weakref import WeakKeyDictionary

from lacp.errors import BackendError

log = logging.getLogger("lacp.daemon")

#: Seconds without a new client when there are no descriptors left: whoever waits, waits a little
#: longer.
_PAUSE = 1.0
#: Doors at which somebody is let in before the loop does something else.
_AT_ONCE = 16


class Door:
    """Lets clients in at a socket that listens, with the running loop; `came` is given each.

    `name` is what the log calls it.
    """

    __slots__ = ("_came", "_loop", "_name", "_socket")

    def __init__(
        self, listening: socket.socket, name: str, came: Callable[[socket.socket], None]
    ) -> None:
        self._name = name
        self._came = came
        self._socket = listening
        self._loop = asyncio.get_running_loop()
        self._open(True)

    def close(self) -> None:
        """Stop listening."""
        self._open(False)
        self._socket.close()

    def _open(self, on: bool) -> None:
        porter = _PORTERS.get(self._loop)
        if porter is None:
            porter = _PORTERS[self._loop] = _Porter()
        if on:
            porter.mind(self._socket.fileno(), self, self._loop)
        else:
            porter.leave(self._socket.fileno(), self._loop)

    def accept(self) -> None:
        """Let the next client in, if there is one."""
        try:
            connection, _ = self._socket.accept()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("%s: cannot accept: %s", self._name, error.strerror)
            self._open(False)
            self._loop.call_later(_PAUSE, self._listen_again)
            return
        connection.setblocking(False)
        self._came(connection)

    def _listen_again(self) -> None:
        if self._socket.fileno() >= 0:
            self._open(True)


class _Porter:
    """Minds the doors of one loop, which has one descriptor to wait for instead of thousands."""

    __slots__ = ("_doors", "_epoll")

    def __init__(self) -> None:
        self._doors: dict[int, Door] = {}
        self._epoll: select.epoll | None = None

    def mind(self, descriptor: int, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        if self._epoll is None:
            self._epoll = select.epoll()
            loop.add_reader(self._epoll.fileno(), self._knocked)
        self._epoll.register(descriptor, select.EPOLLIN)
        self._doors[descriptor] = door

    def leave(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        if self._epoll is None or self._doors.pop(descriptor, None) is None:
            return
        self._epoll.unregister(descriptor)
        if not self._doors:
            loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _knocked(self) -> None:
        if self._epoll is None:
            return
        for descriptor, _ in self._epoll.poll(0, _AT_ONCE):
            # One that was let in may have closed another door.
            if descriptor in self._doors:
                self._doors[descriptor].accept()


_PORTERS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Porter] = WeakKeyDictionary()


class Listener(Door):
    """Listens at `path`, a Unix socket.

    What lies at `path` was left behind: the lock of the team is ours. Raises BackendError.
    """

    __slots__ = ("_path",)

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

"""Sockets that behave badly, for whoever asks daemons what they know.

with listening(path, socket.SOCK_STREAM, flood(100 << 20)):
    ...
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: What is done with a connection; the event is set when it must end.
Behaviour = Callable[[socket.socket, threading.Event], None]


@contextmanager
def listening(path: str | Path, kind: socket.SocketKind, behave: Behaviour) -> Iterator[None]:
    """A socket at `path` that does so with each connection."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX, kind) as listener:
        listener.bind(os.fspath(path))
        listener.listen(16)

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                behave(connection, over)

        def accept() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(0.1)
                    threads.append(threading.Thread(target=one, args=(connection,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield
        finally:
            over.set()
            # It wakes whoever waits in `accept`.
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(10)


@contextmanager
def unattended(path: str | Path, kind: socket.SocketKind) -> Iterator[None]:
    """A socket whose owner lets nobody in: its queue is full."""
    with socket.socket(socket.AF_UNIX, kind) as listener, contextlib.ExitStack() as held:
        listener.bind(os.fspath(path))
        listener.listen(0)
        while True:
            client = held.enter_context(socket.socket(socket.AF_UNIX, kind))
            client.setblocking(False)
            try:
                client.connect(os.fspath(path))
            except BlockingIOError:
                break
        yield


def stale(path: str | Path, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
    """A socket that was left behind."""
    with socket.socket(socket.AF_UNIX, kind) as sock:
        sock.bind(os.fspath(path))


def hang(connection: socket.socket, over: threading.Event) -> None:
    """Say nothing."""
    over.wait()


def close(connection: socket.socket, over: threading.Event) -> None:
    """Close at once."""


def trickle(text: bytes) -> Behaviour:
    """Say one octet each second."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        for octet in text:
            connection.send(bytes([octet]))
            if over.wait(1):
                return

    return behave


def answer(*records: bytes) -> Behaviour:
    """Take a request, say this, and keep the connection."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        for record in records:
            connection.sendall(record)
        over.wait()

    return behave


def flood(octets: int, piece: bytes = b"x" * 65536) -> Behaviour:
    """Say so many octets."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        left = octets
        while left > 0 and not over.is_set():
            # A client that reads slowly is waited for.
            with contextlib.suppress(TimeoutError):
                left -= connection.send(piece)
        over.wait()

    return behave

"""A daemon's socket whose answers a test chooses."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

#: What a fake does with a connection: it may read, send and leave, in any order.
Serve = Callable[[socket.socket], None]


def answering(lag: dict[str, Any]) -> Serve:
    """Every request gets the LAG."""

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:
            while stream.readline():
                stream.write(line({"version": 1, "ok": True, "lag": lag}))
                stream.flush()

    return serve


def saying(octets: bytes) -> Serve:
    """One request gets these octets, then the end."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(octets)

    return serve


def line(document: Any) -> bytes:
    return json.dumps(document).encode() + b"\n"


@contextmanager
def fake_lacpd(path: Path, serve: Serve) -> Iterator[Path]:
    """Serve connections to `path` until the end of the block."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield path
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)
        path.unlink()

"""systemd's readiness protocol (sd_notify), as far as a daemon needs it."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping


def notify(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Tell the service manager, if there is one. A failure to do so is nobody's problem."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.sendto(state.encode(), address)


def ready(environ: Mapping[str, str] = os.environ) -> None:
    """Everything is up."""
    notify("READY=1", environ)


def reloading(environ: Mapping[str, str] = os.environ) -> None:
    """The configuration is read again; `ready` follows."""
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify(f"RELOADING=1\nMONOTONIC_USEC={now}", environ)


def stopping(environ: Mapping[str, str] = os.environ) -> None:
    """The end is near."""
    notify("STOPPING=1", environ)

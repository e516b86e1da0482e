"""Going into the background: the parent ends when it is known how the start went."""

from __future__ import annotations

import os
from collections.abc import Callable

#: What the child tells its parent: how the start went.
_STARTED = b"\0"


class Parent(Exception):
    """Raised in the parent, whose only task left is to end with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def daemonize() -> Callable[[], None]:
    """Fork twice. In the grandchild, returns what it must call when it has started.

    In the original process raises Parent, with code 0 once that was called, or with 1 when the
    grandchild ended before; it says by itself why, on the standard error that it shares.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            raise Parent(0 if pipe.read(1) == _STARTED else 1)
    os.close(reading)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")

    def started() -> None:
        os.write(writing, _STARTED)
        os.close(writing)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)

    return started

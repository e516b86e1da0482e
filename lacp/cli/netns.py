"""Looking into another network namespace: `--netns`."""

from __future__ import annotations

import ctypes
import os

from lacp.cli.command import Failure

#: Where `ip netns add` puts namespaces.
_NAMED = "/run/netns"
_CLONE_NEWNET = 0x40000000


def enter(name: str) -> None:
    """Let this thread, and those that it starts, open their sockets in the namespace from now on.

    `name` is one that `ip netns` knows, a path, or the PID of a process that is in it. Raises
    Failure.
    """
    path = _path(name)
    try:
        # What is no namespace may be something that opens only when somebody comes.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise Failure(_refused(name, path, error)) from None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(fd, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise Failure(_refused(name, path, OSError(number, os.strerror(number))))
    finally:
        os.close(fd)


def _path(name: str) -> str:
    if "/" in name:
        return name
    path = os.path.join(_NAMED, name)
    if name.isdecimal() and not os.path.exists(path):
        return f"/proc/{name}/ns/net"
    return path


def _refused(name: str, path: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"--netns {name}: entering another network namespace needs root (CAP_SYS_ADMIN)"
    if isinstance(error, FileNotFoundError) and path.startswith("/proc/"):
        return f"--netns {name}: no namespace {_NAMED}/{name}, and no process {name}"
    if isinstance(error, FileNotFoundError):
        return f"--netns {name}: no namespace {path}{_there()}"
    if error.errno == 22:
        return f"--netns {name}: {path} is no network namespace"
    return f"--netns {name}: {path}: {error.strerror}"


def _there() -> str:
    """Those that there are."""
    try:
        names = sorted(os.listdir(_NAMED))
    except OSError:
        names = []
    return f"; there is {', '.join(names)}" if names else ""

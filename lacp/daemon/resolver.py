"""Addresses of hosts, looked up without holding up anybody: not LACP, and not the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable

from lacp.watch.hosts import Host

log = logging.getLogger(__name__)

#: Told the address of a host, or None when there is none.
Found = Callable[[Host, str | None], None]

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class Resolver:
    """Looks up each name once at a time, however many ask for it.

    A thread of its own waits for the answer and no one waits for the thread: the executor of
    asyncio would have the end of the process wait for a name server that is silent.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[Host, list[Found]] = {}
        #: Hosts that had no address when they were last looked up.
        self._unknown: set[Host] = set()

    def look_up(self, host: Host, found: Found) -> None:
        """Have `found` called on the loop when there is an answer."""
        waiting = self._waiting.setdefault(host, [])
        waiting.append(found)
        if len(waiting) == 1:
            name = f"resolve {host.name}"
            threading.Thread(target=self._wait, args=(host,), name=name, daemon=True).start()

    def _wait(self, host: Host) -> None:
        address, reason = _address(host)
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell, host, address, reason)

    def _tell(self, host: Host, address: str | None, reason: str) -> None:
        self._say(host, address, reason)
        for found in self._waiting.pop(host, []):
            found(host, address)

    def _say(self, host: Host, address: str | None, reason: str) -> None:
        """Log that a host has no address, or has one now: once, however often it is looked up."""
        kind = f"the IPv{host.version} address of {host.name}"
        if address is None and host not in self._unknown:
            self._unknown.add(host)
            log.warning("%s is not known (%s): who is to ask it stays down", kind, reason)
        elif address is not None and host in self._unknown:
            self._unknown.remove(host)
            log.info("%s is known now: %s", kind, address)


def _address(host: Host) -> tuple[str | None, str]:
    """The first address of a host; None, and why, when it has none or nobody can tell."""
    try:
        family = _FAMILIES[host.version]
        answers = socket.getaddrinfo(host.name, None, family, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        return None, getattr(error, "strerror", None) or str(error)
    return (str(answers[0][4][0]), "") if answers else (None, "no answer")

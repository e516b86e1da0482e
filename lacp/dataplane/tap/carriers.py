"""Looks after the carrier of ports, because the kernel takes its time to tell.

Link events of interfaces that are no ports of a team or bond in the kernel come at most once a
second (net/core/link_watch.c): when a second cable fails within a second of the first, or of
anything else on the host, frames would go into it until then. So the carrier is asked for, as the
bonding driver does (miimon), in a thread of its own: the answer waits for the lock of the kernel's
network configuration, which others may hold for long, and frames must not wait for that.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Iterable

# linux/sockios.h, linux/ethtool.h
_SIOCETHTOOL = 0x8946
_ETHTOOL_GLINK = 0x0A
_VALUE = struct.Struct("=II")

#: Seconds between two questions.
_INTERVAL = 0.05


class Carriers:
    """Which of some interfaces have no carrier, and a descriptor that tells when that changes."""

    def __init__(self) -> None:
        self._ports: tuple[str, ...] = ()
        self._lost: frozenset[str] = frozenset()
        self._asked = threading.Event()
        self._changed = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        threading.Thread(target=self._run, daemon=True).start()

    def fileno(self) -> int:
        """Readable when `lost` has changed."""
        return self._changed

    def watch(self, ports: Iterable[str]) -> None:
        """Look after these and no others, at once."""
        self._ports = tuple(ports)
        self._asked.set()

    @property
    def lost(self) -> frozenset[str]:
        """Those without carrier, as of now."""
        return self._lost

    def read(self) -> frozenset[str]:
        """The same, heard."""
        os.eventfd_read(self._changed)
        return self._lost

    def _run(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            while True:
                lost = frozenset(name for name in self._ports if not carrier(any_socket, name))
                if lost != self._lost:
                    self._lost = lost
                    os.eventfd_write(self._changed, 1)
                self._asked.wait(_INTERVAL)
                self._asked.clear()


def carrier(any_socket: socket.socket, name: str) -> bool:
    """Whether an interface has carrier; one that cannot say is believed to."""
    value = array.array("B", _VALUE.pack(_ETHTOOL_GLINK, 0))
    request = struct.pack("16sP", os.fsencode(name), value.buffer_info()[0]).ljust(40, b"\0")
    try:
        fcntl.ioctl(any_socket, _SIOCETHTOOL, request)
    except OSError:
        return True
    return bool(_VALUE.unpack(value.tobytes())[1])

"""What the daemon asks of the host about interfaces, beside what its backend tells."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import ioctl

#: struct ifreq (netdevice(7)): the name, and what is asked for; the rest is room for others.
_IFREQ = struct.Struct("=16si20x")
#: Of a name; the kernel would cut off the rest.
_MOST_OCTETS = 15
_SIOCGIFFLAGS = 0x8913
_IFF_UP = 1
_SIOCGIFMTU = 0x8921
_SIOCGIFINDEX = 0x8933


def nothing(_: str) -> None:
    """What is known of an interface where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where to ask; links in memory know nothing of this."""

    ifindex: Callable[[str], int | None] = nothing
    #: Octets.
    mtu: Callable[[str], int | None] = nothing
    #: Whether it is administratively up.
    admin_up: Callable[[str], bool | None] = nothing
    #: The number of the network namespace: the inode of /proc/self/ns/net.
    netns: int | None = None


NOWHERE = Host()


@contextmanager
def this_host() -> Iterator[Host]:
    """The kernel of this process. One system call for each question (netdevice(7))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as kernel:
        flags = _asking(kernel, _SIOCGIFFLAGS)

        def admin_up(name: str) -> bool | None:
            found = flags(name)
            return None if found is None else bool(found & _IFF_UP)

        yield Host(
            ifindex=_asking(kernel, _SIOCGIFINDEX),
            mtu=_asking(kernel, _SIOCGIFMTU),
            admin_up=admin_up,
            netns=_netns(),
        )


def _asking(kernel: socket.socket, request: int) -> Callable[[str], int | None]:
    def ask(name: str) -> int | None:
        octets = os.fsencode(name)
        if len(octets) > _MOST_OCTETS or 0 in octets:
            return None
        try:
            answer = ioctl(kernel, request, _IFREQ.pack(octets, 0))
        except OSError:
            return None
        return int(_IFREQ.unpack(answer)[1])

    return ask


def _netns() -> int | None:
    try:
        return os.stat("/proc/self/ns/net").st_ino
    except OSError:
        return None

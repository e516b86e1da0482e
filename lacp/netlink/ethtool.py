"""Speed, duplex and carrier of an interface, as its driver tells them (linux/ethtool.h)."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct

from lacp.link import Duplex

# linux/sockios.h, linux/ethtool.h
_SIOCETHTOOL = 0x8946
_ETHTOOL_GLINK = 0x0A
_ETHTOOL_GLINKSETTINGS = 0x4C
_VALUE = struct.Struct("=II")  # ethtool_value: cmd, data
_SETTINGS = struct.Struct("=IIB6xb")  # ethtool_link_settings: cmd, speed, duplex, ..., nwords
_SETTINGS_SIZE = 48
_SPEED_UNKNOWN = 0xFFFFFFFF
_DUPLEXES = {0: Duplex.HALF, 1: Duplex.FULL}


def speed_and_duplex(sock: socket.socket, name: str) -> tuple[int | None, Duplex]:
    """The speed of an interface in Mb/s and its duplex mode, None and UNKNOWN when it does not say.

    Any socket will do. The kernel answers under the lock of its network configuration, so this is
    for when a link came up, not for every frame.
    """
    # The first call says how long the three bit maps behind the structure are, the second fills.
    words = 0
    for _ in range(2):
        block = array.array("B", bytes(_SETTINGS_SIZE + 3 * 4 * words))
        _SETTINGS.pack_into(block, 0, _ETHTOOL_GLINKSETTINGS, 0, 0, words)
        if not _ask(sock, name, block):
            break
        _, speed, duplex, words = _SETTINGS.unpack_from(block)
        if words >= 0:
            known = speed if 0 < speed < _SPEED_UNKNOWN else None
            return known, _DUPLEXES.get(duplex, Duplex.UNKNOWN)
        words = -words
    return None, Duplex.UNKNOWN


def look(sock: socket.socket, name: str) -> None:
    """Have the kernel tell at once, by netlink, if the carrier of an interface has changed.

    Kernels before 6.8 do so in their own time, asked or not.
    """
    _ask(sock, name, array.array("B", _VALUE.pack(_ETHTOOL_GLINK, 0)))


def _ask(sock: socket.socket, name: str, block: array.array[int]) -> bool:
    """Have the kernel fill in a block; False when it does not."""
    request = struct.pack("16sP", os.fsencode(name), block.buffer_info()[0]).ljust(40, b"\0")
    try:
        fcntl.ioctl(sock.fileno(), _SIOCETHTOOL, request)
    except OSError:
        return False
    return True

"""An interface's MTU, address and state, by its name (netdevice(7)). Everything raises OSError."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import struct

from lacp.address import Mac

log = logging.getLogger(__name__)

# linux/sockios.h, linux/if.h, linux/if_arp.h
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCGIFADDR = 0x8915
_SIOCGIFMTU = 0x8921
_SIOCSIFMTU = 0x8922
_SIOCSIFHWADDR = 0x8924
_SIOCGIFHWADDR = 0x8927
_IFF_UP = 1
_ARPHRD_ETHER = 1
_NAME = struct.Struct("16s24x")
_NUMBER = struct.Struct("16si20x")
_FLAGS = struct.Struct("16sH22x")
_ADDRESS = struct.Struct("16sH14s8x")


def mtu(name: str) -> int:
    """In octets."""
    answer = _ioctl(_SIOCGIFMTU, _NUMBER.pack(os.fsencode(name), 0))
    found: int = _NUMBER.unpack(answer)[1]
    return found


def set_mtu(name: str, octets: int) -> None:
    """Set the MTU."""
    log.info("%s: setting MTU %d", name, octets)
    _ioctl(_SIOCSIFMTU, _NUMBER.pack(os.fsencode(name), octets))


def address(name: str) -> Mac:
    """Its address."""
    answer = _ioctl(_SIOCGIFHWADDR, _NAME.pack(os.fsencode(name)))
    return Mac(answer[18:24])


def set_address(name: str, address: Mac) -> None:
    """Give it an address."""
    log.info("%s: setting address %s", name, address)
    _ioctl(_SIOCSIFHWADDR, _ADDRESS.pack(os.fsencode(name), _ARPHRD_ETHER, address))


def ipv4(name: str) -> str:
    """Its first IPv4 address."""
    answer = _ioctl(_SIOCGIFADDR, _NAME.pack(os.fsencode(name)))
    return socket.inet_ntoa(answer[20:24])


def set_down(name: str) -> None:
    """Set it administratively down."""
    answer = _ioctl(_SIOCGIFFLAGS, _FLAGS.pack(os.fsencode(name), 0))
    flags: int = _FLAGS.unpack(answer)[1]
    _ioctl(_SIOCSIFFLAGS, _FLAGS.pack(os.fsencode(name), flags & ~_IFF_UP))


def _ioctl(request: int, argument: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, request, argument)

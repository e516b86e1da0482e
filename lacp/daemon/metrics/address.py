"""Where metrics are served: the value of ``--metrics``, and the socket that listens there."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass

from lacp.errors import BackendError, UsageError

#: Connections that the kernel keeps for us while we are busy.
_BACKLOG = 16
_TEXT = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<four>[^\[\]:]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address and a TCP port; port 0 takes one that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """``ADDR:PORT`` or ``[ADDR]:PORT``. Raises UsageError.

    No address stands for all of them by being left out: who wants all says so.
    """
    found = _TEXT.fullmatch(text)
    if found is not None and int(found["port"]) <= 0xFFFF:
        host = found["six"] or found["four"]
        wanted = ipaddress.IPv6Address if found["six"] else ipaddress.IPv4Address
        try:
            return Address(str(wanted(host)), int(found["port"]))
        except ValueError:
            pass
    raise UsageError(
        f"found {text!r}, expected an IP address and a port, as in 127.0.0.1:9100 or [::]:9100"
    )


def listen(where: Address) -> socket.socket:
    """A socket that listens there. Raises BackendError."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        # A daemon that has just ended does not keep the next one from its port.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # It knows what the zone of a link-local address is as a number.
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        (*_, at), *_ = socket.getaddrinfo(
            where.host, where.port, family, socket.SOCK_STREAM, flags=numeric
        )
        listening.bind(at)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise BackendError(f"metrics: cannot listen on {where}: {error.strerror}") from None
    return listening


def bound(listening: socket.socket) -> Address:
    """Where a socket listens, with the port that it has taken."""
    host, port, *_ = listening.getsockname()
    return Address(host, port)

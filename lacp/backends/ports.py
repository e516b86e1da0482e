"""What the packet backend knows of each of its ports."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from lacp.backends.tipc import TipcLinks
from lacp.link import DOWN, Link


@dataclass(slots=True, eq=False)
class Port:
    """A name, and the interface that bears it now."""

    name: str
    #: Why the last frame that was refused was refused.
    failure: str = ""
    #: The interface that bears the name now, and the group joined on it.
    index: int | None = None
    link: Link = DOWN
    #: Whether the owner has been told of the link at all.
    told: bool = False
    #: How often carrier was lost, as last seen.
    downs: int | None = None
    #: The interface that was found unfit, so that it is said once.
    unfit: int | None = None
    #: The packet socket for slow protocols bound to this interface while it has a master.
    own: socket.socket | None = None
    #: The filter throws away what arrives of slow protocols, unless it begins so; None: nothing.
    muted: bytes | None = None
    #: What else is listened to, and of whom (`Backend.listen`).
    kinds: frozenset[str] = frozenset()
    hosts: frozenset[bytes] = frozenset()
    #: The packet socket for that, bound to this interface.
    probes: socket.socket | None = None
    #: Addresses beside its own to which the interface listens for that.
    addresses: set[bytes] = field(default_factory=set)
    tipc: TipcLinks | None = None

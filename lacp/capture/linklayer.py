"""Link layers of captures, and which of their frames are of interest: those of slow protocols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lacp.address import SLOW_PROTOCOLS_MULTICAST

SLOW = b"\x88\x09"
#: EtherTypes of the tags that may stand before it: customer, service, and what came before those.
TAGS = frozenset({b"\x81\x00", b"\x88\xa8", b"\x91\x00"})
#: Tags that are looked behind; two are usual, more are seen in provider networks.
MAX_TAGS = 4

_OUTGOING = 4
#: Destination addresses as far as the packet type of a cooked capture tells them.
_DESTINATIONS = {
    1: b"\xff" * 6,
    2: SLOW_PROTOCOLS_MULTICAST,
    # What it sent itself has no other type; LACPDUs go to the group address.
    _OUTGOING: SLOW_PROTOCOLS_MULTICAST,
}


@dataclass(frozen=True, slots=True)
class LinkLayer:
    """How frames of one LINKTYPE lie in a record."""

    name: str
    #: Two 16-bit fields of the header, for struct, from its beginning. A frame where neither is one
    #: of these is of no interest; most frames are told apart by this look alone.
    peek: str
    first: frozenset[bytes]
    second: frozenset[bytes]
    #: Makes (an Ethernet frame, whether it was sent) of the octets; None where they are one.
    cook: Callable[[bytes], tuple[bytes, bool | None]] | None = None
    #: Octets of the header that is replaced by an Ethernet header.
    header: int = 14


def _cooked(kind: int, source: bytes, rest: bytes) -> tuple[bytes, bool | None]:
    """An Ethernet frame from a packet type, a source address, and EtherType with payload."""
    return _DESTINATIONS.get(kind, bytes(6)) + source + rest, kind == _OUTGOING


def _cook_1(octets: bytes) -> tuple[bytes, bool | None]:
    """LINKTYPE_LINUX_SLL: packet type, ARPHRD, address length, address in 8 octets, protocol."""
    if len(octets) < 16:
        return b"", None
    return _cooked(int.from_bytes(octets[:2], "big"), octets[6:12], octets[14:])


def _cook_2(octets: bytes) -> tuple[bytes, bool | None]:
    """LINKTYPE_LINUX_SLL2: protocol, 2 unused, interface, ARPHRD, packet type, length, address."""
    if len(octets) < 20:
        return b"", None
    return _cooked(octets[10], octets[12:18], octets[:2] + octets[20:])


_TYPES = TAGS | {SLOW}
_NONE: frozenset[bytes] = frozenset()

#: By LINKTYPE.
LINK_LAYERS = {
    1: LinkLayer("Ethernet", "xH9xH", frozenset({SLOW_PROTOCOLS_MULTICAST[1:3]}), _TYPES),
    113: LinkLayer("Linux cooked", "12xHH", _NONE, _TYPES, _cook_1, 16),
    276: LinkLayer("Linux cooked v2", "HH", _TYPES, _NONE, _cook_2, 20),
}


def of_interest(frame: bytes) -> bool:
    """Whether an Ethernet frame is to the slow protocols' address, or of their EtherType even
    behind tags."""
    if frame[:6] == SLOW_PROTOCOLS_MULTICAST:
        return True
    at = 12
    while frame[at : at + 2] in TAGS and at < 12 + 4 * MAX_TAGS:
        at += 4
    return frame[at : at + 2] == SLOW


def known_links() -> str:
    """For a message."""
    return ", ".join(f"{link.name} ({number})" for number, link in LINK_LAYERS.items())

"""The slow-protocol frame: what a received one is, and how one is built (802.3 Annex 57A)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.errors import DecodeError, UnknownSubtypeError
from lacp.wire import lacpdu, marker
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.layout import HEADER
from lacp.wire.marker import Marker

ETHERTYPE = 0x8809

#: EtherTypes of VLAN and provider tags, which a slow-protocol frame never carries; octets of a tag.
TAGS = (0x8100, 0x88A8, 0x9100)
TAG = 4


class Subtype(IntEnum):
    """The slow protocols; 4 to 9 are kept for others, and all the rest is illegal (57A.4)."""

    LACP = 1
    MARKER = 2
    OAM = 3
    OSSP = 10


class Kind(Enum):
    """What a received frame is to a port that runs LACP."""

    LACP = auto()
    MARKER = auto()
    MARKER_RESPONSE = auto()
    #: A slow protocol that is not ours, or an unknown TLV of the marker protocol: UnknownRx.
    OTHER = auto()
    #: Badly formed, or of an illegal subtype: IllegalRx.
    ILLEGAL = auto()
    #: Not of EtherType 0x8809 or not to the destination: UnknownRx if `Classification.counted`.
    FOREIGN = auto()


@dataclass(frozen=True, slots=True)
class Classification:
    """The verdict on one received frame."""

    kind: Kind
    #: What was found, where, and what was expected; empty for LACP, MARKER and MARKER_RESPONSE.
    reason: str
    #: What follows the EtherType, with whatever the sender or the wire added behind the PDU.
    payload: bytes
    #: False for a FOREIGN frame that was not even sent to the slow protocols' group address.
    counted: bool = True


def classify(frame: bytes, destination: Mac = SLOW_PROTOCOLS_MULTICAST) -> Classification:
    """What `frame`, from its destination address and without FCS, is to a port.

    `destination` is the port's Protocol_DA: a frame to another address is FOREIGN. Never raises,
    whatever the octets.
    """
    payload = frame[HEADER:]
    if frame[12:14] != _ETHERTYPE or frame[:6] != destination:
        reason, counted = _foreign(frame, destination)
        return Classification(Kind.FOREIGN, reason, payload, counted)
    kind, reason = protocol(payload)
    return Classification(kind, reason, payload)


def payload_offset(frame: bytes) -> int:
    """Where the payload begins: behind the EtherType, and behind tags that should not be there.

    Beyond the end of a frame that ends before.
    """
    start = HEADER
    while frame[start - 2 : start] in _TAGS:
        start += TAG
    return start


def ethernet(destination: Mac, source: Mac, payload: bytes) -> bytes:
    """A slow-protocol frame without FCS: 124 octets for a version 1 LACPDU."""
    return destination + source + _ETHERTYPE + payload


def decode(payload: bytes) -> Lacpdu | Marker:
    """The PDU whose subtype octet is the first of `payload`.

    Raises UnknownSubtypeError for what is legal but not ours, DecodeError for all else.
    """
    kind, reason = protocol(payload)
    match kind:
        case Kind.LACP:
            return Lacpdu.decode(payload)
        case Kind.MARKER | Kind.MARKER_RESPONSE:
            return Marker.decode(payload)
        case Kind.OTHER:
            raise UnknownSubtypeError(reason)
        case _:
            raise DecodeError(reason)


_ETHERTYPE = ETHERTYPE.to_bytes(2, "big")
_TAGS = frozenset(tag.to_bytes(2, "big") for tag in TAGS)


def protocol(payload: bytes) -> tuple[Kind, str]:
    """What the payload of a slow-protocol frame is, and why when it is none of ours."""
    if not payload:
        return Kind.ILLEGAL, f"frame ends at offset {HEADER}, expected a subtype there"
    subtype = payload[0]
    if subtype == Subtype.LACP:
        reason = lacpdu.flaw(payload)
        return (Kind.ILLEGAL if reason else Kind.LACP), reason
    if subtype == Subtype.MARKER:
        if reason := marker.flaw(payload):
            return Kind.ILLEGAL, reason
        if reason := marker.stranger(payload):
            return Kind.OTHER, reason
        response = payload[marker.TYPE_OFFSET] == marker.RESPONSE
        return (Kind.MARKER_RESPONSE if response else Kind.MARKER), ""
    reason = f"subtype {subtype} at offset {HEADER}, expected 1 (LACP) or 2 (Marker)"
    return (Kind.OTHER if subtype in _OTHERS else Kind.ILLEGAL), reason


#: Legal subtypes of other protocols, those that are not yet given away among them (57A.4).
_OTHERS = range(Subtype.OAM, Subtype.OSSP + 1)


def _foreign(frame: bytes, destination: Mac) -> tuple[str, bool]:
    """Why a frame is none of the port's slow protocols, and whether UnknownRx counts it.

    That counter is of frames to the slow protocols' group address with another EtherType, whatever
    the port's own destination is (dot3adAggPortStatsUnknownRx).
    """
    if len(frame) < HEADER:
        return f"frame of {len(frame)} octets, expected at least {HEADER}", False
    to = Mac(frame[:6])
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == ETHERTYPE:
        return f"destination {to} at offset 0, expected {destination}", False
    found = f"tag {ethertype:#06x}" if ethertype in TAGS else f"EtherType {ethertype:#06x}"
    reason = f"{found} at offset 12, expected EtherType {ETHERTYPE:#06x} untagged"
    return reason, to == SLOW_PROTOCOLS_MULTICAST

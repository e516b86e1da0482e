"""Judges a transmitted frame: every octet that the standard prescribes and the frame has otherwise.

A receiver has to be tolerant, a transmitter has to be exact. So this reads raw octets, goes on
after each deviation and does not ask whether the codecs accept the frame. What a PDU has at fixed
offsets is a table of rules; tags and TLVs move what follows them, so they are walked. Offsets count
from the destination address.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from lacp.address import NO_MAC, SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import PORT_STATES, PortState
from lacp.wire import lacpdu, marker, slow, tlv
from lacp.wire.layout import HEADER
from lacp.wire.slow import ETHERTYPE, Subtype

#: Octets of the longest payload, and of the frame check sequence.
_LONGEST = 1500
_FCS = 4

#: TLV types of version 2, and those that every LACPDU of it is expected to carry.
_STANDARD = frozenset(range(0x04, 0x0B))
_USUAL = frozenset({0x04, 0x05})

_MASK_STATE = sum(tlv.MaskState)


class Severity(StrEnum):
    """How much a deviation weighs."""

    #: The standard demands otherwise.
    FAIL = "fail"
    #: Unusual or unwise, or the echo of what somebody else sent.
    WARN = "warn"


class Field(StrEnum):
    """What a deviation is in, as its message calls it."""

    DESTINATION = "destination"
    SOURCE = "source"
    ETHERTYPE = "EtherType"
    PAYLOAD = "payload"
    SUBTYPE = "subtype"
    VERSION = "Version_Number"
    ACTOR_TYPE = "Actor TLV_type"
    ACTOR_LENGTH = "Actor_Information_Length"
    ACTOR_SYSTEM = "Actor_System"
    ACTOR_KEY = "Actor_Key"
    ACTOR_PORT = "Actor_Port"
    ACTOR_STATE = "Actor_State"
    ACTOR_RESERVED = "Reserved of the Actor TLV"
    PARTNER_TYPE = "Partner TLV_type"
    PARTNER_LENGTH = "Partner_Information_Length"
    PARTNER_RESERVED = "Reserved of the Partner TLV"
    COLLECTOR_TYPE = "Collector TLV_type"
    COLLECTOR_LENGTH = "Collector_Information_Length"
    COLLECTOR_RESERVED = "Reserved of the Collector TLV"
    TERMINATOR_TYPE = "Terminator TLV_type"
    TERMINATOR_LENGTH = "Terminator_Length"
    TERMINATOR_RESERVED = "Reserved after the Terminator"
    TLV_LIST = "TLV list"
    TLV_TYPE = "TLV_type"
    #: The message goes on with the type.
    TLV_LENGTH = "length of TLV"
    MASK_STATE = "Mask_State"
    MARKER_TYPE = "Marker TLV_type"
    MARKER_LENGTH = "Marker length"
    REQUESTER_PORT = "Requester_Port"
    REQUESTER_SYSTEM = "Requester_System"
    PAD = "Pad"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where a frame differs from what the standard has a station send."""

    offset: int
    field: Field
    #: Of 802.1AX-2014, or of 802.3 Annex 57A for what all slow protocols share.
    clause: str
    found: str
    expected: str
    #: What deviates, with found and expected, in one phrase.
    message: str
    severity: Severity = Severity.FAIL

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}, at offset {self.offset} ({self.clause})"


def validate(frame: bytes, destination: Mac = SLOW_PROTOCOLS_MULTICAST) -> list[Deviation]:
    """Every deviation of `frame`, a LACPDU or Marker PDU from its destination address, by offset.

    `destination` is the sender's Protocol_DA. An FCS is known by being right, and left out. The
    list is empty when all is as the standard has it; never raises, whatever the octets.
    """
    deviations = _frame(_without_fcs(frame), destination)
    return sorted(deviations, key=lambda deviation: deviation.offset)


class _Finding(NamedTuple):
    """What a test has against a field."""

    found: str
    expected: str
    #: Where in the field.
    at: int = 0
    #: What the message adds to the field's name.
    of: str = ""


class _Rule(NamedTuple):
    """What one field has to be; `offset` counts from the payload, a field may be cut short."""

    offset: int
    length: int
    field: Field
    test: Callable[[bytes], _Finding | None]
    severity: Severity = Severity.FAIL
    clause: str = "6.4.2.3"


def _one_of(*values: int) -> Callable[[bytes], _Finding | None]:
    wanted = " or ".join(str(value) for value in values)
    return lambda octets: None if octets[0] in values else _Finding(str(octets[0]), wanted)


def _zeros(octets: bytes) -> _Finding | None:
    rest = octets.lstrip(b"\0")
    return _Finding(f"{rest[0]:#04x}", "zeros", len(octets) - len(rest)) if rest else None


def _not_zero(octets: bytes) -> _Finding | None:
    return _Finding("0", "another number") if octets == bytes(2) else None


def _not_null(octets: bytes) -> _Finding | None:
    return _Finding(str(NO_MAC), "an address") if octets == NO_MAC else None


def _individual(octets: bytes) -> _Finding | None:
    return _Finding(octets.hex(":"), "an individual address") if octets[0] & 1 else None


def _state(
    wrong: Callable[[PortState], object], expected: str
) -> Callable[[bytes], _Finding | None]:
    def test(octets: bytes) -> _Finding | None:
        state = PORT_STATES[octets[0]]
        if not wrong(state):
            return None
        return _Finding(f"{state:#04x} ({', '.join(state.flags)})", expected)

    return test


_SYNCHRONIZATION = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING
_EXPIRED = PortState.EXPIRED
_IN_USE = _COLLECTING | _DISTRIBUTING

_SOURCE = (
    _Rule(-8, 6, Field.SOURCE, _individual, clause="57A.3"),
    _Rule(-8, 6, Field.SOURCE, _not_null, Severity.WARN, "57A.3"),
)

# fmt: off
# What a LACPDU of any version has in the same place.
_LACPDU = (
    _Rule(1, 1, Field.VERSION, _one_of(1, 2)),
    _Rule(2, 1, Field.ACTOR_TYPE, _one_of(1)),
    _Rule(3, 1, Field.ACTOR_LENGTH, _one_of(20)),
    _Rule(6, 6, Field.ACTOR_SYSTEM, _individual),
    _Rule(6, 6, Field.ACTOR_SYSTEM, _not_null),
    _Rule(12, 2, Field.ACTOR_KEY, _not_zero, Severity.WARN),
    _Rule(16, 2, Field.ACTOR_PORT, _not_zero),
    # No Mux machine, coupled or independent, is ever seen in these.
    _Rule(18, 1, Field.ACTOR_STATE, _state(lambda s: _DISTRIBUTING in s and _COLLECTING not in s,
          "Collecting with Distributing"), clause="6.4.15"),
    _Rule(18, 1, Field.ACTOR_STATE, _state(lambda s: _COLLECTING in s and _SYNCHRONIZATION not in s,
          "Synchronization with Collecting"), clause="6.4.15"),
    _Rule(18, 1, Field.ACTOR_STATE, _state(lambda s: _EXPIRED in s and s & _IN_USE,
          "neither Collecting nor Distributing with Expired"), clause="6.4.12"),
    _Rule(19, 3, Field.ACTOR_RESERVED, _zeros),
    _Rule(22, 1, Field.PARTNER_TYPE, _one_of(2)),
    _Rule(23, 1, Field.PARTNER_LENGTH, _one_of(20)),
    _Rule(39, 3, Field.PARTNER_RESERVED, _zeros),
    _Rule(42, 1, Field.COLLECTOR_TYPE, _one_of(3)),
    _Rule(43, 1, Field.COLLECTOR_LENGTH, _one_of(16)),
    _Rule(46, 12, Field.COLLECTOR_RESERVED, _zeros),
)

# The Marker TLV is the whole PDU, with its Terminator always in the same place.
_MARKER = (
    _Rule(1, 1, Field.VERSION, _one_of(1), clause="6.5.3.3"),
    _Rule(2, 1, Field.MARKER_TYPE, _one_of(marker.INFORMATION, marker.RESPONSE), clause="6.5.3.3"),
    _Rule(3, 1, Field.MARKER_LENGTH, _one_of(marker.LENGTH), clause="6.5.3.3"),
    _Rule(4, 2, Field.REQUESTER_PORT, _not_zero, clause="6.5.3.3"),
    _Rule(6, 6, Field.REQUESTER_SYSTEM, _individual, clause="6.5.3.3"),
    _Rule(6, 6, Field.REQUESTER_SYSTEM, _not_null, clause="6.5.3.3"),
    _Rule(16, 2, Field.PAD, _zeros, clause="6.5.3.3"),
    _Rule(18, 1, Field.TERMINATOR_TYPE, _one_of(tlv.TERMINATOR), clause="6.5.3.3"),
    _Rule(19, 1, Field.TERMINATOR_LENGTH, _one_of(0), clause="6.5.3.3"),
    _Rule(20, 90, Field.TERMINATOR_RESERVED, _zeros, clause="6.5.3.3"),
)
# fmt: on

_RESPONSE_TYPE = bytes((marker.RESPONSE,))

# A response repeats what it answers, so most of its oddities are those of the requester.
_RESPONSE = tuple(
    rule
    if rule.offset in (marker.TYPE_OFFSET, marker.LENGTH_OFFSET)
    else rule._replace(severity=Severity.WARN, clause="6.5.4")
    for rule in _MARKER
)


def _terminator(at: int, length: int) -> tuple[_Rule, ...]:
    """The end of a LACPDU: the Terminator's offset in the payload, how many octets follow it."""
    return (
        _Rule(at, 1, Field.TERMINATOR_TYPE, _one_of(tlv.TERMINATOR)),
        _Rule(at + 1, 1, Field.TERMINATOR_LENGTH, _one_of(0)),
        _Rule(at + 2, length, Field.TERMINATOR_RESERVED, _zeros),
    )


def _deviation(
    offset: int,
    field: Field,
    finding: _Finding,
    severity: Severity = Severity.FAIL,
    clause: str = "6.4.2.3",
) -> Deviation:
    found, expected, at, of = finding
    message = f"{field}{of} is {found}, expected {expected}"
    return Deviation(offset + at, field, clause, found, expected, message, severity)


def _apply(rules: Iterable[_Rule], frame: bytes, start: int) -> Iterator[Deviation]:
    for offset, length, field, test, severity, clause in rules:
        octets = frame[start + offset : start + offset + length]
        if octets and (finding := test(octets)):
            yield _deviation(start + offset, field, finding, severity, clause)


def _frame(frame: bytes, destination: Mac) -> Iterator[Deviation]:
    if frame[:6] != destination:
        finding = _Finding(frame[:6].hex(":") or "missing", str(destination))
        yield _deviation(0, Field.DESTINATION, finding, clause="57A.3")
    yield from _apply(_SOURCE, frame, HEADER)
    start = slow.payload_offset(frame)
    for at in range(HEADER - 2, start - 2, slow.TAG):
        finding = _Finding(f"a tag (0x{frame[at : at + 2].hex()})", f"{ETHERTYPE:#06x} untagged")
        yield _deviation(at, Field.ETHERTYPE, finding, clause="57A.4")
    ethertype = frame[start - 2 : start].hex()
    if ethertype != f"{ETHERTYPE:04x}":
        finding = _Finding(f"0x{ethertype}" if ethertype else "missing", f"{ETHERTYPE:#06x}")
        yield _deviation(start - 2, Field.ETHERTYPE, finding, clause="57A.4")
        return
    if len(frame) - start > _LONGEST:
        yield _size(frame, start, f"at most {_LONGEST}", clause="57A.2")
    subtype = frame[start : start + 1]
    if subtype == bytes((Subtype.LACP,)):
        yield from _lacpdu(frame, start)
    elif subtype == bytes((Subtype.MARKER,)):
        yield from _marker(frame, start)
    else:
        finding = _Finding(str(subtype[0]) if subtype else "missing", "1 (LACP) or 2 (Marker)")
        yield _deviation(start, Field.SUBTYPE, finding, clause="57A.4")


def _size(
    frame: bytes,
    start: int,
    expected: str,
    severity: Severity = Severity.FAIL,
    clause: str = "6.4.2.3",
) -> Deviation:
    finding = _Finding(f"of {len(frame) - start} octets", expected)
    return _deviation(start, Field.PAYLOAD, finding, severity, clause)


def _lacpdu(frame: bytes, start: int) -> Iterator[Deviation]:
    yield from _apply(_LACPDU, frame, start)
    size = len(frame) - start
    if size > lacpdu.FIXED and frame[start + 1] != 1:
        yield from _version_2(frame, start)
        if size < lacpdu.SIZE:
            yield _size(frame, start, f"at least {lacpdu.SIZE}")
    else:
        yield from _apply(_terminator(lacpdu.FIXED, 50), frame, start)
        if size != lacpdu.SIZE:
            yield _size(frame, start, str(lacpdu.SIZE))


def _version_2(frame: bytes, start: int) -> Iterator[Deviation]:
    """The TLVs between Collector and Terminator, and the Terminator wherever it stands."""
    offset = start + lacpdu.FIXED
    tlvs, rest = tlv.walk(frame[offset:])
    seen: set[int] = set()
    for item in tlvs:
        for at, field, finding, severity in _tlv(item, again=item.kind in seen):
            yield _deviation(offset + at, field, finding, severity, "6.4.2.4")
        seen.add(item.kind)
        offset += tlv.HEADER + len(item.value)
    for kind in sorted(_USUAL - seen):
        finding = _Finding(f"without type {kind:#04x}", "one in version 2")
        yield _deviation(offset, Field.TLV_LIST, finding, Severity.WARN, "6.4.2.4")
    if len(rest) >= tlv.HEADER and rest[0] == tlv.TERMINATOR:
        yield from _apply(_terminator(offset - start, len(rest)), frame, start)
    else:
        finding = _Finding(
            f"cut short ({rest[:2].hex() or 'no octet left'})", "a TLV or Terminator"
        )
        yield _deviation(offset, Field.TLV_LIST, finding, clause="6.4.2.4")


def _tlv(item: tlv.Tlv, again: bool) -> Iterator[tuple[int, Field, _Finding, Severity]]:
    """Offset in the TLV, field, finding and severity of what is odd about it."""
    kind, length = item.kind, tlv.HEADER + len(item.value)
    if kind not in _STANDARD:
        yield 0, Field.TLV_TYPE, _Finding(f"{kind:#04x}", "one of version 2"), Severity.WARN
    if again:
        yield 0, Field.TLV_TYPE, _Finding(f"{kind:#04x} again", "each once"), Severity.WARN
    expected, _ = tlv.KNOWN.get(kind, (length, None))
    if length != expected:
        finding = _Finding(str(length), str(expected), of=f" {kind:#04x}")
        yield 1, Field.TLV_LENGTH, finding, Severity.FAIL
    if isinstance(item, tlv.ConversationMask1) and item.state & ~_MASK_STATE:
        finding = _Finding(f"{item.state:#04x}", f"reserved bits {0xFF & ~_MASK_STATE:#04x} clear")
        yield 2, Field.MASK_STATE, finding, Severity.FAIL


def _marker(frame: bytes, start: int) -> Iterator[Deviation]:
    response = frame[start + marker.TYPE_OFFSET : start + marker.TYPE_OFFSET + 1] == _RESPONSE_TYPE
    yield from _apply(_RESPONSE if response else _MARKER, frame, start)
    size = len(frame) - start
    if size != marker.SIZE:
        severity = Severity.WARN if response else Severity.FAIL
        yield _size(frame, start, str(marker.SIZE), severity, "6.5.3.3")


def _without_fcs(frame: bytes) -> bytes:
    """`frame` without the frame check sequence that some captures carry."""
    body, fcs = frame[:-_FCS], frame[-_FCS:]
    return body if fcs == zlib.crc32(body).to_bytes(_FCS, "little") else frame

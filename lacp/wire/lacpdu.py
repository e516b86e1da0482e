"""LACPDUs: octets to values and back (6.4.2.3).

A payload begins with the subtype octet; the offsets in messages count from the destination address
of the frame, so that the payload begins at 14.

A receiver reads version 1 at fixed offsets and validates neither the version nor a TLV type nor a
reserved octet; it may validate lengths (6.4.12), and here it does for the three TLVs that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Self

from lacp.address import Mac
from lacp.errors import DecodeError, UsageError
from lacp.info import PORT_STATES, PortInfo
from lacp.wire.layout import HEADER, Layout
from lacp.wire.tlv import Tlv, walk

SUBTYPE = 0x01

#: Octets of payload without TLVs; with them it is at least as long.
SIZE = 110

#: The length octets that `flaw` insists on: name, offset in the payload, value.
LENGTHS = (
    ("Actor_Information_Length", 3, 20),
    ("Partner_Information_Length", 23, 20),
    ("Collector_Information_Length", 43, 16),
)

#: Octets of payload before the first further TLV, or the Terminator.
FIXED = 58


@dataclass(frozen=True, slots=True)
class Envelope:
    """The octets of a LACPDU that a receiver does not look at; the defaults are the standard's.

    They are kept so that a decoded LACPDU encodes to its own octets, and that any illegal one can
    be built on purpose.
    """

    subtype: int = SUBTYPE
    actor_type: int = 0x01
    actor_length: int = 20
    actor_reserved: bytes = bytes(3)
    partner_type: int = 0x02
    partner_length: int = 20
    partner_reserved: bytes = bytes(3)
    collector_type: int = 0x03
    collector_length: int = 16
    collector_reserved: bytes = bytes(12)
    #: All that follows the last TLV; None is a Terminator and zeros up to 110 octets of payload.
    tail: bytes | None = None

    def __post_init__(self) -> None:
        for name, length in (("actor", 3), ("partner", 3), ("collector", 12)):
            octets = getattr(self, f"{name}_reserved")
            if len(octets) != length:
                raise UsageError(f"{name}_reserved of {len(octets)} octets, expected {length}")


CANONICAL = Envelope()


@dataclass(frozen=True, slots=True)
class Lacpdu:
    """What a port tells its partner: what it is, and what it knows of the partner."""

    actor: PortInfo
    partner: PortInfo
    #: The longest time that the collector holds a frame back, in tens of microseconds.
    collector_max_delay: int = 0
    version: int = 1
    #: What stands between the Collector TLV and the Terminator, whatever the version.
    tlvs: tuple[Tlv, ...] = ()
    envelope: Envelope = CANONICAL

    def encode(self) -> bytes:
        """The payload from the subtype octet: 110 octets, or more when the TLVs need them.

        Raises UsageError when a number does not fit its field.
        """
        envelope = self.envelope
        tlvs = b"".join([tlv.encode() for tlv in self.tlvs])
        values = (
            envelope.subtype,
            self.version,
            envelope.actor_type,
            envelope.actor_length,
            *self.actor.identity,
            self.actor.state,
            envelope.actor_reserved,
            envelope.partner_type,
            envelope.partner_length,
            *self.partner.identity,
            self.partner.state,
            envelope.partner_reserved,
            envelope.collector_type,
            envelope.collector_length,
            self.collector_max_delay,
            envelope.collector_reserved,
            tlvs + (_tail(len(tlvs)) if envelope.tail is None else envelope.tail),
        )
        return _LAYOUT.build(dict(zip(_FIELDS, values, strict=True)))

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The LACPDU whose subtype octet is the first of `payload`.

        Raises DecodeError, with the reason that `flaw` gives.
        """
        if reason := flaw(payload):
            raise DecodeError(reason)
        fields = _LAYOUT.parse(payload)
        rest = fields["rest"]
        tlvs: tuple[Tlv, ...] = ()
        tail = None
        if rest != _PLAIN_TAIL:
            tlvs, left = walk(rest)
            if left != _tail(len(rest) - len(left)):
                tail = left
        return cls(
            _information(_ACTOR(fields)),
            _information(_PARTNER(fields)),
            fields["collector_max_delay"],
            fields["version"],
            tlvs,
            _envelope(fields, tail),
        )


def flaw(payload: bytes) -> str:
    """Why a receiver refuses `payload` as a LACPDU; empty when it accepts it.

    It must refuse what is shorter than the fields that it reads, and is free to ask for the whole
    LACPDU; it may validate length octets (6.4.12). The Terminator's is left alone: nothing that
    matters follows it.
    """
    if len(payload) < SIZE:
        return f"payload of {len(payload)} octets, expected at least {SIZE}"
    if payload[0] != SUBTYPE:
        return f"subtype {payload[0]} at offset {HEADER}, expected {SUBTYPE}"
    for name, offset, length in LENGTHS:
        if payload[offset] != length:
            return f"{name} is {payload[offset]} at offset {HEADER + offset}, expected {length}"
    return ""


_INFORMATION = ("system_priority", "system", "key", "port_priority", "port", "state")

_FIELDS = (
    "subtype",
    "version",
    "actor_type",
    "actor_length",
    *(f"actor_{name}" for name in _INFORMATION),
    "actor_reserved",
    "partner_type",
    "partner_length",
    *(f"partner_{name}" for name in _INFORMATION),
    "partner_reserved",
    "collector_type",
    "collector_length",
    "collector_max_delay",
    "collector_reserved",
    "rest",
)

_ACTOR = itemgetter(*(f"actor_{name}" for name in _INFORMATION))
_PARTNER = itemgetter(*(f"partner_{name}" for name in _INFORMATION))

_ENVELOPE_FIELDS = [name for name in Envelope.__slots__ if name != "tail"]
_ENVELOPE = itemgetter(*_ENVELOPE_FIELDS)
_PLAIN_ENVELOPE = tuple(getattr(CANONICAL, name) for name in _ENVELOPE_FIELDS)
_PLAIN_TAIL = bytes(SIZE - FIXED)


def _tail(tlvs: int) -> bytes:
    """Terminator and padding after that many octets of TLVs."""
    return bytes(max(2, SIZE - FIXED - tlvs))


def _envelope(fields: Mapping[str, Any], tail: bytes | None) -> Envelope:
    if tail is None and _ENVELOPE(fields) == _PLAIN_ENVELOPE:
        return CANONICAL
    return Envelope(**{name: fields[name] for name in _ENVELOPE_FIELDS}, tail=tail)


def _information(values: tuple[int, bytes, int, int, int, int]) -> PortInfo:
    system_priority, system, key, port_priority, port, state = values
    return PortInfo(system_priority, Mac(system), key, port_priority, port, PORT_STATES[state])


def _declare() -> Any:
    from construct import Bytes, GreedyBytes, Int8ub, Int16ub, Struct

    def information(role: str) -> tuple[Any, ...]:
        formats = (Int16ub, Bytes(6), Int16ub, Int16ub, Int16ub, Int8ub)
        return (
            f"{role}_type" / Int8ub,
            f"{role}_length" / Int8ub,
            *(
                f"{role}_{name}" / format
                for name, format in zip(_INFORMATION, formats, strict=True)
            ),
            f"{role}_reserved" / Bytes(3),
        )

    return Struct(
        "subtype" / Int8ub,
        "version" / Int8ub,
        *information("actor"),
        *information("partner"),
        "collector_type" / Int8ub,
        "collector_length" / Int8ub,
        "collector_max_delay" / Int16ub,
        "collector_reserved" / Bytes(12),
        "rest" / GreedyBytes,
    )


_LAYOUT = Layout("LACPDU", _declare)
#: Does what else the first LACPDU would wait for: some 80 ms.
prepare = _LAYOUT.prepare

"""Marker PDUs and their responses: octets to values and back (6.5.3.3).

A payload begins with the subtype octet; the offsets in messages count from the destination address
of the frame, so that the payload begins at 14.

A receiver looks at the TLV type, which tells a marker from a response, and here also asks for the
whole 110 octets and for the length octet 16, as for a LACPDU: with another length the fields behind
it cannot be trusted to be where they are read. Version, pad and reserved octets are not looked at,
and are sent back as they came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from lacp.address import Mac
from lacp.errors import DecodeError, UsageError
from lacp.wire.layout import HEADER, Layout

SUBTYPE = 0x02

#: Octets of payload.
SIZE = 110

#: TLV types: Marker Information and Marker Response Information.
INFORMATION = 0x01
RESPONSE = 0x02

#: The length octet of both, and its offset in the payload.
LENGTH = 16
LENGTH_OFFSET = 3

#: The offset of the TLV type in the payload.
TYPE_OFFSET = 2


@dataclass(frozen=True, slots=True)
class MarkerEnvelope:
    """The octets of a Marker PDU that a receiver does not look at; the defaults are the standard's.

    They are kept so that a response repeats them, and that any illegal PDU can be built on purpose.
    """

    subtype: int = SUBTYPE
    #: The TLV type; None is what `Marker.response` says.
    type: int | None = None
    length: int = LENGTH
    pad: bytes = bytes(2)
    #: The Terminator, the reserved octets, and whatever came after them.
    tail: bytes = bytes(92)

    def __post_init__(self) -> None:
        if len(self.pad) != 2:
            raise UsageError(f"pad of {len(self.pad)} octets, expected 2")


CANONICAL = MarkerEnvelope()


@dataclass(frozen=True, slots=True)
class Marker:
    """A mark between frames of conversations, or the partner's answer that it arrived (6.5)."""

    requester_port: int
    requester_system: Mac
    transaction: int
    response: bool = False
    version: int = 1
    envelope: MarkerEnvelope = CANONICAL

    def encode(self) -> bytes:
        """The payload of 110 octets from the subtype octet.

        Raises UsageError when a number does not fit its field.
        """
        envelope = self.envelope
        fields = {
            "subtype": envelope.subtype,
            "version": self.version,
            "type": _type(self.response) if envelope.type is None else envelope.type,
            "length": envelope.length,
            "requester_port": self.requester_port,
            "requester_system": self.requester_system,
            "transaction": self.transaction,
            "pad": envelope.pad,
            "tail": envelope.tail,
        }
        return _LAYOUT.build(fields)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The Marker PDU whose subtype octet is the first of `payload`.

        Raises DecodeError, with the reason that `flaw` gives, or when the TLV type is neither that
        of a marker nor that of a response.
        """
        if reason := flaw(payload):
            raise DecodeError(reason)
        if reason := stranger(payload):
            raise DecodeError(reason)
        fields = _LAYOUT.parse(payload)
        envelope = MarkerEnvelope(pad=fields["pad"], tail=fields["tail"])
        return cls(
            fields["requester_port"],
            Mac(fields["requester_system"]),
            fields["transaction"],
            fields["type"] == RESPONSE,
            fields["version"],
            CANONICAL if envelope == CANONICAL else envelope,
        )

    def respond(self) -> Self:
        """The answer to this marker: its own octets with another TLV type (6.5.4).

        Raises UsageError when this is a response, for nobody answers an answer.
        """
        if self.response:
            raise UsageError("a Marker Response is not answered")
        return replace(self, response=True)


def flaw(payload: bytes) -> str:
    """Why a receiver calls `payload` a badly formed Marker PDU; empty when it does not."""
    if len(payload) < SIZE:
        return f"payload of {len(payload)} octets, expected at least {SIZE}"
    if payload[0] != SUBTYPE:
        return f"subtype {payload[0]} at offset {HEADER}, expected {SUBTYPE}"
    if not stranger(payload) and payload[LENGTH_OFFSET] != LENGTH:
        offset = HEADER + LENGTH_OFFSET
        return f"Marker length is {payload[LENGTH_OFFSET]} at offset {offset}, expected {LENGTH}"
    return ""


def stranger(payload: bytes) -> str:
    """Why a Marker PDU is neither marker nor response; empty when it is one of them."""
    kind = payload[TYPE_OFFSET]
    if kind in (INFORMATION, RESPONSE):
        return ""
    offset = HEADER + TYPE_OFFSET
    return f"Marker TLV_type {kind} at offset {offset}, expected {INFORMATION} or {RESPONSE}"


def _type(response: bool) -> int:
    return RESPONSE if response else INFORMATION


def _declare() -> Any:
    from construct import Bytes, GreedyBytes, Int8ub, Int16ub, Int32ub, Struct

    return Struct(
        "subtype" / Int8ub,
        "version" / Int8ub,
        "type" / Int8ub,
        "length" / Int8ub,
        "requester_port" / Int16ub,
        "requester_system" / Bytes(6),
        "transaction" / Int32ub,
        "pad" / Bytes(2),
        "tail" / GreedyBytes,
    )


_LAYOUT = Layout("Marker PDU", _declare)

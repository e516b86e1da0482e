"""The TLVs that may stand between the Collector TLV and the Terminator of a LACPDU (6.4.2.4).

Version 2 defines some of them, vendors send others. Each known one is a value whose fields are what
its octets mean; any other type, and a known type of an unexpected length, is an `UnknownTlv`.
Whatever `walk` yields encodes to the octets that it was read from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

from lacp.errors import UsageError

TERMINATOR = 0x00

#: Octets of type and length, which the length octet counts too.
HEADER = 2


class MaskState(IntFlag):
    """The Mask_State octet of the Port Conversation Mask-1 TLV; the other bits are reserved."""

    ACTOR_PARTNER_SYNC = 0x01
    PORTAL_SYSTEM_ISOLATED = 0x02
    DISCARD_WRONG_CONVERSATION = 0x04


class Tlv(ABC):
    """A type octet, a length octet that counts both and the value, and the value."""

    __slots__ = ()

    @property
    @abstractmethod
    def kind(self) -> int:
        """The type octet."""

    @property
    @abstractmethod
    def value(self) -> bytes:
        """The octets after type and length."""

    def encode(self) -> bytes:
        """All octets of the TLV."""
        value = self.value
        return bytes((self.kind, HEADER + len(value))) + value


@dataclass(frozen=True, slots=True)
class PortAlgorithm(Tlv):
    """How the actor assigns frames to conversations: three octets of OUI or CID and one number."""

    algorithm: bytes

    def __post_init__(self) -> None:
        _require_octets("algorithm", self.algorithm, 4)

    @property
    def kind(self) -> int:
        """The type octet."""
        return 0x04

    @property
    def value(self) -> bytes:
        """The octets after type and length."""
        return self.algorithm


@dataclass(frozen=True, slots=True)
class ConversationDigest(Tlv):
    """The actor's number of this link and the MD5 digest of its map from conversations to links."""

    link_number: int
    digest: bytes

    def __post_init__(self) -> None:
        _require_number("link_number", self.link_number, 0xFFFF)
        _require_octets("digest", self.digest, 16)

    @property
    def kind(self) -> int:
        """The type octet."""
        return 0x05

    @property
    def value(self) -> bytes:
        """The octets after type and length."""
        return self.link_number.to_bytes(2, "big") + self.digest


@dataclass(frozen=True, slots=True)
class ConversationMask1(Tlv):
    """Which of the conversations 0 to 1023 the actor passes, and the state of its whole mask."""

    state: MaskState
    mask: bytes

    def __post_init__(self) -> None:
        _require_number("state", self.state, 0xFF)
        _require_octets("mask", self.mask, 128)

    @property
    def kind(self) -> int:
        """The type octet."""
        return 0x06

    @property
    def value(self) -> bytes:
        """The octets after type and length."""
        return bytes((self.state,)) + self.mask


@dataclass(frozen=True, slots=True)
class ConversationMask(Tlv):
    """Part 2, 3 or 4 of the actor's mask, for the conversations from (part - 1) * 1024 on."""

    part: int
    mask: bytes

    def __post_init__(self) -> None:
        if self.part not in (2, 3, 4):
            raise UsageError(f"part of a conversation mask is {self.part}, expected 2, 3 or 4")
        _require_octets("mask", self.mask, 128)

    @property
    def kind(self) -> int:
        """The type octet."""
        return 0x05 + self.part

    @property
    def value(self) -> bytes:
        """The octets after type and length."""
        return self.mask


@dataclass(frozen=True, slots=True)
class ServiceMappingDigest(Tlv):
    """The MD5 digest of the actor's map from service IDs to conversations."""

    digest: bytes

    def __post_init__(self) -> None:
        _require_octets("digest", self.digest, 16)

    @property
    def kind(self) -> int:
        """The type octet."""
        return 0x0A

    @property
    def value(self) -> bytes:
        """The octets after type and length."""
        return self.digest


@dataclass(frozen=True, slots=True)
class RetryCount(Tlv):
    """SONiC, version 0xF1: how many periods the actor or the partner waits before it expires."""

    count: int
    partner: bool = False
    reserved: int = 0

    def __post_init__(self) -> None:
        _require_number("count", self.count, 0xFF)
        _require_number("reserved", self.reserved, 0xFF)

    @property
    def kind(self) -> int:
        """The type octet."""
        return 0x81 if self.partner else 0x80

    @property
    def value(self) -> bytes:
        """The octets after type and length."""
        return bytes((self.count, self.reserved))


@dataclass(frozen=True, slots=True)
class UnknownTlv(Tlv):
    """A TLV whose value is nobody's business here; also the way to build a wrong one on purpose."""

    kind: int
    value: bytes

    def __post_init__(self) -> None:
        _require_number("kind", self.kind, 0xFF)
        if len(self.value) > 0xFF - HEADER:
            raise UsageError(f"value of {len(self.value)} octets, expected at most {0xFF - HEADER}")


#: Length octet and reader of the value, by type octet.
KNOWN: dict[int, tuple[int, Callable[[bytes], Tlv]]] = {
    0x04: (6, PortAlgorithm),
    0x05: (20, lambda value: ConversationDigest(int.from_bytes(value[:2], "big"), value[2:])),
    0x06: (131, lambda value: ConversationMask1(MaskState(value[0]), value[1:])),
    0x07: (130, lambda value: ConversationMask(2, value)),
    0x08: (130, lambda value: ConversationMask(3, value)),
    0x09: (130, lambda value: ConversationMask(4, value)),
    0x0A: (18, ServiceMappingDigest),
    0x80: (4, lambda value: RetryCount(value[0], reserved=value[1])),
    0x81: (4, lambda value: RetryCount(value[0], partner=True, reserved=value[1])),
}


def walk(octets: bytes) -> tuple[tuple[Tlv, ...], bytes]:
    """The TLVs at the front of `octets`, and what follows them.

    Stops before a Terminator, a length octet below 2, and a TLV that is cut off.
    """
    tlvs = []
    start = 0
    while len(octets) - start >= HEADER:
        kind, length = octets[start], octets[start + 1]
        end = start + length
        if kind == TERMINATOR or length < HEADER or end > len(octets):
            break
        value = octets[start + HEADER : end]
        expected, read = KNOWN.get(kind, (None, None))
        tlvs.append(read(value) if read and length == expected else UnknownTlv(kind, value))
        start = end
    return tuple(tlvs), octets[start:]


def _require_octets(name: str, octets: bytes, length: int) -> None:
    if len(octets) != length:
        raise UsageError(f"{name} of {len(octets)} octets, expected {length}")


def _require_number(name: str, number: int, most: int) -> None:
    if not 0 <= number <= most:
        raise UsageError(f"{name} is {number}, expected 0 to {most}")

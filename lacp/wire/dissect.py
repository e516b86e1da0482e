"""A slow-protocol frame as a list of fields: every octet, as far as there are octets.

The codecs refuse what is cut short or has a wrong length; this goes on and shows what there is, so
it reads raw octets by its own tables. Offsets count from the destination address of the frame.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.wire import lacpdu, marker, slow, tlv
from lacp.wire.flags import letters
from lacp.wire.slow import ETHERTYPE, TAGS

_FCS = 4

#: The group addresses that 802.1AX allows as Protocol_DA, beside that of the slow protocols.
_GROUPS = {
    SLOW_PROTOCOLS_MULTICAST: "Slow_Protocols_Multicast",
    Mac(bytes.fromhex("0180c2000000")): "Nearest Customer Bridge",
    Mac(bytes.fromhex("0180c2000003")): "Nearest non-TPMR Bridge",
}

_SUBTYPES = {1: "LACP", 2: "Marker", 3: "OAM", 10: "OSSP"}

_TLV_NAMES = {
    0x04: "Port Algorithm",
    0x05: "Port Conversation ID Digest",
    0x06: "Port Conversation Mask-1",
    0x07: "Port Conversation Mask-2",
    0x08: "Port Conversation Mask-3",
    0x09: "Port Conversation Mask-4",
    0x0A: "Port Conversation Service Mapping Digest",
    0x80: "Actor Retry Count, SONiC",
    0x81: "Partner Retry Count, SONiC",
}


@dataclass(frozen=True, slots=True)
class Field:
    """Some octets of a frame and what they say."""

    offset: int
    octets: bytes
    section: str
    name: str
    value: int | str
    meaning: str = ""
    #: Octets that the field should have and the frame has not.
    missing: int = 0


_Reading = Callable[[bytes], tuple[int | str, str]]


def _number(octets: bytes) -> tuple[int | str, str]:
    value = int.from_bytes(octets, "big")
    return value, f"{value:#0{2 * len(octets) + 2}x}" if len(octets) > 1 else ""


def _mac(octets: bytes) -> tuple[int | str, str]:
    return octets.hex(":"), _GROUPS.get(Mac(octets), "")


def _ethertype(octets: bytes) -> tuple[int | str, str]:
    value = int.from_bytes(octets, "big")
    meaning = "slow protocols" if value == ETHERTYPE else "VLAN tag" if value in TAGS else ""
    return f"{value:#06x}", meaning


def _subtype(octets: bytes) -> tuple[int | str, str]:
    return octets[0], _SUBTYPES.get(octets[0], "")


def _state(octets: bytes) -> tuple[int | str, str]:
    return octets[0], letters(octets[0])


def _hex(octets: bytes) -> tuple[int | str, str]:
    return octets.hex(), f"{len(octets)} zeros" if not any(octets) and len(octets) > 1 else ""


def _delay(octets: bytes) -> tuple[int | str, str]:
    value = int.from_bytes(octets, "big")
    return value, f"{value * 10} µs" if value else ""


def _tag(octets: bytes) -> tuple[int | str, str]:
    return int.from_bytes(octets, "big"), f"VLAN {int.from_bytes(octets, 'big') & 0xFFF}"


_Layout = tuple[tuple[str, int, _Reading], ...]

_INFORMATION: _Layout = (
    ("tlv_type", 1, _number),
    ("tlv_length", 1, _number),
    ("system_priority", 2, _number),
    ("system", 6, _mac),
    ("key", 2, _number),
    ("port_priority", 2, _number),
    ("port", 2, _number),
    ("state", 1, _state),
    ("reserved", 3, _hex),
)

_COLLECTOR: _Layout = (
    ("tlv_type", 1, _number),
    ("tlv_length", 1, _number),
    ("max_delay", 2, _delay),
    ("reserved", 12, _hex),
)

_PROTOCOL: _Layout = (("subtype", 1, _subtype), ("version", 1, _number))

_MARKER: _Layout = (
    ("tlv_type", 1, _number),
    ("tlv_length", 1, _number),
    ("requester_port", 2, _number),
    ("requester_system", 6, _mac),
    ("transaction", 4, _number),
    ("pad", 2, _hex),
)

_TERMINATOR: _Layout = (("tlv_type", 1, _number), ("tlv_length", 1, _number))


def dissect(frame: bytes) -> list[Field]:
    """The fields of `frame`, from its destination address."""
    return list(_Dissection(frame).run())


def fcs(frame: bytes) -> bytes:
    """The right frame check sequence at the end of `frame`; empty when there is none."""
    body, check = frame[:-_FCS], frame[-_FCS:]
    return check if check == zlib.crc32(body).to_bytes(_FCS, "little") else b""


class _Dissection:
    """A walk over one frame."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.end = len(frame) - len(fcs(frame))
        self.at = 0

    def run(self) -> Iterator[Field]:
        """All fields, in order."""
        yield from self.layout("ethernet", (("destination", 6, _mac), ("source", 6, _mac)))
        while self.at < slow.payload_offset(self.frame) - 2 and self.left:
            yield from self.layout("ethernet", (("ethertype", 2, _ethertype), ("tag", 2, _tag)))
        yield from self.layout("ethernet", (("ethertype", 2, _ethertype),))
        if self.frame[self.at - 2 : self.at] == ETHERTYPE.to_bytes(2, "big"):
            yield from self.payload()
        yield from self.rest("payload", "octets")
        if self.end < len(self.frame):
            octets = self.frame[self.end :]
            yield Field(self.end, octets, "ethernet", "fcs", octets.hex(), "correct")

    @property
    def left(self) -> int:
        return self.end - self.at

    def payload(self) -> Iterator[Field]:
        subtype = self.frame[self.at] if self.left else None
        if subtype == lacpdu.SUBTYPE:
            yield from self.layout("lacpdu", _PROTOCOL)
            yield from self.layout("actor", _INFORMATION)
            yield from self.layout("partner", _INFORMATION)
            yield from self.layout("collector", _COLLECTOR)
            yield from self.tlvs()
        elif subtype == marker.SUBTYPE:
            yield from self.layout("marker", _PROTOCOL)
            kind = self.frame[self.at : self.at + 1]
            response = kind == bytes((marker.RESPONSE,))
            yield from self.layout("marker_response" if response else "marker", _MARKER)
        else:
            yield from self.layout("slow_protocol", _PROTOCOL[:1])
            return
        yield from self.layout("terminator", _TERMINATOR)
        yield from self.rest("terminator", "reserved")

    def tlvs(self) -> Iterator[Field]:
        """What stands between the Collector TLV and the Terminator."""
        found, _ = tlv.walk(self.frame[self.at : self.end])
        for item in found:
            octets = item.encode()
            section = f"tlv {item.kind:#04x}, {tlv_name(item)}"
            at = self.at
            self.at += len(octets)
            yield Field(at, octets[:1], section, "tlv_type", item.kind, f"{item.kind:#04x}")
            yield Field(at + 1, octets[1:2], section, "tlv_length", len(octets))
            offset = at + tlv.HEADER
            for name, value, length in parts(item):
                yield Field(offset, octets[offset - at :][:length], section, name, value)
                offset += length

    def layout(self, section: str, layout: _Layout) -> Iterator[Field]:
        """The fields of `layout`, up to where the frame ends."""
        for name, length, read in layout:
            if not self.left:
                return
            octets = self.frame[self.at : min(self.at + length, self.end)]
            missing = length - len(octets)
            value, meaning = (octets.hex(), "cut short") if missing else read(octets)
            yield Field(self.at, octets, section, name, value, meaning, missing)
            self.at += len(octets)

    def rest(self, section: str, name: str) -> Iterator[Field]:
        """Whatever is left, as one field."""
        if self.left:
            octets = self.frame[self.at : self.end]
            yield Field(self.at, octets, section, name, *_hex(octets))
            self.at = self.end


def tlv_name(item: tlv.Tlv) -> str:
    """What the TLV is; unknown when it has not the form that its type calls for."""
    return "unknown" if isinstance(item, tlv.UnknownTlv) else _TLV_NAMES[item.kind]


def parts(item: tlv.Tlv) -> tuple[tuple[str, int | str, int], ...]:
    """Name, value and length of each field in a TLV's value."""
    match item:
        case tlv.PortAlgorithm():
            return (("algorithm", item.algorithm.hex("-"), 4),)
        case tlv.ConversationDigest():
            return ("link_number", item.link_number, 2), ("digest", item.digest.hex(), 16)
        case tlv.ConversationMask1():
            return ("mask_state", int(item.state), 1), ("mask", item.mask.hex(), 128)
        case tlv.ConversationMask():
            return (("mask", item.mask.hex(), 128),)
        case tlv.ServiceMappingDigest():
            return (("digest", item.digest.hex(), 16),)
        case tlv.RetryCount():
            return ("count", item.count, 1), ("reserved", item.reserved, 1)
        case _:
            value = item.value
            return (("value", value.hex(), len(value)),) if value else ()

"""Frames for the tests of `lacpctl decode`."""

from lacp import Mac, PortInfo, PortState
from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.tlv import (
    ConversationDigest,
    ConversationMask,
    ConversationMask1,
    MaskState,
    PortAlgorithm,
    RetryCount,
    ServiceMappingDigest,
    UnknownTlv,
)

SOURCE = Mac.parse("02:00:00:00:01:01")
ACTOR = PortInfo(0x8000, Mac.parse("02:00:00:00:00:01"), 13, 255, 1, PortState(0x3D))
PARTNER = PortInfo(0xFFFF, Mac.parse("02:00:00:00:00:02"), 7, 128, 21, PortState(0x3F))

PLAIN = Lacpdu(ACTOR, PARTNER, collector_max_delay=5)
VERSION_2 = Lacpdu(
    ACTOR,
    PARTNER,
    version=2,
    tlvs=(
        PortAlgorithm(bytes.fromhex("0080c205")),
        ConversationDigest(3, bytes(range(16))),
        ConversationMask1(MaskState(1), b"\xff" * 128),
        ConversationMask(2, bytes(128)),
        ServiceMappingDigest(bytes(range(16, 32))),
        RetryCount(3),
        UnknownTlv(0x99, b"vendor"),
        UnknownTlv(0x04, b"wrong length"),
        UnknownTlv(0x9A, b""),
    ),
)
MARKER = Marker(1, SOURCE, 77)


def ethernet(payload: bytes) -> bytes:
    return slow.ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, payload)


def hex_dump(frame: bytes, offset: str = "0x{:04x}:  ", group: int = 2, text: bool = False) -> str:
    """A dump as tcpdump, Wireshark and others print it."""
    lines = []
    for at in range(0, len(frame), 16):
        octets = frame[at : at + 16]
        words = " ".join(octets[i : i + group].hex() for i in range(0, len(octets), group))
        if text:
            room = 16 * 2 + 16 // group - 1
            shown = "".join(chr(c) if 32 <= c < 127 else "." for c in octets)
            words = f"{words:{room}}  {shown}"
        lines.append(offset.format(at) + words)
    return "\n".join(lines) + "\n"

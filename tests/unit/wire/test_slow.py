"""What a received frame is: ours, another protocol's, malformed, or nobody's."""

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.errors import DecodeError, UnknownSubtypeError
from lacp.info import PortInfo
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.slow import Classification, Kind, classify, decode, ethernet, payload_offset

SYSTEM = Mac.parse("02:00:00:00:00:01")
PDU = Lacpdu(PortInfo(0x8000, SYSTEM, 1, 0x8000, 1), PortInfo())
MARKER = Marker(1, SYSTEM, 7)
LACP = PDU.encode()

NEAREST_CUSTOMER_BRIDGE = Mac.parse("01:80:c2:00:00:00")


def slow(payload: bytes, destination: Mac = SLOW_PROTOCOLS_MULTICAST) -> bytes:
    return ethernet(destination, SYSTEM, payload)


def test_a_frame_of_a_version_1_lacpdu() -> None:
    frame = slow(LACP)
    assert len(frame) == 124
    assert frame[:14].hex(" ") == "01 80 c2 00 00 02 02 00 00 00 00 01 88 09"
    assert frame[14:] == LACP


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (LACP, Kind.LACP),
        (LACP + b"\x64trailer", Kind.LACP),
        (MARKER.encode(), Kind.MARKER),
        (MARKER.respond().encode(), Kind.MARKER_RESPONSE),
    ],
)
def test_ours(payload: bytes, kind: Kind) -> None:
    assert classify(slow(payload)) == Classification(kind, "", payload)


@pytest.mark.parametrize("subtype", range(256))
def test_every_other_subtype(subtype: int) -> None:
    if subtype in (1, 2):
        return
    legal = 3 <= subtype <= 10
    verdict = classify(slow(bytes((subtype,)) + LACP[1:]))
    assert verdict.kind is (Kind.OTHER if legal else Kind.ILLEGAL)
    assert verdict.counted
    assert f"subtype {subtype} at offset 14, expected" in verdict.reason


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_an_unknown_tlv_of_the_marker_protocol(kind: int) -> None:
    payload = bytearray(MARKER.encode())
    payload[2] = kind
    payload[3] = 99
    verdict = classify(slow(bytes(payload)))
    assert verdict.kind is Kind.OTHER
    assert verdict.reason == f"Marker TLV_type {kind} at offset 16, expected 1 or 2"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "frame ends at offset 14, expected a subtype there"),
        (LACP[:109], "payload of 109 octets, expected at least 110"),
        (MARKER.encode()[:109], "payload of 109 octets, expected at least 110"),
        (LACP[:3] + b"\x13" + LACP[4:], "Actor_Information_Length is 19 at offset 17, expected 20"),
    ],
)
def test_malformed(payload: bytes, reason: str) -> None:
    assert classify(slow(payload)) == Classification(Kind.ILLEGAL, reason, payload)


def test_another_ethertype_to_the_group_address_is_counted() -> None:
    frame = SLOW_PROTOCOLS_MULTICAST + SYSTEM + b"\x08\x00" + LACP
    reason = "EtherType 0x0800 at offset 12, expected EtherType 0x8809 untagged"
    assert classify(frame) == Classification(Kind.FOREIGN, reason, LACP)
    assert classify(frame, NEAREST_CUSTOMER_BRIDGE).counted


def test_another_ethertype_to_another_address_is_not_counted() -> None:
    verdict = classify(SYSTEM + SYSTEM + b"\x08\x00" + LACP)
    assert (verdict.kind, verdict.counted) == (Kind.FOREIGN, False)


@pytest.mark.parametrize("tag", ["8100", "88a8", "9100"])
def test_a_tagged_lacpdu_is_not_accepted(tag: str) -> None:
    frame = SLOW_PROTOCOLS_MULTICAST + SYSTEM + bytes.fromhex(tag + "0001 8809") + LACP
    verdict = classify(frame)
    assert (verdict.kind, verdict.counted) == (Kind.FOREIGN, True)
    assert verdict.reason == f"tag 0x{tag} at offset 12, expected EtherType 0x8809 untagged"


@pytest.mark.parametrize(
    ("ethertypes", "offset"),
    [("", 14), ("8809", 14), ("8100", 18), ("88a8 0005 8100 0006 8809", 22), ("9100 00", 18)],
)
def test_the_payload_is_behind_all_tags(ethertypes: str, offset: int) -> None:
    assert payload_offset(bytes(12) + bytes.fromhex(ethertypes)) == offset


def test_only_the_configured_destination_is_accepted() -> None:
    frame = slow(LACP, NEAREST_CUSTOMER_BRIDGE)
    assert classify(frame, NEAREST_CUSTOMER_BRIDGE).kind is Kind.LACP
    verdict = classify(frame)
    assert (verdict.kind, verdict.counted) == (Kind.FOREIGN, False)
    assert verdict.reason == (
        "destination 01:80:c2:00:00:00 at offset 0, expected 01:80:c2:00:00:02"
    )
    assert classify(slow(LACP), NEAREST_CUSTOMER_BRIDGE).kind is Kind.FOREIGN


@pytest.mark.parametrize("length", range(14))
def test_less_than_a_header_is_nobodys(length: int) -> None:
    verdict = classify(slow(LACP)[:length])
    assert (verdict.kind, verdict.counted, verdict.payload) == (Kind.FOREIGN, False, b"")
    assert verdict.reason == f"frame of {length} octets, expected at least 14"


def test_decoding_tells_the_protocols_apart() -> None:
    assert decode(LACP) == PDU
    assert decode(MARKER.encode()) == MARKER
    assert decode(MARKER.respond().encode()) == MARKER.respond()
    with pytest.raises(UnknownSubtypeError, match="subtype 10 at offset 14"):
        decode(b"\x0a")
    with pytest.raises(DecodeError, match="subtype 255 at offset 14"):
        decode(b"\xff")

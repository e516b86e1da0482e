"""Marker PDUs: known octets, what a receiver accepts, and a response that repeats what came."""

from dataclasses import replace

import pytest

from lacp.address import Mac
from lacp.errors import DecodeError, UsageError
from lacp.wire.marker import CANONICAL, Marker, MarkerEnvelope

MARKER = Marker(0x0102, Mac.parse("02:00:00:00:00:01"), 0xA0B0C0D0)

# subtype 2, version 1; type 1 length 16: port, system, transaction, pad; Terminator, reserved
OCTETS = bytes.fromhex("02 01 01 10 0102 020000000001 a0b0c0d0 0000 0000" + 90 * "00")


def altered(*changes: tuple[int, int]) -> bytes:
    """The octets with other values at these offsets of the payload."""
    octets = bytearray(OCTETS)
    for offset, value in changes:
        octets[offset] = value
    return bytes(octets)


def test_known_octets() -> None:
    assert len(OCTETS) == 110
    assert MARKER.encode() == OCTETS
    assert Marker.decode(OCTETS) == MARKER
    assert Marker.decode(OCTETS).envelope is CANONICAL


def test_the_response_differs_in_the_type_alone() -> None:
    octets = altered((1, 2), (17, 3), (18, 4), (19, 5), (50, 6)) + b"trailer"
    response = Marker.decode(octets).respond()
    assert response.response
    assert response.encode() == octets[:2] + b"\x02" + octets[3:]
    assert Marker.decode(response.encode()) == response


def test_a_response_is_not_answered() -> None:
    with pytest.raises(UsageError, match="not answered"):
        MARKER.respond().respond()


@pytest.mark.parametrize("length", range(110))
def test_a_truncated_marker_is_refused(length: int) -> None:
    with pytest.raises(DecodeError, match=f"payload of {length} octets, expected at least 110"):
        Marker.decode(OCTETS[:length])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((0, 1), "subtype 1 at offset 14, expected 2"),
        ((2, 0), "TLV_type 0 at offset 16, expected 1 or 2"),
        ((2, 3), "TLV_type 3 at offset 16, expected 1 or 2"),
        ((3, 0), "length is 0 at offset 17, expected 16"),
        ((3, 0x16), "length is 22 at offset 17, expected 16"),
    ],
)
def test_what_is_no_marker_is_refused(change: tuple[int, int], message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        Marker.decode(altered(change))


def test_anything_illegal_can_be_built() -> None:
    envelope = MarkerEnvelope(subtype=9, type=8, length=7, pad=b"\x06\x05", tail=b"\x04")
    octets = replace(MARKER, version=0, envelope=envelope).encode()
    assert octets == b"\x09\x00\x08\x07" + OCTETS[4:16] + b"\x06\x05\x04"


def test_the_pad_keeps_its_length() -> None:
    with pytest.raises(UsageError, match="pad of 3 octets, expected 2"):
        MarkerEnvelope(pad=bytes(3))


def test_a_number_out_of_range_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match=r"Marker PDU does not encode: .*transaction"):
        replace(MARKER, transaction=1 << 32).encode()

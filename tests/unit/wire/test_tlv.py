"""TLVs of version 2 and of vendors: octets, values, and a walk that always ends."""

import pytest

from lacp.errors import UsageError
from lacp.wire.tlv import (
    KNOWN,
    ConversationDigest,
    ConversationMask,
    ConversationMask1,
    MaskState,
    PortAlgorithm,
    RetryCount,
    ServiceMappingDigest,
    Tlv,
    UnknownTlv,
    walk,
)

DIGEST = bytes(range(16))
MASK = bytes(range(128))

TLVS: list[tuple[Tlv, bytes]] = [
    (PortAlgorithm(b"\x00\x80\xc2\x05"), b"\x04\x06\x00\x80\xc2\x05"),
    (ConversationDigest(0x0102, DIGEST), b"\x05\x14\x01\x02" + DIGEST),
    (ConversationMask1(MaskState.ACTOR_PARTNER_SYNC, MASK), b"\x06\x83\x01" + MASK),
    (ConversationMask(2, MASK), b"\x07\x82" + MASK),
    (ConversationMask(3, MASK), b"\x08\x82" + MASK),
    (ConversationMask(4, MASK), b"\x09\x82" + MASK),
    (ServiceMappingDigest(DIGEST), b"\x0a\x12" + DIGEST),
    (RetryCount(5), b"\x80\x04\x05\x00"),
    (RetryCount(3, partner=True, reserved=9), b"\x81\x04\x03\x09"),
    (UnknownTlv(0x64, b"vendor"), b"\x64\x08vendor"),
    (UnknownTlv(0x64, b""), b"\x64\x02"),
]


@pytest.mark.parametrize(("tlv", "octets"), TLVS)
def test_a_tlv_and_its_octets(tlv: Tlv, octets: bytes) -> None:
    assert tlv.encode() == octets
    assert walk(octets) == ((tlv,), b"")


def test_all_of_version_2_are_known_with_the_lengths_of_the_standard() -> None:
    lengths = {kind: length for kind, (length, _) in KNOWN.items() if kind <= 0x0A}
    assert lengths == {4: 6, 5: 20, 6: 131, 7: 130, 8: 130, 9: 130, 10: 18}


def test_reserved_bits_of_the_mask_state_are_kept() -> None:
    (tlv,), _ = walk(b"\x06\x83\xff" + MASK)
    assert isinstance(tlv, ConversationMask1)
    assert MaskState.DISCARD_WRONG_CONVERSATION in tlv.state
    assert tlv.encode() == b"\x06\x83\xff" + MASK


@pytest.mark.parametrize("kind", KNOWN)
def test_a_known_type_of_another_length_is_unknown(kind: int) -> None:
    length = KNOWN[kind][0]
    for wrong in {2, length - 1, length + 1}:
        octets = bytes((kind, wrong)) + bytes(wrong - 2)
        assert walk(octets) == ((UnknownTlv(kind, bytes(wrong - 2)),), b"")


def test_several_in_a_row_up_to_the_terminator() -> None:
    octets = b"".join(octets for _, octets in TLVS)
    assert walk(octets + bytes(5)) == (tuple(tlv for tlv, _ in TLVS), bytes(5))


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x04", id="no length"),
        pytest.param(b"\x00\x02\x04\x06", id="terminator of length 2"),
        pytest.param(b"\x7e\x00\x00\x00", id="length 0"),
        pytest.param(b"\x7e\x01\x00\x00", id="length 1"),
        pytest.param(b"\x04\x06\x00\x80\xc2", id="cut off"),
    ],
)
def test_the_walk_ends_where_no_whole_tlv_stands(rest: bytes) -> None:
    assert walk(b"\x64\x03\xff" + rest) == ((UnknownTlv(0x64, b"\xff"),), rest)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PortAlgorithm(b"abc"), "algorithm of 3 octets, expected 4"),
        (lambda: ConversationDigest(0x10000, DIGEST), "link_number is 65536, expected 0 to 65535"),
        (lambda: ConversationDigest(0, b""), "digest of 0 octets, expected 16"),
        (lambda: ConversationMask1(MaskState(0x100), MASK), "state is 256, expected 0 to 255"),
        (lambda: ConversationMask1(MaskState(0), b""), "mask of 0 octets, expected 128"),
        (lambda: ConversationMask(1, MASK), "part of a conversation mask is 1, expected 2, 3 or 4"),
        (lambda: ConversationMask(2, b""), "mask of 0 octets, expected 128"),
        (lambda: ServiceMappingDigest(b""), "digest of 0 octets, expected 16"),
        (lambda: RetryCount(256), "count is 256, expected 0 to 255"),
        (lambda: RetryCount(1, reserved=-1), "reserved is -1, expected 0 to 255"),
        (lambda: UnknownTlv(256, b""), "kind is 256, expected 0 to 255"),
        (lambda: UnknownTlv(1, bytes(254)), "value of 254 octets, expected at most 253"),
    ],
)
def test_a_value_that_fits_no_tlv_is_the_callers_mistake(build: type[Tlv], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build()

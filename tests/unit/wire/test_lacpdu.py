"""LACPDUs: known octets, what a receiver accepts, and what an encoder can be made to send."""

from dataclasses import replace

import pytest

from lacp.address import NO_MAC, Mac
from lacp.errors import DecodeError, UsageError
from lacp.info import PortInfo, PortState
from lacp.wire.lacpdu import CANONICAL, Envelope, Lacpdu
from lacp.wire.tlv import ConversationDigest, PortAlgorithm, RetryCount, Tlv, UnknownTlv

ACTOR = PortInfo(0x8000, Mac.parse("02:00:00:00:00:01"), 0x0102, 0x00FF, 0x0304, PortState(0x3D))
PARTNER = PortInfo(0x1234, Mac.parse("02:00:00:00:00:02"), 7, 0x8001, 9, PortState(0x07))
PDU = Lacpdu(ACTOR, PARTNER, collector_max_delay=0x0A0B)

# subtype 1, version 1
# Actor      type 1 length 20: priority, system, key, port priority, port, state, reserved
# Partner    type 2 length 20: the same
# Collector  type 3 length 16: max delay, reserved
# Terminator type 0 length 0, reserved
OCTETS = bytes.fromhex(
    "01 01"
    "01 14 8000 020000000001 0102 00ff 0304 3d 000000"
    "02 14 1234 020000000002 0007 8001 0009 07 000000"
    "03 10 0a0b 000000000000000000000000"
    "00 00" + 50 * "00"
)


def altered(*changes: tuple[int, int]) -> bytes:
    """The octets with other values at these offsets of the payload."""
    octets = bytearray(OCTETS)
    for offset, value in changes:
        octets[offset] = value
    return bytes(octets)


def test_encodes_to_known_octets() -> None:
    assert PDU.encode() == OCTETS
    assert len(OCTETS) == 110


def test_decodes_known_octets() -> None:
    assert Lacpdu.decode(OCTETS) == PDU


def test_an_ordinary_lacpdu_shares_one_envelope() -> None:
    assert Lacpdu.decode(OCTETS).envelope is CANONICAL


def test_every_state_octet_decodes() -> None:
    for state in range(256):
        pdu = Lacpdu.decode(altered((18, state), (38, 255 - state)))
        assert (pdu.actor.state, pdu.partner.state) == (state, 255 - state)


@pytest.mark.parametrize(
    "changes",
    [pytest.param([(1, version)], id=f"version {version}") for version in (0, 2, 0xF1, 255)]
    + [
        pytest.param([(2, 0x07)], id="actor type"),
        pytest.param([(22, 0x09)], id="partner type"),
        pytest.param([(42, 0x55)], id="collector type"),
        pytest.param([(58, 0x66)], id="terminator type"),
        pytest.param([(59, 2)], id="terminator length"),
        pytest.param([(19, 1), (41, 2), (57, 3), (109, 4)], id="reserved"),
    ],
)
def test_what_is_not_validated_is_read_past_and_kept(changes: list[tuple[int, int]]) -> None:
    octets = altered(*changes)
    pdu = Lacpdu.decode(octets)
    assert (pdu.actor, pdu.partner, pdu.collector_max_delay) == (ACTOR, PARTNER, 0x0A0B)
    assert pdu.encode() == octets


@pytest.mark.parametrize("tail", [bytes(4), bytes.fromhex("64080a0b0c0d0e0f"), bytes(1390)])
def test_trailing_octets_are_kept(tail: bytes) -> None:
    pdu = Lacpdu.decode(OCTETS + tail)
    assert (pdu.actor, pdu.partner, pdu.tlvs) == (ACTOR, PARTNER, ())
    assert pdu.encode() == OCTETS + tail


@pytest.mark.parametrize("length", range(110))
def test_a_truncated_lacpdu_is_refused(length: int) -> None:
    with pytest.raises(DecodeError, match=f"payload of {length} octets, expected at least 110"):
        Lacpdu.decode(OCTETS[:length])


@pytest.mark.parametrize(
    ("offset", "name", "expected"),
    [
        (3, "Actor_Information_Length", 20),
        (23, "Partner_Information_Length", 20),
        (43, "Collector_Information_Length", 16),
    ],
)
def test_a_wrong_length_is_refused_with_its_place(offset: int, name: str, expected: int) -> None:
    for length in (0, 1, 19, 21, 255):
        message = f"{name} is {length} at offset {14 + offset}, expected {expected}"
        with pytest.raises(DecodeError, match=message):
            Lacpdu.decode(altered((offset, length)))


def test_another_subtype_is_refused() -> None:
    with pytest.raises(DecodeError, match="subtype 2 at offset 14, expected 1"):
        Lacpdu.decode(altered((0, 2)))


VERSION_2 = (PortAlgorithm(bytes.fromhex("0080c201")), ConversationDigest(3, bytes(range(16))))


def test_tlvs_stand_before_the_terminator_and_the_padding_shrinks() -> None:
    octets = replace(PDU, version=2, tlvs=VERSION_2).encode()
    assert octets[:2] == b"\x01\x02"
    assert octets[2:58] == OCTETS[2:58]
    assert octets[58:84] == bytes.fromhex("04060080c201 05140003") + bytes(range(16))
    assert octets[84:] == bytes(110 - 84)
    assert Lacpdu.decode(octets) == replace(PDU, version=2, tlvs=VERSION_2)


def test_retry_counts_of_version_f1() -> None:
    tlvs = (RetryCount(5), RetryCount(3, partner=True))
    octets = replace(PDU, version=0xF1, tlvs=tlvs).encode()
    assert octets[58:] == bytes.fromhex("80040500 81040300 0000") + bytes(42)
    assert Lacpdu.decode(octets).tlvs == tlvs


@pytest.mark.parametrize(("size", "payload"), [(46, 110), (50, 110), (51, 111), (120, 180)])
def test_a_long_lacpdu_ends_with_its_terminator(size: int, payload: int) -> None:
    pdu = replace(PDU, version=2, tlvs=(UnknownTlv(0x7E, b"\x01" * (size - 2)),))
    octets = pdu.encode()
    assert len(octets) == payload
    assert Lacpdu.decode(octets) == pdu


def test_anything_illegal_can_be_built() -> None:
    envelope = Envelope(
        subtype=9,
        actor_type=10,
        actor_length=11,
        actor_reserved=b"aaa",
        partner_type=12,
        partner_length=13,
        partner_reserved=b"bbb",
        collector_type=14,
        collector_length=15,
        collector_reserved=b"cccccccccccc",
        tail=b"",
    )
    octets = replace(PDU, envelope=envelope).encode()
    expected = bytearray(OCTETS[:58])
    expected[0] = 9
    expected[2:4], expected[19:22] = b"\x0a\x0b", b"aaa"
    expected[22:24], expected[39:42] = b"\x0c\x0d", b"bbb"
    expected[42:44], expected[46:58] = b"\x0e\x0f", b"cccccccccccc"
    assert octets == expected


def test_reserved_octets_keep_their_number() -> None:
    with pytest.raises(UsageError, match="actor_reserved of 4 octets, expected 3"):
        Envelope(actor_reserved=bytes(4))
    with pytest.raises(UsageError, match="partner_reserved of 2 octets, expected 3"):
        Envelope(partner_reserved=bytes(2))
    with pytest.raises(UsageError, match="collector_reserved of 3 octets, expected 12"):
        Envelope(collector_reserved=bytes(3))


@pytest.mark.parametrize(
    ("pdu", "field"),
    [
        (replace(PDU, version=256), "version"),
        (replace(PDU, collector_max_delay=-1), "collector_max_delay"),
        (replace(PDU, actor=replace(ACTOR, key=0x10000)), "actor_key"),
        (replace(PDU, partner=replace(PARTNER, port=70000)), "partner_port"),
    ],
)
def test_a_number_out_of_range_is_the_callers_mistake(pdu: Lacpdu, field: str) -> None:
    with pytest.raises(UsageError, match=f"LACPDU does not encode: .*{field}"):
        pdu.encode()


def test_an_unknown_partner_is_all_zero() -> None:
    pdu = Lacpdu.decode(Lacpdu(ACTOR, PortInfo()).encode())
    assert pdu.partner == PortInfo()
    assert pdu.partner.system == NO_MAC


def test_every_tlv_type_survives_beside_others() -> None:
    tlvs: tuple[Tlv, ...] = tuple(UnknownTlv(kind, b"\xff") for kind in range(1, 256))
    pdu = replace(PDU, version=2, tlvs=tlvs)
    assert Lacpdu.decode(pdu.encode()) == pdu

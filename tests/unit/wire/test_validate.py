"""The judge of transmitted frames: silent on a good one, and one finding for each thing wrong."""

import zlib
from dataclasses import replace

import pytest

from lacp.address import NO_MAC, SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.wire.lacpdu import Envelope, Lacpdu
from lacp.wire.marker import Marker, MarkerEnvelope
from lacp.wire.slow import ethernet
from lacp.wire.tlv import (
    ConversationDigest,
    ConversationMask,
    ConversationMask1,
    MaskState,
    PortAlgorithm,
    RetryCount,
    ServiceMappingDigest,
    Tlv,
    UnknownTlv,
)
from lacp.wire.validate import Deviation, Field, Severity, validate

FAIL, WARN = Severity.FAIL, Severity.WARN

SYSTEM = Mac.parse("02:00:00:00:00:01")
GROUP = Mac.parse("03:00:00:00:00:01")
ACTOR = PortInfo(0x8000, SYSTEM, 1, 0x8000, 1, PortState(0x3D))
PDU = Lacpdu(ACTOR, PortInfo())
MARKER = Marker(1, SYSTEM, 7)

ALGORITHM = PortAlgorithm(b"\x00\x80\xc2\x01")
DIGEST = ConversationDigest(1, bytes(16))


def frame(pdu: Lacpdu | Marker) -> bytes:
    return ethernet(SLOW_PROTOCOLS_MULTICAST, SYSTEM, pdu.encode())


def version_2(*tlvs: Tlv) -> bytes:
    return frame(replace(PDU, version=2, tlvs=(ALGORITHM, DIGEST, *tlvs)))


def judge(octets: bytes) -> list[tuple[int, str, str]]:
    """Offset, severity and message of each finding."""
    return [(d.offset, d.severity, d.message) for d in validate(octets)]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(frame(PDU), id="version 1"),
        pytest.param(frame(replace(PDU, partner=ACTOR, collector_max_delay=9)), id="partner"),
        pytest.param(version_2(), id="version 2"),
        pytest.param(version_2(ServiceMappingDigest(bytes(16))), id="service mapping"),
        pytest.param(
            version_2(
                ConversationMask1(MaskState(7), bytes(128)),
                *(ConversationMask(part, bytes(128)) for part in (2, 3, 4)),
            ),
            id="long",
        ),
        pytest.param(frame(MARKER), id="marker"),
        pytest.param(frame(MARKER.respond()), id="marker response"),
    ],
)
def test_nothing_against_a_good_frame_with_or_without_fcs(octets: bytes) -> None:
    assert validate(octets) == []
    assert validate(octets + zlib.crc32(octets).to_bytes(4, "little")) == []


def test_a_finding_says_all_about_itself() -> None:
    octets = frame(replace(PDU, envelope=Envelope(actor_length=19)))
    (finding,) = validate(octets)
    assert finding == Deviation(
        offset=17,
        field=Field.ACTOR_LENGTH,
        clause="6.4.2.3",
        found="19",
        expected="20",
        message="Actor_Information_Length is 19, expected 20",
        severity=FAIL,
    )
    assert str(finding) == (
        "fail: Actor_Information_Length is 19, expected 20, at offset 17 (6.4.2.3)"
    )


def test_every_deviation_of_a_lacpdu_in_one_go() -> None:
    envelope = Envelope(
        actor_type=4,
        actor_length=5,
        actor_reserved=b"\x00\x01\x00",
        partner_type=6,
        partner_length=7,
        partner_reserved=b"\x00\x00\x01",
        collector_type=8,
        collector_length=9,
        collector_reserved=bytes(11) + b"\x01",
        tail=b"\x0a\x02" + bytes(49) + b"\x01",
    )
    pdu = Lacpdu(PortInfo(), PortInfo(), envelope=envelope)
    assert judge(frame(pdu)) == [
        (16, FAIL, "Actor TLV_type is 4, expected 1"),
        (17, FAIL, "Actor_Information_Length is 5, expected 20"),
        (20, FAIL, "Actor_System is 00:00:00:00:00:00, expected an address"),
        (26, WARN, "Actor_Key is 0, expected another number"),
        (30, FAIL, "Actor_Port is 0, expected another number"),
        (34, FAIL, "Reserved of the Actor TLV is 0x01, expected zeros"),
        (36, FAIL, "Partner TLV_type is 6, expected 2"),
        (37, FAIL, "Partner_Information_Length is 7, expected 20"),
        (55, FAIL, "Reserved of the Partner TLV is 0x01, expected zeros"),
        (56, FAIL, "Collector TLV_type is 8, expected 3"),
        (57, FAIL, "Collector_Information_Length is 9, expected 16"),
        (71, FAIL, "Reserved of the Collector TLV is 0x01, expected zeros"),
        (72, FAIL, "Terminator TLV_type is 10, expected 0"),
        (73, FAIL, "Terminator_Length is 2, expected 0"),
        (123, FAIL, "Reserved after the Terminator is 0x01, expected zeros"),
    ]


@pytest.mark.parametrize("version", [0, 3, 0xF1])
def test_the_version(version: int) -> None:
    found = judge(frame(replace(PDU, version=version, tlvs=(ALGORITHM, DIGEST))))
    assert found == [(15, FAIL, f"Version_Number is {version}, expected 1 or 2")]


def test_a_group_address_is_no_system() -> None:
    found = judge(frame(replace(PDU, actor=replace(ACTOR, system=GROUP))))
    assert found == [
        (20, FAIL, "Actor_System is 03:00:00:00:00:01, expected an individual address")
    ]


def impossible(state: PortState) -> bool:
    synchronized = PortState.SYNCHRONIZATION in state
    collecting, distributing = PortState.COLLECTING in state, PortState.DISTRIBUTING in state
    return (
        (distributing and not collecting)
        or (collecting and not synchronized)
        or (PortState.EXPIRED in state and (collecting or distributing))
    )


@pytest.mark.parametrize("state", PORT_STATES)
def test_states_that_no_machine_shows(state: PortState) -> None:
    found = validate(frame(replace(PDU, actor=replace(ACTOR, state=state))))
    assert bool(found) == impossible(state)
    assert {(d.offset, d.severity) for d in found} <= {(32, FAIL)}
    # What the partner's state shows is what was heard of it and computed from it.
    assert validate(frame(replace(PDU, partner=replace(ACTOR, state=state)))) == []


def test_a_state_is_spelled_out() -> None:
    found = judge(frame(replace(PDU, actor=replace(ACTOR, state=PortState(0xA5)))))
    state = "Actor_State is 0xa5 (activity, aggregation, distributing, expired)"
    assert found == [
        (32, FAIL, f"{state}, expected Collecting with Distributing"),
        (32, FAIL, f"{state}, expected neither Collecting nor Distributing with Expired"),
    ]


@pytest.mark.parametrize("length", [*range(14, 124), 125, 128, 1514])
def test_the_size_of_version_1(length: int) -> None:
    octets = (frame(PDU) + bytes(1400))[:length]
    found = judge(octets)
    if length == 14:
        assert found == [(14, FAIL, "subtype is missing, expected 1 (LACP) or 2 (Marker)")]
    else:
        assert found == [(14, FAIL, f"payload is of {length - 14} octets, expected 110")]


def test_the_size_of_version_2() -> None:
    short = version_2()[:100]
    assert judge(short) == [(14, FAIL, "payload is of 86 octets, expected at least 110")]
    assert judge(version_2() + bytes(20)) == []


def test_no_frame_is_that_long() -> None:
    found = judge(version_2() + bytes(1391))
    assert found == [(14, FAIL, "payload is of 1501 octets, expected at most 1500")]


def test_the_header() -> None:
    unicast, ethertype = SYSTEM, "0800"
    octets = unicast + GROUP + bytes.fromhex(ethertype) + bytes(110)
    assert judge(octets) == [
        (0, FAIL, "destination is 02:00:00:00:00:01, expected 01:80:c2:00:00:02"),
        (6, FAIL, "source is 03:00:00:00:00:01, expected an individual address"),
        (12, FAIL, "EtherType is 0x0800, expected 0x8809"),
    ]
    octets = ethernet(SLOW_PROTOCOLS_MULTICAST, NO_MAC, PDU.encode())
    assert judge(octets) == [(6, WARN, "source is 00:00:00:00:00:00, expected an address")]


def test_another_configured_destination() -> None:
    bridge = Mac.parse("01:80:c2:00:00:00")
    octets = ethernet(bridge, SYSTEM, PDU.encode())
    assert validate(octets, bridge) == []
    assert [d.offset for d in validate(octets)] == [0]


def test_what_stands_behind_tags_is_judged_too() -> None:
    octets = frame(replace(PDU, envelope=Envelope(partner_type=9)))
    tags = bytes.fromhex("88a8 0001 8100 0002")
    assert judge(octets[:12] + tags + octets[12:]) == [
        (12, FAIL, "EtherType is a tag (0x88a8), expected 0x8809 untagged"),
        (16, FAIL, "EtherType is a tag (0x8100), expected 0x8809 untagged"),
        (44, FAIL, "Partner TLV_type is 9, expected 2"),
    ]


@pytest.mark.parametrize("length", range(14))
def test_a_header_that_is_cut_off(length: int) -> None:
    found = [d.message for d in validate(frame(PDU)[:length])]
    missing = "missing" if length < 13 else "0x88"
    assert found[-1] == f"EtherType is {missing}, expected 0x8809"
    assert len(found) == (2 if length < 6 else 1)


@pytest.mark.parametrize("subtype", [0, 3, 10, 255])
def test_another_protocol(subtype: int) -> None:
    octets = frame(replace(PDU, envelope=Envelope(subtype=subtype)))
    assert judge(octets) == [(14, FAIL, f"subtype is {subtype}, expected 1 (LACP) or 2 (Marker)")]


def test_tlvs_that_version_2_does_not_know() -> None:
    assert judge(version_2(UnknownTlv(0x0B, b""), RetryCount(3))) == [
        (98, WARN, "TLV_type is 0x0b, expected one of version 2"),
        (100, WARN, "TLV_type is 0x80, expected one of version 2"),
    ]


def test_tlvs_that_version_2_expects() -> None:
    assert judge(frame(replace(PDU, version=2))) == [
        (72, WARN, "TLV list is without type 0x04, expected one in version 2"),
        (72, WARN, "TLV list is without type 0x05, expected one in version 2"),
    ]


def test_a_tlv_of_the_wrong_length_or_twice() -> None:
    tlvs = (UnknownTlv(0x04, b""), UnknownTlv(0x06, b""))
    assert judge(version_2(*tlvs)) == [
        (98, WARN, "TLV_type is 0x04 again, expected each once"),
        (99, FAIL, "length of TLV 0x04 is 2, expected 6"),
        (101, FAIL, "length of TLV 0x06 is 2, expected 131"),
    ]


def test_reserved_bits_of_the_mask_state() -> None:
    found = judge(version_2(ConversationMask1(MaskState(0x41), bytes(128))))
    assert found == [(100, FAIL, "Mask_State is 0x41, expected reserved bits 0xf8 clear")]


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        (b"", "no octet left"),
        (b"\x00", "00"),
        (b"\x05", "05"),
        (b"\x7e\x01" + bytes(60), "7e01"),
        (b"\x7e\x40" + bytes(60), "7e40"),
    ],
)
def test_a_list_that_ends_without_terminator(tail: bytes, found: str) -> None:
    tlvs = (ALGORITHM, DIGEST, UnknownTlv(0x0A, bytes(16)), UnknownTlv(0x0A, bytes(16)))
    pdu = replace(PDU, version=2, tlvs=tlvs, envelope=Envelope(tail=tail))
    messages = {(d.offset, d.message) for d in validate(frame(pdu)) if d.severity is FAIL}
    expected = f"TLV list is cut short ({found}), expected a TLV or Terminator"
    assert messages == {(134, expected)}


def test_terminator_and_padding_of_version_2() -> None:
    envelope = Envelope(tail=b"\x00\x02" + bytes(24) + b"\x01")
    pdu = replace(PDU, version=2, tlvs=(ALGORITHM, DIGEST), envelope=envelope)
    assert judge(frame(pdu)) == [
        (99, FAIL, "Terminator_Length is 2, expected 0"),
        (124, FAIL, "Reserved after the Terminator is 0x01, expected zeros"),
    ]


ODD = replace(
    MARKER,
    version=2,
    requester_port=0,
    requester_system=GROUP,
    envelope=MarkerEnvelope(pad=b"\x00\x01", tail=b"\x01\x02" + bytes(90) + b"\x03"),
)


def odd(severity: Severity) -> list[tuple[int, str, str]]:
    return [
        (14, severity, "payload is of 111 octets, expected 110"),
        (15, severity, "Version_Number is 2, expected 1"),
        (18, severity, "Requester_Port is 0, expected another number"),
        (20, severity, "Requester_System is 03:00:00:00:00:01, expected an individual address"),
        (31, severity, "Pad is 0x01, expected zeros"),
        (32, severity, "Terminator TLV_type is 1, expected 0"),
        (33, severity, "Terminator_Length is 2, expected 0"),
    ]


def test_every_deviation_of_a_marker_in_one_go() -> None:
    assert judge(frame(ODD)) == odd(FAIL)


def test_a_response_is_not_blamed_for_what_it_repeats() -> None:
    assert judge(frame(ODD.respond())) == odd(WARN)


def test_type_and_length_of_a_marker() -> None:
    envelope = MarkerEnvelope(type=3, length=0x16)
    found = judge(frame(replace(MARKER, requester_system=NO_MAC, envelope=envelope)))
    assert found == [
        (16, FAIL, "Marker TLV_type is 3, expected 1 or 2"),
        (17, FAIL, "Marker length is 22, expected 16"),
        (20, FAIL, "Requester_System is 00:00:00:00:00:00, expected an address"),
    ]
    found = judge(frame(replace(MARKER, envelope=MarkerEnvelope(type=2, length=0))))
    assert found == [(17, FAIL, "Marker length is 0, expected 16")]

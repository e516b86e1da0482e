"""Any octets in: a value that encodes to them, or DecodeError; never anything else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.errors import DecodeError
from lacp.info import PORT_STATES, PortInfo
from lacp.wire.lacpdu import Envelope, Lacpdu
from lacp.wire.marker import Marker, MarkerEnvelope
from lacp.wire.slow import Kind, classify, decode, ethernet
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
    walk,
)
from lacp.wire.validate import validate

SOURCE = Mac.parse("02:00:00:00:00:01")

octet = st.integers(0, 0xFF)
short = st.integers(0, 0xFFFF)


def octets(length: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=length, max_size=length)


macs = octets(6).map(Mac)
infos = st.builds(PortInfo, short, macs, short, short, short, st.sampled_from(PORT_STATES))
tlvs: st.SearchStrategy[Tlv] = st.one_of(
    st.builds(PortAlgorithm, octets(4)),
    st.builds(ConversationDigest, short, octets(16)),
    st.builds(ConversationMask1, octet.map(MaskState), octets(128)),
    st.builds(ConversationMask, st.sampled_from((2, 3, 4)), octets(128)),
    st.builds(ServiceMappingDigest, octets(16)),
    st.builds(RetryCount, octet, st.booleans(), octet),
    # Types of nobody, so that none of them reads as one of the above.
    st.builds(UnknownTlv, st.integers(0x0B, 0x7F), st.binary(max_size=253)),
)
lacpdus = st.builds(
    Lacpdu,
    infos,
    infos,
    short,
    octet,
    st.lists(tlvs, max_size=6).map(tuple),
    st.builds(
        Envelope,
        actor_type=octet,
        actor_reserved=octets(3),
        partner_type=octet,
        partner_reserved=octets(3),
        collector_type=octet,
        collector_reserved=octets(12),
    ),
)
markers = st.builds(
    Marker,
    short,
    macs,
    st.integers(0, 0xFFFFFFFF),
    st.booleans(),
    octet,
    st.builds(MarkerEnvelope, pad=octets(2), tail=st.binary(min_size=92, max_size=200)),
)
valid = st.one_of(lacpdus, markers).map(lambda pdu: pdu.encode())


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good payload with a few octets changed: gets further into the codecs than noise does."""
    payload = bytearray(draw(valid))
    for _ in range(draw(st.integers(1, 4))):
        payload[draw(st.integers(0, len(payload) - 1))] = draw(octet)
    return bytes(payload)


def lacp_shaped(rest: bytes) -> bytes:
    """A payload with the lengths that a receiver asks for, and anything everywhere else."""
    payload = bytearray(rest)
    payload[0], payload[3], payload[23], payload[43] = 1, 20, 20, 16
    return bytes(payload)


payloads = st.one_of(
    st.binary(max_size=300),
    st.binary(min_size=110, max_size=700).map(lacp_shaped),
    valid,
    spoilt(),
)


def attempt(
    codec: Callable[[bytes], Lacpdu | Marker], payload: bytes
) -> tuple[Lacpdu | Marker | None, str]:
    """The value, or why there is none."""
    try:
        return codec(payload), ""
    except DecodeError as error:
        return None, str(error)


@given(lacpdus)
def test_a_lacpdu_decodes_to_itself(pdu: Lacpdu) -> None:
    assert Lacpdu.decode(pdu.encode()) == pdu


@given(markers)
def test_a_marker_decodes_to_itself(marker: Marker) -> None:
    assert Marker.decode(marker.encode()) == marker


@given(payloads)
@example(b"")
@example(b"\x01")
@example(b"\x02")
def test_any_octets_are_a_value_that_encodes_to_them_or_a_decode_error(payload: bytes) -> None:
    for codec in (Lacpdu.decode, Marker.decode, decode):
        value, reason = attempt(codec, payload)
        assert reason if value is None else value.encode() == payload


@given(valid, st.data())
def test_a_payload_cut_anywhere_below_its_size_is_refused(
    payload: bytes, data: st.DataObject
) -> None:
    short = payload[: data.draw(st.integers(0, 109))]
    with pytest.raises(DecodeError):
        decode(short)
    assert classify(ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, short)).kind is Kind.ILLEGAL


@given(payloads)
def test_the_verdict_and_the_codec_agree(payload: bytes) -> None:
    verdict = classify(ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, payload))
    assert verdict.payload == payload
    value, reason = attempt(decode, payload)
    assert verdict.reason == reason
    match value:
        case Lacpdu():
            assert verdict.kind is Kind.LACP
        case Marker(response=True):
            assert verdict.kind is Kind.MARKER_RESPONSE
        case Marker():
            assert verdict.kind is Kind.MARKER
        case None:
            assert verdict.kind in (Kind.OTHER, Kind.ILLEGAL)


@given(st.one_of(st.binary(max_size=300), valid), st.binary(max_size=18))
def test_any_frame_is_classified_and_judged(payload: bytes, header: bytes) -> None:
    for frame in (header + payload, ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, payload)):
        verdict = classify(frame)
        ours = verdict.kind in (Kind.LACP, Kind.MARKER, Kind.MARKER_RESPONSE)
        assert ours == (verdict.reason == "")
        findings = validate(frame)
        assert [finding.offset for finding in findings] == sorted(f.offset for f in findings)
        assert ours or findings


@given(spoilt())
def test_a_spoilt_frame_is_classified_and_judged(payload: bytes) -> None:
    frame = ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, payload)
    assert classify(frame).payload == payload
    for finding in validate(frame):
        assert finding.expected in finding.message
        assert finding.found in finding.message


@given(st.binary(max_size=600))
def test_the_walk_loses_nothing(octets: bytes) -> None:
    found, rest = walk(octets)
    assert b"".join(tlv.encode() for tlv in found) + rest == octets


@given(markers)
def test_a_response_differs_in_its_type_alone(marker: Marker) -> None:
    request = replace(marker, response=False)
    asked, answered = request.encode(), request.respond().encode()
    assert answered == asked[:2] + b"\x02" + asked[3:]

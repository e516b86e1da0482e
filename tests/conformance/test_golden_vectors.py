"""Frames that others published, against what was noted of them and against tshark."""

from pathlib import Path
from typing import Any

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import PortInfo
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.slow import Classification, Kind, classify, decode, ethernet
from lacp.wire.validate import validate
from tests.reference import golden, pcap
from tests.tshark import assert_agree, dissected

SOURCE = Mac.parse("02:00:00:00:00:01")

VECTORS = golden("lacp_vectors.json")["vectors"]

LACP = frozenset({Kind.LACP})
MARKERS = frozenset({Kind.MARKER, Kind.MARKER_RESPONSE})
REFUSED = frozenset(Kind) - LACP - MARKERS

#: What may become of a frame, by the reading of its collector. A strict parser may refuse some that
#: are accepted here: TLV types, the version and the Terminator are not validated (6.4.12).
VERDICTS = {
    "valid": LACP,
    "valid-lenient": LACP,
    "malformed": REFUSED,
    "malformed-or-lenient": LACP | {Kind.ILLEGAL},
    "marker": MARKERS,
    "tagged": frozenset({Kind.FOREIGN}),
    "valid-other-da": frozenset({Kind.FOREIGN}),
    "not-lacp": frozenset({Kind.OTHER, Kind.FOREIGN}),
    "unknown-subtype": frozenset({Kind.ILLEGAL}),
}


def frame_of(vector: dict[str, Any]) -> bytes:
    octets = bytes.fromhex(vector["hex"])
    match vector["layer"]:
        case "ethernet":
            return octets
        case "slow payload":
            return ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, octets)
        case "lacp (after subtype octet)":
            return ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, b"\x01" + octets)
        case "actor TLV only":
            whole = b"\x01\x01" + octets + Lacpdu(PortInfo(), PortInfo()).encode()[22:]
            return ethernet(SLOW_PROTOCOLS_MULTICAST, SOURCE, whole)
        case layer:
            raise AssertionError(f"layer {layer}")


def sent_to_it(frame: bytes) -> Classification:
    """The verdict of a port whose Protocol_DA is the destination of the frame."""
    return classify(frame, Mac(frame[:6]))


def flat(info: PortInfo, reserved: bytes) -> dict[str, Any]:
    """The fields of one end as the golden file has them."""
    return {
        "system_priority": info.system_priority,
        "system": str(info.system),
        "key": info.key,
        "port_priority": info.port_priority,
        "port": info.port,
        "state": f"{info.state:#04x}",
        "flags": [flag.upper().removeprefix("SHORT_") for flag in info.state.flags],
        "reserved": reserved.hex(),
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_a_vector_is_what_it_is_noted_as(vector: dict[str, Any]) -> None:
    frame = frame_of(vector)
    verdict = classify(frame)
    assert verdict.kind in VERDICTS[vector["expect"]], verdict
    validate(frame)
    if vector["expect"] == "malformed-or-lenient":
        assert (verdict.kind is Kind.LACP) == (len(verdict.payload) >= 110)


READABLE = [v for v in VECTORS if sent_to_it(frame_of(v)).kind in LACP | MARKERS]


@pytest.mark.parametrize("vector", READABLE, ids=lambda vector: vector["id"])
def test_the_fields_of_a_vector(vector: dict[str, Any]) -> None:
    verdict = sent_to_it(frame_of(vector))
    expected = vector["decoded"]
    pdu = decode(verdict.payload)
    assert pdu.encode() == verdict.payload
    if isinstance(pdu, Lacpdu):
        envelope = pdu.envelope
        assert flat(pdu.actor, envelope.actor_reserved) == expected["actor"]
        if "partner" in expected:
            assert flat(pdu.partner, envelope.partner_reserved) == expected["partner"]
            assert pdu.version == expected["version"]
            assert pdu.collector_max_delay == expected["collector_max_delay"]
            assert [envelope.actor_type, envelope.actor_length] == expected["tlv1"]
            assert [envelope.partner_type, envelope.partner_length] == expected["tlv2"]
            assert [envelope.collector_type, envelope.collector_length] == expected["tlv3"]
    else:
        assert pdu.version == expected["version"]
        assert pdu.requester_port == expected["requester_port"]
        assert str(pdu.requester_system) == expected["requester_system"]
        assert pdu.transaction == expected["transaction"]
        assert pdu.response == (expected["tlv"][0] == 2)


def test_tshark_reads_the_vectors_as_we_do(tmp_path: Path) -> None:
    sent = [frame_of(vector) for vector in VECTORS]
    path = tmp_path / "vectors.pcap"
    path.write_bytes(pcap(sent))
    for frame, layers in zip(sent, dissected(path), strict=True):
        assert_agree(frame, layers)

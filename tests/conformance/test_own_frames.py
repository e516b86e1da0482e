"""What we send, read by tshark: the fields, and for version 2 where each TLV begins and ends."""

from pathlib import Path
from typing import Any

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import PortInfo, PortState
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.slow import ethernet
from lacp.wire.tlv import (
    HEADER,
    ConversationDigest,
    ConversationMask,
    ConversationMask1,
    MaskState,
    PortAlgorithm,
    RetryCount,
    ServiceMappingDigest,
    Tlv,
)
from tests.reference import pcap
from tests.tshark import assert_agree, dissected

SYSTEM = Mac.parse("02:00:00:00:00:01")
ACTOR = PortInfo(0x0102, SYSTEM, 0x0304, 0x0506, 0x0708, PortState(0x3D))
PARTNER = PortInfo(0x1112, Mac.parse("02:00:00:00:00:02"), 0x1314, 0x1516, 0x1718, PortState(0xC7))

SHORT_TLVS: tuple[Tlv, ...] = (
    PortAlgorithm(b"\x00\x80\xc2\x01"),
    ConversationDigest(7, bytes(range(16))),
    ServiceMappingDigest(bytes(range(16))),
)
MASKS: tuple[Tlv, ...] = (
    ConversationMask1(MaskState.ACTOR_PARTNER_SYNC, bytes(range(128))),
    *(ConversationMask(part, bytes(range(128))) for part in (2, 3, 4)),
)


def dissection(tmp_path: Path, pdu: Lacpdu | Marker) -> tuple[bytes, dict[str, Any]]:
    frame = ethernet(SLOW_PROTOCOLS_MULTICAST, SYSTEM, pdu.encode())
    path = tmp_path / "frame.pcap"
    path.write_bytes(pcap([frame]))
    (layers,) = dissected(path)
    return frame, layers


@pytest.mark.parametrize(
    "pdu",
    [
        pytest.param(Lacpdu(ACTOR, PARTNER, 0x2122), id="version 1"),
        pytest.param(Lacpdu(ACTOR, PARTNER, 1, 2, SHORT_TLVS), id="version 2"),
        pytest.param(Lacpdu(ACTOR, PARTNER, 1, 2, SHORT_TLVS + MASKS), id="long"),
        pytest.param(
            Lacpdu(ACTOR, PARTNER, 0, 0xF1, (RetryCount(5), RetryCount(3, partner=True))),
            id="retry counts",
        ),
    ],
)
def test_a_lacpdu(tmp_path: Path, pdu: Lacpdu) -> None:
    frame, layers = dissection(tmp_path, pdu)
    assert_agree(frame, layers)
    assert "_ws.malformed" not in layers
    tlvs = [(1, 20), (2, 20), (3, 16)]
    tlvs += [(tlv.kind, HEADER + len(tlv.value)) for tlv in pdu.tlvs]
    tlvs += [(0, 0)]
    assert layers["lacp"]["lacp.tlv_type"] == [f"{kind:#04x}" for kind, _ in tlvs]
    assert layers["lacp"]["lacp.tlv_length"] == [f"{length:#04x}" for _, length in tlvs]


@pytest.mark.parametrize("response", [False, True])
def test_a_marker(tmp_path: Path, response: bool) -> None:
    marker = Marker(0x0102, SYSTEM, 0x03040506, response)
    frame, layers = dissection(tmp_path, marker)
    assert_agree(frame, layers)
    assert "_ws.malformed" not in layers

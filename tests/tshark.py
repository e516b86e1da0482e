"""tshark as an independent reader of LACPDUs and Marker PDUs."""

import json
import subprocess
from pathlib import Path
from typing import Any

from lacp.address import Mac
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker
from lacp.wire.slow import Kind, classify, decode
from tests.lab import need_tool


def dissected(path: Path) -> list[dict[str, Any]]:
    """The layers of each frame as tshark has them; a field that occurs again is a list."""
    need_tool("tshark")
    command = ["tshark", "-r", str(path), "-T", "json", "--no-duplicate-keys"]
    done = subprocess.run(command, capture_output=True, check=True)
    return [packet["_source"]["layers"] for packet in json.loads(done.stdout)]


def marker_fields(marker: Marker) -> dict[str, str]:
    """What tshark should say of a Marker PDU, by its names and in its notation."""
    return {
        "marker.version": f"{marker.version:#04x}",
        "marker.requesterPort": str(marker.requester_port),
        "marker.requesterSystem": str(marker.requester_system),
        "marker.requesterTransId": str(marker.transaction),
        "marker.requesterPad": str(int.from_bytes(marker.envelope.pad, "big")),
    }


def lacpdu_fields(pdu: Lacpdu) -> dict[str, str]:
    """What tshark should say of a LACPDU."""
    fields = {
        "lacp.version": f"{pdu.version:#04x}",
        "lacp.collector.max_delay": str(pdu.collector_max_delay),
        "lacp.coll_reserved": pdu.envelope.collector_reserved.hex(":"),
    }
    for role, info, reserved in (
        ("actor", pdu.actor, pdu.envelope.actor_reserved),
        ("partner", pdu.partner, pdu.envelope.partner_reserved),
    ):
        fields |= {
            f"lacp.{role}.sys_priority": str(info.system_priority),
            f"lacp.{role}.sysid": str(info.system),
            f"lacp.{role}.key": str(info.key),
            f"lacp.{role}.port_priority": str(info.port_priority),
            f"lacp.{role}.port": str(info.port),
            f"lacp.{role}.state": f"{info.state:#04x}",
            f"lacp.{role}.reserved": reserved.hex(":"),
        }
    return fields


def assert_agree(frame: bytes, layers: dict[str, Any]) -> None:
    """What is decoded of `frame`, if anything, is what tshark makes of it."""
    verdict = classify(frame, Mac(frame[:6]))
    if verdict.kind not in (Kind.LACP, Kind.MARKER, Kind.MARKER_RESPONSE):
        return
    pdu = decode(verdict.payload)
    if isinstance(pdu, Marker):
        theirs = layers["marker"]
        ours = marker_fields(pdu)
        assert theirs["marker.tlvType"][0] == ("0x02" if pdu.response else "0x01")
    else:
        theirs = layers["lacp"]
        ours = lacpdu_fields(pdu)
        envelope = pdu.envelope
        types = (envelope.actor_type, envelope.partner_type, envelope.collector_type)
        assert theirs["lacp.tlv_type"][:3] == [f"{octet:#04x}" for octet in types]
    assert {name: theirs[name] for name in ours} == ours

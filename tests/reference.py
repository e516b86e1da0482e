"""Real frames that are not ours to ship: found beside the repository, or the tests skip."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parent.parent.parent / "shared"


def captures() -> list[Path]:
    """The capture files, by name; empty when there are none."""
    return sorted((SHARED / "captures").glob("*.pcap*"))


def golden(name: str) -> Any:
    """One file of golden data; skips the test, or the whole module at its top, when absent."""
    path = SHARED / "golden" / name
    if not path.is_file():
        pytest.skip(f"no golden data {name} beside the repository", allow_module_level=True)
    return json.loads(path.read_text())


def frames(path: Path) -> Iterator[bytes]:
    """The Ethernet frames of a capture file in either format of libpcap."""
    octets = path.read_bytes()
    return _pcapng(octets) if octets[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(octets)


def pcap(frames: list[bytes]) -> bytes:
    """A capture file with these Ethernet frames."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, 1)
    return header + b"".join(
        struct.pack("<IIII", 0, number, len(frame), len(frame)) + frame
        for number, frame in enumerate(frames)
    )


def _pcap(octets: bytes) -> Iterator[bytes]:
    order = ">" if octets[0] == 0xA1 else "<"
    # The "modified" format of 1990s Linux, still written by some emulators, has more per record.
    (magic,) = struct.unpack_from(order + "I", octets)
    header = 24 if magic == 0xA1B2CD34 else 16
    at = 24
    while at < len(octets):
        (length,) = struct.unpack_from(order + "I", octets, at + 8)
        yield octets[at + header : at + header + length]
        at += header + length


def _pcapng(octets: bytes) -> Iterator[bytes]:
    order = "<" if octets[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at = 0
    while at < len(octets):
        kind, size = struct.unpack_from(order + "II", octets, at)
        if kind == 6:
            (length,) = struct.unpack_from(order + "I", octets, at + 20)
            yield octets[at + 28 : at + 28 + length]
        at += size

"""Real frames that are not ours to ship: found beside the repository, or the tests skip."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from lacp.capture.writer import CaptureWriter

SHARED = Path(__file__).parent.parent.parent / "shared"


def captures() -> list[Path]:
    """The capture files, by name; empty when there are none."""
    return sorted((SHARED / "captures").glob("*.pcap*"))


def golden(name: str) -> Any:
    """One file of golden data; skips the test, or the whole module at its top, when absent."""
    return json.loads(golden_text(name))


def golden_text(name: str) -> str:
    """The same as text."""
    path = SHARED / "golden" / name
    if not path.is_file():
        pytest.skip(f"no golden data {name} beside the repository", allow_module_level=True)
    return path.read_text()


def pcap(frames: list[bytes]) -> bytes:
    """A capture file with these Ethernet frames, a second apart."""
    stream = io.BytesIO()
    writer = CaptureWriter(stream)
    for second, frame in enumerate(frames):
        writer.write(frame, second)
    return stream.getvalue()

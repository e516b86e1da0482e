"""What is written is read again, by us and by tshark."""

import io
import subprocess
from pathlib import Path

import pytest

from lacp.capture.frame import Frame
from lacp.capture.writer import CaptureWriter
from lacp.errors import UsageError
from tests.capture_files import IPV4, SLOW, read
from tests.lab import need_tool


def test_what_is_written_is_read() -> None:
    stream = io.BytesIO()
    writer = CaptureWriter(stream)
    writer.write(IPV4, 1.0)
    writer.write(SLOW, 1.000000001)
    writer.write(SLOW[:60], 3.5, len(SLOW))
    assert read(stream.getvalue()) == [Frame(2, 1e-9, SLOW, 124), Frame(3, 2.5, SLOW[:60], 124)]


@pytest.mark.parametrize(
    ("octets", "time", "length"),
    [
        (SLOW, -0.1, None),
        (SLOW, 2.0**32, None),
        (SLOW, 0.0, 60),
        (SLOW, 0.0, 1 << 32),
        (bytes(262145), 0.0, None),
    ],
)
def test_what_the_format_has_no_room_for_is_refused(
    octets: bytes, time: float, length: int | None
) -> None:
    stream = io.BytesIO()
    writer = CaptureWriter(stream)
    with pytest.raises(UsageError):
        writer.write(octets, time, length)
    assert len(stream.getvalue()) == 24


def test_tshark_reads_what_is_written(tmp_path: Path) -> None:
    need_tool("tshark")
    path = tmp_path / "x.pcap"
    with path.open("wb") as stream:
        writer = CaptureWriter(stream)
        writer.write(SLOW, 1.0)
        writer.write(SLOW, 2.25, 200)
    fields = ("frame.time_epoch", "frame.cap_len", "frame.len", "eth.type")
    asked = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        ["1.000000000", "124", "124", "0x8809"],
        ["2.250000000", "124", "200", "0x8809"],
    ]

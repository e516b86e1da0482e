"""Where captures come from: files, standard input, gzip; and what is no capture at all."""

import io
import os
import sys
from pathlib import Path

import pytest

from lacp.capture.reader import Capture, open_capture
from lacp.errors import CaptureError
from tests.capture_files import IPV4, SLOW, gzipped, opened, pcap, pcap_header, pcapng

FRAMES = [(0, IPV4), (1_000_000_000, SLOW)]
FILES = {"pcap": pcap(FRAMES), "pcapng": pcapng(FRAMES)}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_opened_by_its_path(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(FILES[name])
    for where in (path, str(path)):
        with open_capture(where) as capture:
            assert [(frame.number, frame.time) for frame in capture] == [(2, 1.0)]
            assert (capture.name, capture.format, capture.total) == (str(path), name, 2)
    with open_capture(path, everything=True) as capture:
        assert [frame.number for frame in capture] == [1, 2]


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", FILES)
def test_gzip_is_known_by_its_magic_number(name: str, members: int) -> None:
    capture = opened(gzipped(FILES[name], members))
    assert [frame.number for frame in capture] == [2]
    assert (capture.format, capture.damage) == (name + ", gzip", None)


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, FILES["pcap"])
    os.close(writing)
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with open_capture("-") as capture:
            assert [frame.number for frame in capture] == [2]
            assert (capture.name, capture.damage) == ("standard input", None)


def test_a_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(CaptureError, match=r"^standard input is closed"), open_capture("-"):
        pass


def test_iterating_goes_on_where_it_stopped() -> None:
    capture = opened(pcap([(0, SLOW)] * 3))
    assert [next(iter(capture)).number, next(iter(capture)).number] == [1, 2]
    assert [frame.number for frame in capture] == [3]
    assert list(capture) == []


NO_CAPTURE = {
    "empty": (b"", "is empty, expected a pcap or pcapng file"),
    "text": (b"hello", "starts with 68 65 6c 6c, expected a pcap or pcapng file"),
    "an octet": (b"\x0a", "starts with 0a, expected a pcap or pcapng file"),
    "half a header": (pcap_header()[:12], "ends after 12 octets, expected a pcap header of 24"),
    "half a section": (
        pcapng([])[:8],
        "ends after 8 octets, expected a section header of 28",
    ),
    "a section of no byte order": (
        pcapng([])[:8] + bytes(20),
        "has 00 00 00 00 at offset 8, expected the byte-order magic of pcapng",
    ),
    "gzip of text": (
        gzipped(b"hello", 1),
        "starts with 68 65 6c 6c, expected a pcap or pcapng file",
    ),
    "gzip of nothing": (gzipped(b"", 1), "is empty, expected a pcap or pcapng file"),
    "gzip of gzip": (
        gzipped(gzipped(FILES["pcap"])),
        "is gzip inside gzip, expected a pcap or pcapng file inside",
    ),
    "half of gzip": (gzipped(FILES["pcap"])[:8], "gzip data ends early at offset 8"),
}


@pytest.mark.parametrize(("octets", "said"), NO_CAPTURE.values(), ids=NO_CAPTURE)
def test_what_is_no_capture_is_said_in_one_line(octets: bytes, said: str) -> None:
    with pytest.raises(CaptureError) as raised:
        opened(octets)
    assert str(raised.value) == f"test: {said}"


def test_what_cannot_be_opened_is_said_in_one_line(tmp_path: Path) -> None:
    said = {
        tmp_path: f"{tmp_path}: Is a directory, expected a capture file",
        tmp_path / "x": f"{tmp_path / 'x'}: No such file or directory, expected a capture file",
        Path("\0"): "\0: embedded null byte, expected a capture file",
    }
    for path, expected in said.items():
        with pytest.raises(CaptureError) as raised, open_capture(path):
            pass
        assert str(raised.value) == expected


class Failing(io.RawIOBase):
    """A disk that gives some octets, then an error; or a pipe that does not wait."""

    def __init__(self, octets: bytes, error: OSError | None) -> None:
        self._octets = octets
        self._error = error

    def readinto(self, room: memoryview) -> int | None:  # type: ignore[override]
        count = min(len(room), len(self._octets))
        room[:count] = self._octets[:count]
        self._octets = self._octets[count:]
        if count:
            return count
        if self._error:
            raise self._error
        return None


FAULTS = {
    "a disk error": (OSError(5, "Input/output error"), "reading failed: Input/output error"),
    "no waiting": (None, "reading failed: the stream has nothing now and does not wait"),
}


@pytest.mark.parametrize(("error", "said"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("name", FILES)
def test_a_read_that_fails_is_damage(name: str, error: OSError | None, said: str) -> None:
    whole = FILES[name]
    for octets in (whole, whole[:-3], gzipped(whole)):
        capture = Capture(Failing(octets, error), "test")
        assert [frame.number for frame in capture] == ([2] if octets != whole[:-3] else [])
        assert capture.damage == said
    for octets in (b"", whole[:2], whole[:10], gzipped(whole)[:20]):
        with pytest.raises(CaptureError) as raised:
            Capture(Failing(octets, error), "test")
        assert str(raised.value) == f"test: {said}"

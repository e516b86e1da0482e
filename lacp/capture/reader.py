"""The frames of a capture file, of any format, from anywhere.

A capture is read once, from its beginning to its end, by iterating over it: what is of interest to
slow protocols, or every frame when asked. The memory does not depend on the size of the file, and
no octets in it raise anything but CaptureError: a file that is damaged is read up to there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from lacp.capture.frame import Frame
from lacp.capture.gunzip import MAGIC as GZIP
from lacp.capture.gunzip import Inflated
from lacp.capture.pcap import Pcap, variant
from lacp.capture.pcapng import MAGIC as PCAPNG
from lacp.capture.pcapng import Pcapng
from lacp.capture.records import Records
from lacp.capture.window import Plain, Stream, Window
from lacp.errors import CaptureError

#: Octets asked for while the format is not known, and of compressed ones.
_FIRST = 4096
_PACKED = 0x10000


class Capture:
    """The frames of one capture, in their order; to be iterated over once.

    `stream` is read, never sought; `name` stands in messages. By default only frames of interest
    to slow protocols are yielded: EtherType 0x8809, also behind tags, or to 01:80:c2:00:00:02. All
    are counted. Raises CaptureError when `stream` holds no capture, or none of a known link type.
    """

    def __init__(self, stream: Stream, name: str, *, everything: bool = False) -> None:
        self.name = name
        window = Window(Plain(stream), _PACKED)
        packed = _begins(window, GZIP)
        if packed:
            window = Window(Inflated(window), _FIRST)
        try:
            self._records = _records(window, everything)
        except CaptureError as error:
            raise CaptureError(f"{name}: {error}") from None
        self.format = self._records.format + (", gzip" if packed else "")
        self._frames = self._read()

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    @property
    def total(self) -> int:
        """Frames up to now, of interest or not."""
        return self._records.total

    @property
    def damage(self) -> str | None:
        """Where and why reading ended early: one clause with offset, found and expected."""
        return self._records.damage

    @property
    def drops(self) -> int | None:
        """Frames that the capturing host says it lost; None when it does not say."""
        return self._records.drops

    @property
    def notes(self) -> list[str]:
        """What was passed over, one sentence each."""
        return self._records.notes

    def _read(self) -> Iterator[Frame]:
        try:
            yield from self._records
        except CaptureError as error:
            raise CaptureError(f"{self.name}: {error}") from None


def _begins(window: Window, magic: bytes) -> bool:
    window.need(len(magic))
    return window.buffer[window.at : window.end].startswith(magic)


def _records(window: Window, everything: bool) -> Records:
    """A reader for what the window begins with."""
    window.need(4)
    found = bytes(window.buffer[window.at : min(window.at + 4, window.end)])
    if found == PCAPNG:
        return Pcapng(window, everything)
    if len(found) == 4 and variant(found):
        return Pcap(window, everything)
    if window.fault:
        raise CaptureError(window.fault)
    if not found:
        raise CaptureError("is empty, expected a pcap or pcapng file")
    if found.startswith(GZIP):
        raise CaptureError("is gzip inside gzip, expected a pcap or pcapng file inside")
    raise CaptureError(f"starts with {found.hex(' ')}, expected a pcap or pcapng file")


@contextmanager
def open_capture(path: Path | str, *, everything: bool = False) -> Iterator[Capture]:
    """The capture in the file at `path`, or in standard input when that is `-`.

    Raises CaptureError when it cannot be opened, or as `Capture` does.
    """
    if str(path) == "-":
        # So Python has it when the process was started without one.
        if sys.stdin is None:
            raise CaptureError("standard input is closed, expected a capture file")
        yield Capture(sys.stdin.buffer, "standard input", everything=everything)
        return
    try:
        stream = FileIO(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CaptureError(f"{path}: {reason}, expected a capture file") from None
    with stream:
        yield Capture(stream, str(path), everything=everything)

"""Writes Ethernet frames as a pcap file with nanoseconds."""

from __future__ import annotations

import struct
from typing import Protocol

from lacp.capture.records import MAX_FRAME, SECOND
from lacp.errors import UsageError

_ETHERNET = 1


class Sink(Protocol):
    """Where octets go: files, pipes, `io.BytesIO`."""

    def write(self, octets: bytes, /) -> object: ...


class CaptureWriter:
    """Writes the header at once, then a record for each frame; flushing and closing is yours."""

    def __init__(self, stream: Sink) -> None:
        self._stream = stream
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, MAX_FRAME, _ETHERNET))

    def write(self, octets: bytes, time: float, length: int | None = None) -> None:
        """Add a frame at `time`, in seconds from 1970 or from any moment of yours.

        `length` is what it had on the wire, when `octets` are not all of it. Raises UsageError for
        a time or a length that the format has no room for.
        """
        seconds, nanoseconds = divmod(round(time * SECOND), SECOND)
        length = len(octets) if length is None else length
        if not 0 <= seconds < 1 << 32:
            raise UsageError(f"a frame at {time} s, expected 0 to {(1 << 32) - 1}")
        if len(octets) > MAX_FRAME or not len(octets) <= length < 1 << 32:
            raise UsageError(
                f"{len(octets)} octets of a frame of {length}, expected at most {MAX_FRAME} of them"
            )
        self._stream.write(struct.pack("<IIII", seconds, nanoseconds, len(octets), length) + octets)

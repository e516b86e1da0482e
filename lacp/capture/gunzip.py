"""gzip (RFC 1952) as a source: any number of members, inflated no further than there is room."""

from __future__ import annotations

import zlib

from lacp.capture.window import Window

MAGIC = b"\x1f\x8b"
#: Compressed octets given to zlib at once.
STEP = 0x10000


class Inflated:
    """What the gzip members of a window hold."""

    whose = " of the inflated file"

    def __init__(self, packed: Window) -> None:
        self.fault: str | None = None
        self._packed = packed
        self._step = STEP
        self._zlib = self._member()

    @staticmethod
    def _member() -> zlib._Decompress:
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def readinto(self, room: memoryview) -> int:
        while self.fault is None:
            if self._zlib.eof and not self._next_member():
                return 0
            octets = self._inflate(len(room))
            if octets:
                room[: len(octets)] = octets
                return len(octets)
        return 0

    def _next_member(self) -> bool:
        """Begin with the next member; False at the end. Zeros fill up a tape block (gzip(1))."""
        packed = self._packed
        while packed.need(1) and packed.buffer[packed.at] == 0:
            packed.at += 1
        self._zlib = self._member()
        if not packed.ahead:
            self.fault = packed.fault
        return packed.ahead > 0

    def _inflate(self, room: int) -> bytes:
        """At most `room` octets of this member, none when more is needed or at a fault."""
        packed = self._packed
        if not packed.need(1):
            self.fault = packed.fault or f"gzip data ends early at {packed.where(packed.end)}"
            return b""
        count = min(packed.ahead, self._step)
        # zlib keeps to itself what it inflated before an error: go there again by single octets.
        before = self._zlib.copy() if self._step > 1 else None
        try:
            octets = self._zlib.decompress(packed.buffer[packed.at : packed.at + count], room)
        except zlib.error as error:
            if before is None:
                self.fault = f"gzip data damaged at {packed.where(packed.at)}: {error}"
            else:
                self._zlib, self._step = before, 1
            return b""
        # At the end of a member the tail may be the unused octets once more.
        left = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
        packed.at += count - len(left)
        return octets

"""pcap files: a header, then frames behind headers of 16 octets.

Also with nanoseconds, and "modified" as patched libpcaps of the 1990s wrote it and some emulators
still do: 8 octets more in front of each frame (https://wiki.wireshark.org/Development/LibpcapFileFormat).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lacp.capture.frame import Frame
from lacp.capture.linklayer import LINK_LAYERS, known_links
from lacp.capture.records import HEADS, MAX_FRAME, SECOND, Damage, Look, Records
from lacp.capture.window import Window
from lacp.errors import CaptureError

#: Of the file.
HEADER = 24
_OUTGOING = 4
#: In the field of the link type: its top bits are the length of the FCS, in units of 16 bits.
_FCS_KNOWN = 0x04000000


@dataclass(frozen=True, slots=True)
class Variant:
    """What a magic number says."""

    name: str
    #: Nanoseconds in a unit of the fraction of a second.
    unit: int
    #: Octets in front of each frame.
    header: int


VARIANTS = {
    0xA1B2C3D4: Variant("pcap", 1000, 16),
    0xA1B23C4D: Variant("pcap with nanoseconds", 1, 16),
    0xA1B2CD34: Variant("modified pcap", 1000, 24),
}


def variant(magic: bytes) -> tuple[str, Variant] | None:
    """Byte order and variant by the first four octets; None when this is not pcap."""
    for order in "<>":
        found = VARIANTS.get(*struct.unpack(order + "I", magic))
        if found:
            return order, found
    return None


class Pcap(Records):
    """A pcap file; raises CaptureError when its header cannot be used."""

    def __init__(self, window: Window, everything: bool) -> None:
        super().__init__(window, everything)
        if not window.need(HEADER):
            raise CaptureError(
                window.fault or f"ends after {window.ahead} octets, expected a pcap header of 24"
            )
        magic = bytes(window.buffer[window.at : window.at + 4])
        order, self._variant = variant(magic) or ("<", VARIANTS[0xA1B2C3D4])
        self.format = self._variant.name
        major, minor, network = struct.unpack_from(order + "4xHH12xI", window.buffer, window.at)
        if major != 2:
            raise CaptureError(f"is pcap version {major}.{minor}, expected 2.4")
        if network & 0xFFFF not in LINK_LAYERS:
            raise CaptureError(f"has link type {network & 0xFFFF}, expected {known_links()}")
        self._link = LINK_LAYERS[network & 0xFFFF]
        self._fcs = (network >> 28) * 2 if network & _FCS_KNOWN else 0
        self._header = struct.Struct(order + "IIII")
        self._look = Look(f"{order}I{self._variant.header - 12}x", self._link, everything)
        window.at += HEADER
        # No frame that is too large fits into the window: `_pass_by` need not look for those.
        window.limit = self._variant.header + MAX_FRAME

    def _pass_by(self) -> None:
        if self._start is None:
            return
        window = self._window
        buffer, at, end = window.buffer, window.at, window.end
        header = self._variant.header
        look = self._look
        peek, first_look, second_look = look.peek, look.first, look.second
        tags, behind = look.tags, look.behind + 8
        number, last, stop = self.total, at, end - header
        while at <= stop:
            size, first, second = peek(buffer, at + 8)
            if second in second_look or first in first_look or not size:
                tagged = second in tags and first not in first_look and size
                if not tagged or buffer[at + behind] in HEADS:
                    break
            last = at
            at += size + header
            number += 1
        if at > end:
            at = last
            number -= 1
        window.at, self.total = at, number

    def _one(self) -> Frame | None:
        window, header = self._window, self._variant.header
        self._need(header, f"the header of frame {self.total + 1}")
        seconds, fraction, captured, length = self._header.unpack_from(window.buffer, window.at)
        if not (seconds or fraction or captured or length):
            raise Damage(
                f"zeros at {window.where(window.at)}, expected frame {self.total + 1} or the end"
            )
        self._check_length(captured)
        self._need(header + captured, f"frame {self.total + 1}")
        self.total += 1
        at = window.at
        octets = bytes(window.buffer[at + header : at + header + captured])
        outgoing = True if header == 24 and window.buffer[at + 22] == _OUTGOING else None
        window.at += header + captured
        time = self._elapsed(seconds * SECOND + fraction * self._variant.unit)
        return self._frame(self._link, octets, length, time, 0, self._fcs, outgoing)

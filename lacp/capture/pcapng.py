"""pcapng files (draft-ietf-opsawg-pcapng): sections of blocks, each section in its own byte order.

    type  total length  body, padded to 4 octets  total length

Blocks of other types than those with frames, interfaces and counters are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from lacp.capture.frame import Frame
from lacp.capture.linklayer import LINK_LAYERS, LinkLayer, known_links
from lacp.capture.records import HEADS, SECOND, Damage, Look, Records
from lacp.capture.window import ROOM, Window
from lacp.errors import CaptureError

MAGIC = b"\x0a\x0d\x0d\x0a"
_BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_OBSOLETE = 2
_SIMPLE = 3
_STATISTICS = 5
_ENHANCED = 6
#: Blocks that Wireshark numbers like frames: journal entries, custom blocks, events of sysdig.
_NUMBERED = frozenset({9, 0xBAD, 0x40000BAD, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222})
#: Octets of a block around its body, and of the largest that is skipped (as Wireshark has it).
_AROUND = 12
_MAX_BLOCK = 16 * 1024 * 1024
#: Interfaces of a section, so that describing them without end does not eat the memory.
_MAX_INTERFACES = 0x10000

_IF_RESOLUTION, _IF_FCS, _IF_OFFSET = 9, 13, 14
_FLAGS = 2
_IF_DROP, _OS_DROP = 5, 7
_OUTBOUND = {1: False, 2: True}


class _Interface:
    """What an Interface Description Block says of its frames."""

    def __init__(self, number: int, snaplen: int) -> None:
        #: The link type.
        self.number = number
        self.link: LinkLayer | None = LINK_LAYERS.get(number)
        self.snaplen = snaplen
        #: Units of its clock in a second, and what to add, in nanoseconds.
        self.resolution = 10**6
        self.offset = 0
        self.fcs = 0
        self.drops: int | None = None

    def describe(self, code: int, value: bytes, order: str) -> None:
        """Take in one option."""
        if code == _IF_RESOLUTION and len(value) == 1:
            self.resolution = (2 if value[0] & 0x80 else 10) ** (value[0] & 0x7F)
        elif code == _IF_OFFSET and len(value) == 8:
            self.offset = int(struct.unpack(order + "q", value)[0]) * SECOND
        elif code == _IF_FCS and len(value) == 1:
            # In bits, as Wireshark reads it; the example in the draft is 4, that is octets.
            self.fcs = value[0] // 8 if value[0] >= 16 else value[0]

    def nanoseconds(self, high: int, low: int) -> int:
        return (high << 32 | low) * SECOND // self.resolution + self.offset


class Pcapng(Records):
    """A pcapng file; raises CaptureError when it does not begin as one."""

    format = "pcapng"

    def __init__(self, window: Window, everything: bool) -> None:
        super().__init__(window, everything)
        window.limit = ROOM
        if not window.need(_AROUND):
            raise CaptureError(
                window.fault or f"ends after {window.ahead} octets, expected a section header of 28"
            )
        found = bytes(window.buffer[window.at + 8 : window.at + 12])
        if found not in _BYTE_ORDERS:
            raise CaptureError(
                f"has {found.hex(' ')} at offset 8, expected the byte-order magic of pcapng"
            )
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._drops_before: int | None = None
        #: Of the frames of `_usual` interfaces.
        self._look: Look | None = None
        self._usual: set[int] = set()
        self._link: LinkLayer | None = None
        #: Frames by link type that is not known; whether a note tells of frames without time.
        self._unread: dict[int, int] = {}
        self._untimed = False
        self._readers: dict[int, Callable[[int, int], Frame | None]] = {
            _SECTION: self._section,
            _INTERFACE: self._interface,
            _OBSOLETE: self._obsolete,
            _SIMPLE: self._simple,
            _STATISTICS: self._statistics,
            _ENHANCED: self._enhanced,
        }

    @property
    def drops(self) -> int | None:
        known = [one.drops for one in self._interfaces if one.drops is not None]
        if self._drops_before is not None:
            known.append(self._drops_before)
        return sum(known) if known else None

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        if not self._unread:
            return
        types = ", ".join(str(number) for number in sorted(self._unread)[:8])
        unread = sum(self._unread.values())
        if unread == self.total:
            raise CaptureError(f"has only frames of link type {types}, expected {known_links()}")
        self.notes.append(
            f"{unread} of {self.total} frames are of link type {types} and were not read:"
            f" expected {known_links()}."
        )

    def _pass_by(self) -> None:
        if self._start is None or self._look is None:
            return
        window, usual = self._window, self._usual
        buffer, at, end = window.buffer, window.at, window.end
        look = self._look
        peek, first_look, second_look = look.peek, look.first, look.second
        tags, behind = look.tags, look.behind - 4
        number, last, stop = self.total, at, end - 28
        # The total length before a block is the end of the one before: so each is checked twice.
        (before,) = self._u32(at - 4)
        while at <= stop:
            trailer, kind, size, interface, captured, first, second = peek(buffer, at - 4)
            if (
                kind != _ENHANCED
                or captured + 32 > size
                or interface not in usual
                or trailer != before
            ):
                break
            if second in second_look or first in first_look:
                tagged = second in tags and first not in first_look
                if not tagged or buffer[at + behind] in HEADS:
                    break
            last = at
            at += size
            before = size
            number += 1
        if at > end or self._u32(at - 4) != (before,):
            at = last
            number -= 1
        window.at, self.total = at, number

    @property
    def _here(self) -> str:
        """For a message: where the block that is being read begins."""
        return self._window.where(self._window.at)

    def _u32(self, at: int) -> tuple[int]:
        return struct.unpack_from(self._order + "I", self._window.buffer, at)

    def _one(self) -> Frame | None:
        window = self._window
        self._need(_AROUND, "the header of a block")
        if window.buffer[window.at : window.at + 4] == MAGIC:
            self._take_order()
        where = self._here
        (kind,), (size,) = self._u32(window.at), self._u32(window.at + 4)
        reader = self._readers.get(kind)
        most = window.limit if reader else _MAX_BLOCK
        if not _AROUND <= size <= most:
            raise Damage(
                f"block of type {kind} at {where} claims {size} octets,"
                f" expected {_AROUND} to {most}"
            )
        what = f"block of type {kind} at {where}"
        if reader is None:
            self._skip(size, what)
            self.total += kind in _NUMBERED
            return None
        self._need(size, f"a block of type {kind}")
        self._check_end(window.at + size - 4, size, what)
        frame = reader(window.at + 8, window.at + size - 4)
        window.at += size
        return frame

    def _skip(self, size: int, what: str) -> None:
        window = self._window
        if not (window.skip(size - 4) and window.need(4)):
            raise Damage(window.fault or f"the file ends inside the {what}, of {size} octets")
        self._check_end(window.at, size, what)
        window.at += 4

    def _check_end(self, at: int, size: int, what: str) -> None:
        (found,) = self._u32(at)
        if found != size:
            raise Damage(f"{what} ends with the length {found}, expected {size} as at its head")

    def _take_order(self) -> None:
        """A section tells its byte order behind its length."""
        at = self._window.at + 8
        found = bytes(self._window.buffer[at : at + 4])
        if found not in _BYTE_ORDERS:
            raise Damage(
                f"section at {self._here} has {found.hex(' ')} as byte-order magic,"
                " expected 1a 2b 3c 4d"
            )
        self._order = _BYTE_ORDERS[found]

    def _section(self, at: int, end: int) -> None:
        """Section Header Block: byte-order magic, version, length of the section, options."""
        self._room(at, end, 16, "section header")
        major, minor = self._unpack("4xHH", at)
        if major != 1:
            raise Damage(f"section at {self._here} is of version {major}.{minor}, expected 1")
        self._drops_before = self.drops
        self._interfaces = []
        self._look, self._link = None, None

    def _interface(self, at: int, end: int) -> None:
        """Interface Description Block: link type, reserved, SnapLen, options."""
        self._room(at, end, 8, "interface description")
        if len(self._interfaces) == _MAX_INTERFACES:
            raise Damage(
                f"one interface more at {self._here},"
                f" expected at most {_MAX_INTERFACES} in a section"
            )
        number, snaplen = self._unpack("HxxI", at)
        interface = _Interface(number, snaplen)
        for code, value in self._options(at + 8, end):
            interface.describe(code, value, self._order)
        self._interfaces.append(interface)
        if interface.link is self._link and self._link:
            self._usual.add(len(self._interfaces) - 1)

    def _statistics(self, at: int, end: int) -> None:
        """Interface Statistics Block: interface, time in two halves, options; the last counts."""
        self._room(at, end, 12, "interface statistics")
        (number,) = self._unpack("I", at)
        counters = {
            code: int(self._number("Q", value))
            for code, value in self._options(at + 12, end)
            if code in (_IF_DROP, _OS_DROP) and len(value) == 8
        }
        if counters and number < len(self._interfaces):
            self._interfaces[number].drops = sum(counters.values())

    def _enhanced(self, at: int, end: int) -> Frame | None:
        """Enhanced Packet Block: interface, time in halves, captured, length, octets, options."""
        self._room(at, end, 20, "packet")
        number, high, low, captured, length = self._unpack("IIIII", at)
        return self._packet(number, (high, low), captured, length, at + 20, end)

    def _obsolete(self, at: int, end: int) -> Frame | None:
        """Packet Block: as the enhanced one, with drops in half of the interface."""
        self._room(at, end, 20, "packet")
        number, high, low, captured, length = self._unpack("HxxIIII", at)
        return self._packet(number, (high, low), captured, length, at + 20, end)

    def _simple(self, at: int, end: int) -> Frame | None:
        """Simple Packet Block: length, octets; of the first interface, as far as its SnapLen."""
        self._room(at, end, 4, "packet")
        (length,) = self._unpack("I", at)
        interface = self._interface_of(0)
        captured = min(length, interface.snaplen or length)
        if not self._untimed:
            self._untimed = True
            self.notes.append(
                "Simple Packet Blocks carry no time: such a frame has that of the frame before it."
            )
        return self._packet(0, None, captured, length, at + 4, end)

    def _packet(
        self,
        number: int,
        when: tuple[int, int] | None,
        captured: int,
        length: int,
        at: int,
        end: int,
    ) -> Frame | None:
        """The frame whose octets begin at `at`, in a block whose body ends at `end`."""
        self._check_length(captured)
        self._room(at, end, captured, "packet")
        interface = self._interface_of(number)
        flags = self._flags(at + captured + -captured % 4, end)
        self.total += 1
        time = self._elapsed(interface.nanoseconds(*when)) if when else self._time
        if interface.link is None:
            self._unread[interface.number] = self._unread.get(interface.number, 0) + 1
            return None
        if interface.link is not self._link:
            self._aim(interface.link)
        return self._frame(
            interface.link,
            bytes(self._window.buffer[at : at + captured]),
            length,
            time,
            number,
            # Of the frame, in octets; else of the interface.
            flags >> 5 & 0xF or interface.fcs,
            _OUTBOUND.get(flags & 3),
        )

    def _aim(self, link: LinkLayer) -> None:
        """From now on frames of `link` are the ones to be passed by."""
        self._link = link
        self._look = Look(f"{self._order}IIII8xI4x", link, self._everything)
        self._usual = {at for at, one in enumerate(self._interfaces) if one.link is link}

    def _flags(self, at: int, end: int) -> int:
        """epb_flags, 0 when absent."""
        for code, value in self._options(at, end):
            if code == _FLAGS and len(value) == 4:
                return self._number("I", value)
        return 0

    def _options(self, at: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The options from `at` on, at most up to `end`; raises Damage when one goes beyond."""
        while end - at >= 4:
            code, length = self._unpack("HH", at)
            if code == 0:
                return
            self._room(at + 4, end, length, "option")
            yield code, bytes(self._window.buffer[at + 4 : at + 4 + length])
            at += 4 + length + -length % 4

    def _interface_of(self, number: int) -> _Interface:
        if number >= len(self._interfaces):
            raise Damage(
                f"block at {self._here} is of interface {number},"
                f" expected one of the {len(self._interfaces)} described before it"
            )
        return self._interfaces[number]

    def _room(self, at: int, end: int, count: int, what: str) -> None:
        """Have `count` octets between `at` and `end` for a part of the block."""
        if count > end - at:
            raise Damage(
                f"{what} at {self._window.where(at)} needs {count} octets,"
                f" expected at most the {max(end - at, 0)} left in its block"
            )

    def _unpack(self, fields: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + fields, self._window.buffer, at)

    def _number(self, field: str, value: bytes) -> int:
        (number,) = struct.unpack(self._order + field, value)
        return int(number)

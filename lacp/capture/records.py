"""What the formats have in common: counting, judging lengths, and making frames of records."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Container, Iterator
from typing import Literal

from lacp.capture.frame import Frame
from lacp.capture.linklayer import SLOW, TAGS, LinkLayer, of_interest
from lacp.capture.window import Window

#: The largest frame that libpcap and Wireshark take for one (MAXIMUM_SNAPLEN).
MAX_FRAME = 262144
SECOND = 10**9


class Damage(Exception):
    """From here on the file cannot be read: where, what was found and what was expected."""


#: First octets of what a tag may stand before: the EtherType of slow protocols, or another tag.
HEADS = frozenset(kind[0] for kind in TAGS | {SLOW})


class Look:
    """What a quick look at two 16-bit fields of a frame finds of interest."""

    def __init__(self, front: str, link: LinkLayer, everything: bool) -> None:
        """`front` is what struct reads before the frame, beginning with the byte order."""
        self.peek = struct.Struct(front + link.peek).unpack_from
        order: Literal["little", "big"] = "little" if front[0] == "<" else "big"
        self.first = frozenset(int.from_bytes(field, order) for field in link.first)
        self.second: Container[int] = frozenset(
            int.from_bytes(field, order) for field in link.second
        )
        #: Tags in the second field; a frame with one is of interest only if the octet at `behind`,
        #: where the EtherType behind the tag begins, is one of HEADS.
        self.tags = frozenset(int.from_bytes(tag, order) for tag in TAGS)
        self.behind = struct.calcsize(front + link.peek) + 2
        if everything:
            self.second, self.tags = range(0x10000), frozenset()


class Records(ABC):
    """The records of a capture; a subclass for each format.

    A record is taken by `_one`, which checks all of it. As most are of no interest, `_pass_by`
    passes those in the window with one quick look at each, and leaves to `_one` whatever is not
    plainly in order: `_one` alone finds damage.
    """

    format: str

    def __init__(self, window: Window, everything: bool) -> None:
        self._window = window
        self._everything = everything
        self.total = 0
        self.damage: str | None = None
        self.notes: list[str] = []
        #: Nanoseconds, of the first frame that has a time.
        self._start: int | None = None
        self._time = 0.0

    @property
    def drops(self) -> int | None:
        """Frames that the capturing host lost; None where the format does not tell."""
        return None

    def __iter__(self) -> Iterator[Frame]:
        window = self._window
        try:
            while window.need(1):
                self._pass_by()
                frame = self._one() if window.ahead else None
                if frame is not None:
                    yield frame
        except Damage as damage:
            self.damage = str(damage)
        else:
            self.damage = window.fault

    @abstractmethod
    def _pass_by(self) -> None:
        """Walk past records that nobody asked for, as far as the window shows them."""

    @abstractmethod
    def _one(self) -> Frame | None:
        """Take one record, with every check; its frame, if somebody asked for it."""

    def _need(self, count: int, what: str) -> None:
        """Have `count` octets ahead, of `what`."""
        window = self._window
        if not window.need(count):
            where = window.where(window.at)
            raise Damage(
                window.fault
                or f"the file ends inside {what} at {where}: {window.ahead} of {count} octets"
            )

    def _check_length(self, captured: int) -> None:
        if captured > MAX_FRAME:
            raise Damage(
                f"frame {self.total + 1} at {self._window.where(self._window.at)} claims"
                f" {captured} octets, expected at most {MAX_FRAME}"
            )

    def _elapsed(self, nanoseconds: int) -> float:
        """Seconds since the first frame; of any clock, however it runs."""
        if self._start is None:
            self._start = nanoseconds
        self._time = (nanoseconds - self._start) / SECOND
        return self._time

    def _frame(
        self,
        link: LinkLayer,
        octets: bytes,
        length: int,
        time: float,
        interface: int = 0,
        fcs: int = 0,
        outgoing: bool | None = None,
    ) -> Frame | None:
        """The frame that was counted last, when it is of interest; `fcs` octets at its end go."""
        if fcs and length >= fcs:
            length -= fcs
            octets = octets[:length]
        if link.cook:
            octets, outgoing = link.cook(octets)
            length = max(length + 14 - link.header, 0)
        if not (self._everything or of_interest(octets)):
            return None
        cooked = link.cook is not None
        return Frame(self.total, time, octets, length, interface, cooked, outgoing)

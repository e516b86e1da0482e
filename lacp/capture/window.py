"""A stream seen through a window of fixed size: the memory is the same for a kilobyte and a year.

Octets come in at the end of the window and are passed at its beginning, so each is copied about
once. Nothing seeks: a pipe is as good as a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

#: Octets before and after the stream's own that may be read: as if there were more, all wrong.
LEAD = 4
SLACK = 64
#: What a window holds at most.
ROOM = 384 * 1024


class Stream(Protocol):
    """What a capture is read from: files, pipes, `io.BytesIO`."""

    def read(self, size: int, /) -> bytes | None: ...


class Source(Protocol):
    """Fills a piece of memory."""

    #: Why there is no more, when that is not the regular end; one clause.
    fault: str | None
    #: Said after an offset: in which octets it counts.
    whose: str

    def readinto(self, room: memoryview) -> int:
        """Octets put at the beginning of `room`, at least one; 0 at the end or at a fault."""
        ...


class Plain:
    """A stream as a source. Prompt: it takes what is there, so a live capture is seen live."""

    whose = ""

    def __init__(self, stream: Stream) -> None:
        self.fault: str | None = None
        read = getattr(stream, "readinto1", None) or getattr(stream, "readinto", None)
        self._read = cast("Callable[[memoryview], int | None] | None", read)
        self._stream = stream

    def readinto(self, room: memoryview) -> int:
        try:
            count = self._read(room) if self._read else self._copy(room)
        except OSError as error:
            self.fault = f"reading failed: {error.strerror or error}"
            return 0
        if count is None:
            self.fault = "reading failed: the stream has nothing now and does not wait"
        return count or 0

    def _copy(self, room: memoryview) -> int | None:
        octets = self._stream.read(len(room))
        if octets is None:
            return None
        room[: len(octets)] = octets
        return len(octets)


class Window:
    """The octets from `at` to `end` of `buffer` are those of the source from `offset` on."""

    def __init__(self, source: Source, limit: int) -> None:
        self.buffer = bytearray(LEAD + ROOM + SLACK)
        self.at = self.end = LEAD
        #: How many octets lie ahead at most; a reader raises it to its largest record.
        self.limit = limit
        self._source = source
        self._view = memoryview(self.buffer)
        self._gone = -LEAD

    @property
    def offset(self) -> int:
        """Where in the stream `at` is."""
        return self._gone + self.at

    @property
    def ahead(self) -> int:
        """Octets from `at` on that are here."""
        return self.end - self.at

    @property
    def fault(self) -> str | None:
        """Why the source ended, when that was not its regular end."""
        return self._source.fault

    def where(self, at: int) -> str:
        """For a message: the place in the file of a place in the buffer."""
        return f"offset {self._gone + at}{self._source.whose}"

    def need(self, count: int) -> bool:
        """Have `count` octets ahead, at most `limit`; False when the stream ends before."""
        while self.ahead < count:
            if not self._fill():
                return False
        return True

    def skip(self, count: int) -> bool:
        """Pass `count` octets, however many; False when the stream ends before."""
        while self.ahead < count:
            count -= self.ahead
            self.at = self.end
            if not self._fill():
                return False
        self.at += count
        return True

    def _fill(self) -> bool:
        """Take what the source has; the octets that were passed make room, but for LEAD of them."""
        passed = self.at - LEAD
        if passed:
            self._view[: self.end - passed] = self._view[passed : self.end]
            self.at -= passed
            self.end -= passed
            self._gone += passed
        count = self._source.readinto(self._view[self.end : LEAD + self.limit])
        self.end += count
        return count > 0

"""Text for people: a screen that knows its width and colours, tables, and words for numbers."""

from __future__ import annotations

import operator
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, TextIO

from lacp.address import Mac
from lacp.info import PortState
from lacp.link import Duplex
from lacp.text import plain

#: What colours mean here. Nothing is said by colour alone.
STYLES = {
    "good": "32",
    "warn": "33",
    "bad": "31",
    "dim": "2",
    "bold": "1",
    "title": "1;36",
}

#: Columns and lines of a screen that does not say how many it has.
WIDTH = 80
HEIGHT = 24
#: Columns that the name of an interface may take, and that are left of what is cut.
_INTERFACE, _LEAST = 15, 8


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text and what it means."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    right: bool = False
    #: Above 0 it is left out when the screen is too narrow; the lowest number is kept first.
    optional: int = 0
    #: What stands in it may be shortened.
    cut: bool = False


class Screen:
    """Where text goes. `live` is whether what was drawn may be drawn over."""

    def __init__(
        self,
        stream: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
        width: int | None = None,
        terminal: bool | None = None,
    ) -> None:
        self.stream = sys.stdout if stream is None else stream
        if terminal is None:
            terminal = self.stream.isatty() and environ.get("TERM") != "dumb"
        self.live = terminal
        self.colour = terminal and not environ.get("NO_COLOR")
        self._width = width if width is not None else _columns(environ)
        self._drawn = 0
        encoding = (getattr(self.stream, "encoding", None) or "ascii").lower().replace("-", "")
        self.unicode = encoding.startswith("utf")

    @property
    def width(self) -> int:
        """What COLUMNS says, else what the terminal does; it may be resized and is asked anew."""
        if self._width is not None:
            return self._width
        return self._size()[0] if self.live else WIDTH

    @property
    def height(self) -> int:
        """Lines of the terminal."""
        return self._size()[1]

    def _size(self) -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError):
            columns = lines = 0
        # A terminal that does not know its size says 0.
        return columns or WIDTH, lines or HEIGHT

    def paint(self, style: str, text: str) -> str:
        """`text` in the colour of `style`, where there are colours."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and self.colour else text

    def line(self, text: str = "") -> None:
        """Print a line at once."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines of which none has to be seen before the last one."""
        self.stream.write("".join([f"{line}\n" for line in lines]))
        self.stream.flush()

    def redraw(self, lines: Sequence[str]) -> None:
        """Draw `lines` over those that were drawn by the call before."""
        lines = lines[: self.height - 1]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        body = "".join(f"{line}\x1b[K\n" for line in lines)
        # Without a cursor it is calm; without line wrap a line is a line, however narrow.
        self.stream.write(f"\x1b[?25l\x1b[?7l{up}{body}\x1b[J\x1b[?7h")
        self.stream.flush()
        self._drawn = len(lines)

    def release(self) -> None:
        """Leave what was drawn where it is; the next drawing begins below."""
        if self._drawn:
            self.stream.write("\x1b[?25h")
            self.stream.flush()
        self._drawn = 0

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[str]:
        """Title line and rows, two blanks between columns, with as many optional ones as fit."""
        widths = [
            max(len(column.title), *[columns_of(row[at].text) for row in rows])
            if rows
            else len(column.title)
            for at, column in enumerate(columns)
        ]
        for at, column in enumerate(columns):
            if column.cut:
                # The name of an interface fits, one without end takes no room from the others.
                widths[at] = min(widths[at], max(_INTERFACE, self.width // 6))
        shown = [at for at, column in enumerate(columns) if not column.optional]
        taken = sum(widths[at] + 2 for at in shown) - 2
        for at in shown:
            over = taken - self.width
            if columns[at].cut and over > 0:
                taken -= widths[at]
                widths[at] = max(min(widths[at], _LEAST), widths[at] - over)
                taken += widths[at]
        optional = [at for at, column in enumerate(columns) if column.optional]
        for at in sorted(optional, key=lambda at: columns[at].optional):
            if taken + widths[at] + 2 <= self.width:
                shown.append(at)
                taken += widths[at] + 2
        shown.sort()
        title = [Cell(column.title, "dim") for column in columns]
        return [self._row(columns, widths, shown, row) for row in (title, *rows)]

    def _row(
        self,
        columns: Sequence[Column],
        widths: Sequence[int],
        shown: Sequence[int],
        row: Sequence[Cell],
    ) -> str:
        cells = []
        for at in shown:
            text, width = row[at].text, widths[at]
            if (takes := columns_of(text)) > width:
                text = self.cut(text, width)
                takes = columns_of(text)
            padding = " " * (width - takes)
            painted = self.paint(row[at].style, text)
            cells.append(padding + painted if columns[at].right else painted + padding)
        return "  ".join(cells).rstrip()

    def cut(self, text: str, width: int) -> str:
        """`text`, or its beginning and a mark, in so many columns."""
        if columns_of(text) <= width:
            return text
        while columns_of(text) > width - 1:
            text = text[:-1]
        return text + ("…" if self.unicode else "~")

    def wrap(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        """`text` broken to the width of the screen; `hanging` begins the lines after the first."""
        # A LAG ID, the longest word there is, may be broken between its ends.
        text = text.replace("),(", "), (")
        width = max(20, self.width)
        if len(indent) + len(text) <= width and _is_plain(text):
            # What has room is not broken, and most has.
            return [indent + text]
        return textwrap.wrap(
            text,
            width,
            initial_indent=indent,
            subsequent_indent=indent if hanging is None else hanging,
            break_on_hyphens=False,
        )


def _is_plain(text: str) -> bool:
    """Whether there is nothing in it that `textwrap` would change: tabs, and blanks at its ends."""
    return text.isprintable() and text[:1] not in ("", " ") and text[-1] != " "


def _columns(environ: Mapping[str, str]) -> int | None:
    """What COLUMNS says, when that is a number of columns; None leaves it to the terminal."""
    said = environ.get("COLUMNS", "")
    return int(said) if re.fullmatch("[1-9][0-9]{0,3}", said) else None


def columns_of(text: str) -> int:
    """Columns that printable text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def printable(data: Any) -> Any:
    """`data` with nothing in its strings that would move a terminal's cursor.

    What needs no change stays the same object: a look is mostly numbers and harmless names.
    """
    kind: Any = type(data)
    if kind in _HARMLESS:
        return data
    if isinstance(data, str):
        return plain(data)
    if isinstance(data, dict):
        return data if _harmless(data) else _printed(data)
    if isinstance(data, list | tuple):
        safe = [printable(value) for value in data]
        return data if all(map(operator.is_, safe, data)) else kind(safe)
    if isinstance(data, Mapping):
        return printable(dict(data)) if data else data
    changed: dict[str, Any] = {}
    for name in _names(kind):
        value = getattr(data, name)
        its = type(value)
        if its is str:
            if not value.isprintable():
                changed[name] = plain(value)
        elif its not in _HARMLESS and (safe := printable(value)) is not value:
            changed[name] = safe
    return replace(data, **changed) if changed else data


def _harmless(data: Mapping[Any, Any]) -> bool:
    """Whether it is seen at a glance that nothing in it needs a change."""
    return all(
        type(value) in _HARMLESS and isinstance(key, str) and key.isprintable()
        for key, value in data.items()
    )


def _printed(data: Mapping[Any, Any]) -> dict[Any, Any]:
    return {printable(key): printable(value) for key, value in data.items()}


#: What has no text of others in it.
_HARMLESS = frozenset({type(None), bool, int, float, Mac, PortState, Duplex})


#: Types of fields that have none either: also of what has only such fields, as `End` does.
_SILENT = frozenset({"None", "bool", "int", "float", "Mac", "PortState", "Duplex"})


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass that may have texts in them; of anything else none."""
    if not is_dataclass(kind):
        return ()
    return tuple(
        each.name for each in fields(kind) if not _SILENT.issuperset(str(each.type).split(" | "))
    )


def age(seconds: float | None) -> str:
    """How long ago, short: 0.4 s, 12 s, 3 min, 2 h, 5 d."""
    # JSON may say Infinity and NaN, which is no age.
    if seconds is None or not seconds < float("inf"):
        return "-"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for unit, length, limit in (("s", 1, 100), ("min", 60, 100), ("h", 3600, 48)):
        if seconds < length * limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def known(value: object, unknown: str = "-") -> str:
    """A value, or a dash for what is not known."""
    return unknown if value is None else str(value)


def joined(words: Iterable[str]) -> str:
    """Words with commas, those that are empty left out."""
    return ", ".join(word for word in words if word)

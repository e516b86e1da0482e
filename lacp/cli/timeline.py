"""A simulation drawn: a table of its ports, and beside each what it was at each time."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence

from lacp.cli.output import Cell, Column, Screen
from lacp.sim.playback import CableEnd, Playback
from lacp.wire.flags import letters

#: Timeline marks by what `CableEnd.mark` says: in a font with blocks, and in ASCII.
_MARKS = {
    "no link": "xx",
    "silent": "!!",
    "waiting": "░:",
    "attached": "▒+",
    "attached_wtr": "▒+",
    "collecting": "▓c",
    "distributing": "█#",
    "collecting_distributing": "█#",
}
_OTHER_MARK = "·."
_LEGEND = (
    ("no link", "no link"),
    ("silent", "silent"),
    ("", "detached"),
    ("waiting", "waiting"),
    ("attached", "attached"),
    ("collecting", "collecting"),
    ("distributing", "traffic"),
)
_MARK_STYLES = {
    "no link": "bad",
    "silent": "warn",
    "distributing": "good",
    "collecting_distributing": "good",
}

_COLUMNS = (
    Column("PORT"),
    Column("RECEIVE"),
    Column("MUX"),
    Column("SAYS"),
    Column("HEARD", right=True),
    Column("TIMELINE"),
)

_SHORT = {
    "PORT_DISABLED": "disabled",
    "LACP_DISABLED": "no LACP",
    "COLLECTING_DISTRIBUTING": "coll+dist",
}


class Timelines:
    """What each port was at each time, to be drawn at any width."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._marks: dict[str, list[tuple[float, str]]] = {}

    def look(self, now: float, ports: Iterable[CableEnd]) -> None:
        """Note what the ports are."""
        for port in ports:
            marks = self._marks.setdefault(port.name, [])
            if not marks or marks[-1][1] != port.mark:
                marks.append((now, port.mark))
        self._now = now

    def draw(self, name: str, width: int, screen: Screen) -> str:
        """The port's life so far, a mark for each stretch of time."""
        drawn = []
        marks = self._marks[name]
        step = self._seconds / max(1, width)
        at = 0
        for column in range(width):
            end = (column + 1) * step
            if column * step > self._now:
                break
            while at + 1 < len(marks) and marks[at + 1][0] < end:
                at += 1
            mark = marks[at][1]
            drawn.append(screen.paint(_MARK_STYLES.get(mark, "dim"), _mark(mark, screen)))
        return "".join(drawn)

    def axis(self, width: int) -> str:
        """Seconds below the marks."""
        step = next((s for s in (2, 5, 10, 20, 50, 100) if s * width / self._seconds >= 5), 100)
        line = [" "] * (width + 4)
        for second in range(0, math.ceil(self._seconds), step):
            at = int(second * width / self._seconds)
            line[at : at + len(str(second))] = str(second)
        return "".join(line)[:width].rstrip()


def picture(
    playback: Playback,
    speed: float,
    screen: Screen,
    ports: Sequence[CableEnd],
    timelines: Timelines,
    caption: str,
    recent: deque[str],
) -> list[str]:
    """The lines of one drawing: the clock, the table with its timelines, and what happened last."""
    seconds = playback.scenario.seconds
    clock = f"{playback.now:6.1f} s of {seconds:.0f}, {speed:.3g} times as fast as life"
    lines = [screen.paint("dim", clock), screen.paint("bold", f"  > {caption}"), ""]
    front = [len(column.title) for column in _COLUMNS[:-1]]
    cells = [_cells(port) for port in ports]
    for row in cells:
        front = [max(width, len(cell.text)) for width, cell in zip(front, row, strict=True)]
    room = screen.width - sum(width + 2 for width in front)
    table = screen.table(_COLUMNS, [(*row, Cell("")) for row in cells])
    # The timeline has a colour for each mark, which a cell of a table has not.
    pad = sum(width + 2 for width in front)
    for number, line in enumerate(table):
        if number == 0:
            lines.append(line)
            continue
        drawn = timelines.draw(ports[number - 1].name, room, screen)
        lines.append(line + " " * (pad - _length(line)) + drawn)
    lines.append(" " * pad + screen.paint("dim", timelines.axis(room)))
    legend = "  ".join(f"{_mark(mark, screen)} {words}" for mark, words in _LEGEND)
    lines += [screen.paint("dim", legend), ""]
    rest = max(0, min(8, screen.height - len(lines) - 5))
    lines += list(recent)[-rest:] if rest else []
    return lines


def _length(line: str) -> int:
    """Columns that a painted line takes."""
    return len(re.sub(r"\x1b\[[0-9;]*m", "", line))


def _cells(port: CableEnd) -> tuple[Cell, ...]:
    receive = _SHORT.get(port.receive, port.receive.lower())
    mux = _SHORT.get(port.mux, port.mux.lower().replace("_", " "))
    heard = "-" if port.heard is None else f"{port.heard:.1f} s"
    return (
        Cell(port.name, "bold"),
        Cell(f"{receive:9}", {"EXPIRED": "warn", "DEFAULTED": "bad"}.get(port.receive, "")),
        Cell(f"{mux:12}", _MARK_STYLES.get(port.mark, "")),
        Cell(letters(port.state)),
        Cell(f"{heard:>6}", "warn" if port.receive == "EXPIRED" else ""),
    )


def _mark(mark: str, screen: Screen) -> str:
    return _MARKS.get(mark, _OTHER_MARK)[0 if screen.unicode else 1]

"""What a benchmark tells: figures, each beside a reference, some with a target; and their table.

A module of benchmarks has `figures()`, which yields `Figure`s, and `Absent` for what cannot be
measured here, and ends in `main(figures)`. It takes less than a minute, unless `in_full()`. What
a test would be skipped for (`tests.lab.need`) ends the module with one line and is no failure.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import textwrap
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path

import pytest

#: Columns of a terminal or a page that tables keep to.
WIDTH = 110
#: What `reference` is called that nobody measured in this run begins with this.
PUBLISHED = "published"
#: Columns of the table: those that take several lines, and those of numbers.
_WHAT, _WHICH = 0, 6
_RIGHT = (1, 2, 4, 5)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement beside its reference."""

    #: What was measured and under which load.
    what: str
    value: float
    unit: str
    #: The same of something else, in the same unit; None if there is nothing to compare with.
    reference: float | None
    #: What the reference is; it was measured in the same run unless this begins with "published".
    named: str
    #: The target, if it is one.
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value in terms of the reference."""
        return self.value / self.reference if self.reference else None

    @property
    def is_target(self) -> bool:
        return self.at_most is not None or self.at_least is not None

    @property
    def met(self) -> bool:
        """Whether it is within its target; a value that is no number is within none."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )


@dataclass(frozen=True, slots=True)
class Absent:
    """What cannot be measured on this machine, and for want of what."""

    what: str
    why: str


Found = Figure | Absent


def number(value: float | None) -> str:
    """Three digits that count, or all of them before the point."""
    if value is None:
        return ""
    if math.isfinite(value) and abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(found: Iterable[Figure]) -> Iterator[str]:
    """Lines: what, target, figure, reference, ratio, to what, met or not."""
    rows = [("", "target", "figure", "", "reference", "ratio", "to", ""), *map(cells, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    fixed = sum(widths[at] for at in range(len(widths)) if at not in (_WHAT, _WHICH))
    free = WIDTH - fixed - len(widths) + 1
    # What does not fit into a line takes several, in two columns.
    widths[_WHICH] = min(widths[_WHICH], max(free // 3, free - widths[_WHAT]))
    widths[_WHAT] = min(widths[_WHAT], free - widths[_WHICH])
    for row in rows:
        wrapped = [
            textwrap.wrap(cell, max(1, width)) or [""]
            for cell, width in zip(row, widths, strict=True)
        ]
        for line in zip_longest(*wrapped, fillvalue=""):
            told = (
                cell.rjust(width) if at in _RIGHT else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            yield " ".join(told).rstrip()


def cells(figure: Figure) -> Sequence[str]:
    """A row of the table."""
    if figure.at_most is not None:
        target = f"<= {number(figure.at_most)}"
    else:
        target = "" if figure.at_least is None else f">= {number(figure.at_least)}"
    return (
        figure.what,
        target,
        number(figure.value),
        figure.unit,
        number(figure.reference),
        "" if figure.ratio is None else f"x{number(figure.ratio)}",
        figure.named,
        ("met" if figure.met else "NOT MET") if figure.is_target else "",
    )


def markdown(found: Iterable[Figure]) -> str:
    """The same table for a page."""
    rows = [("what", "target", "figure", "reference", "ratio", "to", "")]
    rows += [("---", "--:", "--:", "--:", "--:", "---", "---")]
    for figure in found:
        what, target, value, unit, reference, ratio, named, met = cells(figure)
        target = target.replace("<= ", "≤ ").replace(">= ", "≥ ")
        rows.append((what, target, f"{value} {unit}".strip(), reference, ratio, named, met))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def show(found: Iterable[Found], title: str) -> None:
    """Print the table, and below it what is absent."""
    found = list(found)
    print(title)
    figures = [each for each in found if isinstance(each, Figure)]
    if figures:
        print("\n".join(table(figures)))
    for each in found:
        if isinstance(each, Absent):
            print(f"not measured here: {each.what}: {each.why}")


def save(found: Iterable[Found], path: Path) -> None:
    """Write them as JSON, to be collected."""
    path.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")


def load(path: Path) -> list[Found]:
    """What `save` wrote."""
    return [
        Absent(**each) if "why" in each else Figure(**each) for each in json.loads(path.read_text())
    ]


def in_full() -> bool:
    """Whether `--long` was asked for: everything, however long it takes."""
    return "--long" in sys.argv[1:]


def arguments(description: str = "") -> argparse.ArgumentParser:
    """What every module can be asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--long", action="store_true", help="everything, however long it takes")
    return parser


def collect(
    measure: Callable[[], Iterable[Found]], what: str, path: Path | None = None
) -> list[Found]:
    """All it finds, until something is missing that a test would be skipped for.

    Each is written as soon as it is known, so that it is not lost with what comes after it.
    """
    found: list[Found] = []
    figures = measure()
    try:
        for each in figures:
            found.append(each)
            if path is not None:
                save(found, path)
    except pytest.skip.Exception as missing:
        found.append(Absent(what, str(missing)))
        if path is not None:
            save(found, path)
    finally:
        if isinstance(figures, Generator):
            # What it has made goes now, also when it was not it that was interrupted.
            figures.close()
    return found


def end_in_order() -> None:
    """Make SIGTERM unwind what runs, as Ctrl-C does: nothing is left behind.

    Once is enough: at Ctrl-C both come, and what is being put away must not be interrupted again.
    """

    def end(number: int, _: object) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            # Not SIG_IGN: Python complains about one that has come already.
            signal.signal(each, lambda *_: None)
        sys.exit(128 + number)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)


def main(measure: Callable[[], Iterable[Found]], args: argparse.Namespace | None = None) -> None:
    """Measure, and print the table of one module; `args` of one with options of its own."""
    end_in_order()
    if args is None:
        args = arguments().parse_args()
    name = Path(sys.argv[0]).stem
    show(collect(measure, name, args.json), name)

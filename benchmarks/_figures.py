"""What a benchmark tells: figures, each beside a reference, some with a target; and their table.

A module of benchmarks has `figures()`, which yields `Figure`s, and `Absent` for what cannot be
measured here, and ends in `main(figures)`. It takes less than a minute, unless `in_full()`. What
a test would be skipped for (`tests.lab.need`) ends the module with one line and is no failure.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

#: Columns of a terminal or a page that tables keep to.
WIDTH = 110
#: What `reference` is called that nobody measured in this run begins with this.
PUBLISHED = "published"


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


def table(found: Iterable[Figure], title: str = "") -> Table:
    """Target, figure, reference, ratio, met or not."""
    made = Table(
        box=None,
        title=title or None,
        title_justify="left",
        padding=(0, 1, 0, 0),
        pad_edge=False,
        width=WIDTH,
    )
    made.add_column("", min_width=32, max_width=50)
    made.add_column("target", justify="right", no_wrap=True)
    made.add_column("figure", justify="right", no_wrap=True)
    made.add_column("", no_wrap=True)
    made.add_column("reference", justify="right", no_wrap=True)
    made.add_column("ratio", justify="right", no_wrap=True)
    made.add_column("to", min_width=18)
    made.add_column("", no_wrap=True, min_width=7)
    for figure in found:
        made.add_row(*cells(figure))
    return made


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


def show(found: Iterable[Found], title: str = "") -> None:
    """Print the table, and below it what is absent."""
    found = list(found)
    console = Console(width=WIDTH, highlight=False, markup=False)
    figures = [each for each in found if isinstance(each, Figure)]
    if figures:
        console.print(table(figures, title))
    for each in found:
        if isinstance(each, Absent):
            console.print(f"not measured here: {each.what}: {each.why}")


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


def collect(measure: Callable[[], Iterable[Found]], what: str) -> list[Found]:
    """All it finds, until something is missing that a test would be skipped for."""
    found: list[Found] = []
    try:
        found.extend(measure())
    except pytest.skip.Exception as missing:
        found.append(Absent(what, str(missing)))
    return found


def main(measure: Callable[[], Iterable[Found]]) -> None:
    """Measure, and print the table of one module."""
    args = arguments().parse_args()
    name = Path(sys.argv[0]).stem
    found = collect(measure, name)
    show(found, name)
    if args.json is not None:
        save(found, args.json)

"""`lacpctl conformance list`: the catalogue."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lacp.cli.command import Answer, Command, Document
from lacp.cli.commands.conformance.selection import chosen
from lacp.cli.output import Cell, Column, Screen
from lacp.text import count

if TYPE_CHECKING:
    from lacp.conformance.catalogue.case import Case


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help="only these: RXM-06, RXM, RXM-0* (default: all)"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="what each case sends and expects, and needs"
    )


def run(args: Namespace) -> Answer:
    """Describe the cases."""
    return Answer({"version": 1, "cases": [_document(case) for case in chosen(args.cases)]})


def _document(case: Case) -> Document:
    return {
        "case": case.id,
        "title": case.title,
        "clause": case.clause,
        "editions": sorted(case.editions),
        "stimulus": case.stimulus,
        "expected": case.expected,
        "source": str(case.source),
        "links": case.links,
        "needs": sorted(case.needs),
        "device": {name: _plain(value) for name, value in case.device.items()},
        "wall": str(case.wall),
    }


def _plain(value: object) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A line for each case, or with -v a paragraph."""
    cases = data["cases"]
    if args.verbose:
        for case in cases:
            yield from _paragraph(case, screen)
    else:
        columns = [Column("case"), Column("clause"), Column("time"), Column("title")]
        rows = [
            [Cell(case["case"]), Cell(case["clause"]), Cell(case["wall"]), Cell(case["title"])]
            for case in cases
        ]
        yield from screen.table(columns, rows)
    yield screen.paint("dim", f"{count(len(cases), 'case')}; -v says what each sends and expects")


def _paragraph(case: Document, screen: Screen) -> Iterable[str]:
    yield screen.paint("bold", f"{case['case']}  {case['title']}")
    pairs = [
        ("sends", case["stimulus"]),
        ("expects", case["expected"]),
        ("source", f"clause {case['clause']}, {case['source']}; {', '.join(case['editions'])}"),
        ("needs", _needs(case)),
    ]
    for name, said in pairs:
        yield from screen.wrap(said, f"  {name:8}", " " * 10)
    yield ""


def _needs(case: Document) -> str:
    parts = [count(case["links"], "link"), *case["needs"]]
    parts += [f"device {name}={value}" for name, value in case["device"].items()]
    return f"{', '.join(parts)}; {case['wall']}"


COMMAND = Command(arguments, run, text, asks=False)

"""`lacpctl conformance`: which cases there are, what a device makes of them, devices compared."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command, CommandParser, Row
from lacp.cli.output import Screen

_HERE = "lacp.cli.commands.conformance"

#: The parts, each a command of its own.
PARTS = (
    Row("list", "list the cases of the catalogue", f"{_HERE}.listing"),
    Row(
        "run", "run cases against the device at the far end of these interfaces", f"{_HERE}.running"
    ),
    Row("matrix", "put the results of several runs side by side", f"{_HERE}.matrix"),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parts = parser.add_subparsers(
        title="parts",
        dest="part",
        metavar="list|run|matrix",
        required=True,
        parser_class=CommandParser,
    )
    for row in PARTS:
        parts.add_parser(row.name, help=row.help, row=row, dest="part_row")


def run(args: Namespace) -> Answer:
    """Carry out the part that was named."""
    part: Command = args.part_row
    return part.run(args)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """The part's answer as lines."""
    part: Command = args.part_row
    return part.text(data, screen, args)


COMMAND = Command(
    arguments,
    run,
    text,
    notes="To judge a capture instead, use pcap-replay.",
    asks=False,
)

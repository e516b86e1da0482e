"""`lacpctl conformance`: which cases there are, what a device makes of them, devices compared."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.commands.conformance import listing, matrix, running
from lacp.cli.output import Screen

#: The parts, each a command of its own.
PARTS = (listing.COMMAND, running.COMMAND, matrix.COMMAND)


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parts = parser.add_subparsers(dest="part", metavar="list|run|matrix", required=True)
    for part in PARTS:
        its = parts.add_parser(
            part.name,
            help=part.help,
            description=f"{part.help[0].upper()}{part.help[1:]}.",
            epilog=part.notes,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        part.arguments(its)
        its.add_argument("--json", action="store_true", default=SUPPRESS, help="print JSON")
        its.set_defaults(part_row=part)


def run(args: Namespace) -> Answer:
    """Carry out the part that was named."""
    part: Command = args.part_row
    return part.run(args)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """The part's answer as lines."""
    part: Command = args.part_row
    return part.text(data, screen, args)


COMMAND = Command(
    "conformance",
    "hold a device on a cable against the standard, case by case",
    arguments,
    run,
    text,
    notes="To judge a capture instead, use pcap-replay.",
)

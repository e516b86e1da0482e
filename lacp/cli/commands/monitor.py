"""`lacpctl monitor`: events as they happen."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from typing import Any

from lacp.cli.command import Answer, Command, Document
from lacp.cli.moments import day, time_of_day
from lacp.cli.output import Screen, printable
from lacp.picture.events import phrase, style


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")


def run(args: Namespace) -> Answer:
    """Listen to every source."""
    from lacp.cli.source import monitor

    return Answer(_only(monitor(args), frozenset(args.names)))


def _only(events: Iterator[Document], names: frozenset[str]) -> Iterator[Document]:
    for event in events:
        if not names or event.get("lag") in names or event.get("port") in names:
            yield event


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A line for each event, with the local time; a line for each new day."""
    today = None
    for event in map(printable, data):
        date = day(event.get("time"))
        if today is not None and date != today:
            yield screen.paint("dim", str(date))
        today = date
        where = f"{event.get('lag')}  {event['port']}" if event.get("port") else event.get("lag")
        said = f"{time_of_day(event.get('time'))}  {where}  {phrase(event)}"
        yield screen.paint(style(event), said)


COMMAND = Command(
    "monitor",
    "print events as they happen, until interrupted",
    arguments,
    run,
    text,
    notes="Exit code 1 when no lacpd is left.",
)

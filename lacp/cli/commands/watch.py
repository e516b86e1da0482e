"""`lacpctl watch`: the table of `show`, kept up to date."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lacp.cli.command import PROGRAM, Answer, Command
from lacp.cli.common import BAD, complain, interval_option
from lacp.cli.moments import time_of_day
from lacp.cli.output import Screen, printable

if TYPE_CHECKING:
    from lacp.cli.source import Shown


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    interval_option(parser, "default 1")


def run(args: Namespace) -> Answer:
    """Ask every source again and again."""
    from lacp.cli.source import places

    # Wrong usage is told before the screen is another one.
    places(args)
    return Answer(_looks(args))


def _looks(args: Namespace) -> Iterator[Shown]:
    """A look at each interval; a source that cannot be asked does not end it."""
    from time import sleep

    from lacp.cli.source import look

    told: list[str] = []
    while True:
        shown, complaints = look(args, args.names)
        for each in complaints:
            if each not in told:
                complain(PROGRAM, each, BAD)
        told = complaints
        yield shown
        sleep(args.interval)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A table that is kept up to date; where that cannot be, each look below the one before."""
    if screen.live:
        from lacp.cli.live import terminal

        terminal.run(args)
        return
    from lacp.cli.lags.brief import brief

    for look in map(printable, data):
        yield screen.paint("dim", f"{look.host}, {time_of_day(look.time)}")
        if not look.lags:
            yield "nothing here is called so" if args.names else "no LAG here"
        for lag in look.lags:
            yield ""
            yield from brief(lag, screen)
        yield ""


COMMAND = Command(
    arguments,
    run,
    text,
    notes="\n".join(
        (
            "On a terminal it is a table that is kept up to date, what is worst first:",
            "",
            "j, k, arrows   a line down, up; space, b: a page; g, G: beginning, end",
            "p              only ports with something wrong",
            "/              only names with these letters in them; escape: all again",
            "s              sort by what is worst, name, age of the last LACPDU, last change",
            "q              quit",
            "",
            "HEARD          the age of the last LACPDU",
            "CHANGED        how long ago something changed, and to what",
            "US, PARTNER    the state octets of the two ends, as in show",
            "IN/s, OUT/s    LACPDUs per second, over the last ten seconds",
            "",
            "Daemons and devices may come and go meanwhile: a line says so.",
        )
    ),
)

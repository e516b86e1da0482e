"""`lacpctl watch`: the table of `show`, kept up to date."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator
from typing import Any

from lacp.cli.command import Answer, Command, Document, Failure
from lacp.cli.commands.show import brief
from lacp.cli.moments import time_of_day
from lacp.cli.output import Screen, printable


def _interval(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 3600:
        raise ArgumentTypeError(f"{text!r}, expected seconds from 0.1 to 3600")
    return value


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "-n", "--interval", type=_interval, default=1.0, metavar="SECONDS", help="default 1"
    )


def run(args: Namespace) -> Answer:
    """Ask every source again and again."""
    return Answer(_looks(args))


def _looks(args: Namespace) -> Iterator[Document]:
    from time import sleep

    from lacp.cli.source import show

    while True:
        answer = show(args, args.names)
        if answer.complaints:
            raise Failure("\n".join(answer.complaints), answer.code)
        assert isinstance(answer.data, dict)
        yield answer.data
        sleep(args.interval)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """Each look over the one before; where that cannot be, below it."""
    for look in map(printable, data):
        lines = [screen.paint("dim", f"{look['host']}, {time_of_day(look['time'])}")]
        for lag in look["lags"]:
            lines += ["", *brief(lag, screen)]
        if screen.live:
            screen.redraw(lines)
        else:
            yield from lines
            yield ""


COMMAND = Command("watch", "show the LAGs again and again, until interrupted", arguments, run, text)

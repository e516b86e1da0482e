"""`lacpctl show`: the LAGs of this host, one line per port; with -v everything there is to know."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.output import Screen


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="machines, timers, counters, both ends field by field, and the history",
    )
    parser.add_argument(
        "-p",
        "--problems",
        action="store_true",
        help="only count the ports that carry traffic with nothing wrong",
    )


def run(args: Namespace) -> Answer:
    """Ask every source."""
    from lacp.cli.source import show

    return show(args, args.names, verbose=args.verbose)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A block for each LAG."""
    from lacp.cli.lags.brief import brief

    for number, lag in enumerate(data.lags):
        if number:
            yield ""
        if args.verbose:
            from lacp.cli.lags.detail import detail

            yield from detail(lag, screen, only_problems=args.problems)
        else:
            yield from brief(lag, screen, only_problems=args.problems)
    if args.verbose:
        from lacp.cli.lags.watched import is_watched
        from lacp.wire.flags import LEGEND

        if not all(map(is_watched, data.lags)):
            yield ""
            yield from (screen.paint("dim", line) for line in screen.wrap(LEGEND))


COMMAND = Command(
    "show",
    "show the LAGs, their ports and what both ends say",
    arguments,
    run,
    text,
    notes="\n".join(
        (
            "US, PARTNER  the state octets of the two ends, a letter for each bit that is",
            "             set: A active, T short timeout, G aggregation, S in sync,",
            "             C collecting, D distributing, F defaulted (no partner heard),",
            "             E expired (it is silent)",
            "PORT         the partner's number of its port",
            "HEARD        the age of the last LACPDU",
            "WATCHERS     without LACP: what the link watchers of the port say",
            "TRAFFIC      whether user frames are taken from the port and given to it, where",
            "             no machine tells that",
            "",
            "Below a port stands what is wrong with it.",
        )
    ),
)

"""`lacpctl set`: change one parameter of a team while it runs."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.output import Screen


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "path", metavar="PATH", help="[TEAM.]runner.KEY or [TEAM.]ports.NAME.KEY of its teamd.conf"
    )
    parser.add_argument("value", metavar="VALUE", help="JSON; what is no JSON is a string")


def run(args: Namespace) -> Answer:
    """Ask the team's daemon."""
    from lacp.cli.source import change

    return Answer(change(args, args.path, _value(args.value)))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """Nothing: it is done."""
    return ()


COMMAND = Command(
    "set",
    "change one parameter of a team while it runs",
    arguments,
    run,
    text,
    notes="It holds until the next reload:\n\n  lacpctl set runner.fast_rate true",
)

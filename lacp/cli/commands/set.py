"""`lacpctl set`: change one parameter of a team while it runs, or list what can be changed."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command, Failure
from lacp.cli.common import BAD_USAGE
from lacp.cli.output import Screen


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="[TEAM.]runner.KEY, [TEAM.]ports.NAME.KEY or [TEAM.]KEY of its teamd.conf",
    )
    parser.add_argument(
        "value",
        nargs="?",
        metavar="VALUE",
        help="JSON, what is no JSON is a string; null goes back to the default",
    )
    parser.add_argument(
        "--list",
        nargs="?",
        const="",
        metavar="TEAM",
        help="list what can be set now, with its value and what it means; so does no argument",
    )


def run(args: Namespace) -> Answer:
    """Ask the team's daemon."""
    from lacp.cli import setting

    if args.list is not None or args.path is None:
        if args.path is not None:
            raise Failure(
                "set: expected --list [TEAM], or PATH VALUE (see lacpctl set --help)", BAD_USAGE
            )
        return setting.settings(args, args.list or None)
    if args.value is None:
        said = f"set {args.path}: the value is missing (see lacpctl set --help)"
        raise Failure(said, BAD_USAGE)
    return setting.change(args, args.path, _value(args.value))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """What was set and what comes of it, or what can be."""
    if "lags" in data:
        for number, lag in enumerate(data["lags"]):
            if number:
                yield ""
            yield from _list(lag, screen)
    else:
        yield from _changed(data, screen)


def _changed(data: Any, screen: Screen) -> Iterable[str]:
    what = screen.paint("bold", f"{data['lag']} {data['path']}")
    yield f"{what} {_said(data['old'])} -> {_said(data['new'])}: {data['effect']}"
    yield f"holds {data['holds']}"


def _list(lag: Any, screen: Screen) -> Iterable[str]:
    """Each key with its value and below it what it means, which ports have in common."""
    told = set()
    for each in lag["settings"]:
        path = f"{lag['name']}.{each['path']}"
        first, *more = screen.wrap(f"{path} {_said(each['value'])}", hanging="    ")
        yield screen.paint("bold", path) + first[len(path) :]
        yield from more
        if (each["path"].rpartition(".")[2], each["says"]) not in told:
            told.add((each["path"].rpartition(".")[2], each["says"]))
            lines = screen.wrap(str(each["says"]), "    ", "    ")
            yield from (screen.paint("dim", line) for line in lines)


def _said(value: Any) -> str:
    if value is None:
        return "unset"
    return value if isinstance(value, str) else json.dumps(value)


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "It holds until the next reload or start. What is refused changes nothing. Of a\n"
        "LAG that lacpd did not make, the command that does it there is said."
    ),
)

"""`lacpctl`: looks at link aggregation, live or on paper."""

from __future__ import annotations

import gc
import sys
from argparse import SUPPRESS, Action, ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from lacp import rundir
from lacp.cli.command import PROGRAM, Command, CommandParser, Failure, Row
from lacp.cli.common import (
    BAD,
    BAD_USAGE,
    DONE,
    INTERRUPTED,
    Parser,
    common_options,
    complain,
)
from lacp.cli.output import Screen, printable
from lacp.cli.streams import prepare, silence
from lacp.errors import LacpError

_HERE = "lacp.cli.commands"

#: The commands in the order of --help. Only the module of the one that is asked for is imported.
COMMANDS: tuple[Row, ...] = (
    Row("show", "show the LAGs, their ports and what both ends say", f"{_HERE}.show"),
    Row("neighbors", "show who is at the other end of each port", f"{_HERE}.neighbors"),
    Row("counters", "show what came and went on each port", f"{_HERE}.counters"),
    Row(
        "explain",
        "say what is wrong with each LAG, how that is known, and what to do",
        f"{_HERE}.explain",
    ),
    Row("monitor", "print events as they happen, until interrupted", f"{_HERE}.monitor"),
    Row("watch", "show the LAGs again and again, until interrupted", f"{_HERE}.watch"),
    Row("set", "change one parameter of a team while it runs", f"{_HERE}.set"),
    Row("decode", "print every field of a frame, and where it deviates", f"{_HERE}.decode"),
    Row("simulate", "play a scenario in virtual time: no root, no network", f"{_HERE}.simulate"),
    Row(
        "conformance",
        "hold a device on a cable against the standard, case by case",
        f"{_HERE}.conformance",
    ),
    Row(
        "completion",
        "print what bash, zsh or fish needs to complete these commands",
        f"{_HERE}.completion",
    ),
)


class _Version(Action):
    """Says the version, which costs time to find out."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, SUPPRESS, nargs=0, default=SUPPRESS, help=help)

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            own = version("lacp")
        except PackageNotFoundError:
            own = "(not installed)"
        print(PROGRAM, own)
        parser.exit()


def build_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(
        PROGRAM,
        description="Look at link aggregation: on this host, in a frame, in a simulation.",
    )
    parser.add_argument("--version", action=_Version, help="show the version and exit")
    common_options(
        parser, json=False, unsaid=None, run_dir=rundir.of_lacpd(), teamd_run_dir=rundir.TEAMD
    )
    commands = parser.add_subparsers(
        title="commands",
        dest="command",
        metavar="COMMAND",
        required=True,
        prog=PROGRAM,
        parser_class=CommandParser,
    )
    for row in COMMANDS:
        commands.add_parser(row.name, help=row.help, row=row)
    return parser


def run(args: Namespace, screen: Screen) -> int:
    """Carry out the command and write its answer; returns the exit code."""
    command: Command = args.row
    command.check(args)
    if not command.asks:
        _not_asking(args)
    if command.asks and args.host:
        from lacp.cli.remote import elsewhere

        gc.enable()
        return elsewhere(args, screen)
    if command.asks and args.netns is not None:
        from lacp.cli.netns import enter

        enter(args.netns)
    answer = command.run(args)
    if isinstance(answer.data, Iterator):
        # It may go on for days.
        gc.enable()
    if args.json:
        if isinstance(answer.data, Iterator):
            import json

            for each in answer.data:
                screen.line(json.dumps(_document(each), separators=(", ", ": ")))
        else:
            from lacp.cli.pretty import indented

            screen.line(indented(_document(answer.data)))
    else:
        data = answer.data
        try:
            if isinstance(data, Iterator):
                for line in command.text(data, screen, args):
                    screen.line(line)
            else:
                screen.lines(command.text(printable(data), screen, args))
        finally:
            screen.release()
    for complaint in answer.complaints:
        complain(PROGRAM, complaint, answer.code)
    return answer.code


def _not_asking(args: Namespace) -> None:
    """Refuse what says where to look, before a command that does not look at LAGs."""
    for option in ("host", "netns", "source", "socket"):
        if getattr(args, option, None) is not None:
            raise Failure(f"--{option}: {args.command} does not look at LAGs", BAD_USAGE)


def _document(data: object) -> object:
    """What JSON has for it."""
    if isinstance(data, dict):
        return data
    from lacp.picture.model import document

    return document(data)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    prepare()
    if argv is None:
        # A look is over before it has made garbage worth collecting: a tenth of its time.
        gc.disable()
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] == ["__complete"]:
        # A shell asks at each TAB: lacp.cli.completing.scripts.
        from lacp.cli.completing.answer import answer

        return answer(words[1], words[2:]) if words[2:] else BAD_USAGE
    if words[:1] == ["help"]:
        # Who asks so means it.
        words = [*words[1:], "--help"]
    try:
        try:
            args = build_parser().parse_args(words)
        except SystemExit as stop:
            # What --help and --version say is to get out, or it is said that it did not.
            sys.stdout.flush()
            return stop.code if isinstance(stop.code, int) else BAD_USAGE
        args.words = [PROGRAM, *words]
        return run(args, Screen())
    except Failure as failure:
        return complain(PROGRAM, str(failure), failure.code)
    except LacpError as error:
        return complain(PROGRAM, str(error), BAD)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain when it flushes at exit.
        silence()
        return DONE
    except OSError as error:
        silence()
        return complain(PROGRAM, error.strerror or str(error), BAD)


if __name__ == "__main__":
    sys.exit(main())

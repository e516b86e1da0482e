"""`lacpctl`: looks at link aggregation, live or on paper."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence

from lacp.cli.command import Command, Failure
from lacp.cli.commands import (
    change,
    conformance,
    counters,
    decode,
    monitor,
    neighbors,
    show,
    simulate,
    watch,
)
from lacp.cli.common import (
    BAD,
    BAD_USAGE,
    DONE,
    INTERRUPTED,
    Parser,
    common_options,
    complain,
    default_run_dir,
)
from lacp.cli.output import Screen, printable
from lacp.cli.streams import prepare, silence
from lacp.errors import LacpError

_PROGRAM = "lacpctl"

COMMANDS: tuple[Command, ...] = (
    show.COMMAND,
    neighbors.COMMAND,
    counters.COMMAND,
    monitor.COMMAND,
    watch.COMMAND,
    change.COMMAND,
    decode.COMMAND,
    simulate.COMMAND,
    conformance.COMMAND,
)


def build_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(
        _PROGRAM,
        description="Look at link aggregation: on this host, in a frame, in a simulation.",
        epilog=(
            "Exit codes: 0 done; 1 what was asked about is bad or unreachable; 2 wrong usage or\n"
            "unreadable input; 130 interrupted. LACPD_RUN_DIR sets the default of --run-dir,\n"
            "COLUMNS the width of text. NO_COLOR switches colours off."
        ),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    common_options(parser, json=False, socket=None, run_dir=default_run_dir())
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        its = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=command.notes,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.arguments(its)
        # Before or after the command, as the fingers have it.
        common_options(its)
        its.set_defaults(row=command)
    return parser


def run(args: Namespace, screen: Screen) -> int:
    """Carry out the command and write its answer; returns the exit code."""
    import json

    command: Command = args.row
    answer = command.run(args)
    if args.json:
        if isinstance(answer.data, Iterator):
            for document in answer.data:
                screen.line(json.dumps(document, separators=(", ", ": ")))
        else:
            screen.line(json.dumps(answer.data, indent=2))
    else:
        data = answer.data
        try:
            for line in command.text(
                data if isinstance(data, Iterator) else printable(data), screen, args
            ):
                screen.line(line)
        finally:
            screen.release()
    for complaint in answer.complaints:
        complain(_PROGRAM, complaint, answer.code)
    return answer.code


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    prepare()
    try:
        args = build_parser().parse_args(argv)
        args.line = shlex.join([_PROGRAM, *(sys.argv[1:] if argv is None else argv)])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else BAD_USAGE
    try:
        return run(args, Screen())
    except Failure as failure:
        return complain(_PROGRAM, str(failure), failure.code)
    except LacpError as error:
        return complain(_PROGRAM, str(error), BAD)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough. Python would complain when it flushes at exit.
        silence()
        return DONE
    except OSError as error:
        silence()
        return complain(_PROGRAM, error.strerror or str(error), BAD)


if __name__ == "__main__":
    sys.exit(main())

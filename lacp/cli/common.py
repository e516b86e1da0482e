"""What `lacpd` and `lacpctl` share: exit codes, one-line complaints, a parser that makes them."""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, ArgumentParser
from typing import Any, NoReturn

from lacp.text import plain

#: It is done.
DONE = 0
#: What was asked about is bad or cannot be reached; standard error says why.
BAD = 1
#: Wrong usage, or input that cannot be read.
BAD_USAGE = 2
#: Ended by SIGINT.
INTERRUPTED = 130


def default_run_dir() -> str:
    """Where lacpd keeps its sockets unless ``--run-dir`` says otherwise."""
    return os.environ.get("LACPD_RUN_DIR") or "/run/lacpd"


def common_options(
    parser: ArgumentParser, *, json: Any = SUPPRESS, socket: Any = SUPPRESS, run_dir: Any = SUPPRESS
) -> None:
    """The options that every command of lacpctl has; a command's own parser leaves the defaults
    to that of the whole line."""
    parser.add_argument(
        "--json", action="store_true", default=json, help="print JSON; a stream, one per line"
    )
    parser.add_argument(
        "--socket", metavar="PATH", default=socket, help="ask the lacpd behind this socket"
    )
    default = "" if run_dir == SUPPRESS else " (default %(default)s)"
    parser.add_argument(
        "--run-dir",
        metavar="DIR",
        default=run_dir,
        help=f"where the sockets of lacpd are{default}",
    )


class Parser(ArgumentParser):
    """Wrong usage is one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        self.exit(BAD_USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def complain(program: str, message: str, code: int) -> int:
    """Say on standard error what is wrong, each line under the program's name; returns `code`."""
    for line in message.splitlines() or [""]:
        print(f"{program}: {plain(line)}", file=sys.stderr, flush=True)
    return code

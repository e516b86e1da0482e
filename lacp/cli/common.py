"""What `lacpd` and `lacpctl` share: exit codes, one-line complaints, a parser that makes them."""

from __future__ import annotations

import os
import sys
from argparse import (
    OPTIONAL,
    SUPPRESS,
    ZERO_OR_MORE,
    Action,
    ArgumentError,
    ArgumentParser,
    ArgumentTypeError,
    RawDescriptionHelpFormatter,
)
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from lacp.text import plain

if TYPE_CHECKING:
    from argparse import _ActionsContainer

#: It is done.
DONE = 0
#: What was asked about is bad or cannot be reached; standard error says why.
BAD = 1
#: Wrong usage, or input that cannot be read.
BAD_USAGE = 2
#: Ended by SIGINT.
INTERRUPTED = 130

_AT_A_GLANCE = 7


def common_options(
    parser: _ActionsContainer,
    *,
    where: bool = True,
    json: Any = SUPPRESS,
    unsaid: Any = SUPPRESS,
    run_dir: Any = SUPPRESS,
    teamd_run_dir: Any = SUPPRESS,
) -> None:
    """The options that every command of lacpctl has, and with `where` those of the commands that
    look at LAGs; a command's own parser leaves the defaults to that of the whole line. `unsaid` is
    the default of those that have no other."""
    parser.add_argument(
        "--json", action="store_true", default=json, help="print JSON; a stream, one per line"
    )
    if not where:
        return
    parser.add_argument(
        "--socket", metavar="PATH", default=unsaid, help="ask the lacpd behind this socket"
    )
    for option, whose, default in (
        ("--run-dir", "lacpd", run_dir),
        ("--teamd-run-dir", "teamd", teamd_run_dir),
    ):
        said = "" if default == SUPPRESS else " (default %(default)s)"
        parser.add_argument(
            option, metavar="DIR", default=default, help=f"where the sockets of {whose} are{said}"
        )
    parser.add_argument(
        "--source",
        action="append",
        metavar="NAME",
        default=unsaid,
        help="look only there: lacpd, bond, team, ovs; several with commas",
    )
    parser.add_argument(
        "--netns",
        metavar="NAME",
        default=unsaid,
        help="look into this network namespace: a name, a PID or a path",
    )
    parser.add_argument(
        "--host",
        action="append",
        metavar="USER@HOST",
        default=unsaid,
        help="look there, with its lacpctl, by ssh; may be given several times",
    )


def interval_option(parser: ArgumentParser, help: str) -> None:
    """The option of commands that look again and again."""
    parser.add_argument(
        "-n", "--interval", type=_interval, default=1.0, metavar="SECONDS", help=help
    )


def _interval(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 3600:
        raise ArgumentTypeError(f"{text!r}, expected seconds from 0.1 to 3600")
    return value


class Formatter(RawDescriptionHelpFormatter):
    """Help as wide as the terminal. Told the width, it need not import what finds it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_help_width())

    def _format_action_invocation(self, action: Action) -> str:
        # -n, --interval SECONDS: what the value is called stands once.
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"


def _help_width() -> int:
    """What COLUMNS says, else the terminal; within what is good to read."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        columns = int(said)
    else:
        try:
            columns = os.get_terminal_size(sys.stdout.fileno()).columns or 80
        except (AttributeError, OSError, ValueError):
            columns = 80
    return max(40, min(columns, 100)) - 2


class Parser(ArgumentParser):
    """Wrong usage is one line, which helps where it can."""

    def __init__(self, prog: str | None = None, *, add_help: bool = True, **options: Any) -> None:
        options = {"formatter_class": Formatter, "allow_abbrev": False, **options}
        super().__init__(prog, add_help=False, **options)
        if add_help:
            self.add_argument("-h", "--help", action="help", help="show this and exit")

    def format_help(self) -> str:
        """What --help prints."""
        from lacp.cli.helping import help_text

        return help_text(self)

    def parse_known_args(
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse everything: nothing is left over, or wrong usage ends it."""
        found, left = super().parse_known_args(args, namespace)
        # Behind -- nothing is an option.
        end = left.index("--") if "--" in left else len(left)
        unknown = [word for word in left[:end] if word.startswith("-") and word != "-"]
        left = left[:end] + left[end + 1 :]
        for action in self._actions:
            # Names before and after an option are names of one list.
            if action.nargs == ZERO_OR_MORE and not action.option_strings and not unknown:
                setattr(found, action.dest, [*getattr(found, action.dest), *left])
                left = []
            lost = action.nargs == OPTIONAL and not action.option_strings and not unknown
            if lost and left and getattr(found, action.dest) is None:
                # argparse has given up on it at the option in front.
                setattr(found, action.dest, left.pop(0))
        if unknown:
            option = unknown[0].partition("=")[0]
            options = [name for action in self._actions for name in action.option_strings]
            self.error(f"no option {option}{_meant(option, options)}")
        if left:
            self.error(f"unexpected {plain(left[0])!r}")
        return found, []

    def _check_value(self, action: Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        choices = list(map(str, action.choices))
        # Few are seen at a glance; among many, the one that was meant.
        meant = _meant(str(value), choices) if len(choices) > _AT_A_GLANCE else ""
        raise ArgumentError(action, f"{value!r}{meant or f', expected {_either(choices)}'}")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        self.exit(BAD_USAGE, f"{self.prog}: {plain(message)} (see {self.prog} --help)\n")


def _meant(word: str, words: Sequence[str]) -> str:
    """A question, when one of `words` is close to the one that was given."""
    from difflib import get_close_matches

    close = get_close_matches(word, words, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _either(words: Sequence[str]) -> str:
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def complain(program: str, message: str, code: int) -> int:
    """Say on standard error what is wrong, each line under the program's name; returns `code`."""
    for line in message.splitlines() or [""]:
        print(f"{program}: {plain(line)}", file=sys.stderr, flush=True)
    return code

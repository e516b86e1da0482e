"""What a command of `lacpctl` is: a row of its table."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple

from lacp.cli.common import BAD, DONE, Parser, common_options
from lacp.cli.output import Screen
from lacp.errors import LacpError

PROGRAM = "lacpctl"

#: What a command says: one document, or one after another as they come.
Document = dict[str, Any]


#: What the options are called that stand before or after the command.
COMMON = "common options"


class Failure(LacpError):
    """The command cannot do what was asked; one line says why."""

    def __init__(self, message: str, code: int = BAD) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Answer:
    """Data that a writer puts into words or prints as JSON."""

    #: A document, a value that `lacp.picture.model.document` makes one of, or a stream of these.
    #: A stream that only the command's own `text` takes may be of anything.
    data: object
    code: int = DONE
    #: Said on standard error at the end, in text and JSON alike, a line each.
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its arguments, what finds the answer, and what puts it into words."""

    arguments: Callable[[ArgumentParser], object]
    run: Callable[[Namespace], Answer]
    #: The answer's data as lines; a stream's are printed as they come.
    text: Callable[[Any, Screen, Namespace], Iterable[str]]
    #: What --help says below the arguments.
    notes: str = ""
    #: Whether it looks at LAGs, and takes the options that say which and where.
    asks: bool = True
    #: What the options say together, before anything is done. Raises Failure.
    check: Callable[[Namespace], object] = lambda args: None


class Row(NamedTuple):
    """What a command is called, and what it does in a line; it is COMMAND in its module, which is
    not imported yet."""

    name: str
    help: str
    module: str

    def load(self) -> Command:
        """The command itself."""
        command = import_module(self.module).COMMAND
        assert isinstance(command, Command)
        return command


class CommandParser(Parser):
    """The parser of one command, which is imported when it has something to parse or to say.

    The command stands in the namespace as `dest`.
    """

    def __init__(self, *, row: Row, dest: str = "row", **options: Any) -> None:
        super().__init__(**options)
        self._row: Row | None = row
        self._dest = dest

    def fill(self) -> None:
        """Import the command and declare its arguments, once."""
        if self._row is None:
            return
        row, self._row = self._row, None
        command = row.load()
        self.description = f"{row.help[0].upper()}{row.help[1:]}."
        self.epilog = command.notes
        command.arguments(self)
        # Before or after the command, as the fingers have it.
        common_options(self.add_argument_group(COMMON), where=command.asks)
        self.set_defaults(**{self._dest: command})

    def parse_known_args(
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse what stands behind the command."""
        self.fill()
        return super().parse_known_args(args, namespace)

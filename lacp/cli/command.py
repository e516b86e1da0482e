"""What a command of `lacpctl` is: a row of its table."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lacp.cli.common import BAD, DONE
from lacp.cli.output import Screen
from lacp.errors import LacpError

#: What a command says: one document, or one after another as they come.
Document = dict[str, Any]


class Failure(LacpError):
    """The command cannot do what was asked; one line says why."""

    def __init__(self, message: str, code: int = BAD) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Answer:
    """Plain data that a writer puts into words or prints as JSON."""

    #: A stream that only the command's own `text` takes may be of anything.
    data: Document | Iterator[Any]
    code: int = DONE
    #: Said on standard error at the end, in text and JSON alike, a line each.
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its arguments, what finds the answer, and what puts it into words."""

    name: str
    help: str
    arguments: Callable[[ArgumentParser], object]
    run: Callable[[Namespace], Answer]
    #: The answer's data as lines; a stream's are printed as they come.
    text: Callable[[Any, Screen, Namespace], Iterable[str]]
    #: What --help says below the arguments.
    notes: str = ""

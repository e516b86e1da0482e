"""The records of teamd's Unix socket: one message is one record (teamd_usock.c)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_MEANING = {"n": "\n", "\\": "\\"}


class FramingError(ValueError):
    """The record is no request."""


@dataclass(frozen=True, slots=True)
class Request:
    """A method and its arguments, as they were sent."""

    method: str
    arguments: tuple[str, ...]


def request(record: bytes) -> Request:
    """What a record asks for. Lines that are empty are no lines. Raises FramingError."""
    lines = [line for line in os.fsdecode(record).split("\n") if line]
    if not lines or lines[0] != "REQUEST":
        raise FramingError("a record must begin with REQUEST")
    if len(lines) == 1:
        raise FramingError("a record must name a method")
    return Request(lines[1], tuple(lines[2:]))


def argument(line: str) -> str:
    r"""An argument as it is meant: ``\n`` is a new line, ``\\`` a backslash.

    Raises FramingError for any other escape.
    """
    if "\\" not in line:
        return line

    def meaning(match: re.Match[str]) -> str:
        try:
            return _MEANING[match[1]]
        except KeyError:
            raise FramingError(f"no escape: {match[0]!r}") from None

    return _ESCAPE.sub(meaning, line)


def success(payload: str | None) -> bytes:
    """The reply of a method that worked; nothing is escaped."""
    return b"REPLY_SUCCESS\n" + _octets(payload or "")


def error(code: str, message: str) -> bytes:
    """The reply of a method that failed."""
    return _octets(f"REPLY_ERROR\n{code}\n{message}\n")


def _octets(text: str) -> bytes:
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        # A configuration can hold halves of characters.
        return text.encode(errors="backslashreplace")

"""JSON as teamd.conf needs it: duplicate keys refused, and every complaint with line and column."""

from __future__ import annotations

import json
import json.decoder
import re
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any, NoReturn, cast

from lacp.errors import ConfigError

#: A value of a JSON document.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Document = dict[str, Json]

#: Nobody nests deeper, and Python's own stack ends somewhere behind it.
_DEPTH = 64
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<real>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_WORD = re.compile(r"[A-Za-z0-9_.+-]+|.", re.DOTALL)
#: What the standard library reads strings with: text, place behind the quote, strictly.
_string = cast("Callable[[str, int, bool], tuple[str, int]]", cast("Any", json.decoder).scanstring)
_LITERALS: dict[str, Json] = {"true": True, "false": False, "null": None}


class UnreadableError(ConfigError):
    """The text is no configuration at all: no such file, not UTF-8, not JSON, not an object."""


def parse(text: str, source: str) -> Document:
    """The object that `text` is. `source` names it in messages.

    Raises UnreadableError, which says line, column, what was found and what was expected.
    """
    reader = _Reader(text, source)
    reader.space()
    if reader.at >= len(text):
        reader.fail("a JSON object")
    value = reader.value(0)
    reader.space()
    if reader.at < len(text):
        reader.fail("the end of the text")
    if not isinstance(value, dict):
        raise UnreadableError(f"{source}: $: found {kind(value)}, expected an object")
    return value


def quoted(text: str) -> str:
    """`text` in quotes, as JSON writes it; in ASCII when it would not stay on its line."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def kind(value: Json) -> str:
    """What `value` is, in the words of an error message; a scalar is shown."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return f"the string {quoted(value)}" if len(value) <= 40 else "a long string"
        case int() | float():
            shown = str(value)
            return shown if len(shown) <= 40 else "a long number"
        case list():
            return "an array"
        case _:
            return "an object"


class _Reader:
    """Recursive descent over one text; `at` is where it stands."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.at = 0

    def fail(self, expected: str) -> NoReturn:
        word = _WORD.match(self.text, self.at)
        found = repr(word[0][:40]) if word else "the end of the text"
        self.refuse(self.at, f"found {found}, expected {expected}")

    def refuse(self, at: int, what: str) -> NoReturn:
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        raise UnreadableError(f"{self.source}: line {line}, column {column}: {what}")

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def take(self, character: str) -> bool:
        """Step over `character` and the space behind it, if it is the next one."""
        if not self.text.startswith(character, self.at):
            return False
        self.at += 1
        self.space()
        return True

    def value(self, depth: int) -> Json:
        if depth > _DEPTH:
            self.refuse(self.at, f"found more than {_DEPTH} levels, expected fewer")
        if self.take("{"):
            return self.object(depth)
        if self.take("["):
            return self.array(depth)
        if self.text.startswith('"', self.at):
            return self.string()
        number = _NUMBER.match(self.text, self.at)
        word = _WORD.match(self.text, self.at)
        if number and word and number[0] == word[0]:
            return self.number(number)
        if not word or word[0] not in _LITERALS:
            self.fail("a value")
        self.at = word.end()
        return _LITERALS[word[0]]

    def object(self, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        if self.take("}"):
            return found
        while True:
            start = self.at
            if not self.text.startswith('"', start):
                self.fail('a key in "quotes"')
            key = self.string()
            if key in found:
                self.refuse(start, f"found the key {quoted(key)} again, expected it once")
            self.space()
            if not self.take(":"):
                self.fail("':'")
            found[key] = self.value(depth + 1)
            self.space()
            if self.text.startswith("}", self.at):
                self.at += 1
                return found
            if not self.take(","):
                self.fail("',' or '}'")

    def array(self, depth: int) -> list[Json]:
        found: list[Json] = []
        if self.take("]"):
            return found
        while True:
            found.append(self.value(depth + 1))
            self.space()
            if self.text.startswith("]", self.at):
                self.at += 1
                return found
            if not self.take(","):
                self.fail("',' or ']'")

    def string(self) -> str:
        try:
            text, self.at = _string(self.text, self.at + 1, True)
        except JSONDecodeError as error:
            self.refuse(error.pos, f"{error.msg.rstrip(' at')[:1].lower()}{error.msg[1:]}")
        return text

    def number(self, match: re.Match[str]) -> int | float:
        start, self.at = match.span()
        try:
            return float(match[0]) if match["real"] else int(match[0])
        except ValueError:
            self.refuse(start, f"found a number of {len(match[0])} digits, expected fewer")

"""A walk through a document that collects what is wrong with it, with the path of each finding."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from lacp.address import NO_MAC, Mac
from lacp.config.document import Json, kind, quoted

#: teamd's integers, and most of those it hands to the kernel, are C's.
INT_MAX = (1 << 31) - 1
#: teamd reads an address with spaces around its colons.
_AROUND = re.compile(r"\s*([:-])\s*")


@dataclass(slots=True)
class Findings:
    """What was found while one document was read; every entry is one line without the file."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Section:
    """One object of the document. Each getter returns the value, or its default when it is absent
    or wrong; what is wrong is noted. `close` warns of the keys that nobody asked for."""

    def __init__(self, values: dict[str, Json], path: str, findings: Findings) -> None:
        self.values = values
        self.path = path
        self.findings = findings
        self._known: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def at(self, key: str) -> str:
        """The path of `key`, which is quoted unless it is a plain word: a name may have dots."""
        plain = key.replace("_", "").replace("-", "").isalnum()
        return f"{self.path}.{key}" if plain else f"{self.path}[{quoted(key)}]"

    def error(self, key: str, found: str, expected: str) -> None:
        """Note that the value of `key` is wrong."""
        self.findings.errors.append(f"{self.at(key)}: found {found}, expected {expected}")

    def warn(self, key: str, what: str) -> None:
        """Note something about `key` that stops nobody."""
        self.findings.warnings.append(f"{self.at(key)}: {what}")

    def idle(self, key: str, why: str) -> None:
        """Warn, if `key` is present, that it is accepted and has no effect."""
        if self._has(key):
            self.warn(key, f"accepted, but without effect: {why}")

    def _has(self, key: str) -> bool:
        self._known.add(key)
        return key in self.values

    def boolean(self, key: str, default: bool, *, converted: bool = False) -> bool:
        """`converted` keys are those that bond2team writes as 0 or 1. teamd never looks at the
        number; a file that has run like that must run on, and in the same way."""
        if self._has(key):
            value = self.values[key]
            if isinstance(value, bool):
                return value
            if converted and type(value) is int and value in (0, 1):
                said = f"found {value}, expected true or false"
                self.warn(key, f"{said}; it stays {kind(default)}, as with teamd")
            else:
                self.error(key, kind(value), "true or false")
        return default

    def integer(self, key: str, default: int, low: int, high: int = INT_MAX) -> int:
        if self._has(key):
            value = self.values[key]
            if type(value) is int and low <= value <= high:
                return value
            limits = f"{low} to {high}" if high < INT_MAX else f"of at least {low}"
            if high == INT_MAX and type(value) is int and value > high:
                limits = f"of at most {high}"
            self.error(key, kind(value), f"an integer {limits}")
        return default

    def signed(self, key: str, default: int) -> int:
        """A 32-bit integer of either sign."""
        if self._has(key):
            value = self.values[key]
            if type(value) is int and -INT_MAX - 1 <= value <= INT_MAX:
                return value
            self.error(key, kind(value), f"an integer {-INT_MAX - 1} to {INT_MAX}")
        return default

    def number(self, key: str, default: float, low: float, high: float) -> float:
        if self._has(key):
            value = self.values[key]
            if (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and low <= value <= high
            ):
                return float(value)
            self.error(key, kind(value), f"a number {low:g} to {high:g}")
        return default

    def string(self, key: str, expected: str = "a string") -> str | None:
        if self._has(key):
            value = self.values[key]
            if isinstance(value, str):
                return value
            self.error(key, kind(value), expected)
        return None

    def choice(self, key: str, default: str, choices: Collection[str]) -> str:
        expected = " or ".join(choices) if len(choices) < 3 else "one of " + ", ".join(choices)
        value = self.string(key, expected)
        if value is None:
            return default
        if value in choices:
            return value
        self.error(key, kind(value), expected)
        return default

    def mac(self, key: str) -> Mac | None:
        """The address of one station: neither a group nor zero."""
        expected = "the MAC address of one station, like 02:00:00:00:00:01"
        value = self.string(key, expected)
        if value is None:
            return None
        try:
            mac = Mac.parse(_AROUND.sub(r"\1", value.strip()))
        except ValueError:
            mac = NO_MAC
        if mac == NO_MAC or mac.group:
            self.error(key, kind(value), expected)
            return None
        return mac

    def section(self, key: str) -> Section | None:
        """The object under `key`; None when there is none."""
        if self._has(key):
            value = self.values[key]
            if isinstance(value, dict):
                return Section(value, self.at(key), self.findings)
            self.error(key, kind(value), "an object")
        return None

    def sections(self, key: str) -> Iterator[Section]:
        """The object under `key`, or the objects of the array there."""
        if not self._has(key):
            return
        value = self.values[key]
        if not isinstance(value, list):
            if isinstance(value, dict):
                yield Section(value, self.at(key), self.findings)
            else:
                self.error(key, kind(value), "an object or an array of objects")
            return
        for index, item in enumerate(value):
            path = f"{self.at(key)}[{index}]"
            if isinstance(item, dict):
                yield Section(item, path, self.findings)
            else:
                self.findings.errors.append(f"{path}: found {kind(item)}, expected an object")

    def strings(self, key: str) -> list[str] | None:
        """The strings of the array under `key`, which is there; None when it is no such array."""
        self._known.add(key)
        value = self.values[key]
        if isinstance(value, list):
            found = [item for item in value if isinstance(item, str)]
            if len(found) == len(value):
                return found
        self.error(key, kind(value), "an array of strings")
        return None

    def close(self) -> None:
        """Warn of every key that was not asked for; it stays in the document."""
        for key in self.values:
            if key not in self._known:
                meant = get_close_matches(key, sorted(self._known), 1)
                hint = f"; perhaps {meant[0]} is meant" if meant else ""
                self.warn(key, f"unknown key, kept and ignored{hint}")

"""Where profiles come from: those that are shipped, and files in TOML or JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lacp.address import Mac
from lacp.conformance.catalogue import CATALOGUE
from lacp.conformance.tester.device import FEATURES, Device, Need
from lacp.conformance.tester.profile import Profile
from lacp.errors import ConfigError
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control


def load(path: Path) -> Profile:
    """The profile in a TOML or JSON file. Raises ConfigError: file, path, found, expected."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def shipped() -> list[str]:
    """The names of the profiles that come with the package."""
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in _folder().iterdir()
        if entry.name.endswith(".toml")
    )


def find(name: str) -> Profile:
    """The profile called `name`: one that is shipped, or else a file. Raises ConfigError."""
    if name in shipped():
        entry = _folder() / f"{name}.toml"
        return parse(entry.read_text(encoding="utf-8"), f"{name}.toml")
    if not Path(name).is_file():
        raise ConfigError(
            f"no profile {name!r}, there are {', '.join(shipped())}, or name a TOML or JSON file"
        )
    return load(Path(name))


def parse(text: str, file: str) -> Profile:
    """The profile in a text, TOML unless `file` ends in .json. Raises ConfigError."""
    try:
        document = json.loads(text) if file.endswith(".json") else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from None
    return _Reader(file).profile(document)


def _folder() -> Any:
    return files("lacp.conformance") / "profiles"


class _Reader:
    """A document to a profile; every error names the file and the path in it."""

    def __init__(self, file: str) -> None:
        self._file = file

    def profile(self, document: object) -> Profile:
        table = self._table("the document", document)
        values = {
            key: self._value(key, value, _PROFILE)
            for key, value in table.items()
            if key not in _OWN
        }
        if "name" not in values:
            raise self._error("name", "nothing", "the name of the profile")
        device = self._table("device", table.get("device", {}))
        features = {
            key: self._value(f"device.{key}", value, _DEVICE, key) for key, value in device.items()
        }
        return Profile(
            **values,
            device=Device(**features),
            offers=frozenset(self._offers(table.get("offers", []))),
            waivers=MappingProxyType(self._waivers(table.get("waivers", {}))),
        )

    def _error(self, path: str, found: object, expected: str) -> ConfigError:
        return ConfigError(f"{self._file}: {path} is {found}, expected {expected}")

    def _table(self, path: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(path, repr(value), "a table")
        return value

    def _text(self, path: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._error(path, repr(value), "a sentence")
        return value

    def _waivers(self, value: object) -> dict[str, str]:
        waivers = self._table("waivers", value)
        for key in waivers:
            if key not in CATALOGUE:
                raise self._error(f"waivers.{key}", "of no case", "an id of the catalogue")
        return {key: self._text(f"waivers.{key}", why) for key, why in waivers.items()}

    def _offers(self, value: object) -> list[Need]:
        known = ", ".join(Need)
        if not isinstance(value, list):
            raise self._error("offers", repr(value), f"a list of {known}")
        for index, item in enumerate(value):
            if item not in list(Need):
                raise self._error(f"offers[{index}]", repr(item), f"one of {known}")
        return [Need(item) for item in value]

    def _value(
        self, path: str, value: object, kinds: Mapping[str, _Kind], key: str | None = None
    ) -> Any:
        kind = kinds.get(key or path)
        if kind is None:
            names = ", ".join(sorted({*kinds, *(() if key else _OWN)}))
            raise ConfigError(f"{self._file}: {path} is not known, expected one of {names}")
        expected, convert = kind
        try:
            return convert(value)
        except (ValueError, TypeError):
            raise self._error(path, repr(value), expected) from None


#: What is expected, and what makes it of a value or raises ValueError.
_Kind = tuple[str, Callable[[Any], Any]]


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(low: float, high: float) -> Callable[[object], float]:
    def convert(value: object) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise ValueError
        return value

    return convert


def _whole(low: int, high: int) -> Callable[[object], int]:
    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return convert


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _edition(value: object) -> str:
    if value not in EDITIONS:
        raise ValueError
    return str(value)


def _control(value: object) -> Control | None:
    return None if value == "auto" else Control(_string(value))


#: Keys of the document that are tables or lists of their own.
_OWN = ("device", "offers", "waivers")

_PROFILE: Mapping[str, _Kind] = {
    "name": ("a text", _string),
    "description": ("a text", _string),
    "destination": ("a MAC address", lambda value: Mac.parse(_string(value))),
    "transmit_limit": ("a whole number from 1 to 1000", _whole(1, 1000)),
    "slack": ("seconds from 0 to 10", _number(0, 10)),
}

_DEVICE: Mapping[str, _Kind] = {
    "edition": (f"one of {', '.join(EDITIONS)}", _edition),
    "control": ("independent, coupled or auto", _control),
    **dict.fromkeys(
        ("activity", "short_timeout", "aggregation", "revertive", "fallback"),
        ("true or false", _flag),
    ),
    "version": ("1 or 2", _whole(1, 2)),
    "max_links": ("a whole number from 1 to 65535", _whole(1, 0xFFFF)),
    "lags": ("a whole number from 1 to 65535", _whole(1, 0xFFFF)),
    "aggregators": ("a whole number from 1 to 65535", _whole(1, 0xFFFF)),
    "wait_to_restore": ("seconds from 0 to 32767", _number(0, 32767)),
}
assert set(_DEVICE) == FEATURES | {"edition"}

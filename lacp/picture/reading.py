"""A LAG read from its JSON, whoever sent that: nothing else than expected gets in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from functools import cache
from math import isfinite
from types import MappingProxyType
from typing import Any, TypeVar

from lacp.address import Mac
from lacp.errors import LacpError
from lacp.info import PORT_STATES, PortState
from lacp.link import Duplex
from lacp.picture.model import (
    Change,
    End,
    LagView,
    LinkView,
    Machines,
    PortView,
    SystemId,
    WatcherView,
)

_Value = TypeVar("_Value")
#: How deep a document may nest that is read without knowing what ought to be in it.
LEVELS = 100
#: What an integer may be: beyond it nothing is counted or numbered.
_INTEGERS = range(-(1 << 63), 1 << 64)
#: How deep the values of `settings` may nest.
_DEEPEST = 16


class ModelError(LacpError):
    """A document is none of this model; the message says where in it, and what was expected."""


def read_lag(found: Any, where: str = "lag") -> LagView:
    """The LAG that a document tells of; members that are not known here are left out.

    Raises ModelError when a member is something else than expected.
    """
    return _read(LagView, found, where)


def nests_deeper(document: Any, levels: int = LEVELS) -> bool:
    """Whether a document of JSON has more levels of objects and arrays than that.

    Python reads some hundred levels more than it can write, or anybody has a use for.
    """
    level = [document]
    for _ in range(levels + 1):
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            return False
        level = [
            inner for each in level for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return True


def _read(kind: Callable[..., _Value], found: Any, where: str) -> _Value:
    if not isinstance(found, Mapping):
        raise ModelError(f"{where}: found {_kind_of(found)}, expected an object")
    told = {
        name: take(found[name], f"{where}.{name}")
        for name, take in _takers(kind).items()
        if name in found
    }
    try:
        return kind(**told)
    except TypeError:
        raise ModelError(f"{where}: a name is missing") from None


@cache
def _takers(kind: Hashable) -> Mapping[str, Callable[[Any, str], Any]]:
    assert isinstance(kind, type)
    return {each.name: _TAKERS[str(each.type)] for each in fields(kind)}


def _kind_of(found: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", type(None): "null"}
    if isinstance(found, int) and found not in _INTEGERS:
        return "a number of more than 64 bits"
    name = names.get(type(found))
    return repr(found) if name is None else name


def _plain(kinds: tuple[type, ...], expected: str, *, null: bool) -> Callable[[Any, str], Any]:
    def take(found: Any, where: str) -> Any:
        if (found is None and null) or (
            isinstance(found, kinds)
            and (bool in kinds or not isinstance(found, bool))
            and (not isinstance(found, int) or found in _INTEGERS)
        ):
            return found
        raise ModelError(f"{where}: found {_kind_of(found)}, expected {expected}")

    return take


def _number(found: Any, where: str) -> float | None:
    # JSON as Python reads it has numbers that are none, and some that no other number stands for.
    known = found in _INTEGERS if isinstance(found, int) else isinstance(found, float)
    if found is None or (known and not isinstance(found, bool) and isfinite(found)):
        return found
    raise ModelError(f"{where}: found {_kind_of(found)}, expected a number or null")


def _anything(found: Any, where: str, depth: int = 0) -> Any:
    """Whatever a source calls its own, within reason."""
    if depth > _DEEPEST:
        raise ModelError(f"{where}: found more than {_DEEPEST} levels, expected fewer")
    if isinstance(found, Mapping):
        return {str(name): _anything(each, where, depth + 1) for name, each in found.items()}
    if isinstance(found, list):
        return [_anything(each, where, depth + 1) for each in found]
    known = isinstance(found, bool) or not isinstance(found, int | float)
    return found if known else _number(found, where)


def _mac(found: Any, where: str) -> Mac | None:
    if found is None:
        return None
    try:
        return Mac.parse(found)
    except (TypeError, ValueError):
        raise ModelError(f"{where}: found {_kind_of(found)}, expected a MAC address") from None


def _state(found: Any, where: str) -> PortState | None:
    if found is None:
        return None
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= 0xFF:
        return PORT_STATES[found]
    raise ModelError(f"{where}: found {_kind_of(found)}, expected an octet")


def _duplex(found: Any, where: str) -> Duplex | None:
    if found in (None, Duplex.FULL, Duplex.HALF):
        return None if found is None else Duplex(found)
    raise ModelError(f"{where}: found {_kind_of(found)}, expected full, half or null")


def _one(kind: type[Any], *, null: bool) -> Callable[[Any, str], Any]:
    def take(found: Any, where: str) -> Any:
        if found is None:
            return None if null else kind()
        return _read(kind, found, where)

    return take


def _many(take: Callable[[Any, str], Any], *, null: bool) -> Callable[[Any, str], Any]:
    def take_all(found: Any, where: str) -> Any:
        if found is None:
            return None if null else ()
        if not isinstance(found, list | tuple):
            raise ModelError(f"{where}: found {_kind_of(found)}, expected an array")
        return tuple(take(each, f"{where}[{number}]") for number, each in enumerate(found))

    return take_all


def _by_name(take: Callable[[Any, str], Any], *, null: bool) -> Callable[[Any, str], Any]:
    def take_all(found: Any, where: str) -> Any:
        if found is None:
            return None if null else MappingProxyType({})
        if not isinstance(found, Mapping):
            raise ModelError(f"{where}: found {_kind_of(found)}, expected an object")
        return {str(name): take(each, f"{where}.{name}") for name, each in found.items()}

    return take_all


_INT = _plain((int,), "an integer or null", null=True)
_FLOAT = _number
_STR = _plain((str,), "a string or null", null=True)
_TEXT = _plain((str,), "a string", null=False)
_COUNT = _plain((int,), "an integer", null=False)

#: How each type of a field is read, by the words that the field is declared with.
_TAKERS: Mapping[str, Callable[[Any, str], Any]] = {
    "str": _TEXT,
    "str | None": _STR,
    "int | None": _INT,
    "float | None": _FLOAT,
    "bool | None": _plain((bool,), "true, false or null", null=True),
    "Mac | None": _mac,
    "PortState | None": _state,
    "Duplex | None": _duplex,
    "SystemId | None": _one(SystemId, null=True),
    "End | None": _one(End, null=True),
    "LinkView": _one(LinkView, null=False),
    "Machines | None": _one(Machines, null=True),
    "Mapping[str, int] | None": _by_name(_COUNT, null=True),
    "Mapping[str, int | None] | None": _by_name(_INT, null=True),
    "Mapping[str, float | None] | None": _by_name(_FLOAT, null=True),
    "Mapping[str, Any]": _by_name(_anything, null=False),
    "tuple[str, ...]": _many(_TEXT, null=False),
    "tuple[Change, ...] | None": _many(_one(Change, null=False), null=True),
    "tuple[WatcherView, ...] | None": _many(_one(WatcherView, null=False), null=True),
    "tuple[PortView, ...]": _many(lambda found, where: _read(PortView, found, where), null=False),
}

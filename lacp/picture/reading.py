"""A LAG read from its JSON, whoever sent that: nothing else than expected gets in."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from functools import cache, lru_cache
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
#: Takes what was found for a member: what that is, where its object stands, its name.
_Take = Callable[[Any, str, str], Any]
#: How deep a document may nest that is read without knowing what ought to be in it.
LEVELS = 100
#: What an integer may be: beyond it nothing is counted or numbered.
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
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
    told = {}
    takers = _takers(kind)
    for name, value in found.items():
        if name in takers:
            at_once, take = takers[name]
            # Most of thousands of ports is what it ought to be at a glance.
            told[name] = value if type(value) in at_once else take(value, where, name)
    try:
        return kind(**told)
    except TypeError:
        raise ModelError(f"{where}: a name is missing") from None


@cache
def _takers(kind: Hashable) -> Mapping[str, tuple[frozenset[type], _Take]]:
    """By the name of each field: types that are taken as they are, and what takes the others."""
    assert isinstance(kind, type)
    return {each.name: _TAKERS[str(each.type)] for each in fields(kind)}


def _kind_of(found: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", type(None): "null"}
    if isinstance(found, int) and not _LEAST <= found <= _MOST:
        return "a number of more than 64 bits"
    name = names.get(type(found))
    return repr(found) if name is None else name


def _wrong(found: Any, expected: str, where: str, name: str) -> ModelError:
    return ModelError(f"{where}.{name}: found {_kind_of(found)}, expected {expected}")


def _plain(kind: type, expected: str) -> _Take:
    """Of one type alone; a subclass will do."""

    def take(found: Any, where: str, name: str) -> Any:
        if isinstance(found, kind):
            return found
        raise _wrong(found, expected, where, name)

    return take


def _integer(expected: str) -> _Take:
    def take(found: Any, where: str, name: str) -> int:
        if type(found) is int and _LEAST <= found <= _MOST:
            return found
        raise _wrong(found, expected, where, name)

    return take


def _number(found: Any, where: str, name: str) -> float:
    # JSON as Python reads it has numbers that are none, and some that no other number stands for.
    if type(found) is int and _LEAST <= found <= _MOST:
        return found
    if isinstance(found, float) and isfinite(found):
        return found
    raise _wrong(found, "a number or null", where, name)


def _anything(found: Any, where: str, name: str, depth: int = 0) -> Any:
    """Whatever a source calls its own, within reason."""
    if depth > _DEEPEST:
        raise ModelError(f"{where}.{name}: found more than {_DEEPEST} levels, expected fewer")
    if isinstance(found, Mapping):
        return {str(key): _anything(each, where, name, depth + 1) for key, each in found.items()}
    if isinstance(found, list):
        return [_anything(each, where, name, depth + 1) for each in found]
    known = isinstance(found, bool) or not isinstance(found, int | float)
    return found if known else _number(found, where, name)


def _mac(found: Any, where: str, name: str) -> Mac:
    try:
        return _mac_of(found)
    except (TypeError, ValueError):
        raise _wrong(found, "a MAC address", where, name) from None


# The same few systems stand in every port.
_mac_of = lru_cache(maxsize=1024)(Mac.parse)


def _state(found: Any, where: str, name: str) -> PortState:
    if type(found) is int and 0 <= found <= 0xFF:
        return PORT_STATES[found]
    raise _wrong(found, "an octet", where, name)


def _duplex(found: Any, where: str, name: str) -> Duplex:
    if found in (Duplex.FULL, Duplex.HALF):
        return Duplex(found)
    raise _wrong(found, "full, half or null", where, name)


def _one(kind: type[Any]) -> _Take:
    return lambda found, where, name: _read(kind, found, f"{where}.{name}")


def _many(at_once: frozenset[type], take: _Take) -> _Take:
    def take_all(found: Any, where: str, name: str) -> tuple[Any, ...]:
        if not isinstance(found, list | tuple):
            raise _wrong(found, "an array", where, name)
        return tuple(
            each if type(each) in at_once else take(each, where, f"{name}[{number}]")
            for number, each in enumerate(found)
        )

    return take_all


def _listed(kind: type[Any]) -> _Take:
    return _many(frozenset(), lambda found, where, name: _read(kind, found, f"{where}.{name}"))


def _counted(found: Mapping[Any, Any]) -> bool:
    """Whether all of it are integers that are taken as they are, such as twenty counters a port."""
    its = found.values()
    whole = _INTEGERS.issuperset(map(type, its)) and _TEXTS.issuperset(map(type, found))
    return whole and min(its, default=0) >= _LEAST and max(its, default=0) <= _MOST


def _by_name(at_once: frozenset[type], take: _Take) -> _Take:
    def take_all(found: Any, where: str, name: str) -> Mapping[str, Any]:
        if not isinstance(found, Mapping):
            raise _wrong(found, "an object", where, name)
        if _counted(found):
            return dict(found)
        inside = f"{where}.{name}"
        return {
            str(key): each if type(each) in at_once else take(each, inside, key)
            for key, each in found.items()
        }

    return take_all


def _absent(value: Any, take: _Take) -> _Take:
    """What stands for null where the field has no null."""
    return lambda found, where, name: value if found is None else take(found, where, name)


_NONE = frozenset({type(None)})
_TEXTS = frozenset({str})
_INTEGERS = frozenset({int})
_INT = _integer("an integer or null")
_TEXT = _TEXTS, _plain(str, "a string")

#: How each type of a field is read, by the words that the field is declared with: types that are
#: taken as they are, and what takes the others.
_TAKERS: Mapping[str, tuple[frozenset[type], _Take]] = {
    "str": _TEXT,
    "str | None": (_TEXTS | _NONE, _plain(str, "a string or null")),
    "int | None": (_NONE, _INT),
    "float | None": (_NONE, _number),
    "bool | None": (_NONE | {bool}, _plain(bool, "true, false or null")),
    "Mac | None": (_NONE, _mac),
    "PortState | None": (_NONE, _state),
    "Duplex | None": (_NONE, _duplex),
    "SystemId | None": (_NONE, _one(SystemId)),
    "End | None": (_NONE, _one(End)),
    "LinkView": (frozenset(), _absent(LinkView(), _one(LinkView))),
    "Machines | None": (_NONE, _one(Machines)),
    "Mapping[str, int] | None": (_NONE, _by_name(frozenset(), _integer("an integer"))),
    "Mapping[str, int | None] | None": (_NONE, _by_name(_NONE, _INT)),
    "Mapping[str, float | None] | None": (_NONE, _by_name(_NONE, _number)),
    "Mapping[str, Any]": (
        frozenset(),
        _absent(MappingProxyType({}), _by_name(_NONE | _TEXTS | {bool}, _anything)),
    ),
    "tuple[str, ...]": (frozenset(), _absent((), _many(*_TEXT))),
    "tuple[Change, ...] | None": (_NONE, _listed(Change)),
    "tuple[WatcherView, ...] | None": (_NONE, _listed(WatcherView)),
    "tuple[PortView, ...]": (frozenset(), _absent((), _listed(PortView))),
}

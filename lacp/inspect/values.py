"""Values in the documents of others: each is what it ought to be, or None."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from lacp.address import Mac

#: What an integer may be: beyond it nothing is counted or numbered.
_INTEGERS = range(-(1 << 63), 1 << 64)

#: Octets of a document for each object or array in it, and how many there may be in any case. Of
#: what daemons say it is some hundred; an empty array is two, and takes fifty of memory.
_OCTETS_EACH = 32
_SOME = 10_000


def decoded(text: str | bytes) -> Any:
    """A document of JSON. Raises ValueError when it is none, or made to fill the memory."""
    check_sparse(text)
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def check_sparse(text: str | bytes) -> None:
    """Raises ValueError when a document has more objects than anybody has a use for."""
    if isinstance(text, bytes):
        found = text.count(b"[") + text.count(b"{")
    else:
        found = text.count("[") + text.count("{")
    if found > _SOME + len(text) // _OCTETS_EACH:
        raise ValueError(f"{found:,} objects in {len(text):,} octets")


def at(document: Any, *path: str) -> Any:
    """What stands at this path of keys; None when there is nothing."""
    for key in path:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def members(document: Any, *path: str) -> Mapping[str, Any]:
    """The object at this path; an empty one when there is none."""
    found = at(document, *path)
    return found if isinstance(found, dict) else {}


def text(value: Any) -> str | None:
    """A string."""
    return value if isinstance(value, str) else None


def integer(value: Any) -> int | None:
    """An integer, and neither true nor false."""
    wrong = not isinstance(value, int) or isinstance(value, bool) or value not in _INTEGERS
    return None if wrong else int(value)


def scalar(value: Any) -> bool | int | float | str | None:
    """A value that is neither object nor array: numbers as other programs have room for them."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    return integer(value)


def boolean(value: Any) -> bool | None:
    """True or false."""
    return value if isinstance(value, bool) else None


def mac(value: Any) -> Mac | None:
    """A MAC address, from its text."""
    try:
        return Mac.parse(value)
    except (TypeError, ValueError):
        return None

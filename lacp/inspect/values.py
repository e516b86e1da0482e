"""Values in the documents of others: each is what it ought to be, or None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lacp.address import Mac

#: What an integer may be: beyond it nothing is counted or numbered.
_INTEGERS = range(-(1 << 63), 1 << 64)


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


def boolean(value: Any) -> bool | None:
    """True or false."""
    return value if isinstance(value, bool) else None


def mac(value: Any) -> Mac | None:
    """A MAC address, from its text."""
    try:
        return Mac.parse(value)
    except (TypeError, ValueError):
        return None

"""Single values of a state document, by the path that teamd's clients give."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.config.document import Document, Json
from lacp.errors import UsageError

Scalar = bool | int | str


@dataclass(frozen=True, slots=True)
class Item:
    """A leaf of the document."""

    keys: tuple[str, ...]
    value: Scalar


def find(document: Document, path: str) -> Item | None:
    """The leaf that `path` leads to: keys with dots between them; None when there is none.

    A port whose name has dots may stand in quotes, and need not: the longest name that fits is
    meant. Raises UsageError for a path of which nothing is left behind the name of the port.
    """
    keys: list[str] = []
    value: Json = document
    rest: str | None = path
    while isinstance(value, dict) and rest is not None:
        key, rest = _step(value, rest)
        if keys == ["ports"] and rest is None:
            raise UsageError(f"nothing is named behind the port in {path[:80]!r}")
        if key is None:
            return None
        keys.append(key)
        value = value[key]
    if rest is not None or not isinstance(value, Scalar):
        return None
    return Item(tuple(keys), value)


def _step(node: Document, path: str) -> tuple[str | None, str | None]:
    """The key of `node` that the path goes through first, and what is left of the path.

    None for no such key, and for nothing left.
    """
    if path.startswith('"'):
        name, _, behind = path[1:].partition('"')
        return (name if name in node else None), behind[1:] if behind.startswith(".") else None
    fit = (key for key in node if path == key or path.startswith(f"{key}."))
    found = max(fit, key=len, default=None)
    name = path.partition(".")[0] if found is None else found
    return found, None if path == name else path[len(name) + 1 :]


def text(value: Scalar) -> str:
    """A value as `StateItemValueGet` gives it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

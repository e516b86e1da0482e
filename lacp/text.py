"""Words for people that every layer has a use for."""

from __future__ import annotations

from functools import lru_cache

#: What means nothing to a shell.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@%+=,/")


def plain(text: str) -> str:
    """`text` with nothing in it that would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "?" for c in text)


def quoted(name: str) -> str:
    """A name as a shell takes it."""
    if name and _PLAIN.issuperset(name):
        return name
    return "'" + name.replace("'", "'\\''") + "'"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun: 1 port, 1,200 ports."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def timestamp(wall: float) -> str:
    """A moment (seconds since 1970) as ISO 8601 in UTC with milliseconds."""
    second, rest = divmod(round(wall * 1e6), 1_000_000)
    return f"{_second(second)}.{rest // 1000:03d}Z"


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    """A whole second of a timestamp: logs write the same one again and again."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")

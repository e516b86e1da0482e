"""JSON with an indent, for eyes and scripts alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

_WORDS = {None: "null", True: "true", False: "false"}
#: Types whose values are words of JSON, or the digits that Python writes.
_SHORT = frozenset({type(None), bool, int})


def indented(value: Any) -> str:
    """What `json.dumps` makes of it with an indent of 2, in a fifth of the time: with an indent the
    standard library leaves its own fast way."""
    pieces: list[str] = []
    _write(value, "\n", pieces.append)
    return "".join(pieces)


def _write(value: Any, margin: str, say: Callable[[str], None]) -> None:
    kind = type(value)
    if kind is dict and value:
        inner = margin + "  "
        front = "{" + inner
        for name, each in value.items():
            its = type(each)
            # Most of it is short: it is not worth a call.
            if its is str:
                say(f"{front}{_key(name)}{encode_basestring_ascii(each)}")
            elif its in _SHORT:
                say(f"{front}{_key(name)}{each if its is int else _WORDS[each]}")
            else:
                say(front + _key(name))
                _write(each, inner, say)
            front = "," + inner
        say(margin + "}")
    elif (kind is list or kind is tuple) and value:
        inner = margin + "  "
        front = "[" + inner
        for each in value:
            say(front)
            _write(each, inner, say)
            front = "," + inner
        say(margin + "]")
    elif kind is str:
        say(encode_basestring_ascii(value))
    elif kind in _SHORT:
        say(str(value) if kind is int else _WORDS[value])
    else:
        say(json.dumps(value))


@lru_cache(1024)
def _key(name: str) -> str:
    return f"{encode_basestring_ascii(name)}: "

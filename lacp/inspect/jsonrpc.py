"""JSON-RPC 1.0 as Open vSwitch speaks it over its sockets: objects one behind the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lacp.errors import BackendError
from lacp.inspect.values import check_sparse

#: Octets before the end of what came in which a value may have been cut in two.
_CUT = 8
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one call."""

    result: Any = None
    #: What was wrong with the call, where it was refused.
    error: Any = None


def requests(*calls: tuple[str, Sequence[Any]]) -> bytes:
    """Calls, each a method and its parameters."""
    return b"".join(
        json.dumps({"id": number, "method": method, "params": params}).encode()
        for number, (method, params) in enumerate(calls)
    )


def replies(calls: int) -> Callable[[Sequence[bytes]], list[Reply] | None]:
    """What finds, in the pieces that came, the replies to so many calls, in their order.

    It returns None when there must be more, and raises BackendError for what is no JSON-RPC.
    """

    def found(pieces: Sequence[bytes]) -> list[Reply] | None:
        known: dict[int, Reply] = {}
        text = b"".join(pieces).decode(errors="replace")
        try:
            check_sparse(text)
        except ValueError:
            raise _foreign() from None
        for document in _documents(text):
            number = document.get("id")
            # What the other side asks or announces by itself has a method.
            if isinstance(number, int) and "method" not in document:
                known[number] = Reply(document.get("result"), document.get("error"))
        if any(number not in known for number in range(calls)):
            return None
        return [known[number] for number in range(calls)]

    return found


def _documents(text: str) -> list[dict[str, Any]]:
    """The objects that are whole."""
    decoder = json.JSONDecoder()
    documents = []
    at = _skip(text, 0)
    while at < len(text):
        document: Any = None
        try:
            if text[at] == "{":
                document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated string") or error.pos >= len(text) - _CUT:
                break
        except (ValueError, RecursionError):
            pass
        if not isinstance(document, dict):
            raise _foreign()
        documents.append(document)
        at = _skip(text, at)
    return documents


def _foreign() -> BackendError:
    return BackendError("this is not Open vSwitch's protocol (JSON-RPC)")


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    assert blank is not None
    return blank.end()

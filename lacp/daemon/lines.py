"""The lines of the control socket: requests as they are read, and answers as they are sent."""

from __future__ import annotations

import json

from lacp.errors import LacpError
from lacp.picture.model import Document
from lacp.picture.reading import nests_deeper

VERSION = 1
#: How deep a request may nest; no configuration nests deeper.
MAX_LEVELS = 64
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class RequestError(LacpError):
    """The request is wrong; the client is told why."""


def request_of(line: bytes) -> Document:
    """The object that a line is. Raises RequestError."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise RequestError("expected one line of JSON") from None
    if not isinstance(request, dict):
        raise RequestError("expected a JSON object")
    if nests_deeper(request, MAX_LEVELS):
        # What comes of it must be written down again, where there is less room on the stack.
        raise RequestError(f"found more than {MAX_LEVELS} levels, expected fewer")
    return request


def refusal(message: str) -> Document:
    """The answer to what is not carried out."""
    return {"version": VERSION, "ok": False, "error": message}


def line_of(document: Document) -> bytes:
    """A document as it is sent; members that are octets are JSON already."""
    its = (
        b"%s:%s" % (_json(name), value if isinstance(value, bytes) else _json(value))
        for name, value in document.items()
    )
    return b"{" + b",".join(its) + b"}\n"


def _json(value: object) -> bytes:
    return _ENCODE(value).encode()

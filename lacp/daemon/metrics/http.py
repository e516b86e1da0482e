"""As much of HTTP/1.1 as somebody who scrapes metrics needs: one request, one answer. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from lacp.errors import LacpError

#: Octets of a request line with its headers.
MAX_HEAD = 8 * 1024
END = b"\r\n\r\n"
_REQUEST = re.compile(rb"(?P<method>[A-Z]{1,20}) (?P<target>/[!-~]*) HTTP/1\.[0-9]")
_HEADER = re.compile(rb"(?P<name>[!#-'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>[\t -~\x80-\xff]*)")


class RefusedError(LacpError):
    """The request cannot be answered with what it asks for."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for."""

    method: str
    #: Without the query.
    path: str
    #: Names in lower case; one that comes several times has its values with commas between.
    headers: Mapping[str, str]

    def accepts(self, coding: str) -> bool:
        """Whether the answer may be in this content coding."""
        for wanted in self.headers.get("accept-encoding", "").lower().split(","):
            name, *parameters = (part.strip() for part in wanted.split(";"))
            if name == coding:
                return not {"q=0", "q=0.0"} & set(parameters)
        return False


def parse(head: bytes) -> Request:
    """A request, as far as the empty line. Raises RefusedError."""
    first, *lines = head.removesuffix(END).split(b"\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST)
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise RefusedError(HTTPStatus.BAD_REQUEST)
        name, value = header["name"].decode().lower(), header["value"].decode("latin-1").strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path = request["target"].partition(b"?")[0].decode()
    return Request(request["method"].decode(), path, headers)


def head(status: HTTPStatus, length: int, **headers: str) -> bytes:
    """The beginning of an answer with a body of so many octets; the connection ends with it.

    An underscore in the name of a header stands for a hyphen.
    """
    every = {
        **{name.replace("_", "-"): value for name, value in headers.items()},
        "Content-Length": str(length),
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in every.items()]
    return "\r\n".join([*lines, "", ""]).encode()

"""The client of lacpd's control sockets, which docs/control.md describes. It blocks, within limits.

`read` gives the LAGs of all of them for `lacp.inspect.survey`; to ask a single one:

for path in sockets("/run/lacpd"):
    print(ask(path, "show")["lag"]["name"])
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lacp.errors import BackendError, LacpError
from lacp.text import plain

if TYPE_CHECKING:
    from lacp.inspect.answering import Question, Way
    from lacp.inspect.survey import Places
    from lacp.picture.model import LagView

VERSION = 1
_SUFFIX = ".sock"
#: Seconds for one answer.
TIMEOUT = 5.0
#: Octets of one answer; thousands of ports fit.
_MAX_ANSWER = 64 * 1024 * 1024
#: Teams that are asked for at one socket at a time.
_AT_ONCE = 256
#: Such a file may be anything: a pipe without a writer is not waited for.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
#: Octets that the number of a process does not fill.
_PID = 32
FOREIGN = "this is not lacpd's protocol"

Document = dict[str, Any]


class RefusedError(LacpError):
    """lacpd does not carry the request out; its own words say why."""


def sockets(directory: str | os.PathLike[str]) -> list[str]:
    """The sockets of all teams in the run directory, in order of their names.

    Raises BackendError when the directory is there but cannot be read.
    """
    from lacp.inspect.asking import listed

    return listed(os.fspath(directory), _SUFFIX)


def socket_of(directory: str, team: str) -> str:
    """Where the lacpd of a team is asked."""
    return os.path.join(directory, f"{team}{_SUFFIX}")


def team_of(path: str) -> str:
    """The team whose lacpd is asked at this path."""
    return os.path.basename(path).removesuffix(_SUFFIX)


def ask(path: str, request: str, /, timeout: float = TIMEOUT, **arguments: Any) -> Document:
    """One request over a connection of its own. Raises as `Connection` does."""
    with Connection(path, timeout) as connection:
        return connection.ask(request, **arguments)


def ask_all(
    paths: Sequence[str],
    deadline: float,
    request: str,
    *,
    named: bool = False,
    most: float | None = None,
    **arguments: Any,
) -> Iterator[tuple[str, Document] | str]:
    """One request to each of these sockets at the same time: what `lacp.inspect.asking.ask` has."""
    from lacp.inspect.asking import ask

    return ask(_way(request, **arguments), paths, deadline, named=named, most=most)


def _way(request: str, /, **arguments: Any) -> Way[Document]:
    from lacp.inspect.answering import Way

    sent = (order(request, **arguments),)
    return Way("lacpd", socket.SOCK_STREAM, sent, _whole, ending=b"\n", killed_told=True)


def _questions(paths: Sequence[str], request: str, /, **arguments: Any) -> list[Question]:
    """One request about the team of each socket, of those of one process at one of them.

    Whose a team is stands in its lock: that alone makes a daemon speak for more than the team of
    the socket that it is asked at.
    """
    from lacp.inspect.answering import Shared

    way = _way(request, **arguments)
    teams: dict[int | None, list[str]] = {}
    for path in paths:
        teams.setdefault(owner(path), []).append(path)
    found: list[Question] = [(way, path) for path in teams.pop(None, ())]
    for process, its in teams.items():
        assert process is not None
        for at in range(0, len(its), _AT_ONCE):
            some = tuple(its[at : at + _AT_ONCE])
            if len(some) == 1:
                found.append((way, *some))
                continue
            asked = b"".join(order(request, **arguments, lag=team_of(path)) for path in some)
            found.append(Shared(way, process, some, asked, _line))
    return found


def owner(path: str) -> int | None:
    """The process that the lock beside the socket of a team names; None when it names none."""
    return process_in(f"{path.removesuffix(_SUFFIX)}.lock")


def process_in(path: str) -> int | None:
    """The number of a process that stands in a file, and nothing else; None when none does."""
    try:
        file = os.open(path, _READ)
    except OSError:
        return None
    try:
        text = os.read(file, _PID)
    except OSError:
        return None
    finally:
        os.close(file)
    return (int(text) if text.strip().isdigit() and len(text) < _PID else 0) or None


def _line(line: bytes, path: str) -> Document:
    """The answer about the team of this socket. Raises LacpError when it is none."""
    answer = _agreed(_document(line))
    lag = answer.get("lag")
    if not isinstance(lag, dict) or lag.get("name") != team_of(path):
        # So says a lacpd that answers for one team alone.
        raise BackendError(FOREIGN)
    return answer


def read(places: Places, deadline: float) -> Iterator[LagView | str]:
    """The LAG of each lacpd, or a line for one that does not say in time what it is.

    What is wrong with it is left to be found by who asks, who has to look at all LAGs anyway. One
    daemon may have hundreds of sockets: as long as something is heard, they have until `deadline`;
    where nothing is, a part of that is enough.

    Raises BackendError when the run directory cannot be read. Of sockets that killed daemons left
    behind there is one line together.
    """
    from lacp.inspect import asking
    from lacp.inspect.survey import BUSY_PATIENCE
    from lacp.picture.reading import ModelError, read_lag

    now = time.monotonic()
    soon = now + (deadline - now) / BUSY_PATIENCE
    named = places.socket is not None
    paths = [places.socket] if places.socket is not None else sockets(places.run_dir)
    questions = _questions(paths, "show", verbose=places.verbose, problems=False, sparse=True)
    for found in asking.ask_all(questions, soon, named=named, most=deadline):
        if isinstance(found, str):
            yield found
            continue
        try:
            yield read_lag(found.answer.get("lag"))
        except ModelError as error:
            yield f"{found.path}: {plain(str(error))}"


def _whole(pieces: Sequence[bytes]) -> Document | None:
    """The answer that the pieces make; None as long as its end is missing."""
    if not pieces[-1].endswith(b"\n"):
        return None
    return _agreed(_document(b"".join(pieces)))


def order(request: str, /, **arguments: Any) -> bytes:
    """A request as it is sent."""
    line = json.dumps({"version": VERSION, "request": request, **arguments})
    return line.encode() + b"\n"


def _document(line: bytes) -> Document:
    from lacp.inspect.values import decoded

    try:
        document = decoded(line)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BackendError(FOREIGN)
    return document


def _agreed(answer: Document) -> Document:
    if answer.get("ok") is not True:
        raise RefusedError(str(answer.get("error", "refused")))
    return answer


class AbandonedError(BackendError):
    """There is a socket but nobody listens: its daemon was killed."""


class Connection:
    """A connection to the lacpd behind one socket.

    Every call raises BackendError when the daemon cannot be reached, says nothing in time or
    something that is no answer, and RefusedError when it refuses.
    """

    def __init__(self, path: str, timeout: float = TIMEOUT) -> None:
        self.path = path
        self._timeout = timeout
        self._in = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except ConnectionRefusedError:
            self._socket.close()
            raise AbandonedError(f"{path}: no lacpd listens here any more") from None
        except OSError as error:
            self._socket.close()
            raise BackendError(f"{path}: {error.strerror or error}") from None

    def ask(self, request: str, /, **arguments: Any) -> Document:
        """Send a request and return its answer."""
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(order(request, **arguments))
        except OSError as error:
            raise BackendError(f"{self.path}: {error.strerror or error}") from None
        answer = self._document()
        if answer is None:
            raise BackendError(f"{self.path}: lacpd closed the connection")
        return _agreed(answer)

    def events(self) -> Iterator[Document]:
        """Ask for the events of the team and yield them as they happen, until lacpd ends."""
        self.ask("monitor")
        self._socket.settimeout(None)
        while True:
            event = self._document()
            if event is None:
                return
            yield event

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _document(self) -> Document | None:
        """The next line; None at the end."""
        limit = self._socket.gettimeout()
        deadline = None if limit is None else time.monotonic() + limit
        looked_at = 0
        while self._in.find(b"\n", looked_at) < 0:
            looked_at = len(self._in)
            if looked_at > _MAX_ANSWER:
                raise BackendError(f"{self.path}: more than {_MAX_ANSWER} octets without an end")
            try:
                # The limit is for the whole answer, however many pieces it comes in.
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError
                self._socket.settimeout(left)
                octets = self._socket.recv(1 << 16)
            except TimeoutError:
                raise BackendError(f"{self.path}: no answer within {self._timeout:g} s") from None
            except OSError as error:
                raise BackendError(f"{self.path}: {error.strerror or error}") from None
            if not octets:
                return None
            self._in += octets
        return self._decoded()

    def _decoded(self) -> Document:
        from lacp.picture.reading import nests_deeper

        line, _, self._in = self._in.partition(b"\n")
        try:
            document = _document(bytes(line))
        except BackendError as error:
            raise BackendError(f"{self.path}: {error}") from None
        if nests_deeper(document):
            raise BackendError(f"{self.path}: {FOREIGN}")
        return document

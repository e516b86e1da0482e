"""What untrusted sockets say: pieces, until they make the answers that were asked for."""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lacp.errors import BackendError
from lacp.inspect.netns import netns_inode

_Answer = TypeVar("_Answer")

#: Octets of one answer.
LIMIT = 8 << 20
#: How many times the limit may be searched for the end of an answer that comes in pieces.
_SEARCHES = 4
_CREDENTIALS = struct.Struct("iII")  # ucred: process, user, group


@dataclass(frozen=True, slots=True)
class Way(Generic[_Answer]):
    """How the daemons of one kind are asked."""

    #: Who ought to be there, for people: lacpd, teamd.
    who: str
    kind: socket.SocketKind
    #: What is sent: records, or pieces of a stream.
    requests: tuple[bytes, ...]
    #: The answer that the records, or pieces of a stream, make that have come so far; None when
    #: there must be more. Raises LacpError when there never will be one.
    whole: Callable[[Sequence[bytes]], _Answer | None]
    #: What the last piece of a whole answer ends with.
    ending: bytes = b""
    limit: int = LIMIT
    #: Whether sockets that killed daemons left behind are told of, all of them in one line.
    killed_told: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and where it came from."""

    way: Way[Any]
    path: str
    answer: Any
    #: The number of the network namespace of the process that listens there; None when that
    #: process is not to be seen.
    netns: int | None


@dataclass(frozen=True, slots=True)
class Shared:
    """Sockets of one process, any of which may be asked for all of them.

    The first one is, for all at once, if it is indeed that process that listens there; each answer
    is a line, in the order of the paths. Whatever does not come of it is asked for at each socket.
    """

    #: How each is asked by itself.
    way: Way[Any]
    process: int
    paths: tuple[str, ...]
    request: bytes
    #: What a line says of the socket at a path. Raises LacpError when that is not what it tells of.
    line: Callable[[bytes, str], Any]


#: What is asked, and at which socket; at a shared one for all of its paths.
Question = tuple[Way[Any], str] | Shared


class Asked:
    """A socket that an answer is awaited from."""

    __slots__ = ("_answered", "_searched", "held", "path", "pieces", "sock", "way")

    def __init__(self, way: Way[Any], path: str, sock: socket.socket) -> None:
        self.way = way
        self.path = path
        self.sock = sock
        self.pieces: list[bytes] = []
        #: Octets of the pieces that are kept.
        self.held = 0
        self._searched = 0
        self._answered = False

    @property
    def left(self) -> Sequence[str]:
        """The paths that are not answered for."""
        return () if self._answered else (self.path,)

    def instead(self) -> Sequence[Question]:
        """What is asked now that nothing more will come of it."""
        return ()

    def take(self, piece: bytes) -> Iterator[Answered]:
        """The answer, once it is whole. Raises LacpError when there will be none."""
        way = self.way
        self.pieces.append(piece)
        self.held += len(piece)
        if self.held > way.limit:
            raise too_much(way)
        if not piece.endswith(way.ending):
            return
        # Whoever sends piece by piece must not make us look at all of it for each.
        self._searched += self.held
        if self._searched > _SEARCHES * way.limit:
            raise BackendError(f"too many pieces for an answer of {way.who}")
        answer = way.whole(self.pieces)
        if answer is not None:
            self._answered = True
            yield Answered(way, self.path, answer, _netns_of(self.sock))


class AskedForAll(Asked):
    """A socket that is asked for those of its whole process: an answer a line."""

    __slots__ = ("_netns", "_paths", "_shared")

    def __init__(self, shared: Shared, sock: socket.socket) -> None:
        super().__init__(shared.way, shared.paths[0], sock)
        self._shared = shared
        self._paths = deque(shared.paths)
        self._netns = netns_inode(shared.process)

    @property
    def left(self) -> Sequence[str]:
        """The paths that are not answered for."""
        return tuple(self._paths)

    def instead(self) -> Sequence[Question]:
        """Each by itself, which then also says what is wrong with it."""
        return [(self.way, path) for path in self._paths]

    def take(self, piece: bytes) -> Iterator[Answered]:
        """The answers that are whole by now. Raises LacpError when there will be no more."""
        if self.held + len(piece) > self.way.limit:
            raise too_much(self.way)
        whole, end, rest = piece.rpartition(b"\n")
        if end:
            lines = b"".join((*self.pieces, whole)).split(b"\n")
            self.pieces.clear()
            self.held = 0
            for line in lines:
                if not self._paths:
                    raise BackendError("more answers than were asked for")
                answer = self._shared.line(line, self._paths[0])
                path = self._paths.popleft()
                yield Answered(self.way, path, answer, self._netns)
        if rest:
            self.pieces.append(rest)
            self.held += len(rest)


def _netns_of(sock: socket.socket) -> int | None:
    process = process_of(sock)
    return netns_inode(process) if process else None


def too_much(way: Way[Any]) -> BackendError:
    """There are more octets than an answer has."""
    return BackendError(f"more than {way.limit:,} octets, no answer of {way.who}")


def process_of(sock: socket.socket) -> int:
    """The process that listens behind a connection (SO_PEERCRED of socket(7)); 0 when that is not
    to be seen."""
    try:
        told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return 0
    process: int = _CREDENTIALS.unpack(told)[0]
    return process

"""Many Unix sockets, asked at the same time and within one deadline.

    way = Way("lacpd", SOCK_STREAM, (b'{"request": "show"}\n',), shown)
    for found in ask(way, listed("/run/lacpd", ".sock"), time.monotonic() + 0.9):
        print(found)

None of them is trusted: one that hangs, trickles, floods, sends what nobody can read or is no
socket at all costs one line, and none of the others its time.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lacp.errors import BackendError, LacpError
from lacp.inspect.netns import netns_inode
from lacp.text import count, plain

_Answer = TypeVar("_Answer")

#: Octets of one answer.
LIMIT = 8 << 20
#: Octets of all answers that are on their way.
_TOGETHER = 4 * LIMIT
#: How many times the limit may be searched for the end of an answer that comes in pieces.
_SEARCHES = 4
#: Sockets that are asked at a time.
_AT_A_TIME = 256
#: Lines for sockets of one kind; how many more there are is said in one.
_LINES = 16
#: Names of sockets in a line that is about many.
_NAMES = 3
#: Seconds until a socket is tried again whose owner lets nobody in.
_AGAIN = 0.02
#: Seconds before the deadline at which nothing more is waited for: what came is yet to be read.
_MARGIN = 0.05
#: Seconds of waiting at a time; `poll` takes no more than some weeks.
_LONGEST = 60.0
_CHUNK = 1 << 18
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


def listed(directory: str, suffix: str) -> list[str]:
    """The paths in a directory that end so, in order; none when there is no directory.

    Raises BackendError when it cannot be read.
    """
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    except PermissionError:
        raise BackendError(f"{directory}: may not be read{_remedy()}") from None
    except OSError as error:
        raise BackendError(f"{directory}: {error.strerror}") from None
    return [os.path.join(directory, name) for name in sorted(names) if name.endswith(suffix)]


def ask(
    way: Way[_Answer],
    paths: Sequence[str],
    deadline: float,
    *,
    named: bool = False,
    most: float | None = None,
) -> Iterator[tuple[str, _Answer] | str]:
    """Each path with its answer as it comes, or a line that begins with the path and says why not.

    Where nobody listens any more there is nothing to say, unless the paths were `named` by the
    user or the way has `killed_told`. `deadline` is of `time.monotonic`.

    With `most`, whatever is heard puts the deadline off, so that it is as far away as at the
    beginning, but not beyond that: many answers of one process come one after another, and on a
    machine that has no time even one comes slowly.
    """
    for found in ask_all([(way, path) for path in paths], deadline, named=named, most=most):
        yield found if isinstance(found, str) else (found.path, found.answer)


def ask_all(
    questions: Sequence[tuple[Way[Any], str]],
    deadline: float,
    *,
    named: bool = False,
    most: float | None = None,
) -> Iterator[Answered | str]:
    """The same for sockets of several kinds, with all that is known of each."""
    said = 0
    asked = _Round(deadline, named, most)
    for found in asked.ask(questions):
        if not isinstance(found, str):
            yield found
            continue
        said += 1
        if said <= _LINES:
            yield plain(found)
    if said > _LINES:
        way, path = questions[0]
        more = count(said - _LINES, "more socket")
        yield f"{plain(os.path.dirname(path))}: {more} of {way.who} without a usable answer"
    if asked.killed:
        yield plain(_killed(asked.killed))


def _killed(questions: Sequence[_Question]) -> str:
    """A line for sockets of daemons that were killed: who ends in order takes its socket away."""
    (way, path), *others = questions
    if not others:
        return f"{path}: no {way.who} listens here any more; start it again, or remove the socket"
    names = [os.path.basename(path) for _, path in questions[:_NAMES]]
    if len(questions) > _NAMES:
        names.append(f"{len(questions) - _NAMES} more")
    *first, last = names
    there = f"{', '.join(first)} and {last}; start it again, or remove them"
    return f"{os.path.dirname(path)}: no {way.who} listens any more at {there}"


_Question = tuple[Way[Any], str]


class _Asked:
    """A socket that an answer is awaited from."""

    __slots__ = ("octets", "path", "pieces", "searched", "sock", "way")

    def __init__(self, way: Way[Any], path: str, sock: socket.socket) -> None:
        self.way = way
        self.path = path
        self.sock = sock
        self.pieces: list[bytes] = []
        self.octets = 0
        self.searched = 0


class _Round:
    """Sockets, asked once."""

    def __init__(self, deadline: float, named: bool, most: float | None) -> None:
        self._named = named
        self._start = time.monotonic()
        self._end = max(self._start, deadline - _MARGIN)
        self._patience = self._end - self._start
        self._most = self._end if most is None else max(self._end, most - _MARGIN)
        self._poll = select.poll()
        self._asked: dict[int, _Asked] = {}
        #: Those that let nobody in when they were tried last.
        self._full: set[_Question] = set()
        #: Octets that were sent by those that are asked.
        self._held = 0
        #: Sockets of daemons that were killed, where that is told.
        self.killed: list[_Question] = []

    def ask(self, questions: Sequence[_Question]) -> Iterator[Answered | str]:
        waiting = deque(questions)
        try:
            while (waiting or self._asked) and time.monotonic() < self._end:
                yield from self._connect_all(waiting)
                if waiting or self._asked:
                    yield from self._read(_AGAIN if self._full else None)
            yield from self._late(waiting)
        finally:
            for asked in self._asked.values():
                asked.sock.close()

    def _connect_all(self, waiting: deque[_Question]) -> Iterator[str]:
        """Ask as many as may be asked at a time; those that let nobody in go on waiting."""
        for _ in range(len(waiting)):
            if len(self._asked) >= _AT_A_TIME or time.monotonic() >= self._end:
                return
            question = waiting.popleft()
            refusal = self._connect(*question)
            self._full.discard(question)
            if refusal == errno.EAGAIN:
                self._full.add(question)
                waiting.append(question)
            elif refusal == errno.EMFILE and self._asked:
                waiting.appendleft(question)
                return
            elif refusal is not None:
                yield from self._refused(*question, refusal)

    def _connect(self, way: Way[Any], path: str) -> int | None:
        """Ask; the number of the error when that cannot be done."""
        try:
            sock = socket.socket(socket.AF_UNIX, way.kind)
        except OSError as error:
            return error.errno or errno.EIO
        try:
            sock.setblocking(False)
            sock.connect(path)
            for request in way.requests:
                sock.send(request)
        except OSError as error:
            sock.close()
            # Without a number: the path is longer than the address of a socket.
            return error.errno or errno.ENAMETOOLONG
        self._asked[sock.fileno()] = _Asked(way, path, sock)
        self._poll.register(sock, select.POLLIN)
        return None

    def _refused(self, way: Way[Any], path: str, number: int) -> Iterator[str]:
        who = way.who
        if number == errno.ECONNREFUSED:
            # So the kernel also calls what is no socket; one without a listener is nobody's.
            if not _is_socket(path):
                yield f"{path}: no socket, expected that of {who}"
            elif self._named:
                yield f"{path}: no {who} listens here any more"
            elif way.killed_told:
                self.killed.append((way, path))
        elif number == errno.ENOENT:
            # Unless it was gone by now it is a link.
            if os.path.islink(path):
                yield f"{path}: a link to nothing, expected the socket of {who}"
            elif self._named:
                yield f"{path}: no such socket"
        elif number in (errno.EACCES, errno.EPERM):
            yield f"{path}: this user may not ask {who}{_remedy()}"
        elif number == errno.EPROTOTYPE:
            yield f"{path}: a socket of another kind than that of {who}"
        elif number in (errno.EPIPE, errno.ECONNRESET):
            yield f"{path}: closed the connection without an answer"
        else:
            yield f"{path}: {os.strerror(number)}"

    def _read(self, longest: float | None) -> Iterator[Answered | str]:
        """Wait for what comes, and take it."""
        left = max(0.0, self._end - time.monotonic())
        if longest is not None:
            left = min(left, longest)
        for number, _ in self._poll.poll(min(left, _LONGEST) * 1000):
            asked = self._asked[number]
            self._end = min(self._most, time.monotonic() + self._patience)
            try:
                answer = self._take(asked)
            except LacpError as error:
                self._leave(asked)
                yield f"{asked.path}: {error}"
                continue
            if answer is not None:
                netns = _netns(asked.sock)
                self._leave(asked)
                yield Answered(asked.way, asked.path, answer, netns)

    def _take(self, asked: _Asked) -> Any:
        """The answer of a socket that has something to say, once that is whole."""
        way = asked.way
        limit = way.limit
        records = way.kind == socket.SOCK_SEQPACKET
        try:
            piece, _, flags, _ = asked.sock.recvmsg(limit if records else _CHUNK)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            piece, flags = b"", 0
        except OSError as error:
            raise BackendError(error.strerror or str(error)) from None
        if not piece:
            said = "without" if not asked.octets else "in the middle of"
            raise BackendError(f"closed the connection {said} an answer")
        asked.pieces.append(piece)
        asked.octets += len(piece)
        self._held += len(piece)
        if asked.octets > limit or flags & socket.MSG_TRUNC:
            raise BackendError(f"more than {limit:,} octets, no answer of {way.who}")
        if self._held > _TOGETHER:
            raise BackendError("more than there is room for beside the answers of the others")
        if not piece.endswith(way.ending):
            return None
        # Whoever sends piece by piece must not make us look at all of it for each.
        asked.searched += asked.octets
        if asked.searched > _SEARCHES * limit:
            raise BackendError(f"too many pieces for an answer of {way.who}")
        return way.whole(asked.pieces)

    def _leave(self, asked: _Asked) -> None:
        self._poll.unregister(asked.sock)
        del self._asked[asked.sock.fileno()]
        self._held -= asked.octets
        asked.sock.close()

    def _late(self, waiting: Iterable[_Question]) -> Iterator[str]:
        """A line for each that the time was not enough for."""
        within = f"within {self._end - self._start:.1f} s"
        for asked in self._asked.values():
            part = f"only a part of an answer ({count(asked.octets, 'octet')})"
            said = part if asked.octets else f"no answer of {asked.way.who}"
            yield f"{asked.path}: {said} {within}"
        for way, path in waiting:
            full = (way, path) in self._full
            said = f"{way.who} lets nobody in" if full else "could not be asked"
            yield f"{path}: {said} {within}"


def _netns(sock: socket.socket) -> int | None:
    """Where the process is that listens behind a connection (SO_PEERCRED of socket(7))."""
    try:
        told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    process = _CREDENTIALS.unpack(told)[0]
    return netns_inode(process) if process else None


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return True


def _remedy() -> str:
    return "; run as root" if os.geteuid() else ""

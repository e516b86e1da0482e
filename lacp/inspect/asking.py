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
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from lacp.errors import BackendError, LacpError
from lacp.inspect.answering import (
    LIMIT,
    Answered,
    Asked,
    AskedForAll,
    Question,
    Shared,
    Way,
    process_of,
    too_much,
)
from lacp.text import count, plain

_Answer = TypeVar("_Answer")

#: Octets of all answers that are on their way.
_TOGETHER = 4 * LIMIT
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
    questions: Sequence[Question],
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
        way, path = _alone(questions[0])
        more = count(said - _LINES, "more socket")
        yield f"{plain(os.path.dirname(path))}: {more} of {way.who} without a usable answer"
    if asked.killed:
        yield plain(_killed(asked.killed))


def _alone(question: Question) -> tuple[Way[Any], str]:
    """How the socket is asked by itself, and which one it is."""
    return (question.way, question.paths[0]) if isinstance(question, Shared) else question


def _killed(questions: Sequence[tuple[Way[Any], str]]) -> str:
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


class _Round:
    """Sockets, asked once."""

    def __init__(self, deadline: float, named: bool, most: float | None) -> None:
        self._named = named
        self._start = time.monotonic()
        self._end = max(self._start, deadline - _MARGIN)
        self._patience = self._end - self._start
        self._most = self._end if most is None else max(self._end, most - _MARGIN)
        self._poll = select.poll()
        self._waiting: deque[Question] = deque()
        self._asked: dict[int, Asked] = {}
        #: Those that let nobody in when they were tried last.
        self._full: set[Question] = set()
        #: Octets that were sent by those that are asked.
        self._held = 0
        #: Sockets of daemons that were killed, where that is told.
        self.killed: list[tuple[Way[Any], str]] = []

    def ask(self, questions: Sequence[Question]) -> Iterator[Answered | str]:
        waiting = self._waiting
        waiting.extend(questions)
        try:
            while (waiting or self._asked) and time.monotonic() < self._end:
                yield from self._connect_all(waiting)
                if waiting or self._asked:
                    yield from self._read(_AGAIN if self._full else None)
            yield from self._late(waiting)
        finally:
            for asked in self._asked.values():
                asked.sock.close()

    def _connect_all(self, waiting: deque[Question]) -> Iterator[str]:
        """Ask as many as may be asked at a time; those that let nobody in go on waiting."""
        tries = len(waiting)
        while tries > 0:
            tries -= 1
            if len(self._asked) >= _AT_A_TIME or time.monotonic() >= self._end:
                return
            question = waiting.popleft()
            refusal = self._connect(question)
            self._full.discard(question)
            if refusal is None:
                continue
            if refusal == errno.EMFILE and self._asked:
                waiting.appendleft(question)
                return
            if isinstance(question, Shared):
                waiting.extend((question.way, path) for path in question.paths)
                tries += len(question.paths)
            elif refusal == errno.EAGAIN:
                self._full.add(question)
                waiting.append(question)
            else:
                yield from self._refused(*question, refusal)

    def _connect(self, question: Question) -> int | None:
        """Ask; the number of the error when that cannot be done."""
        way, path = _alone(question)
        try:
            sock = socket.socket(socket.AF_UNIX, way.kind)
        except OSError as error:
            return error.errno or errno.EIO
        try:
            sock.setblocking(False)
            sock.connect(path)
            asked = _begin(question, sock)
        except OSError as error:
            sock.close()
            # Without a number: the path is longer than the address of a socket.
            return error.errno or errno.ENAMETOOLONG
        self._asked[sock.fileno()] = asked
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
            before, wrong = asked.held, None
            try:
                yield from self._take(asked)
            except LacpError as error:
                wrong = error
            self._held += asked.held - before
            if wrong is None and self._held > _TOGETHER:
                wrong = BackendError("more than there is room for beside the answers of the others")
            if wrong is not None:
                self._leave(asked)
                self._waiting.extend(instead := asked.instead())
                if not instead:
                    yield f"{asked.path}: {wrong}"
            elif not asked.left:
                self._leave(asked)

    def _take(self, asked: Asked) -> Iterator[Answered]:
        """The answers of a socket that has something to say, once they are whole."""
        way = asked.way
        records = way.kind == socket.SOCK_SEQPACKET
        try:
            piece, _, flags, _ = asked.sock.recvmsg(way.limit if records else _CHUNK)
        except BlockingIOError:
            return
        except ConnectionResetError:
            piece, flags = b"", 0
        except OSError as error:
            raise BackendError(error.strerror or str(error)) from None
        if not piece:
            said = "without" if not asked.held else "in the middle of"
            raise BackendError(f"closed the connection {said} an answer")
        if flags & socket.MSG_TRUNC:
            raise too_much(way)
        yield from asked.take(piece)

    def _leave(self, asked: Asked) -> None:
        self._poll.unregister(asked.sock)
        del self._asked[asked.sock.fileno()]
        self._held -= asked.held
        asked.sock.close()

    def _late(self, waiting: Iterable[Question]) -> Iterator[str]:
        """A line for each that the time was not enough for."""
        within = f"within {self._end - self._start:.1f} s"
        for asked in self._asked.values():
            part = f"only a part of an answer ({count(asked.held, 'octet')})"
            said = part if asked.held else f"no answer of {asked.way.who}"
            for path in asked.left:
                yield f"{path}: {said} {within}"
        for way, path in map(_alone, waiting):
            full = (way, path) in self._full
            said = f"{way.who} lets nobody in" if full else "could not be asked"
            yield f"{path}: {said} {within}"


def _begin(question: Question, sock: socket.socket) -> Asked:
    """Ask at a socket that is connected. Raises OSError."""
    if not isinstance(question, Shared):
        way, path = question
        for request in way.requests:
            sock.send(request)
        return Asked(way, path, sock)
    # Whoever listens here speaks for itself alone.
    if process_of(sock) != question.process:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    if sock.send(question.request) < len(question.request):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return AskedForAll(question, sock)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return True


def _remedy() -> str:
    return "; run as root" if os.geteuid() else ""

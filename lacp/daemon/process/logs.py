"""Where log lines go, in which form; writing them never holds up the daemon."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lacp.errors import BackendError
from lacp.text import count, timestamp

#: Lines that may wait for a reader that has stopped reading; more are lost.
_WAITING = 10_000
#: Lines that are written at once: a convergence of many ports says some thousand in a second.
_TOGETHER = 100
#: Seconds that such a reader may hold up the end of the process.
_FAREWELL = 1.0

_SYSLOG = "/dev/log"
_DAEMON = 3 << 3
_SEVERITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


def default_output(background: bool) -> str:
    """Where the log goes when nobody says; in the background nobody sees standard error."""
    return "syslog" if background and os.path.exists(_SYSLOG) else "stderr"


class TextFormatter(logging.Formatter):
    """``TIME LEVEL MESSAGE``, or without the time for a log that has its own."""

    def __init__(self, timed: bool) -> None:
        super().__init__()
        self._timed = timed

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever was logged."""
        text = super().format(record).replace("\n", " | ")
        if not self._timed:
            return text
        return f"{timestamp(record.created)} {record.levelname.lower():7} {text}"


class JsonFormatter(logging.Formatter):
    """One object per line: time, level, message, and lag and port where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever was logged."""
        document = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "message": super().format(record),
        }
        for name in ("lag", "port"):
            if name in record.__dict__:
                document[name] = record.__dict__[name]
        return json.dumps(document)


#: A line with its level.
_Line = tuple[int, str]
#: Puts lines where they belong; may block.
_Write = Callable[[list[_Line]], None]


class _Queued(logging.Handler):
    """Lets a thread do the writing; drops what does not fit when that is stuck."""

    def __init__(self, write: _Write) -> None:
        super().__init__()
        self._write = write
        self._over = False
        #: Lines for which there was no room since the last one that had some.
        self._lost = 0
        self._lines: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line, behind a word about those that were lost before it."""
        if self._lines.qsize() >= _WAITING:
            self._lost += 1
            return
        for line in self._lament():
            self._lines.put(line)
        self._lines.put((record.levelno, self.format(record)))

    def _lament(self) -> list[_Line]:
        """What is to be said of lines that were lost; nothing when none was."""
        with self.lock or contextlib.nullcontext():
            lost, self._lost = self._lost, 0
        if not lost:
            return []
        text = f"{count(lost, 'line')} of this log lost: nobody read it in time"
        said = logging.LogRecord("lacp", logging.WARNING, "", 0, text, (), None)
        return [(said.levelno, self.format(said))]

    def close(self) -> None:
        """Write what waits, unless nobody takes it."""
        self._lines.put(None)
        self._thread.join(_FAREWELL)
        self._over = True
        super().close()

    def _run(self) -> None:
        while (lines := self._waiting()) and not self._over:
            # A log that cannot be written has nowhere to say so.
            with contextlib.suppress(OSError):
                self._write(lines)

    def _waiting(self) -> list[_Line]:
        """Wait for a line, and take those that wait with it; none at the end."""
        lines: list[_Line] = []
        while len(lines) < _TOGETHER:
            if self._lines.empty():
                # Whoever is reading again learns of it, even if nothing more happens.
                lines += self._lament()
            try:
                line = self._lines.get(block=not lines)
            except queue.Empty:
                break
            if line is None:
                lines += self._lament()
                if lines:
                    self._lines.put(None)
                break
            lines.append(line)
        return lines


@contextmanager
def logging_to(output: str, form: str, level: str, ident: str = "lacpd") -> Iterator[None]:
    """Log what the package says, from `level` on, until the end of the context.

    `output` is stdout, stderr or syslog, to which `ident` says who speaks; `form` is text or json.
    A thread does the writing, so that a
    terminal on hold or a full pipe stops no LACPDU. Raises BackendError when there is no syslog.
    """
    timed = output != "syslog" and not os.environ.get("JOURNAL_STREAM")
    with _writer(output, ident) as write:
        handler = _Queued(write)
        handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(timed))
        logger = logging.getLogger("lacp")
        logger.addHandler(handler)
        logger.setLevel(level.upper())
        logger.propagate = False
        # No line shows these, and to find them out takes a quarter of the time of one.
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
        # The tables of the figures log each call at info; the events say it better.
        logging.getLogger("transitions").setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.propagate = True
            handler.close()


@contextmanager
def _writer(output: str, ident: str) -> Iterator[_Write]:
    if output != "syslog":
        yield _to_descriptor(1 if output == "stdout" else 2)
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(_SYSLOG)
        except OSError as error:
            raise BackendError(f"{_SYSLOG}: {error.strerror}") from None

        def write(lines: list[_Line]) -> None:
            for level, line in lines:
                priority = _DAEMON | _SEVERITIES.get(level, 5)
                # One that does not fit is lost, and the next one may fit.
                with contextlib.suppress(OSError):
                    sock.send(f"<{priority}>{ident}[{os.getpid()}]: {line}".encode())

        yield write


def _to_descriptor(descriptor: int) -> _Write:
    def write(lines: list[_Line]) -> None:
        text = "".join(f"{line}\n" for _, line in lines)
        octets = text.encode(errors="backslashreplace")
        while octets:
            octets = octets[os.write(descriptor, octets) :]

    return write

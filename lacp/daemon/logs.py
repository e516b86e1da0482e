"""Where log lines go, in which form; writing them never holds up the daemon."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lacp.daemon.journal import timestamp
from lacp.errors import BackendError

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
OUTPUTS = ("stdout", "stderr", "syslog")

#: Lines that may wait for a reader that has stopped reading; more are lost.
_WAITING = 10_000
_SYSLOG = "/dev/log"


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


class _Queued(logging.handlers.QueueHandler):
    """Hands records to the writer's thread; drops them when it is stuck."""

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


@contextmanager
def logging_to(output: str, form: str, level: str) -> Iterator[None]:
    """Log what the package says to `output` until the end of the context.

    A thread does the writing, so that a terminal on hold or a full pipe stops no LACPDU.
    """
    handler = _handler(output)
    timed = output != "syslog" and not os.environ.get("JOURNAL_STREAM")
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(timed))
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_WAITING)
    writer = logging.handlers.QueueListener(waiting, handler)
    front = _Queued(waiting)
    logger = logging.getLogger("lacp")
    logger.addHandler(front)
    logger.setLevel(level.upper())
    logger.propagate = False
    # The table of the figures logs each call at info; the events say it better.
    logging.getLogger("transitions").setLevel(logging.ERROR)
    writer.start()
    try:
        yield
    finally:
        logger.removeHandler(front)
        writer.stop()
        handler.close()


def _handler(output: str) -> logging.Handler:
    if output == "syslog":
        daemon = logging.handlers.SysLogHandler.LOG_DAEMON
        try:
            syslog = logging.handlers.SysLogHandler(_SYSLOG, daemon)
        except OSError as error:
            raise BackendError(f"{_SYSLOG}: {error.strerror}") from None
        syslog.ident = f"lacpd[{os.getpid()}]: "
        return syslog
    return logging.StreamHandler(sys.stdout if output == "stdout" else sys.stderr)

"""Who looks, again and again, for the live table: this host, or others by ssh."""

from __future__ import annotations

import os
import subprocess
import threading
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import SimpleQueue
from time import monotonic

from lacp.cli.output import printable
from lacp.cli.source import look
from lacp.inspect.values import decoded
from lacp.picture.model import LagView
from lacp.picture.reading import ModelError, read_lag
from lacp.text import plain

#: Octets of one look of another host.
_MAX_LOOK = 64 << 20
#: Seconds until a host is tried again, and for which what it complains of is told.
_AGAIN, _TOLD = 5.0, 10.0
#: Sights that may wait for a terminal that takes nothing more, and seconds until that is seen.
_UNTAKEN, _PAUSE = 8, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen at one time."""

    #: As it was asked for; empty for this host.
    asked: str = ""
    #: As the host calls itself.
    host: str = ""
    time: str = ""
    lags: tuple[LagView, ...] = ()
    complaints: tuple[str, ...] = ()
    #: What ended the looking, of this host.
    failure: BaseException | None = None


class Looker(threading.Thread):
    """Looks at this host. One that hangs for a source does not stop the keys."""

    def __init__(self, args: Namespace, sights: SimpleQueue[Sight], wake: int) -> None:
        super().__init__(daemon=True)
        self._args = args
        self._sights = sights
        self._wake = wake
        self._over = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.is_set():
            began = monotonic()
            try:
                self._tell(self._look())
            except BaseException as failure:
                self._tell(Sight(failure=failure))
                return
            self._over.wait(max(0.05, self._args.interval - (monotonic() - began)))

    def _look(self) -> Sight:
        shown, complaints = look(self._args, self._args.names)
        sight: Sight = printable(
            Sight(
                host=shown.host,
                time=shown.time,
                lags=shown.lags,
                complaints=tuple(complaints),
            )
        )
        return sight

    def _tell(self, sight: Sight) -> None:
        # Where nothing is taken, nothing more is looked for.
        while self._sights.qsize() >= _UNTAKEN:
            if self._over.wait(_PAUSE):
                return
        self._sights.put(sight)
        with suppress(OSError):
            os.write(self._wake, b"l")

    def stop(self) -> None:
        """Look no more."""
        self._over.set()


class RemoteLooker(Looker):
    """Reads what `lacpctl watch --json` says on another host; begins again when that ends."""

    def __init__(
        self,
        host: str,
        command: Sequence[str],
        args: Namespace,
        sights: SimpleQueue[Sight],
        wake: int,
    ) -> None:
        super().__init__(args, sights, wake)
        self._host = host
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._last = Sight(asked=host)
        self._complaint = ""
        self._since = 0.0

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.is_set():
            try:
                self._follow()
            except OSError as error:
                self._complain(f"ssh: {error.strerror}")
            # What was seen before is not so any more.
            self._last = replace(self._last, lags=())
            self._complain(self._complaint or "the connection has ended")
            self._over.wait(_AGAIN)

    def _follow(self) -> None:
        with subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as self._process:
            try:
                assert self._process.stdout is not None
                while line := self._process.stdout.readline(_MAX_LOOK):
                    self._take(line)
            finally:
                self._process.terminate()

    def _take(self, line: str) -> None:
        """A look is a document in a line; what else comes is a complaint."""
        try:
            found = decoded(line)
            lags = tuple(read_lag(each) for each in found["lags"])
            sight = Sight(
                asked=self._host, host=str(found["host"]), time=str(found["time"]), lags=lags
            )
        except (ModelError, ValueError, KeyError, TypeError) as error:
            if line.startswith("{"):
                self._complain(f"a look that is none: {error}")
            elif line.strip():
                self._complain(line.strip().removeprefix("lacpctl: "))
        else:
            self._last = printable(sight)
            still = self._complaint if monotonic() - self._since < _TOLD else ""
            self._complain(still, self._since)

    def _complain(self, said: str, since: float | None = None) -> None:
        self._complaint = plain(said)
        self._since = monotonic() if since is None else since
        complaints = (f"{self._host}: {self._complaint}",) if said else ()
        self._tell(replace(self._last, complaints=complaints))

    def stop(self) -> None:
        """Look no more."""
        super().stop()
        if self._process is not None:
            self._process.terminate()

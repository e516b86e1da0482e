"""Starts the process that moves frames, and talks to it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from lacp.dataplane.tap import orders
from lacp.dataplane.tap.orders import Orders, Report
from lacp.dataplane.tap.sockets import Sockets
from lacp.errors import BackendError

log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[3]
#: Octets of the longest report: 256 hashes.
_LONGEST = 1 << 16
#: Seconds until a process that was told to end is killed.
_PATIENCE = 2.0


class Gone(Exception):
    """The process has ended, though nobody told it to."""


class Process:
    """One such process. Nothing here waits for it, but for its end."""

    def __init__(self, device: str, tap: int) -> None:
        """Start it in the network namespace of this thread. Raises BackendError."""
        self._device = device
        self._channel, there = orders.channel()
        path = os.environ.get("PYTHONPATH")
        environment = {**os.environ, "PYTHONPATH": f"{_ROOT}{':' if path else ''}{path or ''}"}
        command = [sys.executable, "-m", "lacp.dataplane.tap.worker", str(there.fileno()), str(tap)]
        log.info("%s: starting a process to move its frames", device)
        try:
            self._process = subprocess.Popen(
                command,
                pass_fds=(there.fileno(), tap),
                env=environment,
                stdin=subprocess.DEVNULL,
                cwd="/",
            )
        except OSError as error:
            self._channel.close()
            raise BackendError(f"{device}: cannot start {command[0]}: {error.strerror}") from error
        finally:
            there.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def fileno(self) -> int:
        """The descriptor to wait on for reports."""
        return self._channel.fileno()

    def tell(self, what: Orders, sockets: Sockets | None = None) -> None:
        """Send orders. If it is gone they are lost, and `read` says so."""
        two = (sockets.untagged, sockets.tagged) if sockets is not None else ()
        try:
            orders.send(self._channel, what, two)
        except BlockingIOError:
            # It has not read thousands of orders: it hangs.
            log.warning("%s: process %d does not read, killing it", self._device, self.pid)
            self._process.kill()
        except OSError as error:
            log.debug("%s: process %d: %s", self._device, self.pid, error.strerror)

    def read(self) -> list[Report]:
        """What it has reported. Raises `Gone`."""
        reports: list[Report] = []
        while True:
            try:
                message = self._channel.recv(_LONGEST)
            except BlockingIOError:
                return reports
            except OSError as error:
                raise Gone from error
            if not message:
                raise Gone
            reports.append(Report.decode(message))

    def end(self) -> str:
        """Have it end, and say how it ended."""
        self._channel.close()
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            log.warning("%s: process %d does not end, killing it", self._device, self.pid)
            self._process.kill()
            code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

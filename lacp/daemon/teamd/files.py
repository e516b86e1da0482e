"""What a team has in teamd's run directory: a socket, and a PID file for clients and scripts."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from pathlib import Path

from lacp.errors import BackendError

log = logging.getLogger("lacp.daemon")


class ClientFiles:
    """The files of one team; `acquire` first, and only with the lock of `TeamFiles` held."""

    __slots__ = ("_acquired", "_directory", "_pid", "team")

    def __init__(self, run_dir: str | Path, team: str, pid_file: str | Path | None = None) -> None:
        self.team = team
        self._directory = os.fspath(run_dir)
        self._pid = None if pid_file is None else os.fspath(pid_file)
        self._acquired = False

    @property
    def directory(self) -> Path:
        """teamd's run directory."""
        return Path(self._directory)

    @property
    def socket(self) -> Path:
        """Where clients ask."""
        return self.directory / f"{self.team}.sock"

    @property
    def pid(self) -> Path:
        """Who runs the team; ``-p`` puts it elsewhere."""
        return self.directory / f"{self.team}.pid" if self._pid is None else Path(self._pid)

    def acquire(self) -> None:
        """Write the PID file. Raises BackendError when a teamd runs the team."""
        self.refuse_owner()
        log.info("%s: writing %s", self.team, self.pid)
        try:
            self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
            # Not through a link that somebody else may have left here.
            self.pid.unlink(missing_ok=True)
            self.pid.write_text(f"{os.getpid()}\n")
        except OSError as error:
            raise BackendError(f"{error.filename or self.pid}: {error.strerror}") from None
        self._acquired = True

    def release(self) -> None:
        """Remove the files."""
        if not self._acquired:
            return
        self._acquired = False
        for path in (self.socket, self.pid):
            with contextlib.suppress(OSError):
                path.unlink()

    def refuse_owner(self) -> None:
        """Raise BackendError when a teamd runs the team."""
        owner = self.owner()
        if owner is not None:
            raise BackendError(f"{self.team}: a teamd runs this team already, as process {owner}")

    def owner(self) -> int | None:
        """The PID of the process that runs the team, be it teamd or lacpd; None when none does.

        A PID file alone proves nothing: it outlives a process that was killed, and its number is
        given to others.
        """
        try:
            text = self.pid.read_text().strip()
            pid = int(text) if text.isascii() and text.isdigit() else 0
            if pid <= 0 or pid == os.getpid():
                return None
            os.kill(pid, 0)
        except PermissionError:
            pass
        except (OSError, ValueError, OverflowError):
            return None
        return pid if self._answers() or _is_teamd(pid) else None

    def _answers(self) -> bool:
        """Whether somebody listens at the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
            probe.setblocking(False)
            try:
                probe.connect(os.fspath(self.socket))
            except BlockingIOError:
                # It is there, and has much to do.
                return True
            except OSError:
                return False
            return True


def _is_teamd(pid: int) -> bool:
    """Whether this is a teamd, perhaps one that has no socket."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "teamd"
    except OSError:
        return False

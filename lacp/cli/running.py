"""Who runs a team already, and how that process is ended."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from lacp.config.document import parse
from lacp.config.teamd import read_text, valid_name
from lacp.daemon.files import TeamFiles
from lacp.daemon.options import Options
from lacp.daemon.sources import COMMAND_LINE
from lacp.daemon.teamd.files import ClientFiles
from lacp.errors import BackendError

#: Seconds that a daemon may take to end, as with teamd.
_KILL_WAIT = 30.0


def owner(options: Options, name: str) -> int | None:
    """The PID of the lacpd or teamd that runs the team; None when none does.

    The lock says who runs it, whatever a PID file says; a teamd has only that.
    """
    own = TeamFiles(options.run_dir, name).owner()
    if own is not None:
        return own
    return ClientFiles(options.teamd_run_dir, name, options.pid_file).owner()


def configured_name(files: Sequence[str], text: str | None) -> str | None:
    """The team that the only configuration names; the rest of it may be as wrong as it likes.

    Raises UnreadableError.
    """
    source = files[0] if files else COMMAND_LINE
    found = parse(read_text(source) if files else text or "{}", source).get("device")
    return found if isinstance(found, str) and valid_name(found) else None


def kill(options: Options, name: str, pid: int, say: Callable[[str], object]) -> None:
    """End the process that runs the team and wait for it. Raises BackendError."""
    others = [team for team in _teams(options, pid) if team != name]
    if others:
        say(f"process {pid} also runs {', '.join(others)}, which ends with it")
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError as error:
        raise BackendError(f"{name}: cannot watch process {pid}: {error.strerror}") from None
    try:
        # The number may be somebody else's by now.
        if owner(options, name) != pid:
            return
        signal.pidfd_send_signal(process, signal.SIGTERM)
        ended, _, _ = select.select([process], [], [], _KILL_WAIT)
    except ProcessLookupError:
        return
    except OSError as error:
        raise BackendError(f"{name}: cannot end process {pid}: {error.strerror}") from None
    finally:
        os.close(process)
    if not ended:
        raise BackendError(f"{name}: process {pid} has not ended within {_KILL_WAIT:g} s")


def _teams(options: Options, pid: int) -> list[str]:
    """The teams that a lacpd runs."""
    names = sorted(path.stem for path in Path(options.run_dir).glob("*.lock"))
    return [name for name in names if TeamFiles(options.run_dir, name).owner() == pid]

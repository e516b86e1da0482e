"""The files in teamd's run directory, and who owns them."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lacp.daemon.teamd.files import ClientFiles
from lacp.errors import BackendError


@pytest.fixture
def there() -> Iterator[Path]:
    """A directory whose name leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="teamd-") as name:
        yield Path(name)


@contextmanager
def another_process() -> Iterator[int]:
    """The PID of one that runs."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_the_pid_file_is_there_while_the_team_runs(there: Path) -> None:
    files = ClientFiles(there / "run", "team0")
    files.acquire()
    assert files.pid == there / "run" / "team0.pid"
    assert files.pid.read_text() == f"{os.getpid()}\n"
    assert stat.S_IMODE(files.directory.stat().st_mode) & 0o755 == 0o755
    files.socket.touch()
    files.release()
    assert list(files.directory.iterdir()) == []
    files.release()


def test_it_may_be_elsewhere(there: Path) -> None:
    files = ClientFiles(there, "team0", there / "here")
    files.acquire()
    assert [path.name for path in there.iterdir()] == ["here"]
    files.release()


@pytest.mark.parametrize("text", ["", "nobody\n", "-1\n", "0\n", "\u0661\n", "4194304999\n"])
def test_a_pid_file_that_names_nobody(there: Path, text: str) -> None:
    files = ClientFiles(there, "team0")
    files.pid.write_text(text)
    assert files.owner() is None
    files.acquire()
    files.release()


def test_a_pid_that_now_is_somebody_elses(there: Path) -> None:
    files = ClientFiles(there, "team0")
    with another_process() as pid:
        files.pid.write_text(f"{pid}\n")
        assert files.owner() is None


def test_a_team_that_somebody_else_runs(there: Path) -> None:
    files = ClientFiles(there, "team0")
    with another_process() as pid, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        files.pid.write_text(f"{pid}\n")
        sock.bind(str(files.socket))
        sock.listen(1)
        assert files.owner() == pid
        with pytest.raises(BackendError, match=f"team0: a teamd runs .* already, as process {pid}"):
            files.acquire()
    # What it had is not ours to remove.
    files.release()
    assert files.pid.exists()


def test_a_link_is_replaced_not_followed(there: Path) -> None:
    target = there / "precious"
    target.write_text("precious")
    files = ClientFiles(there, "team0")
    files.pid.symlink_to(target)
    files.acquire()
    assert target.read_text() == "precious"
    files.release()


def test_a_directory_that_cannot_be_made(there: Path) -> None:
    (there / "file").touch()
    with pytest.raises(BackendError, match=r"Not a directory|File exists"):
        ClientFiles(there / "file", "team0").acquire()

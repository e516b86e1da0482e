"""Completion in real shells: somebody types at a terminal, and presses TAB."""

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import need_tool
from tests.unit.cli.documents import MIXED
from tests.unit.cli.fake_lacpd import answering, fake_lacpd

pytestmark = pytest.mark.interop

STARTS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "PS1='$ '; source <(lacpctl completion bash)",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='$ '; autoload -U compinit; compinit -u -D; source <(lacpctl completion zsh)",
    ),
    "fish": (["fish", "--no-config", "-i"], "lacpctl completion fish | source"),
}


class Terminal:
    """A shell, and what it has written."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.text = ""

    def type(self, keys: str) -> None:
        self.text = ""
        os.write(self._fd, keys.encode())

    def wait_for(self, expected: str, seconds: float = 20) -> None:
        """Until the shell has written this since the last key."""
        end = time.monotonic() + seconds
        while expected not in self.text:
            left = end - time.monotonic()
            assert left > 0, f"{expected!r} is not in {self.text!r}"
            if select.select([self._fd], [], [], left)[0]:
                self.text += os.read(self._fd, 65536).decode(errors="replace")


@contextmanager
def shell(name: str, directory: Path) -> Iterator[Terminal]:
    """The shell with our completion, and lacpctl in its path."""
    program = directory / "lacpctl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lacp.cli.lacpctl "$@"\n')
    program.chmod(0o755)
    command, start = STARTS[name]
    environment = {
        **{key: os.environ[key] for key in ("LANG", "LC_ALL") if key in os.environ},
        "PATH": f"{directory}:{os.environ['PATH']}",
        "HOME": str(directory),
        "TERM": "dumb",
        "LACPD_RUN_DIR": str(directory),
    }
    child, fd = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, environment)
    terminal = Terminal(fd)
    try:
        # What it prints is not what is typed, which is echoed.
        terminal.type(f"{start}; printf '%s%s\\n' re ady\n")
        terminal.wait_for("ready")
        yield terminal
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(fd)


@pytest.mark.parametrize("name", STARTS)
def test_a_tab_completes_what_is_typed(name: str, tmp_path: Path) -> None:
    need_tool(name)
    (tmp_path / "a-frame.hex").touch()
    with fake_lacpd(tmp_path / "team0.sock", answering(MIXED)), shell(name, tmp_path) as terminal:
        for typed, completed in (
            ("lacpctl neig\t", "hbors"),
            (" --source lac\t", "pd"),
            (" tea\t", "m0"),
        ):
            terminal.type(typed)
            terminal.wait_for(completed)
        # What was typed is taken back with ctrl-U.
        terminal.type("\x15lacpctl simulate --edition=2014-c\t")
        terminal.wait_for("or1")
        terminal.type(f"\x15lacpctl decode {tmp_path}/a-f\t")
        terminal.wait_for("rame.hex")
        if name == "fish":
            return  # It draws its list on no terminal that is as simple as this one.
        terminal.type("\x15lacpctl co\t\t")
        for command in ("counters", "conformance", "completion"):
            terminal.wait_for(command)

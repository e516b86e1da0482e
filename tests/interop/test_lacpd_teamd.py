"""lacpd under the name of teamd, as scripts and service managers use it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.daemons import conf
from tests.interop.daemon import seen
from tests.interop.netns import Namespace, namespace
from tests.waiting import until

pytestmark = pytest.mark.netns

ROOT = Path(__file__).parents[2]


class Teamd:
    """A link named teamd to lacpd, in a namespace of its own."""

    def __init__(self, here: Namespace, directory: Path) -> None:
        self._here = here
        self.own, self.run_dir = directory / "own", directory / "teamd"
        script = directory / "lacpd"
        script.write_text(
            f"#!{sys.executable}\n"
            f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
            "from lacp.cli.lacpd import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
        self._program = directory / "bin" / "teamd"
        self._program.parent.mkdir()
        self._program.symlink_to(script)

    def command(self, *words: str) -> list[str]:
        where = ("--run-dir", str(self.own), "--teamd-run-dir", str(self.run_dir))
        return self._here.command(str(self._program), *where, "--dataplane", "none", *words)

    def call(self, *words: str) -> tuple[int, str]:
        """The exit code, and what standard error says."""
        # Not a pipe, which a daemon in the background would hold open.
        with tempfile.TemporaryFile("w+") as said:
            code = subprocess.run(
                self.command(*words), stdin=subprocess.DEVNULL, stderr=said, timeout=30, check=False
            ).returncode
            said.seek(0)
            return code, said.read()

    def pid(self, name: str) -> int:
        return int((self.run_dir / f"{name}.pid").read_text())

    def kill(self) -> None:
        """End whatever was left."""
        for file in self.run_dir.glob("*.pid"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)


@pytest.fixture
def teamd() -> Iterator[Teamd]:
    with ExitStack() as stack:
        here = stack.enter_context(namespace())
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lacpd-"))
        made = Teamd(here, Path(directory))
        stack.callback(made.kill)
        yield made


def test_its_life_in_the_background(teamd: Teamd) -> None:
    text = conf("team0", ["missing"])
    assert teamd.call("-e", "-t", "team0") == (1, "")
    assert teamd.call("-d", "-c", text)[0] == 0
    pid = teamd.pid("team0")
    assert teamd.call("-e", "-c", text) == (0, "")
    code, said = teamd.call("-d", "-c", text)
    assert code == 1
    assert said.splitlines()[-1].startswith("teamd: team0: ")
    assert said.splitlines()[-1].endswith(f"runs this team already, as process {pid}")
    assert teamd.pid("team0") == pid
    # SIGHUP ends nothing.
    os.kill(pid, signal.SIGHUP)
    assert [lag.name for lag in seen(teamd.own).lags] == ["team0"]
    assert teamd.call("-k", "-t", "team0") == (0, "")
    assert not list(teamd.run_dir.iterdir())
    assert teamd.call("-k", "-t", "team0") == (1, "Daemon not running\n")


def test_what_a_killed_one_leaves_behind_misleads_nobody(teamd: Teamd) -> None:
    assert teamd.call("-d", "-t", "team0")[0] == 0
    pid = teamd.pid("team0")
    os.kill(pid, signal.SIGKILL)
    until(lambda: teamd.call("-e", "-t", "team0")[0] == 1)
    assert (teamd.run_dir / "team0.pid").exists()
    assert teamd.call("-k", "-t", "team0") == (1, "Daemon not running\n")
    assert teamd.call("-d", "-t", "team0")[0] == 0
    assert teamd.pid("team0") != pid
    assert teamd.call("-k", "-t", "team0") == (0, "")


def test_a_pid_file_elsewhere(teamd: Teamd) -> None:
    file = teamd.own.parent / "x.pid"
    assert teamd.call("-d", "-t", "team0", "-p", str(file))[0] == 0
    pid = int(file.read_text())
    assert teamd.call("-e", "-t", "team0", "-p", str(file)) == (0, "")
    assert teamd.call("-k", "-t", "team0", "-p", str(file)) == (0, "")
    assert not file.exists()
    # Nothing of it runs on; its parent may not have looked yet.
    status = Path(f"/proc/{pid}/status")
    assert not status.exists() or "State:\tZ" in status.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_signals_end_it_with_0(teamd: Teamd, number: signal.Signals) -> None:
    command = teamd.command("-t", "team0")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while not said.rstrip().endswith("successfully started."):
            line = process.stderr.readline()
            assert line, said
            said += line
        os.kill(teamd.pid("team0"), number)
        assert process.wait(10) == 0
    assert not (teamd.run_dir / "team0.pid").exists()

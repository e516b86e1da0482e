"""The LAGs of a host for programs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lacp.errors import BackendError
from lacp.inspect.host import Host, NoSuchLagError
from lacp.inspect.survey import Places
from lacp.picture.model import LagView
from tests.waiting import until

ROOT = Path(__file__).parents[3]


@contextmanager
def program(*arguments: str, run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LACPD_RUN_DIR": str(run_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def line_with(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    while line := process.stdout.readline():
        if words in line:
            return line
    raise AssertionError(f"it never said {words!r}")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with program("-m", "tests.unit.cli.memory_daemon", str(tmp_path), run_dir=tmp_path) as one:
        line_with(one, "running")
        yield one


def order(daemon: subprocess.Popen[str], text: str) -> None:
    assert daemon.stdin is not None
    daemon.stdin.write(text + "\n")
    daemon.stdin.flush()


def test_a_program_asks_and_listens(
    daemon: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LACPD_RUN_DIR", str(tmp_path))
    host = Host(patience=5.0)

    def carrying() -> LagView | None:
        lag = host.lag("left")
        return lag if all(port.distributing for port in lag.ports) else None

    lag = until(carrying)
    assert lag is not None
    assert (lag.mode, lag.source, [port.name for port in lag.ports]) == (
        "lacp",
        "lacpd",
        ["left1", "left2"],
    )
    assert {"left", "right"} <= {each.name for each in host.lags()}
    with pytest.raises(NoSuchLagError, match="no LAG nobody, there is "):
        host.lag("nobody")
    with host.changes() as changes:
        assert {"left", "right"} <= {each.name for each in changes.lags()}
        order(daemon, "down 2")
        down = next(each for each in changes if each.event == "link_changed")
        assert (down.port in ("left2", "right2"), down.facts["link"]["up"]) == (True, False)
        assert down.source == "lacpd"


def test_what_cannot_be_asked_is_no_empty_host(tmp_path: Path) -> None:
    (tmp_path / "team0.sock").write_text("no socket at all")
    host = Host(Places(sources=frozenset({"lacpd"}), run_dir=str(tmp_path)))
    with pytest.raises(BackendError, match=r"team0\.sock"):
        host.lags()
    with pytest.raises(NoSuchLagError, match=r"no LAG team0, there is none; .*team0\.sock"):
        host.lag("team0")


def test_without_an_event_it_ends_when_asked_to(tmp_path: Path) -> None:
    host = Host(Places(sources=frozenset({"lacpd"}), run_dir=str(tmp_path)))
    with host.changes() as changes:
        assert list(changes.until(0.05)) == []


def test_the_example(daemon: subprocess.Popen[str], tmp_path: Path) -> None:
    with program("examples/link_changes.py", "60", run_dir=tmp_path) as example:
        line_with(example, "left: lacp, carried by ")
        order(daemon, "down 2")
        line_with(example, "left: left2 has no link")
        line_with(example, "left: left2 carries nothing")
        daemon.terminate()
        line_with(example, "left: lacpd of left has ended")


def test_closing_twice_closes_nothing_of_anybody_else(tmp_path: Path) -> None:
    changes = Host(Places(run_dir=str(tmp_path), teamd_run_dir=str(tmp_path))).changes()
    changes.close()
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]
    changes.close()
    for other in others:
        os.close(other)

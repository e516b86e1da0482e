"""Needs that are missing: a skip with its reason, or a failure where none may be skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import lab

ROOT = Path(__file__).parent.parent

WORLD = """
from tests import lab

def test_one(): lab.need_tool("no-such-tool")
def test_two(): lab.need_tool("no-such-tool")
def test_three(): lab.need("a full moon", False, "wait")
def test_four(): lab.need("nothing", True)
"""


def outcome(tmp_path: Path, require: str) -> str:
    """What pytest prints of a small world of tests, with the project's own conftest."""
    (tmp_path / "test_world.py").write_text(WORLD)
    where = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    plugins = ["-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *where, *plugins, str(tmp_path / "test_world.py")],
        cwd=ROOT,
        env=os.environ | {"LACP_REQUIRE_LAB": require},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_skips_are_listed_by_reason(tmp_path: Path) -> None:
    said = outcome(tmp_path, require="")
    assert "= skipped, and why =" in said
    assert "    2  needs no-such-tool (make lab)\n" in said
    assert "    1  needs a full moon (wait)\n" in said
    assert "1 passed, 3 skipped" in said.splitlines()[-1]


def test_nothing_is_skipped_where_the_lab_is_required(tmp_path: Path) -> None:
    said = outcome(tmp_path, require="1")
    assert "skipped, and why" not in said
    assert "needs no-such-tool (make lab); LACP_REQUIRE_LAB=1 allows no skip" in said
    assert "3 failed, 1 passed" in said.splitlines()[-1]


def test_a_tool_that_is_there_is_no_reason_to_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "some-tool"
    tool.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    lab.need_tool("some-tool")

"""The programs of examples/ on links in memory: they end by themselves when traffic flows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f"examples/{name}.py", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_blocking_select() -> None:
    done = run("blocking_select")
    assert (done.returncode, done.stderr) == (0, "")
    for end in ("left: 1", "left: 2", "right: 1", "right: 2"):
        assert f"{end} collecting=True distributing=True\n" in done.stdout
        # It says goodbye.
        assert done.stdout.rindex(f"{end} collecting=False") > done.stdout.rindex("=True\n")


def test_asyncio_program() -> None:
    done = run("asyncio_program")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert sorted(lines[:2]) == ["left1 carries traffic", "right1 carries traffic"]
    assert lines[2] == "traffic flows"
    assert sorted(lines[3:]) == ["left1 carries none", "right1 carries none"]


@pytest.mark.parametrize("name", ["blocking_select", "asyncio_program"])
def test_an_example_complains_in_one_line(name: str) -> None:
    address = ["02:00:00:00:00:01"] if name == "asyncio_program" else []
    done = run(name, *address, "a name that no interface can have")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1

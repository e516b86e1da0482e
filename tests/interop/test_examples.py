"""The programs of examples/ on real interfaces, one against the other."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.netns import Namespace, namespaces, veth

pytestmark = pytest.mark.netns

ROOT = Path(__file__).parents[2]


def start(stack: ExitStack, namespace: Namespace, *command: str) -> subprocess.Popen[str]:
    process = stack.enter_context(
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *namespace.command(sys.executable, *command)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    return process


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    pytest.fail(f"it ended before it said {words!r}")


def test_one_example_against_the_other() -> None:
    with ExitStack() as stack:
        one, other = stack.enter_context(namespaces(2))
        for number in (1, 2):
            veth(one, f"eth{number}", other, f"eth{number}")
        blocking = start(stack, one, "examples/blocking_select.py", "eth1", "eth2")
        with_asyncio = start(
            stack, other, "examples/asyncio_program.py", "02:00:00:00:00:02", "eth1", "eth2"
        )
        wait_for(blocking, "distributing=True")
        wait_for(with_asyncio, "carries traffic")

        one.ip("link set eth1 down")
        wait_for(with_asyncio, "eth1 carries none")
        one.ip("link set eth1 up")
        wait_for(with_asyncio, "eth1 carries traffic")

        # Interrupted, it tells its partner, which need not wait for a timeout.
        blocking.terminate()
        wait_for(with_asyncio, "carries none")
        wait_for(with_asyncio, "carries none")
        assert blocking.communicate(timeout=10) is not None
        assert blocking.returncode == 0
        with_asyncio.terminate()
        assert with_asyncio.communicate(timeout=10) is not None
        assert with_asyncio.returncode == 0

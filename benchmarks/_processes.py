"""What whole processes cost, from their start to their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

#: Which of several figures counts.
Pick = Callable[[Sequence[float]], float]

#: What a console script does before its first import.
LACPCTL = (sys.executable, "-c", "import sys; from lacp.cli.lacpctl import main; sys.exit(main())")
NOTHING = (sys.executable, "-c", "pass")


def milliseconds(command: Sequence[str], runs: int, pick: Pick = median) -> float | None:
    """CPU time, user and system, of so many runs one after another; None if it fails."""
    figures = []
    for _ in range(runs + 1):
        before = _spent()
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        figures.append((_spent() - before) * 1000)
        # 1 is said of what is bad, too.
        if done.returncode not in (0, 1) or b"Traceback" in done.stderr:
            return None
    # The first one read the files from the disk.
    return pick(figures[1:])


def _spent() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def in_turns(
    commands: Mapping[str, Sequence[str]], runs: int, rounds: int = 3, pick: Pick = median
) -> dict[str, float | None]:
    """Each command's figure; they take turns, so that what else the machine does falls on all."""
    found: dict[str, list[float | None]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(milliseconds(command, runs, pick))
    return {
        name: None if None in figures else pick([each for each in figures if each is not None])
        for name, figures in found.items()
    }


def beside_kernel_devices(runs: int) -> dict[str, float | None]:
    """A bond and a team with teamd, made here, and what it costs to look at them.

    For a guest: it has the drivers, and what is made goes with it. The least counts, because a
    guest takes the time that others have its processor for its own.
    """
    for name in ("b1", "b2", "t1", "t2"):
        _do("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p")
        _do("ip", "link", "set", f"{name}p", "up")
    _do("ip", "link", "add", "bond0", "type", "bond", "mode", "802.3ad")
    for name in ("b1", "b2"):
        _do("ip", "link", "set", name, "master", "bond0")
    _do("ip", "link", "set", "bond0", "up")
    config = {"device": "team0", "runner": {"name": "lacp"}, "ports": {"t1": {}, "t2": {}}}
    _do("teamd", "-d", "-c", json.dumps(config))
    try:
        return in_turns(
            {
                "lacpctl show": (*LACPCTL, "show"),
                "lacpctl show --json": (*LACPCTL, "show", "--json"),
                "lacpctl show --source bond": (*LACPCTL, "show", "--source", "bond"),
                "teamdctl team0 state": ("teamdctl", "team0", "state"),
                "lacpctl --help": (*LACPCTL, "--help"),
                "ip -d link": ("ip", "-d", "link"),
                "python -c pass": NOTHING,
            },
            runs,
            pick=min,
        )
    finally:
        _do("teamd", "-k", "-t", "team0")


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def memory_lacpd(run_dir: Path) -> Iterator[None]:
    """A lacpd on ports in memory, `left` and `right`, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.cli.memory_daemon", str(run_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        os.read(process.stdout.fileno(), 100)
        # Its ports find each other.
        time.sleep(3)
        yield
    finally:
        process.terminate()
        process.communicate()

"""A lacpd of 1,000 ports on veth pairs: its start, its size, and `lacpctl show` of it.

In LAGs of two and of 500. The references are a lacpd with two ports, and a look at nothing.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from benchmarks._confs import confs
from benchmarks._figures import Figure, main
from benchmarks._processes import LACPCTL
from benchmarks._rig import Cables, cabled, ear, lacpd
from tests.interop.netns import Namespace

PORTS = 1000
#: Ports of a LAG.
SHAPES = (2, 500)
#: Looks, of which the median counts.
_LOOKS = 3
#: Seconds until what happened when all ports had come up is over.
_REST = 2.0
_MEGABYTE = 1e6


def figures() -> Iterator[Figure]:
    with cabled(PORTS) as cables:
        with lacpd(cables.left, confs("a", 2, 2)) as little:
            start, busy, size = little.startup, little.cpu(), little.memory()
        for per_lag in SHAPES:
            yield from of_shape(cables, per_lag, start, busy, size)


def of_shape(
    cables: Cables, per_lag: int, start: float, busy: float, size: float
) -> Iterator[Figure]:
    """Everything with LAGs of so many ports."""
    what = f"{PORTS:,} ports on veth, LAGs of {per_lag}"
    beside = "lacpd of two ports"
    with lacpd(cables.left, confs("a", PORTS, per_lag)) as left:
        yield Figure(f"{what}: start of lacpd", left.startup, "s", start, beside, at_most=3)
        yield Figure(f"{what}: CPU until it is ready", left.cpu(), "s", busy, beside)
        with lacpd(cables.right, confs("b", PORTS, per_lag)):
            with ear(cables.right) as heard:
                heard.until_distributing(PORTS)
            time.sleep(_REST)
            memory = left.memory()
            yield Figure(f"{what}: resident size", memory / _MEGABYTE, "MB",
                         size / _MEGABYTE, beside, at_most=60)  # fmt: skip
            yield from shown(what, cables.left, left.directory)


def shown(what: str, here: Namespace, directory: Path) -> Iterator[Figure]:
    """How long it takes to look at all ports, and at none."""
    empty = directory / "nothing"
    empty.mkdir()
    for options in ((), ("--json",)):
        command = " ".join(("lacpctl show", *options))
        wall, cpu = look(here, directory, options, PORTS)
        idle, least = look(here, empty, options, 0)
        yield Figure(f"{what}: {command}", wall, "s", idle, "of nothing", at_most=0.5)
        yield Figure(f"{what}: CPU of {command}", cpu, "s", least, "of nothing")


def look(
    here: Namespace, directory: Path, options: tuple[str, ...], ports: int
) -> tuple[float, float]:
    """Seconds that pass, and of CPU time, from the start of the program to its end.

    Infinite when it has not told of so many ports.
    """
    command = here.command(*LACPCTL, "show", "--run-dir", str(directory), *options)
    walls, cpus = [], []
    for _ in range(_LOOKS):
        start, before = time.monotonic(), _spent()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        walls.append(time.monotonic() - start)
        cpus.append(_spent() - before)
        if not told(done.stdout, ports):
            return inf, inf
    return median(walls), median(cpus)


def told(said: str, ports: int) -> bool:
    """Whether it was told of so many ports, whose names are a0, a1, ..."""
    names = set(re.findall(r'(?:^|"name": ")(a[0-9]+)\b', said, re.MULTILINE))
    return len(names) == ports


def _spent() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(figures)

"""Where time and memory go, by layer: what `python -m benchmarks.scale --profile` tells."""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks._figures import number
from benchmarks._idle import memory as rig
from benchmarks._rig import Process, cabled, ear, lacpds

#: Seconds at rest that are sampled.
_WINDOW = 30.0
#: Functions that are named.
_MOST = 16
#: Where libraries are.
_LIBRARY = re.compile(r".*/(site-packages|python3\.\d+)/")
#: By the beginning of a file's name, the first that fits.
LAYERS = {
    "lacp/protocol/": "state machines, timers, selection, transmit",
    "lacp/runners/": "runner",
    "lacp/wire/": "codec",
    "lacp/watch/": "link watchers",
    "lacp/backends/": "backend: its system calls, and what is around them",
    "lacp/netlink/": "netlink",
    "lacp/daemon/drive.py": "driver",
    "lacp/daemon/agenda.py": "queue of timers",
    "lacp/daemon/loop.py": "loop",
    "lacp/daemon/team/": "team, ports",
    "lacp/daemon/": "the rest of the daemon",
    "lacp/config/": "configuration",
    "lacp/dataplane/": "dataplane",
    "lacp/cli/": "asyncio",
    "lacp/": "value types, words",
    "benchmarks/_memory.py": "asyncio",
    "benchmarks/_confs.py": "the rig",
    "benchmarks/": "asyncio",
}


def layer(place: str) -> str:
    return next((name for start, name in LAYERS.items() if place.startswith(start)), "libraries")


def profile() -> None:
    """Print all of it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        calls(1000)
        in_memory(Path(directory, "memory"), 10_000)
        try:
            on_veth(Path(directory, "veth"), 1000)
        except pytest.skip.Exception as missing:
            print(f"not measured here: ports on veth pairs: {missing}")
    memory(1000, 3000)


def in_memory(file: Path, ports: int) -> None:
    with rig(ports, 2, "-m", "benchmarks._profile", str(file)) as found:
        it = found.process
        told = [tell(it, file)]
        time.sleep(3)
        tell(it, file)
        time.sleep(_WINDOW)
        told.append(tell(it, file))
    show(f"{ports:,} ports in memory, until all carry traffic", told[0], 1 / ports, "µs/port")
    show(f"{ports:,} ports in memory, at rest", told[1], 1 / ports / _WINDOW, "µs/port-s")


def calls(ports: int, seconds: float = 5) -> None:
    """What is called: a figure that other processes do not change."""
    with rig(ports, 2) as found:
        time.sleep(3)
        called = Counter(found.ask("calls", seconds))
    each = ports * seconds
    print(
        f"\n{ports:,} ports in memory, at rest: {called.total() / each:.1f} calls per port-second"
    )
    layers: Counter[str] = Counter()
    for function, times in called.items():
        layers["functions of C" if function.startswith("<") else layer(function)] += times
    for what, times in layers.most_common():
        if times > each / 20:
            print(f"  {times / each:>8.2f}  {what}")


def on_veth(file: Path, ports: int) -> None:
    sampled = (sys.executable, "-m", "benchmarks._profile", str(file), "lacp.cli.lacpd")
    with (
        cabled(ports) as cables,
        ear(cables.right) as heard,
        lacpds(cables, 2, program=sampled) as (left, _),
    ):
        heard.until_distributing(ports)
        heard.close()
        told = [tell(left, file)]
        time.sleep(3)
        tell(left, file)
        time.sleep(_WINDOW)
        told.append(tell(left, file))
    show(f"{ports:,} ports on veth, until all carry traffic", told[0], 1 / ports, "µs/port")
    show(f"{ports:,} ports on veth, at rest", told[1], 1 / ports / _WINDOW, "µs/port-s")


def tell(process: Process, file: Path) -> dict[str, Any]:
    """What a sampled process saw since the last time."""
    before = file.read_text() if file.exists() else ""
    process.popen.send_signal(signal.SIGUSR1)
    while not (text := file.read_text() if file.exists() else "")[len(before) :].endswith("\n"):
        assert process.popen.poll() is None, "the sampled process has ended"
        time.sleep(0.05)
    told = json.loads(text[len(before) :].splitlines()[-1])
    assert isinstance(told, dict)
    return told


def show(title: str, told: Mapping[str, Any], scale: float, unit: str) -> None:
    """Layers and functions, each in µs of what `scale` makes of a second."""
    seen: Counter[str] = Counter(told["seen"])
    layers: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for place, times in seen.items():
        layers[layer(place)] += times
        where, _, name = place.partition(" ")
        functions[f"{_LIBRARY.sub('', where.rpartition(':')[0])} {name}"] += times
    spent = (told["user"] + told["system"]) * scale * 1e6
    kernel = told["system"] * scale * 1e6
    samples = seen.total()
    print(f"\n{title}: {number(spent)} {unit}, {number(kernel)} of it in the kernel")
    print(f"  ({samples} samples)")
    for table in (layers, functions):
        print()
        for what, times in table.most_common(_MOST):
            part = times / samples
            print(f"  {number(part * spent):>8} {unit}  {part:>6.1%}  {what}")


def memory(few: int, many: int) -> None:
    """What each further port allocates, by layer and by file."""
    sizes = [Counter(allocated(ports)) for ports in (few, many)]
    sizes[1].subtract(sizes[0])
    further = many - few
    total = sizes[1].total() / further
    print(f"\nmemory of each port in memory between {few:,} and {many:,}: {total:,.0f} octets")
    layers: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for file, octets in sizes[1].items():
        layers[layer(file)] += octets
        files[_LIBRARY.sub("", file)] += octets
    for table in (layers, files):
        print()
        for what, octets in table.most_common(_MOST):
            print(f"  {octets / further:>8,.0f} octets/port  {what}")


def allocated(ports: int) -> dict[str, int]:
    """Octets that a lacpd with so many ports in memory has allocated, by file."""
    with rig(ports, 2, "-X", "tracemalloc", "-m") as found:
        sizes = found.ask("sizes", 2)
    return {file: int(octets) for file, octets in sizes.items()}

"""What ports at rest cost, in memory and on veth pairs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from benchmarks._bare import frame
from benchmarks._rig import Cables, Process, ear, lacpds, program
from lacp.backends.memory import MemoryBackend, connect
from tests.interop.daemon import ROOT

#: Seconds in which CPU time, and then the times of LACPDUs, are measured.
WINDOW = 5.0
#: Seconds in which ports that all carry traffic come to rest.
_REST = 2.0
#: Frames of each port on links alone.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured of ports at the fast rate, all Current and Distributing."""

    ports: int
    #: CPU time per port and second, in µs; infinite when not all of them came up.
    cpu: float
    #: By how much the latest LACPDU was later than a second after the one before, in ms.
    late: float
    #: Ports whose partner was not heard in time, at either end.
    expired: float
    #: Resident octets.
    memory: float
    #: Seconds from when lacpd was ready until all carried traffic.
    up: float


def failed(ports: int) -> Load:
    """The ports never all carried traffic."""
    return Load(ports, inf, inf, inf, inf, inf)


class Memory:
    """The rig in memory, asked over its pipes."""

    def __init__(self, process: Process) -> None:
        self._popen = process.popen
        self.process = process
        #: How it came up.
        self.came = self._answer()

    def ask(self, what: str, seconds: float) -> dict[str, float]:
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{what} {seconds}\n".encode())
        self._popen.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, float]:
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        assert line, "the rig in memory has ended"
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


@contextmanager
def memory(ports: int, per_lag: int, *python: str) -> Iterator[Memory]:
    """So many ports that carry traffic, if they can; `python` has options of the interpreter."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        arguments = (
            *(python or ("-m",)),
            "benchmarks._memory",
            directory,
            f"{ports}",
            f"{per_lag}",
        )
        with program(*arguments) as process:
            yield Memory(process)


def in_memory(ports: int, per_lag: int = 2, window: float = WINDOW) -> Load:
    """So many ports of one lacpd over links in memory, both ends of each link among them."""
    with memory(ports, per_lag) as rig:
        if not rig.came["up"]:
            return failed(ports)
        time.sleep(_REST)
        idle = rig.ask("idle", window)
        late = rig.ask("late", window)
        return Load(
            ports,
            idle["cpu"] / ports * 1e6,
            late["late"] * 1e3,
            late["expired"],
            idle["memory"],
            rig.came["seconds"],
        )


def on_veth(cables: Cables, per_lag: int = 2, window: float = WINDOW) -> Load:
    """A lacpd at the left ends of the cables, while another one is its partner."""
    ports = cables.count
    with ear(cables.right) as heard, lacpds(cables, per_lag) as (left, _):
        up = heard.until_distributing(ports)
        if up == inf:
            return failed(ports)
        time.sleep(_REST)
        heard.afresh(window)
        late, lost = heard.late(), heard.expired()
        heard.close()
        spent = left.spent(window)
        return Load(
            ports, spent / ports * 1e6, late * 1e3, lost + unheard(cables), left.memory(), up
        )


def unheard(cables: Cables) -> int:
    """How many ports of either end tell, in the second to come, that they hear no partner."""
    found = 0
    for where in (cables.left, cables.right):
        with ear(where) as heard:
            heard.listen(1.5)
            found += heard.expired() + cables.count - len(heard.ports)
    return found


def bare(cables: Cables, window: float = WINDOW) -> float:
    """The two system calls alone between the same interfaces: µs per port-second."""
    arguments = (str(cables.count), str(window))
    ends = [
        subprocess.Popen(
            where.command(sys.executable, "-m", "benchmarks._bare", end, *arguments),
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for where, end in ((cables.left, "a"), (cables.right, "b"))
    ]
    try:
        said, _ = [each.communicate(timeout=window + 60)[0] for each in ends]
    finally:
        for each in ends:
            each.kill()
            each.wait()
    found = json.loads(said)
    assert found["received"] > 0.9 * cables.count * (window - 2), "frames of the bare loop are lost"
    cpu = found["cpu"]
    assert isinstance(cpu, float)
    return cpu / cables.count * 1e6


def links_alone(ports: int) -> float:
    """A frame sent and one read on each link in memory, and nothing done with it: µs per port."""
    octets = frame()
    with MemoryBackend(queue=ports) as backend:
        names = [(f"a{number}", f"b{number}") for number in range(ports // 2)]
        for left, right in names:
            connect(backend, left, backend, right)
            backend.add(left)
            backend.add(right)
        drain(backend)
        start = time.process_time()
        for _ in range(_ROUNDS):
            for pair in names:
                for name in pair:
                    backend.send(name, octets)
            drain(backend)
        return (time.process_time() - start) / _ROUNDS / ports * 1e6


def drain(backend: MemoryBackend) -> None:
    while backend.read():
        pass

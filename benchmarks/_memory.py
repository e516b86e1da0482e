"""A lacpd over links in memory, both ends in one process: the real loop on the real clock.

Run as a program: `_memory DIRECTORY PORTS PER_LAG`. It says in one line of JSON how it came up, as
soon as every port carries traffic; then it takes orders, one a line on standard input, and answers
each with a line of JSON:

    idle SECONDS     CPU time and memory of a while, with nothing that looks on
    late SECONDS     when LACPDUs left meanwhile
    calls SECONDS    how often each function is called meanwhile
    sizes SECONDS    then: what is allocated, by file (`python -X tracemalloc`)
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import json
import logging
import os
import resource
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from unittest import mock

from benchmarks._confs import confs
from benchmarks._heard import ACTOR_STATE, ETHERNET, Heard
from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.options import Options
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources
from lacp.runners.lacp import LacpRunner

#: Seconds in which all ports have to carry traffic.
PATIENCE = 90.0
_ROOT = f"{Path(__file__).parents[1]}/"
#: Frames that may wait to be read: all of a second.
_QUEUE = 100_000


class Rig:
    """The service with its ports: every one of them is at an end of a cable of its own."""

    def __init__(self, ports: int, per_lag: int, directory: str) -> None:
        self.ports = ports
        self.backend = MemoryBackend(queue=_QUEUE)
        cables = ports // 2
        for number in range(cables):
            connect(self.backend, f"a{number}", self.backend, f"b{number}")
        options = Options(run_dir=directory, teamd_run_dir=f"{directory}/teamd", dataplane="none")
        self.service = Service(self.backend, Sources(), monotonic_clock(), options)
        self.loop = Loop(self.service)
        configs = {}
        for end in "ab":
            for text in confs(end, cables, per_lag, team=f"t{end}").values():
                configs.update(Sources(text=text).read().configs)
        self.service.start(configs, self.service.clock.now())

    def all_distribute(self) -> bool:
        """Whether every port carries traffic; the first that does not is answer enough."""
        runners = (team.runner for team in self.service.driver.teams.values())
        return all(
            port.distributing
            for runner in runners
            if isinstance(runner, LacpRunner)
            for port in runner.ports.values()
        )

    async def come_up(self) -> dict[str, float]:
        """Until every port carries traffic, or for as long as there is patience."""
        start, before = time.monotonic(), time.process_time()
        while not (up := self.all_distribute()) and time.monotonic() < start + PATIENCE:
            await asyncio.sleep(0.25)
        return {
            "up": up,
            "seconds": time.monotonic() - start,
            "cpu": time.process_time() - before,
        }

    async def idle(self, seconds: float) -> dict[str, float]:
        """CPU seconds per second, and resident octets."""
        start, before = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        spent = time.process_time() - before
        return {"cpu": spent / (time.monotonic() - start), "memory": resident()}

    async def late(self, seconds: float) -> dict[str, float]:
        """The longest wait for a LACPDU of any port over a second, and how many ports expired."""
        heard = Heard()
        send = MemoryBackend.send

        def noted(backend: MemoryBackend, port: str, frame: bytes) -> bool:
            heard.note(port, time.monotonic(), frame[ETHERNET + ACTOR_STATE])
            return send(backend, port, frame)

        with mock.patch.object(MemoryBackend, "send", noted):
            await asyncio.sleep(seconds)
        silent = self.ports - len(heard.ports)
        late = heard.latest(time.monotonic())
        return {"late": late, "expired": heard.expired() + silent, "frames": heard.frames()}

    async def calls(self, seconds: float) -> dict[str, float]:
        """How often functions are called, by file and name; those of C have no file."""
        profiler = cProfile.Profile()
        profiler.enable()
        await asyncio.sleep(seconds)
        profiler.disable()
        called: Counter[str] = Counter()
        for each in profiler.getstats():
            code = each.code
            if isinstance(code, str):
                called[code] += each.callcount
            else:
                called[f"{code.co_filename.removeprefix(_ROOT)} {code.co_name}"] += each.callcount
        return dict(called)

    async def sizes(self, seconds: float) -> dict[str, float]:
        """Octets that were allocated and are not free after so long, by file."""
        await asyncio.sleep(seconds)
        gc.collect()
        statistics = tracemalloc.take_snapshot().statistics("filename")
        return {each.traceback[0].filename.removeprefix(_ROOT): each.size for each in statistics}

    async def obey(self) -> None:
        """Say how it came up, then do what is asked."""
        say(await self.come_up())
        known = {"idle": self.idle, "late": self.late, "calls": self.calls, "sizes": self.sizes}
        orders: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        loop.add_reader(0, lambda: orders.put_nowait(os.read(0, 4096).decode()))
        while order := await orders.get():
            what, seconds = order.split()
            say(await known[what](float(seconds)))
        loop.remove_reader(0)
        self.loop.stop()


def resident() -> int:
    """Resident octets of this process."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("found no Rss in /proc/self/smaps_rollup")


def say(answer: dict[str, float]) -> None:
    print(json.dumps(answer), flush=True)


def started() -> None:
    """What lacpd does, too: what teams are made of stays."""
    gc.collect()
    gc.freeze()


async def main(directory: str, ports: int, per_lag: int) -> None:
    rig = Rig(ports, per_lag, directory)
    obeying = asyncio.create_task(rig.obey())
    await rig.loop.run(started)
    await obeying


if __name__ == "__main__":
    logging.disable()
    # Each team has sockets of its own.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

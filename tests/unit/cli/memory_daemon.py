"""lacpd on memory links: teams `left` and `right`, joined by cables 1 and 2; run as a program.

Usage: memory_daemon RUN_DIR. Says "running" when it runs; then takes orders, one a line, on
standard input: `down 2`, `up 2`.
"""

import asyncio
import json
import logging
import os
import sys

from lacp.backends.memory import MemoryBackend, connect
from lacp.daemon.loop import Loop, monotonic_clock
from lacp.daemon.options import Options
from lacp.daemon.service import Service
from lacp.daemon.sources import Sources


def config(team: str) -> str:
    runner = {"name": "lacp", "fast_rate": True, "aggregate_wait": 0, "system": SYSTEMS[team]}
    ports: dict[str, object] = {f"{team}{number}": {} for number in (1, 2)}
    return json.dumps({"device": team, "runner": runner, "ports": ports})


SYSTEMS = {"left": "02:00:00:00:00:01", "right": "02:00:00:00:00:02"}


async def serve(run_dir: str) -> None:
    with MemoryBackend() as backend:
        cables = {
            str(number): connect(backend, f"left{number}", backend, f"right{number}")
            for number in (1, 2)
        }
        clock = monotonic_clock()
        options = Options(run_dir=run_dir, teamd_run_dir=f"{run_dir}/teamd", dataplane="none")
        service = Service(backend, Sources(), clock, options)
        loop = Loop(service)
        configs = {}
        for team in SYSTEMS:
            configs.update(Sources(text=config(team)).read().configs)
        service.start(configs, clock.now())

        def obey() -> None:
            # A buffered stream would keep the second of two orders to itself.
            orders = os.read(0, 4096).decode()
            if not orders:
                asyncio.get_running_loop().remove_reader(0)
            for line in orders.splitlines():
                order, _, cable = line.partition(" ")
                cables[cable].set(up=order == "up")

        def started() -> None:
            os.write(1, b"running\n")

        asyncio.get_running_loop().add_reader(0, obey)
        await loop.run(started)


if __name__ == "__main__":
    logging.disable()
    asyncio.run(serve(sys.argv[1]))

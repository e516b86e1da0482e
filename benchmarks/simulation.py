"""Virtual time: what an hour of a port costs in the simulator, and the whole conformance catalogue.

The catalogue runs as tests do it, against our own engine, in every edition of the standard and
under both controls of the multiplexer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import product

from benchmarks._figures import Figure, main
from lacp.conformance.catalogue import CATALOGUE
from lacp.conformance.tester.virtual import VirtualBench, profile_for
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control
from lacp.sim.network import Network, address

_HOUR = 3600.0
_SLOW_PERIODIC_TIME = 30.0
#: Links between two systems, and hours of them.
_LINKS, _HOURS = 16, 24


def figures() -> Iterator[Figure]:
    port_hours = 2 * _LINKS * _HOURS
    yield Figure(
        "simulator, slow rate: port-hours per second of CPU",
        port_hours / simulated(),
        "port-h/s",
        port_hours / queue_alone(),
        "its queue of events alone",
        at_least=300,
    )
    spent, passed, cases = catalogue()
    yield Figure(
        f"conformance catalogue, {cases:,} cases and variants in virtual time",
        spent,
        "s of CPU",
        passed,
        "the seconds that pass in it",
        at_most=60,
    )


def simulated() -> float:
    """Seconds of CPU time for a day of two systems with slow ports that carry traffic."""
    network = Network()
    for name, number in (("left", 1), ("right", 2)):
        ports = {
            str(port): PortConfig(number=port, short_timeout=False) for port in range(1, _LINKS + 1)
        }
        network.system(name, SystemConfig(system=address(number)), ports)
    for port in range(1, _LINKS + 1):
        network.cable(("left", str(port)), ("right", str(port)), latency=0.001)
    network.run(60)
    start = time.process_time()
    network.run(_HOURS * _HOUR)
    return time.process_time() - start


def queue_alone() -> float:
    """Seconds of CPU time for the same day of entries that come from a queue and are put back."""
    queue: list[tuple[float, int]] = []
    for port in range(2 * _LINKS):
        heappush(queue, (port / 100, port))
    start = time.process_time()
    while queue[0][0] < _HOURS * _HOUR:
        now, port = heappop(queue)
        # What is sent arrives before the port sends again.
        heappush(queue, (now + 0.001, port))
        _, port = heappop(queue)
        heappush(queue, (now + _SLOW_PERIODIC_TIME, port))
    return time.process_time() - start


def catalogue() -> tuple[float, float, int]:
    """Seconds of CPU time, of virtual time, and how many times a case was played."""
    passed, cases = 0.0, 0
    start = time.process_time()
    for edition, control in product(EDITIONS, Control):
        for case in CATALOGUE.values():
            bench = VirtualBench(profile_for(case, edition, control), case.links)
            bench.run(case)
            passed += bench.now
            cases += 1
    return time.process_time() - start, passed, cases


if __name__ == "__main__":
    main(figures)

"""The engine: an idle port-second, a convergence, and memory, beside doing it all the slow way."""

from __future__ import annotations

import time
import tracemalloc
from heapq import heappop, heappush
from itertools import count

from benchmarks._measure import head, row
from lacp import (
    Duplex,
    Link,
    Mac,
    PortConfig,
    System,
    SystemConfig,
    Transmit,
)


class Pair:
    """Two systems with `ports` links of 1 ms, driven with nothing between them."""

    def __init__(self, ports: int, short_timeout: bool = True, slow_way: bool = False) -> None:
        self.slow_way = slow_way
        self.systems = [
            System(SystemConfig(system=Mac(bytes([2, 0, 0, 0, 0, end])))) for end in (1, 2)
        ]
        self.wire: list[tuple[float, int, int, str, bytes]] = []
        self.sequence = count()
        self.frames = 0
        for end, system in enumerate(self.systems):
            for number in range(1, ports + 1):
                address = Mac(bytes([2, 1, 0, end, *number.to_bytes(2)]))
                system.add_port(
                    f"p{number}", PortConfig(number=number, short_timeout=short_timeout), 0.0
                )
                system.link_changed(f"p{number}", Link(True, 10000, Duplex.FULL, address), 0.0)
            self.drain(end, 0.0)

    def drain(self, end: int, now: float) -> None:
        """Put what the system sends on the wire."""
        for event in self.systems[end].events():
            if isinstance(event, Transmit):
                self.frames += 1
                heappush(
                    self.wire, (now + 0.001, next(self.sequence), 1 - end, event.port, event.frame)
                )

    def run(self, until: float) -> None:
        """Deliver and advance until the virtual time `until`."""
        while True:
            times = [self.wire[0][0]] if self.wire else []
            times += [t for s in self.systems if (t := s.next_deadline()) is not None]
            now = min(times)
            if now > until:
                return
            while self.wire and self.wire[0][0] <= now:
                _, _, end, port, frame = heappop(self.wire)
                if self.slow_way:
                    # As a stack without the rule of the equal frame would.
                    self.systems[end].ports[port].settled_frame = None
                self.systems[end].receive(port, frame, now)
                self.drain(end, now)
            for end, system in enumerate(self.systems):
                system.advance(now)
                self.drain(end, now)


def _idle(slow_way: bool, seconds: int) -> float:
    """µs per port-second of converged ports at the fast rate."""
    pair = Pair(50, slow_way=slow_way)
    pair.run(10)
    start = time.process_time()
    pair.run(10 + seconds)
    return (time.process_time() - start) / seconds / 100 * 1e6


def _convergence(ports: int) -> float:
    """µs per port from link up to Distributing."""
    start = time.process_time()
    Pair(ports).run(3)
    return (time.process_time() - start) / ports / 2 * 1e6


def _up() -> float:
    """Virtual seconds from link up to both ends of two links distributing."""
    pair = Pair(2)
    now = 0.0
    while not all(port.distributing for system in pair.systems for port in system.ports.values()):
        now += 0.001
        pair.run(now)
    return now


def _memory(ports: int) -> float:
    """Octets per port of a converged system."""
    Pair(1).run(3)
    tracemalloc.start()
    pair = Pair(ports)
    pair.run(5)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / ports / 2


def main() -> None:
    """Print the table."""
    head("engine")
    shortcut = _idle(False, 200)
    row(
        "idle fast-rate port-second",
        shortcut,
        "µs",
        _idle(True, 20),
        "every frame through the machines",
    )
    row("idle fast-rate port-second", shortcut, "µs", 8.5, "best prototype loop, published figure")
    small = _convergence(8)
    row("convergence of 8 links, per port", small, "µs", _convergence(1), "1 link")
    row("convergence of 200 links, per port", _convergence(200), "µs", small, "8 links")
    row("memory per port", _memory(500), "octets", 6900, "best prototype loop, published figure")
    row("link up to distributing, 1 ms flight", _up(), "s", 2.88, "Linux bonding, published")
    start = time.process_time()
    Pair(2, short_timeout=False).run(86400)
    hours = 96 / (time.process_time() - start)
    row(
        "port-hours per CPU second, slow rate",
        hours,
        "port-h/s",
        11.9,
        "prototype, published figure",
    )


if __name__ == "__main__":
    main()

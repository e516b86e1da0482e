"""The engine: an idle port-second, a convergence, and memory, beside doing it all the slow way."""

from __future__ import annotations

import time
import tracemalloc
from heapq import heappop, heappush
from itertools import count

from benchmarks._measure import head, row
from lacp import (
    AggSelectPolicy,
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


def _contest(ports: int) -> float:
    """µs per port from link up until one LAG of as many has the one aggregator, for the team."""
    team = System(
        SystemConfig(
            system=Mac.parse("02:00:00:00:00:01"),
            aggregators={1: None},
            agg_select_policy=AggSelectPolicy.BANDWIDTH,
        )
    )
    partners = [
        System(SystemConfig(system=Mac(bytes([2, 0, 0, 1, *number.to_bytes(2)]))))
        for number in range(ports)
    ]
    spent = 0.0
    for number, partner in enumerate(partners):
        team.add_port(str(number), PortConfig(number=number + 1), 0.0)
        partner.add_port("1", PortConfig(number=1), 0.0)
    for now in range(6):
        for number, partner in enumerate(partners):
            link = Link(True, 1000 + number, Duplex.FULL, Mac(bytes(5) + bytes([number])))
            partner.link_changed("1", link, now)
            start = time.process_time()
            team.link_changed(str(number), link, now)
            spent += time.process_time() - start
        moved = True
        while moved:
            moved = False
            for number, partner in enumerate(partners):
                partner.advance(now)
                for event in partner.events():
                    if isinstance(event, Transmit):
                        start = time.process_time()
                        team.receive(str(number), event.frame, now)
                        spent += time.process_time() - start
            start = time.process_time()
            team.advance(now)
            events = list(team.events())
            spent += time.process_time() - start
            for event in events:
                if isinstance(event, Transmit):
                    moved = True
                    partners[int(event.port)].receive("1", event.frame, now)
    assert team.ports[str(ports - 1)].distributing
    return spent / ports * 1e6


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
    row("64 LAGs contest for one aggregator, per port", _contest(64), "µs", _contest(8), "8 LAGs")
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

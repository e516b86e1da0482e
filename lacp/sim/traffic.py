"""Traffic divided by hash over ports, interval by interval: what a balancer makes of it.

Traffic is what each hash offers in each interval, made from flows with a seed. It does not react:
a flow on a port that is too full offers as much as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

HASHES = 256

#: Of each interval, the octets of each hash.
Octets = Sequence[Sequence[int]]

#: What all flows together offer in an interval, about: 5 s of 1 Gb/s.
_OFFERED = 625_000_000


class Spreader(Protocol):
    """What maps hashes to ports: a `lacp.runners.balancer.Balancer`, or another beside it."""

    @property
    def mapping(self) -> Mapping[int, str]:
        """The port of each hash; one that has none falls to a port by its number."""

    def distribute(self, ports: Mapping[str, int | None]) -> Mapping[int, str]:
        """Take the ports that distribute, with their speeds; returns what is mapped anew."""

    def loads(self, octets: Mapping[int, int]) -> Mapping[int, str]:
        """Take what each hash carried since the start; returns what is mapped anew."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What came of one interval."""

    #: Octets by port, as a part of the port's speed in Mb/s.
    uses: Mapping[str, float]
    #: The use of the fullest port, were hashes divisible down to the largest one.
    ideal: float
    #: Hashes with traffic that had another port in the interval before.
    moved: int

    @property
    def excess(self) -> float:
        """The use of the fullest port in terms of the ideal; 1.0 is perfect."""
        return max(self.uses.values()) / self.ideal if self.ideal else 1.0


def play(
    spreader: Spreader, changes: Mapping[int, Mapping[str, int]], octets: Octets
) -> Iterator[Interval]:
    """Offer traffic to ports; `changes` has the ports with their speeds from an interval on.

    Interval 0 has to be among them. The load of an interval is told at its end, and what is mapped
    anew holds for the next one.
    """
    ports: dict[str, int] = {}
    counters = dict.fromkeys(range(HASHES), 0)
    before: list[str] = []
    for number, offered in enumerate(octets):
        if number in changes:
            ports = _change(spreader, ports, changes[number])
        way = _ways(spreader.mapping, list(ports))
        yield _judge(ports, way, before or way, offered)
        before = way
        for hash, sent in enumerate(offered):
            counters[hash] += sent
        spreader.loads({hash: count for hash, count in counters.items() if count})


def _change(
    spreader: Spreader, was: Mapping[str, int], wanted: Mapping[str, int]
) -> dict[str, int]:
    """Ports leave and come one at a time, in the order of their names among `wanted`."""
    ports = {name: wanted[name] for name in was if name in wanted}
    spreader.distribute(ports)
    for name, speed in wanted.items():
        ports[name] = speed
        spreader.distribute(ports)
    return ports


def _ways(mapping: Mapping[int, str], ports: Sequence[str]) -> list[str]:
    """The port of each hash; without one the kernel takes a port by number, as they came."""
    return [mapping.get(hash) or ports[hash % len(ports)] for hash in range(HASHES)]


def _judge(
    ports: Mapping[str, int], way: Sequence[str], before: Sequence[str], offered: Sequence[int]
) -> Interval:
    loads = dict.fromkeys(ports, 0)
    for port, sent in zip(way, offered, strict=True):
        loads[port] += sent
    ideal = max(sum(offered) / sum(ports.values()), max(offered) / max(ports.values()))
    moved = sum(bool(sent) and a != b for a, b, sent in zip(way, before, offered, strict=True))
    return Interval({name: loads[name] / ports[name] for name in ports}, ideal, moved)


# Traffic.


def zipf(seed: int, intervals: int, flows: int = 1000, exponent: float = 1.1) -> Octets:
    """Lasting flows, the n-th largest in proportion to n to the minus `exponent`, ±20 %."""
    dice = Random(seed)
    sizes = [rank**-exponent for rank in range(1, flows + 1)]
    scale = _OFFERED / sum(sizes)
    hashed = [(dice.randrange(HASHES), size * scale) for size in sizes]
    return [
        _sum((hash, size * dice.uniform(0.8, 1.2)) for hash, size in hashed)
        for _ in range(intervals)
    ]


def pareto(seed: int, intervals: int, arrivals: int = 60, shape: float = 1.2) -> Octets:
    """Transfers of Pareto sizes that come and go, none with more than a tenth of all load."""
    dice = Random(seed)
    mean = shape / (shape - 1)
    unit, fastest = _OFFERED / arrivals / mean, _OFFERED / 10
    going: list[tuple[int, float]] = []
    made = []
    for _ in range(intervals):
        going += [
            (dice.randrange(HASHES), unit * dice.paretovariate(shape)) for _ in range(arrivals)
        ]
        made.append(_sum((hash, min(left, fastest)) for hash, left in going))
        going = [(hash, left - fastest) for hash, left in going if left > fastest]
    return made


def elephants(seed: int, intervals: int, count: int = 6, share: float = 0.7) -> Octets:
    """Mice of all hashes, and as many large flows that each last 20 to 60 intervals."""
    dice = Random(seed)
    mice, size = _OFFERED * (1 - share) / HASHES, _OFFERED * share / count
    large = [(dice.randrange(HASHES), dice.randint(20, 60)) for _ in range(count)]
    made = []
    for _ in range(intervals):
        parts = [(hash, mice * dice.uniform(0.5, 1.5)) for hash in range(HASHES)]
        parts += [(hash, size) for hash, _ in large]
        made.append(_sum(iter(parts)))
        large = [
            (hash, left - 1) if left > 1 else (dice.randrange(HASHES), dice.randint(20, 60))
            for hash, left in large
        ]
    return made


def on_off(seed: int, intervals: int, flows: int = 200, mean: float = 5.0) -> Octets:
    """Flows of Pareto rates that speak and are silent for `mean` intervals each, on average."""
    dice = Random(seed)
    sizes = [dice.paretovariate(1.5) for _ in range(flows)]
    scale = 2 * _OFFERED / sum(sizes)
    sources = [(dice.randrange(HASHES), size * scale) for size in sizes]
    speaks = [dice.random() < 0.5 for _ in sources]
    made = []
    for _ in range(intervals):
        made.append(_sum(source for source, on in zip(sources, speaks, strict=True) if on))
        speaks = [on is not (dice.random() < 1 / mean) for on in speaks]
    return made


def _sum(parts: Iterator[tuple[int, float]]) -> list[int]:
    octets = [0] * HASHES
    for hash, sent in parts:
        octets[hash] += int(sent)
    return octets


#: Traffic by name: made from a seed and a number of intervals.
KINDS: dict[str, Callable[[int, int], Octets]] = {
    "zipf": zipf,
    "pareto": pareto,
    "elephants": elephants,
    "on/off": on_off,
}

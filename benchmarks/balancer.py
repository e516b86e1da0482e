"""Our balancer beside teamd's `basic` one and beside the hash alone, on the same made traffic.

An interval is the time between two looks at the load. *excess* is the load of the fullest port in
terms of the least possible, averaged over all intervals and seeds: 1.0 is perfect. *moved* is how
many hashes with traffic change their port in an interval, each of which may reorder frames. *even*
is how many intervals pass, after the start or the last change of ports, until the excess is no more
than 1.2; a dash where that does not come about with every seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import mean

from benchmarks._figures import Figure, in_full, main
from benchmarks._measure import microseconds
from benchmarks._teamd_balancer import TeamdBalancer
from lacp.runners.balancer import Balancer
from lacp.sim.traffic import KINDS, Interval, Octets, Spreader, play, zipf

_SEEDS = range(5 if in_full() else 3)
_INTERVALS = 200
_EVEN = 1.2


class HashAlone:
    """Maps nothing."""

    mapping: Mapping[int, str] = {}

    def distribute(self, ports: Mapping[str, int | None]) -> dict[int, str]:
        return {}

    def loads(self, octets: Mapping[int, int]) -> dict[int, str]:
        return {}


SPREADERS: dict[str, Callable[[], Spreader]] = {
    "ours": Balancer,
    "teamd": TeamdBalancer,
    "hash alone": HashAlone,
}

_FOUR = {f"eth{number}": 10_000 for number in range(1, 5)}
_THREE = {name: speed for name, speed in _FOUR.items() if name != "eth4"}
#: The ports with their speeds, from an interval on.
PORTS: dict[str, Mapping[int, Mapping[str, int]]] = {
    "4 x 10G": {0: _FOUR},
    "10G + 2 x 1G": {0: {"eth1": 10_000, "eth2": 1_000, "eth3": 1_000}},
    "25G + 10G": {0: {"eth1": 25_000, "eth2": 10_000}},
    "one of four returns": {0: _FOUR, 60: _THREE, 120: _FOUR},
}


def spread(make: Callable[[], Spreader], ports: str, traffic: list[Octets]) -> str:
    changes = PORTS[ports]
    runs = [list(play(make(), changes, octets)) for octets in traffic]
    every = [interval for run in runs for interval in run]
    waits = [until_even(run[max(changes) :]) for run in runs]
    known = [wait for wait in waits if wait is not None]
    even = f"{mean(known):.1f}" if len(known) == len(waits) else "-"
    excess = mean(interval.excess for interval in every)
    return f"{excess:>9.2f}{mean(interval.moved for interval in every):>8.1f}{even:>6}"


def until_even(run: list[Interval]) -> int | None:
    return next((at for at, interval in enumerate(run) if interval.excess <= _EVEN), None)


def figures() -> Iterator[Figure]:
    """What an interval costs, after a table of how even and how calm it is."""
    made = {kind: [make(seed, _INTERVALS) for seed in _SEEDS] for kind, make in KINDS.items()}
    print(f"{'':<32}" + "".join(f"{name:^23}" for name in SPREADERS))
    print(f"{'ports':<21}{'traffic':<11}" + f"{'excess':>9}{'moved':>8}{'even':>6}" * 3)
    for ports in PORTS:
        for kind, traffic in made.items():
            found = [spread(make, ports, traffic) for make in SPREADERS.values()]
            print(f"{ports:<21}{kind:<11}" + "".join(found))
    print()
    ours, theirs = (cost(make()) for make in (Balancer, TeamdBalancer))
    what = "one interval of four ports with traffic on every hash"
    yield Figure(what, ours, "µs", theirs, "teamd's balancer in Python")


def cost(spreader: Spreader) -> float:
    spreader.distribute(_FOUR)
    counters = dict.fromkeys(range(256), 0)
    intervals = zipf(1, 50)
    seen = 0

    def interval() -> None:
        nonlocal seen
        for hash, sent in enumerate(intervals[seen % len(intervals)]):
            counters[hash] += sent
        seen += 1
        spreader.loads(counters)

    return microseconds(interval, number=50)


if __name__ == "__main__":
    main(figures)

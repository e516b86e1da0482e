"""The `basic` balancer: spreads the 256 hashes of frames over ports by what each hash carries.

Frames with one hash are never divided, so a port is only ever relieved of whole hashes; and a hash
that moves may have its frames reordered once, so few move, and none for a small gain.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

HASHES = 256

#: How much the latest interval counts in the load of a hash, as against all before it.
_LATEST = 0.5
#: A hash is idle when it carried nothing in so many intervals.
_IDLE = 3
#: Hashes that may move in one interval.
_MOVES = 16
#: Intervals for which a hash that moved stays where it is.
_REST = 3
#: What a move must take off the fuller of two ports, as a share of the even load.
_GAIN = 0.05
#: And in octets of an interval, a few full frames: below that all is noise.
_NOISE = 15_000


@dataclass(slots=True)
class _Hash:
    number: int
    port: str | None = None
    #: Octets in an interval.
    load: float = 0.0
    #: Intervals since it last carried something.
    silent: int = _IDLE
    #: The interval until which it stays where it is.
    rests: int = 0

    @property
    def idle(self) -> bool:
        return self.silent >= _IDLE


@dataclass(slots=True)
class _Port:
    name: str
    #: What it can carry, in the measure of the others'.
    capacity: float
    load: float = 0.0
    #: Busy hashes that may move, by load.
    movable: list[tuple[float, int]] = field(default_factory=list)

    @property
    def use(self) -> float:
        """Its load as a part of what it can carry."""
        return self.load / self.capacity

    def with_load(self, load: float) -> float:
        """Its use when it carries that much more."""
        return (self.load + load) / self.capacity


class Balancer:
    """Maps hashes to ports that distribute; told at regular intervals what each hash carried.

    A hash that is idle costs nothing to move: those are divided by the speeds of the ports whenever
    a port comes. Busy ones move one at a time from the fullest port, as long as that is worth it.
    The hashes of a port that leaves, and only these, go to the others at once.
    """

    def __init__(self) -> None:
        self._hashes = [_Hash(number) for number in range(HASHES)]
        self._capacities: dict[str, float] = {}
        self._mapping: dict[int, str] = {}
        #: The counters as they were last; None before the first.
        self._octets: dict[int, int] | None = None
        self._interval = 0

    @property
    def mapping(self) -> Mapping[int, str]:
        """The port of each hash (0..255), to be read; empty while no port distributes."""
        return MappingProxyType(self._mapping)

    def distribute(self, ports: Mapping[str, int | None]) -> dict[int, str]:
        """Take the ports that distribute now, each with its speed in Mb/s if that is known.

        Returns the hashes that go to another port.
        """
        capacities = _capacities(ports)
        if capacities == self._capacities:
            return {}
        # Only a port that leaves gives no reason to move what others carry.
        grown = any(self._capacities.get(name) != found for name, found in capacities.items())
        self._capacities = capacities
        before = dict(self._mapping)
        self._place_homeless()
        if grown:
            self._divide_idle()
            self._relieve()
        return self._moved(before)

    def loads(self, octets: Mapping[int, int]) -> dict[int, str]:
        """Take the octets sent with each hash since some start; what is absent is as it was.

        Call it once in each interval. Returns the hashes that go to another port.
        """
        self._measure(octets)
        before = dict(self._mapping)
        self._relieve()
        return self._moved(before)

    def _measure(self, octets: Mapping[int, int]) -> None:
        self._interval += 1
        first = self._octets is None
        known = {} if self._octets is None else self._octets
        for entry in self._hashes:
            count = octets.get(entry.number, known.get(entry.number, 0))
            was = known.get(entry.number, 0)
            known[entry.number] = count
            # Counters that begin anew have counted from 0; the first tell of no interval.
            sent = 0 if first else count - was if count >= was else count
            entry.silent = 0 if sent else entry.silent + 1
            entry.load = 0.0 if entry.idle else entry.load + _LATEST * (sent - entry.load)
        self._octets = known

    def _ports(self) -> dict[str, _Port]:
        """The ports with what they carry now."""
        ports = {name: _Port(name, capacity) for name, capacity in self._capacities.items()}
        for entry in self._hashes:
            if entry.port in ports:
                port = ports[entry.port]
                port.load += entry.load
                if not entry.idle and entry.rests <= self._interval:
                    insort(port.movable, (entry.load, entry.number))
        return ports

    def _place_homeless(self) -> None:
        """Give the hashes without a port one: the busy ones by load, the idle ones by number."""
        ports = self._ports()
        homeless = [entry for entry in self._hashes if entry.port not in ports]
        for entry in homeless:
            self._put(entry, None)
        if not ports:
            return
        for entry in sorted(homeless, key=lambda entry: -entry.load):
            if not entry.idle:
                port = min(ports.values(), key=lambda port: port.with_load(entry.load))
                port.load += entry.load
                self._put(entry, port.name)
        missing = self._missing()
        for entry in homeless:
            if entry.port is None:
                name = max(missing, key=missing.__getitem__)
                missing[name] -= 1
                self._put(entry, name)

    def _divide_idle(self) -> None:
        """Move idle hashes until each port has its share of all, as far as they go."""
        missing = self._missing()
        for entry in self._hashes:
            if entry.idle and entry.port is not None and missing[entry.port] < 0:
                name = max(missing, key=missing.__getitem__)
                if missing[name] <= 0:
                    return
                missing[entry.port] += 1
                missing[name] -= 1
                self._put(entry, name)

    def _missing(self) -> dict[str, int]:
        """How many hashes each port has less than its speed gives it; negative for more."""
        missing = _shares(self._capacities)
        for name in self._mapping.values():
            missing[name] -= 1
        return missing

    def _relieve(self) -> None:
        """Move busy hashes away from full ports, the one that helps most first."""
        ports = self._ports()
        if len(ports) < 2:
            return
        capacity = sum(self._capacities.values())
        even = sum(port.load for port in ports.values()) / capacity
        candidates = dict(ports)
        moves = _MOVES
        while moves and candidates:
            fullest = max(candidates.values(), key=lambda port: port.use)
            found = self._best_move(fullest, ports.values(), even)
            if found is None:
                del candidates[fullest.name]
                continue
            load, number, to = found
            fullest.movable.remove((load, number))
            fullest.load -= load
            to.load += load
            self._put(self._hashes[number], to.name)
            moves -= 1

    def _best_move(
        self, fullest: _Port, ports: Iterable[_Port], even: float
    ) -> tuple[float, int, _Port] | None:
        """The hash of `fullest` whose move takes most off the fuller of the two ports."""
        best, found = max(_GAIN * even, _NOISE / fullest.capacity), None
        for to in ports:
            level = (fullest.use - to.use) / (1 / fullest.capacity + 1 / to.capacity)
            at = bisect_left(fullest.movable, (level, 0))
            for load, number in fullest.movable[max(at - 1, 0) : at + 1]:
                gain = fullest.use - max(fullest.with_load(-load), to.with_load(load))
                if gain > best:
                    best, found = gain, (load, number, to)
        return found

    def _put(self, entry: _Hash, port: str | None) -> None:
        entry.port = port
        entry.rests = self._interval + _REST
        if port is None:
            self._mapping.pop(entry.number, None)
        else:
            self._mapping[entry.number] = port

    def _moved(self, before: Mapping[int, str]) -> dict[int, str]:
        now = self._mapping
        return {n: now[n] for n in range(HASHES) if n in now and before.get(n) != now[n]}


def _capacities(ports: Mapping[str, int | None]) -> dict[str, float]:
    """The speeds; a port that says none is taken to be as fast as the slowest of those that do."""
    slowest = min((speed for speed in ports.values() if speed), default=1)
    return {name: float(speed or slowest) for name, speed in ports.items()}


def _shares(capacities: Mapping[str, float]) -> dict[str, int]:
    """All hashes divided by speed; what remains goes to the largest fractions."""
    total = sum(capacities.values())
    exact = {name: HASHES * capacity / total for name, capacity in capacities.items()}
    shares = {name: int(share) for name, share in exact.items()}
    by_fraction = sorted(exact, key=lambda name: shares[name] - exact[name])
    for name in by_fraction[: HASHES - sum(shares.values())]:
        shares[name] += 1
    return shares

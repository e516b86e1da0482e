"""The `basic` balancer: spreads the 256 hashes of frames over ports by what each hash carries.

Frames with one hash are never divided, so a port can only be relieved of whole hashes; and a hash
that moves may have its frames reordered once, so few move, and none for little.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

HASHES = 256
#: Hashes with traffic that may move in one interval, and idle ones.
MOVES = 32
#: Intervals for which a hash that moved stays where it is.
REST = 2
#: Intervals without traffic after which a hash is idle.
IDLE = 3

#: How much the latest interval counts in the load of a hash, as against all before it.
_LATEST = 0.7
#: A port is relieved when it has so much of the even load, until it has less than that.
_TOO_FULL, _FULL = 1.05, 1.01
#: What a move must take off the fuller port, and an exchange of two, in terms of the even load.
_WORTH_MOVING, _WORTH_EXCHANGING = 0.001, 0.03
#: And in octets, a few full frames in an interval: below that all is noise.
_NOISE = 15_000


@dataclass(slots=True)
class _Hash:
    number: int
    port: str | None = None
    #: The counter, as it was last.
    octets: int = 0
    #: Octets in an interval.
    load: float = 0.0
    #: Intervals since it last carried something.
    silent: int = IDLE
    #: The interval until which it stays where it is.
    rests: int = 0

    @property
    def idle(self) -> bool:
        return self.silent >= IDLE


@dataclass(slots=True)
class _Port:
    name: str
    #: What it can carry, in the measure of the others'.
    capacity: float
    load: float = 0.0
    #: Load and number of the hashes that may move, lightest first.
    movable: list[tuple[float, int]] = field(default_factory=list)

    @property
    def use(self) -> float:
        """Its load as a part of what it can carry."""
        return self.load / self.capacity

    def use_with(self, load: float) -> float:
        """Its use when it carries that much more."""
        return (self.load + load) / self.capacity


@dataclass(frozen=True, slots=True)
class _Step:
    """A hash goes from one port to another, or two hashes change places."""

    #: What the fuller port of the two has less, as use.
    gain: float
    #: Each as (load, number), from, to.
    moves: tuple[tuple[tuple[float, int], _Port, _Port], ...]


class Balancer:
    """Maps hashes to ports that distribute; told at regular intervals what each hash carried.

    Idle hashes cost nothing to move: they are divided by the speeds of the ports, at once when a
    port comes. Busy ones move from a port that is too full, as long as that helps. The hashes of a
    port that leaves, and only these, go to the others at once.
    """

    def __init__(self) -> None:
        self._hashes = [_Hash(number) for number in range(HASHES)]
        self._capacities: dict[str, float] = {}
        self._mapping: dict[int, str] = {}
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
        # A port that leaves is no reason to move what the others carry.
        grown = any(self._capacities.get(name) != found for name, found in capacities.items())
        self._capacities = capacities
        before = dict(self._mapping)
        self._house()
        if grown:
            self._divide_idle(HASHES)
            self._relieve()
        return self._moved(before)

    def loads(self, octets: Mapping[int, int]) -> dict[int, str]:
        """Take the octets sent with each hash since some start; what is absent is as it was.

        Call it once in each interval. Returns the hashes that go to another port.
        """
        self._interval += 1
        self._measure(octets)
        before = dict(self._mapping)
        self._relieve()
        self._divide_idle(MOVES)
        return self._moved(before)

    def _measure(self, octets: Mapping[int, int]) -> None:
        # The first counters may be of any length of time: good to begin with, not to go on from.
        latest = _LATEST if self._interval > 2 else 1.0
        for entry in self._hashes:
            was = entry.octets
            entry.octets = octets.get(entry.number, was)
            # Who counts less than before began anew, at 0.
            sent = entry.octets - was if entry.octets >= was else entry.octets
            entry.silent = 0 if sent else entry.silent + 1
            entry.load = 0.0 if entry.idle else entry.load + latest * (sent - entry.load)

    # Hashes without a port, and idle ones.

    def _house(self) -> None:
        """Give the hashes without a port one: busy ones by load, idle ones by number."""
        ports = self._ports()
        homeless = [entry for entry in self._hashes if entry.port not in ports]
        for entry in homeless:
            entry.port = None
            self._mapping.pop(entry.number, None)
        if not ports:
            return
        for entry in sorted(homeless, key=lambda entry: -entry.load):
            if not entry.idle:
                port = min(ports.values(), key=lambda port: port.use_with(entry.load))
                port.load += entry.load
                self._put(entry, port.name)
        missing = self._missing()
        for entry in homeless:
            if entry.port is None:
                name = max(missing, key=missing.__getitem__)
                missing[name] -= 1
                self._put(entry, name)

    def _divide_idle(self, moves: int) -> None:
        """Move idle hashes until each port has its share of all hashes, as far as they go."""
        missing = self._missing()
        for entry in self._hashes:
            if entry.idle and entry.port is not None and missing[entry.port] < 0:
                name = max(missing, key=missing.__getitem__)
                if moves == 0 or missing[name] <= 0:
                    return
                moves -= 1
                missing[entry.port] += 1
                missing[name] -= 1
                self._put(entry, name)

    def _missing(self) -> dict[str, int]:
        """How many hashes each port has less than its speed gives it; negative for more."""
        missing = _shares(self._capacities)
        for name in self._mapping.values():
            missing[name] -= 1
        return missing

    # Busy hashes.

    def _ports(self) -> dict[str, _Port]:
        """The ports with what they carry now."""
        ports = {name: _Port(name, capacity) for name, capacity in self._capacities.items()}
        for entry in self._hashes:
            if entry.port in ports and not entry.idle:
                port = ports[entry.port]
                port.load += entry.load
                if entry.rests <= self._interval:
                    insort(port.movable, (entry.load, entry.number))
        return ports

    def _relieve(self) -> None:
        """Move hashes away from the ports that are too full, the fullest first."""
        ports = self._ports()
        if len(ports) < 2:
            return
        even = sum(port.load for port in ports.values()) / sum(self._capacities.values())
        full = {name: port for name, port in ports.items() if port.use > even * _TOO_FULL}
        left = MOVES
        while full:
            fullest = max(full.values(), key=lambda port: port.use)
            step = None
            if fullest.use > even * _FULL:
                step = _best_step(fullest, ports.values(), even)
            if step is None or len(step.moves) > left:
                del full[fullest.name]
                continue
            left -= len(step.moves)
            for (load, number), source, to in step.moves:
                source.movable.remove((load, number))
                source.load -= load
                to.load += load
                self._put(self._hashes[number], to.name)

    def _put(self, entry: _Hash, port: str) -> None:
        entry.port = self._mapping[entry.number] = port
        if not entry.idle:
            entry.rests = self._interval + REST

    def _moved(self, before: Mapping[int, str]) -> dict[int, str]:
        now = self._mapping
        return {n: now[n] for n in range(HASHES) if n in now and before.get(n) != now[n]}


def _best_step(fullest: _Port, ports: Iterable[_Port], even: float) -> _Step | None:
    """What takes most off the fullest port without making another one as full."""
    others = [port for port in ports if port.use < fullest.use]
    noise = _NOISE / fullest.capacity
    for steps, worth in (_moves, _WORTH_MOVING), (_exchanges, _WORTH_EXCHANGING):
        found = [step for to in others for step in steps(fullest, to)]
        best = max(found, key=lambda step: step.gain, default=None)
        if best is not None and best.gain > max(worth * even, noise):
            return best
    return None


def _moves(source: _Port, to: _Port) -> Iterator[_Step]:
    """The hashes on either side of the load that would make the two ports even."""
    for entry in _around(source.movable, _surplus(source, to)):
        yield _Step(_gain(source, to, entry[0]), ((entry, source, to),))


def _exchanges(source: _Port, to: _Port) -> Iterator[_Step]:
    """For each hash the two that would best come back for it."""
    for entry in source.movable:
        for back in _around(to.movable, entry[0] - _surplus(source, to)):
            gain = _gain(source, to, entry[0] - back[0])
            yield _Step(gain, ((entry, source, to), (back, to, source)))


def _surplus(source: _Port, to: _Port) -> float:
    """The load that must go from one to the other to make them even."""
    return (source.use - to.use) / (1 / source.capacity + 1 / to.capacity)


def _gain(source: _Port, to: _Port, load: float) -> float:
    """What the fuller of the two has less, as use, when that load moves."""
    return source.use - max(source.use_with(-load), to.use_with(load))


def _around(movable: list[tuple[float, int]], load: float) -> list[tuple[float, int]]:
    """The heaviest that is lighter, and the lightest that is not."""
    at = bisect_left(movable, (load, 0))
    return movable[max(at - 1, 0) : at + 1]


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

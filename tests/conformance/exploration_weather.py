"""What becomes of a state of a world when the weather stays as it is: in real time, for ever.

From a state, each timer that runs has its full length left; frames take no time; nothing happens
but what timers and frames bring about. Such a run is determined, and its states recur, so that "for
ever" is a cycle that can be looked at. A timer that has less left is a run from the state in which
it has just expired: that state is in the exploration too, as any timer may expire at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from lacp.protocol.timers import Timer
from tests.conformance.exploration_engine import Glance, Kind, Move
from tests.conformance.exploration_world import World

#: What the ends of a world look like: a glance at each port of each of them.
View = tuple[tuple[Glance, ...], ...]
Goal = Callable[[View], bool]


@dataclass(frozen=True, slots=True)
class Weather:
    """What stays as it is from now on."""

    name: str
    #: The wires that lose every frame, by number.
    dead: frozenset[int] = frozenset()
    #: The ports without carrier, by end and name; all others have one.
    dark: frozenset[tuple[int, str]] = frozenset()


FAIR = Weather("nothing is lost")


@dataclass(frozen=True, slots=True)
class Now:
    """A state in real time: what is left of each timer, and how long ago the last LACPDUs left."""

    ends: tuple[int, ...]
    #: Milliseconds left of the timers that run, by end, port and timer.
    left: tuple[tuple[int, str, Timer, int], ...]
    #: Milliseconds since a LACPDU left, by end and port, of the last second.
    sent: tuple[tuple[int, str, int], ...] = ()


class Forecast:
    """How long it takes in one weather, from any state, until a goal is met for ever."""

    def __init__(
        self, world: World, weather: Weather, goal: Goal, early: Mapping[int, int] | None = None
    ) -> None:
        self.world = world
        self.weather = weather
        self.goal = goal
        #: Milliseconds that the timers of some ends have less left than their full length.
        self.early = early or {}
        self._after: dict[Now, float] = {}

    def milliseconds(self, state: int) -> float:
        """Until the goal is met for ever, from a state with nothing in flight; inf is never."""
        now = self.begin(state)
        path: list[tuple[Now, int]] = []
        places: dict[Now, int] = {}
        while now not in self._after and now not in places:
            places[now] = len(path)
            following, passed = self.go_on(now)
            path.append((now, passed))
            now = following
        if now in places:
            self._close(path, places[now])
        for each, passed in reversed(path):
            if each not in self._after:
                self._after[each] = self._before(each, passed, self._after[now])
            now = each
        return self._after[now]

    def story(self, state: int, steps: int = 40) -> Iterator[str]:
        """The run from a state, a line for each instant."""
        now, time = self.begin(state), 0
        for _ in range(steps):
            ports = " | ".join(
                ", ".join(f"{g.receive} {g.mux}" for g in glances) for glances in self._view(now)
            )
            yield f"{time / 1000:8.3f} s  {ports}"
            now, passed = self.go_on(now)
            time += passed

    def states(self, state: int, steps: int) -> list[int]:
        """The states of the run from a state, without their times."""
        now, found = self.begin(state), [state]
        for _ in range(steps):
            found.append(self.world.pack(now.ends))
            now, _passed = self.go_on(now)
        return list(dict.fromkeys(found))

    def _close(self, path: list[tuple[Now, int]], start: int) -> None:
        cycle = [now for now, _ in path[start:]]
        value = 0.0 if all(self.goal(self._view(now)) for now in cycle) else float("inf")
        self._after.update(dict.fromkeys(cycle, value))

    def _before(self, now: Now, passed: int, after: float) -> float:
        if after:
            return passed + after
        return 0.0 if self.goal(self._view(now)) else passed

    def _view(self, now: Now) -> View:
        ends = self.world.ends
        return tuple(end.glances(state) for end, state in zip(ends, now.ends, strict=True))

    def begin(self, state: int) -> Now:
        """The state when the weather sets in."""
        run = _Run(self.world, self.weather, self.world.ends_of(state))
        for key, length in run.left.items():
            run.left[key] = max(1, length - self.early.get(key[0], 0))
        for number, end in enumerate(self.world.ends):
            for port, glance in zip(end.ports, end.glances(run.ends[number]), strict=True):
                wanted = (number, port) not in self.weather.dark
                if glance.carrier is not wanted:
                    kind = Kind.CARRIER_UP if wanted else Kind.CARRIER_DOWN
                    run.make(number, Move(kind, port))
        run.deliver()
        return run.now()

    def go_on(self, now: Now) -> tuple[Now, int]:
        """Let the next timers expire; the state then, and the milliseconds that pass until then."""
        if not now.left:
            return now, 1
        passed = min(left for *_, left in now.left)
        run = _Run(self.world, self.weather, now.ends)
        run.sent = [(e, p, ago + passed) for e, p, ago in now.sent if ago + passed < 1000]
        run.left = {(e, p, t): left - passed for e, p, t, left in now.left}
        due: dict[int, list[tuple[str, Timer]]] = {}
        for (end, port, timer), left in run.left.items():
            if not left:
                due.setdefault(end, []).append((port, timer))
        for end, timers in due.items():
            run.make(end, Move(Kind.EXPIRE, due=tuple(timers)))
            run.deliver()
        return run.now(), passed


@dataclass(slots=True)
class _Run:
    """One instant of a run."""

    world: World
    weather: Weather
    start: tuple[int, ...]
    ends: list[int] = field(init=False)
    left: dict[tuple[int, str, Timer], int] = field(init=False)
    sent: list[tuple[int, str, int]] = field(default_factory=list)
    flights: list[tuple[int, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ends = list(self.start)
        self.left = {
            (number, port, timer): length
            for number, end in enumerate(self.world.ends)
            for (port, timer), length in end.running[self.start[number]].items()
        }

    def now(self) -> Now:
        left = sorted((e, p, t, ms) for (e, p, t), ms in self.left.items())
        return Now(tuple(self.ends), tuple(left), tuple(sorted(self.sent)))

    def make(self, number: int, move: Move) -> None:
        """Make a move of an end; what it sends is in flight."""
        end, state = self.world.ends[number], self.ends[number]
        step = end.step(state, move)
        if any(self._limited(number, port) for port, _ in step.sent):
            step = end.step(state, Move(move.kind, move.port, move.frame, move.due, limited=True))
        started = dict(step.started)
        self.ends[number] = self.world.stand(number, step.to)
        old = {(port, timer): ms for (e, port, timer), ms in self.left.items() if e == number}
        for port, timer in old:
            del self.left[number, port, timer]
        for each in end.running[step.to]:
            self.left[number, *each] = started[each] if each in started else old[each]
        for port, frame in step.sent:
            self.sent.append((number, port, 0))
            self.flights.append((number, port, frame))

    def deliver(self) -> None:
        """Let all frames arrive that the weather lets through, and those that they bring about."""
        for _ in range(1000):
            if not self.flights:
                return
            number, port, frame = self.flights.pop(0)
            for place, wire in enumerate(self.world.wires):
                source = wire.source, wire.source_port
                if source == (number, port) and place not in self.weather.dead:
                    self.make(wire.target, Move(Kind.HEAR, wire.target_port, frame))
        raise AssertionError("the systems answer each other without end")

    def _limited(self, number: int, port: str) -> bool:
        recent = sum((e, p) == (number, port) for e, p, _ in self.sent)
        return recent >= self.world.ends[number].transmit_limit

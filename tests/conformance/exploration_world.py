"""Every state that systems on wires can reach, over all orders of delivery, loss and timer expiry.

A state of a world is one state of each system and what is in flight on each wire. It is kept as one
number, a field of bits for each, so that a move is to replace some fields.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from tests.conformance.exploration_engine import Automaton, Frames, Step

_BITS = 20
_FIELD = (1 << _BITS) - 1

#: A move in words, when asked.
Tell = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Wire:
    """One direction of a cable: from a port of one system to a port of one system, by number."""

    source: int
    source_port: str
    target: int
    target_port: str


def cable(a: tuple[int, str], b: tuple[int, str]) -> tuple[Wire, Wire]:
    """Both directions of a cable."""
    return Wire(*a, *b), Wire(*b, *a)


@dataclass(slots=True)
class Reached:
    """What an exploration found."""

    #: The states by their distance from the nearest start.
    levels: list[set[int]] = field(default_factory=list)
    transitions: int = 0
    #: Whether nothing was left to look at.
    complete: bool = True
    #: For each state one that comes before it, once somebody has asked.
    before: dict[int, int] = field(default_factory=dict)

    @property
    def states(self) -> set[int]:
        return set().union(*self.levels)

    def __len__(self) -> int:
        return sum(map(len, self.levels))


class World:
    """Systems on wires."""

    def __init__(
        self,
        ends: Sequence[Automaton],
        wires: Sequence[Wire],
        *,
        capacity: int = 1,
        free: bool = False,
    ) -> None:
        self.ends = tuple(ends)
        self.wires = tuple(wires)
        self.frames: Frames = ends[0].frames
        #: Frames in flight on one wire; what is sent on a full one is lost.
        self.capacity = capacity
        #: A sender may do something of its own accord while a frame of his is in flight. Without
        #: that, what it does next and the arrival of the frame come in one order only.
        self.free = free
        self._contents: list[tuple[int, ...]] = [()]
        self._content_numbers: dict[tuple[int, ...], int] = {(): 0}
        #: The state that stands for each state of an end: those that nobody can tell apart.
        self._stands: list[list[int]] = [[] for _ in self.ends]
        self._processes = [self._own(end) for end in range(len(self.ends))]
        self._processes += [self._arrival(wire) for wire in range(len(self.wires))]

    # States as numbers.

    def pack(self, ends: Iterable[int], flights: Iterable[tuple[int, ...]] = ()) -> int:
        """The number of a state."""
        fields = [self.stand(end, state) for end, state in enumerate(ends)]
        fields += [self._content(flight) for flight in flights]
        return sum(value << _BITS * place for place, value in enumerate(fields))

    def ends_of(self, state: int) -> tuple[int, ...]:
        """The states of the ends."""
        return tuple(state >> _BITS * end & _FIELD for end in range(len(self.ends)))

    def at_rest(self, state: int) -> bool:
        """Whether nothing is in flight."""
        return not state >> _BITS * len(self.ends)

    def flight(self, state: int, wire: int) -> tuple[int, ...]:
        """The frames in flight on a wire, the first to arrive first."""
        return self._contents[state >> _BITS * (len(self.ends) + wire) & _FIELD]

    def _content(self, flight: tuple[int, ...]) -> int:
        number = self._content_numbers.setdefault(flight, len(self._contents))
        if number == len(self._contents):
            self._contents.append(flight)
        return number

    def stand(self, end: int, state: int) -> int:
        """The state that stands for `state`."""
        return self._stands[end][state] if self._stands[end] else state

    # What can happen.

    def successors(self, state: int) -> Iterator[int]:
        """The states that can follow."""
        for process in self._processes:
            part = state & process.mask
            found = process.known.get(part)
            if found is None:
                found = process.known[part] = tuple(
                    {to & process.mask for _, to in process.moves(part)}
                )
            rest = state ^ part
            for new in found:
                yield rest | new

    def explore(
        self,
        starts: Iterable[int],
        *,
        depth: int | None = None,
        budget: int | None = None,
    ) -> Reached:
        """All states that can be reached from `starts`, in `depth` moves, or the first `budget`."""
        level = set(starts)
        reached = Reached([level])
        seen = set(level)
        while level:
            if depth is not None and len(reached.levels) > depth:
                reached.complete = False
                return reached
            following: set[int] = set()
            for state in level:
                for new in self.successors(state):
                    reached.transitions += 1
                    if new not in seen:
                        seen.add(new)
                        following.add(new)
                if budget is not None and len(seen) > budget:
                    reached.levels.append(following)
                    reached.complete = False
                    return reached
            level = following
            if level:
                reached.levels.append(level)
        return reached

    def path(self, reached: Reached, state: int) -> list[str]:
        """How `state` is reached, a line for each move."""
        lines: list[str] = []
        distance = next(d for d, level in enumerate(reached.levels) if state in level)
        if not reached.before:
            for level, following in pairwise(reached.levels):
                new = ((s, each) for each in level for s in self.successors(each))
                reached.before.update((s, each) for s, each in new if s in following)
        for _ in range(distance):
            lines.append(self._between(reached.before[state], state))
            state = reached.before[state]
        return lines[::-1]

    def _between(self, before: int, after: int) -> str:
        """The move that leads from a state to the next one."""
        for process in self._processes:
            for tell, to in process.moves(before):
                if to == after:
                    return tell()
        raise LookupError("no move leads there")

    # How it is done.

    def _own(self, end: int) -> _Process:
        """What an end does or suffers without hearing a frame."""
        out = [number for number, wire in enumerate(self.wires) if wire.source == end]

        def moves(state: int) -> Iterator[tuple[Tell, int]]:
            if not self.free and any(self.flight(state, wire) for wire in out):
                return
            for move, step in self.ends[end].own_moves(state >> _BITS * end & _FIELD):
                yield partial(self.ends[end].tell, move, step.to), self._apply(state, end, step)

        return _Process(self._mask([end], out), moves)

    def _arrival(self, wire: int) -> _Process:
        """What becomes of the first frame in flight on a wire."""
        end, port = self.wires[wire].target, self.wires[wire].target_port
        out = [number for number, each in enumerate(self.wires) if each.source == end]

        def moves(state: int) -> Iterator[tuple[Tell, int]]:
            flight = self.flight(state, wire)
            if not flight:
                return
            after = self._replace(state, len(self.ends) + wire, self._content(flight[1:]))
            yield lambda: f"a frame to {self.ends[end].name} {port} is lost", after
            for move, step in self.ends[end].hear(state >> _BITS * end & _FIELD, port, flight[0]):
                yield partial(self.ends[end].tell, move, step.to), self._apply(after, end, step)

        return _Process(self._mask([end], {*out, wire}), moves)

    def _apply(self, state: int, end: int, step: Step) -> int:
        state = self._replace(state, end, self.stand(end, step.to))
        for port, frame in step.sent:
            for number, wire in enumerate(self.wires):
                flight = self.flight(state, number)
                if (wire.source, wire.source_port) == (end, port) and len(flight) < self.capacity:
                    new = self._content((*flight, frame))
                    state = self._replace(state, len(self.ends) + number, new)
        return state

    @staticmethod
    def _replace(state: int, place: int, value: int) -> int:
        shift = _BITS * place
        return state & ~(_FIELD << shift) | value << shift

    def _mask(self, ends: Iterable[int], wires: Iterable[int]) -> int:
        places = [*ends, *(len(self.ends) + wire for wire in wires)]
        return sum(_FIELD << _BITS * place for place in places)

    # States that nobody can tell apart.

    def merge(self) -> None:
        """Work out all states of every end, whatever the others can send arrives at any time, and
        let those stand for one another that look alike, do alike and lead to such again.

        What an engine remembers without effect then multiplies nothing.
        """
        heard = self._close()
        for end, automaton in enumerate(self.ends):
            self._stands[end] = _stand_ins(automaton, sorted(heard[end]))

    def _close(self) -> list[set[tuple[str, int]]]:
        """Complete the table of every end; what each of them can hear, by port and frame."""
        heard: list[set[tuple[str, int]]] = [set() for _ in self.ends]
        size = -1
        while size != (size := sum(map(len, heard)) + sum(map(len, self.ends))):
            for end, automaton in enumerate(self.ends):
                said = {s for step in _all_steps(automaton, heard[end]) for s in step.sent}
                for wire in self.wires:
                    if wire.source == end:
                        heard[wire.target] |= {
                            (wire.target_port, frame)
                            for port, frame in said
                            if port == wire.source_port
                        }
        return heard


@dataclass(slots=True)
class _Process:
    """One thing that goes on in a world by itself: it looks at some fields and replaces them."""

    mask: int
    moves: Callable[[int], Iterable[tuple[Tell, int]]]
    known: dict[int, tuple[int, ...]] = field(default_factory=dict)


def _all_steps(automaton: Automaton, heard: Iterable[tuple[str, int]]) -> Iterator[Step]:
    """The steps from every state, those first found meanwhile as well."""
    state = 0
    frames = tuple(heard)
    while state < len(automaton):
        for _, step in automaton.own_moves(state):
            yield step
        for port, frame in frames:
            for _, step in automaton.hear(state, port, frame):
                yield step
        state += 1


def _stand_ins(automaton: Automaton, heard: Sequence[tuple[str, int]]) -> list[int]:
    """For every state the first one that cannot be told from it (partition refinement)."""
    states = range(len(automaton))
    blocks = _numbered(
        (automaton.glances(s), *sorted(automaton.running[s].items())) for s in states
    )

    def outcome(step: Step) -> Hashable:
        return step.sent, step.started, blocks[step.to]

    count = 0
    while count != (count := len(set(blocks))):
        blocks = _numbered(
            (
                blocks[s],
                frozenset((move, outcome(step)) for move, step in automaton.own_moves(s)),
                tuple(outcome(st) for p, f in heard for _, st in automaton.hear(s, p, f)),
            )
            for s in states
        )
    first: dict[int, int] = {}
    for state, block in enumerate(blocks):
        first.setdefault(block, state)
    return [first[block] for block in blocks]


def _numbered(signatures: Iterable[Hashable]) -> list[int]:
    """Equal numbers for equal signatures."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(each, len(numbers)) for each in signatures]

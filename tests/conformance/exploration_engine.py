"""One system as a table: what each input makes of each of its states, as the real engine says.

The table is filled by running `lacp.protocol.system.System` itself: a state is a copy of the
engine, and an input is a call of the engine on a fresh copy. What time it is does not belong to a
state: a timer is stopped, runs or has expired, and one that runs may expire at any moment, before
or after any other. So a table holds every order of timers, also those that only a very slow or a
very fast partner can bring about.
"""

from __future__ import annotations

import pickle
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import combinations
from typing import Any

from lacp.link import DOWN, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import Transmit
from lacp.protocol.machine import StateMachine
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from lacp.sim.network import address
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu

#: Seconds; no timer of the standard is as long.
_FAR = 1e6

#: What a port keeps for people, and what follows from the rest of its state.
WITHOUT_EFFECT = frozenset(
    {
        *("announced", "common", "config", "counters", "heard", "history", "lag"),
        *("last_received_at", "marker", "name", "rank", "received", "reselect", "scheduled"),
        *("selected_reason", "speaker", "speed", "transmit_due", "transmit_frame"),
    }
)
#: Here only as a number of LACPDUs, or as times: `Move.limited` stands for them.
TRANSMIT_LIMIT = frozenset({"retry_at", "sent", "sent_frame"})
#: Seen by nobody but the Selection Logic when LAGs compete for one aggregator.
CHURN = frozenset({"actor_churn", "partner_churn"})
#: What lets a frame that equals the last one take the short way.
SHORT_WAYS = frozenset({"settled_frame"})
_CHURN_TIMERS = (Timer.ACTOR_CHURN, Timer.PARTNER_CHURN)


class Kind(StrEnum):
    """What can happen to one end."""

    EXPIRE = "expires"
    HEAR = "hears"
    CARRIER_UP = "sees carrier"
    CARRIER_DOWN = "loses carrier"
    RESTART = "restarts"
    GOODBYE = "leaves in order and restarts"


@dataclass(frozen=True, slots=True)
class Move:
    """One input of one end."""

    kind: Kind
    port: str = ""
    #: The frame heard, by its number.
    frame: int = -1
    #: Timers that expire at this instant.
    due: tuple[tuple[str, Timer], ...] = ()
    #: As many LACPDUs were sent in the last second as the edition allows.
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What an input made of a state."""

    to: int
    #: The frames sent, by port and number.
    sent: tuple[tuple[str, int], ...]
    #: The timers that were started, and for how many milliseconds.
    started: tuple[tuple[tuple[str, Timer], int], ...]


@dataclass(slots=True)
class Frames:
    """The frames of a world by number."""

    octets: list[bytes] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)

    def number(self, octets: bytes) -> int:
        """The number of a frame; a new one when it was never sent before."""
        number = self._numbers.setdefault(octets, len(self.octets))
        if number == len(self.octets):
            self.octets.append(octets)
        return number

    def lacpdu(self, number: int) -> Lacpdu:
        """The LACPDU in a frame."""
        return Lacpdu.decode(slow.classify(self.octets[number]).payload)


@dataclass(frozen=True, slots=True)
class Glance:
    """What the rules and the reports see of one port in one state."""

    receive: str
    mux: str
    collecting: bool
    distributing: bool
    carrier: bool
    #: The aggregator that the port is attached to.
    aggregator: int | None


class Automaton:
    """One system as a table. States, like frames, are numbers; 0 is the state without any link."""

    def __init__(
        self,
        name: str,
        config: SystemConfig,
        ports: Mapping[str, PortConfig],
        frames: Frames,
        *,
        churn: bool = False,
        ties: bool = False,
        short_ways: bool = False,
    ) -> None:
        self.name = name
        self.frames = frames
        self.ports = tuple(ports)
        #: Timers may also expire at one instant, or at the instant a frame arrives.
        self.ties = ties
        #: LACPDUs that a port may send in a second.
        self.transmit_limit = config.edition.transmit_limit
        self._node = config.system[3]
        self._numbers: dict[str, int] = {p: c.number for p, c in ports.items()}
        #: A frame equal to the last may take the short way; else each goes through the machines.
        self.short_ways = short_ways
        self._ignored = WITHOUT_EFFECT | TRANSMIT_LIMIT
        self._ignored |= frozenset() if churn else CHURN
        self._ignored |= frozenset() if short_ways else SHORT_WAYS
        self._timers = tuple(t for t in Timer if churn or t not in _CHURN_TIMERS)
        self._states: dict[Hashable, int] = {}
        self._copies: list[bytes] = []
        self._lengths: list[dict[tuple[str, Timer], int]] = []
        #: How a state was first come by: from which state, and by which move.
        self._origins: list[tuple[int, Move]] = []
        #: The timers that run in a state, each with its full length in milliseconds.
        self.running: list[dict[tuple[str, Timer], int]] = []
        self._steps: dict[tuple[int, Move], Step] = {}
        self._own: dict[int, tuple[tuple[Move, Step], ...]] = {}
        system = System(config)
        for port, settings in ports.items():
            system.add_port(port, settings, 0.0)
        self._keep(system, {}, (0, Move(Kind.RESTART)))

    def __len__(self) -> int:
        return len(self._copies)

    @property
    def steps(self) -> int:
        """How many different inputs the engine was asked about."""
        return len(self._steps)

    def system(self, state: int) -> System:
        """A copy of the engine in that state; its time is 0, its timers have their full length."""
        copy: System = pickle.loads(self._copies[state])
        return copy

    def own_moves(self, state: int) -> tuple[tuple[Move, Step], ...]:
        """What the end may do, and may suffer, without hearing a frame."""
        found = self._own.get(state)
        if found is None:
            steps: dict[Hashable, tuple[Move, Step]] = {}
            for move in self._possible(state):
                for each in self._both(state, move):
                    step = self.step(state, each)
                    steps.setdefault((step.to, step.sent), (each, step))
            found = self._own[state] = tuple(steps.values())
        return found

    def hear(self, state: int, port: str, frame: int) -> tuple[tuple[Move, Step], ...]:
        """What a frame that arrives may do."""
        moves = [Move(Kind.HEAR, port, frame)]
        if self.ties:
            moves += [Move(Kind.HEAR, port, frame, (timer,)) for timer in self.running[state]]
        return tuple((e, self.step(state, e)) for move in moves for e in self._both(state, move))

    def step(self, state: int, move: Move) -> Step:
        """What `move` makes of `state`; the engine is asked once."""
        step = self._steps.get((state, move))
        if step is None:
            step = self._steps[state, move] = self._run(state, move)
        return step

    def known_steps(self) -> Iterator[tuple[int, Move, Step]]:
        """All moves that were asked for, with their state and what they made of it."""
        for (state, move), step in tuple(self._steps.items()):
            yield state, move, step

    def _both(self, state: int, move: Move) -> Iterator[Move]:
        """The move, and when it makes the port speak, the same when the port may not yet."""
        yield move
        if self.step(state, move).sent:
            yield Move(move.kind, move.port, move.frame, move.due, limited=True)

    def _possible(self, state: int) -> Iterator[Move]:
        timers = tuple(self.running[state])
        for size in (1, 2) if self.ties else (1,):
            for due in combinations(timers, size):
                yield Move(Kind.EXPIRE, due=due)
        glances = self.glances(state)
        for port, glance in zip(self.ports, glances, strict=True):
            yield Move(Kind.CARRIER_DOWN if glance.carrier else Kind.CARRIER_UP, port)
        if state:
            yield Move(Kind.RESTART)
        if any(glance.carrier for glance in glances):
            yield Move(Kind.GOODBYE)

    def path(self, state: int) -> list[str]:
        """How the state was first come by, a line for each move."""
        lines: list[str] = []
        while state:
            before, move = self._origins[state]
            lines.append(self.tell(move, state))
            state = before
        return lines[::-1]

    def tell(self, move: Move, to: int) -> str:
        """A move in words, and what state it led to."""
        what = f"{self.name} {move.port} {move.kind}".replace("  ", " ")
        if move.kind is Kind.HEAR:
            pdu = self.frames.lacpdu(move.frame)
            what += f" actor {pdu.actor.state:#04x} partner {pdu.partner.state:#04x}"
        due = ", ".join(f"{port} {timer.name}" for port, timer in move.due)
        if due:
            what = (
                f"{self.name} {due} expires"
                if move.kind is Kind.EXPIRE
                else f"{what} as {due} does"
            )
        held = " and is held back by the transmit limit" if move.limited else ""
        seen = ", ".join(f"{g.receive} {g.mux}" for g in self.glances(to))
        return f"{what}{held}: {seen}"

    # Driving the engine.

    def _run(self, state: int, move: Move) -> Step:
        if move.kind is Kind.RESTART:
            return Step(0, (), ())
        system = self.system(state)
        now = _arrange(system, move)
        match move.kind:
            case Kind.EXPIRE:
                system.advance(now)
            case Kind.HEAR:
                system.receive(move.port, self.frames.octets[move.frame], now)
            case Kind.CARRIER_UP:
                address_ = address(self._node, self._numbers[move.port])
                system.link_changed(move.port, Link(up=True, address=address_), now)
            case Kind.CARRIER_DOWN:
                system.link_changed(move.port, DOWN, now)
            case Kind.GOODBYE:
                for port in self.ports:
                    system.withdraw_port(port, now)
        sent = tuple(
            (event.port, self.frames.number(event.frame))
            for event in system.events()
            if isinstance(event, Transmit)
        )
        if move.kind is Kind.GOODBYE:
            return Step(0, sent, ())
        started = _started(system, now)
        to = self._keep(system, {**self._lengths[state], **started}, (state, move))
        return Step(to, sent, tuple(started.items()))

    def _keep(
        self, system: System, lengths: Mapping[tuple[str, Timer], int], origin: tuple[int, Move]
    ) -> int:
        """The number of the state that `system` is in."""
        key = self._key(system)
        state = self._states.setdefault(key, len(self._states))
        if state == len(self._copies):
            running = {t: lengths[t] for t in _armed(system)}
            self._rewind(system, running)
            self._copies.append(pickle.dumps(system, pickle.HIGHEST_PROTOCOL))
            self._lengths.append(running)
            self._origins.append(origin)
            self.running.append({t: ms for t, ms in running.items() if t[1] in self._timers})
        return state

    def _rewind(self, system: System, running: Mapping[tuple[str, Timer], int]) -> None:
        """Make an engine that is to be copied forget when it was: its time is 0."""
        system._common.now = 0.0
        for (name, timer), length in running.items():
            system.ports[name].timers.start(timer, length / 1000)
        for port in system.ports.values():
            port.sent.clear()
            port.history.clear()
            if not self.short_ways:
                port.settled_frame = None
        _requeue(system)

    def _key(self, system: System) -> Hashable:
        """All that decides what the system does next, but for the time."""
        aggregators = tuple(
            (
                *(a.identifier, a.lag, a.leaving_for),
                *(tuple(a.ports), tuple(a.waiting), tuple(sorted(a.late))),
            )
            for a in system.aggregators.values()
        )
        ports = tuple(
            (
                *(_value(getattr(port, slot)) for slot in _slots(self._ignored)),
                *(_status(port, timer) for timer in self._timers),
            )
            for port in system.ports.values()
        )
        contest = system._selection._contest
        waiting = tuple(port.name for port in contest.ports())
        return aggregators, contest.preferred, waiting, ports

    @cache  # noqa: B019 - an automaton lives as long as its test
    def glances(self, state: int) -> tuple[Glance, ...]:
        """What a state looks like, port by port."""
        return tuple(_glance(port) for port in self.system(state).ports.values())


def _glance(port: Port) -> Glance:
    return Glance(
        port.receive.state.name,
        port.mux.state.name,
        port.collecting,
        port.distributing,
        port.port_enabled,
        port.attached.identifier if port.attached is not None else None,
    )


@cache
def _slots(ignored: frozenset[str]) -> tuple[str, ...]:
    return tuple(slot for slot in Port.__slots__ if slot not in ignored and slot != "timers")


def _value(value: Any) -> Any:
    """What tells two values of a port apart."""
    if isinstance(value, StateMachine):
        return value.state
    identifier: int | None = getattr(value, "identifier", None)
    return identifier if identifier is not None else value


def _status(port: Port, timer: Timer) -> str:
    if port.timers.stopped(timer):
        return "stopped"
    return "expired" if port.timers.expired(timer) else "runs"


def _armed(system: System) -> Iterator[tuple[str, Timer]]:
    for name, port in system.ports.items():
        for timer in Timer:
            if port.timers.deadline(timer) is not None:
                yield name, timer


def _arrange(system: System, move: Move) -> float:
    """Put the timers of a copy where `move` wants them; when the move is made.

    Those that are due are due at that instant and all others in a far future, which says of each
    of them whether the move started it.
    """
    now = 1.0
    for name, timer in _armed(system):
        system.ports[name].timers.start(timer, now if (name, timer) in move.due else _FAR)
    for port in system.ports.values():
        if move.limited:
            port.sent.extend([now] * port.edition.transmit_limit)
    _requeue(system)
    return now


def _started(system: System, now: float) -> dict[tuple[str, Timer], int]:
    """The timers that were started just now, with their lengths in milliseconds."""
    started = {}
    for name, timer in _armed(system):
        deadline = system.ports[name].timers.deadline(timer)
        assert deadline is not None
        if deadline != _FAR:
            started[name, timer] = round((deadline - now) * 1000)
    return started


def _requeue(system: System) -> None:
    """Make the queue of an engine agree with timers that were moved from outside."""
    system._schedule.clear()
    for port in system.ports.values():
        system._schedule.see(port)

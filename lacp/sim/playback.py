"""A scenario played at any pace, and what came of each thing that happened in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lacp.protocol.config import SystemConfig
from lacp.protocol.events import StateChanged
from lacp.protocol.system import System
from lacp.sim.network import Logged, Network, Node
from lacp.sim.scenarios import Caption, Scenario

#: What happens at 0 in every scenario.
START = "the cables are in, everybody starts"

#: Moves of the Receive machine by which a port loses its partner.
_LOSSES = {("CURRENT", "EXPIRED"), ("EXPIRED", "DEFAULTED")}

_MISSED = {
    "EXPIRED": "the partner is silent (EXPIRED)",
    "DEFAULTED": "the partner is given up (DEFAULTED)",
}

#: What to say of a port that carried traffic before or did not, and does so now or does not.
_TURNS = {
    (False, True): "traffic flows",
    (True, False): "no traffic any more",
    (True, True): "interrupted, traffic flows again",
    (False, False): "traffic flowed for a while, until",
}


class _Network(Network):
    """A network whose systems have some parameters otherwise than their scenario says."""

    def __init__(self, seed: int, parameters: dict[str, Any]) -> None:
        super().__init__(seed)
        self._parameters = parameters

    def system(self, name: str, config: SystemConfig, ports: Any) -> Node:
        return super().system(name, replace(config, **self._parameters), ports)


@dataclass(frozen=True, slots=True)
class CableEnd:
    """What can be seen of one end of a cable at one moment."""

    name: str
    up: bool
    receive: str
    mux: str
    state: int
    #: Seconds since the last LACPDU; None when none was received since the start.
    heard: float | None

    @property
    def mark(self) -> str:
        """What a timeline shows of this moment."""
        if not self.up:
            return "no link"
        if self.receive == "EXPIRED":
            return "silent"
        return self.mux.lower()


@dataclass(slots=True)
class _Change:
    """What became of one end since the last caption."""

    before: bool
    now: bool
    #: When it last changed.
    at: float = 0.0
    times: int = 0


@dataclass(slots=True)
class Outcome:
    """What one thing that happened led to."""

    time: float
    text: str
    facts: list[str] = field(default_factory=list)


class Playback:
    """A scenario that runs as far as it is told."""

    def __init__(self, scenario: Scenario, seed: int = 0, **parameters: Any) -> None:
        """`parameters` of a SystemConfig replace the scenario's own in every system."""
        self.scenario = scenario
        self.network = _Network(seed, parameters)
        self._steps = list(scenario.script)
        self.caption = Caption(0.0, START)
        self.outcomes: list[Outcome] = []
        self._distributing: dict[str, bool] = {}
        self._changes: dict[str, _Change] = {}
        #: When a port lost its partner, by the state that this put it into.
        self._missed: dict[tuple[str, str], float] = {}
        self._open(self.caption)
        scenario.build(self.network)
        for name in self._ends():
            self._distributing.setdefault(name, False)
        self._changes = {name: _Change(False, False) for name in self._distributing}
        self._started = False

    @property
    def now(self) -> float:
        """Virtual time."""
        return self.network.now

    @property
    def over(self) -> bool:
        """Whether all is played."""
        return not self._steps and self.now >= self.scenario.seconds

    def advance(self, to: float) -> Iterator[Caption | Logged]:
        """Play until `to`, or to the end when that is earlier: what happens, in order."""
        to = min(to, self.scenario.seconds)
        if not self._started:
            self._started = True
            yield self.caption
            yield from self._news()
        while self._steps and self._steps[0].time <= to:
            step = self._steps.pop(0)
            yield from self._run_to(step.time)
            self._close()
            self.caption = Caption(step.time, step.caption)
            self._open(self.caption)
            yield self.caption
            step.action(self.network)
            yield from self._news()
        yield from self._run_to(to)

    def finish(self) -> list[Outcome]:
        """What came of everything; the scenario is over."""
        self._close()
        return self.outcomes

    def ports(self) -> list[CableEnd]:
        """Every end of a cable that runs LACP, as it is now."""
        return list(self._views())

    def _run_to(self, to: float) -> Iterator[Logged]:
        while self.network.next_time() < to:
            self.network.run_to(self.network.next_time())
            yield from self._news()
        self.network.run_to(to)
        yield from self._news()

    def _news(self) -> Iterator[Logged]:
        for logged in self.network.news():
            self._note(logged)
            yield logged
        self._look()

    def _ends(self) -> Iterator[str]:
        for node in self.network.nodes.values():
            if isinstance(node.engine, System):
                yield from (f"{node.name}:{port}" for port in node.ports)

    def _views(self) -> Iterator[CableEnd]:
        for node in self.network.nodes.values():
            if not isinstance(node.engine, System):
                continue
            for name, port in node.engine.ports.items():
                heard = port.last_received_at
                yield CableEnd(
                    f"{node.name}:{name}",
                    port.link.up,
                    port.receive.state.name,
                    port.mux.state.name,
                    int(port.actor.state),
                    None if heard is None else self.now - heard,
                )

    # What came of it.

    def _open(self, caption: Caption) -> None:
        self.outcomes.append(Outcome(caption.time, caption.text))
        self._changes = {name: _Change(now, now) for name, now in self._distributing.items()}
        self._missed = {}

    def _note(self, logged: Logged) -> None:
        event = logged.event
        # A port that has just been enabled is EXPIRED too, without having missed anybody.
        if isinstance(event, StateChanged) and (event.old, event.new) in _LOSSES:
            end = f"{logged.node}:{event.port}"
            self._missed.setdefault((end, event.new), logged.time)

    def _look(self) -> None:
        """See which ports distribute; a node that was restarted does not tell what it forgot."""
        for end in self._changes:
            node, _, port = end.partition(":")
            mux = self.network.nodes[node].mux.get(port)
            change = self._changes[end]
            if change.now is not (mux is not None and mux.distributing):
                change.now = self._distributing[end] = not change.now
                change.at = self.now
                change.times += 1

    def _close(self) -> None:
        outcome = self.outcomes[-1]
        facts = outcome.facts
        losses: dict[tuple[str, str], list[str]] = {}
        for (end, new), time in self._missed.items():
            losses.setdefault((new, _after(time - outcome.time)), []).append(end)
        for (new, when), ends in losses.items():
            facts.append(f"{_names(ends)}: {_MISSED[new]} {when}")
        turned: dict[tuple[bool, bool, str], list[str]] = {}
        for end, change in self._changes.items():
            if change.times:
                key = (change.before, change.now, _after(change.at - outcome.time))
                turned.setdefault(key, []).append(end)
        for (before, now, when), ends in turned.items():
            facts.append(f"{_names(ends)}: {_TURNS[before, now]} {when}")
        untouched = [end for end, change in self._changes.items() if _undisturbed(change)]
        if untouched and len(untouched) < len(self._changes):
            facts.append(f"undisturbed: {_names(untouched)}")


def _undisturbed(change: _Change) -> bool:
    """Whether the end carried traffic all the time."""
    return change.now and not change.times


def _after(seconds: float) -> str:
    return "at once" if seconds < 0.0005 else f"after {seconds:.3f} s"


def _names(ends: list[str]) -> str:
    return " and ".join(ranges((node, port) for node, _, port in (e.partition(":") for e in ends)))


def ranges(ends: Iterable[tuple[str, str]]) -> list[str]:
    """Ports by their systems, shortened: left:1-3, right:1,4."""
    systems: dict[str, list[str]] = {}
    for system, port in ends:
        systems.setdefault(system, []).append(port)
    return [f"{system}:{_range(ports)}" for system, ports in sorted(systems.items())]


def _range(ports: list[str]) -> str:
    if all(port.isdigit() for port in ports):
        numbers = sorted(int(port) for port in ports)
        if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
            return f"{numbers[0]}-{numbers[-1]}"
    return ",".join(sorted(ports))

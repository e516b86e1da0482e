"""Who is who: port numbers and addresses that belong to one port, one priority for a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lacp.address import Mac
from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Identity, Seen, name
from lacp.conformance.verdict import Verdict

#: Seconds in which two that take turns must both be alive.
_TOGETHER = 95.0
#: Turns away and back: a change of configuration, caught between two ports, makes one.
_TURNS = 2


@dataclass(slots=True)
class _Turns:
    """Who used a name last."""

    #: The last two users, each with the time and frame of its last use.
    last: tuple[object, float, int] | None = None
    before: tuple[object, float, int] | None = None
    turns: int = 0

    def use(self, user: object, time: float, frame: int) -> tuple[int, int, int] | None:
        """The frames of a turn away and back, when this use completes one too many."""
        if self.last is None or self.last[0] != user:
            frames = None
            before, last = self.before, self.last
            if before is not None and before[0] == user and last is not None:
                self.turns = self.turns + 1 if time - before[1] <= _TOGETHER else 0
                frames = (before[2], last[2], frame)
            self.before, self.last = last, (user, time, frame)
            return frames if self.turns >= _TURNS else None
        self.last = (user, time, frame)
        return None


@dataclass(slots=True)
class Belonging:
    """Judges the names that all actors of a capture go by."""

    ledger: Ledger
    actors: Mapping[Identity, Actor]
    _sources: dict[Identity, _Turns] = field(default_factory=dict)
    _ports: dict[tuple[Mac, Mac], _Turns] = field(default_factory=dict)
    _priorities: dict[Mac, _Turns] = field(default_factory=dict)

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Look at the names in the LACPDU that `actor` just sent."""
        self._source(actor, seen)
        self._address(actor, seen)
        self._priority(actor, seen)

    def _source(self, actor: Actor, seen: Seen) -> None:
        turns = self._sources.setdefault(actor.identity, _Turns())
        source = seen.content.source
        # Two links tell two partners apart; one link only a port with two addresses.
        user = (source, seen.partner.system, seen.partner.port)
        other = turns.last
        frames = turns.use(user, seen.time, seen.frame)
        if frames is None or other is None or not isinstance(other[0], tuple):
            return
        if other[0][0] == source:
            return
        if other[0][1:] == user[1:]:
            self.ledger.accuse(
                "PDU-02",
                actor.name,
                seen.time,
                frames,
                f"sends from {other[0][0]} and from {source} by turns, expected one address of"
                " the port",
                same="sources",
            )
            return
        self.ledger.accuse(
            "PDU-08",
            actor.name,
            seen.time,
            frames,
            f"is two ports: {other[0][0]} and {source} both send as port {actor.identity[1]} of"
            f" {actor.identity[0]}, to different partners; port numbers must differ",
            same="twins",
        )

    def _address(self, actor: Actor, seen: Seen) -> None:
        source = seen.content.source
        turns = self._ports.setdefault((actor.identity[0], source), _Turns())
        other = turns.last
        frames = turns.use(actor.identity, seen.time, seen.frame)
        if frames is None or other is None:
            return
        theirs = other[0]
        assert isinstance(theirs, tuple)
        self.ledger.accuse(
            "PDU-02",
            actor.name,
            seen.time,
            frames,
            f"shares the source address {source} with {name(theirs)}, expected one for each port",
            verdict=Verdict.WARN,
            same="shared",
        )

    def _priority(self, actor: Actor, seen: Seen) -> None:
        turns = self._priorities.setdefault(actor.identity[0], _Turns())
        other = turns.last
        frames = turns.use(seen.actor.system_priority, seen.time, seen.frame)
        if frames is None or other is None:
            return
        self.ledger.accuse(
            "PDU-09",
            actor.name,
            seen.time,
            frames,
            f"has system priority {seen.actor.system_priority}, other ports of the system have"
            f" {other[0]}: expected one for all",
            verdict=Verdict.WARN,
            same="priority",
        )

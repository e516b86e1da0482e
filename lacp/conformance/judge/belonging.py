"""Who is who: port numbers and addresses that belong to one port, one priority for a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lacp.address import Mac
from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.allowances import TOGETHER
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Identity, Seen, name
from lacp.conformance.verdict import Verdict
from lacp.info import PortState

#: Turns away and back: a change of configuration, caught between two ports, makes one.
_TURNS = 2
#: Names of one kind that are remembered.
_NAMES = 8192


def bound(table: dict[Any, Any]) -> None:
    """Forget all when a capture of nothing but new names fills the memory."""
    if len(table) >= _NAMES:
        table.clear()


@dataclass(slots=True)
class _Turns:
    """Who used a name last, and who before that."""

    user: object = None
    time: float = 0.0
    frame: int = 0
    before: object = None
    before_time: float = float("-inf")
    before_frame: int = 0
    turns: int = 0
    #: Who was there before all others.
    owner: object = None

    def use(
        self, user: object, time: float, frame: int, enough: int
    ) -> tuple[int, int, int] | None:
        """The frames of a turn away and back, when this use completes enough of them."""
        if self.owner is None:
            self.owner = user
        if self.user == user:
            self.time, self.frame = time, frame
            return None
        frames = None
        if self.before == user and user is not None:
            self.turns = self.turns + 1 if time - self.before_time <= TOGETHER else 0
            frames = (self.before_frame, self.frame, frame)
        self.before, self.before_time, self.before_frame = self.user, self.time, self.frame
        self.user, self.time, self.frame = user, time, frame
        return frames if self.turns >= enough else None


@dataclass(slots=True)
class _Renamed:
    was: Actor
    now: Actor
    #: The first LACPDU under the new name, and the last under the old one.
    seen: Seen
    before: Seen
    #: Whether the partner has spoken since, and of the old name.
    unknown: bool = False


@dataclass(slots=True)
class Belonging:
    """Judges the names that all actors of a capture go by."""

    ledger: Ledger
    actors: Mapping[Identity, Actor]
    _sources: dict[Identity, _Turns] = field(default_factory=dict)
    _ports: dict[tuple[Mac, Mac], _Turns] = field(default_factory=dict)
    _priorities: dict[Mac, _Turns] = field(default_factory=dict)
    #: Who sent last from an address.
    _users: dict[Mac, Actor] = field(default_factory=dict)
    #: Ends that came under another name and in use at once, by their addresses.
    _renamed: dict[Mac, _Renamed] = field(default_factory=dict)

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Look at the names in the LACPDU that `actor` just sent."""
        before = actor.before_last
        if self._renamed:
            self._known_as(actor, seen)
            self._keeps_name(actor, seen)
        if before is None or before.content is not seen.content:
            self._rename(actor, seen)
            bound(self._users)
            self._users[seen.content.source] = actor
        self._source(actor, seen)
        self._address(actor, seen)
        self._priority(actor, seen)

    def _rename(self, actor: Actor, seen: Seen) -> None:
        """The same address sends under another name, and carries traffic with it already."""
        was = self._users.get(seen.content.source)
        if was is not None and was is not actor and len(was.names) < _TURNS:
            actor.names |= {was.identity}
        told = actor.blamed == seen.frame
        if was is None or was is actor or told or not seen.current:
            return
        before = actor.before_last
        if before is not None and before.content.source == seen.content.source:
            return
        if PortState.COLLECTING in seen.actor.state and was.last is not None:
            bound(self._renamed)
            self._renamed[seen.content.source] = _Renamed(was, actor, seen, was.last)

    def _known_as(self, partner: Actor, seen: Seen) -> None:
        """The partner of somebody who came under another name speaks: whom does it know?"""
        for source, renamed in list(self._renamed.items()):
            if renamed.seen.content.other == partner.identity:
                renamed.unknown = seen.content.other == renamed.was.identity
                if not renamed.unknown:
                    del self._renamed[source]

    def _keeps_name(self, actor: Actor, seen: Seen) -> None:
        """Whoever came under another name speaks again."""
        renamed = self._renamed.get(seen.content.source)
        if renamed is None or renamed.seen is seen:
            return
        del self._renamed[seen.content.source]
        if not renamed.unknown or actor not in (renamed.was, renamed.now):
            return
        other_port = renamed.was.identity[1] != renamed.now.identity[1]
        renamed.was.unreliable = renamed.now.unreliable = True
        self.ledger.accuse(
            "PDU-08" if other_port else "PDU-09",
            actor,
            renamed.seen.time,
            [renamed.before.frame, renamed.seen.frame],
            f"is {renamed.was.name} in frame {renamed.before.frame} and {renamed.now.name} in"
            f" frame {renamed.seen.frame}, carrying traffic under a name that its partner has never"
            " heard: expected a port to keep its name, or to leave the LAG first",
            same="renamed",
        )

    def _source(self, actor: Actor, seen: Seen) -> None:
        turns = self._sources.get(actor.identity)
        if turns is None:
            turns = self._sources[actor.identity] = _Turns()
        content = seen.content
        source = content.source
        # Two links tell two partners apart; one link only a port with two addresses.
        user = (source, content.other)
        other = turns.user
        # One that is back within two periods has not been replaced meanwhile.
        soon = seen.time - turns.before_time <= 2.5 * content.period
        frames = turns.use(user, seen.time, seen.frame, 1 if soon else _TURNS)
        if frames is None or not isinstance(other, tuple) or other[0] == source:
            return
        if other[1] == content.other:
            self.ledger.accuse(
                "PDU-02",
                actor,
                seen.time,
                frames,
                f"sends from {other[0]} and from {source} by turns, expected the one address of"
                " the port",
                same="sources",
            )
        elif turns.turns >= _TURNS:
            self.ledger.accuse(
                "PDU-08",
                actor,
                seen.time,
                frames,
                f"is two ports: {other[0]} and {source} both send as port {actor.identity[1]} of"
                f" {actor.identity[0]}, to different partners; expected another number for each"
                " port",
                same="twins",
            )

    def _address(self, actor: Actor, seen: Seen) -> None:
        source = seen.content.source
        key = (actor.identity[0], source)
        turns = self._ports.get(key)
        if turns is None:
            bound(self._ports)
            turns = self._ports[key] = _Turns()
        other = turns.user
        frames = turns.use(actor.identity, seen.time, seen.frame, _TURNS)
        if frames is None or actor.identity == turns.owner:
            return
        assert isinstance(other, tuple)
        self.ledger.accuse(
            "PDU-02",
            actor,
            seen.time,
            frames,
            f"shares the source address {source} with {name(other)}, expected one for each port",
            verdict=Verdict.WARN,
            same="shared",
        )

    def _priority(self, actor: Actor, seen: Seen) -> None:
        system = actor.identity[0]
        if actor.unreliable:
            return
        turns = self._priorities.get(system)
        if turns is None:
            turns = self._priorities[system] = _Turns()
        other = turns.user
        frames = turns.use(seen.actor.system_priority, seen.time, seen.frame, _TURNS)
        if frames is None or seen.actor.system_priority == turns.owner:
            return
        self.ledger.accuse(
            "PDU-09",
            actor,
            seen.time,
            frames,
            f"has system priority {seen.actor.system_priority}, while another port of the system"
            f" has {other}: expected one for all, or partners take them for two systems",
            verdict=Verdict.WARN,
            same="priority",
        )

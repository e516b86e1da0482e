"""The partner block: does it repeat what the partner said, and is Synchronization rightly there?

A LACPDU may have been lost between the capture and the actor, so the block may be that of any
LACPDU since the one that was certainly recorded; what it may never be is something that the partner
did not say, something older, or something that the actor had to forget by now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lacp.conformance.judge.actor import GRACE, Actor, Run
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Identity, Seen, identity
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.protocol.receive import maintains, matches

_SYNCHRONIZATION = PortState.SYNCHRONIZATION
_SHORT = PortState.SHORT_TIMEOUT
_EXPIRED = PortState.EXPIRED
_DEFAULTED = PortState.DEFAULTED

#: Seconds by which frames of two directions may change places on their way to the capture.
_DISORDER = 1.0

_FIELDS = (
    ("port", "RXM-14", "port"),
    ("port_priority", "RXM-15", "port priority"),
    ("system", "RXM-16", "system"),
    ("system_priority", "RXM-17", "system priority"),
    ("key", "RXM-18", "key"),
)


@dataclass(slots=True)
class Echo:
    """Judges the partner blocks of one actor."""

    ledger: Ledger
    actors: Mapping[Identity, Actor]
    #: LACPDUs in a row that deny Synchronization to a partner who has earned it.
    denied: int = 0
    denied_since: float = 0.0
    denied_frame: int = 0

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Judge the partner block of the LACPDU that `actor` just sent."""
        state = seen.actor.state
        if _EXPIRED in state:
            self._expired(actor, seen)
        if _DEFAULTED in state:
            # The administrative partner: whatever it is told to be.
            self.denied = 0
            return
        other = self.actors.get(identity(seen.partner))
        if other is None:
            self._stranger(actor, seen)
            return
        runs = [run for run in other.said if _repeats(seen, run)]
        usable = [run for run in runs if run.last >= actor.floor - _DISORDER]
        if usable:
            self._known(actor, seen, other, usable)
        else:
            self._unknown(actor, seen, other, bool(runs))

    def _expired(self, actor: Actor, seen: Seen) -> None:
        if _SYNCHRONIZATION in seen.partner.state or _SHORT not in seen.partner.state:
            self.ledger.accuse(
                "RXM-08",
                actor.name,
                seen.time,
                [seen.frame],
                f"Expired is set, so the partner's state has to show the short timeout and no"
                f" Synchronization, but it is {seen.partner.state:#04x}",
            )
        else:
            self.ledger.keep("RXM-08")

    def _stranger(self, actor: Actor, seen: Seen) -> None:
        """The partner block names an end that never spoke in this capture."""
        peer, before = actor.peer, actor.before_last
        believed = (
            seen.current
            and peer is not None
            and peer.last is not None
            and before is not None
            and identity(before.partner) == peer.identity
            and identity(peer.last.partner) == actor.identity
            and seen.time - peer.last.time <= peer.period + GRACE
            and actor.floor > float("-inf")
        )
        if believed and peer is not None and peer.last is not None:
            self._never_said(actor, seen, peer)
        else:
            self.ledger.doubt("PDU-11")

    def _known(self, actor: Actor, seen: Seen, other: Actor, usable: list[Run]) -> None:
        ledger = self.ledger
        actor.floor = max(actor.floor, usable[0].first)
        if _EXPIRED in seen.actor.state:
            ledger.keep("PDU-11")
            return
        latest = usable[-1]
        after = next((run for run in other.said if run.first > latest.last), None)
        if after is None or seen.time - after.first <= _patience(actor):
            ledger.keep("PDU-11")
        else:
            ledger.accuse(
                "PDU-11",
                actor.name,
                seen.time,
                [after.first_frame, seen.frame],
                f"still repeats what {other.name} said until frame {latest.last_frame},"
                f" {seen.time - after.first:.1f} s after it said otherwise: a LACPDU heard since"
                f" is recorded, and none heard for {actor.timeout:.0f} s sets Expired",
                same=f"stale {after.first_frame}",
            )
        self._synchronization(actor, seen, other, usable)

    def _unknown(self, actor: Actor, seen: Seen, other: Actor, older: bool) -> None:
        """`other` exists, but did not say this, or not lately."""
        early = actor.floor == float("-inf") and (
            _EXPIRED in seen.actor.state or seen.time - other.first <= _patience(actor)
        )
        if early or (not older and not other.complete):
            # It may have been said before the capture began, or before what is remembered.
            self.ledger.doubt("PDU-11")
        elif _SYNCHRONIZATION in seen.partner.state and _said_without_sync(seen, other):
            run = other.said[-1]
            self.ledger.accuse(
                "RXM-24",
                actor.name,
                seen.time,
                [run.last_frame, seen.frame],
                f"takes {other.name} for in sync, which said Synchronization 0",
                same=f"no sync {run.first_frame}",
            )
        else:
            self._never_said(actor, seen, other)

    def _never_said(self, actor: Actor, seen: Seen, other: Actor) -> None:
        last = other.said[-1]
        different = _difference(seen, last.info)
        self.ledger.accuse(
            "PDU-11",
            actor.name,
            seen.time,
            [last.last_frame, seen.frame],
            f"says of its partner {different}, as {last.last_frame} and the frames before it"
            " never said",
            same=f"never said: {different}",
        )

    def _synchronization(self, actor: Actor, seen: Seen, other: Actor, usable: list[Run]) -> None:
        """recordPDU: would any of the LACPDUs that it may have heard last give this result?"""
        said = [run for run in usable if _SYNCHRONIZATION in run.info.state]
        granted = _SYNCHRONIZATION in seen.partner.state
        if not said:
            self.denied = 0
            return
        selves = actor.identities(said[0].first)
        views = [(view, run) for run in said for view in run.views]
        earned = [_earned(me, view, run.info) for me in selves for view, run in views]
        rule = "RXM-22" if not granted else "RXM-24"
        first = said[0] is other.said[0] and other.complete
        unseen = first and seen.time - said[0].first <= _patience(actor)
        if granted:
            self.denied = 0
            if any(earned):
                self.ledger.keep(rule)
            elif unseen or _views_forgotten(said):
                self.ledger.doubt(rule)
            else:
                self._unearned(actor, seen, other, said[-1])
        elif not all(earned) or unseen or len(usable) > len(said):
            self.denied = 0
            self.ledger.keep(rule)
        else:
            self._denied(actor, seen, other, said[0])

    def _unearned(self, actor: Actor, seen: Seen, other: Actor, run: Run) -> None:
        view = max(run.views, key=lambda view: run.views[view])
        rule, why = _flaw(seen.actor, view)
        self.ledger.accuse(
            rule,
            actor.name,
            seen.time,
            [run.last_frame, seen.frame],
            f"takes {other.name} for in sync, which {why}",
            verdict=Verdict.WARN if rule == "RXM-21" else Verdict.FAIL,
            same=f"{rule} {run.first_frame}",
        )

    def _denied(self, actor: Actor, seen: Seen, other: Actor, run: Run) -> None:
        if not self.denied or run.first > self.denied_since:
            self.denied, self.denied_since, self.denied_frame = 0, seen.time, seen.frame
        self.denied += 1
        if self.denied < 3 or seen.time - self.denied_since <= _patience(actor):
            self.ledger.doubt("RXM-22")
            return
        self.ledger.accuse(
            "RXM-22",
            actor.name,
            seen.time,
            [run.first_frame, self.denied_frame, seen.frame],
            f"has taken {other.name} for out of sync for {seen.time - self.denied_since:.0f} s,"
            " though all its LACPDUs say Synchronization and repeat this port rightly",
            same=f"denied {self.denied_frame}",
        )


def _patience(actor: Actor) -> float:
    """Seconds in which the actor must have heard something, or be Expired."""
    return actor.timeout + GRACE


def _repeats(seen: Seen, run: Run) -> bool:
    """Whether the partner block may have been recorded from the LACPDUs of `run`."""
    ignored = _SYNCHRONIZATION
    if _EXPIRED in seen.actor.state:
        ignored |= _SHORT
    partner, info = seen.partner, run.info
    return (
        partner.identity == info.identity
        and not (partner.state ^ info.state) & ~ignored
        and not (_SYNCHRONIZATION in partner.state and _SYNCHRONIZATION not in info.state)
    )


def _said_without_sync(seen: Seen, other: Actor) -> bool:
    """Whether only Synchronization is too much in the partner block."""
    partner = seen.partner
    return any(
        run.info.identity == partner.identity
        and run.info.state | _SYNCHRONIZATION == partner.state
        and run.last >= seen.time - _patience(other)
        for run in other.said
    )


def _earned(me: PortInfo, view: PortInfo, info: PortInfo) -> bool:
    return matches(me, info, view) and maintains(me, info, view)


def _views_forgotten(runs: list[Run]) -> bool:
    return any(len(run.views) > 30 for run in runs)


def _flaw(me: PortInfo, view: PortInfo) -> tuple[str, str]:
    """The rule that forbids Synchronization, and what the partner did to deserve that."""
    for field, rule, text in _FIELDS:
        wrong, right = getattr(view, field), getattr(me, field)
        if wrong != right:
            return rule, f"sees this port's {text} as {wrong}, it is {right}"
    if (view.state ^ me.state) & PortState.AGGREGATION:
        return "RXM-19", "has a wrong view of this port's aggregation bit"
    return "RXM-21", "is passive and does not know this port as active"


_DESCRIBE: tuple[tuple[str, Callable[[PortInfo], object]], ...] = (
    ("system", lambda info: info.system),
    ("system priority", lambda info: info.system_priority),
    ("key", lambda info: info.key),
    ("port", lambda info: info.port),
    ("port priority", lambda info: info.port_priority),
)


def _difference(seen: Seen, info: PortInfo) -> str:
    """The first field in which the partner block differs from `info`."""
    for text, get in _DESCRIBE:
        if get(seen.partner) != get(info):
            return f"{text} {get(seen.partner)} instead of {get(info)}"
    return f"state {seen.partner.state:#04x} instead of {info.state:#04x}"

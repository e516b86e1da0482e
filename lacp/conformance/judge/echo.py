"""The partner block: does it repeat what the partner said?

A LACPDU may have been lost between the capture and the actor, so the block may be that of any
LACPDU since the last one that the actor can have heard; what it may never be is something that the
partner did not say in that time. The capture may have holes of its own, too: so nobody is blamed
before the LACPDUs of both ends, before and after, have come without a gap in which something else
may have been said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lacp.conformance.judge.actor import Actor, Run
from lacp.conformance.judge.allowances import DISORDER
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.recording import Found, Recording, earned, in_order
from lacp.conformance.judge.seen import Content, Identity, Seen
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.protocol.timers import FAST_PERIODIC_TIME

_SYNCHRONIZATION = PortState.SYNCHRONIZATION
#: What the machines of the peer move by themselves.
_MOVING = (
    PortState.SYNCHRONIZATION
    | PortState.COLLECTING
    | PortState.DISTRIBUTING
    | PortState.DEFAULTED
    | PortState.EXPIRED
)
_SHORT = PortState.SHORT_TIMEOUT
_DEFAULTED = PortState.DEFAULTED


#: Rules by which the partner block repeats what the peer says, and when it does.
_SAID = ("PDU-11", "RXM-24")
#: Rules that a wrong name of a system breaks, too.
_NAMED = ("PDU-11", "RXM-16", "RXM-17")


@dataclass(frozen=True, slots=True)
class Charge:
    """What is wrong, unless the capture has a hole."""

    rule: str
    actor: Actor
    peer: Actor
    #: The LACPDU that is wrong, and the time from which on its reason may have been heard.
    seen: Seen
    since: float
    frames: tuple[int, ...]
    message: str
    same: str
    verdict: Verdict = Verdict.FAIL
    #: The peer said what is repeated, but before it said something else.
    stale: bool = False
    #: The LACPDU before said something else.
    news: bool = False


@dataclass(slots=True)
class Echo:
    """Judges the partner blocks of one actor."""

    ledger: Ledger
    actors: Mapping[Identity, Actor]
    recording: Recording = field(default_factory=Recording)
    #: What waits for the next LACPDU of the peer.
    charge: Charge | None = None
    #: What was right, and right for good: this content after this run and view of the peer.
    settled: tuple[Content, Run, PortInfo] | None = None

    def sent(self, actor: Actor, seen: Seen) -> bool:
        """Judge the partner block of the LACPDU that `actor` just sent; whether it can be right."""
        if seen.content.expired and not seen.content.collecting:
            self._expired(actor, seen)
        if not seen.current:
            # The administrative partner, whatever it is told to be; or one from any time before.
            return True
        other = self.actors.get(seen.content.other)
        if other is not None and self._settled(other, seen):
            self.ledger.keep("PDU-11")
            return True
        since = _since(actor, seen)
        if other is None:
            return self._stranger(actor, seen, since)
        usable = [run for run in _lately(other, since) if repeats(seen.partner, run.info)]
        if not usable:
            return self._unknown(actor, seen, other, since)
        self.ledger.keep("PDU-11")
        if not (actor.trusted(seen.time) and other.trusted(seen.time)):
            return True
        found = self.recording.judge(actor, seen, other, usable, since)
        if found is not None:
            self._found(actor, seen, other, since, found)
        latest = other.said[-1]
        if usable[-1] is latest and in_order(seen, latest):
            self.settled = seen.content, latest, latest.views[-1][0]
        return True

    def _found(self, actor: Actor, seen: Seen, other: Actor, since: float, found: Found) -> None:
        rule, verdict, run, message = found
        if verdict is Verdict.INCONCLUSIVE:
            self.ledger.doubt(rule)
        elif verdict is Verdict.PASS:
            self.ledger.keep(rule)
        else:
            frames = (run.last_frame, seen.frame)
            same = f"{rule} {run.first_frame}"
            self.charge = Charge(rule, actor, other, seen, since, frames, message, same, verdict)

    def partner_sent(self, actor: Actor, partner: Actor) -> None:
        """The partner of `actor` spoke: if nothing is missing before that, the charge stands."""
        charge, self.charge = self.charge, None
        if charge is None:
            return
        certain = (
            partner is charge.peer
            and charge.peer.first <= charge.since
            and charge.peer.remembered <= charge.since
            and max(actor.unbroken, partner.unbroken) <= charge.since
        )
        if not certain or _explained(charge) or _misled(charge):
            self.ledger.doubt(charge.rule)
            return
        if charge.rule in _NAMED and self._elsewhere(charge):
            return
        self.ledger.accuse(
            charge.rule,
            actor,
            charge.seen.time,
            charge.frames,
            charge.message,
            verdict=charge.verdict,
            same=charge.same,
        )

    def _elsewhere(self, charge: Charge) -> bool:
        """Whether one of the two has another name than its system has on other links."""
        liar, knows = charge.actor, charge.peer
        if charge.rule == "PDU-11":
            liar, knows = knows, liar
        assert liar.last is not None
        assert knows.last is not None
        is_, known = liar.last.actor, knows.last.partner
        if charge.stale or is_.system_id == known.system_id or is_.port != known.port:
            return False
        others = [
            one
            for one in self.actors.values()
            if one.last is not None
            and one.identity != (known.system, known.port)
            and one.last.actor.system_id == known.system_id
            and one.last.time >= charge.since
        ]
        if not others:
            return False
        if not liar.unreliable:
            liar.unreliable = True
            self.ledger.accuse(
                "PDU-09",
                liar,
                charge.seen.time,
                [knows.last.frame, liar.last.frame],
                f"is a port of system {is_.system_priority},{is_.system} by its own word, but of"
                f" {known.system_priority},{known.system} for its partner {knows.name}, as is"
                f" {others[0].name}: expected one system identity on all links",
                same="renamed",
            )
        return True

    def _settled(self, other: Actor, seen: Seen) -> bool:
        """Whether both ends say what they said when all was right."""
        settled, run = self.settled, other.said[-1]
        return (
            settled is not None
            and settled[0] is seen.content
            and settled[1] is run
            and settled[2] is run.views[-1][0]
        )

    def _expired(self, actor: Actor, seen: Seen) -> None:
        if _SYNCHRONIZATION in seen.partner.state or _SHORT not in seen.partner.state:
            self.ledger.accuse(
                "RXM-08",
                actor,
                seen.time,
                [seen.frame],
                f"is Expired but says of its partner {seen.partner.state:#04x}"
                f" ({', '.join(seen.partner.state.flags)}), expected the short timeout and no"
                " Synchronization until it is heard again",
            )
        else:
            self.ledger.keep("RXM-08")

    def _stranger(self, actor: Actor, seen: Seen, since: float) -> bool:
        """The partner block names an end that never spoke in this capture."""
        peer, before = actor.peer, actor.before_last
        if before is None or peer is None or peer is actor or not before.current:
            self.ledger.doubt("PDU-11")
            return True
        return self._never_said(actor, seen, peer, since)

    def _unknown(self, actor: Actor, seen: Seen, other: Actor, since: float) -> bool:
        """`other` exists, but did not say this, or not lately."""
        partner = seen.partner
        without = [run for run in _lately(other, since) if _but_sync(partner, run.info)]
        if without and _SYNCHRONIZATION in partner.state:
            run = without[-1]
            self.charge = Charge(
                "RXM-24",
                actor,
                other,
                seen,
                since,
                (run.last_frame, seen.frame),
                f"takes {other.name} for in sync, which said Synchronization 0 in frame"
                f" {run.last_frame}",
                f"no sync {run.first_frame}",
            )
            return True
        return self._never_said(actor, seen, other, since)

    def _never_said(self, actor: Actor, seen: Seen, other: Actor, since: float) -> bool:
        run = other.said[-1]
        old = [one for one in other.said if repeats(seen.partner, one.info)]
        if old:
            stale = old[-1]
            message = (
                f"still says of its partner what {other.name} last said in frame"
                f" {stale.last_frame}, {seen.time - stale.last:.1f} s ago: expected what it said"
                f" since, or Expired if nothing was heard for {actor.timeout:.0f} s"
            )
            same = f"stale {stale.last_frame}"
        else:
            different = _difference(seen.partner, run.info)
            message = (
                f"says of its partner {different}: {other.name} said otherwise in frame"
                f" {run.last_frame}, and this never"
            )
            same = f"never said: {different}"
        frames = (run.last_frame, seen.frame)
        self.charge = Charge(
            "PDU-11",
            actor,
            other,
            seen,
            since,
            frames,
            message,
            same,
            stale=bool(old) or _outdated(seen.partner, other),
            news=actor.older is None or actor.older.partner != seen.partner,
        )
        return False


def _explained(charge: Charge) -> bool:
    """Whether a LACPDU on the peer's way from one thing that it said to the next may be missing."""
    partner, peer = charge.seen.partner, charge.peer
    if charge.rule not in _SAID:
        return False
    later = peer.said[-1].info
    for run in list(reversed(peer.said))[:4]:
        if _between(partner, run.info, later) or repeats(partner, peer.said[-1].info):
            return True
        if run.last < charge.since:
            break
        later = run.info
    return charge.news and _slow(charge.actor, peer) and _hidden(partner, peer)


def _hidden(partner: PortInfo, peer: Actor) -> bool:
    """Whether the peer may have said this in a hole that is shorter than its slow period."""
    for run in list(reversed(peer.said))[:2]:
        if partner.identity == run.info.identity:
            return not (partner.state ^ run.info.state) & ~_MOVING
    return False


def _between(partner: PortInfo, before: PortInfo, after: PortInfo) -> bool:
    """Whether each field and bit of `partner` is as it was before, or as it is after."""
    changed = before.state ^ after.state
    return (
        partner.identity in (before.identity, after.identity)
        and not (partner.state ^ before.state) & ~changed
        and not repeats(partner, before)
        and not repeats(partner, after)
    )


def _misled(charge: Charge) -> bool:
    """Whether it is the peer that says of itself what is not so, or not so for its own machines."""
    actor, peer = charge.actor, charge.peer
    assert actor.last is not None
    assert peer.last is not None
    if not peer.trusted(charge.seen.time) or peer.blamed >= peer.said[-1].first_frame:
        return True
    view, state = peer.last.partner, peer.last.actor.state
    if not charge.stale:
        return False
    if _DEFAULTED in state and peer.last.content.other == actor.identity:
        # It knows its partner, and says that it does not.
        return True
    return (
        peer.last.content.other == actor.identity
        and _SYNCHRONIZATION in view.state
        and not earned(peer.last.actor, actor.last.partner, actor.last.actor)
    )


def _since(actor: Actor, seen: Seen) -> float:
    """The time from which on what the partner block shows may have been heard."""
    before = actor.older
    if before is not None and (not before.current or before.partner != seen.partner):
        # It is news, so it came after the last LACPDU.
        return before.time - DISORDER
    return seen.time - actor.patience


def repeats(partner: PortInfo, info: PortInfo) -> bool:
    """Whether `partner` may have been recorded from a LACPDU whose actor is `info`."""
    return (
        partner.identity == info.identity
        and not (partner.state ^ info.state) & ~_SYNCHRONIZATION
        and not (_SYNCHRONIZATION in partner.state and _SYNCHRONIZATION not in info.state)
    )


def _lately(other: Actor, since: float) -> list[Run]:
    """The runs of `other` of which something can have been heard since then, oldest first."""
    result = []
    for run in reversed(other.said):
        if run.last < since:
            break
        result.append(run)
    result.reverse()
    return result


def _but_sync(partner: PortInfo, info: PortInfo) -> bool:
    return partner.identity == info.identity and not (
        (partner.state ^ info.state) & ~_SYNCHRONIZATION
    )


def _outdated(partner: PortInfo, other: Actor) -> bool:
    """Whether `other` was once named so, and is not any more."""
    now = other.said[-1].info
    return not _but_bits(partner, now) and any(_but_bits(partner, run.info) for run in other.said)


def _but_bits(partner: PortInfo, info: PortInfo) -> bool:
    """Whether both are the same port of the same LAG."""
    aggregation = PortState.AGGREGATION
    same = not (partner.state ^ info.state) & aggregation
    return partner.identity == info.identity and same


def _slow(*actors: Actor) -> bool:
    return any(actor.period > FAST_PERIODIC_TIME for actor in actors)


_DESCRIBE: tuple[tuple[str, Callable[[PortInfo], object]], ...] = (
    ("system", lambda info: info.system),
    ("system priority", lambda info: info.system_priority),
    ("key", lambda info: info.key),
    ("port", lambda info: info.port),
    ("port priority", lambda info: info.port_priority),
)


def _difference(partner: PortInfo, info: PortInfo) -> str:
    """The first field in which the partner block differs from `info`."""
    for text, get in _DESCRIBE:
        if get(partner) != get(info):
            return f"{text} {get(partner)} instead of {get(info)}"
    return f"state {partner.state:#04x} instead of {info.state:#04x}"

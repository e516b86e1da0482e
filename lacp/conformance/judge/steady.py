"""What changes for one LACPDU and is back with the next, while nothing else happens.

Nothing that conforms does this: a real change of either end is told at once, disturbs the cadence,
and is answered. So the rule that is broken follows from the field alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from lacp.conformance.judge.actor import Actor, follows, on_cadence
from lacp.conformance.judge.allowances import DISORDER
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Content, Seen
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.protocol.timers import SLOW_PERIODIC_TIME

#: The fields that identify an end, and the rule when an actor says so of itself.
_FIELDS = (
    ("system", "PDU-09"),
    ("port", "PDU-08"),
    ("system_priority", "PDU-09"),
    ("key", "SEL-16"),
    ("port_priority", "PDU-00"),
)
_BITS = (
    (PortState.AGGREGATION, "SEL-16"),
    (PortState.ACTIVITY, "PDU-00"),
    (PortState.SHORT_TIMEOUT, "PDU-00"),
    (PortState.SYNCHRONIZATION, "MUX-02"),
    (PortState.COLLECTING, "MUX-05"),
    (PortState.DISTRIBUTING, "MUX-06"),
)
_RECEIVING = PortState.DEFAULTED | PortState.EXPIRED


@dataclass(slots=True)
class _One:
    actor: Actor
    seen: Seen


@dataclass(slots=True)
class Steady:
    """Judges what comes from one source address."""

    ledger: Ledger
    last: _One | None = None
    #: What differs from the LACPDU before it, and that one.
    odd: _One | None = None
    before: _One | None = None

    def sent(self, actor: Actor, seen: Seen) -> Seen | None:
        """Take the next LACPDU; the one before it, when that is found odd."""
        last = self.last
        if last is not None and last.seen.content is seen.content:
            last.seen = seen
            self.odd = None
            return None
        odd, before, self.odd = self.odd, self.before, None
        self.last = _One(actor, seen)
        if odd is not None and before is not None and _same(before.seen.content, seen.content):
            if on_cadence(odd.seen, seen) and _quiet(before, odd, seen):
                return odd.seen if self._judge(before, odd) else None
        elif last is not None and on_cadence(last.seen, seen):
            self.before, self.odd = last, self.last
        return None

    def _judge(self, before: _One, odd: _One) -> bool:
        was, now = before.seen.content, odd.seen.content
        found = _difference(was, now)
        if found is None:
            return False
        rule, what = found
        self.ledger.accuse(
            rule,
            before.actor,
            odd.seen.time,
            [before.seen.frame, odd.seen.frame],
            f"says {what} in one LACPDU, and what it said before in the next, while its partner"
            " said the same all the time: expected no change, or one that stays and shows",
            verdict=Verdict.WARN if rule == "PDU-13" else Verdict.FAIL,
            same=f"once {what}",
        )
        return True


def _same(one: Content, other: Content) -> bool:
    return one is other or (
        one.actor == other.actor
        and one.partner == other.partner
        and one.collector_max_delay == other.collector_max_delay
    )


def _quiet(before: _One, odd: _One, seen: Seen) -> bool:
    """Whether nothing else happened, and nobody has blamed the odd one yet."""
    if odd.seen.frame in (before.actor.blamed, odd.actor.blamed):
        return False
    if odd.actor is not before.actor and odd.actor.pdus > 1:
        return False
    peer = before.actor.peer
    if peer is None or peer is before.actor or peer.last is None:
        return False
    return (
        before.seen.current
        and max(peer.unchanged, peer.unbroken) <= before.seen.time - DISORDER
        and follows(peer.last, seen)
    )


def _difference(was: Content, now: Content) -> tuple[str, str] | None:
    """The rule that is broken, and what the odd one says."""
    receiving = (was.actor.state ^ now.actor.state) & _RECEIVING
    if receiving == PortState.DEFAULTED and was.partner == now.partner:
        return "RXM-09", f"Defaulted (state {now.actor.state:#04x})"
    if receiving:
        # One lost LACPDU more or less may do this.
        return None
    if now.actor.state & ~was.actor.state & PortState.SYNCHRONIZATION:
        # A port that has just been selected may have to leave again.
        return None
    own = _field(was.actor, now.actor)
    if own is not None:
        return own
    other = _field(was.partner, now.partner)
    if other is None:
        if was.collector_max_delay == now.collector_max_delay:
            return None
        return "PDU-13", f"CollectorMaxDelay {now.collector_max_delay}"
    changed = was.partner.state ^ now.partner.state
    if was.partner.identity == now.partner.identity:
        if changed == PortState.SYNCHRONIZATION:
            return ("RXM-24" if changed & now.partner.state else "RXM-00"), f"partner {other[1]}"
        if changed == PortState.DISTRIBUTING and was.period == SLOW_PERIODIC_TIME:
            # Nobody answers it, so that the partner may have said it in a hole.
            return None
    return "PDU-11", f"partner {other[1]}"


def _field(was: PortInfo, now: PortInfo) -> tuple[str, str] | None:
    for field, rule in _FIELDS:
        if getattr(was, field) != getattr(now, field):
            text = field.replace("_", " ")
            return rule, f"{text} {getattr(now, field)} instead of {getattr(was, field)}"
    changed = was.state ^ now.state
    for bit, rule in _BITS:
        if changed & bit:
            return rule, f"state {now.state:#04x} instead of {was.state:#04x}"
    return None if not changed else ("PDU-00", f"state {now.state:#04x}")

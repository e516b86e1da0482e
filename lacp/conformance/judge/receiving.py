"""The receive machine as it shows: Expired in time, for its 3 s, and then Defaulted."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.allowances import (
    CHANCE_OF_SILENCE,
    EXPIRED_TOO_LONG,
    GRACE,
    MOMENT,
    TOLERANCE,
)
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.periodic import Periodic
from lacp.conformance.judge.seen import Seen
from lacp.protocol.timers import FAST_PERIODIC_TIME, LONG_TIMEOUT_TIME, SHORT_TIMEOUT_TIME

#: LACPDUs of an actor in the silence of its partner: a hole that spares all of them is none.
_WITNESSES = 3
#: Times in a row that a long timeout took 3 s: no link goes down each time at just that moment.
_REPEATS = 4


@dataclass(slots=True)
class Receiving:
    """Judges when one actor is CURRENT, EXPIRED and DEFAULTED."""

    ledger: Ledger
    #: Since when Expired came without a break in the periodic sending, and the frame.
    expired_since: float | None = None
    expired_frame: int = 0
    #: Early expiries in a row.
    early: int = 0
    #: Its LACPDUs since the partner's last, and the first of them.
    unheard: int = 0
    witness: Seen | None = None

    def partner_sent(self, actor: Actor) -> None:
        """The partner of `actor` spoke."""
        assert actor.last is not None
        actor.deaf_to = 0 if actor.last.current else actor.deaf_to + 1
        self.unheard = 0
        self.witness = None

    def sent(self, actor: Actor, seen: Seen, partner: Periodic | None) -> None:
        """Judge the receive state that the LACPDU just sent by `actor` shows.

        `partner` is the rate of its partner, by which a capture that loses frames is known.
        """
        before = actor.before_last
        if seen.content.expired and seen.content.collecting:
            # Contradicts itself, which is told elsewhere.
            return
        self._order(actor, before, seen)
        self._length(actor, before, seen)
        if not seen.current:
            self.unheard, self.witness = 0, None
        if seen.current:
            self._late(actor, seen, partner)
        elif before is not None and before.current and not seen.content.defaulted:
            self._early(actor, before, seen)

    def _order(self, actor: Actor, before: Seen | None, seen: Seen) -> None:
        """DEFAULTED is entered from EXPIRED, after its 3 s."""
        if seen.current or before is None or not before.current or not _only_defaulted(seen):
            return
        passed = seen.time - before.time
        if passed < MOMENT:
            # The one may have overtaken the other.
            return
        if passed >= SHORT_TIMEOUT_TIME - TOLERANCE:
            self.ledger.keep("RXM-09")
            return
        self.ledger.accuse(
            "RXM-09",
            actor,
            seen.time,
            [before.frame, seen.frame],
            f"is Defaulted {passed:.2f} s after it heard its partner, expected Expired for 3 s"
            " before",
        )

    def _length(self, actor: Actor, before: Seen | None, seen: Seen) -> None:
        """EXPIRED ends after 3 s, heard or not."""
        if not seen.content.expired:
            if self.expired_since is not None:
                self.ledger.keep("RXM-09")
            self.expired_since = None
            return
        in_step = (
            before is not None
            and abs(seen.time - before.time - FAST_PERIODIC_TIME) <= TOLERANCE
            and before.actor == seen.actor
            and before.partner == seen.partner
        )
        if self.expired_since is None or not in_step:
            self.expired_since, self.expired_frame = seen.time, seen.frame
        elif seen.time - self.expired_since > EXPIRED_TOO_LONG:
            self.ledger.accuse(
                "RXM-09",
                actor,
                seen.time,
                [self.expired_frame, seen.frame],
                f"has been Expired for {seen.time - self.expired_since:.1f} s without a break,"
                " expected Defaulted after 3 s",
                same=f"expired {self.expired_frame}",
            )

    def _late(self, actor: Actor, seen: Seen, partner: Periodic | None) -> None:
        """CURRENT without a LACPDU for longer than the own timeout."""
        peer = actor.peer
        if peer is None or peer.last is None or seen.content.other != peer.identity:
            return
        witness = self.witness
        if witness is None:
            self.witness = seen
        self.unheard += 1
        silent_since = max(peer.last.time, peer.spoke)
        rule = "RXM-06" if actor.timeout == SHORT_TIMEOUT_TIME else "RXM-07"
        silence = seen.time - silent_since
        if silence <= actor.patience:
            self.ledger.keep(rule)
            return
        certain = (
            self.unheard > _WITNESSES
            and actor.unbroken <= silent_since
            and witness is not None
            and witness.partner == seen.partner
            and peer.trusted(seen.time)
            and partner is not None
            and partner.all_lost(int(silence / peer.period)) < CHANCE_OF_SILENCE[partner.lost == 0]
        )
        if not certain:
            # The capture may have a hole just there.
            self.ledger.doubt(rule)
            return
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [peer.last.frame, seen.frame],
            f"is not Expired {silence:.1f} s after the last LACPDU of {peer.name}, expected it"
            f" {actor.timeout:.0f} s after, by its own timeout bit",
            same=f"silence {peer.last.frame}",
        )

    def _early(self, actor: Actor, before: Seen, seen: Seen) -> None:
        """EXPIRED with the long timeout, just 3 s after the last LACPDU, time and again."""
        peer = actor.peer
        if peer is None or peer.last is None or actor.timeout != LONG_TIMEOUT_TIME:
            return
        after = seen.time - peer.last.time
        # A link that went down shows alike, once: it is the repetition that tells.
        if not SHORT_TIMEOUT_TIME - TOLERANCE <= after <= SHORT_TIMEOUT_TIME + GRACE:
            self.early = 0
            self.ledger.doubt("RXM-12")
            return
        self.early += 1
        if self.early < _REPEATS:
            self.ledger.doubt("RXM-12")
            return
        self.ledger.accuse(
            "RXM-12",
            actor,
            seen.time,
            [peer.last.frame, before.frame, seen.frame],
            f"asks for slow LACPDUs, and is Expired {after:.1f} s after each of them, expected"
            " 90 s by its own timeout bit",
            same="early",
        )


def _only_defaulted(seen: Seen) -> bool:
    return seen.content.defaulted and not seen.content.expired

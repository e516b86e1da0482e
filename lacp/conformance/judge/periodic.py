"""The periodic rate.

A frame that is missing may have been lost on its way to the capture, so no single gap proves
anything. What proves it is a gap that comes back like clockwork: losses are not regular.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from math import ceil, log

from lacp.conformance.judge.actor import Actor, follows
from lacp.conformance.judge.allowances import CHANCE, GRACE, MOMENT, TOLERANCE
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Content, Seen
from lacp.conformance.verdict import Verdict
from lacp.protocol.receive import mistakes
from lacp.protocol.timers import FAST_PERIODIC_TIME, SLOW_PERIODIC_TIME

#: Intervals in a row that no number of losses explains.
_IMPOSSIBLE = 3
#: Spread of intervals that still count as regular, in seconds.
_REGULAR = 0.3
#: Unchanged LACPDUs in a row, each much too early, that need another reason than chance.
_EARLY = 8
#: How many of the early ones may answer nothing: who answers each LACPDU sends its periodic ones
#: besides.
_UNPROMPTED = 0.6
#: Spread of intervals, in periods, that only a timer leaves.
_EVEN = 0.05
#: The part of a period by which a timer that counts in steps runs long and does no harm: the 30 s
#: of the Linux bonding driver are 30.7 to 30.9.
_LONG = 0.05
#: The part of a period that no timer runs short of.
_EARLIEST = 0.75


@dataclass(slots=True)
class Periodic:
    """Judges the rate of one actor."""

    ledger: Ledger
    #: Late LACPDUs in a row: their intervals and frames.
    late: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=32))
    late_of: float = 0.0
    #: Whether the last partner block can be what the partner said.
    believed: bool = True
    #: Early ones in a row, by what came just before them.
    early: deque[str] = field(default_factory=lambda: deque(maxlen=64))
    early_frame: int = 0
    #: What the partner sent since the last LACPDU.
    heard: str = ""
    heard_at: float = float("-inf")
    #: What the partner thinks of this end, by the last two different LACPDUs of both.
    viewed: tuple[Content, Content] | None = None
    view: str = ""
    #: LACPDUs that said nothing new, and since when.
    number: int = 0
    since: float = 0.0
    #: Early ones without another between them.
    run: int = 0
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=_EARLY))
    #: Periodic LACPDUs that came in time, and those that must have been lost before the capture.
    came: int = 0
    lost: int = 0

    def sent(self, actor: Actor, seen: Seen, echoes: bool) -> None:
        """Judge the interval before the LACPDU that `actor` just sent.

        `echoes` is whether its partner block, which sets the rate, can be what the partner said.
        """
        before, believed, self.believed = actor.before_last, self.believed, echoes
        self._passive(actor, seen)
        if before is None or not believed:
            return
        due = before.content.period
        gap = seen.time - before.time
        rule = "PER-01" if due == FAST_PERIODIC_TIME else "PER-02"
        if gap <= due * (1 + _LONG) + GRACE:
            self.came += gap > due - GRACE
            self.late.clear()
            self.ledger.keep(rule)
        elif before.content.expired and not seen.content.expired:
            # It may have been Defaulted meanwhile, where nobody asks for fast LACPDUs.
            self.late.clear()
        else:
            self.lost += round(gap / due) - 1
            self._late(actor, seen, gap, due, rule)
        if seen.content is not before.content or self.heard == "wrong":
            self.early.clear()
            self.since, self.number, self.run = seen.time, 0, 0
            self.gaps.clear()
        else:
            self._early(actor, seen, gap, due)
        self.heard = ""

    def all_lost(self, number: int) -> float:
        """How likely it is that so many other LACPDUs were lost, by how many periodic ones were."""
        chance = 1.0
        for more in range(number):
            chance *= (self.lost + 1 + more) / (self.came + self.lost + 2 + more)
        return chance

    def partner_sent(self, actor: Actor, seen: Seen) -> None:
        """Note what the partner of `actor` just said of it."""
        assert actor.last is not None
        pair = seen.content, actor.last.content
        if self.viewed != pair:
            self.viewed, self.view = pair, _view(seen, actor.last)
        kind = self.view
        # The gravest since the last LACPDU: any that has to be answered explains one.
        if self.heard != "wrong":
            self.heard = kind
        self.heard_at = seen.time

    def _passive(self, actor: Actor, seen: Seen) -> None:
        if not seen.content.passive:
            return
        self.ledger.accuse(
            "PER-10",
            actor,
            seen.time,
            [seen.frame],
            "sends a LACPDU though it is passive and takes its partner for passive",
            verdict=Verdict.WARN,
        )

    def _late(self, actor: Actor, seen: Seen, gap: float, due: float, rule: str) -> None:
        if self.late_of != due:
            self.late.clear()
        self.late_of = due
        self.late.append((gap, seen.frame))
        needed = _needed(gap, due)
        last = list(self.late)[-needed:]
        gaps = [gap for gap, _ in last]
        if len(last) < needed or max(gaps) - min(gaps) > _REGULAR * max(1.0, due / 10):
            self.ledger.doubt(rule)
            return
        mean = sum(gaps) / len(gaps)
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [frame for _, frame in last],
            f"sends a LACPDU each {mean:.1f} s, expected each {due:.0f} s as it says itself that"
            " its partner asks",
            same="slow",
        )

    def _early(self, actor: Actor, seen: Seen, gap: float, due: float) -> None:
        """Nothing is new and nobody asked: too soon in a row, or too often over all."""
        self.number += 1
        self.gaps.append(gap)
        if gap >= due * _EARLIEST:
            self.run = 0
            return
        self.run += 1
        if not self.early:
            self.early_frame = seen.frame
        self.early.append(self.heard if seen.time - self.heard_at <= MOMENT else "")
        often = self.number > (seen.time - self.since) / (due * _EARLIEST) + _EARLY
        if not often and (due == FAST_PERIODIC_TIME or self.run < _EARLY):
            return
        peer = actor.peer
        if peer is None or peer.last is None or not follows(peer.last, seen):
            # Whoever asks for these is not in the capture.
            self.ledger.doubt("PER-02" if due == SLOW_PERIODIC_TIME else "PER-01")
            return
        answers = Counter(self.early)
        none = answers[""]
        regular = max(self.gaps) - min(self.gaps) <= _EVEN * due
        if regular or none > len(self.early) * _UNPROMPTED:
            self.ledger.accuse(
                "PER-02" if due == SLOW_PERIODIC_TIME else "PER-01",
                actor,
                seen.time,
                [self.early_frame, seen.frame],
                f"sends LACPDUs that say nothing new, {gap:.1f} s apart, expected {due:.0f} s as it"
                " says itself that its partner asks",
                same="fast",
            )
            return
        rule = "NTT-10" if answers["other bits"] else "NTT-12"
        what = "a right view of it"
        if rule == "NTT-10":
            what = "a view of it that is wrong only in bits that need no answer"
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [self.early_frame, seen.frame],
            f"answers each LACPDU that has {what}, expected silence until the next periodic one",
            verdict=Verdict.WARN,
            same=rule,
        )


def _needed(gap: float, due: float) -> int:
    """How many intervals of this length in a row no losses of periodic LACPDUs explain."""
    if gap < 2 * (due - TOLERANCE):
        return _IMPOSSIBLE
    times = max(2.0, gap / due)
    # The likeliest way for lost frames to leave one interval of just this length.
    return ceil(log(CHANCE) / log((1 / times) * (1 - 1 / times) ** (times - 1)))


def _view(seen: Seen, of: Seen) -> str:
    """What the sender of `seen` thinks of the sender of `of`: right, other bits, or wrong."""
    if mistakes(seen.partner, of.actor):
        return "wrong"
    return "other bits" if seen.partner.state != of.actor.state else "right"

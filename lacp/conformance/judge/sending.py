"""When LACPDUs are sent: the periodic rate, the transmit limit, and answers to a wrong view.

A frame that is missing may have been lost on its way to the capture, so no single gap proves
anything. What proves it is a gap that comes back like clockwork: losses are not regular.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from math import ceil, log

from lacp.conformance.judge.actor import GRACE, TOLERANCE, Actor, asked
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Content, Seen
from lacp.conformance.verdict import Verdict
from lacp.info import PortState
from lacp.protocol.edition import Edition
from lacp.protocol.receive import mistakes
from lacp.protocol.timers import FAST_PERIODIC_TIME, SLOW_PERIODIC_TIME

#: Identical frames this close are taken for copies that the capture made.
_COPY = 0.1
#: What chance may do: a pattern less likely than this is no chance.
_CHANCE = 1e-7
#: Spread of intervals that still count as regular, in seconds.
_REGULAR = 0.3
#: Unchanged LACPDUs in a row, each much too early, that need another reason than chance.
_EARLY = 8
#: Wrong views in a row that nobody answered, and LACPDUs sent meanwhile.
_UNANSWERED = 12
_MEANWHILE = 3
#: Seconds in which a wrong view has to be answered, with the limit of transmission in between.
_ANSWER = FAST_PERIODIC_TIME + TOLERANCE + GRACE

_VIEWS = (
    ("port", "NTT-01"),
    ("port_priority", "NTT-02"),
    ("system", "NTT-03"),
    ("system_priority", "NTT-04"),
    ("key", "NTT-05"),
)
_BITS = (
    (PortState.ACTIVITY, "NTT-06"),
    (PortState.SHORT_TIMEOUT, "NTT-07"),
    (PortState.SYNCHRONIZATION, "NTT-08"),
    (PortState.AGGREGATION, "NTT-09"),
)


@dataclass(slots=True)
class Periodic:
    """Judges the rate of one actor."""

    ledger: Ledger
    #: Late LACPDUs in a row: their intervals and frames.
    late: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=32))
    late_of: float = 0.0
    #: Early ones in a row, by what came just before them.
    early: list[str] = field(default_factory=list)
    early_frame: int = 0
    #: What the partner sent since the last LACPDU.
    heard: str = ""
    heard_at: float = float("-inf")

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Judge the interval before the LACPDU that `actor` just sent."""
        before = actor.before_last
        self._passive(actor, seen)
        if before is None:
            return
        due = asked(before)
        gap = seen.time - before.time
        if gap < _COPY and seen.content == before.content:
            return
        rule = "PER-01" if due == FAST_PERIODIC_TIME else "PER-06"
        if gap <= due + GRACE:
            self.late.clear()
            self.ledger.keep(rule)
        else:
            self._late(actor, seen, gap, due, rule)
        if due == SLOW_PERIODIC_TIME and gap < due / 2 and seen.content == before.content:
            self._early(actor, seen, gap)
        else:
            self.early.clear()
        self.heard = ""

    def partner_sent(self, actor: Actor, seen: Seen) -> None:
        """Note what the partner of `actor` just said of it."""
        assert actor.last is not None
        kind = _view(seen, actor.last)
        # The gravest since the last LACPDU: any that has to be answered explains one.
        if self.heard != "wrong":
            self.heard = kind
        self.heard_at = seen.time

    def _passive(self, actor: Actor, seen: Seen) -> None:
        active = (seen.actor.state | seen.partner.state) & PortState.ACTIVITY
        if active:
            return
        self.ledger.accuse(
            "PER-10",
            actor.name,
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
        times = max(2.0, gap / due)
        # The likeliest way for lost frames to leave one interval of just this length.
        needed = ceil(log(_CHANCE) / log((1 / times) * (1 - 1 / times) ** (times - 1)))
        last = list(self.late)[-needed:]
        gaps = [gap for gap, _ in last]
        if len(last) < needed or max(gaps) - min(gaps) > _REGULAR * max(1.0, due / 10):
            self.ledger.doubt(rule)
            return
        mean = sum(gaps) / len(gaps)
        self.ledger.accuse(
            rule,
            actor.name,
            seen.time,
            [frame for _, frame in last],
            f"sends a LACPDU each {mean:.1f} s, expected each {due:.0f} s as it says itself that"
            " its partner asks",
            same="slow",
        )

    def _early(self, actor: Actor, seen: Seen, gap: float) -> None:
        if self.heard == "wrong":
            self.early.clear()
            return
        prompt = seen.time - self.heard_at <= GRACE
        if not self.early:
            self.early_frame = seen.frame
        self.early.append(self.heard if prompt else "")
        if len(self.early) < _EARLY:
            return
        answers = Counter(self.early)
        none = answers[""]
        if none > len(self.early) // 5:
            self.ledger.accuse(
                "PER-02",
                actor.name,
                seen.time,
                [self.early_frame, seen.frame],
                f"sends LACPDUs that say nothing new, {gap:.1f} s apart, expected 30 s as it says"
                " itself that its partner asks",
                same="fast",
            )
            return
        rule = "NTT-10" if answers["other bits"] else "NTT-12"
        what = "a right view of it"
        if rule == "NTT-10":
            what = "a view of it that is wrong only in bits that need no answer"
        self.ledger.accuse(
            rule,
            actor.name,
            seen.time,
            [self.early_frame, seen.frame],
            f"answers each LACPDU that has {what}, expected silence until the next periodic one",
            verdict=Verdict.WARN,
            same=rule,
        )


@dataclass(slots=True)
class Limit:
    """Judges how many LACPDUs one actor sends in a second."""

    ledger: Ledger
    edition: Edition
    recent: deque[tuple[float, int, Content]] = field(default_factory=lambda: deque(maxlen=64))

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Count the LACPDU that `actor` just sent."""
        recent = self.recent
        recent.append((seen.time, seen.frame, seen.content))
        while recent and not 0 <= seen.time - recent[0][0] < FAST_PERIODIC_TIME - 0.01:
            recent.popleft()
        limit = self.edition.transmit_limit
        if len(recent) <= limit:
            self.ledger.keep("TX-01")
            return
        short = [one for one in recent if seen.time - one[0] < FAST_PERIODIC_TIME - TOLERANCE]
        counted, window = (short, "0.75") if _number(short) > limit else (list(recent), "1")
        number = _number(counted)
        if number <= limit:
            self.ledger.doubt("TX-01")
            return
        span = counted[-1][0] - counted[0][0]
        certain = window == "0.75"
        tail = "" if certain else ", within the tolerance of a timer"
        self.ledger.accuse(
            "TX-01",
            actor.name,
            seen.time,
            [frame for _, frame, _ in counted],
            f"sends {len(counted)} LACPDUs in {span:.2f} s, expected at most {limit} in any"
            f" second{tail}",
            verdict=Verdict.FAIL if certain else Verdict.WARN,
            same="limit" if certain else "nearly",
        )


def _number(recent: list[tuple[float, int, Content]]) -> int:
    """The LACPDUs in `recent`, of those that are alike and close together only every other."""
    number, run = 0, 0
    for index, (time, _, content) in enumerate(recent):
        near = index > 0 and content == recent[index - 1][2] and time - recent[index - 1][0] < _COPY
        run = run + 1 if near else 0
        number += run % 2 == 0
    return number


@dataclass(slots=True)
class Answers:
    """Judges whether one actor answers a partner who has a wrong view of it."""

    ledger: Ledger
    #: The first wrong view that still waits for an answer: time, frame, rule.
    waiting: tuple[float, int, str] | None = None
    #: Wrong views in a row that got none: frames, by rule.
    missed: list[tuple[int, str]] = field(default_factory=list)
    meanwhile: int = 0

    def sent(self, actor: Actor, seen: Seen) -> None:
        """The actor sends: in time, if somebody waits."""
        if self.waiting is not None:
            at, frame, rule = self.waiting
            self.waiting = None
            if seen.time - at <= _ANSWER or not seen.current:
                self.ledger.keep(rule)
                self._forget()
            else:
                self.missed.append((frame, rule))
                self.meanwhile += 1
                self._accuse(actor, seen)
        elif self.missed:
            self.meanwhile += 1

    def partner_sent(self, actor: Actor, seen: Seen) -> None:
        """The partner says how it sees the actor."""
        assert actor.last is not None
        if not mistakes(seen.partner, actor.last.actor):
            self.waiting = None
            self._forget()
            return
        if self.waiting is not None:
            at, frame, rule = self.waiting
            if seen.time - at <= _ANSWER:
                return
            self.missed.append((frame, rule))
            self.ledger.doubt(rule)
        self.waiting = (seen.time, seen.frame, _mistake(seen, actor.last))

    def _forget(self) -> None:
        self.missed.clear()
        self.meanwhile = 0

    def _accuse(self, actor: Actor, seen: Seen) -> None:
        if len(self.missed) < _UNANSWERED or self.meanwhile < _MEANWHILE:
            self.ledger.doubt(self.missed[-1][1])
            return
        rule = Counter(rule for _, rule in self.missed).most_common(1)[0][0]
        frames = [frame for frame, _ in self.missed[:6]]
        self.ledger.accuse(
            rule,
            actor.name,
            seen.time,
            [*frames, seen.frame],
            f"left {len(self.missed)} LACPDUs with a wrong view of it unanswered, expected an"
            " answer to each within a second",
            same=f"unanswered {frames[0]}",
        )


def _view(seen: Seen, of: Seen) -> str:
    """What the sender of `seen` thinks of the sender of `of`: right, other bits, or wrong."""
    if mistakes(seen.partner, of.actor):
        return "wrong"
    return "other bits" if seen.partner.state != of.actor.state else "right"


def _mistake(seen: Seen, of: Seen) -> str:
    """The rule that asks for an answer."""
    for name, rule in _VIEWS:
        if getattr(seen.partner, name) != getattr(of.actor, name):
            return rule
    wrong = seen.partner.state ^ of.actor.state
    return next(rule for bit, rule in _BITS if bit & wrong)

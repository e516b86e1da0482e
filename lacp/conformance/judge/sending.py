"""How many LACPDUs are sent in a second, and whether a wrong view is answered."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.allowances import ANSWER, CHANCE, SECOND
from lacp.conformance.judge.echo import repeats
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.periodic import Periodic
from lacp.conformance.judge.seen import Content, Seen
from lacp.info import PortState
from lacp.protocol.edition import Edition

#: Copies of one frame: sent and received, by a link that doubles it, on a mirror port that does.
_COPIES = 5
#: Copies of one LACPDU that are a burst where the others have none, and how many others that takes.
_BURST = 4
_EARLIER = 20
#: Wrong views in a row that nobody answered and that may all have been lost on their way.
_UNANSWERED = 12

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
class _Sent:
    time: float
    frame: int
    content: Content
    copies: int = 0


@dataclass(slots=True)
class Limit:
    """Judges how many LACPDUs one actor sends in a second."""

    ledger: Ledger
    edition: Edition
    recent: deque[_Sent] = field(default_factory=lambda: deque(maxlen=64))
    #: LACPDUs, and those of which there was a copy.
    number: int = 0
    copied: int = 0
    #: The most copies that one of the earlier LACPDUs had.
    most: int = 0

    def copy(self, actor: Actor, seen: Seen) -> None:
        """A frame came again within a moment: a capture's copy, unless there are too many."""
        for one in self.recent:
            if one.content is seen.content and one.copies < _COPIES:
                self.copied += not one.copies
                one.copies += 1
                self._judge(actor, seen)
                return
        self.sent(actor, seen)

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Count the LACPDU that `actor` just sent."""
        self.number += 1
        recent = self.recent
        recent.append(_Sent(seen.time, seen.frame, seen.content))
        while not 0 <= seen.time - recent[0].time < SECOND:
            self.most = max(self.most, recent.popleft().copies)
        if len(recent) <= self.edition.transmit_limit:
            self.ledger.keep("TX-01")
        else:
            self._judge(actor, seen)

    def _judge(self, actor: Actor, seen: Seen) -> None:
        recent, limit = self.recent, self.edition.transmit_limit
        number = len(recent) + self._repeated(recent)
        if number <= limit:
            return
        if number <= 2 * limit and _began_anew(recent):
            # Whoever restarts does not know what it sent before.
            self.ledger.doubt("TX-01")
            return
        span = seen.time - recent[0].time
        self.ledger.accuse(
            "TX-01",
            actor,
            seen.time,
            [one.frame for one in recent],
            f"sends {number} LACPDUs in {span:.2f} s, expected at most {limit} in any second by"
            f" the edition of {self.edition.name}",
            same="limit",
        )

    def _repeated(self, recent: deque[_Sent]) -> int:
        """The copies that nobody else can have made, as the sender's other LACPDUs have none, or
        so much fewer that no mirror or doubled capture has made them."""
        earlier = self.number - len(recent)
        if earlier >= _EARLIER and max(one.copies for one in recent) >= 2 * self.most + _BURST:
            return sum(one.copies for one in recent)
        copies = sum(one.copies for one in recent)
        mine = sum(one.copies > 0 for one in recent)
        chance = 1.0
        for more in range(mine):
            chance *= (self.copied - mine + 1 + more) / (self.number - len(recent) + 2 + more)
        return copies if chance < CHANCE else 0


def _began_anew(recent: deque[_Sent]) -> bool:
    """Whether the sender may have restarted meanwhile: it lost its partner or its LAG."""
    in_sync = False
    for one in recent:
        now = PortState.SYNCHRONIZATION in one.content.actor.state
        if not one.content.current or (in_sync and not now):
            return True
        in_sync = now
    return False


@dataclass(frozen=True, slots=True)
class _Mistake:
    """A view of the actor that is wrong and has to be answered."""

    time: float
    frame: int
    rule: str
    seen: Seen
    #: What the partner says of itself with it, it had not said before.
    news: bool


@dataclass(slots=True)
class Answers:
    """Judges whether one actor answers a partner who has a wrong view of it."""

    ledger: Ledger
    periodic: Periodic
    #: The first wrong view that still waits for an answer.
    waiting: _Mistake | None = None
    #: Wrong views in a row that got none; and those of them that were certainly heard.
    missed: list[_Mistake] = field(default_factory=list)
    heard: list[_Mistake] = field(default_factory=list)

    def sent(self, actor: Actor, seen: Seen) -> None:
        """The actor sends: in time, if somebody waits."""
        mistake, self.waiting = self.waiting, None
        if mistake is None:
            return
        if seen.time - mistake.time <= ANSWER or not seen.current:
            self.ledger.keep(mistake.rule)
            self._forget()
            return
        self.missed.append(mistake)
        peer = actor.peer
        if mistake.news and peer is not None and _shows(seen, peer, mistake):
            self.heard.append(mistake)
        self._judge(actor, seen)

    def partner_sent(self, actor: Actor, partner: Actor, seen: Seen) -> None:
        """The partner says how it sees the actor; the periodic rate has looked at that."""
        assert actor.last is not None
        if self.periodic.view != "wrong":
            self.waiting = None
            self._forget()
            return
        waiting = self.waiting
        if waiting is not None:
            # Only the actor's next LACPDU tells a missing answer from a missing actor.
            return
        news = partner.said[-1].first_frame == seen.frame
        rule = _mistake(seen, actor.last)
        self.waiting = _Mistake(seen.time, seen.frame, rule, seen, news)

    def _forget(self) -> None:
        if self.missed:
            self.missed.clear()
            self.heard.clear()

    def _judge(self, actor: Actor, seen: Seen) -> None:
        missed, first = self.missed, self.missed[0].frame
        ends = [actor] if actor.peer is None else [actor, actor.peer]
        if any(end.blamed >= first or not end.trusted(seen.time) for end in ends):
            # What follows from something that one of them does wrong is not told twice.
            return
        lost = self.periodic.all_lost(len(self.heard))
        if len(missed) < _UNANSWERED and lost > CHANCE:
            self.ledger.doubt(missed[-1].rule)
            return
        rule = Counter(one.rule for one in missed).most_common(1)[0][0]
        frames = [one.frame for one in missed[-6:]]
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [*frames, seen.frame],
            f"left {len(missed)} LACPDUs with a wrong view of it unanswered, expected an answer to"
            " each within a second",
            same=f"unanswered {missed[0].frame}",
        )


def _shows(seen: Seen, peer: Actor, mistake: _Mistake) -> bool:
    """Whether the actor has recorded what came with the wrong view: it was heard."""
    run = peer.said[-1]
    return run.info == mistake.seen.actor and repeats(seen.partner, run.info)


def _mistake(seen: Seen, of: Seen) -> str:
    """The rule that asks for an answer."""
    for name, rule in _VIEWS:
        if getattr(seen.partner, name) != getattr(of.actor, name):
            return rule
    wrong = seen.partner.state ^ of.actor.state
    return next(rule for bit, rule in _BITS if bit & wrong)

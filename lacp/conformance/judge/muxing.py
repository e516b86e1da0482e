"""Selection and the Mux machine as they show: Synchronization, Collecting, Distributing."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.allowances import LINGER, MOMENT, WAIT
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Seen
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState

_SYNCHRONIZATION = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING

_CHANGES = (
    ("system", "RXM-27", "system"),
    ("system_priority", "RXM-28", "system priority"),
    ("key", "RXM-29", "key"),
    ("port", "RXM-25", "port"),
    ("port_priority", "RXM-26", "port priority"),
)


@dataclass(slots=True)
class Muxing:
    """Judges how one actor joins and leaves its LAG."""

    ledger: Ledger
    #: The last LACPDU in which the actor itself was another.
    own: Seen | None = None
    #: Since when it stays behind its partner, the frame, and the rule against that.
    behind: tuple[float, int, str] | None = None
    #: The last LACPDU with another partner than now, if that was a defaulted one.
    defaulted: Seen | None = None
    #: The last LACPDU with a partner block that the partner can have said.
    known: Seen | None = None
    #: The last one before the partner became another.
    other: Seen | None = None

    def sent(self, actor: Actor, seen: Seen, echoes: bool) -> None:
        """Judge the mux state that the LACPDU just sent by `actor` shows.

        `echoes` is whether its partner block can be what the partner said.
        """
        before = actor.before_last
        if before is not None and before.content is seen.content and self.behind is None:
            self._same(seen)
            return
        self._alone(actor, seen)
        self._changed(actor, before, seen)
        if not seen.current:
            if seen.content.defaulted:
                self.defaulted, self.other = seen, None
            self.behind = self.known = None
            return
        self._partner(actor, seen, echoes)
        self._behind(actor, seen)
        if seen.content.other == actor.identity:
            self.known = self.other = self.defaulted = None
        if not echoes:
            return
        known, self.known = self.known, seen
        if known is not None and _another(known.partner, seen.partner):
            self.other = known
        self._joined(actor, seen)

    def _same(self, seen: Seen) -> None:
        """Nothing is new: what was kept is kept again."""
        if self.known is not None and self.known.content is seen.content:
            self.known = seen
        if seen.current and seen.content.collecting:
            self.ledger.keep("MUX-04")
        elif seen.content.defaulted:
            self.defaulted = seen

    def _changed(self, actor: Actor, before: Seen | None, seen: Seen) -> None:
        """Another key, priority or aggregation bit of its own takes a port out of its LAG."""
        if before is not None and _renamed(before.actor, seen.actor, seen.partner):
            self.own = before
        own = self.own
        if own is None or _SYNCHRONIZATION not in seen.actor.state:
            return
        passed = seen.time - own.time
        if passed < MOMENT:
            # A later one may have overtaken this.
            return
        self.own = None
        change = _renamed(own.actor, seen.actor, seen.partner)
        if not change:
            return
        rule = "PDU-09" if change.startswith("system priority") else "SEL-16"
        if passed >= WAIT:
            self.ledger.keep(rule)
            return
        actor.unreliable = True
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [own.frame, seen.frame],
            f"is in sync {passed:.2f} s after its own {change}: expected it to leave the LAG with"
            " Synchronization 0 and to wait 2 s",
            same="renamed",
        )

    def _behind(self, actor: Actor, seen: Seen) -> None:
        """A partner in sync is collected from, and sent to when it collects, without delay."""
        rule = _lag(seen)
        if not rule or (self.behind is not None and self.behind[2] != rule):
            self.behind = None
        if not rule:
            return
        if self.behind is None:
            self.behind = seen.time, seen.frame, rule
            return
        since, frame, _ = self.behind
        if seen.time - since < LINGER:
            return
        what = "collect from a partner in sync" if rule == "MUX-05" else "send to a collector"
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [frame, seen.frame],
            f"is in sync and says for {seen.time - since:.1f} s that its partner is ready, but"
            f" does not {what}",
            same=f"{rule} {frame}",
        )

    def _alone(self, actor: Actor, seen: Seen) -> None:
        """A port whose partner is itself."""
        if seen.content.other != actor.identity:
            return
        if _COLLECTING not in seen.actor.state or not seen.current:
            self.ledger.keep("RXV-25")
            return
        self.ledger.accuse(
            "RXV-25",
            actor,
            seen.time,
            [seen.frame],
            "hears itself and yet collects: its own LACPDUs come back to it, and it aggregates"
            " with itself",
        )

    def _partner(self, actor: Actor, seen: Seen, echoes: bool) -> None:
        state, partner = seen.actor.state, seen.partner.state
        if _COLLECTING in state:
            if _SYNCHRONIZATION in partner:
                self.ledger.keep("MUX-04")
            else:
                self.ledger.accuse(
                    "MUX-04",
                    actor,
                    seen.time,
                    [seen.frame],
                    "collects while it takes its partner for out of sync, expected Collecting and"
                    " Distributing 0",
                )
        checked = actor.independent and echoes and _SYNCHRONIZATION in partner
        if _DISTRIBUTING in state and checked:
            if _COLLECTING in partner:
                self.ledger.keep("MUX-06")
            else:
                self.ledger.accuse(
                    "MUX-06",
                    actor,
                    seen.time,
                    [seen.frame],
                    "distributes to a partner that does not collect, though it has shown"
                    " independent control by collecting alone",
                )

    def _joined(self, actor: Actor, seen: Seen) -> None:
        was = self.other or self.defaulted
        if _SYNCHRONIZATION not in seen.actor.state:
            return
        if was is not None and seen.time - was.time < MOMENT:
            # A later one may have overtaken this.
            return
        if self.other is not None:
            self._reselected(actor, self.other, seen)
        elif self.defaulted is not None and _another(self.defaulted.partner, seen.partner):
            self._waited(actor, self.defaulted, seen)
        self.other = self.defaulted = None

    def _reselected(self, actor: Actor, was: Seen, seen: Seen) -> None:
        rule, change = _change(was.partner, seen.partner)
        passed = seen.time - was.time
        if passed >= WAIT:
            self.ledger.keep(rule)
            return
        self.ledger.accuse(
            rule,
            actor,
            seen.time,
            [was.frame, seen.frame],
            f"is in sync {passed:.2f} s after its partner's {change}, expected to detach and wait"
            " 2 s",
        )

    def _waited(self, actor: Actor, was: Seen, seen: Seen) -> None:
        passed = seen.time - was.time
        if passed >= WAIT:
            self.ledger.keep("MUX-02")
            return
        self.ledger.accuse(
            "MUX-02",
            actor,
            seen.time,
            [was.frame, seen.frame],
            f"is in sync {passed:.2f} s after it knew no partner, expected to wait 2 s for other"
            " links to aggregate with",
            verdict=Verdict.WARN,
            same="no wait",
        )


def _lag(seen: Seen) -> str:
    """The rule that a port breaks which stays as it is; empty when it may."""
    state, partner = seen.actor.state, seen.partner.state
    if _SYNCHRONIZATION not in state & partner or _DISTRIBUTING in state:
        return ""
    if _COLLECTING not in state:
        return "MUX-05"
    return "MUX-06" if _COLLECTING in partner else ""


def _renamed(was: PortInfo, now: PortInfo, partner: PortInfo) -> str:
    """What an actor changed of itself that its LAG is named by; empty when nothing."""
    if was.key != now.key:
        return f"key changed from {was.key} to {now.key}"
    if was.system_priority != now.system_priority:
        return f"system priority changed from {was.system_priority} to {now.system_priority}"
    # A link whose other end is Individual is so anyway.
    changed = (was.state ^ now.state) & partner.state & PortState.AGGREGATION
    return "aggregation bit changed" if changed else ""


def _another(was: PortInfo, now: PortInfo) -> bool:
    """Whether update_Selected sees another partner."""
    return was.identity != now.identity or bool((was.state ^ now.state) & PortState.AGGREGATION)


def _change(was: PortInfo, now: PortInfo) -> tuple[str, str]:
    for field, rule, text in _CHANGES:
        old, new = getattr(was, field), getattr(now, field)
        if old != new:
            return rule, f"{text} changed from {old} to {new}"
    return "RXM-30", "aggregation bit changed"

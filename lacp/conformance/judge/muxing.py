"""Selection and the Mux machine as they show: Synchronization, Collecting, Distributing."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.conformance.judge.actor import TOLERANCE, Actor
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.judge.seen import Seen, identity
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.protocol.timers import AGGREGATE_WAIT_TIME

_SYNCHRONIZATION = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING

#: What the wait may take at least, with what a capture's clock adds.
_WAIT = AGGREGATE_WAIT_TIME - TOLERANCE - 0.05

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
    #: The last LACPDU with another partner than now, if that was a defaulted one.
    defaulted: Seen | None = None
    #: The last LACPDU before the partner became another.
    other: Seen | None = None

    def sent(self, actor: Actor, seen: Seen) -> None:
        """Judge the mux state that the LACPDU just sent by `actor` shows."""
        self._alone(actor, seen)
        if not seen.current:
            if PortState.DEFAULTED in seen.actor.state:
                self.defaulted, self.other = seen, None
            return
        self._partner(actor, seen)
        before = actor.before_last
        if before is not None and before.current and _another(before.partner, seen.partner):
            self.other = before
        self._joined(actor, seen)

    def _alone(self, actor: Actor, seen: Seen) -> None:
        """A port whose partner is itself."""
        if identity(seen.partner) != actor.identity:
            return
        if _COLLECTING not in seen.actor.state or PortState.DEFAULTED in seen.actor.state:
            self.ledger.keep("RXV-25")
            return
        self.ledger.accuse(
            "RXV-25",
            actor.name,
            seen.time,
            [seen.frame],
            "hears itself and yet collects: its own LACPDUs come back to it, and it aggregates"
            " with itself",
        )

    def _partner(self, actor: Actor, seen: Seen) -> None:
        state, partner = seen.actor.state, seen.partner.state
        if _COLLECTING in state:
            if _SYNCHRONIZATION in partner:
                self.ledger.keep("MUX-04")
            else:
                self.ledger.accuse(
                    "MUX-04",
                    actor.name,
                    seen.time,
                    [seen.frame],
                    "collects while it takes its partner for out of sync, expected Collecting and"
                    " Distributing 0",
                )
        if _DISTRIBUTING in state and actor.independent and _SYNCHRONIZATION in partner:
            if _COLLECTING in partner:
                self.ledger.keep("MUX-06")
            else:
                self.ledger.accuse(
                    "MUX-06",
                    actor.name,
                    seen.time,
                    [seen.frame],
                    "distributes to a partner that does not collect, though it has shown"
                    " independent control by collecting alone",
                )

    def _joined(self, actor: Actor, seen: Seen) -> None:
        if _SYNCHRONIZATION not in seen.actor.state:
            return
        if self.other is not None:
            self._reselected(actor, self.other, seen)
        elif self.defaulted is not None and _another(self.defaulted.partner, seen.partner):
            self._waited(actor, self.defaulted, seen)
        self.other = self.defaulted = None

    def _reselected(self, actor: Actor, was: Seen, seen: Seen) -> None:
        rule, change = _change(was.partner, seen.partner)
        passed = seen.time - was.time
        if passed >= _WAIT:
            self.ledger.keep(rule)
            return
        self.ledger.accuse(
            rule,
            actor.name,
            seen.time,
            [was.frame, seen.frame],
            f"is in sync {passed:.2f} s after its partner's {change}, expected to detach and wait"
            " 2 s",
        )

    def _waited(self, actor: Actor, was: Seen, seen: Seen) -> None:
        passed = seen.time - was.time
        if passed >= _WAIT:
            self.ledger.keep("MUX-02")
            return
        self.ledger.accuse(
            "MUX-02",
            actor.name,
            seen.time,
            [was.frame, seen.frame],
            f"is in sync {passed:.2f} s after it knew no partner, expected to wait 2 s for other"
            " links to aggregate with",
            verdict=Verdict.WARN,
            same="no wait",
        )


def _another(was: PortInfo, now: PortInfo) -> bool:
    """Whether update_Selected sees another partner."""
    return was.identity != now.identity or bool((was.state ^ now.state) & PortState.AGGREGATION)


def _change(was: PortInfo, now: PortInfo) -> tuple[str, str]:
    for field, rule, text in _CHANGES:
        old, new = getattr(was, field), getattr(now, field)
        if old != new:
            return rule, f"{text} changed from {old} to {new}"
    return "RXM-30", "aggregation bit changed"

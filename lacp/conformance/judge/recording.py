"""recordPDU (6.4.9) as it shows: is the partner rightly taken for in sync, or not?"""

from __future__ import annotations

from dataclasses import dataclass

from lacp.conformance.judge.actor import Actor, Run
from lacp.conformance.judge.seen import Seen
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.protocol.receive import maintains, matches

_SYNCHRONIZATION = PortState.SYNCHRONIZATION

_FIELDS = (
    ("port", "RXM-14", "port"),
    ("port_priority", "RXM-15", "port priority"),
    ("system", "RXM-16", "system"),
    ("system_priority", "RXM-17", "system priority"),
    ("key", "RXM-18", "key"),
)

#: Rule, what is to be said of it, the run of the partner that decides, and the charge.
Found = tuple[str, Verdict, Run, str]


@dataclass(slots=True)
class Recording:
    """Judges Synchronization in the partner blocks of one actor."""

    #: Since when the actor has denied it to a partner who always deserved it.
    denied_since: float | None = None

    def judge(
        self, actor: Actor, seen: Seen, other: Actor, usable: list[Run], since: float
    ) -> Found | None:
        """Would any LACPDU of `usable` runs, heard after `since`, give this result?"""
        said = [run for run in usable if _SYNCHRONIZATION in run.info.state]
        granted = _SYNCHRONIZATION in seen.partner.state
        if not said:
            self.denied_since = None
            return None
        if actor.first > since:
            # It may be here under another name than before.
            return "RXM-00", Verdict.INCONCLUSIVE, said[-1], ""
        selves = actor.selves(since)
        views = [(view, run) for run in said for view, last in run.views if last >= since]
        deserved = [earned(me, view, run.info) for me in selves for view, run in views]
        rule = "RXM-24" if granted else "RXM-00"
        if not deserved or any(run.views_forgotten for run in said):
            return rule, Verdict.INCONCLUSIVE, said[-1], ""
        if granted:
            self.denied_since = None
            if any(deserved):
                return rule, Verdict.PASS, said[-1], ""
            return _unearned(actor, seen, other, said[-1])
        collects = PortState.COLLECTING in seen.actor.state
        if collects or not all(deserved) or len(usable) > len(said):
            self.denied_since = None
            return rule, Verdict.PASS, said[-1], ""
        return self._denied(actor, seen, other, said[0])

    def _denied(self, actor: Actor, seen: Seen, other: Actor, run: Run) -> Found:
        if self.denied_since is None:
            self.denied_since = seen.time
        passed = seen.time - self.denied_since
        if passed <= actor.patience:
            return "RXM-00", Verdict.INCONCLUSIVE, run, ""
        text = (
            f"has taken {other.name} for out of sync for {passed:.0f} s, though all its LACPDUs say"
            " Synchronization and repeat this port rightly"
        )
        return "RXM-00", Verdict.FAIL, run, text


def in_order(seen: Seen, latest: Run) -> bool:
    """Whether the actor says of its partner what the latest LACPDU of that leads to."""
    info = latest.info
    deserved = _SYNCHRONIZATION in info.state and earned(seen.actor, latest.views[-1][0], info)
    return deserved is (_SYNCHRONIZATION in seen.partner.state)


def _unearned(actor: Actor, seen: Seen, other: Actor, run: Run) -> Found:
    view = run.views[-1][0]
    rule, why = _flaw(seen.actor, view)
    made_up = PortState.DEFAULTED not in run.info.state and not _was(actor, view)
    if not why or made_up:
        # Both are passive, and it should not even have spoken; or it is the one that is wrong.
        return rule, Verdict.INCONCLUSIVE, run, ""
    return rule, Verdict.FAIL, run, f"takes {other.name} for in sync, which {why}"


def _was(actor: Actor, view: PortInfo) -> bool:
    """Whether the actor has ever said what `view` says of it, or `view` is of another name."""
    aggregation = PortState.AGGREGATION
    return (view.system, view.port) in actor.names or any(
        run.info.identity == view.identity and not (run.info.state ^ view.state) & aggregation
        for run in actor.said
    )


def earned(me: PortInfo, view: PortInfo, info: PortInfo) -> bool:
    """Whether a partner `info` in sync, with this view of `me`, is in sync for `me`, too."""
    return matches(me, info, view) and maintains(me, info, view)


def _flaw(me: PortInfo, view: PortInfo) -> tuple[str, str]:
    """The rule that forbids Synchronization, and what the partner did to deserve that."""
    for field, rule, text in _FIELDS:
        wrong, right = getattr(view, field), getattr(me, field)
        if wrong != right:
            return rule, f"sees this port's {text} as {wrong}, it is {right}"
    if (view.state ^ me.state) & PortState.AGGREGATION:
        return "RXM-19", "has a wrong view of this port's aggregation bit"
    return "RXM-24", ""

"""What the judge has against whom: findings that repeat are told once, with how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.report import Finding, Tally
from lacp.conformance.judge.rules import RULES
from lacp.conformance.verdict import Verdict

#: Findings of one rule against one actor, and frames of one finding, before the rest is counted.
_FINDINGS = 25
_FRAMES = 12


@dataclass(slots=True)
class _Open:
    rule: str
    verdict: Verdict
    actor: str
    time: float
    message: str
    frames: list[int]
    times: int = 1

    def close(self) -> Finding:
        message = self.message if self.times == 1 else f"{self.message} ({self.times} times)"
        frames = tuple(sorted(self.frames))
        clause = RULES[self.rule].clause
        return Finding(self.rule, clause, self.verdict, self.actor, frames, self.time, message)


@dataclass(slots=True)
class Ledger:
    """The tallies of all rules and the findings of one capture."""

    rules: dict[str, Tally] = field(default_factory=dict)
    #: Findings beyond the limit.
    left_out: int = 0
    _open: dict[tuple[str, str, str], _Open] = field(default_factory=dict)
    _count: dict[tuple[str, str], int] = field(default_factory=dict)

    def tally(self, rule: str) -> Tally:
        """The tally of `rule`."""
        tally = self.rules.get(rule)
        if tally is None:
            tally = self.rules[RULES[rule].id] = Tally()
        return tally

    def keep(self, rule: str) -> None:
        """`rule` was checked and kept."""
        self.tally(rule).passed += 1

    def doubt(self, rule: str) -> None:
        """`rule` was checked, and what would decide is not in the capture."""
        self.tally(rule).inconclusive += 1

    def accuse(
        self,
        rule: str,
        actor: Actor,
        time: float,
        frames: Iterable[int],
        message: str,
        *,
        verdict: Verdict = Verdict.FAIL,
        same: str | None = None,
    ) -> None:
        """`actor` broke `rule`. Findings with the same `same` (default: the message) are one."""
        frames = tuple(frames)
        actor.blamed = max(frames, default=0)
        tally = self.tally(rule)
        if verdict is Verdict.FAIL:
            tally.failed += 1
        else:
            tally.warned += 1
        key = (rule, actor.name, message if same is None else same)
        known = self._open.get(key)
        if known is not None:
            known.times += 1
            new = [frame for frame in frames if frame not in known.frames]
            known.frames += new[: max(0, _FRAMES - len(known.frames))]
            return
        count = self._count[key[:2]] = self._count.get(key[:2], 0) + 1
        if count > _FINDINGS:
            self.left_out += 1
            return
        self._open[key] = _Open(
            rule, verdict, actor.name, time, message, list(dict.fromkeys(frames))
        )

    def findings(self) -> list[Finding]:
        """The findings by time."""
        return sorted((one.close() for one in self._open.values()), key=lambda one: one.time)

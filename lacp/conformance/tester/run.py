"""Runs one case: hands frames and time to its partners and its script, and gives the outcome.

Without I/O and without a clock, like an engine. Whoever has the wires does

    run = Run(case, profile, bench, now)
    while (outcome := run.outcome) is None:
        wait for a frame or until run.next_deadline()
        run.receive(link, frame, now)     # for each frame, with the time it arrived
        run.advance(now)

`now` is seconds on any scale that does not go back. Frames of links that the case does not use are
to be handed in too, they are ignored.
"""

from __future__ import annotations

from dataclasses import replace

from lacp.conformance.catalogue.case import Case, Script
from lacp.conformance.tester.bench import Bench
from lacp.conformance.tester.judgement import Failed
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.results import WEIGHT, Exchange, Outcome, Remark
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.trial import Trial
from lacp.conformance.verdict import Verdict

#: Frames kept from the beginning and from the end of a case as its evidence.
KEPT = 500


class _Stuck(Failed):
    """The script came to its end, but the device does not recover. No waiver excuses that."""


def skipped(case: Case, reason: str) -> Outcome:
    """The outcome of a case that is not run."""
    return replace(_outcome(case, Verdict.SKIP), remarks=(Remark(Verdict.SKIP, 0.0, reason),))


class Run:
    """One run of one case that fits the profile (`Case.unfit` is empty)."""

    def __init__(self, case: Case, profile: Profile, bench: Bench, now: float) -> None:
        self.case = case
        self.profile = profile
        #: Set when the case is over.
        self.outcome: Outcome | None = None
        self.trial = Trial(case.links, profile, bench, now)
        self._script = self._whole()
        self._deadline = now
        self.advance(now)

    def receive(self, link: int, frame: bytes, now: float) -> None:
        """Take a frame that the device sent; `link` is a number of the bench."""
        if self.outcome is not None or link >= self.trial.links:
            return
        self._tick(now)
        seen = self.trial.take(link, frame, now)
        self._resume()
        if self.outcome is None and seen.is_lacpdu:
            self.trial.partner(link).react(seen)
            self._tick(now)

    def advance(self, now: float) -> None:
        """Do what is due at `now`."""
        if self.outcome is not None:
            return
        self._tick(now)
        if now >= self._deadline:
            self._resume()

    def next_deadline(self) -> float:
        """When `advance` must be called at the latest; any other call may change the answer."""
        return min(self._deadline, *(it.next_deadline() for it in self.trial.partners))

    def abort(self, reason: str) -> Outcome:
        """End the case because the bench broke down, of which the device is not guilty; `reason`
        says how."""
        self._remark(Verdict.SKIP, f"not judged: the bench broke down: {reason}")
        self.outcome = self._ended(Verdict.SKIP)
        return self.outcome

    def _whole(self) -> Script:
        yield from self.case.script(self.trial)
        if self.case.recovers:
            try:
                yield from self.trial.recover()
            except Failed as failed:
                raise _Stuck(f"the case passed, but the device did not recover: {failed}") from None

    def _tick(self, now: float) -> None:
        self.trial.now = now
        for partner in self.trial.partners:
            partner.advance(now)

    def _resume(self) -> None:
        try:
            self._deadline = next(self._script)
        except StopIteration:
            self.outcome = self._passed()
        except Failed as failed:
            self.outcome = self._failed(failed)
        else:
            # What the script told the partners to do at once.
            self._tick(self.trial.now)

    def _passed(self) -> Outcome:
        waiver = self.profile.waivers.get(self.case.id)
        if waiver is not None:
            self._remark(Verdict.INFO, f"did not fail: the waiver is no longer needed ({waiver})")
        said = {remark.verdict for remark in self.trial.remarks}
        return self._ended(next((it for it in WEIGHT if it in said), Verdict.PASS))

    def _failed(self, failed: Failed) -> Outcome:
        self._remark(Verdict.FAIL, str(failed))
        waiver = self.profile.waivers.get(self.case.id)
        if waiver is None or isinstance(failed, _Stuck):
            return self._ended(Verdict.FAIL)
        return self._ended(Verdict.WARN, waiver)

    def _remark(self, verdict: Verdict, text: str) -> None:
        trial = self.trial
        trial.remarks.append(Remark(verdict, trial.now - trial.began, text))

    def _ended(self, verdict: Verdict, waiver: str | None = None) -> Outcome:
        trial = self.trial
        self._script.close()
        frames, left_out = self._evidence() if verdict is not Verdict.PASS else ((), 0)
        return replace(
            _outcome(self.case, verdict),
            remarks=tuple(trial.remarks),
            started=trial.began,
            duration=trial.now - trial.began,
            waiver=waiver,
            frames=frames,
            left_out=left_out,
        )

    def _evidence(self) -> tuple[tuple[Exchange, ...], int]:
        trace = self.trial.trace
        left_out = max(0, len(trace) - 2 * KEPT)
        kept = trace[:KEPT] + trace[-KEPT:] if left_out else trace
        return tuple(self._exchange(it) for it in kept), left_out

    def _exchange(self, it: Seen) -> Exchange:
        return Exchange(it.time - self.trial.began, it.link, it.ours, it.summary, it.octets)


def _outcome(case: Case, verdict: Verdict) -> Outcome:
    """An outcome that says what the case is, and no more."""
    return Outcome(
        case=case.id,
        title=case.title,
        clause=case.clause,
        expected=case.expected,
        source=str(case.source),
        verdict=verdict,
    )

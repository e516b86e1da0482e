"""What a script says of the device: the verdict, and the sentences of the report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from lacp.conformance.tester.conversation import Conversation
from lacp.conformance.tester.results import Remark
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import TOLERANCE
from lacp.conformance.verdict import Verdict


class Failed(Exception):
    """The case ends with FAIL; the sentence says why."""


class Judgement(Conversation):
    """A conversation that is judged."""

    def fail(self, text: str) -> NoReturn:
        """End the case with FAIL."""
        raise Failed(text)

    def warn(self, text: str) -> None:
        """Against a recommendation, or against what all but everybody does."""
        self._remark(Verdict.WARN, text)

    def info(self, text: str) -> None:
        """Record a behaviour about which the case does not judge."""
        self._remark(Verdict.INFO, text)

    def note(self, text: str) -> None:
        """Add to the report something that does not touch the verdict."""
        self._remark(Verdict.PASS, text)

    def check(self, condition: object, seen: str, expected: str) -> None:
        """Fail unless the condition holds: "saw `seen`, expected `expected`"."""
        if not condition:
            self.fail(f"saw {seen}, expected {expected}")

    def check_at(
        self,
        elapsed: float,
        nominal: float,
        what: str,
        *,
        tolerance: float = TOLERANCE,
        late: float = 0.0,
    ) -> None:
        """Fail unless `elapsed` seconds are the nominal ones, within tolerance and slack; `late`
        more are allowed for a LACPDU that has to tell it (PROMPT, or BOUND)."""
        earliest = nominal - tolerance - self.slack
        latest = nominal + tolerance + self.slack + late
        self.check(
            earliest <= elapsed <= latest,
            f"{what} {elapsed:.3f} s",
            f"{nominal:g} s, that is {earliest:g} to {latest:g} s with all tolerances",
        )

    def check_prompt(self, pdu: Seen, since: float, what: str) -> None:
        """An answer within the bound of the transmit limit, or fail; warn when it is not prompt."""
        took = pdu.time - since
        self.check(
            took <= self.bound, f"{what} after {took:.3f} s", f"it within {self.bound:g} s (6.4.16)"
        )
        if took > self.prompt:
            self.warn(f"saw {what} after {took:.3f} s, prompt is within {self.prompt:g} s")

    def check_rate(self, pdus: Iterable[Seen], limit: int | None = None) -> None:
        """Fail when any second holds more LACPDUs than the transmit limit (6.4.16)."""
        most = limit or self.profile.limit
        window = 1.0 - min(self.slack, 0.05)
        times = [it.time for it in pdus]
        for first, over in zip(times, times[most:], strict=False):
            self.check(
                over - first >= window - 1e-9,
                f"{most + 1} LACPDUs in {over - first:.3f} s, from {first - self.began:.3f} s on",
                f"at most {most} in any second (6.4.16)",
            )

    def _remark(self, verdict: Verdict, text: str) -> None:
        self.remarks.append(Remark(verdict, self.now - self.began, text))

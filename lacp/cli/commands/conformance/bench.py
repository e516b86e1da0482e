"""The tester's bench on real interfaces and the real clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from lacp.backends.wire import Wires
from lacp.conformance.catalogue.case import Case
from lacp.conformance.tester.bench import Dataplane, Management
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.results import Outcome
from lacp.conformance.tester.run import Run, skipped
from lacp.conformance.verdict import Verdict
from lacp.errors import LacpError
from lacp.link import Duplex

#: Seconds that a case may go on after its time: none has a wait without end, this says so.
_ENDLESS = 1800.0
_ATTEMPTS = 3


class WireBench:
    """A device under test at the far ends of these interfaces."""

    def __init__(self, wires: Wires, management: Management | None = None) -> None:
        self.links = len(wires.interfaces)
        self.management = management
        self.dataplane: Dataplane | None = None
        self._wires = wires

    def send(self, link: int, frame: bytes) -> None:
        self._wires.send(link, frame)

    def set_link(self, link: int, up: bool, duplex: Duplex = Duplex.FULL) -> None:
        self._wires.set_link(link, up)

    def run(self, case: Case, profile: Profile) -> Outcome:
        """Run one case that fits, in real time.

        A case in which this host was late itself proves nothing: it is run again, and skipped when
        it comes to nothing once more.
        """
        for _ in range(_ATTEMPTS):
            outcome, late = self._attempt(case, profile)
            if late <= profile.slack or outcome.verdict is Verdict.PASS:
                return outcome
        reason = (
            f"this host was {late:.1f} s late in the middle of the case, {_ATTEMPTS} times over,"
            f" expected at most {profile.slack:g} s: it is too busy to test a device"
        )
        return skipped(case, reason)

    def _attempt(self, case: Case, profile: Profile) -> tuple[Outcome, float]:
        """The outcome, and how many seconds this host was late at the worst."""
        # Frames of the case before must not be taken for answers in this one.
        while self._wires.read(0.0):
            pass
        now = began = time.monotonic()
        run = Run(case, profile, self, now)
        late = 0.0
        while run.outcome is None:
            due = run.next_deadline()
            for heard in self._wires.read(due - time.monotonic()):
                # The kernel's stamp may be a little older than what was done since.
                now = max(now, heard.time)
                late = max(late, time.monotonic() - heard.time)
                run.receive(heard.link, heard.octets, now)
            now = max(now, time.monotonic())
            late = max(late, now - due)
            run.advance(now)
            if now - began > _ENDLESS:
                return run.abort(f"no end after {_ENDLESS:.0f} s"), late
        return run.outcome, late


def outcomes(
    bench: WireBench, cases: Sequence[Case], profile: Profile, reasons: dict[str, str]
) -> Iterator[Outcome]:
    """Run the cases one after the other; `reasons` says which are skipped, and why."""
    for case in cases:
        reason = reasons.get(case.id) or case.unfit(profile, bench.links)
        if reason:
            yield skipped(case, reason)
            continue
        try:
            yield bench.run(case, profile)
        except LacpError as error:
            raise type(error)(f"{case.id}: {error}") from error

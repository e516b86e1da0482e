"""Runs of the tester made by hand, with frames of simulated conversations as their evidence."""

from __future__ import annotations

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.tester.results import Exchange, Outcome, Remark, RunReport
from lacp.conformance.verdict import Verdict
from lacp.wire import slow
from lacp.wire.marker import Marker
from tests.unit.conformance.report.conversations import calm

TEXT = "Expired was set 3.9 s after H's last LACPDU, expected 3 s (±0.25 s)."
WAIVER = "an old kernel, known since 2019"
NO_NEED = "needs management, which this bench has not"


def exchanges(seconds: float = 8.0, links: int = 1) -> tuple[Exchange, ...]:
    """What the two ends said; the left one is the tester. A marker and an odd frame end it."""
    network = calm(seconds, links)
    found = [
        Exchange(
            flight.sent_at,
            int(flight.source[1]) - 1,
            flight.source[0] == "left",
            "LACPDU",
            flight.frame,
        )
        for flight in network.frames
    ]
    system = Mac.parse("02:00:00:01:00:00")
    for pdu in (Marker(1, system, 7).encode(), b"\x0a" + bytes(50)):
        octets = slow.ethernet(SLOW_PROTOCOLS_MULTICAST, system, pdu)
        found.append(Exchange(seconds, 0, True, "odd", octets))
    return tuple(found)


def outcome(case: str, verdict: Verdict = Verdict.PASS, text: str = "", **rest: object) -> Outcome:
    """One case, with one remark when there is something to say."""
    remarks = (Remark(verdict, 4.2, text),) if text else ()
    return Outcome(
        case=case,
        title=f"What {case} asks of a device",
        clause="6.4.12",
        expected="Expired set 3 s (±0.25 s) after H's last LACPDU",
        source="the standard",
        verdict=verdict,
        remarks=remarks,
        duration=8.0,
        **rest,  # type: ignore[arg-type]
    )


def run(profile: str = "engine", *, failing: bool = True) -> RunReport:
    """A run of six cases; a failing one has every verdict."""
    bad = Verdict.FAIL if failing else Verdict.PASS
    return RunReport(
        profile=profile,
        edition="2014",
        control="independent",
        device=f"{profile} 1.2, two ports",
        versions={"lacp": "0.1.0", "linux": "6.1"},
        command="lacpctl conformance run --interface a,b | tee log",
        started="2026-01-01T00:00:00Z",
        slack=0.15,
        links=2,
        outcomes=[
            outcome("PDU-01"),
            outcome("RXM-06", bad, TEXT if failing else "", frames=exchanges(links=2)),
            outcome("RXM-21", Verdict.WARN, "No activity term.", waiver=WAIVER),
            outcome("PER-02", Verdict.INFO, "Intervals of 29.9 s."),
            outcome("CHN-01", Verdict.SKIP, NO_NEED),
            outcome("CHN-02", Verdict.SKIP, NO_NEED),
        ],
    )

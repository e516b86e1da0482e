"""Sentences about captures."""

from lacp.conformance.judge.report import CaptureReport, FrameCounts, Tally
from lacp.conformance.report import words
from lacp.conformance.verdict import Verdict
from tests.unit.conformance.report.conversations import add_finding, calm, report


def test_frames_by_kind() -> None:
    said = words.frames_by_kind
    assert said(FrameCounts()) == "0 frames, none of LACP"
    assert said(FrameCounts(total=1, lacpdu=1)) == "1 frame: 1 LACPDU"
    counts = FrameCounts(1200, 1000, 1, 2, malformed=3, truncated=4)
    assert said(counts) == (
        "1,200 frames: 1,000 LACPDUs, 1 Marker PDU, 2 Marker Response PDUs, 3 malformed, "
        "4 cut short by the capture"
    )


def test_frame_ranges() -> None:
    assert words.frame_ranges(()) == ""
    assert words.frame_ranges((3, 4, 5, 6, 9)) == "3-6, 9"
    assert words.frame_ranges((1, 3, 5, 7, 8), most=2) == "1, 3 +3"


def test_verdict_names_who_is_wrong() -> None:
    made = report(calm(20))
    assert words.verdict([made]) == "nothing violated; 3 checks inconclusive"
    add_finding(made, "PDU-06", (7,), "odd", Verdict.WARN)
    assert words.verdict([made]) == "nothing violated, 1 warning; 3 checks inconclusive"
    add_finding(made, "TX-01", (6,), "wrong")
    add_finding(made, "TX-01", (8,), "wrong again")
    assert words.verdict([made]) == "1 rule violated, by 02:00:00:02:00:00#1 (TX-01), 1 warning"


def test_verdict_on_nothing() -> None:
    assert words.verdict([]) == "nothing to judge"
    made = CaptureReport("x")
    assert words.verdict([made]) == "nothing to judge"
    made.rules["TX-01"] = Tally(passed=1)
    assert words.verdict([made]) == "nothing violated"

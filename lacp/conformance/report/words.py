"""The sentences that text and page have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lacp.conformance.judge.report import CaptureReport, Finding, FrameCounts
from lacp.conformance.verdict import Verdict
from lacp.text import count

#: The frames that are counted, as they are called: one, and many.
KINDS = {
    "lacpdu": ("LACPDU", "LACPDUs"),
    "marker": ("Marker PDU", "Marker PDUs"),
    "marker_response": ("Marker Response PDU", "Marker Response PDUs"),
    "other_slow": ("frame of another slow protocol", "frames of other slow protocols"),
    "malformed": ("malformed", "malformed"),
    "truncated": ("cut short by the capture", "cut short by the capture"),
}


def frames_by_kind(counts: FrameCounts) -> str:
    """20 frames: 18 LACPDUs, 2 malformed."""
    total = count(counts.total, "frame")
    kinds = [
        count(getattr(counts, name), *words)
        for name, words in KINDS.items()
        if getattr(counts, name)
    ]
    return f"{total}: {', '.join(kinds)}" if kinds else f"{total}, none of LACP"


def frame_ranges(frames: Sequence[int], most: int = 3) -> str:
    """3-6, 9 and so on; what is beyond `most` ranges is counted."""
    ranges: list[list[int]] = []
    for frame in frames:
        if ranges and frame == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], frame]
        else:
            ranges.append([frame, frame])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in ranges[:most]]
    left = sum(b - a + 1 for a, b in ranges[most:])
    return ", ".join(shown) + (f" +{left}" if left else "")


def verdict(captures: Iterable[CaptureReport]) -> str:
    """What became of everything that was judged, in one line."""
    captures = list(captures)
    findings = [each for report in captures for each in report.findings]
    tallies = [tally for report in captures for tally in report.rules.values()]
    wrong = [each for each in findings if each.verdict is Verdict.FAIL]
    warned = sum(each.verdict is Verdict.WARN for each in findings)
    open_ = sum(tally.inconclusive for tally in tallies)
    warnings = f", {count(warned, 'warning')}" if warned else ""
    if wrong:
        return f"{_violated(wrong)}{warnings}"
    if not any(tally.passed or tally.inconclusive for tally in tallies):
        return f"nothing to judge{warnings}"
    inconclusive = f"; {count(open_, 'check')} inconclusive" if open_ else ""
    return f"nothing violated{warnings}{inconclusive}"


def _violated(wrong: Sequence[Finding]) -> str:
    rules = {each.rule for each in wrong}
    by = ", ".join(
        f"{actor} ({', '.join(sorted({each.rule for each in wrong if each.actor == actor}))})"
        for actor in sorted({each.actor for each in wrong})
    )
    return f"{count(len(rules), 'rule')} violated, by {by}"

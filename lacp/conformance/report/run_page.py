"""A run of the tester, or several side by side, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from lacp.conformance.catalogue.case import group_of
from lacp.conformance.judge.report import Exhibit
from lacp.conformance.judge.seen import Seen, read
from lacp.conformance.judge.timeline import entry
from lacp.conformance.report import matrix
from lacp.conformance.report.documents import Document, timeline_entry
from lacp.conformance.report.exhibits import Exhibition
from lacp.conformance.report.page import assemble
from lacp.conformance.report.run_table import about, verdict_of
from lacp.conformance.tester.results import Exchange, Outcome, RunReport
from lacp.conformance.verdict import Verdict
from lacp.errors import DecodeError
from lacp.wire import slow
from lacp.wire.layout import HEADER
from lacp.wire.marker import Marker

TESTER = "tester"
DEVICE = "device"

#: The verdicts whose frames are drawn.
_DRAWN = (Verdict.FAIL, Verdict.WARN)


def run_page(report: RunReport) -> str:
    """The page about one run: each case, and the frames of those that did not pass."""
    exhibition = Exhibition()
    verdict = verdict_of(report)
    said: Document = {
        "verdict": verdict,
        "device": report.device or report.profile,
        "about": about(report),
        "command": report.command,
        "cases": [_case(each, exhibition) for each in report.outcomes],
    }
    said.update(exhibition.world())
    title = f"LACP conformance of {report.device or report.profile}"
    return assemble(title, verdict, said, "run.js")


def matrix_page(reports: Sequence[RunReport]) -> str:
    """The page of several runs side by side."""
    said = matrix.matrix(reports)
    names = ", ".join(run["name"] for run in said["runs"]) or "nothing"
    verdict = f"{len(said['cases'])} cases, {len(said['runs'])} runs"
    said["verdict"] = verdict
    for row in said["cases"]:
        row["group"] = group_of(row["case"])
    return assemble(f"LACP conformance: {names}", verdict, said, "matrix.js")


def _case(outcome: Outcome, exhibition: Exhibition) -> Document:
    said = outcome.to_json()
    del said["frames"]
    said["group"] = group_of(outcome.case)
    said["reason"] = outcome.reason
    said["talks"] = _talks(outcome, exhibition) if outcome.verdict in _DRAWN else []
    return said


def _talks(outcome: Outcome, exhibition: Exhibition) -> list[Document]:
    """What was said on each link."""
    numbered = list(enumerate(outcome.frames, 1))
    links = sorted({each.link for each in outcome.frames})
    return [
        _talk(link, [(number, it) for number, it in numbered if it.link == link], exhibition)
        for link in links
    ]


def _talk(link: int, frames: Sequence[tuple[int, Exchange]], exhibition: Exhibition) -> Document:
    exhibits = []
    timelines: dict[str, list[Document]] = {TESTER: [], DEVICE: []}
    for number, it in frames:
        actor = TESTER if it.ours else DEVICE
        exhibit = Exhibit(number, it.time, actor, _kind(it.octets), it.octets)
        exhibits.append(exhibition.show(exhibit))
        shown = _state(exhibit)
        if shown is not None and not _repeats(timelines[actor], shown):
            timelines[actor].append(shown)
    return {"link": link, "exhibits": exhibits, "timelines": timelines}


def _kind(octets: bytes) -> str:
    try:
        pdu = slow.decode(octets[HEADER:])
    except DecodeError:
        return "other"
    if isinstance(pdu, Marker):
        return "marker_response" if pdu.response else "marker"
    return "lacpdu"


def _state(exhibit: Exhibit) -> Document | None:
    """What the frame shows of its sender; nothing when it is no LACPDU."""
    if exhibit.kind != "lacpdu":
        return None
    content = read(exhibit.octets, HEADER, cooked=False)
    return timeline_entry(entry(Seen(exhibit.frame, exhibit.time, content)))


def _repeats(timeline: Sequence[Document], shown: Document) -> bool:
    states = ("actor_state", "partner_state", "receive", "mux")
    return bool(timeline) and all(timeline[-1][name] == shown[name] for name in states)

"""A run of the tester as JUnit XML: a suite for the run, a case for each case."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from lacp.conformance.catalogue.case import group_of
from lacp.conformance.report import suites
from lacp.conformance.tester.results import Outcome, RunReport
from lacp.conformance.verdict import Verdict

#: Frames of a failure that are told, the last ones.
_FRAMES = 40


def run_junit(report: RunReport) -> str:
    """The XML document."""
    root = suites.new_root("lacpctl conformance")
    suite = suites.testsuite(root, report.device or report.profile)
    if report.started:
        suite.set("timestamp", suites.clean(report.started))
    suite.set("time", f"{sum(each.duration for each in report.outcomes):.3f}")
    suites.properties(suite, _properties(report).items())
    for outcome in report.outcomes:
        _case(suite, outcome)
    suites.totals(root)
    return suites.written(root)


def _properties(report: RunReport) -> dict[str, object]:
    return {
        "profile": report.profile,
        "edition": report.edition,
        "control": report.control,
        "links": report.links,
        "slack": report.slack,
        "command": report.command,
        **{f"version.{name}": version for name, version in report.versions.items()},
    }


def _case(suite: Element, outcome: Outcome) -> None:
    case = suites.add(
        suite,
        "testcase",
        classname=group_of(outcome.case),
        name=f"{outcome.case}: {outcome.title}",
        time=f"{outcome.duration:.3f}",
    )
    if outcome.verdict is Verdict.FAIL:
        suites.add(case, "failure", _evidence(outcome), type=outcome.clause, message=outcome.reason)
    elif outcome.verdict is Verdict.SKIP:
        suites.add(case, "skipped", message=outcome.reason)
    elif outcome.remarks:
        suites.add(case, "system-out", "\n".join(_remarks(outcome)))


def _remarks(outcome: Outcome) -> list[str]:
    waived = [f"waived: {outcome.waiver}"] if outcome.waiver else []
    return [*waived, *(f"{it.time:.3f} s  {it.verdict}: {it.text}" for it in outcome.remarks)]


def _evidence(outcome: Outcome) -> str:
    """What was expected, what was said, and the last frames."""
    frames = [
        f"{it.time:.3f} s  link {it.link}  "
        f"{'tester > device' if it.ours else 'device > tester'}  {it.summary}"
        for it in outcome.frames[-_FRAMES:]
    ]
    return "\n".join([f"expected: {outcome.expected}", *_remarks(outcome), *frames])

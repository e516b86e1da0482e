"""The judge's reports as JUnit XML: a suite for each capture, a case for each rule and actor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from lacp.conformance.judge.report import CaptureReport, Finding, Tally
from lacp.conformance.report import suites
from lacp.conformance.report.documents import Unreadable, by_time
from lacp.conformance.verdict import Verdict


def junit(
    captures: Sequence[CaptureReport],
    unreadable: Sequence[Unreadable] = (),
    titles: Mapping[str, str] | None = None,
) -> str:
    """The XML document; `titles` says what each rule is about."""
    root = suites.new_root("pcap-replay")
    for report in captures:
        _capture(suites.testsuite(root, report.file), report, titles or {})
    for each in unreadable:
        case = suites.add(
            suites.testsuite(root, each.file), "testcase", classname=each.file, name="read"
        )
        suites.add(case, "error", message=each.reason)
    suites.totals(root)
    return suites.written(root)


def _capture(suite: Element, report: CaptureReport, titles: Mapping[str, str]) -> None:
    suites.properties(
        suite, ((name, getattr(report.frames, name)) for name in report.frames.__slots__)
    )
    findings: dict[tuple[str, str], list[Finding]] = {}
    for finding in by_time(report.findings):
        findings.setdefault((finding.rule, finding.actor), []).append(finding)
    actors = [actor.actor for actor in report.actors]
    for rule in sorted({*report.rules, *(rule for rule, _ in findings)}):
        concerned = dict.fromkeys([*actors, *(actor for name, actor in findings if name == rule)])
        for actor in concerned:
            title = f": {titles[rule]}" if rule in titles else ""
            name = f"{rule} by {actor}{title}"
            case = suites.add(suite, "testcase", classname=report.file, name=name)
            found = findings.get((rule, actor), [])
            _outcome(case, found, report.rules.get(rule, Tally()))
    if report.damage is not None:
        case = suites.add(suite, "testcase", classname=report.file, name="read to the end")
        suites.add(case, "error", message=report.damage)
    if report.limits:
        suites.add(suite, "system-err", "\n".join(report.limits))


def _outcome(case: Element, found: Sequence[Finding], tally: Tally) -> None:
    wrong = [each for each in found if each.verdict is Verdict.FAIL]
    if wrong:
        suites.add(
            case,
            "failure",
            "\n".join(_line(each) for each in wrong),
            type=wrong[0].rule,
            message=wrong[0].message,
        )
    elif not found and tally.inconclusive and not tally.passed:
        suites.add(
            case, "skipped", message="inconclusive: the capture does not show what decides it"
        )
    if warned := [each for each in found if each.verdict is not Verdict.FAIL]:
        suites.add(case, "system-out", "\n".join(_line(each) for each in warned))


def _line(found: Finding) -> str:
    frames = ", ".join(str(frame) for frame in found.frames)
    return f"{found.verdict}: {found.time:.3f} s, frames {frames}, {found.clause}: {found.message}"

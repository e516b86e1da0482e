"""A run of the tester as text: what did not pass and why, what was skipped, and the counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lacp.conformance.catalogue.case import group_of
from lacp.conformance.report.table import STYLES, Screen
from lacp.conformance.tester.results import Outcome, RunReport
from lacp.conformance.verdict import Verdict
from lacp.text import count, plain

#: In the order in which they are told.
VERDICTS = (
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.INFO,
    Verdict.PASS,
    Verdict.SKIP,
    Verdict.INCONCLUSIVE,
)

_INDENT = "  "


def lines(report: RunReport, screen: Screen) -> Iterator[str]:
    """Everything about one run, but for its frames."""
    yield screen.paint("title", plain(report.device or report.profile))
    yield from screen.wrap(plain(about(report)), _INDENT)
    for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.INFO):
        found = [each for each in report.outcomes if each.verdict is verdict]
        if found:
            yield ""
            yield from _told(found, verdict, screen)
    yield from _skipped(report.outcomes, screen)
    yield from _groups(report.outcomes, screen)
    yield ""
    style = "bad" if report.failed else "good"
    yield from (screen.paint(style, line) for line in screen.wrap(verdict_of(report)))


def about(report: RunReport) -> str:
    """How the run was made, in one line."""
    parts = [
        f"edition {report.edition}",
        f"{report.control} control",
        count(report.links, "link"),
        f"slack {report.slack:g} s" if report.slack else "",
        report.started,
        *(f"{name} {version}" for name, version in report.versions.items()),
    ]
    return ", ".join(part for part in parts if part)


def verdict_of(report: RunReport) -> str:
    """The whole run in one line."""
    counts = report.counts
    wrong = [each.case for each in report.outcomes if each.verdict is Verdict.FAIL]
    said = ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts.get(each))
    if not report.outcomes:
        return "no case was run"
    head = f"{count(len(wrong), 'case')} failed" if wrong else "nothing failed"
    named = f": {', '.join(wrong[:12])}{' and more' if len(wrong) > 12 else ''}" if wrong else ""
    return f"{head}{named} ({said})"


def _told(found: Sequence[Outcome], verdict: Verdict, screen: Screen) -> Iterator[str]:
    for each in found:
        head = f"{_INDENT}{str(verdict).upper():5} {each.case:7} {each.clause:8} "
        first, *more = screen.wrap(head + plain(each.title), "", " " * len(head)) or [head]
        yield screen.paint(STYLES.get(verdict, ""), first)
        yield from more
        yield from screen.wrap(plain(each.reason), _INDENT * 4)
        if each.waiver:
            yield from screen.wrap(f"waived: {plain(each.waiver)}", _INDENT * 4)


def _skipped(outcomes: Sequence[Outcome], screen: Screen) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for each in outcomes:
        if each.verdict is Verdict.SKIP:
            reasons.setdefault(each.reason, []).append(each.case)
    if reasons:
        yield ""
        yield screen.paint("dim", f"{_INDENT}not run")
    for reason, cases in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        yield from screen.wrap(
            f"{len(cases):3}  {plain(reason)}: {', '.join(cases)}", _INDENT, " " * 7
        )


def _groups(outcomes: Sequence[Outcome], screen: Screen) -> Iterator[str]:
    """A line for each group of cases, with the verdicts that occurred at all."""
    shown = [each for each in VERDICTS if any(one.verdict is each for one in outcomes)]
    if not shown:
        return
    yield ""
    titles = "".join(f"{str(each).upper():>8}" for each in shown)
    yield screen.paint("dim", f"{_INDENT}GROUP{titles}")
    groups: dict[str, list[Verdict]] = {}
    for one in outcomes:
        groups.setdefault(group_of(one.case), []).append(one.verdict)
    for name, verdicts in groups.items():
        counts = "".join(f"{verdicts.count(each) or '-':>8}" for each in shown)
        style = "bad" if Verdict.FAIL in verdicts else ""
        yield screen.paint(style, f"{_INDENT}{name:5}{counts}")

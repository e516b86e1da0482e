"""The judge's report as text for a terminal, made for 80 columns at night."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from lacp.conformance.judge.report import ActorReport, CaptureReport, Finding, LinkReport
from lacp.conformance.report import words
from lacp.conformance.report.documents import by_time
from lacp.conformance.verdict import Verdict
from lacp.info import PORT_STATES, PortState
from lacp.text import count, plain

#: What verdicts look like on a screen; the others have no colour.
STYLES = {
    Verdict.PASS: "good",
    Verdict.FAIL: "bad",
    Verdict.WARN: "warn",
    Verdict.SKIP: "dim",
}

_INDENT = "  "


class Screen(Protocol):
    """Where the text is to be shown: its width and its colours."""

    @property
    def width(self) -> int:
        """Columns."""

    def paint(self, style: str, text: str) -> str:
        """`text` in the colour of `style`: good, warn, bad, dim, bold or title."""

    def wrap(self, text: str, indent: str = "", hanging: str | None = None) -> list[str]:
        """`text` broken to the width; `hanging` begins the lines after the first."""


def lines(report: CaptureReport, titles: Mapping[str, str], screen: Screen) -> Iterator[str]:
    """Everything about one capture."""
    yield from screen.wrap(f"{plain(report.file)}: {words.frames_by_kind(report.frames)}")
    if report.damage is not None:
        yield from _painted(screen, "warn", f"damaged: {plain(report.damage)}")
    for limit in report.limits:
        yield from _painted(screen, "dim", f"limit: {plain(limit)}")
    actors = {actor.actor: actor for actor in report.actors}
    told: set[str] = set()
    for link in report.links:
        told.update(link.ends)
        yield ""
        yield from _link(link, actors, report.findings, screen)
    rest = [each for each in report.findings if each.actor not in told]
    if rest:
        yield ""
        yield screen.paint("title", "By others")
        yield from _findings(rest, screen)
    if report.left_out:
        yield ""
        yield from screen.wrap(
            f"{report.left_out:,} more findings, states or PDUs were left out to bound the memory"
        )
    yield from _rules(report, titles, screen)


def verdict_line(captures: Sequence[CaptureReport], screen: Screen) -> list[str]:
    """The verdict over all, the last thing that is said."""
    said = words.verdict(captures)
    style = "bad" if " violated, by " in said else "good"
    return [screen.paint(style, line) for line in screen.wrap(said, hanging=_INDENT)]


def _painted(screen: Screen, style: str, text: str) -> list[str]:
    return [screen.paint(style, line) for line in screen.wrap(text, _INDENT, _INDENT * 2)]


def _link(
    link: LinkReport,
    actors: Mapping[str, ActorReport],
    findings: Iterable[Finding],
    screen: Screen,
) -> Iterator[str]:
    yield screen.paint("title", f"Link {' <-> '.join(link.ends)}")
    for end in link.ends:
        yield from screen.wrap(_end(end, actors.get(end)), _INDENT, _INDENT * 3)
    yield from screen.wrap(plain(link.summary), _INDENT)
    yield from _findings([each for each in findings if each.actor in link.ends], screen)


def _end(name: str, actor: ActorReport | None) -> str:
    if actor is None:
        return f"{name}: not seen"
    said = (
        f"{name}: {count(actor.pdus, 'LACPDU')}, {actor.first:.3f}-{actor.last:.3f} s, "
        f"from {actor.source_mac}, system priority {actor.system_priority}, key {actor.key}, "
        f"port priority {actor.port_priority}"
    )
    if not actor.timeline:
        return said
    state = PORT_STATES[actor.timeline[-1].actor_state]
    activity = "active" if PortState.ACTIVITY in state else "passive"
    timeout = "short" if PortState.SHORT_TIMEOUT in state else "long"
    return f"{said}, {activity}, {timeout} timeout"


def _findings(findings: Iterable[Finding], screen: Screen) -> Iterator[str]:
    """A line of facts for each finding, and its sentence below, at the width of the screen."""
    rows = [
        (
            f"{each.time:.3f}",
            words.frame_ranges(each.frames, 2),
            each.rule,
            each.clause,
            str(each.verdict).upper(),
            each.actor,
        )
        for each in by_time(findings)
    ]
    if not rows:
        return
    titles = ("TIME", "FRAMES", "RULE", "CLAUSE", "VERDICT", "ACTOR")
    widths = [max(len(row[at]) for row in (titles, *rows)) for at in range(len(titles))]
    yield ""
    yield screen.paint("dim", _row(titles, widths))
    for each, row in zip(by_time(findings), rows, strict=True):
        yield screen.paint(STYLES.get(each.verdict, ""), _row(row, widths))
        yield from screen.wrap(plain(each.message), _INDENT * 3)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    time, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{_INDENT}{time.strip().rjust(widths[0])}  {'  '.join(others)}".rstrip()


def _rules(report: CaptureReport, titles: Mapping[str, str], screen: Screen) -> Iterator[str]:
    """A line for each rule, with the outcomes that occurred at all."""
    if not report.rules:
        return
    outcomes = [
        (title, name)
        for title, name in _OUTCOMES
        if name == "passed" or any(getattr(tally, name) for tally in report.rules.values())
    ]
    width = max(len(rule) for rule in report.rules)
    yield ""
    head = "".join(title.rjust(_column(title)) for title, _ in outcomes)
    yield screen.paint("dim", f"{_INDENT}{'RULE':{width}}{head}  WHAT IT ASKS")
    for rule in sorted(report.rules):
        tally = report.rules[rule]
        counts = "".join(
            str(getattr(tally, name) or "-").rjust(_column(title)) for title, name in outcomes
        )
        start = f"{_INDENT}{rule:{width}}{counts}  "
        text = screen.wrap(plain(titles.get(rule, "")), " " * len(start)) or [""]
        style = "bad" if tally.failed else "warn" if tally.warned else ""
        yield screen.paint(style, start.rstrip()) + text[0][len(start.rstrip()) :]
        yield from text[1:]


def _column(title: str) -> int:
    return max(7, len(title) + 2)


_OUTCOMES = (
    ("PASS", "passed"),
    ("FAIL", "failed"),
    ("WARN", "warned"),
    ("INCONCLUSIVE", "inconclusive"),
)

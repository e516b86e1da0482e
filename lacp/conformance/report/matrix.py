"""Several runs side by side: a row for each case, a column for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lacp.conformance.catalogue.case import group_of
from lacp.conformance.report.documents import Document
from lacp.conformance.report.run_table import VERDICTS
from lacp.conformance.report.table import STYLES, Screen
from lacp.conformance.tester.results import Outcome, RunReport
from lacp.conformance.verdict import Verdict
from lacp.text import plain

VERSION = 1

#: What stands for a case that a run does not have.
_ABSENT = "-"
#: What stands for a failure that the device's profile expects.
_WAIVED = "FAIL*"
_LEGEND = "* expected by the profile of the device, with a reason"


def matrix(reports: Sequence[RunReport]) -> Document:
    """The document: the runs, and for each case what every run made of it, None where it is not in.

    Cases stand in the order of the runs, those of the first run first.
    """
    found = [{each.case: each for each in report.outcomes} for report in reports]
    cases = dict.fromkeys(case for outcomes in found for case in outcomes)
    return {
        "version": VERSION,
        "runs": [
            {
                "name": name,
                "device": report.device,
                "profile": report.profile,
                "edition": report.edition,
                "control": report.control,
                "links": report.links,
                "versions": dict(report.versions),
                "command": report.command,
                "started": report.started,
                **_counts(report),
            }
            for name, report in zip(_names(reports), reports, strict=True)
        ],
        "cases": [_row(case, [outcomes.get(case) for outcomes in found]) for case in cases],
    }


def _counts(report: RunReport) -> Document:
    """How many cases ended how; failures that the profile expects are not among the warnings."""
    waived = sum(each.waiver is not None for each in report.outcomes)
    counts = {str(each): report.counts.get(each, 0) for each in VERDICTS}
    counts[str(Verdict.WARN)] -= waived
    return {"counts": counts, "waived": waived}


def _names(reports: Sequence[RunReport]) -> list[str]:
    """A short name for each run, no two alike."""
    names: list[str] = []
    for report in reports:
        name = report.profile or "run"
        again = sum(known == name or known.startswith(f"{name} (") for known in names)
        names.append(f"{name} ({again + 1})" if again else name)
    return names


def _row(case: str, outcomes: Sequence[Outcome | None]) -> Document:
    known = next(each for each in outcomes if each is not None)
    return {
        "case": case,
        "title": known.title,
        "clause": known.clause,
        "expected": known.expected,
        "outcomes": [
            None
            if each is None
            else {"verdict": str(each.verdict), "reason": each.reason, "waiver": each.waiver}
            for each in outcomes
        ],
    }


def lines(said: Document, screen: Screen) -> Iterator[str]:
    """The matrix as text; a column is as narrow as its name and its verdicts."""
    names = [plain(run["name"]) for run in said["runs"]]
    widths = [max(len(name), len(_WAIVED)) for name in names]
    for run, name in zip(said["runs"], names, strict=True):
        counts = ", ".join(
            f"{count} {verdict}" for verdict, count in run["counts"].items() if count
        )
        if run["waived"]:
            counts = f"{run['waived']} {_WAIVED}, {counts}"
        about = f"edition {run['edition']}, {run['control']} control: {counts or 'no case'}"
        yield from screen.wrap(plain(f"{name}: {run['device']}, {about}"), "", "  ")
    yield ""
    titles = "  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True))
    yield screen.paint("dim", f"{'CASE':8}{titles}  TITLE")
    for row in said["cases"]:
        cells = [
            screen.paint(_style(each), _short(each).ljust(width))
            for each, width in zip(row["outcomes"], widths, strict=True)
        ]
        start = 8 + sum(widths) + 2 * len(widths)
        title, *more = screen.wrap(plain(row["title"]), " " * start) or [""]
        yield f"{row['case']:8}{'  '.join(cells)}  {title[start:]}".rstrip()
        yield from more
    if _waived(said):
        yield screen.paint("dim", _LEGEND)


def _waived(said: Document) -> bool:
    return any(
        each is not None and each["waiver"] for row in said["cases"] for each in row["outcomes"]
    )


def _short(outcome: Document | None) -> str:
    if outcome is None:
        return _ABSENT
    if outcome["waiver"]:
        return _WAIVED
    verdict = str(outcome["verdict"])
    return verdict.upper() if verdict in (Verdict.FAIL, Verdict.WARN) else verdict


def _style(outcome: Document | None) -> str:
    if outcome is None:
        return "dim"
    return STYLES.get(Verdict(outcome["verdict"]), "")


def markdown(said: Document) -> Iterator[str]:
    """The matrix for a page of documentation: counts, all cases, and why a case did not pass."""
    shown = [str(each) for each in VERDICTS if each is not Verdict.INCONCLUSIVE]
    yield _cells("run", "device", "edition", "control", _escaped(_WAIVED), *shown)
    yield _cells(*["---"] * 4, *["--:"] * (1 + len(shown)))
    for run in said["runs"]:
        facts = (_escaped(run[name]) for name in ("name", "device", "edition", "control"))
        yield _cells(*facts, str(run["waived"]), *(str(run["counts"][each]) for each in shown))
    yield ""
    names = [_escaped(run["name"]) for run in said["runs"]]
    yield _cells("case", "what a conforming device does", *names)
    yield _cells(*["---"] * (2 + len(names)))
    for row in said["cases"]:
        verdicts = (_marked(each) for each in row["outcomes"])
        yield _cells(_escaped(row["case"]), _escaped(row["title"]), *verdicts)
    if _waived(said):
        yield f"\n{_escaped(_LEGEND)}"
    yield from _reasons(said)
    yield from _made(said)


def _marked(outcome: Document | None) -> str:
    short = _short(outcome)
    return f"**{short}**" if short == "FAIL" else _escaped(short)


def _reasons(said: Document) -> Iterator[str]:
    """Why, where a case failed or got a warning."""
    group = ""
    for row in said["cases"]:
        for run, outcome in zip(said["runs"], row["outcomes"], strict=True):
            if outcome is None or outcome["verdict"] not in (Verdict.FAIL, Verdict.WARN):
                continue
            if group != group_of(row["case"]):
                group = group_of(row["case"])
                yield f"\n### {_escaped(group)}\n"
            said_of_it = "fail" if outcome["waiver"] else outcome["verdict"]
            what = f"{row['case']}, {run['name']}, {said_of_it}: {outcome['reason']}"
            waiver = f" Expected: {outcome['waiver']}" if outcome["waiver"] else ""
            yield f"- {_escaped(what + waiver)}"


def _made(said: Document) -> Iterator[str]:
    """How each run was made."""
    if any(run["command"] for run in said["runs"]):
        yield "\n### How it was made\n"
    for run in said["runs"]:
        if run["command"]:
            versions = [f"{name} {version}" for name, version in run["versions"].items()]
            facts = ", ".join(each for each in (*versions, run["started"]) if each)
            code = plain(" ".join(run["command"].split())).replace("`", "'")
            yield f"- {_escaped(run['name'])}: `{code}` ({_escaped(facts)})"


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """`text` in one line, with nothing in it that Markdown would take for its own."""
    line = plain(" ".join(text.split()))
    return "".join(f"\\{c}" if c in "\\`*_<>[]|" else c for c in line)

"""Runs of the tester as text, as JUnit, and side by side."""

import io
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.cli.output import Screen
from lacp.conformance.report import matrix, run_table
from lacp.conformance.report.run_junit import run_junit
from lacp.conformance.tester.results import RunReport
from lacp.conformance.verdict import Verdict
from tests.golden import Golden, golden  # noqa: F401 - a fixture
from tests.unit.conformance.report.runs import NO_NEED, TEXT, outcome, run


def shown(report: RunReport, width: int = 80) -> list[str]:
    return list(run_table.lines(report, Screen(io.StringIO(), {}, width=width)))


@pytest.mark.parametrize("width", [80, 132])
def test_a_run_as_text(width: int, golden: Golden) -> None:  # noqa: F811
    lines = shown(run(), width)
    assert max(map(len, lines)) <= width
    golden.check("\n".join(lines) + "\n")


def test_the_verdict_of_a_run() -> None:
    said = run_table.verdict_of
    assert said(run()) == "1 case failed: RXM-06 (1 fail, 1 warn, 1 info, 1 pass, 2 skip)"
    assert said(run(failing=False)) == "nothing failed (1 warn, 1 info, 2 pass, 2 skip)"
    empty = run()
    empty.outcomes = []
    assert said(empty) == "no case was run"
    assert shown(empty)[-1] == "no case was run"


def test_a_device_cannot_write_to_the_terminal() -> None:
    report = run()
    report.device = report.command = report.started = "\x1b[2J"
    report.outcomes = [outcome("RXM-06", Verdict.FAIL, "\x1b[31m\rred", waiver="\x1b[A")]
    assert not any("\x1b" in line or "\r" in line for line in shown(report))
    said = matrix.matrix([report, report])
    screen = Screen(io.StringIO(), {}, width=80)
    assert not any("\x1b" in line for line in matrix.lines(said, screen))
    assert not any("\x1b" in line for line in matrix.markdown(said))


# JUnit.


def test_junit_of_a_run() -> None:
    root = fromstring(run_junit(run()))
    (suite,) = root
    assert suite.get("name") == "engine 1.2, two ports"
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {
        "tests": "6",
        "failures": "1",
        "errors": "0",
        "skipped": "2",
        "time": "48.000",
    }
    (failure,) = suite.iter("failure")
    assert failure.get("message") == TEXT
    assert failure.text is not None
    assert "expected: Expired set 3 s" in failure.text
    assert "link 1  device > tester  LACPDU" in failure.text
    assert {each.get("message") for each in suite.iter("skipped")} == {NO_NEED}
    cases = {case.get("name"): case.get("classname") for case in suite.iter("testcase")}
    assert cases["RXM-06: What RXM-06 asks of a device"] == "RXM"


@given(st.text(st.characters(codec=None)))
def test_any_text_makes_well_formed_xml(text: str) -> None:
    report = run()
    report.device = report.command = report.started = text
    report.versions = {text: text}
    report.outcomes.append(outcome(text, Verdict.FAIL, text, waiver=text))
    fromstring(run_junit(report).encode())


# Side by side.


def test_a_row_for_each_case_and_a_column_for_each_run() -> None:
    other = run("ovs", failing=False)
    other.outcomes = [*other.outcomes[1:], outcome("MRK-01", Verdict.FAIL, "No response.")]
    said = matrix.matrix([run(), other, run("ovs")])
    assert [each["name"] for each in said["runs"]] == ["engine", "ovs", "ovs (2)"]
    verdicts = {
        row["case"]: [each and each["verdict"] for each in row["outcomes"]] for row in said["cases"]
    }
    assert verdicts == {
        "PDU-01": ["pass", None, "pass"],
        "RXM-06": ["fail", "pass", "fail"],
        "RXM-21": ["warn", "warn", "warn"],
        "PER-02": ["info", "info", "info"],
        "CHN-01": ["skip", "skip", "skip"],
        "CHN-02": ["skip", "skip", "skip"],
        "MRK-01": [None, "fail", None],
    }
    assert said["runs"][0]["counts"]["skip"] == 2


def test_no_runs_at_all() -> None:
    said = matrix.matrix([])
    assert said == {"version": 1, "runs": [], "cases": []}
    assert list(matrix.markdown(said))
    assert list(matrix.lines(said, Screen(io.StringIO(), {}, width=80)))


def test_matrix_as_text(golden: Golden) -> None:  # noqa: F811
    said = matrix.matrix([run(), run("ovs", failing=False)])
    lines = list(matrix.lines(said, Screen(io.StringIO(), {}, width=80)))
    assert max(map(len, lines)) <= 80
    golden.check("\n".join(lines) + "\n")


def test_matrix_for_the_documentation(golden: Golden) -> None:  # noqa: F811
    said = matrix.matrix([run(), run("ovs", failing=False)])
    golden.check("\n".join(matrix.markdown(said)) + "\n", ".md")


def test_text_of_a_device_is_no_markdown() -> None:
    report = run()
    report.device = "**a** | [b](c)\n# <script>`"
    report.profile = "p|q"
    lines = list(matrix.markdown(matrix.matrix([report])))
    assert not any(line.startswith("# ") for line in lines)
    row = next(line for line in lines if "script" in line)
    assert row.startswith(r"| p\|q | \*\*a\*\* \| \[b\](c) # \<script\>\` |")

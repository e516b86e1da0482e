"""`lacpctl conformance`: the catalogue, runs in virtual time, and runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lacp.capture.reader import open_capture
from lacp.cli.commands.conformance import driving
from lacp.cli.lacpctl import main
from lacp.conformance.catalogue import CATALOGUE, GROUPS
from lacp.conformance.tester.results import Exchange, Outcome, RunReport
from lacp.conformance.verdict import Verdict


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["conformance", *arguments]) == code
    return capsys.readouterr().out


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(said(capsys, *arguments, "--json"))


def complained(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    assert main(["conformance", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_the_list_has_every_case_of_every_group(capsys: pytest.CaptureFixture[str]) -> None:
    cases = asked(capsys, "list")["cases"]
    assert [case["case"] for case in cases] == list(CATALOGUE)
    assert {case["case"].partition("-")[0] for case in cases} == set(GROUPS)
    for case in cases:
        for key in ("title", "clause", "stimulus", "expected", "source", "wall"):
            assert case[key], (case["case"], key)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("RXM-06", ["RXM-06"]),
        ("rxm-06,ntt-01", ["RXM-06", "NTT-01"]),
        ("NTT-01,RXM-06", ["RXM-06", "NTT-01"]),
        ("RXM-0?", [f"RXM-{number:02}" for number in range(1, 10)]),
        ("TX", [case for case in CATALOGUE if case.startswith("TX-")]),
    ],
)
def test_cases_are_named_by_id_group_and_pattern(
    pattern: str, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert [case["case"] for case in asked(capsys, "list", pattern)["cases"]] == expected


def test_verbose_says_what_a_case_sends_and_expects(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(said(capsys, "list", "RXM-03", "-v").split())
    case = CATALOGUE["RXM-03"]
    assert case.title in text
    assert case.stimulus in text
    assert case.expected in text
    assert "needs 1 link, link" in text


def test_a_run_ends_with_its_report(capsys: pytest.CaptureFixture[str]) -> None:
    document = asked(capsys, "run", "--engine", "--select", "PDU-01,NTT-12", "--edition", "2020")
    report = RunReport.from_json(document, "stdout")
    assert [(one.case, one.verdict) for one in report.outcomes] == [
        ("PDU-01", Verdict.PASS),
        ("NTT-12", Verdict.PASS),
    ]
    assert (report.edition, report.control) == ("2020", "independent")
    assert report.command.startswith("lacpctl conformance run --engine --select PDU-01,NTT-12")
    assert report.links == 1


def test_progress_is_told_while_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "run", "--engine", "--select", "PDU-01,NTT-12").splitlines()
    assert lines[0].split()[:3] == ["1/2", "PASS", "PDU-01"]
    assert lines[1].split()[:3] == ["2/2", "PASS", "NTT-12"]
    assert lines[-1] == "nothing failed (2 pass)"


def test_features_of_the_engine_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("run", "--engine", "--select", "MUX-05", "--control", "coupled", "--passive")
    document = asked(capsys, *arguments, "--timeout", "short")
    assert document["control"] == "coupled"
    assert document["counts"] == {"pass": 1}


def test_results_are_written_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [tmp_path / name for name in ("one.json", "two.json", "one.xml", "one.html")]
    one, two, junit, page = map(str, names)
    files = ("--save", one, "--junit", junit, "--html", page)
    said(capsys, "run", "--engine", "--select", "NTT", *files)
    said(capsys, "run", "--engine", "--select", "NTT-01", "--save", two)
    assert len(ElementTree.parse(junit).getroot().findall(".//testcase")) == 13
    assert names[3].read_text().startswith("<!doctype html>")
    rows = {row["case"]: row for row in asked(capsys, "matrix", one, two)["cases"]}
    assert len(rows) == 13
    table = said(capsys, "matrix", one, two, "--markdown")
    assert "| NTT-01 |" in table
    comparison = tmp_path / "matrix.html"
    said(capsys, "matrix", one, two, "--html", str(comparison))
    assert "NTT-13" in comparison.read_text()


def failing(*_: object) -> Any:
    exchange = Exchange(0.5, 0, False, "LACPDU", bytes(124))
    yield Outcome(
        case="PDU-01",
        title="title",
        clause="6.4.2",
        expected="all",
        source="the standard",
        verdict=Verdict.FAIL,
        frames=(exchange,),
    )


def test_a_failed_case_is_exit_code_1_and_leaves_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "_virtual", failing)
    folder = tmp_path / "evidence"
    arguments = ("run", "--engine", "--select", "PDU-01", "--evidence", str(folder))
    text = said(capsys, *arguments, code=1)
    assert "FAIL  PDU-01" in text
    assert "device > tester  LACPDU" in text
    with open_capture(str(folder / "PDU-01-link0.pcap"), everything=True) as capture:
        assert [frame.octets for frame in capture] == [bytes(124)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("list", "XYZ"), "no case is called XYZ, expected a group (PDU RXV "),
        (("run", "--engine", "--select", "RXM-99"), "no case is called RXM-99"),
        (("run", "--engine", "--profile", "x"), "--profile is for a device on a cable"),
        (("run", "--engine", "--no-link-control"), "--no-link-control is for a device on a cable"),
        (("run", "--engine", "--control", "auto"), "--control auto is for a device on a cable"),
        (("run", "--engine", "--save", "/tmp/x", "--html", "/tmp/x"), "--html: /tmp/x is that of"),
        (("run", "--engine", "--html", "/tmp"), "--html: /tmp is a directory"),
        (
            ("run", "--interface", ",".join("abcdefghi")),
            "--interface names 9 interfaces, expected 1 to 8",
        ),
        (("run", "--interface", "a,a"), "--interface names a twice, expected different ones"),
        (("run", "--interface", "a", "--profile", "x"), "no profile 'x', there are lacpd,"),
        (("run", "--engine", "--save", "/nowhere/x"), "--save: /nowhere/x: there is no directory"),
        (("matrix", "/nowhere/x"), "/nowhere/x: No such file or directory"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complained(capsys, *arguments).startswith(f"lacpctl: {expected}")


def test_a_file_that_is_no_result_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    for content, expected in (
        ("[1", "not JSON: "),
        ("{}", "not the result of a conformance run, expected "),
        ('{"version": 1}', "profile is missing"),
    ):
        file.write_text(content)
        assert complained(capsys, "matrix", str(file)).startswith(f"lacpctl: {file}: {expected}")


def interrupted(*_: object) -> Any:
    yield next(failing())
    raise KeyboardInterrupt


def test_a_run_that_is_interrupted_keeps_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "_virtual", interrupted)
    saved = tmp_path / "saved.json"
    arguments = ("run", "--engine", "--select", "PDU-0?", "--save", str(saved))
    text = said(capsys, *arguments, code=130)
    assert "the run was broken off: interrupted" in " ".join(text.split())
    report = RunReport.from_json(json.loads(saved.read_text()), "saved")
    verdicts = [one.verdict for one in report.outcomes]
    assert verdicts == [Verdict.FAIL] + [Verdict.SKIP] * 8

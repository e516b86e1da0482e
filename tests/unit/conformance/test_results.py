"""Results of a run: to JSON and back, and what is said of a file that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lacp.conformance.tester.results import Exchange, Outcome, Remark, RunReport
from lacp.conformance.verdict import Verdict
from lacp.errors import ConfigError

OUTCOME = Outcome(
    case="RXM-06",
    title="A partner that falls silent is missed after 3 s",
    clause="6.4.12",
    expected="Expired=1",
    source="the standard",
    verdict=Verdict.WARN,
    remarks=(Remark(Verdict.PASS, 0.5, "noted"), Remark(Verdict.FAIL, 5.0, "none came")),
    started=12.25,
    duration=5.0,
    waiver="it never was right",
    frames=(Exchange(0.5, 1, True, "LACPDU", b"\x01\x80"),),
    left_out=3,
)
REPORT = RunReport(
    profile="x",
    edition="2014",
    control="auto",
    device="X 1.2",
    versions={"lacp": "0"},
    command="lacpctl conformance run",
    started="2026-01-01T00:00:00+00:00",
    slack=0.15,
    links=2,
    outcomes=[OUTCOME],
)


def test_there_and_back() -> None:
    document = json.loads(json.dumps(REPORT.to_json()))
    assert RunReport.from_json(document, "x.json") == REPORT
    assert document["counts"] == {"warn": 1}
    assert not REPORT.failed


def test_the_reason_is_what_decided() -> None:
    assert OUTCOME.reason == "none came"
    failed = Outcome.from_json({**OUTCOME.to_json(), "verdict": "fail", "waiver": None})
    assert failed.reason == "none came"
    warned = Outcome.from_json({**OUTCOME.to_json(), "waiver": None})
    assert warned.reason == "noted"
    assert Outcome.from_json({**OUTCOME.to_json(), "remarks": []}).reason == ""


def _without(name: str) -> dict[str, Any]:
    document = REPORT.to_json()
    del document[name]
    return document


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "not the result of a conformance run"),
        ({"version": 2}, "not the result of a conformance run"),
        (_without("slack"), "slack is missing"),
        ({**REPORT.to_json(), "outcomes": [{}]}, "case is missing"),
        ({**REPORT.to_json(), "outcomes": 3}, "not iterable"),
        (
            {**REPORT.to_json(), "outcomes": [{**OUTCOME.to_json(), "verdict": "great"}]},
            "'great' is not a valid Verdict",
        ),
    ],
)
def test_a_file_that_is_none(document: object, said: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.json: ") as caught:
        RunReport.from_json(document, "x.json")
    assert said in str(caught.value)

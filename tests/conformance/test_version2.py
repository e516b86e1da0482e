"""The cases of group V2 against a device of version 2, as our engine is of version 1."""

from __future__ import annotations

import pytest

from lacp.conformance.catalogue import CATALOGUE
from lacp.conformance.catalogue.case import Case
from lacp.conformance.tester.virtual import profile_for, run_case
from lacp.conformance.verdict import Verdict
from lacp.protocol.variables import Control
from tests.conformance.version2 import Version2, manage

CASES = [case for case in CATALOGUE.values() if case.group == "V2"]
EVERY = [(case, edition) for case in CASES for edition in sorted(case.editions)]


@pytest.mark.parametrize(
    ("case", "edition"), EVERY, ids=[f"{case.id}-{edition}" for case, edition in EVERY]
)
@pytest.mark.parametrize("control", Control)
def test_a_device_of_version_2_conforms(
    case: Case, edition: str, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    manage(monkeypatch)
    for features in ({"short_timeout": True}, {"activity": False}):
        profile = profile_for(case, edition, control, version=2, **features)
        outcome = run_case(case, profile, Version2)
        assert outcome.verdict is Verdict.PASS, outcome.remarks
        assert not outcome.remarks


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_management_that_says_nothing_of_version_2_is_no_failure(case: Case) -> None:
    outcome = run_case(case, profile_for(case, version=2), Version2)
    assert outcome.verdict is Verdict.PASS, outcome.remarks

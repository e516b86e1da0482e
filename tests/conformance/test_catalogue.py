"""The whole catalogue against our own engine: every edition, both controls, both timeouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lacp.conformance.catalogue import CATALOGUE
from lacp.conformance.catalogue.case import Case
from lacp.conformance.tester.virtual import profile_for, run_case
from lacp.conformance.verdict import Verdict
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control
from tests.worlds import VARIANT_IDS, VARIANTS


def devices(case: Case) -> Iterator[dict[str, Any]]:
    """Features of devices to try a case on, beside those that it asks for."""
    timeouts = [case.device["short_timeout"]] if "short_timeout" in case.device else [True, False]
    for short_timeout in timeouts:
        yield {"short_timeout": short_timeout}


#: Cases that only record a behaviour, with the verdict that our engine gets.
RECORDED: dict[str, Verdict] = {}


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_our_engine_conforms(case: Case, edition: Any, control: Control) -> None:
    for features in devices(case):
        outcome = run_case(case, profile_for(case, edition.name, control, **features))
        if outcome.verdict is not Verdict.SKIP:
            assert outcome.verdict is RECORDED.get(case.id, Verdict.PASS), outcome.remarks


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_a_case_is_skipped_only_where_it_does_not_apply(case: Case) -> None:
    ran = set()
    for name in EDITIONS:
        for control in Control:
            reason = case.unfit(profile_for(case, name, control), case.links)
            if name not in case.editions:
                assert reason.startswith("is of edition")
            elif case.device.get("control", control) is not control:
                assert reason.startswith("needs a device with control")
            else:
                assert reason == ""
                ran.add(name)
    assert ran == case.editions

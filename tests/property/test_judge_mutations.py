"""Break one rule of a conforming conversation, and the judge names that rule, and no other."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from lacp.conformance.judge.rules import RULES
from tests.property.judge_breaking import MUTATIONS, Mutation
from tests.property.judge_worlds import judged, show

CASES = [(rule, mutation) for rule, mutations in MUTATIONS.items() for mutation in mutations]


def test_every_rule_has_a_mutation() -> None:
    assert set(MUTATIONS) == set(RULES)


@pytest.mark.parametrize(
    ("rule", "mutation"), CASES, ids=[f"{rule}-{mutation.__name__}" for rule, mutation in CASES]
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(dice=st.randoms(use_true_random=False))
def test_the_judge_names_the_rule_and_no_other(rule: str, mutation: Mutation, dice: Random) -> None:
    case = mutation(dice)
    findings = judged(case.frames, case.edition).findings
    for finding in findings:
        note(show(finding))
    assert {(finding.rule, finding.actor) for finding in findings} == {(rule, case.actor)}

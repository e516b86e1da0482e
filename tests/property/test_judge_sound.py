"""Conforming conversations of any network, captured in any way, give no finding at all."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.property.judge_worlds import captured, conversation, judged, show


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_a_conforming_conversation_gives_no_finding(dice: Random) -> None:
    world = conversation(dice)
    how, frames = captured(dice, world)
    findings = judged(frames, world.edition).findings
    for line in (*world.story, how, *map(show, findings)):
        note(line)
    assert not findings


@pytest.mark.parametrize("seed", range(20))
def test_every_view_of_one_network_gives_no_finding(seed: int) -> None:
    world = conversation(Random(seed))
    for view in range(4):
        how, frames = captured(Random(seed << 4 | view), world)
        findings = judged(frames, world.edition).findings
        assert not findings, "\n".join((*world.story, how, *map(show, findings)))

"""Which rule a deviation of a LACPDU breaks, if any."""

from __future__ import annotations

from lacp.conformance.judge.formats import NOT_IN_LACPDUS, NOT_JUDGED, RULE_OF
from lacp.conformance.judge.rules import RULES
from lacp.protocol.edition import EDITION_2014
from lacp.sim.network import address
from lacp.wire.validate import Field
from tests.property.judge_breaking.conversations import info, lacpdu
from tests.property.judge_worlds import frames, judged


def test_each_field_has_one_rule_or_a_reason_to_have_none() -> None:
    assert RULE_OF.keys() | NOT_JUDGED | NOT_IN_LACPDUS == set(Field)
    assert len(RULE_OF) + len(NOT_JUDGED) + len(NOT_IN_LACPDUS) == len(Field)
    assert set(RULE_OF.values()) <= set(RULES)


def test_key_0_is_in_use_and_leaves_nothing_open_about_the_port_number() -> None:
    said = [lacpdu(n, address(1, 1), info(1, 0x3F, key=0), info(2, 0x3F)) for n in range(5)]
    report = judged(frames(said), EDITION_2014)
    assert not report.findings
    tally = report.rules["PDU-08"]
    assert (tally.passed, tally.inconclusive) == (5, 0)

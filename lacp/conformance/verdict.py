"""The verdicts that the judge and the tester share."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What became of one check of one rule or case."""

    PASS = "pass"
    #: Violates what the standard demands.
    FAIL = "fail"
    #: Against a recommendation, or against what all but everybody does.
    WARN = "warn"
    #: No judgement: a behaviour that was recorded.
    INFO = "info"
    #: Not run, for a reason that is given.
    SKIP = "skip"
    #: What would decide it cannot be seen.
    INCONCLUSIVE = "inconclusive"

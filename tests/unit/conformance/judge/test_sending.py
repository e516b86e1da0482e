"""The transmit limit: a burst of equal LACPDUs is one, the copies of a mirror are none."""

from __future__ import annotations

import pytest

from lacp.capture.frame import Frame
from lacp.conformance.judge.judge import Judge
from lacp.sim.network import Network
from tests.worlds import pair

Shot = tuple[float, bytes]


def conversation() -> list[Shot]:
    network: Network = pair(1, short_timeout=True)
    network.run(60.0)
    return [(flight.sent_at, flight.frame) for flight in network.frames]


def broken(shots: list[Shot]) -> list[str]:
    """The rules that the judge finds broken."""
    judge = Judge("x")
    for number, (time, octets) in enumerate(sorted(shots), 1):
        judge.frame(Frame(number, time, octets, len(octets)))
    return [finding.rule for finding in judge.report(len(shots)).findings]


@pytest.mark.parametrize("copies", [4, 10, 100])
def test_a_burst_of_equal_lacpdus_is_too_many(copies: int) -> None:
    shots = conversation()
    time, octets = shots[80]
    burst = [(time + 0.01 * number / copies, octets) for number in range(1, copies + 1)]
    assert broken(shots + burst) == ["TX-01"]


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_copies_of_a_mirror_count_once(copies: int) -> None:
    shots = conversation()
    mirrored = [(time + 0.001 * each, octets) for time, octets in shots for each in range(copies)]
    assert broken(shots + mirrored) == []


def test_one_frame_that_was_captured_twice_is_no_burst() -> None:
    shots = conversation()
    time, octets = shots[80]
    assert broken([*shots, (time + 0.01, octets)]) == []

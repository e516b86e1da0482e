"""The report on a terminal: all of it, within its width."""

import io
import re

import pytest

from lacp.cli.output import Screen
from lacp.conformance.judge.report import CaptureReport
from lacp.conformance.report import table
from lacp.conformance.verdict import Verdict
from tests.golden import Golden, golden  # noqa: F401 - a fixture
from tests.unit.conformance.report.conversations import TITLES, add_finding, calm, report


def made() -> CaptureReport:
    it = report(calm(200))
    it.damage = "cut off at offset 71234, expected 124 octets more"
    it.limits.append("One direction only from 61.0 to 72.0 s: what depends on it was not judged.")
    it.left_out = 12
    add_finding(
        it,
        "TX-01",
        (3, 4, 5, 6),
        "Four LACPDUs within 0.8 s, expected at most three in any second, because a partner must "
        "be able to process them.",
    )
    add_finding(it, "PDU-06", (150,), "Reserved octet 0x01, expected zeros.", Verdict.WARN)
    return it


def shown(it: CaptureReport, width: int, terminal: bool = False) -> list[str]:
    screen = Screen(io.StringIO(), {}, width=width, terminal=terminal)
    return [*table.lines(it, TITLES, screen), *table.verdict_line([it], screen)]


@pytest.mark.parametrize("width", [80, 132])
def test_what_is_shown(width: int, golden: Golden) -> None:  # noqa: F811
    lines = shown(made(), width)
    assert max(len(line) for line in lines) <= width
    golden.check("\n".join(lines) + "\n")


def test_colours_say_nothing_that_words_do_not() -> None:
    plain = shown(made(), 80)
    coloured = shown(made(), 80, terminal=True)
    assert any("\x1b[31m" in line for line in coloured)
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured] == plain


def test_a_capture_cannot_write_to_the_terminal() -> None:
    it = report(calm(20), file="evil\x1b[2J.pcap")
    it.damage = "\x1b[H"
    it.limits.append("\x1b]0;title\x07")
    add_finding(it, "TX-01", (6,), "\x1b[31mred")
    it.links[0].summary = "fine\r\x1b[A"
    assert not any("\x1b" in line or "\r" in line for line in shown(it, 80))

"""The table of the benchmarks, and what is noted of many ports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks._figures import WIDTH, Absent, Figure, collect, load, markdown, table
from benchmarks._heard import Heard
from lacp.info import PortState

_LONG = "10,000 ports in memory at the fast rate, in LAGs of two: CPU time per port and second"
_CARRIES = int(PortState.SYNCHRONIZATION | PortState.COLLECTING | PortState.DISTRIBUTING)


def test_a_target_is_met_up_to_its_bound() -> None:
    assert Figure("a", 10.0, "µs", None, "", at_most=10).met
    assert not Figure("a", 10.1, "µs", None, "", at_most=10).met
    assert Figure("a", 300.0, "", None, "", at_least=300).met
    assert not Figure("a", 299.0, "", None, "", at_least=300).met


def test_what_could_not_be_measured_meets_nothing() -> None:
    assert not Figure("a", float("nan"), "", None, "", at_most=1).met
    assert not Figure("a", float("inf"), "", None, "", at_most=1).met


def test_the_table_fits_and_loses_no_word() -> None:
    figure = Figure(_LONG, 1234.5, "port-hours/s", 0.0123, "published: " + _LONG, at_most=12)
    lines = list(table([figure, Figure("b", 1.0, "s", None, "")]))
    assert all(len(line) <= WIDTH for line in lines)
    told = " ".join(lines).split()
    assert set(_LONG.split()) <= set(told)
    assert {"1,234", "port-hours/s", "0.0123", "NOT", "MET", "<=", "12"} <= set(told)


def test_figures_are_kept_until_something_is_missing(tmp_path: Path) -> None:
    def some() -> Iterator[Figure]:
        yield Figure("a", 1.0, "s", 2.0, "b", at_most=3)
        pytest.skip("needs root")

    file = tmp_path / "figures.json"
    found = collect(some, "all", file)
    assert found == [Figure("a", 1.0, "s", 2.0, "b", at_most=3), Absent("all", "needs root")]
    assert load(file) == found


def test_a_page_has_the_same_rows() -> None:
    assert markdown([Figure("a", 1.0, "s", 2.0, "b", at_most=3)]).splitlines()[-1] == (
        "| a | ≤ 3 | 1 s | 2 | x0.5 | b | met |"
    )


def test_the_longest_silence_counts_also_when_it_lasts() -> None:
    heard = Heard()
    for name, times in (("a", (10.0, 11.0, 12.0)), ("b", (10.0, 11.2, 12.2))):
        for at in times:
            heard.note(name, at, _CARRIES)
    assert heard.carrying == 2
    assert heard.latest(12.2) == pytest.approx(0.2)
    assert heard.latest(13.5) == pytest.approx(0.5)


def test_a_port_that_does_not_hear_its_partner_carries_nothing() -> None:
    heard = Heard()
    heard.note("a", 10.0, _CARRIES)
    heard.note("a", 11.0, _CARRIES | PortState.EXPIRED)
    assert (heard.carrying, heard.expired()) == (0, 1)

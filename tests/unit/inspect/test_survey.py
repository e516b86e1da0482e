"""Every source is asked, but not imported where it is seen at a glance that it has nothing."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.inspect import survey
from lacp.inspect.survey import Places
from lacp.netlink import bond_proc


def modules_after(code: str) -> set[str]:
    """The readers that a fresh interpreter has imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    readers = {module for module, _ in survey.READERS.values()}
    return set(done.stdout.split()) & readers


def test_a_source_that_has_nothing_is_not_imported(tmp_path: Path) -> None:
    looked = (
        "from lacp.inspect import survey; "
        f"survey._BONDING = {str(tmp_path / 'bonding')!r}; "
        f"survey.survey(survey.Places(ovs_run_dir={str(tmp_path / 'none')!r},"
        f" run_dir={str(tmp_path)!r}, sources=frozenset({{'lacpd', 'ovs', 'bond'}})))"
    )
    assert modules_after(looked) == {"lacp.inspect.lacpd"}


@pytest.mark.parametrize("name", survey.READERS)
def test_a_source_that_may_have_something_is_asked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_BONDING", str(tmp_path))
    monkeypatch.setitem(survey.READERS, name, ("tests.unit.inspect.test_survey", "fake_reader"))
    seen = survey.survey(Places(sources=frozenset({name}), ovs_run_dir=str(tmp_path)))
    assert seen.complaints == ["asked"]


def test_without_a_proc_nobody_knows_and_the_reader_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_BONDING", str(tmp_path / "no proc" / "bonding"))
    monkeypatch.setitem(survey.READERS, "bond", ("tests.unit.inspect.test_survey", "fake_reader"))
    assert survey.survey(Places(sources=frozenset({"bond"}))).complaints == ["asked"]


def test_where_the_glance_is_at_is_where_the_reader_reads() -> None:
    assert survey._BONDING == bond_proc.PROC


def fake_reader(places: Places, deadline: float) -> list[str]:
    return ["asked"]


def test_a_source_that_hangs_takes_one_thread_however_often_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey, "_GRACE", 0.0)
    monkeypatch.setitem(
        survey.READERS, "lacpd", ("tests.unit.inspect.test_survey", "hanging_reader")
    )
    places = Places(sources=frozenset({"lacpd"}), run_dir="hangs")
    _goes_on.clear()
    try:
        said = [survey.survey(places, 0.001).complaints for _ in range(5)]
        assert [each.name for each in threading.enumerate()].count("lacpd") == 1
    finally:
        _goes_on.set()
    assert said == [
        [f"lacpd: no answer within {0.001 * survey.BUSY_PATIENCE:g} s"],
        *[["lacpd: still no answer to the question before"]] * 4,
    ]
    for thread in threading.enumerate():
        if thread.name == "lacpd":
            thread.join(10)
    # When it is over, the source is asked as ever.
    assert survey.survey(places).complaints == ["asked"]


_goes_on = threading.Event()


def hanging_reader(places: Places, deadline: float) -> Iterator[str]:
    _goes_on.wait()
    yield "asked"

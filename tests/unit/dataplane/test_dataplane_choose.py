"""Which dataplane is taken: the one that was named, or the best that refuses nothing."""

from __future__ import annotations

import logging

import pytest

from lacp.config.words import DATAPLANES
from lacp.dataplane import choose
from lacp.dataplane.base import Setup
from lacp.dataplane.memory import MemoryDataplane
from lacp.errors import BackendError, UsageError

SETUP = Setup(device="team0", runner="lacp")


class Refusing(MemoryDataplane):
    """Carries nothing, for a reason."""

    def refusal(self, setup: Setup) -> str | None:
        return f"{self.name} has a reason"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[MemoryDataplane]]:
    """The dataplanes that `auto` finds, best first."""
    found: dict[str, type[MemoryDataplane]] = {}

    def make(name: str) -> MemoryDataplane:
        made = found[name]()
        made.name = name
        return made

    monkeypatch.setattr(choose, "make", make)
    monkeypatch.setattr(choose, "_BEST_FIRST", ("team", "bond", "tap"))
    return found


def test_each_is_made_by_the_name_that_a_configuration_gives_it() -> None:
    for name in choose._PLANES:
        assert choose.make(name).name == name
        assert name in DATAPLANES


def test_a_name_that_is_none() -> None:
    with pytest.raises(UsageError, match="no dataplane auto, there are none, memory"):
        choose.make("auto")


def test_one_that_was_named_and_refuses(machine: dict[str, type[MemoryDataplane]]) -> None:
    machine |= {"team": Refusing, "bond": MemoryDataplane, "tap": Refusing}
    with pytest.raises(BackendError) as error:
        choose.choose("tap", SETUP)
    assert str(error.value) == (
        "team0: dataplane tap cannot be used: tap has a reason; dataplane bond can"
    )


def test_when_nothing_else_can_nothing_else_is_said(
    machine: dict[str, type[MemoryDataplane]],
) -> None:
    machine |= dict.fromkeys(("team", "bond", "tap"), Refusing)
    with pytest.raises(BackendError, match=r"tap has a reason$"):
        choose.choose("tap", SETUP)


def test_the_best_that_does_not_refuse(
    machine: dict[str, type[MemoryDataplane]], caplog: pytest.LogCaptureFixture
) -> None:
    machine |= {"team": Refusing, "bond": MemoryDataplane, "tap": MemoryDataplane}
    with caplog.at_level(logging.INFO):
        assert choose.choose("auto", SETUP).name == "bond"
    assert caplog.messages == [
        "team0: not using dataplane team: team has a reason",
        "team0: using dataplane bond",
    ]


def test_when_all_refuse_every_reason_is_said(machine: dict[str, type[MemoryDataplane]]) -> None:
    machine |= {"team": Refusing, "bond": Refusing, "tap": Refusing}
    with pytest.raises(BackendError) as error:
        choose.choose("auto", SETUP)
    assert str(error.value) == (
        "team0: no dataplane can carry runner lacp: "
        "team: team has a reason; bond: bond has a reason; tap: tap has a reason"
    )


def test_auto_never_takes_one_that_moves_nothing() -> None:
    assert not {"none", "memory"} & set(choose._BEST_FIRST)

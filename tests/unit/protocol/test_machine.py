"""How a figure is run: the arrow that is followed is the one that `transitions` would choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from itertools import product
from typing import Any, cast

import pytest
from transitions import Machine

from lacp import EDITIONS
from lacp.protocol.churn import ActorChurn, PartnerChurn
from lacp.protocol.machine import Row, StateMachine
from lacp.protocol.receive import Receive
from lacp.protocol.variables import Control

ALL: list[type[StateMachine]] = [
    Receive,
    ActorChurn,
    PartnerChurn,
    *(edition.periodic for edition in EDITIONS.values()),
    *(edition.mux(control) for edition in EDITIONS.values() for control in Control),
]
FIGURES = {figure.__name__: figure for figure in ALL}


def conditions(figure: type[StateMachine]) -> list[str]:
    return sorted({name.removeprefix("!") for arrow in figure.ROWS for name in arrow.when})


def library(figure: type[StateMachine]) -> Callable[[Any], bool]:
    """The figure as anybody would build it with `transitions`: what asks it to take a step."""
    machine = Machine(model=None, states=list(figure.State), initial=None, auto_transitions=False)
    for arrow in figure.ROWS:
        machine.add_transition(
            "step",
            list(arrow.sources),
            arrow.dest,
            conditions=[name for name in arrow.when if not name.startswith("!")],
            unless=[name.removeprefix("!") for name in arrow.when if name.startswith("!")],
        )
    return cast(Callable[[Any], bool], machine.events["step"].trigger)


class Posed:
    """Something in a box of a figure, of which just this holds."""

    def __init__(self, state: Enum, holding: Mapping[str, bool]) -> None:
        self.state = state
        self.__dict__.update(holding)


def stand_in(figure: type[StateMachine], box: Enum, holding: Mapping[str, bool]) -> Any:
    """A machine of the figure in this box with these conditions, and what it was told and did."""

    def condition(name: str) -> property:
        return property(lambda _: holding[name])

    def entered(name: str) -> Callable[[Any], None]:
        return lambda self: self.done.append(name)

    def taking(self: Any, arrow: Row) -> None:
        self.done.append(arrow)

    namespace: dict[str, Any] = {"taking": taking, "step": StateMachine.step}
    namespace |= {name: condition(name) for name in conditions(figure)}
    boxes = {f"enter_{each.name}" for each in figure.State if hasattr(figure, f"enter_{each.name}")}
    namespace |= {name: entered(name) for name in boxes}
    made: Any = type(figure.__name__, (figure,), namespace)
    machine = made.__new__(made)
    machine.state = box
    machine.done = []
    return machine


def poses(figure: type[StateMachine]) -> Iterator[tuple[Enum, dict[str, bool]]]:
    names = conditions(figure)
    for box in figure.State:
        for values in product((False, True), repeat=len(names)):
            yield box, dict(zip(names, values, strict=True))


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_the_arrow_is_the_one_that_transitions_would_choose(figure: type[StateMachine]) -> None:
    choose = library(figure)
    for box, holding in poses(figure):
        posed = Posed(box, holding)
        moves = choose(posed)
        machine = stand_in(figure, box, holding)
        assert machine.step() is moves, (box, holding)
        assert machine.state is posed.state, (box, holding)


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_the_arrow_is_told_before_its_box_is_entered(figure: type[StateMachine]) -> None:
    for box, holding in poses(figure):
        machine = stand_in(figure, box, holding)
        if not machine.step():
            assert machine.done == []
            continue
        arrow, *entered = machine.done
        assert box in arrow.sources
        assert all(holding[n.removeprefix("!")] is not n.startswith("!") for n in arrow.when)
        name = f"enter_{arrow.dest.name}"
        assert entered == ([name] if hasattr(figure, name) else [])


def test_what_decides_is_asked_for_no_more_often_than_transitions_would() -> None:
    """The first condition that fails ends the look at an arrow."""
    asked: list[str] = []

    class Curious(Receive):
        @property
        def port_enabled(self) -> bool:
            asked.append("port_enabled")
            return False

        @property
        def lacp_enabled(self) -> bool:
            asked.append("lacp_enabled")
            return True

        @property
        def port_moved(self) -> bool:
            return False

    machine = Curious.__new__(Curious)
    machine.state = Receive.State.PORT_DISABLED
    assert not machine.step()
    assert "lacp_enabled" not in asked

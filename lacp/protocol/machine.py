"""Figures as tables: the only file that knows how a state machine is run.

A class per figure: `State` is its boxes, `ROWS` its arrows in order of precedence, and each
condition is the name of a `bool` property of the class. The table is compiled once per class, for
`transitions`; ports are not registered with it, so a machine costs one slotted object.

Most looks at a machine find that no arrow is to be taken, and `transitions` takes long to say so.
So `StateMachine.step` asks the conditions itself, in the same order, and has `transitions` execute
the arrow that it found. That both choose the same is a test (`test_machine.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from transitions import EventData, Machine, State, Transition

if TYPE_CHECKING:
    from lacp.protocol.port import Port


class Box(Enum):
    """The boxes of a figure, which are looked up by all that happens to a port."""

    # Members are equal when they are one: that is a hash at no cost.
    __hash__ = object.__hash__


@dataclass(frozen=True)
class Row:
    """One arrow: from any of `sources` to `dest` when all of `when` hold.

    "!" negates a condition; no condition is UCT, the unconditional transition.
    """

    sources: tuple[Enum, ...]
    dest: Enum
    when: tuple[str, ...]

    @cached_property
    def condition(self) -> str:
        """The arrow's label in words; UCT as the figures write it when there is no condition."""
        return " and ".join(w.replace("!", "not ") for w in self.when) or "UCT"


def row(source: Enum | Iterable[Enum], dest: Enum, *when: str) -> Row:
    """An arrow of a figure, as written in a table."""
    return Row((source,) if isinstance(source, Enum) else tuple(source), dest, when)


class _State(State):
    """A state that is entered without a search for what its callbacks' names may mean."""

    def enter(self, event_data: EventData) -> None:
        for name in self.on_enter:
            getattr(event_data.model, str(name))()

    def exit(self, event_data: EventData) -> None:
        """No figure does anything when a box is left."""


class _Arrow(Transition):
    """A transition that tells the machine which arrow is taken, before its box is entered."""

    def _change_state(self, event_data: EventData) -> None:
        machine: Any = event_data.model
        machine.taking(event_data.machine.rows[id(self)])
        super()._change_state(event_data)

    def follow(self, table: _Table, machine: StateMachine) -> None:
        """Execute the transition; that its conditions hold is known."""
        self._change_state(EventData(None, table.events["step"], table, machine, (), {}))


class _Choice(NamedTuple):
    """An arrow, and what each of its conditions must be for it to be taken."""

    arrow: _Arrow
    conditions: tuple[tuple[Callable[[StateMachine], bool], bool], ...]


class _Table(Machine):
    """One figure, compiled."""

    state_cls = _State
    transition_cls = _Arrow

    def __init__(self, figure: type[StateMachine]) -> None:
        self._found: dict[str | Enum, State] = {}
        super().__init__(
            model=None,
            states=[
                {
                    "name": box,
                    "on_enter": [f"enter_{box.name}"]
                    if hasattr(figure, f"enter_{box.name}")
                    else [],
                }
                for box in figure.State
            ],
            initial=None,
            auto_transitions=False,
            name=figure.__name__,
        )
        self.rows: dict[int, Row] = {}
        #: The arrows that leave each box, in order of precedence.
        self.choices: dict[Enum, list[_Choice]] = {}
        for arrow in figure.ROWS:
            for source in arrow.sources:
                self.add_transition(
                    "step",
                    source,
                    arrow.dest,
                    conditions=[w for w in arrow.when if not w.startswith("!")],
                    unless=[w[1:] for w in arrow.when if w.startswith("!")],
                )
                taken = self.events["step"].transitions[source.name][-1]
                assert isinstance(taken, _Arrow)
                self.rows[id(taken)] = arrow
                asked = tuple((_asking(w), not w.startswith("!")) for w in arrow.when)
                self.choices.setdefault(source, []).append(_Choice(taken, asked))

    def get_state(self, state: str | Enum) -> State:
        """A state by its name or its box; each arrow asks four times, and it is always there."""
        found = self._found.get(state)
        if found is None:
            found = self._found[state] = super().get_state(state)
        return found

    def set_state(self, state: Any, model: Any = None) -> None:
        """Put a machine into a box; there are no others to be put there with it."""
        model.state = self.get_state(state).value


def _asking(condition: str) -> Callable[[StateMachine], bool]:
    """What asks a machine for a condition, whether or not the arrow negates it."""
    return attrgetter(condition.removeprefix("!"))


class StateMachine:
    """A running figure of one port. A subclass gives `NAME`, `State`, `ROWS` and boxes `enter_*`.

    Boxes write only the port and its timers: they never step a machine, set a state or send.
    """

    __slots__ = ("port", "state")

    NAME: ClassVar[str]
    State: ClassVar[type[Enum]]
    ROWS: ClassVar[tuple[Row, ...]] = ()
    _table: ClassVar[_Table]

    port: Port
    state: Any

    def __init_subclass__(cls) -> None:
        if "ROWS" not in cls.__dict__:
            return
        for arrow in cls.ROWS:
            for name in arrow.when:
                if not isinstance(getattr(cls, name.removeprefix("!"), None), property):
                    raise TypeError(f"{cls.__name__}: no property {name!r} for {arrow}")
        boxes = {f"enter_{box.name}" for box in cls.State}
        for name in vars(cls):
            if name.startswith("enter_") and name not in boxes:
                raise TypeError(f"{cls.__name__}.{name}: the figure has no such box")
        cls._table = _Table(cls)

    def __init__(self, port: Port) -> None:
        self.port = port
        self.state = next(iter(self.State))

    def step(self) -> bool:
        """Follow the first arrow whose conditions hold; True when there was one."""
        for arrow, conditions in self._table.choices[self.state]:
            for holds, wanted in conditions:
                if holds(self) != wanted:
                    break
            else:
                arrow.follow(self._table, self)
                return True
        return False

    def taking(self, arrow: Row) -> None:
        """The one place where every change of state passes."""
        if arrow.dest is not self.state:
            self.tell(self.state, arrow)

    def tell(self, old: Enum, arrow: Row) -> None:
        """Make the change known, with its reason."""
        self.port.changed_state(self.NAME, old.name, arrow.dest.name, self.reason(arrow))

    def rest(self) -> None:
        """The port's machines have come to rest."""

    def reason(self, arrow: Row) -> str:
        """Why the arrow is taken, in the standard's names."""
        return arrow.condition

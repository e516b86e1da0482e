"""Figures as tables: the only file that knows how a state machine is run.

A class per figure: `State` is its boxes, `ROWS` its arrows in order of precedence, and each
condition is the name of a `bool` property of the class. The table is compiled once per class; ports
are not registered with it, so a machine costs one slotted object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from transitions import EventData, Machine, Transition

if TYPE_CHECKING:
    from lacp.protocol.port import Port


@dataclass(frozen=True, slots=True)
class Row:
    """One arrow: from any of `sources` to `dest` when all of `when` hold.

    "!" negates a condition; no condition is UCT, the unconditional transition.
    """

    sources: tuple[Enum, ...]
    dest: Enum
    when: tuple[str, ...]

    @property
    def condition(self) -> str:
        """The arrow's label in words; UCT as the figures write it when there is no condition."""
        return " and ".join(w.replace("!", "not ") for w in self.when) or "UCT"


def row(source: Enum | Iterable[Enum], dest: Enum, *when: str) -> Row:
    """An arrow of a figure, as written in a table."""
    return Row((source,) if isinstance(source, Enum) else tuple(source), dest, when)


class _Arrow(Transition):
    """A transition that tells the machine which arrow is taken, before its box is entered."""

    def _change_state(self, event_data: EventData) -> None:
        machine: Any = event_data.model
        machine.taking(event_data.machine.rows[id(self)])
        super()._change_state(event_data)


class _Table(Machine):
    """One figure, compiled."""

    transition_cls = _Arrow

    def __init__(self, figure: type[StateMachine]) -> None:
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
        for arrow in figure.ROWS:
            for source in arrow.sources:
                self.add_transition(
                    "step",
                    source,
                    arrow.dest,
                    conditions=[w for w in arrow.when if not w.startswith("!")],
                    unless=[w[1:] for w in arrow.when if w.startswith("!")],
                )
                self.rows[id(self.events["step"].transitions[source.name][-1])] = arrow


class StateMachine:
    """A running figure of one port. A subclass gives `NAME`, `State`, `ROWS` and boxes `enter_*`.

    Boxes write only the port and its timers: they never step a machine, set a state or send.
    """

    __slots__ = ("port", "state")

    NAME: ClassVar[str]
    State: ClassVar[type[Enum]]
    ROWS: ClassVar[tuple[Row, ...]] = ()
    _trigger: ClassVar[Callable[[Any], bool]]

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
        cls._trigger = _Table(cls).events["step"].trigger

    def __init__(self, port: Port) -> None:
        self.port = port
        self.state = next(iter(self.State))

    def step(self) -> bool:
        """Follow the first arrow whose conditions hold; True when there was one."""
        return type(self)._trigger(self)

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

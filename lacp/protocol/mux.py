"""Mux machine (6.4.15): independent (Figure 6-21), coupled (Figure 6-22) and the 2020 figure."""

from __future__ import annotations

from enum import Enum, auto
from typing import ClassVar

from lacp.info import COLLECTS, IN_SYNC, PortState
from lacp.protocol.machine import Box, Row, StateMachine, row
from lacp.protocol.receive import out_of_sync
from lacp.protocol.timers import Timer
from lacp.protocol.variables import Control, Selected

_SYNC = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING
_OPEN = int(_COLLECTING | _DISTRIBUTING)
_SYNC_OPEN = int(_SYNC | _OPEN)


class MuxMachine(StateMachine):
    """What the three figures share: conditions, and that a change of the multiplexer is told."""

    __slots__ = ()

    NAME = "mux"
    #: The box in which a selected port waits for Ready.
    WAITS_IN: ClassVar[Enum]
    #: The box in which a port is out of every aggregator.
    DETACHED: ClassVar[Enum]

    def step(self) -> bool:
        moved = super().step()
        if moved:
            self.port.announce_mux()
        return moved

    def reason(self, arrow: Row) -> str:
        said = super().reason(arrow)
        if not {"!selected", "unselected", "standby"}.isdisjoint(arrow.when):
            return f"{said}: {self.port.selected_reason}"
        if "!partner_sync" in arrow.when:
            return f"{said}: {out_of_sync(self.port)}"
        return said

    @property
    def waiting(self) -> bool:
        """Whether the port waits to be attached to its aggregator."""
        return self.state is self.WAITS_IN and self.port.selected is not Selected.UNSELECTED

    @property
    def detached(self) -> bool:
        """Whether the port is out of every aggregator, so that it may select anew."""
        return self.state is self.DETACHED

    @property
    def held_back(self) -> bool:
        """Whether the port waits for nothing but the end of another port's activity."""
        return False

    def selection_made(self) -> None:
        """The Selection Logic has just chosen an aggregator for the port."""

    @property
    def selected(self) -> bool:
        return self.port.selected is Selected.SELECTED

    @property
    def unselected(self) -> bool:
        return self.port.selected is Selected.UNSELECTED

    @property
    def standby(self) -> bool:
        return self.port.selected is Selected.STANDBY

    @property
    def ready(self) -> bool:
        return self.port.aggregator is not None and self.port.aggregator.ready

    @property
    def partner_sync(self) -> bool:
        return IN_SYNC[self.port.partner.state]

    @property
    def partner_collecting(self) -> bool:
        return COLLECTS[self.port.partner.state]


class _ClassicMux(MuxMachine):
    """The boxes that Figures 6-21 and 6-22 share."""

    __slots__ = ()

    def enter_DETACHED(self) -> None:
        self.port.attached = None
        self.port.set_actor_state(off=_SYNC_OPEN)
        self.port.timers.stop(Timer.WAIT_WHILE)
        self.port.ntt = True

    def enter_WAITING(self) -> None:
        self.port.start_wait()

    def enter_ATTACHED(self) -> None:
        self.port.attached = self.port.aggregator
        self.port.set_actor_state(on=_SYNC, off=_OPEN)
        self.port.ntt = True


class IndependentState(Box):
    """The boxes of Figure 6-21."""

    BEGIN = auto()
    DETACHED = auto()
    WAITING = auto()
    ATTACHED = auto()
    COLLECTING = auto()
    DISTRIBUTING = auto()


class CoupledState(Box):
    """The boxes of Figure 6-22."""

    BEGIN = auto()
    DETACHED = auto()
    WAITING = auto()
    ATTACHED = auto()
    COLLECTING_DISTRIBUTING = auto()


class RestoreState(Box):
    """The boxes of the 2020 figure."""

    BEGIN = auto()
    DETACHED = auto()
    ATTACH = auto()
    ATTACHED_WTR = auto()
    ATTACHED = auto()
    COLLECTING = auto()
    COLLECTING_DISTRIBUTING = auto()


J = IndependentState


class IndependentMux(_ClassicMux):
    """Mux machine with independent control (Figure 6-21)."""

    __slots__ = ()

    State = IndependentState
    WAITS_IN = IndependentState.WAITING
    DETACHED = IndependentState.DETACHED
    # fmt: off
    ROWS = (
        #   from            to              when
        row(J.BEGIN,        J.DETACHED),
        row(J.DETACHED,     J.WAITING,      "selected"),
        row(J.DETACHED,     J.WAITING,      "standby"),
        row(J.WAITING,      J.DETACHED,     "unselected"),
        row(J.WAITING,      J.ATTACHED,     "selected", "ready"),
        row(J.ATTACHED,     J.DETACHED,     "!selected"),
        row(J.ATTACHED,     J.COLLECTING,   "selected", "partner_sync"),
        row(J.COLLECTING,   J.ATTACHED,     "!selected"),
        row(J.COLLECTING,   J.ATTACHED,     "!partner_sync"),
        row(J.COLLECTING,   J.DISTRIBUTING, "selected", "partner_sync", "partner_collecting"),
        row(J.DISTRIBUTING, J.COLLECTING,   "!selected"),
        row(J.DISTRIBUTING, J.COLLECTING,   "!partner_sync"),
        row(J.DISTRIBUTING, J.COLLECTING,   "!partner_collecting"),
    )
    # fmt: on

    def enter_COLLECTING(self) -> None:
        self.port.set_actor_state(on=_COLLECTING, off=_DISTRIBUTING)
        self.port.ntt = True

    def enter_DISTRIBUTING(self) -> None:
        # The figure does not set NTT here: the partner learns of it with the next LACPDU.
        self.port.ntt |= self.port.system_config.announcing
        self.port.set_actor_state(on=_DISTRIBUTING)


C = CoupledState


class CoupledMux(_ClassicMux):
    """Mux machine with coupled control (Figure 6-22)."""

    __slots__ = ()

    State = CoupledState
    WAITS_IN = CoupledState.WAITING
    DETACHED = CoupledState.DETACHED
    # fmt: off
    ROWS = (
        #   from                       to                         when
        row(C.BEGIN,                   C.DETACHED),
        row(C.DETACHED,                C.WAITING,                 "selected"),
        row(C.DETACHED,                C.WAITING,                 "standby"),
        row(C.WAITING,                 C.DETACHED,                "unselected"),
        row(C.WAITING,                 C.ATTACHED,                "selected", "ready"),
        row(C.ATTACHED,                C.DETACHED,                "!selected"),
        row(C.ATTACHED,                C.COLLECTING_DISTRIBUTING, "selected", "partner_sync"),
        row(C.COLLECTING_DISTRIBUTING, C.ATTACHED,                "!selected"),
        row(C.COLLECTING_DISTRIBUTING, C.ATTACHED,                "!partner_sync"),
    )
    # fmt: on

    def enter_COLLECTING_DISTRIBUTING(self) -> None:
        self.port.set_actor_state(on=_OPEN)
        self.port.ntt = True


R = RestoreState
_BOTH = R.COLLECTING_DISTRIBUTING
_INSIDE = (R.ATTACH, R.ATTACHED_WTR, R.ATTACHED, R.COLLECTING, _BOTH)


def _but(box: RestoreState) -> tuple[RestoreState, ...]:
    """The sources of a global arrow to `box`: every box in which the port has an aggregator."""
    return tuple(source for source in _INSIDE if source is not box)


class RestoreMux(MuxMachine):
    """Mux machine of 2020: coupled and independent in one figure, with wait-to-restore.

    A port that loses its link stays attached and comes back without a new selection.
    """

    __slots__ = ()

    State = RestoreState
    WAITS_IN = DETACHED = RestoreState.DETACHED
    # fmt: off
    ROWS = (
        #   from                  to               when
        row(R.BEGIN,              R.DETACHED),
        row(_INSIDE,              R.DETACHED,      "!selected"),
        row(_but(R.ATTACHED_WTR), R.ATTACHED_WTR,  "!port_enabled"),
        row(R.ATTACHED_WTR,       R.ATTACHED_WTR,  "!port_enabled", "!wtr_held"),
        row(R.ATTACHED_WTR,       R.ATTACHED_WTR,  "port_enabled", "wtr_held"),
        row(R.DETACHED,           R.ATTACH,        "selected", "ready"),
        row(_but(R.ATTACHED),     R.ATTACHED,      "restored", "!partner_sync"),
        row(_but(R.COLLECTING),   R.COLLECTING,    "restored", "partner_sync", "!may_distribute"),
        row(_but(_BOTH),          _BOTH,           "restored", "partner_sync", "may_distribute"),
    )
    # fmt: on

    @property
    def port_enabled(self) -> bool:
        return self.port.port_enabled

    @property
    def may_distribute(self) -> bool:
        """The port may distribute: its control is coupled, or the partner collects."""
        return self.port.control is Control.COUPLED or self.partner_collecting

    @property
    def wtr_held(self) -> bool:
        """The wait-to-restore timer is held at its start while the link is down."""
        return self.port.timers.stopped(Timer.WAIT_TO_RESTORE)

    @property
    def restored(self) -> bool:
        """The link is there, its wait-to-restore is over, and reverting to it is wanted."""
        port = self.port
        return (
            port.port_enabled
            and port.timers.expired(Timer.WAIT_TO_RESTORE)
            and (not port.wtr_waiting or port.revertive or not port.others_active)
        )

    @property
    def held_back(self) -> bool:
        return self.state is R.ATTACHED_WTR and self.restored

    def selection_made(self) -> None:
        # In 2020 the wait belongs to the Selection Logic; there is no box for it.
        self.port.start_wait()

    def enter_DETACHED(self) -> None:
        port = self.port
        port.attached = None
        port.set_actor_state(off=_SYNC_OPEN)
        port.timers.expire(Timer.WAIT_TO_RESTORE)
        port.wtr_waiting = False
        port.ntt = True
        if port.selected is Selected.UNSELECTED:
            port.timers.stop(Timer.WAIT_WHILE)
        else:
            port.start_wait()

    def enter_ATTACH(self) -> None:
        self.port.attached = self.port.aggregator

    def enter_ATTACHED_WTR(self) -> None:
        port = self.port
        port.set_actor_state(off=_SYNC_OPEN)
        port.wtr_waiting = True
        if port.port_enabled:
            port.start(Timer.WAIT_TO_RESTORE, port.wait_to_restore)
        else:
            port.timers.stop(Timer.WAIT_TO_RESTORE)

    def enter_ATTACHED(self) -> None:
        self.port.set_actor_state(on=_SYNC, off=_OPEN)
        self.port.wtr_waiting = False
        self.port.ntt = True

    def enter_COLLECTING(self) -> None:
        self.port.set_actor_state(on=_SYNC | _COLLECTING, off=_DISTRIBUTING)
        self.port.wtr_waiting = False
        self.port.ntt = True

    def enter_COLLECTING_DISTRIBUTING(self) -> None:
        self.port.set_actor_state(on=_SYNC_OPEN)
        self.port.wtr_waiting = False
        self.port.ntt = True

"""Engines with one fault each, which an exploration must find."""

from __future__ import annotations

from dataclasses import replace

from lacp.info import PortState
from lacp.protocol.edition import EDITION_2014
from lacp.protocol.mux import CoupledMux, IndependentMux, IndependentState
from lacp.protocol.periodic import Periodic
from lacp.protocol.port import Port
from lacp.protocol.receive import Receive, ReceiveState
from lacp.protocol.timers import Timer
from lacp.protocol.transmit import opportunity, transmit


class IgnoresSyncLoss(IndependentMux):
    """Goes on when the partner withdraws Synchronization."""

    __slots__ = ()

    State = IndependentState
    ROWS = tuple(arrow for arrow in IndependentMux.ROWS if arrow.when != ("!partner_sync",))  # type: ignore[assignment]


class IgnoresPartnerCollecting(IndependentMux):
    """Goes on distributing when the partner stops collecting, or its Synchronization."""

    __slots__ = ()

    State = IndependentState
    ROWS = tuple(  # type: ignore[assignment]
        arrow
        for arrow in IndependentMux.ROWS
        if arrow.sources != (IndependentState.DISTRIBUTING,) or arrow.when == ("!selected",)
    )


class ForgetsToSay(IndependentMux):
    """Attaches without NTT: the partner hears of it with the next periodic LACPDU."""

    __slots__ = ()

    State = IndependentState
    ROWS = IndependentMux.ROWS

    def enter_ATTACHED(self) -> None:
        ntt = self.port.ntt
        super().enter_ATTACHED()
        self.port.ntt = ntt


class KeepsCollecting(CoupledMux):
    """Leaves Collecting set when it stops."""

    __slots__ = ()

    State = CoupledMux.State
    ROWS = CoupledMux.ROWS

    def enter_ATTACHED(self) -> None:
        collecting = self.port.actor.state & PortState.COLLECTING
        super().enter_ATTACHED()
        self.port.set_actor_state(on=collecting)


class NeverLeavesExpired(Receive):
    """Stays in EXPIRED, whatever it hears and however long it waits."""

    __slots__ = ()

    State = ReceiveState
    ROWS = tuple(  # type: ignore[assignment]
        replace(arrow, sources=tuple(s for s in arrow.sources if s is not ReceiveState.EXPIRED))
        if "lacpdu_received" in arrow.when
        else arrow
        for arrow in Receive.ROWS
        if arrow.dest is not ReceiveState.DEFAULTED
    )


class NeverSlow(Periodic):
    """Sends each second only when the partner wants it, and else not at all."""

    __slots__ = ()

    State = Periodic.State
    ROWS = Periodic.ROWS

    def enter_SLOW_PERIODIC(self) -> None:
        self.port.timers.stop(Timer.PERIODIC)


def forgetful_transmit(port: Port) -> None:
    """Transmit as 6.4.16 has it, but what the limit holds back is forgotten."""
    if port.ntt and not opportunity(port):
        port.ntt = False
    transmit(port)


#: By the edition's independent or coupled figure, or its periodic machine.
IGNORES_SYNC_LOSS = replace(EDITION_2014, name="ignores sync loss", independent=IgnoresSyncLoss)
IGNORES_COLLECTING = replace(EDITION_2014, name="deaf", independent=IgnoresPartnerCollecting)
FORGETS_TO_SAY = replace(EDITION_2014, name="forgets to say", independent=ForgetsToSay)
KEEPS_COLLECTING = replace(EDITION_2014, name="keeps collecting", coupled=KeepsCollecting)
NEVER_SLOW = replace(EDITION_2014, name="never slow", periodic=NeverSlow)

"""The states of an actor, as its LACPDUs show them."""

from __future__ import annotations

from lacp.conformance.judge.report import TimelineEntry
from lacp.conformance.judge.seen import Seen
from lacp.info import PortState

_IN_USE = PortState.COLLECTING | PortState.DISTRIBUTING

_MUX = {
    PortState(0): "WAITING",
    PortState.SYNCHRONIZATION: "ATTACHED",
    PortState.SYNCHRONIZATION | PortState.COLLECTING: "COLLECTING",
    PortState.SYNCHRONIZATION | _IN_USE: "DISTRIBUTING",
}


def entry(seen: Seen) -> TimelineEntry:
    """What one LACPDU shows. DETACHED looks like WAITING, which it becomes at once."""
    state = seen.actor.state
    mux = _MUX.get(state & (PortState.SYNCHRONIZATION | _IN_USE))
    return TimelineEntry(
        seen.time, seen.frame, int(state), int(seen.partner.state), _receive(state), mux
    )


def _receive(state: PortState) -> str:
    if PortState.EXPIRED in state:
        return "EXPIRED"
    return "DEFAULTED" if PortState.DEFAULTED in state else "CURRENT"

"""Devices whose Mux machine is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lacp.conformance.verdict import Verdict
from lacp.info import PORT_STATES, PortState
from lacp.link import Link
from lacp.protocol.config import SystemConfig
from lacp.protocol.events import Event, MuxChanged
from lacp.protocol.mux import IndependentMux
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.variables import Control
from lacp.wire.lacpdu import Lacpdu
from tests.conformance.broken import Broken, lacpdus, patched, translated

_SYNC = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING


def configured(**changes: Any) -> type[System]:
    """A System that is not what it was told to be."""

    class Configured(System):
        def __init__(self, config: SystemConfig) -> None:
            super().__init__(replace(config, **changes))

    return Configured


def hears(change: Callable[[Port, PortState], int]) -> type[System]:
    """A System that takes the partner's state for another one."""

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        state = PORT_STATES[change(port, pdu.actor.state)]
        return replace(pdu, actor=replace(pdu.actor, state=state))

    return translated(into=lacpdus(into))


def says(change: Callable[[PortState], int]) -> type[System]:
    """A System that announces another state than it has."""

    def out(_: Port, pdu: Lacpdu) -> Lacpdu:
        state = PORT_STATES[change(pdu.actor.state)]
        return replace(pdu, actor=replace(pdu.actor, state=state))

    return translated(out=lacpdus(out))


def switches(change: Callable[[System, MuxChanged], MuxChanged]) -> type[System]:
    """A System that tells its data plane something else than its Mux machine says."""

    class Switches(System):
        def events(self) -> Iterator[Event]:
            for event in super().events():
                yield change(self, event) if isinstance(event, MuxChanged) else event

    return Switches


def _impatient(port: Port, state: PortState) -> int:
    """Takes a partner to be in sync when it has waited for it for 6 s."""
    late = port.now > 12.0 and _SYNC in port.actor.state
    return state | _SYNC if late else state


def _sticky() -> type[System]:
    """Takes a partner to be in sync for good once it has been so five times."""
    seen: dict[str, list[bool]] = {}

    def change(port: Port, state: PortState) -> int:
        known = seen.setdefault(port.name, [])
        if not known or known[-1] is not (_SYNC in state):
            known.append(_SYNC in state)
        return state | _SYNC if known.count(True) > 8 else state

    return hears(change)


class _Drops(System):
    """Detaches a port whose partner gets out of sync."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        it = self.ports[port]
        was = _SYNC in it.partner.state
        super().receive(port, frame, now)
        if was and _SYNC not in it.partner.state:
            it.unselect("its partner is out of sync")
            it.reselect = True
            super().link_changed(port, it.link, now)
        return True


class _Forgets(System):
    """Selects anew whenever a link comes back."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        it = self.ports.get(port)
        if it is not None and not link.up:
            it.unselect("its link is down")
        super().link_changed(port, link, now)


def _silently(machine: IndependentMux) -> None:
    machine.port.set_actor_state(on=_COLLECTING, off=_DISTRIBUTING)


def _attach_silently(machine: IndependentMux) -> None:
    machine.port.attached = machine.port.aggregator
    machine.port.set_actor_state(on=_SYNC, off=_COLLECTING | _DISTRIBUTING)


def _loyal(port: Port, pdu: Lacpdu) -> Lacpdu:
    return replace(pdu, actor=replace(pdu.actor, key=0x0148))


def _once(bit: int, cleared: int) -> type[System]:
    """Announces `cleared` bits as zero in the second LACPDU that has `bit`."""
    count = 0

    def change(state: PortState) -> int:
        nonlocal count
        count += bool(state & bit)
        return state & ~cleared if count == 2 else state

    return says(change)


def _open(_: System, event: MuxChanged) -> MuxChanged:
    return replace(event, collecting=True, distributing=True)


def _shut(_: System, event: MuxChanged) -> MuxChanged:
    return replace(event, collecting=False, distributing=False)


def _does_not_move(system: System, event: MuxChanged) -> MuxChanged:
    if system.ports[event.port].link.up:
        return event
    return replace(event, collecting=True, distributing=True)


BROKEN = [
    Broken(
        name="coupled where independent is said",
        factory=configured(control=Control.COUPLED),
        fails={
            "MUX-01": "before H collects",
            "MUX-05": "Distributing=0 of independent control",
            "MUX-06": "Distributing=0 of independent control",
            "MUX-07": "Distributing=0 of independent control",
        },
    ),
    Broken(
        name="independent where coupled is said",
        factory=configured(control=Control.INDEPENDENT),
        control=Control.COUPLED,
        fails={
            "MUX-01": "Collecting and Distributing set together",
            "MUX-05": "Distributing=1 of coupled control",
            "MUX-07": "Distributing=1 of coupled control",
        },
    ),
    Broken(
        name="back and forth",
        factory=_once(_COLLECTING, _COLLECTING | _DISTRIBUTING),
        fails={"MUX-01": "no step back while H cooperates"},
    ),
    Broken(
        name="does not wait for others",
        factory=configured(aggregate_wait=0.1),
        fails={
            "MUX-02": "after H's first LACPDU, expected 2 s of Aggregate_Wait",
            "MUX-03": "after the first LACPDU on link 1, on link 0, expected 2 s",
            "MUX-09": "after H's change, expected 2 s of Aggregate_Wait",
        },
        verdict=Verdict.WARN,
    ),
    Broken(
        name="waits too long for others",
        factory=configured(aggregate_wait=4.0),
        fails={
            "MUX-02": "after H's first LACPDU",
            "MUX-03": "after the first LACPDU on link 1",
            "MUX-09": "after H's change",
        },
    ),
    Broken(
        name="waits for each port by itself",
        patch=patched(Port, "ready_n", True),
        fails={"MUX-03": "on link 0, expected 2 s"},
        verdict=Verdict.WARN,
    ),
    Broken(
        name="collects after a while without a partner in sync",
        factory=hears(_impatient),
        fails={"MUX-04": "after H began to say Synchronization=0"},
    ),
    Broken(
        name="sees no partner in sync",
        factory=hears(lambda _, state: state & ~_SYNC),
        fails={"MUX-05": "Collecting=1: the partner is in sync"},
    ),
    Broken(
        name="sees no partner collecting",
        factory=hears(lambda _, state: state & ~_COLLECTING),
        fails={"MUX-06": "Distributing=1: the partner collects"},
    ),
    Broken(
        name="sees every partner collecting",
        factory=hears(lambda _, state: state | _COLLECTING),
        fails={"MUX-07": "the partner does not collect"},
    ),
    Broken(
        name="sees every partner in sync",
        factory=hears(lambda _, state: state | _SYNC),
        fails={"MUX-08": "the partner is out of sync"},
    ),
    Broken(
        name="detaches from a partner out of sync",
        factory=_Drops,
        fails={"MUX-08": "the port stays ATTACHED"},
    ),
    Broken(
        name="does not see another key",
        factory=translated(into=lacpdus(_loyal)),
        fails={"MUX-09": "so the port is DETACHED first"},
    ),
    Broken(
        name="carries traffic while expired",
        factory=says(lambda it: it | 0x30 if it & 0x80 and it & 0x08 else it),
        fails={"MUX-10": "Collecting=0 and Distributing=0 with Expired=1"},
    ),
    Broken(
        name="distributes without collecting",
        factory=_once(_DISTRIBUTING, _COLLECTING),
        fails={"MUX-10": "Distributing=1 only with Collecting=1"},
    ),
    Broken(
        name="collects without being in sync",
        factory=_once(_COLLECTING, _SYNC),
        fails={"MUX-10": "Collecting=1 only with Synchronization=1"},
    ),
    Broken(
        name="does not tell that it collects",
        patch=patched(IndependentMux, "enter_COLLECTING", _silently),
        fails={"MUX-11": "a LACPDU that tells COLLECTING"},
    ),
    Broken(
        name="does not tell that it is attached",
        patch=patched(IndependentMux, "enter_ATTACHED", _attach_silently),
        fails={"MUX-11": "a LACPDU that tells ATTACHED"},
    ),
    Broken(
        name="has its data plane always on",
        factory=switches(_open),
        fails={
            "MUX-12": "of 10 user frames on the link after LACPDU",
            "MUX-13": "of 10 user frames delivered while Collecting=0",
        },
    ),
    Broken(
        name="has its data plane always off",
        factory=switches(_shut),
        fails={
            "MUX-12": "the client's frame while Distributing=1",
            "MUX-13": "of 10 user frames delivered while Collecting=1",
            "MUX-14": "no user frame on either link",
        },
    ),
    Broken(
        name="leaves its conversations on a link that is down",
        factory=switches(_does_not_move),
        fails={"MUX-14": "when link 0 went down"},
    ),
    Broken(
        name="gets stuck after a while",
        factory=_sticky(),
        fails={"MUX-15": "when H stays out of sync"},
    ),
    Broken(
        name="selects anew when a link comes back",
        factory=_Forgets,
        fails={"MUX-16": "ATTACHED_WTR keeps the selection"},
        edition="2020",
    ),
    Broken(
        name="does not wait to restore",
        factory=configured(wait_to_restore=0),
        fails={"MUX-17": "of wait-to-restore"},
        edition="2020",
    ),
    Broken(
        name="waits too long to restore",
        factory=configured(wait_to_restore=20),
        fails={"MUX-17": "Synchronization, Collecting and Distributing"},
        edition="2020",
    ),
    Broken(
        name="reverts",
        factory=configured(revertive=True),
        fails={"MUX-18": "not reverted to while another is active"},
        edition="2020",
    ),
]

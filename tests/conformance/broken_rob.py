"""Devices that do not stand what is done to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lacp.conformance.tester.virtual import VirtualDevice
from lacp.conformance.verdict import Verdict
from lacp.info import PortState
from lacp.protocol.port import Port
from lacp.protocol.receive import Receive, ReceiveState
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from tests.conformance.broken import Broken, deaf, lacpdu_of, patched
from tests.conformance.broken_mux import configured, hears, says

_SYNC = PortState.SYNCHRONIZATION
_EXPIRED = PortState.EXPIRED
_start = Port.start


def _misses_after(seconds: Callable[[float], float]) -> Callable[[Any], None]:
    """A patch that has current_while run for other seconds than it should."""

    def start(port: Port, timer: Timer, proper: float) -> None:
        _start(port, timer, seconds(proper) if timer is Timer.CURRENT_WHILE else proper)

    return patched(Port, "start", start)


def _stays_expired(machine: Receive) -> bool:
    gone = machine.port.timers.expired(Timer.CURRENT_WHILE)
    return gone and machine.state is not ReceiveState.EXPIRED


def _trusting(_: Port, state: PortState) -> int:
    """Takes a partner that is expired to be in sync."""
    return state | _SYNC if _EXPIRED in state else state


class _Chatty(System):
    """Answers every LACPDU."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        super().receive(port, frame, now)
        if lacpdu_of(frame) is not None:
            self.ports[port].ntt = True
            super().link_changed(port, self.ports[port].link, now)
        return True


def _offended(seconds: float) -> type[System]:
    """Deaf for a while to a partner that has been in sync and is so no more."""
    until: dict[str, float] = {}

    def when(_: System, port: Port, frame: bytes, now: float) -> bool:
        pdu = lacpdu_of(frame)
        if now < until.get(port.name, 0.0):
            return True
        if pdu is not None and _SYNC in port.partner.state and _SYNC not in pdu.actor.state:
            until[port.name] = now + seconds
        return False

    return deaf(when)


def _overrun() -> type[System]:
    """Takes its partner to be out of sync after 5000 LACPDUs."""
    count = 0

    def change(_: Port, state: PortState) -> int:
        nonlocal count
        count += 1
        return state & ~_SYNC if count > 5000 else state

    return hears(change)


def _busy() -> type[System]:
    """Does not come to send while it receives."""

    class Busy(System):
        def receive(self, port: str, frame: bytes, now: float) -> bool:
            last = self.__dict__.setdefault("last", {})
            it = self.ports[port]
            if now - last.get(port, 0.0) < 0.1 and not it.timers.expired(Timer.PERIODIC):
                it.start(Timer.PERIODIC, 1.0)
            last[port] = now
            return super().receive(port, frame, now)

    return Busy


def _goes_on(device: VirtualDevice) -> None:
    """LACP is not stopped."""


def _dies(device: VirtualDevice) -> None:
    device._system = device._factory(device._config)


BROKEN = [
    Broken(
        name="misses its partner after 88 s",
        patch=_misses_after(lambda proper: min(proper, 88.0)),
        device={},
        fails={"ROB-01": "no Expired=1 while H sends every 89.5 s"},
    ),
    Broken(
        name="never misses its partner",
        patch=_misses_after(lambda proper: 1000.0),
        fails={
            "ROB-02": "Expired=1 after H fell silent",
            "ROB-07": "Expired=1 after H fell silent",
        },
    ),
    Broken(
        name="stays expired",
        patch=patched(Receive, "current_while_expired", property(_stays_expired)),
        fails={"ROB-02": "nobody is there"},
    ),
    Broken(
        name="announces traffic while it hears nothing",
        factory=says(lambda state: state | 0x30 if state & 0x80 and state & 0x08 else state),
        fails={"ROB-02": "while the device hears nothing"},
    ),
    Broken(
        name="trusts a partner that is expired",
        factory=hears(_trusting),
        fails={"ROB-04": "the port stays ATTACHED"},
    ),
    Broken(
        name="answers everything",
        factory=_Chatty,
        fails={"ROB-04": "there is nothing to tell"},
    ),
    Broken(
        name="sees every partner in sync at once",
        factory=hears(lambda _, state: state | _SYNC),
        fails={"ROB-06": "as H's old LACPDU has it out of sync"},
    ),
    Broken(
        name="is offended for 30 s",
        factory=_offended(30.0),
        fails={"ROB-06": "as H has gone on cooperating"},
    ),
    Broken(
        name="is offended for 2.5 s",
        factory=_offended(2.5),
        fails={"ROB-06": "LACPDUs of H until the device collected again"},
        verdict=Verdict.INFO,
    ),
    Broken(
        name="is overrun",
        factory=_overrun(),
        fails={"ROB-07": "Synchronization, Collecting and Distributing throughout"},
    ),
    Broken(
        name="does not send in a flood",
        factory=_busy(),
        fails={"ROB-07": "one each second"},
    ),
    Broken(
        name="does not stop",
        patch=patched(VirtualDevice, "stop", _goes_on),
        fails={"ROB-09": "after the device was stopped"},
    ),
    Broken(
        name="stops without a word",
        patch=patched(VirtualDevice, "stop", _dies),
        fails={"ROB-09": "until it is missed"},
        verdict=Verdict.INFO,
    ),
    Broken(
        name="uses four links",
        factory=configured(max_ports=4),
        fails={"ROB-10": "on 8 of the links"},
    ),
]

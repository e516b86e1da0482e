"""Devices whose Receive machine is wrong: its timers, its links, and whom it hears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lacp.address import NO_MAC
from lacp.info import PortInfo, PortState
from lacp.link import Duplex, Link
from lacp.protocol.absent import Absent
from lacp.protocol.port import Port
from lacp.protocol.receive import Receive, ReceiveState
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from tests.conformance.broken import (
    Broken,
    deaf,
    lacpdu_of,
    lacpdus,
    patched,
    translated,
    with_state,
)

_SYNC = PortState.SYNCHRONIZATION
_ACTIVITY = PortState.ACTIVITY
_AGGREGATION = PortState.AGGREGATION
_SHORT = PortState.SHORT_TIMEOUT
_LONG_DEVICE = {"short_timeout": False}


# Timers.


def _timer(seconds: Callable[[Port, float], float]) -> Callable[[Any], None]:
    """A patch that has current_while run for other seconds than it should."""
    start = Port.start

    def changed(port: Port, timer: Timer, proper: float) -> None:
        start(port, timer, seconds(port, proper) if timer is Timer.CURRENT_WHILE else proper)

    return patched(Port, "start", changed)


def _of_partner(port: Port, _: float) -> float:
    return 3.0 if _SHORT in port.partner.state else 90.0


def _of_port(port: Port, _: float) -> float:
    return 3.0 if _SHORT in port.actor.state else 90.0


def _stays_expired(machine: Receive) -> bool:
    expired = machine.port.timers.expired(Timer.CURRENT_WHILE)
    return expired and machine.state is not ReceiveState.EXPIRED


class _Unselects(System):
    """Unselects a port that becomes expired."""

    def advance(self, now: float) -> None:
        before = {it: it.receive.state for it in self.ports.values()}
        super().advance(now)
        for it, state in before.items():
            if it.receive.state is ReceiveState.EXPIRED and state is ReceiveState.CURRENT:
                it.unselect("it is expired")
                super().link_changed(it.name, it.link, now)


class _Unchanging(System):
    """Takes no order from management."""

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        pass


# Links.


class _Forgetful(System):
    """Forgets the partner of a port that goes down."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        if not link.up:
            self.ports[port].record_partner(PortInfo())


class _Stuck(System):
    """Does not notice that a link comes back."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        if self.ports[port].partner.system == NO_MAC or not link.up:
            super().link_changed(port, link, now)


class _Shared(System):
    """Runs LACP on half duplex links."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, replace(link, duplex=Duplex.FULL), now)


class _Late(System):
    """Keeps what it is handed while a port is down, and reads it afterwards."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        if self.ports[port].port_enabled:
            super().receive(port, frame, now)
        else:
            self.kept = frame
        return True

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        if link.up and hasattr(self, "kept"):
            super().receive(port, self.kept, now)


# Who is heard.


def _in(*states: ReceiveState) -> type[System]:
    """Deaf in these states."""
    return deaf(lambda system, port, frame, now: port.receive.state in states)


def _at_the_brink(system: System, port: Port, frame: bytes, now: float) -> bool:
    last = port.last_received_at
    return last is not None and 2.99 < now - last < 3.01


class _Lazy(System):
    """Does not look at a frame that equals the last one."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        last = self.__dict__.setdefault("last", {})
        if last.get(port) != frame:
            last[port] = frame
            super().receive(port, frame, now)
        return True


def _from_nobody(system: System, port: Port, frame: bytes, now: float) -> bool:
    pdu = lacpdu_of(frame)
    current = port.receive.state is ReceiveState.CURRENT
    return pdu is not None and current and pdu.partner.system == NO_MAC


BROKEN = [
    Broken(
        name="takes 5 s for 3",
        patch=_timer(lambda _, proper: 5.0 if proper == 3.0 else proper),
        fails={"RXM-02": "DEFAULTED", "RXM-06": "none came"},
    ),
    Broken(
        name="takes 4 s for 3",
        patch=_timer(lambda _, proper: 4.0 if proper == 3.0 else proper),
        fails={"RXM-06": "at 4.0", "RXM-13": "at 4.0"},
    ),
    Broken(
        name="takes 2 s for 3",
        patch=_timer(lambda _, proper: 2.0 if proper == 3.0 else proper),
        fails={"RXM-02": "EXPIRED", "RXM-06": "at 2.0", "RXM-11": "Expired=1"},
    ),
    Broken(
        name="takes 60 s for 90",
        patch=_timer(lambda _, proper: 60.0 if proper == 90.0 else proper),
        fails={"RXM-07": "at 60.0"},
    ),
    Broken(
        name="stays expired for its own timeout",
        patch=_timer(_of_port),
        fails={"RXM-03": "Receive machine in EXPIRED", "RXM-09": "none came"},
        device=_LONG_DEVICE,
    ),
    Broken(
        name="times by the partner's timeout",
        patch=_timer(_of_partner),
        fails={"RXM-12": "Expired=1"},
    ),
    Broken(
        name="times by the partner's timeout and has the long one",
        patch=_timer(_of_partner),
        fails={"RXM-12": "at 3.0"},
        device=_LONG_DEVICE,
    ),
    Broken(
        name="never leaves EXPIRED by itself",
        patch=patched(Receive, "current_while_expired", property(_stays_expired)),
        fails={"RXM-02": "DEFAULTED", "RXM-09": "Defaulted=1 after EXPIRED"},
    ),
    Broken(
        name="keeps the partner in sync in EXPIRED",
        factory=translated(
            lacpdus(
                lambda _, pdu: (
                    replace(pdu, partner=with_state(pdu.partner, on=_SYNC))
                    if PortState.EXPIRED in pdu.actor.state
                    else pdu
                )
            )
        ),
        fails={"RXM-08": "Partner_State.Synchronization=0 in EXPIRED"},
    ),
    Broken(
        name="unselects an expired port",
        factory=_Unselects,
        fails={"RXM-10": "EXPIRED leaves Selected alone"},
    ),
    Broken(
        name="does not look at a frame twice",
        factory=_Lazy,
        fails={"RXM-11": "Expired=1"},
    ),
    Broken(name="cannot be changed", factory=_Unchanging, fails={"RXM-13": "LACP_Timeout=1"}),
    Broken(
        name="forgets the partner with the link",
        factory=_Forgetful,
        fails={"RXM-32": "stay recorded"},
    ),
    Broken(name="does not see a link come back", factory=_Stuck, fails={"RXM-32": "Distributing"}),
    Broken(
        name="does not know port_moved",
        patch=patched(Absent, "remembering", lambda *_: ()),
        fails={"RXM-33": "still recorded"},
    ),
    Broken(
        name="runs LACP on half duplex links",
        factory=_Shared,
        fails={"RXM-34": "no LACPDU on a half duplex link"},
    ),
    Broken(name="reads old mail", factory=_Late, fails={"RXM-35": "what came while down"}),
    Broken(
        name="is deaf in EXPIRED",
        factory=_in(ReceiveState.EXPIRED),
        fails={"RXM-04": "as CURRENT has it", "RXM-10": "Collecting=1"},
    ),
    Broken(
        name="is deaf in DEFAULTED",
        factory=_in(ReceiveState.DEFAULTED),
        fails={"RXM-05": "as CURRENT has it"},
    ),
    Broken(
        name="is deaf while the timer expires",
        factory=deaf(_at_the_brink),
        fails={"RXM-36": "the one before"},
    ),
    Broken(
        name="wants to be known first",
        factory=deaf(_from_nobody),
        fails={"RXM-37": "after H's restart"},
    ),
]

"""Devices that send at the wrong rate, or when they should not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.link import DOWN, Link
from lacp.protocol.config import PortConfig
from lacp.protocol.events import Event, Transmit
from lacp.protocol.periodic import PeriodicMachine, PeriodicState
from lacp.protocol.receive import Receive, ReceiveState
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from lacp.protocol.variables import Control
from tests.conformance.broken import Broken, lacpdu_of, patched

_ACTIVITY = PortState.ACTIVITY
_SHORT = PortState.SHORT_TIMEOUT
_LONG_DEVICE = {"short_timeout": False}
_PERIOD = "a LACPDU 1 s after the one before"


def _periods(fast: float = 1.0, slow: float = 30.0) -> Callable[[Any], None]:
    lengths = {"FAST_PERIODIC": fast, "SLOW_PERIODIC": slow}
    periods = {box: lengths[box.name] for box in PeriodicMachine.PERIODS}
    return patched(PeriodicMachine, "PERIODS", periods)


def _of_own(machine: PeriodicMachine) -> bool:
    return _SHORT in machine.port.actor.state


def _unhurried(machine: PeriodicMachine) -> bool:
    """Heeds the short timeout only when a period is over."""
    waiting = machine.state is PeriodicState.SLOW_PERIODIC and not machine.timer_expired
    return _SHORT in machine.port.partner.state and not waiting


class _Expecting(System):
    """Not broken: its administrative partner is active, so it has to send to nobody."""

    def add_port(self, name: str, config: PortConfig, now: float, link: Link = DOWN) -> None:
        expecting = replace(config, partner=PortInfo(state=_ACTIVITY))
        super().add_port(name, expecting, now, link)


_silent = PeriodicMachine.__dict__["silent"]


def _proper(machine: PeriodicMachine) -> bool:
    return bool(_silent.fget(machine))


def _silence(rule: Callable[[PeriodicMachine], object]) -> Callable[[Any], None]:
    """A patch of when nobody asks for periodic LACPDUs: also by this rule."""
    return patched(PeriodicMachine, "silent", property(lambda it: _proper(it) or rule(it)))


def _passive(machine: PeriodicMachine) -> bool:
    return _ACTIVITY not in machine.port.actor.state


def _chatty(machine: PeriodicMachine) -> bool:
    """Takes itself for active."""
    return not (machine.port.port_enabled and machine.port.lacp_enabled)


def _stays_expired(machine: Receive) -> bool:
    expired = machine.port.timers.expired(Timer.CURRENT_WHILE)
    return expired and machine.state is not ReceiveState.EXPIRED


def _in(machine: PeriodicMachine, state: ReceiveState) -> bool:
    return machine.port.receive.state is state


_restart = PeriodicMachine.restart


def _tires(machine: PeriodicMachine) -> None:
    if machine.port.counters.lacpdus_tx < 10:
        _restart(machine)


class _Acknowledges(System):
    """Answers a partner that changes its timeout."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        before = self.ports[port].partner.state
        super().receive(port, frame, now)
        if (self.ports[port].partner.state ^ before) & _SHORT and lacpdu_of(frame):
            self.ports[port].ntt = True
            super().link_changed(port, self.ports[port].link, now)
        return True


class _Greets(System):
    """Says a word at link up, active or not."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        if link.up:
            self._common.tell(Transmit(port, self.ports[port].frame(), now))


class _Slow(System):
    """Takes 2 s to speak after link up."""

    up = 0.0

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        self.up = now

    def events(self) -> Iterator[Event]:
        for event in super().events():
            if not isinstance(event, Transmit) or event.time > self.up + 2.0:
                yield event


BROKEN = [
    Broken(
        name="sends every 1.5 s",
        patch=_periods(fast=1.5),
        fails={
            "PER-01": _PERIOD,
            "PER-03": _PERIOD,
            "PER-11": _PERIOD,
        },
    ),
    Broken(
        name="sends every 1.5 s with the long timeout",
        patch=_periods(fast=1.5),
        fails={"PER-05": "H has the short timeout", "PER-13": _PERIOD},
        device=_LONG_DEVICE,
    ),
    Broken(
        name="sends every 1.2 s",
        patch=_periods(fast=1.2),
        fails={"PER-01": "at a median interval of 1.2", "PER-15": "LACPDUs in 60 s"},
    ),
    Broken(
        name="sends every 0.6 s",
        patch=_periods(fast=0.6),
        fails={"PER-01": "at 0.6", "PER-15": "LACPDUs in 60 s"},
    ),
    Broken(
        name="sends every 40 s",
        patch=_periods(slow=40.0),
        fails={"PER-02": "within 30.25 s", "PER-04": "30 s after", "PER-06": "30 s after"},
    ),
    Broken(
        name="sends every 90 s", patch=_periods(slow=90.0), fails={"PER-15": "0 LACPDUs in 60 s"}
    ),
    Broken(
        name="sends as often as its own timeout asks, the short one",
        patch=patched(PeriodicMachine, "partner_short_timeout", property(_of_own)),
        fails={"PER-02": "at 1.0", "PER-04": "at 0.9", "PER-06": "at 0.9"},
        control=Control.COUPLED,
    ),
    Broken(
        name="sends as often as its own timeout asks, the long one",
        patch=patched(PeriodicMachine, "partner_short_timeout", property(_of_own)),
        fails={"PER-05": "H has the short timeout"},
        control=Control.COUPLED,
        device=_LONG_DEVICE,
    ),
    Broken(
        name="does not hurry",
        patch=patched(PeriodicMachine, "partner_short_timeout", property(_unhurried)),
        fails={"PER-03": "the change to the short timeout"},
    ),
    Broken(
        name="acknowledges a new timeout",
        factory=_Acknowledges,
        fails={"PER-04": "no LACPDU for the change"},
    ),
    Broken(
        name="is never passive",
        patch=patched(PeriodicMachine, "silent", property(_chatty)),
        fails={
            "PER-07": "both ends are passive",
            "PER-10": "both ends are passive",
            "PER-12": "both ends are passive",
        },
    ),
    Broken(
        name="says a word at link up",
        factory=_Greets,
        fails={"PER-07": "both ends are passive"},
        verdict=Verdict.WARN,
    ),
    Broken(
        name="has an active administrative partner",
        factory=_Expecting,
        fails={
            "PER-07": "the device's administrative partner is active",
            "PER-12": "the device's administrative partner is active",
        },
        verdict=Verdict.INFO,
    ),
    Broken(
        name="is passive to everybody",
        patch=_silence(_passive),
        fails={"PER-08": "an answer of a passive device"},
    ),
    Broken(
        name="falls silent after ten LACPDUs",
        patch=patched(PeriodicMachine, "restart", _tires),
        fails={"PER-09": "a LACPDU of a passive device"},
    ),
    Broken(
        name="stays in EXPIRED",
        patch=patched(Receive, "current_while_expired", property(_stays_expired)),
        fails={"PER-10": "it in DEFAULTED", "PER-12": "both ends are passive"},
    ),
    Broken(
        name="does not look for a partner that is gone",
        patch=_silence(lambda it: _passive(it) and _in(it, ReceiveState.EXPIRED)),
        fails={"PER-12": "Expired=1 after H fell silent"},
    ),
    Broken(
        name="does not send to passive partners",
        patch=_silence(lambda it: _ACTIVITY not in it.port.partner.state),
        fails={"PER-11": "Synchronization, Collecting and Distributing"},
    ),
    Broken(name="takes its time after link up", factory=_Slow, fails={"PER-14": "after link up"}),
]

"""Devices whose Selection Logic is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lacp.conformance.verdict import Verdict
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.link import Link
from lacp.protocol import port as port_module
from lacp.protocol.aggregator import LagId, lag_id
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.variables import Fallback
from lacp.wire.lacpdu import Lacpdu
from tests.conformance.broken import Broken, lacpdu_of, lacpdus, patched, translated
from tests.conformance.broken_mux import configured
from tests.conformance.broken_record import loyal

_SYSTEM = PortInfo().system
_AGGREGATION = PortState.AGGREGATION
_ONE = {"short_timeout": True, "aggregators": 1}


def _by(identify: Callable[[PortInfo, PortInfo], LagId]) -> Callable[[pytest.MonkeyPatch], None]:
    """A patch that has links of equal `identify` aggregated."""
    return patched(port_module, "lag_id", identify)


def _whoever(**same: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Takes partners that differ in these fields for the same."""
    return _by(lambda actor, partner: lag_id(actor, replace(partner, **same)))


def _aggregatable(info: PortInfo) -> PortInfo:
    return replace(info, state=PORT_STATES[info.state | _AGGREGATION])


def _each_for_itself(actor: PortInfo, partner: PortInfo) -> LagId:
    return lag_id(actor, partner)._replace(ports=(actor.port_id, partner.port_id))


def _no_loops(actor: PortInfo, partner: PortInfo) -> LagId:
    return lag_id(actor, partner)._replace(loop_end=0)


class _Unchanging(System):
    """Takes no order from management."""

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        pass

    def configure(self, now: float, **changes: Any) -> None:
        pass


class _AllAtOnce(System):
    """Unselects all ports for what happens to one."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        if not link.up:
            self._disturb(now)

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        pdu = lacpdu_of(frame)
        partner = self.ports[port].partner
        super().receive(port, frame, now)
        if pdu is not None and partner.system not in (_SYSTEM, pdu.actor.system):
            self._disturb(now)
        return True

    def _disturb(self, now: float) -> None:
        for it in self.ports.values():
            if it.port_enabled:
                it.unselect("something happened")
                it.reselect = True
                super().link_changed(it.name, it.link, now)


class _Distrustful(System):
    """Deaf for good to a link whose partner port it has met on another one."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        pdu = lacpdu_of(frame)
        deaf = self.__dict__.setdefault("deaf", set())
        if pdu is not None and any(
            it.partner.port == pdu.actor.port for name, it in self.ports.items() if name != port
        ):
            deaf.add(port)
        if port not in deaf:
            super().receive(port, frame, now)
        return True


def _quiet_key(_: Port, pdu: Lacpdu) -> Lacpdu:
    return replace(pdu, actor=replace(pdu.actor, key=1))


BROKEN = [
    Broken(
        name="aggregates nothing",
        patch=_by(_each_for_itself),
        fails={
            "SEL-01": "the same aggregator: the links have the same LAG ID",
            "ROB-10": "one: it is one LAG",
        },
    ),
    Broken(
        name="aggregates nothing with one aggregator",
        patch=_by(_each_for_itself),
        device=_ONE,
        fails={"SEL-01": "on 2 of the links 0, 1"},
    ),
    Broken(
        name="aggregates whatever the system",
        patch=_whoever(system=_SYSTEM),
        fails={"SEL-02": "two aggregators, or one of the links without"},
    ),
    Broken(
        name="aggregates whatever the system on its one aggregator",
        patch=_whoever(system=_SYSTEM),
        device=_ONE,
        fails={"SEL-02": "on link 0 and on link 1, which have one aggregator"},
    ),
    Broken(
        name="aggregates whatever the system priority",
        patch=_whoever(system_priority=0),
        fails={"SEL-03": "so the partners are two systems"},
    ),
    Broken(
        name="aggregates whatever the key",
        patch=_whoever(key=0),
        fails={"SEL-04": "H's keys say that it cannot aggregate"},
    ),
    Broken(
        name="aggregates Individual links",
        patch=_by(lambda actor, partner: lag_id(_aggregatable(actor), _aggregatable(partner))),
        fails={
            "SEL-05": "shares its aggregator with nobody",
            "SEL-06": "shares its aggregator with nobody",
            "SEL-07": "the device is Individual on both",
        },
    ),
    Broken(
        name="takes no order",
        factory=_Unchanging,
        fails={
            "SEL-07": "Actor_State.Aggregation=0 on both links",
            "SEL-16": "Actor key 0x0201, as management asked for",
            "ROB-08": "on both links, as management asked for",
        },
    ),
    Broken(
        name="aggregates the ends of a loop",
        patch=_by(_no_loops),
        fails={
            "SEL-08": "they are the two ends of one link",
            "SEL-09": "they are the two ends of one link",
        },
    ),
    Broken(
        name="aggregates two links to one port",
        fails={"SEL-10": "H has one Port Identifier on both"},
        verdict=Verdict.WARN,
    ),
    Broken(
        name="is deaf to a port that it has met elsewhere",
        factory=_Distrustful,
        fails={"SEL-10": "the device did not recover"},
    ),
    Broken(
        name="unselects all for one",
        factory=_AllAtOnce,
        fails={
            "SEL-11": "another link went down and up",
            "SEL-15": "the stray LACPDU came on link 1",
            "ROB-05": "only link 1 had another System",
        },
    ),
    Broken(
        name="does not see another system",
        factory=loyal("system"),
        fails={
            "SEL-12": "so the ports are DETACHED first",
            "ROB-03": "its partner is another one each half second",
        },
    ),
    Broken(
        name="carries traffic without a partner",
        factory=configured(fallback=Fallback.STATIC),
        fails={"SEL-13": "nobody says that the other ends belong together"},
    ),
    Broken(
        name="takes silence for its partner's",
        patch=_whoever(system=_SYSTEM, system_priority=0, key=0),
        factory=configured(fallback=Fallback.STATIC),
        fails={"SEL-14": "link 1 has no partner"},
    ),
    Broken(
        name="does not tell its new key",
        factory=translated(out=lacpdus(_quiet_key)),
        fails={"SEL-16": "Actor key 0x0201, as management asked for"},
    ),
    Broken(
        name="does not detach for another LAG",
        patch=_by(lambda actor, partner: lag_id(replace(actor, key=0), partner)),
        fails={"SEL-16": "the LAG is another one, so the port is DETACHED"},
    ),
]

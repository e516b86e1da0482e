"""Devices that make the wrong thing of a LACPDU: recordPDU, update_Selected, update_NTT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lacp.conformance.verdict import Verdict
from lacp.info import PortState
from lacp.protocol import receive
from lacp.protocol.config import SystemConfig
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.wire.lacpdu import Lacpdu
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


class _Unlimited(System):
    """Sends as often as it is asked to."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__(replace(config, edition=replace(config.edition, transmit_limit=1000)))


class _Hasty(System):
    """Does not wait for others to aggregate with."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__(replace(config, aggregate_wait=0.1))


def _blind(*fields: str) -> type[System]:
    """Sees its own values in these fields of the Partner TLV, whatever they are."""

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        own = {name: getattr(port.actor, name) for name in fields}
        return replace(pdu, partner=replace(pdu.partner, **own))

    return translated(into=lacpdus(into))


def _blind_to(flag: PortState) -> type[System]:
    """Sees its own value of this bit of Partner_State."""

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        own = port.actor.state & flag
        return replace(pdu, partner=with_state(pdu.partner, on=own, off=flag & ~own))

    return translated(into=lacpdus(into))


def _sync_if(sync: Callable[[Port, Lacpdu], bool]) -> type[System]:
    """Decides about the partner's Synchronization by itself."""

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        bit = _SYNC if sync(port, pdu) else PortState(0)
        return replace(pdu, actor=with_state(pdu.actor, on=bit, off=_SYNC & ~bit))

    return translated(into=lacpdus(into))


def _sync(pdu: Lacpdu) -> bool:
    return _SYNC in pdu.actor.state


def _of_an_individual(_system: System, _port: Port, frame: bytes, _now: float) -> bool:
    pdu = lacpdu_of(frame)
    return pdu is not None and _AGGREGATION not in pdu.actor.state


def _active_echo(port: Port, pdu: Lacpdu) -> Lacpdu:
    return replace(pdu, partner=with_state(pdu.partner, on=_ACTIVITY))


def loyal(field: str) -> type[System]:
    """Goes on with the first partner it meets as if nothing had changed in this field."""
    first: dict[str, Any] = {}
    flag = _AGGREGATION if field == "aggregation" else None

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        actor = pdu.actor
        if flag is not None:
            own = first.setdefault(port.name, actor.state & flag)
            return replace(pdu, actor=with_state(actor, on=own, off=flag & ~own))
        own = first.setdefault(port.name, getattr(actor, field))
        return replace(pdu, actor=replace(actor, **{field: own}))

    return translated(into=lacpdus(into))


def _touchy(flag: PortState) -> type[System]:
    """Takes a partner for another one when it toggles this bit."""

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        usual = PortState.ACTIVITY | PortState.SHORT_TIMEOUT
        toggled = (pdu.actor.state ^ usual) & flag
        if flag is PortState.COLLECTING:
            distributing = PortState.DISTRIBUTING in pdu.actor.state
            toggled = PortState(distributing and flag not in pdu.actor.state)
        return replace(pdu, actor=replace(pdu.actor, key=pdu.actor.key ^ bool(toggled)))

    return translated(into=lacpdus(into))


def _eager(when: Callable[[Port, Lacpdu], object]) -> type[System]:
    """Answers LACPDUs that need no answer."""

    class Eager(System):
        def receive(self, port: str, frame: bytes, now: float) -> bool:
            super().receive(port, frame, now)
            pdu = lacpdu_of(frame)
            if pdu is not None and when(self.ports[port], pdu):
                self.ports[port].ntt = True
                super().link_changed(port, self.ports[port].link, now)
            return True

    return Eager


_NEVER_COMPARED = (
    PortState.COLLECTING | PortState.DISTRIBUTING | PortState.DEFAULTED | PortState.EXPIRED
)

_MATCHED = "Partner_State.Synchronization=0"
_UNANSWERED = "which update_NTT compares"

BROKEN = [
    Broken(
        name="does not compare the port",
        factory=_blind("port"),
        fails={"RXM-14": _MATCHED, "NTT-01": _UNANSWERED},
    ),
    Broken(
        name="does not compare the port priority",
        factory=_blind("port_priority"),
        fails={"RXM-15": _MATCHED, "NTT-02": _UNANSWERED},
    ),
    Broken(
        name="does not compare the system",
        factory=_blind("system"),
        fails={"RXM-16": _MATCHED, "NTT-03": _UNANSWERED},
    ),
    Broken(
        name="does not compare the system priority",
        factory=_blind("system_priority"),
        fails={"RXM-17": _MATCHED, "NTT-04": _UNANSWERED},
    ),
    Broken(
        name="does not compare the key",
        factory=_blind("key"),
        fails={"RXM-18": _MATCHED, "NTT-05": _UNANSWERED},
    ),
    Broken(
        name="does not compare Aggregation",
        factory=_blind_to(_AGGREGATION),
        fails={"RXM-19": _MATCHED, "NTT-09": _UNANSWERED},
    ),
    Broken(
        name="does not compare Activity",
        factory=_blind_to(_ACTIVITY),
        fails={"NTT-06": _UNANSWERED},
    ),
    Broken(
        name="does not compare Timeout", factory=_blind_to(_SHORT), fails={"NTT-07": _UNANSWERED}
    ),
    Broken(
        name="does not compare Synchronization",
        factory=_blind_to(_SYNC),
        fails={"NTT-08": _UNANSWERED},
    ),
    Broken(
        name="answers nobody who is wrong about it",
        patch=patched(receive, "update_ntt", lambda *_: None),
        fails={
            **{f"NTT-{number:02}": "of an H that is out of sync" for number in (1, 2, 3, 4, 5, 9)},
            **{f"NTT-{number:02}": "of an H that is in sync" for number in (6, 7, 8)},
        },
    ),
    Broken(
        name="is deaf to Individual partners",
        factory=deaf(_of_an_individual),
        fails={"RXM-20": "H is Individual"},
    ),
    Broken(
        name="wants Individual partners to match",
        factory=_sync_if(
            lambda port, pdu: _sync(pdu) and pdu.partner.identity == port.actor.identity
        ),
        fails={"RXM-20": "H is Individual"},
    ),
    Broken(
        name="does not ask who maintains the link",
        factory=translated(into=lacpdus(_active_echo)),
        fails={"RXM-21": "nobody maintains the link"},
    ),
    Broken(
        name="is in sync with active partners only",
        factory=_sync_if(lambda _, pdu: _sync(pdu) and _ACTIVITY in pdu.actor.state),
        fails={"RXM-22": "the device is active"},
    ),
    Broken(
        name="is in sync only when active itself",
        factory=_sync_if(lambda port, pdu: _sync(pdu) and _ACTIVITY in port.actor.state),
        fails={"RXM-23": "H is active"},
    ),
    Broken(
        name="does not ask whether the partner is in sync",
        factory=_sync_if(lambda _, pdu: True),
        fails={"RXM-24": "H itself says so"},
    ),
    Broken(
        name="does not wait for others",
        factory=_Hasty,
        fails={f"RXM-{number}": "Aggregate_Wait" for number in range(25, 31)},
        verdict=Verdict.WARN,
    ),
    *(
        Broken(
            name=f"goes on when the partner's {field} changes",
            factory=loyal(field),
            fails={f"RXM-{number}": "DETACHED first"},
        )
        for number, field in enumerate(
            ("port", "port_priority", "system", "system_priority", "key", "aggregation"), 25
        )
    ),
    *(
        Broken(
            name=f"takes a partner that toggles {flag.name} for another",
            factory=_touchy(flag),
            fails={"RXM-31": f"for {flag.name} of H inverted"},
        )
        for flag in PortState
        if flag not in (_AGGREGATION, _SYNC, PortState.DISTRIBUTING)
    ),
    Broken(
        name="answers for bits that say nothing of its view",
        factory=_eager(lambda port, pdu: (pdu.partner.state ^ port.actor.state) & _NEVER_COMPARED),
        fails={"NTT-10": "update_NTT does not compare it"},
        verdict=Verdict.WARN,
    ),
    Broken(
        name="answers for reserved octets",
        factory=_eager(lambda _, pdu: any(pdu.envelope.partner_reserved)),
        fails={"NTT-11": "reserved octets"},
    ),
    Broken(
        name="answers everything",
        factory=_eager(lambda *_: True),
        fails={"NTT-12": "exact echo"},
    ),
    Broken(
        name="has no limit",
        factory=_Unlimited,
        fails={"NTT-13": "4 LACPDUs in"},
    ),
]

"""Devices that choose the wrong links of a LAG with too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lacp.conformance.verdict import Verdict
from lacp.info import PortState
from lacp.protocol import sharing
from lacp.protocol.events import Event, Transmit
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.variables import Selected
from lacp.wire.lacpdu import Lacpdu
from tests.conformance.broken import Broken, lacpdus, patched, translated, with_state
from tests.conformance.broken_mux import configured

_SYNC = PortState.SYNCHRONIZATION

_Ids = tuple[tuple[int, int], tuple[int, int]]


def _ranks(order: Callable[[Port], _Ids]) -> Callable[[Any], None]:
    return patched(sharing, "_port_ids", order)


def _ours(port: Port) -> _Ids:
    return port.actor.port_id, port.partner.port_id


def _theirs(port: Port) -> _Ids:
    return port.partner.port_id, port.actor.port_id


def _no_numbers(port: Port) -> _Ids:
    return (port.partner.port_priority, 0), (port.actor.port_priority, 0)


def _no_address(port: Port) -> _Ids:
    stronger = port.actor.system_priority < port.partner.system_priority
    return _ours(port) if stronger else _theirs(port)


def _in_sync(port: Port, pdu: Lacpdu) -> Lacpdu:
    if port.selected is not Selected.STANDBY or PortState.DEFAULTED in pdu.actor.state:
        return pdu
    return replace(pdu, actor=with_state(pdu.actor, on=_SYNC))


def _forgetful(port: Port, pdu: Lacpdu) -> Lacpdu:
    standby = port.selected is Selected.STANDBY
    return replace(pdu, partner=replace(pdu.partner, port=0)) if standby else pdu


class _Mute(System):
    """Says nothing on a port that has stood by for 3 s."""

    def events(self) -> Iterator[Event]:
        for event in super().events():
            port = self.ports.get(event.port)
            standby = port is not None and port.selected is Selected.STANDBY
            if not (standby and isinstance(event, Transmit) and self.now > 8.0):
                yield event


def _keeps(ports: list[Port], config: Any) -> dict[str, str]:
    """Whoever is in use stays so, whoever comes back."""
    able = [p for p in ports if p.port_enabled]
    used = [p for p in able if p.selected is Selected.SELECTED]
    order = used + sorted((p for p in able if p not in used), key=sharing._port_ids)
    return {p.name: "others are in use" for p in ports if p not in order[: config.max_ports]}


BROKEN = [
    Broken(
        name="always decides",
        patch=_ranks(_ours),
        fails={"STB-02": "H decides", "STB-03": "H decides", "STB-04": "H decides"},
    ),
    Broken(
        name="never decides",
        patch=_ranks(_theirs),
        fails={"STB-01": "the device decides"},
    ),
    Broken(
        name="compares no numbers",
        patch=_ranks(_no_numbers),
        fails={"STB-03": "with equal port priorities"},
    ),
    Broken(
        name="compares no addresses",
        patch=_ranks(_no_address),
        fails={"STB-04": "the device decides"},
    ),
    Broken(
        name="uses all links",
        factory=configured(max_ports=None),
        fails={
            "STB-01": "it standing by, out of sync",
            "STB-05": "Synchronization=0, Collecting=0 and Distributing=0",
            "STB-07": "the device uses two links",
        },
    ),
    Broken(
        name="is in sync while it stands by",
        factory=translated(out=lacpdus(_in_sync)),
        fails={
            "STB-02": "it standing by, out of sync",
            "STB-05": "Synchronization=0, Collecting=0 and Distributing=0",
        },
    ),
    Broken(
        name="forgets its partner while it stands by",
        factory=translated(out=lacpdus(_forgetful)),
        fails={"STB-05": "as its Receive machine is in CURRENT"},
    ),
    Broken(
        name="is mute while it stands by",
        factory=_Mute,
        fails={"STB-05": "one each second, as H asks for"},
    ),
    Broken(
        name="does not promote",
        patch=patched(sharing, "_in_service", lambda _: True),
        fails={"STB-06": "which stood by for link"},
    ),
    Broken(
        name="does not pre-empt",
        patch=patched(sharing, "_standing_by", _keeps),
        fails={"STB-07": "the device does not pre-empt"},
        verdict=Verdict.INFO,
    ),
]

"""How LAGs compare that compete for an aggregator: what each is good for, and whom a policy ranks.

Pure functions of the ports of a LAG. Not part of the standard, but for the order of ports, which
is that of 6.7.1: of the two systems of a link, the one with the lower System ID ranks them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum

from lacp.info import PortInfo, PortState
from lacp.protocol.config import SystemConfig
from lacp.protocol.port import Port
from lacp.protocol.variables import AggSelectPolicy, Selected

#: Mb/s that a port counts whose interface does not know its speed: any that is known is more.
UNKNOWN_SPEED = 1


class Standing(IntEnum):
    """What a LAG is good for, before any policy."""

    #: No link is up, or nobody is heard any longer.
    SILENT = 0
    #: Both ends of its links are ours.
    LOOPED = 1
    #: Fewer ports than `min_ports` could be used.
    TOO_FEW = 2
    #: Nobody was heard; it is there by fallback.
    STAND_IN = 3
    #: The partner is heard and not in sync: not yet, or it wants another LAG.
    OUT_OF_SYNC = 4
    #: The partner is in sync at a port at least.
    IN_SYNC = 5


def standing(ports: Collection[Port], config: SystemConfig) -> Standing:
    """The standing of the LAG that these ports are."""
    usable = _usable(ports)
    if not usable:
        return Standing.SILENT
    first = usable[0]
    if first.lag.loop_end:
        return Standing.LOOPED
    if len(usable) < config.min_ports:
        return Standing.TOO_FEW
    if first.defaulted:
        return Standing.STAND_IN
    return Standing.IN_SYNC if any(map(in_sync, usable)) else Standing.OUT_OF_SYNC


def in_sync(port: Port) -> bool:
    """Whether the partner wants to use the port."""
    return PortState.SYNCHRONIZATION in port.partner.state


def measure(ports: Collection[Port], config: SystemConfig) -> int:
    """How much the policy thinks of the LAG that these ports are; more is better.

    Where the partner is in sync at some ports, the others count for nothing.
    """
    usable = _usable(ports)
    counted = [p for p in usable if in_sync(p)] or usable
    match config.agg_select_policy:
        case AggSelectPolicy.BANDWIDTH:
            best = sorted((p.link.speed or UNKNOWN_SPEED for p in counted), reverse=True)
            return sum(best[: config.max_ports])
        case AggSelectPolicy.COUNT:
            return len(counted[: config.max_ports])
        case AggSelectPolicy.PORT_CONFIG:
            return max((p.config.prio for p in counted), default=-1 << 32)
        case _:
            return strength(counted)


def strength(ports: Collection[Port]) -> int:
    """How strong the strongest of these ports is (`lacp_prio`); more is stronger."""
    return max(map(_strength, ports), default=-1 << 96)


def lead(ports: Sequence[Port], policy: AggSelectPolicy) -> Port:
    """The best of the ports of a LAG, of which there is at least one."""
    by_prio = policy is AggSelectPolicy.PORT_CONFIG
    return max(ports, key=lambda port: (port.config.prio * by_prio, _strength(port)))


def _usable(ports: Collection[Port]) -> list[Port]:
    """Those that could carry traffic now; who is about to leave its LAG could not."""
    return [
        p
        for p in ports
        if p.usable and (p.aggregator is None or p.selected is not Selected.UNSELECTED)
    ]


def _strength(port: Port) -> int:
    decides: PortInfo = min(port.actor, port.partner, key=lambda info: info.system_id)
    if port.defaulted:
        # Who is not there decides nothing.
        decides = port.actor
    number = decides.system_priority
    for value, bits in (
        (int.from_bytes(decides.system), 48),
        (decides.port_priority, 16),
        (decides.port, 16),
    ):
        number = number << bits | value
    return -number

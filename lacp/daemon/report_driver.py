"""What LACP of the device's driver adds to the document of a LAG and its ports.

The driver does not tell its machines, timers, or when it heard its partner: these stay null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lacp.config.model import LacpConfig
from lacp.daemon.documents import Document, port_info_document
from lacp.dataplane.base import LacpPortState, LacpState, SpeaksLacp
from lacp.info import PortInfo, PortState

if TYPE_CHECKING:
    from lacp.daemon.team import Team


def of_team(team: Team) -> LacpState | None:
    """LACP as the driver has it; None when it speaks none."""
    plane = team.dataplane
    return plane.lacp_state() if isinstance(plane, SpeaksLacp) else None


def lag_members(team: Team, state: LacpState) -> Document:
    """Both ends, from a port of the aggregator in use."""
    used = [port for port in state.ports.values() if _used(port, state)]
    one = used[0] if used else LacpPortState(None, None, None)
    return {
        "actor": _end(one.actor),
        "partner": _end(one.partner),
        "aggregator": state.aggregator,
        "min_ports": _min_ports(team),
    }


def carrier(team: Team, ports: list[Document]) -> bool:
    """Whether the driver gives the device carrier, which hangs on the documents of its ports."""
    carrying = [port for port in ports if port["distributing"]]
    return len(carrying) >= max(1, _min_ports(team))


def _min_ports(team: Team) -> int:
    config = team.config.runner
    assert isinstance(config, LacpConfig)
    return config.min_ports


def _used(port: LacpPortState, state: LacpState) -> bool:
    return port.aggregator is not None and port.aggregator == state.aggregator


def _end(info: PortInfo | None) -> Document | None:
    # The driver's own record of nobody has no system.
    if info is None or not any(info.system):
        return None
    return {
        "system_priority": info.system_priority,
        "system": str(info.system),
        "key": info.key,
    }


def port_members(state: LacpState, name: str) -> Document:
    """A port as the driver has it; empty when it is none of its."""
    port = state.ports.get(name)
    if port is None or port.actor is None:
        return {"collecting": False, "distributing": False}
    used = _used(port, state)
    return {
        "collecting": used and bool(port.actor.state & PortState.COLLECTING),
        "distributing": used and bool(port.actor.state & PortState.DISTRIBUTING),
        "aggregator": port.aggregator,
        "actor": port_info_document(port.actor),
        "partner": None if port.partner is None else port_info_document(port.partner),
    }

"""What LACP of the device's driver adds to the picture of a LAG and its ports.

The driver does not tell its machines, timers, or when it heard its partner: these stay None.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lacp.config.model import LacpConfig
from lacp.dataplane.base import LacpPortState, LacpState, SpeaksLacp
from lacp.info import PortInfo, PortState
from lacp.picture.model import LagView, PortView, SystemId
from lacp.protocol.view import end

if TYPE_CHECKING:
    from lacp.daemon.team.team import Team


#: Dataplanes that are known to speak none: a look at a protocol takes as long as one at a port.
_SILENT: set[type] = set()


def of_team(team: Team) -> LacpState | None:
    """LACP as the driver has it; None when it speaks none."""
    plane = team.dataplane
    if type(plane) in _SILENT:
        return None
    if not isinstance(plane, SpeaksLacp):
        _SILENT.add(type(plane))
        return None
    return plane.lacp_state()


def as_driven(team: Team, lag: LagView, state: LacpState) -> LagView:
    """The LAG with what the driver says of it; carrier hangs on what it has made of the ports."""
    config = team.config.runner
    assert isinstance(config, LacpConfig)
    ports = tuple(_port(port, state) for port in lag.ports)
    active = sum(port.distributing is True for port in ports)
    used = [port for port in state.ports.values() if _used(port, state)]
    one = used[0] if used else LacpPortState(None, None, None)
    return replace(
        lag,
        up=active >= max(1, config.min_ports),
        actor=_system(one.actor),
        partner=_system(one.partner),
        aggregator=state.aggregator,
        min_ports=config.min_ports,
        active_ports=active,
        ports=ports,
    )


def _used(port: LacpPortState, state: LacpState) -> bool:
    return port.aggregator is not None and port.aggregator == state.aggregator


def _system(info: PortInfo | None) -> SystemId | None:
    # The driver's own record of nobody has no system.
    if info is None or not any(info.system):
        return None
    return SystemId(system_priority=info.system_priority, system=info.system, key=info.key)


def _port(port: PortView, state: LacpState) -> PortView:
    """A port as the driver has it; one that is none of its carries nothing."""
    its = state.ports.get(port.name)
    if its is None or its.actor is None:
        return replace(port, collecting=False, distributing=False)
    used = _used(its, state)
    return replace(
        port,
        collecting=used and PortState.COLLECTING in its.actor.state,
        distributing=used and PortState.DISTRIBUTING in its.actor.state,
        aggregator=its.aggregator,
        actor=end(its.actor),
        partner=None if its.partner is None else end(its.partner),
    )

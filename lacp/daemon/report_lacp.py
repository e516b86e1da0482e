"""What a runner that speaks LACP adds to the picture of a LAG and its ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lacp.picture.model import SystemId
from lacp.protocol.port import Port
from lacp.protocol.view import end, history, machines, timers
from lacp.runners.lacp import LacpRunner

if TYPE_CHECKING:
    from lacp.daemon.team import Team


def lag_members(runner: LacpRunner, system_known: bool) -> dict[str, Any]:
    """Both ends of a LAG and what it goes by, as members of `LagView`."""
    config = runner.config
    lag = runner.aggregator.lag
    key = lag.actor[2] if lag is not None else _common_key(runner)
    return {
        "actor": SystemId(
            system_priority=config.system_priority,
            system=config.system if system_known else None,
            key=key,
        ),
        "partner": None
        if lag is None
        else SystemId(system_priority=lag.partner[0], system=lag.partner[1], key=lag.partner[2]),
        "aggregator": runner.aggregator.identifier,
        "min_ports": config.min_ports,
        "max_ports": config.max_ports,
        "edition": config.edition.name,
        "control": str(config.control),
        "fallback": str(config.fallback),
        "agg_select_policy": str(config.agg_select_policy),
        "looped": runner.looped,
    }


def port_members(team: Team, port: Port, now: float, verbose: bool) -> dict[str, Any]:
    """A port as its machines have it, as members of `PortView`."""
    received_at = port.last_received_at
    heard = port.heard
    assert isinstance(team.runner, LacpRunner)
    free_at = team.runner.free_at(port.name)
    return {
        "selected": port.selected.value,
        "selected_reason": port.selected_reason,
        "aggregator": None if port.attached is None else port.attached.identifier,
        "actor": end(port.actor, system_known=team.system_known),
        "partner": end(port.partner),
        "heard": None if heard is None else end(heard),
        "machines": machines(port),
        "last_rx_age": None if received_at is None else round(now - received_at, 3),
        "held": port.held or None,
        "held_for": None if free_at is None else round(max(0.0, free_at - now), 3),
        "refusal": team.members[port.name].refusal if port.retry_at > now else None,
        "withdrawn": port.withdrawn,
        "timers": timers(port, now) if verbose else None,
        "history": history(port, team.clock.text) if verbose else None,
    }


def changed_at(port: Port) -> float | None:
    """When a machine moved last; None when none ever did."""
    return port.history[-1].time if port.history else None


def _common_key(runner: LacpRunner) -> int | None:
    """The key of all ports, when it is the same."""
    keys = {port.actor.key for port in runner.ports.values()}
    return keys.pop() if len(keys) == 1 else None

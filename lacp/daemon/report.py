"""A team as the document of `lacpctl show --json`. What is not known is null."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lacp.daemon import problems
from lacp.daemon.documents import link_document, port_info_document
from lacp.protocol.aggregator import LagId
from lacp.protocol.counters import Counters
from lacp.protocol.port import Port
from lacp.protocol.timers import Timer

if TYPE_CHECKING:
    from lacp.daemon.team import Team


def lag_document(team: Team, now: float, verbose: bool = False) -> dict[str, Any]:
    """One LAG. With `verbose` each port also tells its timers and its history."""
    runner, config = team.runner, team.runner.config
    partners = problems.partner_ports(runner)
    lag = runner.aggregator.lag
    key = lag.actor[2] if lag is not None else _common_key(team)
    return {
        "name": team.name,
        "source": "lacpd",
        "mode": "lacp",
        "up": runner.carrier,
        "dataplane": team.dataplane.name,
        "actor": {
            "system_priority": config.system_priority,
            "system": str(config.system) if team.system_known else None,
            "key": key,
        },
        "partner": _partner(lag),
        "aggregator": runner.aggregator.identifier,
        "min_ports": config.min_ports,
        "max_ports": config.max_ports,
        "edition": config.edition.name,
        "control": str(config.control),
        "fallback": str(config.fallback),
        "ports": [port_document(team, name, now, partners, verbose) for name in team.runner.ports],
        "problems": problems.of_lag(runner),
    }


def port_document(
    team: Team,
    name: str,
    now: float,
    partners: problems.PartnerPorts,
    verbose: bool = False,
) -> dict[str, Any]:
    """One port of a LAG."""
    port = team.runner.ports[name]
    actor = port_info_document(port.actor)
    if not team.system_known:
        actor["system"] = None
    heard = port.last_received_at
    collecting, distributing = team.runner.enabled(name)
    document: dict[str, Any] = {
        "name": name,
        "ifindex": team.ifindex(name),
        "link": link_document(port.link),
        "selected": port.selected.value,
        "selected_reason": port.selected_reason,
        "aggregator": None if port.attached is None else port.attached.identifier,
        "collecting": collecting,
        "distributing": distributing,
        "actor": actor,
        "partner": port_info_document(port.partner),
        "machines": {machine.NAME: machine.state.name for machine in port.machines},
        "counters": counters_document(team, port),
        "last_rx_age": None if heard is None else round(now - heard, 3),
        "problems": [
            *problems.of_port(
                team.runner,
                port,
                now,
                missing=team.missing.get(name, ""),
                refusal=team.refusals.get(name, ""),
                partners=partners,
            ),
            *(
                f"{count} frames were refused: {reason}"
                for reason, count in team.refused.get(name, {}).items()
            ),
        ],
    }
    if verbose:
        document["timers"] = timers_document(port, now)
        document["history"] = history_document(team, port)
    return document


def counters_document(team: Team, port: Port) -> dict[str, int]:
    """The counters of a port: the engine's, and what never came as far as the engine."""
    counters = {each.name: getattr(port.counters, each.name) for each in fields(Counters)}
    refused = sum(team.refused.get(port.name, {}).values())
    return {**counters, "flooded_rx": team.flooded.get(port.name, 0), "refused_rx": refused}


def timers_document(port: Port, now: float) -> dict[str, float | None]:
    """Seconds left of each timer; null when it does not run."""
    left: dict[str, float | None] = {}
    for timer in Timer:
        deadline = port.timers.deadline(timer)
        left[timer.name.lower()] = None if deadline is None else round(max(0.0, deadline - now), 3)
    return left


def history_document(team: Team, port: Port) -> list[dict[str, Any]]:
    """What moved on the port, oldest first."""
    return [
        {
            "time": team.clock.text(event.time),
            "machine": event.machine,
            "old": event.old,
            "new": event.new,
            "reason": event.reason,
        }
        for event in port.history
    ]


def _partner(lag: LagId | None) -> dict[str, Any] | None:
    if lag is None:
        return None
    priority, system, key = lag.partner
    return {"system_priority": priority, "system": str(system), "key": key}


def _common_key(team: Team) -> int | None:
    """The key of all ports, when it is the same."""
    keys = {port.actor.key for port in team.runner.ports.values()}
    return keys.pop() if len(keys) == 1 else None

"""What a runner that speaks LACP adds to the document of a LAG and its ports."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from lacp.daemon.clock import Clock
from lacp.daemon.documents import Document, port_info_document
from lacp.protocol.aggregator import LagId
from lacp.protocol.counters import Counters
from lacp.protocol.port import Port
from lacp.protocol.timers import Timer
from lacp.runners.lacp import LacpRunner

if TYPE_CHECKING:
    from lacp.daemon.team import Team


def lag_members(runner: LacpRunner, system_known: bool) -> Document:
    """Both ends of a LAG and what it goes by."""
    config = runner.config
    lag = runner.aggregator.lag
    key = lag.actor[2] if lag is not None else _common_key(runner)
    return {
        "actor": {
            "system_priority": config.system_priority,
            "system": str(config.system) if system_known else None,
            "key": key,
        },
        "partner": _partner(lag),
        "aggregator": runner.aggregator.identifier,
        "min_ports": config.min_ports,
        "max_ports": config.max_ports,
        "edition": config.edition.name,
        "control": str(config.control),
        "fallback": str(config.fallback),
        "agg_select_policy": str(config.agg_select_policy),
    }


def port_members(team: Team, port: Port, now: float, verbose: bool) -> Document:
    """A port as its machines have it."""
    actor = port_info_document(port.actor)
    if not team.system_known:
        actor["system"] = None
    heard = port.last_received_at
    document: Document = {
        "selected": port.selected.value,
        "selected_reason": port.selected_reason,
        "aggregator": None if port.attached is None else port.attached.identifier,
        "actor": actor,
        "partner": port_info_document(port.partner),
        "machines": {machine.NAME: machine.state.name for machine in port.machines},
        "last_rx_age": None if heard is None else round(now - heard, 3),
    }
    if verbose:
        document["timers"] = timers(port, now)
        document["history"] = history(team.clock, port)
    return document


def counters(port: Port) -> dict[str, int]:
    """What the engine counts."""
    return {each.name: getattr(port.counters, each.name) for each in fields(Counters)}


def timers(port: Port, now: float) -> dict[str, float | None]:
    """Seconds left of each timer; null when it does not run."""
    left: dict[str, float | None] = {}
    for timer in Timer:
        deadline = port.timers.deadline(timer)
        left[timer.name.lower()] = None if deadline is None else round(max(0.0, deadline - now), 3)
    return left


def history(clock: Clock, port: Port) -> list[Document]:
    """What moved on the port, oldest first."""
    return [
        {
            "time": clock.text(event.time),
            "machine": event.machine,
            "old": event.old,
            "new": event.new,
            "reason": event.reason,
        }
        for event in port.history
    ]


def _partner(lag: LagId | None) -> Document | None:
    if lag is None:
        return None
    priority, system, key = lag.partner
    return {"system_priority": priority, "system": str(system), "key": key}


def _common_key(runner: LacpRunner) -> int | None:
    """The key of all ports, when it is the same."""
    keys = {port.actor.key for port in runner.ports.values()}
    return keys.pop() if len(keys) == 1 else None

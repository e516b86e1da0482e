"""Sharing an aggregator: who is SELECTED, who stands by, and when all are Ready (6.4.8, 6.7.1)."""

from __future__ import annotations

from collections.abc import Iterable

from lacp.info import PortState
from lacp.protocol.aggregator import Aggregator
from lacp.protocol.config import SystemConfig
from lacp.protocol.port import Port
from lacp.protocol.variables import Fallback, Selected


def share(
    aggregator: Aggregator,
    config: SystemConfig,
    concerned: Port | None,
    joining: bool = False,
) -> Iterable[Port]:
    """Decide who of `aggregator` is selected; returns the ports whose machines must be stepped.

    `concerned` is the port that had news; when it is `joining` it has just chosen the aggregator.
    Without a limit nobody else need be looked at.
    """
    affected: dict[str, Port] = {}
    was_ready = aggregator.ready
    limited = (
        config.min_ports > 1 or config.max_ports is not None or config.fallback is not Fallback.NONE
    )
    considered = aggregator.ports.values() if limited else filter(None, (concerned,))
    # Who is unselected is on its way out, but for the one that has just chosen.
    ports = [
        p
        for p in considered
        if p.selected is not Selected.UNSELECTED or (joining and p is concerned)
    ]
    standing_by = _standing_by(ports, config) if limited else {}
    for port in ports:
        standby = standing_by.get(port.name)
        chosen = Selected.SELECTED if standby is None else Selected.STANDBY
        if chosen is not port.selected:
            affected[port.name] = port
            if standby is None:
                standby = aggregator.joined
            port.choose(chosen, standby)
        elif standby is not None:
            port.choose(chosen, standby)
        aggregator.note_wait(port, port.selected is Selected.SELECTED and port.mux.waiting)
    if concerned is not None and concerned.selected is Selected.UNSELECTED:
        aggregator.note_wait(concerned, False)
    if aggregator.ready:
        if not was_ready:
            affected.update(aggregator.waiting)
        elif concerned is not None and concerned.name in aggregator.waiting:
            affected[concerned.name] = concerned
    return affected.values()


def _standing_by(ports: list[Port], config: SystemConfig) -> dict[str, str]:
    """Those of a LAG's ports that must stand by, by name, each with the reason."""
    usable = sum(p.usable for p in ports)
    if config.min_ports > 1 and usable < config.min_ports:
        return {p.name: f"{usable} usable ports, min_ports is {config.min_ports}" for p in ports}
    limit, rule = config.max_ports, f"max_ports is {config.max_ports}"
    if config.fallback is Fallback.SINGLE and ports and ports[0].defaulted:
        limit, rule = 1, "fallback is single"
    if limit is None or len(ports) <= limit:
        return {}
    return {p.name: f"others rank higher, {rule}" for p in _spare(ports, limit)}


def _spare(ports: list[Port], limit: int) -> list[Port]:
    """The ports beyond the `limit` best by the Port IDs of the higher-priority system (6.7.1)."""
    order = sorted(ports, key=lambda port: (not _in_service(port), *_port_ids(port)))
    best, rest = order[:limit], order[limit:]
    # Make before break: a better port takes over from a working one only when its own wait is over.
    working = [p for p in rest if _in_service(p) and _carries(p)]
    early = [p for p in reversed(best) if p.selected is not Selected.SELECTED and not p.ready_n]
    for keep, later in zip(working, early, strict=False):
        rest[rest.index(keep)] = later
    return rest


def _in_service(port: Port) -> bool:
    """Whether the port may rank high: both ends can hear each other, as far as is known.

    One that is EXPIRED keeps its place until its partner is given up. One whose partner says that
    it has given *us* up can carry nothing, and the partner has put another port in its place.
    """
    if not port.port_enabled or not (port.usable or port.selected is Selected.SELECTED):
        return False
    return port.defaulted or PortState.DEFAULTED not in port.partner.state


def _port_ids(port: Port) -> tuple[tuple[int, int], tuple[int, int]]:
    """The link's two Port Identifiers, that of the deciding system first."""
    ours, theirs = port.actor.port_id, port.partner.port_id
    if port.lag.loop_end:
        we_decide = port.lag.loop_end < 0
    else:
        we_decide = port.defaulted or port.actor.system_id < port.partner.system_id
    return (ours, theirs) if we_decide else (theirs, ours)


def _carries(port: Port) -> bool:
    return port.selected is Selected.SELECTED and PortState.SYNCHRONIZATION in port.actor.state

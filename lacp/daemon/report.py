"""A team as the document of `lacpctl show --json`. What is not known, or not so here, is null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lacp.daemon import problems, report_driver, report_lacp
from lacp.daemon.documents import Document, link_document
from lacp.daemon.parameters import port_setup
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.lacp import LacpRunner
from lacp.watch.base import Watcher

if TYPE_CHECKING:
    from lacp.daemon.ports import Member
    from lacp.daemon.team import Team

#: What only a runner that speaks LACP can say of a LAG, and of a port.
_NO_LAG: Document = dict.fromkeys(
    (
        "actor",
        "partner",
        "aggregator",
        "min_ports",
        "max_ports",
        "edition",
        "control",
        "fallback",
        "agg_select_policy",
    )
)
_NO_PORT: Document = dict.fromkeys(
    (
        "selected",
        "selected_reason",
        "aggregator",
        "actor",
        "partner",
        "machines",
        "last_rx_age",
    )
)


def lag_document(team: Team, now: float, verbose: bool = False) -> Document:
    """One LAG. With `verbose` each port of a LACP system also tells its timers and its history."""
    runner = team.runner
    partners: problems.PartnerPorts = {}
    lacp = _NO_LAG
    if isinstance(runner, LacpRunner):
        partners = problems.partner_ports(runner)
        lacp = report_lacp.lag_members(runner, team.system_known)
    by_driver = report_driver.of_team(team)
    if by_driver is not None:
        lacp = _NO_LAG | report_driver.lag_members(team, by_driver)
    address = team.addresses.team
    ports = [_port(team, member, now, partners, verbose) for member in team.members.values()]
    if by_driver is not None:
        for port in ports:
            port.update(report_driver.port_members(by_driver, port["name"]))
        lacp["up"] = report_driver.carrier(team, ports)
    return {
        "name": team.name,
        "source": "lacpd",
        "mode": runner.name,
        "up": runner.carrier,
        "dataplane": team.dataplane.name,
        "address": None if address is None else str(address),
        "active_port": runner.active_port if isinstance(runner, ActivebackupRunner) else None,
        **lacp,
        "ports": ports,
        "problems": problems.of_team(team),
    }


def _port(
    team: Team, member: Member, now: float, partners: problems.PartnerPorts, verbose: bool
) -> Document:
    """One port of a LAG."""
    runner, name = team.runner, member.name
    link = member.watch.link if member.joined else member.told
    collecting, distributing = runner.enabled(name)
    document: Document = {
        "name": name,
        "ifindex": team.ifindex(name),
        "link": link_document(link),
        "collecting": collecting,
        "distributing": distributing,
        "usable": member.verdict,
        "prio": member.config.prio,
        "sticky": member.config.sticky,
        "queue_id": port_setup(member.config).queue_id,
        "link_watches": [_watch(watcher) for watcher in member.watch.watchers],
    }
    if isinstance(runner, LacpRunner):
        document |= report_lacp.port_members(team, runner.ports[name], now, verbose)
        found = problems.of_lacp_port(runner, member, now, partners)
    else:
        document |= _NO_PORT
        found = problems.of_watched_port(team, member)
    document["counters"] = counters_document(team, name)
    document["problems"] = [*found, *problems.of_frames(member)]
    return document


def _watch(watcher: Watcher) -> Document:
    """A link watcher, and what it has found."""
    return {
        "name": watcher.name,
        "up": watcher.up,
        "reason": watcher.reason,
        "down_count": watcher.down_count,
    }


def counters_document(team: Team, name: str) -> dict[str, int]:
    """The counters of a port: the engine's, and what never came as far as the engine."""
    runner, member = team.runner, team.members[name]
    lacp = report_lacp.counters(runner.ports[name]) if isinstance(runner, LacpRunner) else {}
    return {**lacp, "flooded_rx": member.flooded, "refused_rx": sum(member.refused.values())}


def history_document(team: Team, name: str) -> list[Document]:
    """What moved on the port, oldest first; nothing where no machine is."""
    runner = team.runner
    if not isinstance(runner, LacpRunner):
        return []
    return report_lacp.history(team.clock, runner.ports[name])

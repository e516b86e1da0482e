"""A team as the picture that every source of LAGs gives. What is not known, or not so, is None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lacp.daemon.report import driver as report_driver
from lacp.daemon.report import lacp as report_lacp
from lacp.daemon.report.settings import lag_settings, port_settings
from lacp.daemon.team.parameters import port_setup
from lacp.link import Duplex
from lacp.picture.explain import diagnose
from lacp.picture.findings import with_problems
from lacp.picture.model import Document, LagView, LinkView, PortView, WatcherView, document
from lacp.protocol import view
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.lacp import LacpRunner
from lacp.watch.base import Watcher

if TYPE_CHECKING:
    from lacp.daemon.team.member import Member
    from lacp.daemon.team.team import Team


def lag_document(team: Team, now: float, verbose: bool = False) -> Document:
    """One LAG as `lacpctl show --json` has it."""
    lag = lag_view(team, now, verbose)
    found: Document = document(with_problems(lag, diagnose(lag)))
    return found


def lag_view(team: Team, now: float, verbose: bool = False) -> LagView:
    """One LAG. With `verbose` each port of a LACP system also tells its timers and its history.

    What is wrong with it is not in it: `diagnose` says that.
    """
    runner, host = team.runner, team.host
    device = team.device_up is not None
    ports = tuple(_port(team, member, now, verbose) for member in team.members.values())
    lag = LagView(
        name=team.name,
        source="lacpd",
        mode=runner.name,
        lacp=runner.name == "lacp",
        up=runner.carrier,
        admin_up=team.device_up,
        dataplane=team.dataplane.name,
        ifindex=host.ifindex(team.name) if device else None,
        address=team.addresses.team,
        mtu=host.mtu(team.name) if device else None,
        active_port=runner.active_port if isinstance(runner, ActivebackupRunner) else None,
        netns=host.netns,
        settings=lag_settings(team.config),
        active_ports=sum(port.distributing is True for port in ports),
        total_ports=len(ports),
        ports=ports,
    )
    if isinstance(runner, LacpRunner):
        lag = report_lacp.as_spoken(lag, runner, team.system_known)
    by_driver = report_driver.of_team(team)
    return lag if by_driver is None else report_driver.as_driven(team, lag, by_driver)


def _port(team: Team, member: Member, now: float, verbose: bool) -> PortView:
    """One port of a LAG."""
    runner, name, host = team.runner, member.name, team.host
    link = member.link
    collecting, distributing = runner.enabled(name)
    lacp: report_lacp.Spoken
    if isinstance(runner, LacpRunner):
        lacp = report_lacp.spoken(team, runner, name, now, verbose)
    else:
        at = member.changed_at
        lacp = {"changed_age": None if at is None else round(max(0.0, now - at), 3)}
    return PortView(
        name=name,
        ifindex=host.ifindex(name),
        link=_link(team, member),
        collecting=collecting,
        distributing=distributing,
        counters=counters_document(team, name),
        address=link.address if link is not None and member.there else None,
        permanent_address=member.own if member.there else None,
        mtu=host.mtu(name) if member.there else None,
        link_downs=member.link_downs,
        usable=member.verdict,
        link_watches=tuple(map(_watcher, member.watch.watchers)),
        prio=member.config.prio,
        sticky=member.config.sticky,
        queue_id=port_setup(member.config).queue_id,
        missing=member.missing or None,
        refused={} if member.refused is None else dict(member.refused),
        settings=port_settings(member.config),
        **lacp,
    )


def _link(team: Team, member: Member) -> LinkView:
    link = member.watch.link if member.joined else member.told
    duplex = None if link.duplex is Duplex.UNKNOWN else link.duplex
    # Nobody else has to be asked about one that is up.
    admin_up = link.up or team.host.admin_up(member.name)
    return LinkView(up=link.up, speed=link.speed, duplex=duplex, admin_up=admin_up)


def _watcher(watcher: Watcher) -> WatcherView:
    return WatcherView(
        name=watcher.name, up=watcher.up, reason=watcher.reason, down_count=watcher.down_count
    )


def counters_document(team: Team, name: str) -> dict[str, int]:
    """The counters of a port: the engine's, and what never came as far as the engine."""
    runner, member = team.runner, team.members[name]
    lacp = view.counters(runner.ports[name]) if isinstance(runner, LacpRunner) else {}
    return {**lacp, "flooded_rx": member.flooded, "refused_rx": member.refused_rx}


def history_document(team: Team, name: str) -> list[Document]:
    """What moved on the port, oldest first; nothing where no machine is."""
    runner = team.runner
    if not isinstance(runner, LacpRunner):
        return []
    found: list[Document] = document(view.history(runner.ports[name], team.clock.text))
    return found

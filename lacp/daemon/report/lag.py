"""A team as the picture that every source of LAGs gives. What is not known, or not so, is None.

A daemon has no time to look at hundreds of ports at once. What may be many has a form in pieces: a
generator that yields while others have their turn, and returns what it has made. The ports of one
answer may then differ in age by some turns; a port by itself is as it was at one moment.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

from lacp.daemon.report import driver as report_driver
from lacp.daemon.report import lacp as report_lacp
from lacp.daemon.report.settings import lag_settings, port_settings
from lacp.link import Duplex
from lacp.picture.explain import diagnose, diagnosing
from lacp.picture.findings import Finding, problems, with_problems
from lacp.picture.model import (
    Document,
    LagView,
    LinkView,
    PortView,
    WatcherView,
    document,
    without_ports,
)
from lacp.protocol import view
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.lacp import LacpRunner
from lacp.watch.base import Watcher

if TYPE_CHECKING:
    from lacp.daemon.team.member import Member
    from lacp.daemon.team.team import Team

_Made = TypeVar("_Made")
#: Something that is made in pieces.
Pieces = Generator[None, None, _Made]

#: Ports that are looked at between two turns of others: each takes some 30 µs.
PIECE = 16
_ENCODE = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def whole(pieces: Pieces[_Made]) -> _Made:
    """What comes of it, in one go."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            made: _Made = end.value
            return made


def lag_document(team: Team, now: float, verbose: bool = False) -> Document:
    """One LAG as `lacpctl show --json` has it."""
    lag = lag_view(team, now, verbose)
    found: Document = document(with_problems(lag, diagnose(lag)))
    return found


def lag_view(team: Team, now: float, verbose: bool = False) -> LagView:
    """One LAG. With `verbose` each port of a LACP system also tells its timers and its history.

    What is wrong with it is not in it: `diagnose` says that.
    """
    return whole(lag_pieces(team, now, verbose))


def lag_pieces(team: Team, now: float, verbose: bool = False) -> Pieces[LagView]:
    """`lag_view` in pieces; a port that leaves meanwhile may be left out."""
    seen = []
    for number, member in enumerate(tuple(team.members.values()), 1):
        if team.members.get(member.name) is member:
            seen.append(_port(team, member, now, verbose))
        # What a port remembers takes as long as ten ports without it.
        if verbose or number % PIECE == 0:
            yield
            now = max(now, team.clock.now())
    return _lag(team, tuple(seen))


def answer_pieces(
    team: Team, now: float, verbose: bool, explained: bool, sparse: bool = False
) -> Pieces[bytes]:
    """`lag_document` as its JSON, in pieces. What is not `explained` has no `problems`; what is
    `sparse` is for `lacp.picture.reading`."""
    lag = yield from lag_pieces(team, now, verbose)
    said = {}
    if explained:
        findings: list[Finding] = []
        for number, some in enumerate(diagnosing(lag)):
            findings += some
            if number % PIECE == 0:
                yield
        said = problems(lag, findings)
    ports = []
    for number, port in enumerate(lag.ports, 1):
        its = {**document(port, sparse), "problems": said.get(port.name, [])}
        ports.append(_ENCODE(its))
        if number % PIECE == 0:
            yield
    front, back = without_ports(lag, sparse)
    back["problems"] = said.get(None, [])
    # An object without its braces, and one that goes on where the other ends.
    return f'{_ENCODE(front)[:-1]},"ports":[{",".join(ports)}],{_ENCODE(back)[1:]}'.encode()


def _lag(team: Team, ports: tuple[PortView, ...]) -> LagView:
    runner, host = team.runner, team.host
    device = team.device_up is not None
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
        queue_id=member.config.queue_id,
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

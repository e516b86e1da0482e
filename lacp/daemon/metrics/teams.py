"""What metrics are made of: the teams of the process, one by one, and the process itself."""

from __future__ import annotations

from collections.abc import Iterator

from lacp.daemon.metrics.exposition import Itself
from lacp.daemon.report.lag import lag_pieces
from lacp.daemon.service import Service
from lacp.picture.model import LagView


def observe(service: Service) -> Iterator[LagView | None]:
    """Each team as it is when it is asked for, None as long as there is more to be asked of it; one
    that has stopped meanwhile is none any more."""
    teams = service.driver.teams
    for team in tuple(teams.values()):
        if teams.get(team.name) is team:
            lag = yield from lag_pieces(team, service.clock.now())
            if teams.get(team.name) is team:
                yield lag


def itself(service: Service, version: str) -> Itself:
    """The daemon whose service this is."""
    lateness = service.driver.lateness.worst(service.clock.now())
    return Itself(version, service.last_reload_good, lateness)

"""What runners and link watchers want to be done: frames sent, decisions carried out."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lacp.backends.base import Backend
from lacp.daemon.clock import Clock
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team
from lacp.errors import BackendError
from lacp.protocol.events import Transmit
from lacp.runners.base import PortEnabled, RunnerNews
from lacp.watch.base import Listen, Probe, Resolve, WatchNews

#: Seconds that a frame may leave later than was said to the engine, without telling it: much less
#: than what `lacp.protocol.transmit` leaves for the jitter of clocks.
_AT_ONCE = 0.001


class Outlet:
    """Carries out, on backend and device, what the engines of teams said.

    `resolve` is told of hosts whose address is wanted.
    """

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock
        self.resolve: Callable[[Member, Resolve], None] = lambda member, wanted: None

    def carry_out(self, team: Team, now: float) -> list[RunnerNews]:
        """Send what the runner wants to be sent and do what it decided; returns what to tell."""
        told: list[RunnerNews] = []
        sent: list[str] = []
        again = True
        while again and (decided := list(team.runner.events())):
            again = False
            last: dict[str, PortEnabled] | None = None
            for event in decided:
                if isinstance(event, Transmit):
                    if self._send(team, event, now):
                        sent.append(event.port)
                    else:
                        # To which the runner may have something to say.
                        again = True
                    continue
                again = True
                told.append(event)
                if isinstance(event, PortEnabled):
                    # Uses of a port that have ended in the same moment are none.
                    last = last or {e.port: e for e in decided if isinstance(e, PortEnabled)}
                    if last[event.port] is not event:
                        continue
                team.carry_out(event, now)
        # Much may have been done since the time of this turn, and the wire counts from now.
        if sent and (handed_over := self._clock.now()) - now > _AT_ONCE:
            for port in sent:
                team.runner.transmitted(port, handed_over)
        return told

    def _send(self, team: Team, event: Transmit, now: float) -> bool:
        port = event.port
        member = team.members.get(port)
        if member is None:
            return False
        if self._backend.send(port, event.frame):
            return True
        if port in team.runner.ports:
            member.refusal = self._backend.failure(port)
            team.runner.transmit_failed(port, event.frame, now)
        return False

    def watch(self, member: Member) -> list[WatchNews]:
        """Do what the link watchers of a port want; returns what to tell of it."""
        told: list[WatchNews] = []
        for event in member.watch.events():
            if isinstance(event, Probe):
                self._backend.send(event.port, event.frame)
            elif isinstance(event, Resolve):
                self.resolve(member, event)
            elif isinstance(event, Listen):
                self._listen(member.team, event)
            else:
                told.append(event)
        return told

    def _listen(self, team: Team, wanted: Listen) -> None:
        try:
            self._backend.listen(wanted.port, wanted.kinds, wanted.hosts)
        except BackendError as error:
            team.journal.say(logging.ERROR, str(error), wanted.port)

"""The driver: one backend, many teams, and the order in which frames and timers come.

It waits for nothing and reads no clock: its owner calls `poll` when a descriptor is readable or
the deadline has come, with the time of that moment.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from types import MappingProxyType

from lacp.backends.base import Backend, FrameLost, FrameReceived, LinkNews, News, Overrun
from lacp.daemon.team import Team
from lacp.daemon.throttle import Throttle
from lacp.errors import UsageError
from lacp.protocol.events import Transmit

log = logging.getLogger("lacp.daemon")

#: How often `poll` reads before it lets timers expire: what waits in a full receive buffer of
#: 4 MiB, and an end for a flood that never stops.
_READS = 32
#: Frames that a port may pass to the engine in a second. Ten each for LACP, marker and other
#: protocols is what the standard allows (802.3 Annex 57A); nobody who keeps to it gets near.
_FRAMES = 200
#: Seconds for which a port that passed more is not listened to.
_PAUSE = 1.0
#: Seconds in which lost messages make one line.
_LOG_INTERVAL = 10.0
#: Seconds late from which on it is worth a line.
_LATE = 1.0


class Driver:
    """Drives teams over a backend; a port belongs to one team."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._teams: dict[str, Team] = {}
        self._owners: dict[str, Team] = {}
        self._queue: list[tuple[float, str]] = []
        #: Of each port: the second, and the frames in it.
        self._budgets: dict[str, list[float]] = {}
        #: Flooded ports, and when to listen to each again.
        self._muted: dict[str, float] = {}
        self._overruns = Throttle(_LOG_INTERVAL)
        self._touched: dict[Team, None] = {}

    @property
    def teams(self) -> Mapping[str, Team]:
        """The teams by name, to be read."""
        return MappingProxyType(self._teams)

    def owner(self, port: str) -> Team | None:
        """The team that has `port`."""
        return self._owners.get(port)

    # Teams and ports.

    def add_team(self, team: Team) -> None:
        """Take up a team; its ports come with `add_ports`. Raises UsageError for a name twice."""
        if team.name in self._teams:
            raise UsageError(f"team {team.name} exists already")
        self._teams[team.name] = team

    def add_ports(self, team: Team, ports: Iterable[str], now: float) -> None:
        """Take up ports of the team's configuration. Raises LacpError at the first that fails."""
        for port in ports:
            other = self._owners.get(port)
            if other is not None:
                raise UsageError(f"port {port} belongs to team {other.name} already")
            self.backend.add(port)
            try:
                team.add_port(port, now)
            except BaseException:
                self.backend.remove(port)
                raise
            self._owners[port] = team
        self._touched[team] = None
        self._flush(now)

    def withdraw_ports(self, team: Team, ports: Iterable[str], now: float) -> None:
        """Take ports out of their LAG and tell their partners, as far as the rate allows."""
        for port in ports:
            team.runner.withdraw_port(port, now)
        self._touched[team] = None
        self._flush(now)

    def remove_ports(self, team: Team, ports: Iterable[str], now: float) -> None:
        """Let go of ports."""
        removed = list(ports)
        for port in removed:
            team.remove_port(port, now)
        self._touched[team] = None
        self._flush(now)
        for port in removed:
            team.release_port(port)
            self.backend.remove(port)
            del self._owners[port]
            self._budgets.pop(port, None)
            self._muted.pop(port, None)

    def remove_team(self, team: Team) -> None:
        """Forget a team whose ports have been removed."""
        del self._teams[team.name]
        team.scheduled = None
        team.close()

    def touched(self, team: Team, now: float) -> None:
        """Something else was changed about `team`: do what follows from it."""
        self._touched[team] = None
        self._flush(now)

    # Time and news.

    def poll(self, now: float) -> None:
        """Take what has arrived, then let the timers expire that are due.

        In this order: a process that was stopped for a while must not give up partners whose
        LACPDUs wait in the socket. A flood cannot put the timers off for long.
        """
        self._unmute(now)
        due = self.next_deadline()
        if due is not None and now - due > _LATE:
            log.warning("woke %.1f s late: the process or the host was stopped or busy", now - due)
        for _ in range(_READS):
            news = self.backend.read()
            if not news:
                break
            for item in news:
                self._take(item, now)
            self._flush(now)
        while self._queue and self._queue[0][0] <= now:
            at, name = heappop(self._queue)
            team = self._teams.get(name)
            if team is not None and team.scheduled == at:
                team.scheduled = None
                team.runner.advance(now)
                self._touched[team] = None
        self._flush(now)

    def next_deadline(self) -> float | None:
        """When `poll` must be called at the latest; None when no timer runs."""
        unmute = min(self._muted.values(), default=None)
        while self._queue:
            at, name = self._queue[0]
            team = self._teams.get(name)
            if team is not None and team.scheduled == at:
                return at if unmute is None else min(at, unmute)
            heappop(self._queue)
        return unmute

    def _take(self, item: News, now: float) -> None:
        match item:
            case FrameReceived(port, frame):
                team = self._owners.get(port)
                if team is None:
                    return
                if self._afford(port, now):
                    team.runner.receive(port, frame, now)
                    self._touched[team] = None
                else:
                    self._flooded(team, port, now)
            case LinkNews(port, link):
                team = self._owners.get(port)
                if team is not None:
                    team.link(port, link, now)
                    self._touched[team] = None
            case FrameLost(port, reason):
                team = self._owners.get(port)
                if team is None:
                    return
                if self._afford(port, now):
                    team.refuse(port, reason, now)
                else:
                    self._flooded(team, port, now)
            case Overrun(detail):
                self._overrun(detail, now)

    def _afford(self, port: str, now: float) -> bool:
        """Whether the port may pass another frame to the engine in this second."""
        budget = self._budgets.get(port)
        if budget is None or now - budget[0] >= 1.0:
            self._budgets[port] = [now, 1]
            return True
        budget[1] += 1
        return budget[1] <= _FRAMES

    def _flooded(self, team: Team, port: str, now: float) -> None:
        count = team.flooded.get(port, 0)
        team.flooded[port] = count + 1
        if port not in self._muted:
            # All ports share a receive buffer, in which the others need room.
            self._muted[port] = now + _PAUSE
            self.backend.mute(port, True)
            team.journal.flood(port, _FRAMES, now)

    def _unmute(self, now: float) -> None:
        for port in [port for port, until in self._muted.items() if until <= now]:
            del self._muted[port]
            self.backend.mute(port, False)

    def _overrun(self, detail: str, now: float) -> None:
        missed = self._overruns.admit("", now)
        if missed is None:
            return
        more = f" ({missed} more since the last such line)" if missed else ""
        log.warning("overrun: %s%s", detail, more)
        for team in self._teams.values():
            if team.journal.subscribers:
                body = {"port": None, "event": "overrun", "detail": detail, "suppressed": missed}
                team.journal.publish(body, now)

    def _flush(self, now: float) -> None:
        """Carry out what the touched teams have decided, and plan their next turn."""
        touched, self._touched = self._touched, {}
        for team in touched:
            for event in team.runner.events():
                if isinstance(event, Transmit):
                    self._send(team, event, now)
                else:
                    team.carry_out(event)
            deadline = team.runner.next_deadline()
            if deadline is not None and (team.scheduled is None or deadline < team.scheduled):
                team.scheduled = deadline
                heappush(self._queue, (deadline, team.name))

    def _send(self, team: Team, event: Transmit, now: float) -> None:
        port = event.port
        if self._owners.get(port) is not team or self.backend.send(port, event.frame):
            return
        if port in team.runner.ports:
            if self._owners.get(port) is team:
                team.refusals[port] = self.backend.failure(port)
            team.runner.transmit_failed(port, event.frame, now)

"""The driver: one backend, many teams, and the order in which frames and timers come.

It waits for nothing and reads no clock: its owner calls `poll` when a descriptor is readable or
the deadline has come, with the time of that moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from lacp.backends.base import (
    Backend,
    FrameLost,
    FrameReceived,
    LinkNews,
    News,
    Overrun,
    TipcNews,
)
from lacp.config.model import TeamPort
from lacp.daemon.agenda import Agenda
from lacp.daemon.report.documents import Event
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team
from lacp.daemon.throttle import Budget, Throttle
from lacp.dataplane.base import PlaneNews
from lacp.errors import BackendError, UsageError
from lacp.protocol.events import Transmit
from lacp.runners.base import PortEnabled, RunnerEvent
from lacp.watch.base import Listen, Probe, Resolve

log = logging.getLogger("lacp.daemon")

#: How often `poll` reads before it lets timers expire: what waits in a full receive buffer of
#: 4 MiB, and an end for a flood that never stops.
_READS = 32
#: Slow-protocol frames that a port may pass to the engine in a second. Ten each for LACP, marker
#: and other protocols is what the standard allows (802.3 Annex 57A); nobody who keeps to it gets
#: near.
_FRAMES = 200
#: Seconds for which a port that passed more is not listened to.
_PAUSE = 1.0
#: Seconds in which lost messages make one line.
_LOG_INTERVAL = 10.0
#: Seconds late from which on it is worth a line.
_LATE = 1.0
#: How often runners and watchers may answer each other in one moment.
_PASSES = 100

_SLOW_PROTOCOLS = b"\x88\x09"


class Driver:
    """Drives teams over a backend; a port belongs to one team.

    `plane_news` is told what others did to a device, `resolve` of hosts whose address is wanted.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.plane_news: Callable[[Team, PlaneNews, float], None] = lambda team, news, now: None
        self.resolve: Callable[[Member, Resolve], None] = lambda member, wanted: None
        self._teams: dict[str, Team] = {}
        self._owners: dict[str, Team] = {}
        self._agenda: Agenda[Team | Member] = Agenda()
        self._frames = Budget(_FRAMES)
        #: Flooded ports, and when to listen to each again.
        self._muted: dict[str, float] = {}
        self._overruns = Throttle(_LOG_INTERVAL)
        self._touched: dict[Team, None] = {}
        self._speaking: dict[Team, None] = {}

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

    def add_ports(
        self, team: Team, ports: Iterable[TeamPort], now: float, adopted: bool = False
    ) -> None:
        """Take up ports. Raises LacpError at the first that fails."""
        for port in ports:
            other = self._owners.get(port.name)
            if other is not None:
                raise UsageError(f"port {port.name} belongs to team {other.name} already")
            self.backend.add(port.name)
            try:
                team.add_port(port, now, adopted)
            except BaseException:
                self.backend.remove(port.name)
                raise
            self._owners[port.name] = team
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
            self._forget(team, port)

    def abandon_ports(self, team: Team) -> None:
        """Let go of all ports without a word to anybody; the team must be let go of before."""
        for port in list(team.members):
            self._forget(team, port)

    def _forget(self, team: Team, port: str) -> None:
        self._agenda.forget(team.members[port])
        team.release_port(port)
        self.backend.remove(port)
        del self._owners[port]
        self._frames.forget(port)
        self._muted.pop(port, None)

    def remove_team(self, team: Team) -> None:
        """Forget a team whose ports have been removed."""
        del self._teams[team.name]
        self._agenda.forget(team)
        self._touched.pop(team, None)
        self._speaking.pop(team, None)
        team.close()

    def touched(self, team: Team, now: float) -> None:
        """Something else was changed about `team`: do what follows from it."""
        self._touched[team] = None
        self._flush(now)

    def speaks(self, team: Team) -> None:
        """A descriptor of the team's dataplane is readable: `poll` reads it."""
        self._speaking[team] = None

    # Time and news.

    def poll(self, now: float) -> None:
        """Take what has arrived, then let the timers expire that are due.

        In this order: a process that was stopped for a while must not give up partners whose
        LACPDUs wait in the socket. A flood cannot put the timers off for long.
        """
        if self._muted:
            self._unmute(now)
        due = self.next_deadline()
        if due is not None and now - due > _LATE:
            log.warning("woke %.1f s late: the process or the host was stopped or busy", now - due)
        for _ in range(_READS):
            news = self.backend.read()
            if not news:
                break
            # Who was taken from below the device, and then changed, is no port any more.
            for item in news:
                if isinstance(item, LinkNews) and item.port in self._owners:
                    self._speaking[self._owners[item.port]] = None
            if self._speaking:
                self._read_planes(now)
            for item in news:
                self._take(item, now)
            self._flush(now)
        if self._speaking:
            self._read_planes(now)
        while (key := self._agenda.due(now)) is not None:
            if isinstance(key, Team):
                key.runner.advance(now)
                self._touched[key] = None
            else:
                key.team.advance_port(key, now)
                self._touched[key.team] = None
        self._flush(now)

    def next_deadline(self) -> float | None:
        """When `poll` must be called at the latest; None when no timer runs."""
        first = self._agenda.first()
        if not self._muted:
            return first
        unmute = min(self._muted.values())
        return unmute if first is None else min(first, unmute)

    def _take(self, item: News, now: float) -> None:
        match item:
            case FrameReceived(port, frame):
                team = self._owners.get(port)
                if team is not None:
                    self._frame(team, port, frame, now)
            case LinkNews(port, link):
                team = self._owners.get(port)
                if team is not None:
                    team.link(port, link, now)
                    self._touched[team] = None
                    if team.orphaned(port):
                        self.remove_ports(team, [port], now)
            case FrameLost(port, reason):
                team = self._owners.get(port)
                if team is None:
                    return
                if self._frames.afford(port, now):
                    team.refuse(port, reason, now)
                else:
                    self._flooded(team, port, now)
            case TipcNews(port, link, up):
                team = self._owners.get(port)
                if team is not None:
                    member = team.members[port]
                    member.watch.tipc_changed(link, up, now)
                    team.stirred[member] = None
                    self._touched[team] = None
            case Overrun(detail):
                self._overrun(detail, now)

    def _frame(self, team: Team, port: str, frame: bytes, now: float) -> None:
        if frame[12:14] != _SLOW_PROTOCOLS:
            # Link watchers themselves say when they have heard enough.
            member = team.members[port]
            member.watch.receive(frame, now)
            team.stirred[member] = None
            self._touched[team] = None
        elif self._frames.afford(port, now):
            team.runner.receive(port, frame, now)
            self._touched[team] = None
        else:
            self._flooded(team, port, now)

    def _flooded(self, team: Team, port: str, now: float) -> None:
        team.members[port].flooded += 1
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

    def _read_planes(self, now: float) -> None:
        speaking, self._speaking = self._speaking, {}
        for team in speaking:
            try:
                news = team.dataplane.read()
            except BackendError as error:
                team.journal.say(logging.ERROR, str(error))
                continue
            for item in news:
                # The device may be gone, and the team with it.
                if self._teams.get(team.name) is team:
                    self.plane_news(team, item, now)
                    self._touched[team] = None
        self._flush(now)

    def _flush(self, now: float) -> None:
        """Carry out what the touched teams have decided, and plan their next turn."""
        for _ in range(_PASSES):
            if not self._touched:
                return
            touched, self._touched = self._touched, {}
            for team in touched:
                self._settle(team, now)
        raise RuntimeError(f"no rest after {_PASSES} passes: {', '.join(self._teams)}")

    def _settle(self, team: Team, now: float) -> None:
        # What is to be told is told last: each line takes time, in which frames are lost.
        told: list[Event] = []
        if team.stirred:
            stirred, team.stirred = team.stirred, {}
            for member in stirred:
                told += self._watchers(team, member, now)
        while decided := list(team.runner.events()):
            for event in _lasting(decided):
                if isinstance(event, Transmit):
                    self._send(team, event, now)
                else:
                    team.carry_out(event, now)
            told += (event for event in decided if not isinstance(event, Transmit))
        for news in told:
            team.journal.record(news)
        team.follow_up(now)
        self._agenda.plan(team, team.runner.next_deadline())
        if team.stirred:
            self._touched[team] = None

    def _watchers(self, team: Team, member: Member, now: float) -> list[Event]:
        """Do what the link watchers of a port want, and tell the runner what they find.

        Returns what is to be told of it.
        """
        told: list[Event] = []
        for event in member.watch.events():
            if isinstance(event, Probe):
                self.backend.send(event.port, event.frame)
            elif isinstance(event, Resolve):
                self.resolve(member, event)
            elif isinstance(event, Listen):
                self._listen(team, event)
            else:
                told.append(event)
        team.tell(member, now)
        self._agenda.plan(member, member.next_deadline())
        return told

    def _listen(self, team: Team, wanted: Listen) -> None:
        try:
            self.backend.listen(wanted.port, wanted.kinds, wanted.hosts)
        except BackendError as error:
            team.journal.say(logging.ERROR, str(error), wanted.port)

    def _send(self, team: Team, event: Transmit, now: float) -> None:
        port = event.port
        if self._owners.get(port) is not team:
            return
        if self.backend.send(port, event.frame):
            # Much may have been done since the time of this turn, and the wire counts from now.
            team.runner.transmitted(port, team.clock.now())
            return
        if port in team.runner.ports:
            if self._owners.get(port) is team:
                team.members[port].refusal = self.backend.failure(port)
            team.runner.transmit_failed(port, event.frame, now)


def _lasting(decided: list[RunnerEvent]) -> Iterator[RunnerEvent]:
    """What was decided in one moment, but for uses of a port that have ended with it."""
    last = {event.port: event for event in decided if isinstance(event, PortEnabled)}
    for event in decided:
        if not isinstance(event, PortEnabled) or last[event.port] is event:
            yield event

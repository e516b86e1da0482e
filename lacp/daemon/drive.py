"""The driver: one backend, many teams, and the order in which frames and timers come.

It waits for nothing: its owner calls `poll` when a descriptor is readable or the deadline has come,
with the time of that moment. Each turn takes some milliseconds at most, whatever there is to do. A
driver that is behind sends what is due first, since partners give up who hears nothing, and lets
the rest wait in the order in which it came: see `lacp.daemon.backlog`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from math import inf
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
from lacp.daemon.backlog import Backlog, Line
from lacp.daemon.clock import Clock
from lacp.daemon.flood import FRAMES, Floods
from lacp.daemon.lateness import Lateness
from lacp.daemon.outlet import Outlet
from lacp.daemon.report.documents import Event
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team
from lacp.daemon.telling import Telling
from lacp.daemon.throttle import Throttle
from lacp.dataplane.base import PlaneNews
from lacp.errors import BackendError, UsageError
from lacp.watch.base import Resolve, WatchNews

log = logging.getLogger("lacp.daemon")

#: Seconds that hearing and what waits may take in a turn, each; one step more is always taken.
_SHARE = 0.003
#: And timers, which are to be in time before anything else.
_TIMERS = 0.009
#: Seconds after which a team whose timers wait is asked again for what it has to send.
_MEANWHILE = 0.05
#: How often to read before timers may expire although there is more to read: what waits in a full
#: receive buffer of 4 MiB, and an end for a flood that never stops.
_READS = 32
#: Seconds in which lost messages make one line.
_LOG_INTERVAL = 10.0
#: Seconds late from which on it is worth a line.
_LATE = 1.0
#: How often runners and watchers may answer each other in one moment.
_PASSES = 100

_SLOW_PROTOCOLS = b"\x88\x09"


class Driver:
    """Drives teams over a backend; a port belongs to one team.

    `plane_news` is told what others did to a device.
    """

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self.backend = backend
        self._clock = clock
        self.plane_news: Callable[[Team, PlaneNews, float], None] = lambda team, news, now: None
        self._teams: dict[str, Team] = {}
        self._lines: dict[str, Line] = {}
        self._agenda: Agenda[Team | Member] = Agenda()
        self._floods = Floods(backend)
        self._outlet = Outlet(backend, clock)
        self._overruns = Throttle(_LOG_INTERVAL)
        self._lates = Throttle(_LOG_INTERVAL)
        self._touched: dict[Team, None] = {}
        self._speaking: dict[Team, None] = {}
        self._backlog = Backlog()
        self._telling = Telling()
        #: How often in a row something was read.
        self._reads = 0
        #: Whether the last turn left timers that are due.
        self._cut = False
        #: How late timers come up.
        self.lateness = Lateness()

    def resolve_with(self, resolve: Callable[[Member, Resolve], None]) -> None:
        """Tell `resolve` of hosts whose address is wanted."""
        self._outlet.resolve = resolve

    @property
    def teams(self) -> Mapping[str, Team]:
        """The teams by name, to be read."""
        return MappingProxyType(self._teams)

    def owner(self, port: str) -> Team | None:
        """The team that has `port`."""
        line = self._lines.get(port)
        return None if line is None else line.team

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
            other = self.owner(port.name)
            if other is not None:
                raise UsageError(f"port {port.name} belongs to team {other.name} already")
            self.backend.add(port.name)
            try:
                team.add_port(port, now, adopted)
            except BaseException:
                self.backend.remove(port.name)
                raise
            self._lines[port.name] = Line(team, team.members[port.name])
        self._touched[team] = None
        self._conclude(now)

    def withdraw_ports(self, team: Team, ports: Iterable[str], now: float) -> None:
        """Take ports out of their LAG and tell their partners, as far as the rate allows."""
        for port in ports:
            team.runner.withdraw_port(port, now)
        self._touched[team] = None
        self._conclude(now)

    def remove_ports(self, team: Team, ports: Iterable[str], now: float) -> None:
        """Let go of ports."""
        removed = list(ports)
        for port in removed:
            team.remove_port(port, now)
        self._touched[team] = None
        self._flush(now)
        for port in removed:
            self._forget(team, port)
        self._tell()

    def abandon_ports(self, team: Team) -> None:
        """Let go of all ports without a word to anybody; the team must be let go of before."""
        for port in list(team.members):
            self._forget(team, port)

    def _forget(self, team: Team, port: str) -> None:
        self._agenda.forget(team.members[port])
        team.release_port(port)
        self.backend.remove(port)
        self._backlog.empty(self._lines.pop(port))
        self._floods.forget(port)

    def remove_team(self, team: Team) -> None:
        """Forget a team whose ports have been removed."""
        del self._teams[team.name]
        self._agenda.forget(team)
        self._touched.pop(team, None)
        self._speaking.pop(team, None)
        self._backlog.forget(team)
        team.close()

    def touched(self, team: Team, now: float) -> None:
        """Something else was changed about `team`: do what follows from it."""
        self._touched[team] = None
        self._conclude(now)

    def speaks(self, team: Team) -> None:
        """A descriptor of the team's dataplane is readable: `poll` reads it."""
        self._speaking[team] = None

    # Time and news.

    def poll(self, now: float) -> bool:
        """Take what has arrived, then let the timers expire that are due; False if nothing was.

        In this order: a process that was stopped for a while must not give up partners whose
        LACPDUs wait in the socket. What does not fit into one turn makes `next_deadline` be now.
        """
        if self._floods.next() <= now:
            self._floods.unmute(now)
        heard = self._hear(now)
        # What was heard took time, and engines have been told of later moments.
        now = max(now, self._clock.now())
        if self._speaking:
            self._read_planes(now)
        return any((heard, self._expire(now), self._catch_up(), self._tell()))

    @property
    def behind(self) -> bool:
        """Whether there is work that did not fit into the last turn."""
        return self._late or bool(self._telling)

    @property
    def _late(self) -> bool:
        """Whether LACP or link watchers have to wait for it."""
        return self._cut or bool(self._backlog) or self._reads > 0

    def _tell(self) -> bool:
        """Tell what has happened, for as long as a turn allows, if nothing more urgent waits."""
        now = self._clock.now
        return not self._late and self._telling.tell(now, now() + _SHARE)

    def tell_all(self) -> None:
        """Tell what has happened, however long it takes."""
        self._telling.tell(self._clock.now, inf)

    def next_deadline(self) -> float | None:
        """When `poll` must be called at the latest; None when no timer runs."""
        if self.behind:
            return -inf
        first = self._agenda.first()
        at = min(inf if first is None else first, self._floods.next())
        return None if at == inf else at

    # Hearing.

    def _hear(self, now: float) -> bool:
        """Read until there is nothing more, or for as long as a turn allows."""
        end = now + _SHARE
        if self._reads == _READS:
            self._reads = 0
        while self._reads < _READS:
            news = self.backend.read()
            if not news:
                break
            # Who was taken from below the device, and then changed, is no port any more.
            for item in news:
                if isinstance(item, LinkNews) and item.port in self._lines:
                    self._speaking[self._lines[item.port].team] = None
            if self._speaking:
                self._read_planes(now)
            self._take_all(news, now, end)
            self._flush(now)
            self._reads += 1
            now = self._clock.now()
            if now >= end:
                return True
        else:
            return True
        self._reads, heard = 0, self._reads > 0
        return heard

    def _take_all(self, news: list[News], now: float, end: float) -> None:
        """Take news in order; from `end` on they wait, unless a carrier is lost."""
        lines = self._lines
        late = False
        for item in news:
            if isinstance(item, Overrun):
                self._overrun(item.detail, now)
                continue
            line = lines.get(item.port)
            if line is None:
                continue
            if isinstance(item, FrameReceived):
                if late or line.waiting is not None:
                    self._put_off(line, item, now)
                elif self._frame(line, item, now):
                    late = self._clock.now() >= end
            elif isinstance(item, LinkNews) and not item.link.up:
                for before in self._backlog.empty(line):
                    self._take(line, before, now)
                self._take(line, item, now)
            elif late or line.waiting is not None:
                self._put_off(line, item, now)
            else:
                self._take(line, item, now)
                late = self._clock.now() >= end

    def _put_off(self, line: Line, item: News, now: float) -> None:
        """Let news of a port wait; more frames than it may pass in a second are a flood."""
        if not isinstance(item, FrameReceived | FrameLost):
            self._backlog.put(line, item)
        elif not self._backlog.put(line, item, FRAMES):
            if isinstance(item, FrameReceived) and item.frame[12:14] != _SLOW_PROTOCOLS:
                line.member.flooded += 1
            else:
                self._floods.flooded(line.member, now)

    def _take(self, line: Line, item: News, now: float) -> bool:
        """Take news of a port; False when nothing followed from them."""
        if isinstance(item, FrameReceived):
            return self._frame(line, item, now)
        team, port = line.team, line.member.name
        match item:
            case LinkNews(_, link):
                team.link(port, link, now)
                self._touched[team] = None
                if team.orphaned(port):
                    self.remove_ports(team, [port], now)
            case FrameLost(_, reason):
                if self._floods.afford(port, now):
                    team.refuse(port, reason, now)
                else:
                    self._floods.flooded(line.member, now)
            case TipcNews(_, link_name, up):
                line.member.watch.tipc_changed(link_name, up, now)
                team.stirred[line.member] = None
                self._touched[team] = None
        return True

    def _frame(self, line: Line, received: FrameReceived, now: float) -> bool:
        team = line.team
        port, frame = received
        if frame[12:14] != _SLOW_PROTOCOLS:
            # Link watchers themselves say when they have heard enough.
            line.member.watch.receive(frame, now)
            team.stirred[line.member] = None
        elif not (
            self._floods.afford(port, now) or self._floods.spares(line.member, frame, now)
        ) or not team.runner.receive(port, frame, now):
            return False
        self._touched[team] = None
        return True

    def _overrun(self, detail: str, now: float) -> None:
        missed = self._overruns.admit("", now)
        if missed is None:
            return
        more = f" ({missed} more since the last such line)" if missed else ""
        log.warning("overrun: %s%s", detail, more)
        for team in self._teams.values():
            team.journal.overrun(detail, missed, now)

    # Timers.

    def _expire(self, now: float) -> bool:
        """Let timers expire; those of a driver that is behind only send what is due.

        Timers expire no port while news wait that could be of its partner.
        """
        behind = bool(self._backlog) or 0 < self._reads < _READS
        start, worst, came = now, 0.0, False
        self._cut = False
        while (due := self._agenda.due(now)) is not None:
            came = True
            at, key = due
            worst = max(worst, now - at)
            if isinstance(key, Member):
                key.team.advance_port(key, now)
                self._settle(key.team, now)
            elif behind:
                self._tick(key, now)
            else:
                key.runner.advance(now)
                self._settle(key, now)
            now = self._clock.now()
            behind = behind or now >= start + _SHARE
            if now >= start + _TIMERS:
                self._cut = True
                break
        self._flush(now)
        if came:
            self._note(worst, now)
        return came

    def _tick(self, team: Team, now: float) -> None:
        """Have a team send what is due; its other timers wait."""
        again = team.runner.tick(now)
        deadline = team.runner.next_deadline()
        if deadline is not None and deadline <= now:
            self._backlog.put_late(team)
            again = None if again is None else max(again, now + _MEANWHILE)
        self._agenda.plan(team, again)
        self._settle(team, now)

    def _note(self, worst: float, now: float) -> None:
        self.lateness.note(worst, now)
        if worst > _LATE and self._lates.admit("", now) is not None:
            log.warning("woke %.1f s late: the process or the host was stopped or busy", worst)

    def _catch_up(self) -> bool:
        """Do what waits, for as long as a turn allows."""
        heard_all = self._reads in (0, _READS)
        end: float | None = None
        while (first := self._backlog.take(timers=heard_all)) is not None:
            now = self._clock.now()
            if end is None:
                end = now + _SHARE
            if isinstance(first, Line):
                self._take_waiting(first, now, end)
            else:
                first.runner.advance(now)
                self._touched[first] = None
            self._flush(now)
            if self._clock.now() >= end:
                break
        return end is not None

    def _take_waiting(self, line: Line, now: float, end: float) -> None:
        while line.waiting:
            if self._take(line, line.waiting.popleft(), now):
                now = self._clock.now()
                if now >= end:
                    break
        if line.waiting is not None:
            self._backlog.put_back(line)

    # Decisions.

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

    def _conclude(self, now: float) -> None:
        """Carry out what a caller's wish leads to, and tell it if there is time."""
        self._flush(now)
        self._tell()

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
        told: list[Event] = []
        if team.stirred:
            stirred, team.stirred = team.stirred, {}
            for member in stirred:
                told += self._watchers(team, member, now)
        told += self._outlet.carry_out(team, now)
        if told:
            self._telling.put(team.journal, told)
        team.follow_up(now)
        if not self._backlog.is_late(team):
            self._agenda.plan(team, team.runner.next_deadline())
        if team.stirred:
            self._touched[team] = None

    def _watchers(self, team: Team, member: Member, now: float) -> list[WatchNews]:
        """Do what the link watchers of a port want, and tell the runner what they find.

        Returns what is to be told of it.
        """
        told = self._outlet.watch(member)
        team.tell(member, now)
        self._agenda.plan(member, member.next_deadline())
        return told

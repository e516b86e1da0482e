"""The teams of one process: started, changed by reloads and orders, stopped. Waits for nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lacp.backends.base import Backend
from lacp.config import teamd
from lacp.config.document import Json
from lacp.config.model import TeamConfig, TeamPort
from lacp.daemon.beats import Beats
from lacp.daemon.clock import Clock
from lacp.daemon.drive import Driver
from lacp.daemon.files import SavedState, TeamFiles
from lacp.daemon.host import NOWHERE, Host
from lacp.daemon.options import Options
from lacp.daemon.process.verbosity import Verbosity
from lacp.daemon.setting import setting
from lacp.daemon.setting.settable import ACTIVE_PORT
from lacp.daemon.setting.setting import Outcome
from lacp.daemon.sources import Reading, Sources
from lacp.daemon.team import parameters
from lacp.daemon.team.member import Member
from lacp.daemon.team.others import Others
from lacp.daemon.team.team import Team
from lacp.daemon.teamd.files import ClientFiles
from lacp.dataplane.base import Dataplane, Setup
from lacp.dataplane.choose import choose
from lacp.errors import BackendError, LacpError, UsageError

log = logging.getLogger("lacp.daemon")


@dataclass(slots=True)
class Reload:
    """A reload under way: what leaves has been withdrawn, what comes waits for `finish_reload`."""

    reading: Reading
    leaving: dict[Team, list[str]] = field(default_factory=dict)
    #: Something of it could not be done; the log says what.
    failed: bool = False


class Service:
    """All teams of a process over one backend.

    `opened` and `closed` are told of teams that come and go, with their files; control endpoints
    hang there.
    """

    def __init__(
        self,
        backend: Backend,
        sources: Sources,
        clock: Clock,
        options: Options,
        *,
        host: Host = NOWHERE,
        planes: Callable[[str, Setup], Dataplane] = choose,
    ) -> None:
        self.driver = Driver(backend, clock)
        self._others = Others(self.driver, self._removed)
        self.driver.plane_news = self._others.take
        self.sources = sources
        self.clock = clock
        self.options = options
        self.verbosity = Verbosity()
        self._beats = Beats(clock.now)
        self.host = host
        self._planes = planes
        #: Whether the last reload, if there was one, has done all that it was to do.
        self.last_reload_good = True
        self._files: dict[str, TeamFiles] = {}
        self.opened: Callable[[Team, TeamFiles], None] = lambda team, files: None
        self.closed: Callable[[Team], None] = lambda team: None
        #: Told when the last team is gone because others removed its device.
        self.deserted: Callable[[], None] = lambda: None

    # Life.

    def start(self, configs: dict[str, TeamConfig], now: float) -> None:
        """Start these teams; one that cannot be is logged, and the others go on.

        Raises LacpError when none of them can.
        """
        errors: list[LacpError] = []
        for name, config in configs.items():
            try:
                self.start_team(name, config, now)
            except LacpError as error:
                errors.append(error)
                if len(configs) > 1:
                    log.error("%s", error)
            except BaseException:
                self.close()
                raise
        if errors and not self.driver.teams:
            raise errors[0]

    def start_team(self, name: str, config: TeamConfig, now: float) -> Team:
        """Start a team. Raises LacpError, everything undone, when that cannot be."""
        files = TeamFiles(self.options.run_dir, name, self.options.pid_file)
        files.acquire()
        self._files[name] = files
        team = None
        try:
            # Before a device is taken over that a teamd drives.
            ClientFiles(self.options.teamd_run_dir, name).refuse_owner()
            team = self._make(name, config, SavedState.load(files.state))
            self.driver.add_team(team)
            wanted = [] if self.options.no_ports else list(config.ports.values())
            for port in wanted:
                self._add_port(team, port, now)
            for name_below in team.dataplane.ports():
                if name_below not in team.members:
                    self._others.adopt(team, name_below, now)
            self.opened(team, files)
            self.verbosity.start(name, max(self.options.debug_level, config.debug_level))
        except BaseException:
            if team is not None:
                # A device that others made is theirs.
                self._drop(team, now, keep=self.options.take_over)
            files.release()
            self._files.pop(name, None)
            raise
        return team

    def _make(self, name: str, config: TeamConfig, saved: SavedState) -> Team:
        wanted = self._wanted_plane(config)
        plane = self._planes(wanted, parameters.setup(config, name, config.hwaddr, self.options))
        ports = "none" if self.options.no_ports else _listed(config)
        log.info(
            "%s: starting runner %s with dataplane %s, ports %s",
            name,
            config.runner.name,
            plane.name,
            ports,
            extra={"lag": name},
        )
        beat = self._beats.next(len(config.ports))
        return Team(name, config, plane, self.clock, self.options, saved, self.host, beat)

    def _wanted_plane(self, config: TeamConfig) -> str:
        return self.options.dataplane or config.dataplane or "auto"

    def save(self, team: Team) -> None:
        """Write down what the team must remember, if that is news."""
        files = self._files.get(team.name)
        if files is None:
            return
        try:
            if SavedState.load(files.state) != team.saved:
                team.saved.save(files.state)
        except OSError as error:
            team.journal.say(logging.WARNING, f"cannot write {files.state}: {error.strerror}")

    def withdraw(self, now: float) -> None:
        """Take every port out of its LAG and tell the partners, unless all is to stay as it is."""
        if self.options.keep:
            return
        for team in self.driver.teams.values():
            team.journal.say(logging.INFO, "withdrawing every port, the partners are told")
            self.driver.withdraw_ports(team, list(team.runner.ports), now)

    def quiet(self) -> bool:
        """Whether no LACPDU is held back anywhere."""
        return all(team.quiet(list(team.runner.ports)) for team in self.driver.teams.values())

    def close(self) -> None:
        """Stop every team, at once."""
        now = self.clock.now()
        for team in tuple(self.driver.teams.values()):
            self.stop_team(team, now)

    def stop_team(self, team: Team, now: float) -> None:
        """Stop one team, at once; withdraw its ports first."""
        self.save(team)
        self.closed(team)
        self._drop(team, now, self.options.keep)
        self.verbosity.forget(team.name)
        self._files.pop(team.name).release()

    def _drop(self, team: Team, now: float, keep: bool) -> None:
        if self.driver.teams.get(team.name) is not team:
            return
        if keep:
            team.let_go()
            self.driver.abandon_ports(team)
        else:
            self.driver.remove_ports(team, list(team.runner.ports), now)
        self.driver.remove_team(team)

    def _removed(self, team: Team, now: float) -> None:
        """Somebody removed the device of a team, which ends with it."""
        self.stop_team(team, now)
        if not self.driver.teams:
            self.deserted()

    # Reload.

    def begin_reload(self, now: float) -> Reload:
        """Read the sources again and withdraw the ports that leave their team.

        A source that is not in order is logged, and its team stays as it is.
        """
        reading = self.sources.read()
        for warning in reading.warnings:
            log.warning("%s", warning)
        for refused in reading.refused:
            log.error("%s", refused)
        reload = Reload(reading, failed=bool(reading.errors or reading.refused))
        for source, error in reading.errors.items():
            for said in str(error).splitlines():
                log.error("not reloaded: %s", said)
            kept = self.sources.team_of(source)
            if kept is not None and kept in self.driver.teams:
                # It keeps its ports against whoever else asks for them now.
                reading.configs[kept] = self.driver.teams[kept].config
        for name, team in self.driver.teams.items():
            leaving = self._leaving(team, reading.configs.get(name))
            if leaving or name not in reading.configs:
                team.journal.say(logging.INFO, f"withdrawing {', '.join(leaving) or 'no port'}")
                reload.leaving[team] = leaving
                self.driver.withdraw_ports(team, leaving, now)
        return reload

    def _leaving(self, team: Team, config: TeamConfig | None) -> list[str]:
        """The ports that the team has no more under this configuration; None is no team at all."""
        if config is None or config.runner.name != team.config.runner.name:
            return list(team.members)
        members = team.members.values()
        return [m.name for m in members if m.name not in config.ports and not m.adopted]

    def reload_quiet(self, reload: Reload) -> bool:
        """Whether the partners of all that leaves have been told."""
        return all(team.quiet(ports) for team, ports in reload.leaving.items())

    def finish_reload(self, reload: Reload, now: float) -> None:
        """Remove what leaves, change what stays, add what is new. Raises nothing: it logs."""
        configs = reload.reading.configs
        for team, ports in reload.leaving.items():
            if self.driver.teams.get(team.name) is not team:
                continue
            config = configs.get(team.name)
            if config is None:
                team.journal.say(logging.INFO, "stopping, it is configured no longer")
                self.stop_team(team, now)
            elif config.runner.name != team.config.runner.name:
                was, new = team.config.runner.name, config.runner.name
                said = f"starting anew: the runner changes from {was} to {new}"
                team.journal.say(logging.WARNING, said)
                self.stop_team(team, now)
            else:
                self.driver.remove_ports(team, [p for p in ports if p in team.members], now)
        for name, config in configs.items():
            running = self.driver.teams.get(name)
            try:
                if running is None:
                    self.start_team(name, config, now)
                elif config is not running.config:
                    self._change(running, config, now)
            except LacpError as error:
                reload.failed = True
                log.error("%s: %s", name, error)
        for team in self.driver.teams.values():
            self.save(team)
        self.last_reload_good = not reload.failed

    def _change(self, team: Team, config: TeamConfig, now: float) -> None:
        plane = self._wanted_plane(config)
        if plane not in (team.dataplane.name, self._wanted_plane(team.config)):
            said = f"dataplane stays {team.dataplane.name} until the next start"
            team.journal.say(logging.WARNING, said)
        if config.debug_level != team.config.debug_level:
            team.journal.say(logging.INFO, f"changing debug_level to {config.debug_level}")
            self.verbosity.set(team.name, config.debug_level)
        team.configure(_with_adopted(team, config), now)
        self.driver.touched(team, now)
        if self.options.no_ports:
            return
        for port in config.ports.values():
            member = team.members.get(port.name)
            if member is None:
                self._others.add(team, port, now)
            elif member.released:
                member.released = False
                team.place(member, now)

    def _add_port(self, team: Team, port: TeamPort, now: float) -> None:
        """Take up a port of a new team; one that another team has is left to it."""
        try:
            self.driver.add_ports(team, [port], now)
        except UsageError as error:
            team.journal.say(logging.ERROR, str(error), port.name)

    # Questions and orders of the control endpoints.

    def set(self, team: Team, path: str, value: Json, now: float) -> Outcome:
        """Change one parameter as if the configuration said so, until the next reload;
        None takes the key out of it.

        `path` is ``[TEAM.]runner.KEY``, ``[TEAM.]ports.NAME.KEY`` or a key beside these. Raises,
        all being as it was, UsageError for a path that cannot be set, ConfigError for a value that
        is wrong, BackendError for one that the device refuses.
        """
        keys = setting.find(team, path)
        assignment = setting.Assignment(team, keys, value)
        if keys == ACTIVE_PORT:
            self.activate(team, value, now)
            return assignment.outcome()
        assignment.carry_out(now)
        self.driver.touched(team, now)
        if assignment.refused:
            error = assignment.undo(now)
            self.driver.touched(team, now)
            raise error
        if keys == ("debug_level",):
            self.verbosity.set(team.name, team.config.debug_level)
        return assignment.outcome()

    def activate(self, team: Team, port: Json, now: float) -> None:
        """Make a port, or its aggregator, the active one. Raises UsageError if it cannot be."""
        if not isinstance(port, str) or port not in team.runner.ports:
            names = ", ".join(team.runner.ports) or "none"
            raise UsageError(f"no port {port!r} in {team.name}, there are {names}")
        team.runner.activate(port, now)
        self.driver.touched(team, now)

    def port_add(self, team: Team, name: str, now: float) -> None:
        """Put an interface into a team, now. Raises LacpError, nothing changed, if it cannot be."""
        member = team.members.get(name)
        if member is not None and member.joined:
            return
        team.journal.say(logging.INFO, "asked to add the port", name)
        new = member is None
        if member is None:
            adopted = name not in team.config.ports
            self.driver.add_ports(team, [team.config.port(name)], now, adopted)
            member = team.members[name]
        else:
            member.released = False
            team.place(member, now)
        # The backend has asked for the interface, and what it is lies there to be read.
        self.driver.poll(now)
        if not member.joined:
            why = member.missing or "nothing is known of this interface"
            if new and team.members.get(name) is member:
                self.driver.remove_ports(team, [name], now)
            raise BackendError(f"{team.name}: {name}: {why}")

    def port_remove(self, team: Team, name: str, now: float) -> None:
        """Take a port out of its team, the partner told; what is configured for it stays.

        Raises UsageError when it is none of the team's.
        """
        if name not in team.members:
            raise UsageError(f"no port {name!r} in {team.name}")
        team.journal.say(logging.INFO, "asked to remove the port", name)
        self.driver.withdraw_ports(team, [name], now)
        self.driver.remove_ports(team, [name], now)

    def port_config_update(self, team: Team, name: str, options: Json, now: float) -> None:
        """Replace all that is configured for a port, which may be none of the team's yet.

        Raises ConfigError, nothing changed, when it is wrong.
        """
        loaded = teamd.with_port(team.config, name, options)
        for warning in loaded.warnings:
            if f"$.ports.{name}." in warning:
                log.warning("%s", warning)
        team.configure(loaded.config, now)
        self.driver.touched(team, now)

    def reset_counters(self, team: Team, ports: list[str]) -> None:
        """Set the counters of these ports to zero."""
        for port in ports:
            counters = getattr(team.runner.ports[port], "counters", None)
            if counters is not None:
                counters.reset()
            member: Member = team.members[port]
            member.flooded = 0
            member.refused = None


def _with_adopted(team: Team, config: TeamConfig) -> TeamConfig:
    """`config` with what was said of ports that others put into the team: no file has that."""
    ports = team.config.document.get("ports")
    for name, member in team.members.items():
        if member.adopted and name not in config.ports and isinstance(ports, dict):
            options = ports.get(name)
            if options is not None:
                config = teamd.with_port(config, name, options).config
    return config


def _listed(config: TeamConfig) -> str:
    return ", ".join(config.ports) or "none"

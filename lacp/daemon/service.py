"""The teams of one process: started, changed by a reload, stopped. It waits for nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lacp.backends.base import Backend
from lacp.config import teamd
from lacp.config.document import Json
from lacp.config.model import TeamConfig
from lacp.daemon.clock import Clock
from lacp.daemon.drive import Driver
from lacp.daemon.files import SavedState, TeamFiles
from lacp.daemon.parameters import settable
from lacp.daemon.sources import Reading, Sources
from lacp.daemon.team import Team, nothing
from lacp.dataplane.base import Dataplane
from lacp.dataplane.memory import MemoryDataplane
from lacp.dataplane.none import NoDataplane
from lacp.errors import LacpError, UsageError

log = logging.getLogger("lacp.daemon")

DATAPLANES: dict[str, Callable[[], Dataplane]] = {
    NoDataplane.name: NoDataplane,
    MemoryDataplane.name: MemoryDataplane,
}


@dataclass(slots=True)
class Reload:
    """A reload under way: what leaves has been withdrawn, what comes waits for `finish_reload`."""

    reading: Reading
    leaving: dict[Team, list[str]] = field(default_factory=dict)


class Service:
    """All teams of a process over one backend.

    `dataplane` overrides what the configurations say. `opened` and `closed` are told of teams that
    come and go, with their files; control endpoints hang there.
    """

    def __init__(
        self,
        backend: Backend,
        sources: Sources,
        clock: Clock,
        run_dir: str,
        *,
        dataplane: str | None = None,
        pid_file: str | None = None,
        ifindex: Callable[[str], int | None] = nothing,
    ) -> None:
        self.driver = Driver(backend)
        self.sources = sources
        self.clock = clock
        self.run_dir = run_dir
        self._dataplane = dataplane
        self._pid_file = pid_file
        self._ifindex = ifindex
        self._files: dict[str, TeamFiles] = {}
        self.opened: Callable[[Team, TeamFiles], None] = lambda team, files: None
        self.closed: Callable[[Team], None] = lambda team: None

    # Life.

    def start(self, configs: dict[str, TeamConfig], now: float) -> None:
        """Start these teams. Raises LacpError, everything undone, when one cannot be."""
        try:
            for name, config in configs.items():
                self.start_team(name, config, now)
        except BaseException:
            self.close()
            raise

    def start_team(self, name: str, config: TeamConfig, now: float) -> Team:
        """Start a team. Raises LacpError, everything undone, when that cannot be."""
        files = TeamFiles(self.run_dir, name, self._pid_file)
        files.acquire()
        self._files[name] = files
        team = None
        try:
            plane = self._dataplane or config.dataplane or NoDataplane.name
            saved = SavedState.load(files.state)
            team = Team(name, config, DATAPLANES[plane](), self.clock, saved, self._ifindex)
            team.journal.say(
                logging.INFO, f"starting with dataplane {plane}, ports {_listed(config)}"
            )
            self.driver.add_team(team)
            self.driver.add_ports(team, config.ports, now)
            self.opened(team, files)
        except BaseException:
            if team is not None:
                self._drop(team, now)
            files.release()
            self._files.pop(name, None)
            raise
        return team

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
        """Take every port out of its LAG and tell the partners."""
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
        self._drop(team, now)
        self._files.pop(team.name).release()

    def _drop(self, team: Team, now: float) -> None:
        if self.driver.teams.get(team.name) is team:
            self.driver.remove_ports(team, list(team.runner.ports), now)
            self.driver.remove_team(team)

    # Reload.

    def begin_reload(self, now: float) -> Reload:
        """Read the sources again and withdraw the ports that leave their team.

        A source that is not in order is logged, and its team stays as it is.
        """
        reading = self.sources.read()
        for warning in reading.warnings:
            log.warning("%s", warning)
        reload = Reload(reading)
        for source, error in reading.errors.items():
            for said in str(error).splitlines():
                log.error("not reloaded: %s", said)
            kept = self.sources.team_of(source)
            if kept is not None and kept in self.driver.teams:
                # It keeps its ports against whoever else asks for them now.
                reading.configs[kept] = self.driver.teams[kept].config
        for name, team in self.driver.teams.items():
            wanted = reading.configs[name].ports if name in reading.configs else {}
            leaving = [port for port in team.runner.ports if port not in wanted]
            if leaving or name not in reading.configs:
                team.journal.say(logging.INFO, f"withdrawing {', '.join(leaving) or 'no port'}")
                reload.leaving[team] = leaving
                self.driver.withdraw_ports(team, leaving, now)
        return reload

    def reload_quiet(self, reload: Reload) -> bool:
        """Whether the partners of all that leaves have been told."""
        return all(team.quiet(ports) for team, ports in reload.leaving.items())

    def finish_reload(self, reload: Reload, now: float) -> None:
        """Remove what leaves, change what stays, add what is new. Raises nothing: it logs."""
        configs = reload.reading.configs
        for team, ports in reload.leaving.items():
            if team.name in configs:
                self.driver.remove_ports(team, ports, now)
            else:
                team.journal.say(logging.INFO, "stopping, it is configured no longer")
                self.stop_team(team, now)
        for name, config in configs.items():
            running = self.driver.teams.get(name)
            try:
                if running is None:
                    self.start_team(name, config, now)
                elif config is not running.config:
                    self._change(running, config, now)
            except LacpError as error:
                log.error("%s: %s", name, error)
        for team in self.driver.teams.values():
            self.save(team)

    def _change(self, team: Team, config: TeamConfig, now: float) -> None:
        plane = self._dataplane or config.dataplane or NoDataplane.name
        if plane != team.dataplane.name:
            said = f"dataplane stays {team.dataplane.name} until the next start"
            team.journal.say(logging.WARNING, said)
        if config.debug_level != team.config.debug_level:
            said = "debug_level has its effect at the next start"
            team.journal.say(logging.WARNING, said)
        team.configure(config, now)
        self.driver.touched(team, now)
        for port in config.ports:
            if port not in team.runner.ports:
                try:
                    self.driver.add_ports(team, [port], now)
                except LacpError as error:
                    team.journal.say(logging.ERROR, str(error), port)

    # Questions and orders of the control endpoint.

    def set(self, team: Team, path: str, value: Json, now: float) -> None:
        """Change one parameter as if the configuration said so, until the next reload;
        None takes the key out of it.

        `path` is ``[TEAM.]runner.KEY`` or ``[TEAM.]ports.NAME.KEY``. Raises UsageError for a path
        that cannot be set, ConfigError for a value that is wrong.
        """
        keys = settable(team.name, team.config, path)
        loaded = teamd.edited(team.config, keys, value)
        wanted = "$." + ".".join(keys)
        for warning in loaded.warnings:
            if wanted in warning and "without effect" in warning:
                raise UsageError(warning)
        team.configure(loaded.config, now)
        self.driver.touched(team, now)

    def reset_counters(self, team: Team, ports: list[str]) -> None:
        """Set the counters of these ports to zero."""
        for port in ports:
            team.runner.ports[port].counters.reset()
            team.flooded.pop(port, None)
            team.refused.pop(port, None)


def _listed(config: TeamConfig) -> str:
    return ", ".join(config.ports) or "none"

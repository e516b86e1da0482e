"""A team of the service, as teamd's clients ask about it and change it."""

from __future__ import annotations

from collections.abc import Collection

from lacp.config import dump
from lacp.config.document import Document, parse
from lacp.daemon.service import Service
from lacp.daemon.team.team import Team
from lacp.daemon.teamd.state import DaemonFacts, state


class TeamSubject:
    """One team; what the methods of teamd's clients are called with."""

    __slots__ = ("_pid_file", "_removed", "_service", "_team", "name")

    def __init__(self, service: Service, team: Team, pid_file: str) -> None:
        self.name = team.name
        self._service = service
        self._team = team
        self._pid_file = pid_file
        #: Ports that were removed: the default that they got in the configuration stays there.
        self._removed: dict[str, None] = {}

    @property
    def ports(self) -> Collection[str]:
        """The ports that are below the device."""
        return self._team.present

    def exists(self, interface: str) -> bool:
        """Whether there is an interface of this name."""
        return self._team.host.ifindex(interface) is not None

    def config(self) -> str:
        """The configuration in force, with teamd's defaults."""
        config = self._team.config
        removed = [port for port in self._removed if port in config.ports]
        return dump.text(dump.dump(config, dict.fromkeys([*removed, *self.ports])))

    def actual_config(self) -> str:
        """The same, with exactly the ports that are below the device."""
        return dump.text(dump.dump_actual(self._team.config, self.ports))

    def port_config(self, port: str) -> str:
        """What is configured for a port that is below the device."""
        return dump.text(dump.port_dump(self._team.config, port))

    def state(self) -> Document:
        """All that teamd would say."""
        level = self._service.verbosity.level(self.name)
        return state(self._team, DaemonFacts(debug_level=level, pid_file=self._pid_file))

    def add_port(self, port: str) -> None:
        """Put an interface into the team, now. Raises LacpError when that cannot be."""
        self._service.port_add(self._team, port, self._now())

    def remove_port(self, port: str) -> None:
        """Take a port out of the team, its partner told."""
        self._removed[port] = None
        self._service.port_remove(self._team, port, self._now())

    def update_port_config(self, port: str, text: str) -> None:
        """Replace what is configured for a port. Raises ConfigError, nothing changed."""
        options = parse(text, f"{self.name}: configuration of {port}")
        self._service.port_config_update(self._team, port, options, self._now())

    def set_debug_level(self, level: int) -> None:
        """Log at level debug from 1 on."""
        self._service.verbosity.set(self.name, level)

    def activate(self, port: str) -> None:
        """Make a port, or its aggregator, the active one. Raises UsageError if it cannot be."""
        self._service.activate(self._team, port, self._now())

    def _now(self) -> float:
        return self._service.clock.now()

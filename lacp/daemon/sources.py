"""Where the configurations of a process come from, and how they are read again on SIGHUP."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lacp.config import teamd
from lacp.config.document import UnreadableError
from lacp.config.model import TeamConfig
from lacp.errors import ConfigError

#: What the text of ``-c`` is called in messages.
COMMAND_LINE = "command line"


@dataclass(slots=True)
class Reading:
    """One look at all sources."""

    #: By team, in the order of the sources.
    configs: dict[str, TeamConfig] = field(default_factory=dict)
    #: By source: what is wrong with it. Its team keeps what it has.
    errors: dict[str, ConfigError] = field(default_factory=dict)
    #: Ports that their team must do without, for another one has them; each is one line.
    refused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sources:
    """The files, directories and texts that the command line names."""

    files: tuple[str, ...] = ()
    #: Every ``*.conf`` in it is a team.
    directory: str | None = None
    #: A configuration given as text.
    text: str | None = None
    #: Overrides the name of the only team.
    device: str | None = None
    #: Whether a name is in use by somebody, for teams that have none.
    in_use: Callable[[str], bool] = lambda _: False
    #: Which team each source made, so that a nameless one keeps its name.
    _names: dict[str, str] = field(default_factory=dict)

    def read(self) -> Reading:
        """Read everything; raises nothing."""
        found = Reading()
        owners: dict[str, str] = {}
        for source, loaded in self._load(found):
            config = loaded.config
            found.warnings += loaded.warnings
            try:
                name = self._name(source, config, found)
            except ConfigError as error:
                found.errors[source] = error
                continue
            found.refused += _taken(source, config, owners)
            ports = {port: its for port, its in config.ports.items() if port not in owners}
            owners.update(dict.fromkeys(ports, name))
            self._names[source] = name
            found.configs[name] = replace(config, device=name, ports=ports)
        return found

    def team_of(self, source: str) -> str | None:
        """The team that a source made when it was last in order."""
        return self._names.get(source)

    def _load(self, found: Reading) -> list[tuple[str, teamd.Loaded]]:
        loaded: list[tuple[str, teamd.Loaded]] = []
        readers: list[tuple[str, Callable[[], teamd.Loaded]]] = []
        if self.text is not None:
            readers.append((COMMAND_LINE, partial(teamd.loads, self.text, COMMAND_LINE)))
        paths = (*self.files, *self._in_directory(found))
        readers += [(path, partial(teamd.read, path)) for path in paths]
        for source, reader in readers:
            try:
                loaded.append((source, reader()))
            except ConfigError as error:
                found.errors[source] = error
                if isinstance(error, teamd.WrongValuesError):
                    found.warnings += error.warnings
        return loaded

    def _in_directory(self, found: Reading) -> list[str]:
        if self.directory is None:
            return []
        try:
            entries = sorted(Path(self.directory).iterdir())
        except OSError as error:
            found.errors[self.directory] = UnreadableError(f"{self.directory}: {error.strerror}")
            return []
        return [str(path) for path in entries if path.suffix == ".conf"]

    def _name(self, source: str, config: TeamConfig, found: Reading) -> str:
        name = self.device or config.device or self._names.get(source)
        if name is None:
            name = next(
                free
                for free in (f"team{number}" for number in itertools.count())
                if free not in {*found.configs, *config.ports} and not self.in_use(free)
            )
        if name in config.ports:
            raise ConfigError(
                f"{source}: $.ports: found {name}, the name of the team itself, "
                "expected other interfaces"
            )
        other = found.configs.get(name)
        if other is not None:
            raise ConfigError(
                f'{source}: $.device: found "{name}", which {other.source} is already, '
                f"expected a name of its own"
            )
        return name


def _taken(source: str, config: TeamConfig, owners: dict[str, str]) -> list[str]:
    """A line for each port that belongs to another team already."""
    return [
        f"{source}: $.ports: found {port}, which is in {owners[port]} already, "
        "expected each port in one team: it stays there"
        for port in config.ports
        if port in owners
    ]

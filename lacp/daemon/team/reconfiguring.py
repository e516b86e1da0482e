"""How the runner and the device of a team come from one configuration to another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lacp.address import Mac
from lacp.config.model import Announce, BalancerConfig, TeamConfig, TeamPort
from lacp.daemon.team import parameters
from lacp.daemon.team.addresses import NOBODY
from lacp.dataplane.base import Adjustable, Limited
from lacp.errors import BackendError
from lacp.runners.base import Runner

if TYPE_CHECKING:
    from lacp.daemon.team.team import Team


class Reconfiguring:
    """Knows what runner and device of one team were told, and tells them what is news."""

    __slots__ = ("_attempt", "_balances", "_team", "_told")

    def __init__(self, team: Team, attempt: Callable[[Callable[[], None]], bool]) -> None:
        """`attempt` does something to the device, and says whether that is done."""
        self._team = team
        self._attempt = attempt
        #: What the runner was told: the configuration, and the address of the system.
        self._told = team.config, NOBODY
        self._balances = False

    def runner(self, config: TeamConfig) -> Runner:
        """A runner that is told all that is configured."""
        system = self._team.addresses.system or NOBODY
        self._told = config, system
        self._balances = parameters.balancing(config)
        return parameters.make_runner(config, system, self._team.beat)

    def check(self, config: TeamConfig) -> None:
        """Raise BackendError when no device of this kind can be what is configured."""
        team = self._team
        plane = team.dataplane
        setup = parameters.setup(config, team.name, team.addresses.team, team.options)
        # What a driver that speaks LACP was told at the start stays, and that is said.
        if isinstance(plane, Limited) and setup.driver_lacp is None:
            why = plane.inability(setup)
            if why is not None:
                raise BackendError(f"dataplane {plane.name}: {why}")

    def tell_runner(
        self, config: TeamConfig, system: Mac | None, now: float, said: bool = False
    ) -> None:
        """Tell the runner what is news to it. Raises UsageError, changing nothing, when it is
        wrong."""
        its, wanted = parameters.runner_parameters, (config, system or NOBODY)
        changes = {key: new for key, _, new in _differences(its(*self._told), its(*wanted))}
        if changes:
            if said:
                self.say(None, changes)
            self._team.runner.configure(now, **changes)
        self._told = wanted

    def tell_device(self, old: TeamConfig, now: float) -> None:
        """Have the device as it is configured now, and the runner balance if the device can."""
        team = self._team
        its, config = parameters.of_device, team.config
        for path, was, _ in _differences(parameters.fixed(old), parameters.fixed(config)):
            self._say_fixed(path, was)
        changes = list(_differences(its(old), its(config)))
        plane, done = team.dataplane, True
        if changes and isinstance(plane, Adjustable):
            self.say(None, {path: new for path, _, new in changes})
            setup = parameters.setup(config, team.name, team.addresses.team, team.options)
            done = self._attempt(lambda: plane.configure(setup))
        elif changes:
            done = False
            for path, was, _ in changes:
                self._say_fixed(path, was)
        balances = parameters.balancing(config)
        if done and balances is not self._balances:
            self._balances = balances
            team.runner.configure(now, balancing=balances)

    def tell_runner_of_ports(
        self, was: Mapping[str, TeamPort], old: TeamConfig, now: float
    ) -> None:
        """Tell the runner what is news of its ports; `was` is what was configured of each."""
        team, its = self._team, parameters.port_parameters
        changes = {}
        for name, member in team.members.items():
            before, after = its(old, was[name]), its(team.config, member.config)
            found = {key: new for key, _, new in _differences(before, after)}
            if found:
                self.say(name, found)
                changes[name] = found
        if changes:
            team.runner.configure_ports(changes, now)

    def say(self, port: str | None, changes: Mapping[str, Any]) -> None:
        """Log what is about to be changed."""
        said = ", ".join(f"{name} to {_text(value)}" for name, value in changes.items())
        self._team.journal.say(logging.INFO, f"changing {said}", port)

    def _say_fixed(self, path: str, was: object) -> None:
        said = f"{path} stays {_text(was)} until the next start: it cannot change under way"
        self._team.journal.say(logging.WARNING, said)


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key, value in new.items():
        if key in old and old[key] != value:
            yield key, old[key], value


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Announce):
        return f"count {value.count}, interval {value.interval} ms"
    if isinstance(value, BalancerConfig):
        return f"every {value.balancing_interval / 10:g} s"
    return "none" if value is None else str(value)

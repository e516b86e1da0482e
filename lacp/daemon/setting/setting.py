"""One parameter of a running team: what it is, what becomes of it, what is refused and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacp.address import Mac
from lacp.config import teamd
from lacp.config.document import Json
from lacp.config.model import TeamConfig
from lacp.config.section import Findings, Section
from lacp.daemon.report.settings import plain
from lacp.daemon.setting import settable
from lacp.daemon.setting.meanings import ALL_FLAP, NO_FLAP, meaning
from lacp.daemon.sources import COMMAND_LINE
from lacp.daemon.team import parameters
from lacp.daemon.team.parameters import DEVICE_KEYS, DEVICE_RUNNER_KEYS
from lacp.dataplane.base import Adjustable
from lacp.errors import BackendError, ConfigError, UsageError
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.lacp import LacpRunner

if TYPE_CHECKING:
    from lacp.daemon.team.team import Team

#: Keys that only a device can carry out.
_OF_DEVICE = (*DEVICE_KEYS, *DEVICE_RUNNER_KEYS, "queue_id")
#: Keys that may change the address of the system.
_OF_SYSTEM = (("hwaddr",), ("runner", "system"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was set."""

    #: Without the team.
    path: str
    #: What held before, and what holds now.
    old: Json
    new: Json
    #: What comes of it.
    effect: str
    #: For how long, and what keeps it for longer.
    holds: str
    #: What of the value was taken and has no effect.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settable:
    """What may be set."""

    path: str
    value: Json
    says: str


@dataclass(frozen=True, slots=True)
class _Use:
    """What a team carries."""

    carrier: bool
    ports: int
    of: int


def listed(team: Team) -> Iterator[Settable]:
    """All that may be set now, with its value."""
    for keys in settable.paths(team.config, _ports(team)):
        if _stiff(team, keys):
            continue
        says = meaning(keys).says
        yield Settable(path=".".join(keys), value=_value(team, team.config, keys), says=says)


def find(team: Team, path: str) -> tuple[str, ...]:
    """The keys that `path` names. Raises UsageError when it cannot be set."""
    keys = settable.keys_of(team.name, team.config, path, _ports(team))
    if _stiff(team, keys):
        plane = team.dataplane.name
        raise UsageError(f"{path} cannot be set: the device of dataplane {plane} keeps it")
    return keys


def _stiff(team: Team, keys: tuple[str, ...]) -> bool:
    """Whether only the device could do it, and it cannot change."""
    its = keys[-1] in DEVICE_KEYS or (keys[0] == "runner" and keys[-1] in DEVICE_RUNNER_KEYS)
    return its and not isinstance(team.dataplane, Adjustable)


class Assignment:
    """A value for one parameter of a team. Raises ConfigError for a value that is wrong; making one
    does nothing yet."""

    def __init__(self, team: Team, keys: tuple[str, ...], value: Json) -> None:
        self._team = team
        self._keys = keys
        self._path = ".".join(keys)
        self._old = _value(team, team.config, keys)
        self._use = _use(team)
        self._was = team.config, team.addresses.team
        self._system = _system(team)
        self._warnings: tuple[str, ...] = ()
        self._asked = _asked(team, value) if keys == settable.ACTIVE_PORT else None
        if keys != settable.ACTIVE_PORT:
            self._config, self._warnings = _edited(team.config, keys, value)

    def carry_out(self, now: float) -> None:
        """Do it; what follows from it is done when the driver comes to the team."""
        self._team.refusals.clear()
        self._team.configure(self._config, now)

    @property
    def refused(self) -> bool:
        """Whether the device refused something of it."""
        return bool(self._team.refusals)

    def undo(self, now: float) -> BackendError:
        """Have everything as it was; returns why."""
        why = "; ".join(self._team.refusals)
        self._team.revert(*self._was, now)
        return BackendError(f"{self._path} stays {_said(self._old)}: {why}")

    def outcome(self) -> Outcome:
        """What has become of it."""
        new = _value(self._team, self._team.config, self._keys)
        return Outcome(
            path=self._path,
            old=self._old,
            new=new,
            effect=self._effect(new),
            holds=self._holds(),
            warnings=self._warnings,
        )

    def _effect(self, new: Json) -> str:
        if self._asked is not None:
            return self._in_use(*self._asked)
        if new == self._old:
            return "nothing changes, it is so already"
        if self._keys[-1] in _OF_DEVICE and self._team.dataplane.name == "none":
            return "nothing comes of it: dataplane none has no device"
        if self._keys == ("runner", "tx_hash") and self._team.dataplane.name == "bond":
            return _spread_by_bond(self._team)
        return self._with_use(f"{meaning(self._keys).effect(new)}{self._identity()}")

    def _in_use(self, port: str, already: bool) -> str:
        """What comes of asking for the LAG of a port, which need not carry anything itself."""
        runner = self._team.runner
        if already:
            effect = f"the LAG of {port} is in use already, and now as long as it can be"
        else:
            effect = f"the LAG of {port} is in use as long as it can be"
        if already and not runner.enabled(port)[1]:
            effect += f"; {port} itself carries nothing: others rank higher, or it is not ready"
        return self._with_use(effect)

    def _with_use(self, effect: str) -> str:
        """The effect, and what of it is to be seen at once."""
        use = _use(self._team)
        if use.carrier is not self._use.carrier:
            effect += f"; the team has {'carrier' if use.carrier else 'no carrier'} now"
        if use.ports != self._use.ports:
            effect += f"; at this moment {use.ports} of {use.of} ports carry traffic"
        return effect

    def _identity(self) -> str:
        """What becomes of the system that partners know, whose address two keys have to do with."""
        system = _system(self._team)
        if system is None or self._keys not in _OF_SYSTEM:
            return ""
        if system == self._system:
            return f"; our system is still {system}, {NO_FLAP}"
        return f"; our system is now {system}: {ALL_FLAP}"

    def _holds(self) -> str:
        if self._keys == settable.ACTIVE_PORT:
            return "as long as it can be used, or until another is asked for"
        source = self._team.config.source
        where = "the configuration that -c gives" if source == COMMAND_LINE else source
        return f"until the next reload or start; to keep it: {self._path} in {where}"


def _system(team: Team) -> Mac | None:
    """The address of the system; None where lacpd speaks no LACP, or has none yet."""
    return team.addresses.system if isinstance(team.runner, LacpRunner) else None


def _asked(team: Team, port: Json) -> tuple[str, bool] | None:
    """The port whose LAG is asked for, and whether that is in use; None without LACP."""
    runner = team.runner
    if not isinstance(runner, LacpRunner) or not isinstance(port, str):
        return None
    return port, port in runner.aggregator.ports


def _spread_by_bond(team: Team) -> str:
    """What the bonding driver makes of `tx_hash`."""
    from lacp.dataplane.bond.options import changeable_settings
    from lacp.netlink.bond import HASH_POLICIES, XMIT_HASH_POLICY
    from lacp.netlink.codec import integer

    setup = parameters.setup(team.config, team.name, team.addresses.team, team.options)
    told = changeable_settings(setup).get(XMIT_HASH_POLICY)
    if told is None:
        return "nothing comes of it: one port of this bond carries everything"
    policy = HASH_POLICIES[integer(told)]
    return f"frames are spread by {policy}, of the bonding driver's policies the nearest"


def _ports(team: Team) -> tuple[str, ...]:
    """The ports of a team, also those that others have put there."""
    return (*team.config.ports, *(name for name in team.members if name not in team.config.ports))


def _use(team: Team) -> _Use:
    runner = team.runner
    carrying = sum(runner.enabled(name)[1] for name in runner.ports)
    return _Use(runner.carrier, carrying, len(runner.ports))


def _value(team: Team, config: TeamConfig, keys: tuple[str, ...]) -> Json:
    """What holds, be it a default; of link watchers what was said."""
    match keys:
        case settable.ACTIVE_PORT:
            return _active(team)
        case ("runner", key):
            return plain(getattr(config.runner, key))
        case (*_, "link_watch"):
            return _said_of(config, keys)
        case ("ports", port, key):
            return plain(getattr(config.port(port), key))
        case _:
            return plain(getattr(config, keys[0]))


def _said_of(config: TeamConfig, keys: tuple[str, ...]) -> Json:
    found: Json = dict(config.document)
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _active(team: Team) -> str | None:
    runner = team.runner
    if isinstance(runner, ActivebackupRunner):
        return runner.active_port
    if isinstance(runner, LacpRunner):
        return next(iter(runner.aggregator.ports), None)
    return None


def _edited(
    config: TeamConfig, keys: tuple[str, ...], value: Json
) -> tuple[TeamConfig, tuple[str, ...]]:
    """The configuration with another value, and warnings of it.

    Raises ConfigError, which speaks of the path, for the value was in no file.
    """
    try:
        loaded = teamd.edited(config, keys, value)
    except teamd.WrongValuesError as error:
        raise ConfigError("; ".join(_unsourced(config, str(error).splitlines()))) from None
    about = _at(keys)
    warnings = (line for line in loaded.warnings if about in line)
    return loaded.config, tuple(_unsourced(config, warnings))


def _at(keys: tuple[str, ...]) -> str:
    path = "$"
    for key in keys:
        path = Section({}, path, Findings()).at(key)
    return path


def _unsourced(config: TeamConfig, lines: list[str] | Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line.removeprefix(f"{config.source}: ").removeprefix("$.")


def _said(value: Json) -> str:
    from json import dumps

    return "unset" if value is None else value if isinstance(value, str) else dumps(value)

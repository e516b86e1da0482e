"""What may be set while a team runs, and where it stands in the configuration."""

from __future__ import annotations

from dataclasses import fields

from lacp.config.model import TeamConfig, TeamPort
from lacp.daemon.parameters import DEVICE_KEYS, DEVICE_RUNNER_KEY, FIXED_KEYS
from lacp.errors import UsageError

#: Keys of a port that may be set.
PORT_KEYS = tuple(key.name for key in fields(TeamPort) if key.name != "name")
#: Who is active now; it stands in no configuration.
ACTIVE_PORT = ("runner", "active_port")
#: Keys beside `runner` and `ports` that may be.
TOP_KEYS = ("hwaddr", "link_watch", "link_watch_policy", *DEVICE_KEYS)
#: Keys that can be set where the device can change.
OF_DEVICE = (*DEVICE_KEYS, DEVICE_RUNNER_KEY)


def settable(team: str, config: TeamConfig, path: str) -> tuple[str, ...]:
    """The keys that lead to what `path` names, with or without the team in front.

    Raises UsageError when it cannot be set while the team runs.
    """
    path = path.removeprefix(f"{team}.")
    first, _, rest = path.partition(".")
    if path in TOP_KEYS:
        return (path,)
    if tuple(path.split(".")) == ACTIVE_PORT:
        return ACTIVE_PORT
    if first == "runner":
        keys = runner_keys(config)
        if rest in keys:
            return first, rest
        can = f"but {', '.join((*keys, ACTIVE_PORT[1]))}"
        raise UsageError(f"runner.{rest} cannot be set, {can}")
    if first == "ports":
        port, _, key = rest.rpartition(".")
        if not port or rest in config.ports:
            raise UsageError(f"{path!r} cannot be set: expected ports.NAME.KEY")
        if port not in config.ports:
            names = ", ".join(config.ports) or "none"
            raise UsageError(f"no port {port!r} in {team}, there are {names}")
        if key in PORT_KEYS:
            return first, port, key
        raise UsageError(f"ports.{port}.{key} cannot be set, but {', '.join(PORT_KEYS)}")
    raise UsageError(
        f"{path!r} cannot be set: expected runner.KEY, ports.NAME.KEY, {', '.join(TOP_KEYS)}"
    )


def runner_keys(config: TeamConfig) -> tuple[str, ...]:
    """The keys of `runner` that may be set."""
    every = (key.name for key in fields(config.runner))
    return tuple(key for key in every if key != "name" and key not in FIXED_KEYS)

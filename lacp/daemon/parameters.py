"""From what a configuration says to what the engine takes, and what of it may change when."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from lacp.address import Mac
from lacp.config.model import LacpConfig, TeamConfig, TeamPort
from lacp.errors import UsageError
from lacp.protocol.config import PortConfig
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control, Fallback
from lacp.runners.lacp import LacpPort

#: Keys of `runner` that hold as long as the team runs.
FIXED_KEYS = ("edition", "control")
#: Keys of `runner`, and of a port, that may be set while the team runs.
RUNNER_KEYS = tuple(key.name for key in fields(LacpConfig) if key.name not in FIXED_KEYS)
PORT_KEYS = tuple(key.name for key in fields(TeamPort) if key.name != "name")


def settable(team: str, config: TeamConfig, path: str) -> tuple[str, ...]:
    """The keys that lead to what `path` names, with or without the team in front.

    Raises UsageError when it cannot be set while the team runs.
    """
    path = path.removeprefix(f"{team}.")
    first, _, rest = path.partition(".")
    if first == "runner":
        if rest in RUNNER_KEYS:
            return first, rest
        raise UsageError(f"runner.{rest} cannot be set, but {', '.join(RUNNER_KEYS)}")
    if first == "ports":
        port, _, key = rest.rpartition(".")
        if port not in config.ports:
            names = ", ".join(config.ports) or "none"
            raise UsageError(f"no port {port!r} in {team}, there are {names}")
        if key in PORT_KEYS:
            return first, port, key
        raise UsageError(f"ports.{port}.{key} cannot be set, but {', '.join(PORT_KEYS)}")
    raise UsageError(f"{path!r} cannot be set: expected runner.KEY or ports.NAME.KEY")


def system_parameters(runner: LacpConfig, system: Mac) -> dict[str, Any]:
    """The arguments of a SystemConfig that can change while the system runs."""
    return {
        "system": system,
        "system_priority": runner.sys_prio,
        "min_ports": runner.min_ports,
        "max_ports": runner.max_ports,
        "aggregate_wait": runner.aggregate_wait,
        "fallback": Fallback(runner.fallback),
        "collector_max_delay": runner.collector_max_delay,
        "wait_to_restore": runner.wait_to_restore,
        "revertive": runner.revertive,
    }


def fixed_parameters(runner: LacpConfig) -> dict[str, Any]:
    """The arguments of a SystemConfig that hold as long as the system runs."""
    return {"edition": EDITIONS[runner.edition], "control": Control(runner.control)}


def port_parameters(runner: LacpConfig, port: TeamPort) -> dict[str, Any]:
    """The arguments of a PortConfig that can change while the port exists."""
    return {
        "key": port.lacp_key,
        "priority": port.lacp_prio,
        "activity": runner.active,
        "short_timeout": runner.fast_rate,
    }


def port_config(runner: LacpConfig, port: TeamPort, number: int) -> LacpPort:
    """A new port."""
    return LacpPort(lacp=PortConfig(number=number, **port_parameters(runner, port)))

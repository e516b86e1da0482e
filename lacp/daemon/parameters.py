"""From what a configuration says to what the engine takes."""

from __future__ import annotations

from typing import Any

from lacp.address import Mac
from lacp.config.model import LacpConfig, TeamPort
from lacp.protocol.config import PortConfig
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control, Fallback


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


def port_config(runner: LacpConfig, port: TeamPort, number: int) -> PortConfig:
    """A new port."""
    return PortConfig(number=number, **port_parameters(runner, port))

"""What a configuration says, as `settings` of the picture: under teamd's names, as JSON has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lacp.address import Mac
from lacp.config.document import Json
from lacp.config.model import Announce, BalancerConfig, TeamConfig, TeamPort


def port_settings(port: TeamPort) -> Mapping[str, Any]:
    """The keys of a port that have no member of their own in the picture."""
    return {"lacp_prio": port.lacp_prio, "lacp_key": port.lacp_key}


def lag_settings(config: TeamConfig) -> Mapping[str, Any]:
    """The keys of a team: those of `runner`, and those of the device."""
    runner = config.runner
    found: dict[str, Any] = {
        each.name: plain(getattr(runner, each.name))
        for each in fields(runner)
        if each.name != "name"
    }
    found["link_watch_policy"] = config.link_watch_policy
    found["notify_peers"] = plain(config.notify_peers)
    found["mcast_rejoin"] = plain(config.mcast_rejoin)
    return found


def plain(value: Any) -> Json:
    """A value of a configuration as JSON has it."""
    match value:
        case Mac():
            return str(value)
        case tuple():
            return list(value)
        case Announce():
            return {"count": value.count, "interval": value.interval}
        case BalancerConfig():
            return {"name": "basic", "balancing_interval": value.balancing_interval}
        case _:
            found: Json = value
            return found

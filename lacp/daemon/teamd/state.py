"""A team as the document of `StateDump`: every key that teamd has, and no other.

teamdctl refuses a document in which one is missing. Where teamd shows what the kernel says and we
do not know it, the kernel's own value for "unknown" stands.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from lacp.address import NO_MAC, Mac
from lacp.config.document import Document
from lacp.config.model import LacpConfig
from lacp.daemon.team.member import Member
from lacp.daemon.team.team import Team
from lacp.daemon.teamd import state_lacp
from lacp.link import Duplex, Link
from lacp.runners.activebackup import ActivebackupRunner
from lacp.watch.arp_ping import ArpPingWatcher
from lacp.watch.base import Watcher
from lacp.watch.ethtool import EthtoolWatcher
from lacp.watch.probing import Prober
from lacp.watch.tipc import TipcWatcher

#: The mode of the kernel's driver that a runner uses, where it has another name.
_MODES = {"lacp": "loadbalance"}
#: ethtool's SPEED_UNKNOWN.
_SPEED_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class DaemonFacts:
    """What the document says of the daemon, and no team knows."""

    debug_level: int
    pid_file: str


def state(team: Team, facts: DaemonFacts) -> Document:
    """The document of a team."""
    found: Document = {
        "setup": _setup(team, facts),
        "team_device": {"ifinfo": _ifinfo(team, team.name, _address(team))},
    }
    runner = _runner(team)
    if runner:
        found["runner"] = runner
    ports = _ports(team)
    if ports:
        found["ports"] = ports
    return found


def _setup(team: Team, facts: DaemonFacts) -> Document:
    runner = team.config.runner.name
    return {
        "runner_name": runner,
        "kernel_team_mode_name": _MODES.get(runner, runner),
        "dbus_enabled": team.options.dbus,
        "zmq_enabled": False,
        "debug_level": facts.debug_level,
        "daemonized": team.options.daemonized,
        "pid": os.getpid(),
        "pid_file": facts.pid_file,
    }


def _address(team: Team) -> Mac:
    return team.dataplane.address or team.addresses.team or NO_MAC


def _ifinfo(team: Team, name: str, address: Mac) -> Document:
    return {
        "ifindex": team.host.ifindex(name) or 0,
        "ifname": name,
        "dev_addr": str(address),
        "dev_addr_len": len(address),
    }


def _runner(team: Team) -> Document:
    config = team.config.runner
    if isinstance(team.runner, ActivebackupRunner):
        return {"active_port": team.runner.active_port or ""}
    if isinstance(config, LacpConfig):
        return {
            "active": config.active,
            "sys_prio": config.sys_prio,
            "fast_rate": config.fast_rate,
            "select_policy": config.agg_select_policy,
        }
    return {}


def _ports(team: Team) -> Document:
    lacp = state_lacp.ports(team)
    ports: Document = {}
    for name in team.present:
        port = ports[name] = _port(team, team.members[name])
        if name in lacp:
            port["runner"] = lacp[name]
    return ports


def _port(team: Team, member: Member) -> Document:
    link = member.link or Link()
    return {
        "ifinfo": _ifinfo(team, member.name, link.address),
        "link": _link(link),
        "link_watches": {
            "up": member.watch.up,
            "list": {
                f"link_watch_{number}": _watcher(watcher)
                for number, watcher in enumerate(member.watch.watchers)
            },
        },
    }


def _link(link: Link) -> Document:
    if not link.up:
        # The team driver forgets both with the carrier, and teamd calls that half.
        return {"up": False, "speed": 0, "duplex": "half"}
    speed = _SPEED_UNKNOWN if link.speed is None else link.speed
    return {"up": True, "speed": speed, "duplex": "half" if link.duplex is Duplex.HALF else "full"}


# Link watchers.


def _watcher(watcher: Watcher) -> Document:
    found: Document = {"name": watcher.name, "up": watcher.up, "down_count": watcher.down_count}
    match watcher:
        case Prober():
            found |= _prober(watcher)
        case EthtoolWatcher(options=its):
            found |= {"delay_up": its.delay_up, "delay_down": its.delay_down}
        case TipcWatcher(options=its):
            found["tipc_bearer"] = its.tipc_bearer
    return found


def _prober(watcher: Prober) -> Document:
    options = watcher.options
    found: Document = {
        "target_host": watcher.target_host,
        "interval": options.interval,
        "init_wait": options.init_wait,
        "missed_max": options.missed_max,
        "missed": watcher.missed,
    }
    if isinstance(watcher, ArpPingWatcher):
        asked = watcher.options
        found |= {
            "source_host": watcher.source_host,
            "validate_active": asked.validate_active,
            "validate_inactive": asked.validate_inactive,
            "send_always": asked.send_always,
        }
    return found

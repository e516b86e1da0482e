"""A team as the document of `StateDump`: every key that teamd has, and no other.

teamdctl refuses a document in which one is missing. Where teamd shows what the kernel says and we
do not know it, the kernel's own value for "unknown" stands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lacp.address import NO_MAC, Mac
from lacp.config.document import Json
from lacp.config.model import LacpConfig
from lacp.daemon.ports import Member
from lacp.daemon.team import Team
from lacp.info import PortInfo
from lacp.link import Duplex, Link
from lacp.protocol import policy
from lacp.protocol.aggregator import LagId
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.lacp import LacpRunner
from lacp.watch.arp_ping import ArpPingWatcher
from lacp.watch.base import Watcher
from lacp.watch.options import ArpPingOptions, EthtoolOptions, NsnaPingOptions, TipcOptions
from lacp.watch.probing import Prober

Document = dict[str, Json]

#: The mode of the kernel's driver that a runner uses, where it has another name.
_MODES = {"lacp": "loadbalance"}
#: teamd's names for the states of a port; in all others it is disabled.
_STATES = {
    ReceiveState.CURRENT: "current",
    ReceiveState.EXPIRED: "expired",
    ReceiveState.DEFAULTED: "defaulted",
}
#: ethtool's SPEED_UNKNOWN.
_SPEED_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Setup:
    """What the document says of the daemon."""

    debug_level: int
    pid_file: str


def state(team: Team, setup: Setup) -> Document:
    """The document of a team."""
    found: Document = {
        "setup": _setup(team, setup),
        "team_device": {"ifinfo": _ifinfo(team, team.name, _address(team))},
    }
    runner = _runner(team)
    if runner:
        found["runner"] = runner
    ports = _ports(team)
    if ports:
        found["ports"] = ports
    return found


def _setup(team: Team, setup: Setup) -> Document:
    runner = team.config.runner.name
    return {
        "runner_name": runner,
        "kernel_team_mode_name": _MODES.get(runner, runner),
        "dbus_enabled": team.options.dbus,
        "zmq_enabled": False,
        "debug_level": setup.debug_level,
        "daemonized": team.options.daemonized,
        "pid": os.getpid(),
        "pid_file": setup.pid_file,
    }


def _address(team: Team) -> Mac:
    return team.dataplane.address or team.addresses.team or NO_MAC


def _ifinfo(team: Team, name: str, address: Mac) -> Document:
    return {
        "ifindex": team.ifindex(name) or 0,
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
    leads = _leads(team.runner) if isinstance(team.runner, LacpRunner) else {}
    return {name: _port(team, team.members[name], leads) for name in team.present}


def _port(team: Team, member: Member, leads: Mapping[LagId, Port]) -> Document:
    link = member.link or Link()
    found: Document = {
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
    if isinstance(team.runner, LacpRunner):
        found["runner"] = _lacp(team, member, team.runner.ports[member.name], leads)
    return found


def _link(link: Link) -> Document:
    if not link.up:
        # The team driver forgets both with the carrier, and teamd calls that half.
        return {"up": False, "speed": 0, "duplex": "half"}
    speed = _SPEED_UNKNOWN if link.speed is None else link.speed
    return {"up": True, "speed": speed, "duplex": "half" if link.duplex is Duplex.HALF else "full"}


# Link watchers.


def _watcher(watcher: Watcher) -> Document:
    found: Document = {"name": watcher.name, "up": watcher.up, "down_count": watcher.down_count}
    match watcher.options:
        case EthtoolOptions(delay_up=delay_up, delay_down=delay_down):
            found |= {"delay_up": delay_up, "delay_down": delay_down}
        case ArpPingOptions() | NsnaPingOptions():
            assert isinstance(watcher, Prober)
            found |= _prober(watcher)
        case TipcOptions(tipc_bearer=bearer):
            found["tipc_bearer"] = bearer
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


# LACP. teamd's aggregators are the LAGs; the one that has the device is its selected aggregator.


def _leads(runner: LacpRunner) -> dict[LagId, Port]:
    """The lead of each LAG; teamd names its aggregators after their leads."""
    lags: dict[LagId, list[Port]] = {}
    for port in runner.ports.values():
        if _in_lag(port):
            lags.setdefault(port.lag, []).append(port)
    by = runner.config.agg_select_policy
    return {lag: policy.lead(ports, by) for lag, ports in lags.items()}


def _in_lag(port: Port) -> bool:
    """Whether teamd would say that the port is in an aggregator, selected or not."""
    heard = port.receive.state in (ReceiveState.CURRENT, ReceiveState.EXPIRED)
    known = heard and port.partner.system != NO_MAC
    return port.aggregator is not None or (known and not port.lag.loop_end)


def _lacp(team: Team, member: Member, port: Port, leads: Mapping[LagId, Port]) -> Document:
    lead = leads[port.lag] if _in_lag(port) else None
    return {
        "selected": lead is not None,
        "aggregator": {
            "id": 0 if lead is None else team.ifindex(lead.name) or 0,
            "selected": port.aggregator is not None,
        },
        "state": _STATES.get(port.receive.state, "disabled"),
        "key": member.config.lacp_key,
        "prio": member.config.lacp_prio,
        "actor_lacpdu_info": _info(port.actor),
        "partner_lacpdu_info": _info(port.partner),
    }


def _info(info: PortInfo) -> Document:
    return {
        "system_priority": info.system_priority,
        "system": str(info.system),
        "key": info.key,
        "port_priority": info.port_priority,
        "port": info.port,
        "state": int(info.state),
    }

"""Where to change what lacpd did not make: the command that does it there."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from lacp.cli.command import Failure
from lacp.cli.source import places
from lacp.inspect.survey import READERS, survey
from lacp.picture.model import LagView

#: Options of the bonding driver, by teamd's name.
_BOND: Mapping[str, str] = {
    "active": "lacp_active",
    "fast_rate": "lacp_rate",
    "sys_prio": "ad_actor_sys_prio",
    "system": "ad_actor_system",
    "min_ports": "min_links",
    "agg_select_policy": "ad_select",
    "active_port": "active_slave",
    "tx_hash": "xmit_hash_policy",
    "hwaddr_policy": "fail_over_mac",
    "notify_peers": "num_grat_arp",
    "mcast_rejoin": "resend_igmp",
    "lacp_key": "ad_user_port_key",
}
#: Those of a port of a bond.
_BOND_PORT: Mapping[str, str] = {
    "prio": "prio",
    "queue_id": "queue_id",
    "lacp_prio": "actor_port_prio",
}
#: Those that the bonding driver changes only while the bond is down.
_WHILE_DOWN = ("lacp_active", "lacp_rate", "ad_select", "ad_user_port_key")
#: The bonding driver's words for what teamd says in others.
_BOND_WORDS: Mapping[tuple[str, object], str] = {
    ("lacp_active", True): "on",
    ("lacp_active", False): "off",
    ("lacp_rate", True): "fast",
    ("lacp_rate", False): "slow",
}
#: Columns of a port of Open vSwitch, and of an interface below it.
_OVS: Mapping[str, str] = {
    "fast_rate": "other_config:lacp-time",
    "active": "lacp",
    "sys_prio": "other_config:lacp-system-priority",
    "system": "other_config:lacp-system-id",
}
_OVS_PORT: Mapping[str, str] = {
    "lacp_prio": "other_config:lacp-port-priority",
    "lacp_key": "other_config:lacp-aggregation-key",
}
_OVS_WORDS: Mapping[tuple[str, object], str] = {
    ("lacp", True): "active",
    ("lacp", False): "passive",
    ("other_config:lacp-time", True): "fast",
    ("other_config:lacp-time", False): "slow",
}


def others(args: Namespace) -> list[LagView]:
    """The LAGs of the host that lacpd did not make, as far as they can be seen."""
    where = places(args)
    sources = where.sources or frozenset(READERS)
    return survey(replace(where, sources=sources - {"lacpd"})).lags


def refuse(lags: Iterable[LagView], path: str, value: Any) -> None:
    """Raises Failure, with the command that does it, when `path` is about one of these, or is one
    of their names."""
    named = [lag for lag in lags if path == lag.name or path.startswith(f"{lag.name}.")]
    if named:
        lag = max(named, key=lambda each: len(each.name))
        raise Failure(there(lag, path[len(lag.name) + 1 :], value))


def unknown(lags: Iterable[LagView], path: str, teams: Collection[str]) -> Failure:
    """There is no LAG of the name that `path` begins with."""
    known = sorted(teams) + [f"{lag.name} ({lag.source})" for lag in lags if lag.name not in teams]
    return Failure(f"set: no team {_name(path)!r} here; there are {', '.join(known) or 'none'}")


def there(lag: LagView, path: str, value: Any) -> str:
    """One line with the command that does it to this LAG."""
    first, _, rest = path.partition(".")
    port, key = rest.rpartition(".")[::2] if first == "ports" else ("", rest or first)
    made, command = _MAKERS[lag.source](lag.name, port, key, value)
    return f"{lag.name} is {made}, lacpd cannot set it: {command}"


def _bond(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    made = "a bond of the kernel"
    if port and key in _BOND_PORT:
        return made, f"ip link set dev {_q(port)} type bond_slave {_BOND_PORT[key]} {_v(value)}"
    if not key:
        return made, f"ip link set dev {_q(name)} type bond OPTION VALUE (ip link help bond)"
    option = _BOND.get(key, key)
    said = _BOND_WORDS.get((option, value)) if isinstance(value, bool) else None
    if option == "xmit_hash_policy" and isinstance(value, list):
        said = "POLICY"
    command = f"ip link set dev {_q(name)} type bond {_q(option)} {said or _v(value)}"
    if option in _WHILE_DOWN:
        command = f"ip link set dev {_q(name)} down && {command} && ip link set dev {_q(name)} up"
    return made, command


def _teamd(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    made = "a team of teamd"
    if port and key:
        options = _q(json.dumps({key: value}))
        command = f"teamdctl {_q(name)} port config update {_q(port)} {options}"
        return made, f"{command} (with all else that is to hold for the port)"
    if key == "active_port":
        return made, f"teamdctl {_q(name)} state item set runner.active_port {_v(value)}"
    said = _q(key) if key else "what is to change"
    return made, f"{said} in its configuration, then start teamd again: it reads that once"


def _team(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    made = "a team of the kernel without a daemon that answers"
    return made, f"teamnl {_q(name)} options lists what it has, teamnl {_q(name)} setoption sets it"


def _ovs(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    made = "a bond of Open vSwitch"
    if port and key in _OVS_PORT:
        return made, f"ovs-vsctl set interface {_q(port)} {_OVS_PORT[key]}={_v(value)}"
    if key == "active_port":
        return made, f"ovs-appctl bond/set-active-slave {_q(name)} {_v(value)}"
    if key not in _OVS:
        return made, f"ovs-vsctl set port {_q(name)} COLUMN=VALUE (man ovs-vswitchd.conf.db)"
    column = _OVS[key]
    said = _OVS_WORDS.get((column, value)) if isinstance(value, bool) else None
    return made, f"ovs-vsctl set port {_q(name)} {column}={said or _v(value)}"


_MAKERS = {"bond": _bond, "teamd": _teamd, "team": _team, "ovs": _ovs}


def _name(path: str) -> str:
    """What seems to be the name of a LAG at the beginning of a path."""
    for word in (".runner", ".ports"):
        front, found, _ = path.partition(word)
        if found:
            return front
    return path.partition(".")[0]


def _q(word: str) -> str:
    return shlex.quote(word)


def _v(value: Any) -> str:
    if value is None:
        return "VALUE"
    return _q(value if isinstance(value, str) else json.dumps(value))

"""The commands that change a LAG which lacpd did not make, by teamd's names of what is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lacp.text import quoted

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


def of_bond(name: str, port: str, key: str, value: Any) -> str:
    """The command for a bond of the kernel, or for its `port`; without a `key` how it begins."""
    if port and key in _BOND_PORT:
        return f"ip link set dev {quoted(port)} type bond_slave {_BOND_PORT[key]} {word(value)}"
    if not key:
        return f"ip link set dev {quoted(name)} type bond OPTION VALUE (ip link help bond)"
    option = _BOND.get(key, key)
    said = _BOND_WORDS.get((option, value)) if isinstance(value, bool) else None
    if option == "xmit_hash_policy" and isinstance(value, list):
        said = "POLICY"
    command = f"ip link set dev {quoted(name)} type bond {quoted(option)} {said or word(value)}"
    if option in _WHILE_DOWN:
        down, up = (f"ip link set dev {quoted(name)} {state}" for state in ("down", "up"))
        command = f"{down} && {command} && {up}"
    return command


def of_ovs(name: str, port: str, key: str, value: Any) -> str:
    """The command for a bond of Open vSwitch, or for the interface `port` below it."""
    if port and key in _OVS_PORT:
        return f"ovs-vsctl set interface {quoted(port)} {_OVS_PORT[key]}={word(value)}"
    if key == "active_port":
        return f"ovs-appctl bond/set-active-slave {quoted(name)} {word(value)}"
    if key not in _OVS:
        return f"ovs-vsctl set port {quoted(name)} COLUMN=VALUE (man ovs-vswitchd.conf.db)"
    column = _OVS[key]
    said = _OVS_WORDS.get((column, value)) if isinstance(value, bool) else None
    return f"ovs-vsctl set port {quoted(name)} {column}={said or word(value)}"


def word(value: Any) -> str:
    """A value as one word of a command; of none, what stands for it."""
    if value is None:
        return "VALUE"
    if isinstance(value, str):
        return quoted(value)
    from json import dumps

    return quoted(dumps(value))

"""Which options say what a team and its ports are made for."""

from __future__ import annotations

from collections.abc import Mapping

from lacp.dataplane.base import PortSetup, Setup
from lacp.dataplane.team.messages import Key, Value
from lacp.txhash import octets, program

#: The driver's mode for each runner. For it, LACP is a way to switch ports on and off.
MODES = {
    "broadcast": "broadcast",
    "roundrobin": "roundrobin",
    "random": "random",
    "activebackup": "activebackup",
    "loadbalance": "loadbalance",
    "lacp": "loadbalance",
}

MODE = Key("mode")
ACTIVE = Key("activeport")
HASH_STATISTICS = "lb_hash_stats"
HASH_MAPPING = "lb_tx_hash_to_port_mapping"

#: A port as the driver takes it up.
NEW_PORT: Mapping[str, Value] = {
    "enabled": True,
    "user_linkup_enabled": False,
    "priority": 0,
    "queue_id": 0,
}


def enabled(port: int) -> Key:
    """The switch of a port."""
    return Key("enabled", port)


def device_options(setup: Setup) -> list[tuple[Key, Value]]:
    """What a device is to be told, once it has its mode."""
    options: list[tuple[Key, Value]] = []
    for name, burst in (("notify_peers", setup.notify_peers), ("mcast_rejoin", setup.mcast_rejoin)):
        if burst is not None:
            options.append((Key(f"{name}_count"), burst.count))
            options.append((Key(f"{name}_interval"), burst.interval))
    if MODES[setup.runner] == "loadbalance":
        options.append((Key("bpf_hash_func"), octets(program(setup.tx_hash))))
        # Tenths of a second; 0 is never.
        method, interval = "hash", 0
        if setup.balancing is not None:
            method, interval = "hash_to_port_mapping", max(1, round(setup.balancing * 10))
        options.append((Key("lb_tx_method"), method))
        options.append((Key("lb_stats_refresh_interval"), interval))
    return options


def port_options(port: int, setup: PortSetup) -> list[tuple[Key, Value]]:
    """What is to be told of a port. Queue 0 leads to whatever the mode selects."""
    return [
        (Key("user_linkup_enabled", port), setup.watched),
        (Key("priority", port), setup.prio),
        (Key("queue_id", port), setup.queue_id or 0),
    ]

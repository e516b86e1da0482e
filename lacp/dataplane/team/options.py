"""Which options say what a team and its ports are made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lacp.dataplane.base import PortSetup, Setup
from lacp.netlink.team import Key, Value
from lacp.txhash import octets, program
from lacp.txhash.bpf import remainder

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
HASH_PROGRAM = Key("bpf_hash_func")
#: Who selects the port of a frame: its hash alone, or what was told of its hash.
_METHOD = Key("lb_tx_method")
_HASHED = (_METHOD, "hash")
_MAPPED = (_METHOD, "hash_to_port_mapping")


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
        # Tenths of a second; 0 is never.
        interval = 0
        if setup.balancing is not None:
            interval = max(1, round(setup.balancing * 10))
            options.append(_MAPPED)
        else:
            options.append(_HASHED)
        options.append((HASH_PROGRAM, octets(program(setup.tx_hash))))
        options.append((Key("lb_stats_refresh_interval"), interval))
    return options


def steered(setup: Setup, ports: Sequence[int]) -> list[tuple[Key, Value]]:
    """What makes the device give frames to these ports only, whatever others are enabled.

    The hash is made as small as there are ports, so that a way for each of its values is soon told.
    """
    ways = [(Key(HASH_MAPPING, 0, place), port) for place, port in enumerate(ports)]
    small = octets(remainder(program(setup.tx_hash), len(ports)))
    return [*ways, (HASH_PROGRAM, small), _MAPPED]


def port_options(port: int, setup: PortSetup) -> list[tuple[Key, Value]]:
    """What is to be told of a port. Queue 0 leads to whatever the mode selects."""
    return [
        (Key("user_linkup_enabled", port), setup.watched),
        (Key("priority", port), setup.prio),
        (Key("queue_id", port), setup.queue_id or 0),
    ]

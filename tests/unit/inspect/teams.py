"""What a teamd says of its team."""

from typing import Any

Document = dict[str, Any]

CONFIG: Document = {
    "device": "team0",
    "hwaddr": "02:00:00:00:00:77",
    "notify_peers": {"count": 2},
    "runner": {
        "name": "lacp",
        "tx_hash": ["eth", "ipv4"],
        "tx_balancer": {"name": "basic"},
        "fast_rate": True,
    },
    "ports": {"eth1": {"prio": 5, "sticky": True, "queue_id": 2, "lacp_key": 7}},
}


def end(system: str, port: int, state: int) -> Document:
    return {
        "system_priority": 100,
        "system": system,
        "key": 7,
        "port_priority": 255,
        "port": port,
        "state": state,
    }


def port(ifindex: int, aggregator: int, chosen: bool, partner: int = 61) -> Document:
    return {
        "ifinfo": {"ifindex": ifindex, "dev_addr": "02:00:00:00:00:01"},
        "link": {"up": True, "speed": 10000, "duplex": "full"},
        "link_watches": {
            "up": True,
            "list": {
                "link_watch_0": {"name": "ethtool", "up": True, "down_count": 3, "delay_up": 50},
                "link_watch_1": {"name": "tipc", "up": False, "down_count": 1},
            },
        },
        "runner": {
            "selected": aggregator != 0,
            "aggregator": {"id": aggregator, "selected": chosen},
            "state": "current",
            "key": 7,
            "prio": 255,
            "actor_lacpdu_info": end("02:00:00:00:00:77", ifindex, 61),
            "partner_lacpdu_info": end("02:00:00:00:00:99", 1, partner),
        },
    }


STATE: Document = {
    "setup": {"runner_name": "lacp", "pid": 4711, "kernel_team_mode_name": "loadbalance"},
    "team_device": {"ifinfo": {"ifindex": 9, "ifname": "team0", "dev_addr": "02:00:00:00:00:77"}},
    "runner": {"active": True, "sys_prio": 100, "fast_rate": True, "select_policy": "count"},
    "ports": {"eth1": port(3, 4, True), "eth2": port(4, 4, True), "eth3": port(5, 5, False)},
}

"""What is refused in a teamd.conf, in which words: FILE: PATH: found X, expected Y."""

from typing import Any

import pytest

from lacp.errors import ConfigError
from tests.unit.config.loading import load


def complaint(**members: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**members)
    return str(caught.value)


def watch(**options: Any) -> dict[str, Any]:
    return {"link_watch": options}


def arp(**options: Any) -> dict[str, Any]:
    return watch(name="arp_ping", **{"target_host": "192.0.2.1", **options})


def lacp(**options: Any) -> dict[str, Any]:
    return {"runner": {"name": "lacp", **options}}


REFUSED: dict[str, dict[str, Any]] = {
    "$.device: found 5, expected a string": {"device": 5},
    '$.device: found the string "a/b", expected an interface name': {"device": "a/b"},
    '$.device: found the string "..", expected an interface name': {"device": ".."},
    '$.device: found the string "sixteen-octets--", expected': {"device": "sixteen-octets--"},
    "$.debug_level: found true, expected an integer of at least 0": {"debug_level": True},
    "$.debug_level: found 2147483648, expected an integer of at most 2147483647": {
        "debug_level": 1 << 31
    },
    '$.hwaddr: found the string "01:00:00:00:00:00", expected the MAC address of one station': {
        "hwaddr": "01:00:00:00:00:00"
    },
    '$.hwaddr: found the string "x", expected the MAC address': {"hwaddr": "x"},
    '$.hwaddr: found the string "2:0:0:0:1", expected the MAC address': {"hwaddr": "2:0:0:0:1"},
    '$.dataplane: found the string "dpdk", expected one of auto, none, memory, tap, team, bond': {
        "dataplane": "dpdk"
    },
    "$.runner: found an array, expected an object": {"runner": []},
    '$.runner.name: found the string "802.3ad", expected one of broadcast, roundrobin, random': {
        "runner": {"name": "802.3ad", "active": 1}
    },
    "$.runner.name: found 1, expected one of broadcast": {"runner": {"name": 1}},
    "$.runner.active: found 1, expected true or false": lacp(active=1),
    "$.runner.fast_rate: found null, expected true or false": lacp(fast_rate=None),
    "$.runner.fast_rate: found 2, expected true or false": lacp(fast_rate=2),
    "$.runner.fast_rate: found 1.0, expected true or false": lacp(fast_rate=1.0),
    "$.runner.sys_prio: found 65536, expected an integer 0 to 65535": lacp(sys_prio=65536),
    "$.runner.sys_prio: found 5.0, expected an integer": lacp(sys_prio=5.0),
    '$.runner.sys_prio: found the string "5", expected an integer': lacp(sys_prio="5"),
    "$.runner.min_ports: found 0, expected an integer 1 to 1024": lacp(min_ports=0),
    "$.runner.min_ports: found 1025, expected an integer 1 to 1024": lacp(min_ports=1025),
    "$.runner.max_ports: found 1, expected at least min_ports, 2": lacp(min_ports=2, max_ports=1),
    "$.runner.min_ports: found 2, expected 1 with fallback single": lacp(
        min_ports=2, fallback="single"
    ),
    '$.runner.edition: found the string "2009", expected one of 2008, 2014, 2014-cor1, 2020': lacp(
        edition="2009"
    ),
    '$.runner.control: found the string "x", expected independent or coupled': lacp(control="x"),
    "$.runner.aggregate_wait: found -1, expected a number 0 to 3600": lacp(aggregate_wait=-1),
    "$.runner.tx_hash: found an array, expected an array of strings": lacp(tx_hash=["eth", 1]),
    '$.runner.tx_hash: found the string "eth", expected an array of strings': lacp(tx_hash="eth"),
    '$.runner.tx_balancer.name: found the string "advanced", expected basic': lacp(
        tx_balancer={"name": "advanced"}
    ),
    "$.runner.tx_balancer: found true, expected an object": lacp(tx_balancer=True),
    "$.runner.tx_balancer.balancing_interval: found 0, expected an integer of at least 1": lacp(
        tx_balancer={"name": "basic", "balancing_interval": 0}
    ),
    '$.runner.agg_select_policy: found the string "port_options", expected one of': lacp(
        agg_select_policy="port_options"
    ),
    '$.runner.lacp_by: found the string "switch", expected lacpd or driver': lacp(lacp_by="switch"),
    '$.runner.lacp_by: found "driver", expected "lacpd" with dataplane team': {
        **lacp(lacp_by="driver"),
        "dataplane": "team",
    },
    '$.runner.hwaddr_policy: found the string "all", expected one of same_all': {
        "runner": {"name": "activebackup", "hwaddr_policy": "all"}
    },
    "$.ports: found an array, expected an object": {"ports": ["eth1"]},
    "$.ports.eth1: found null, expected an object": {"ports": {"eth1": None}},
    '$.ports["eth0.100"].lacp_key: found -1, expected an integer 0 to 65535': {
        "ports": {"eth0.100": {"lacp_key": -1}}
    },
    "$.ports.eth1.lacp_prio: found 65536, expected an integer 0 to 65535": {
        "ports": {"eth1": {"lacp_prio": 65536}}
    },
    "$.ports.eth1.prio: found 2147483648, expected an integer -2147483648 to 2147483647": {
        "ports": {"eth1": {"prio": 1 << 31}}
    },
    "$.ports.eth1.prio: found 1.5, expected an integer": {"ports": {"eth1": {"prio": 1.5}}},
    "$.ports.eth1.sticky: found 1, expected true or false": {"ports": {"eth1": {"sticky": 1}}},
    "$.ports.eth1.queue_id: found 65536, expected an integer 0 to 65535": {
        "ports": {"eth1": {"queue_id": 65536}}
    },
    '$.ports["a\\"b"]: found null, expected an object': {"ports": {'a"b': None}},
    '$.ports["é\\\\ "]: found null, expected an object': {"ports": {"é\\ ": None}},
    '$.ports["a/b"]: found this name, expected an interface name': {"ports": {"a/b": {}}},
    '$.link_watch: found the string "ethtool", expected an object or an array': {
        "link_watch": "ethtool"
    },
    "$.link_watch[0]: found null, expected an object": {"link_watch": [None]},
    "$.link_watch.name: found nothing, expected one of ethtool, arp_ping": watch(),
    '$.link_watch[1].name: found the string "x", expected one of': {
        "link_watch": [{"name": "ethtool"}, {"name": "x"}]
    },
    '$.link_watch_policy: found the string "most", expected any or all': {
        "link_watch_policy": "most"
    },
    "$.link_watch.delay_up: found -1, expected an integer of at least 0": watch(
        name="ethtool", delay_up=-1
    ),
    "$.link_watch.target_host: found nothing, expected a host name or an IPv4 address": watch(
        name="arp_ping"
    ),
    '$.link_watch.target_host: found "2001:db8::1", expected a host name or an IPv4 address': arp(
        target_host="2001:db8::1"
    ),
    '$.link_watch.target_host: found "", expected a host name': arp(target_host=""),
    '$.link_watch.target_host: found "300.1.1.1", expected a host name or an IPv4': arp(
        target_host="300.1.1.1"
    ),
    '$.link_watch.source_host: found "10.0:0.1", expected a host name or an IPv4': arp(
        source_host="10.0:0.1"
    ),
    '$.link_watch.target_host: found "fe80:::1", expected a host name or an IPv6': watch(
        name="nsna_ping", target_host="fe80:::1"
    ),
    "$.link_watch.source_host: found 1, expected a host name": arp(source_host=1),
    "$.link_watch.interval: found 0, expected an integer of at least 1": arp(interval=0),
    "$.link_watch.init_wait: found -1, expected an integer of at least 0": arp(init_wait=-1),
    "$.link_watch.missed_max: found -1, expected an integer of at least 0": arp(missed_max=-1),
    "$.link_watch.send_always: found 1, expected true or false": arp(send_always=1),
    "$.link_watch.vlanid: found 4096, expected an integer 0 to 4095": arp(vlanid=4096),
    '$.link_watch.target_host: found "192.0.2.1", expected a host name or an IPv6 address': watch(
        name="nsna_ping", target_host="192.0.2.1"
    ),
    "$.link_watch.tipc_bearer: found nothing, expected a string of 1 to 31 octets": watch(
        name="tipc"
    ),
    f'$.link_watch.tipc_bearer: found "{"b" * 32}", expected a string of 1 to 31': watch(
        name="tipc", tipc_bearer="b" * 32
    ),
    "$.notify_peers.count: found -1, expected an integer of at least 0": {
        "notify_peers": {"count": -1}
    },
    "$.mcast_rejoin: found 1, expected an object": {"mcast_rejoin": 1},
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said: str) -> None:
    found = complaint(**REFUSED[said])
    assert found.startswith(f"f.conf: {said}")
    assert "\n" not in found


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = complaint(device=1, runner={"name": "lacp", "active": 0}, ports=[])
    assert [line.split(": ")[1] for line in found.splitlines()] == [
        "$.device",
        "$.runner.active",
        "$.ports",
    ]

"""The keys of teamd.conf: what is accepted, what is warned of, what is refused, in which words."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lacp.address import Mac
from lacp.config.document import Json
from lacp.config.model import (
    ActivebackupConfig,
    Announce,
    BalancerConfig,
    LacpConfig,
    LoadbalanceConfig,
    PlainConfig,
    TeamPort,
)
from lacp.config.teamd import Loaded, edited, loads, with_port
from lacp.config.words import FRAGMENTS, RUNNERS
from lacp.errors import ConfigError
from lacp.watch.options import ArpPingOptions, EthtoolOptions, NsnaPingOptions, TipcOptions


def load(**members: Any) -> Loaded:
    """A team of one port that runs LACP, and with these members."""
    document = {"device": "team0", "runner": {"name": "lacp"}, "ports": {"eth1": {}}}
    return loads(json.dumps({**document, **members}), "f.conf")


def complaint(**members: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**members)
    return str(caught.value)


# What is accepted.


def test_an_empty_configuration_is_a_round_robin_without_ports() -> None:
    loaded = loads("{}", "f.conf")
    config = loaded.config
    assert loaded.warnings == ()
    assert (config.device, config.runner, config.ports) == (None, PlainConfig(), {})
    assert (config.link_watch, config.link_watch_policy) == ((), "any")
    assert (config.notify_peers, config.mcast_rejoin, config.hwaddr) == (None, None, None)


@pytest.mark.parametrize("name", RUNNERS)
def test_the_defaults_of_every_runner_are_those_of_teamd(name: str) -> None:
    loaded = load(runner={"name": name})
    assert loaded.warnings == ()
    assert loaded.config.runner == {
        "activebackup": ActivebackupConfig(hwaddr_policy="same_all"),
        "loadbalance": LoadbalanceConfig(tx_hash=("eth", "ipv4", "ipv6"), tx_balancer=None),
        "lacp": LacpConfig(
            active=True,
            fast_rate=False,
            sys_prio=65535,
            min_ports=1,
            agg_select_policy="lacp_prio",
            tx_hash=("eth", "ipv4", "ipv6"),
        ),
    }.get(name, PlainConfig(name=name))
    assert loaded.config.ports["eth1"] == TeamPort(
        name="eth1", lacp_prio=255, lacp_key=0, link_watch=(EthtoolOptions(),)
    )


def test_every_key_of_lacp_arrives() -> None:
    runner = {
        "name": "lacp",
        "active": False,
        "fast_rate": True,
        "sys_prio": 7,
        "min_ports": 2,
        "max_ports": 4,
        "control": "coupled",
        "edition": "2020",
        "aggregate_wait": 0.5,
        "fallback": "static",
        "collector_max_delay": 9,
        "wait_to_restore": 3,
        "revertive": False,
        "system": "02-00-00-00-00-0a",
        "agg_select_policy": "port_config",
        "tx_hash": list(FRAGMENTS),
        "tx_balancer": {"name": "basic", "balancing_interval": 30},
        "lacp_by": "driver",
    }
    ports = {"eth 0.100": {"lacp_prio": 1, "lacp_key": 2, "prio": -3, "sticky": True}}
    loaded = load(runner=runner, ports=ports, dataplane="bond", debug_level=1)
    assert loaded.warnings == ()
    assert loaded.config.runner == LacpConfig(
        active=False,
        fast_rate=True,
        sys_prio=7,
        system=Mac.parse("02:00:00:00:00:0a"),
        min_ports=2,
        max_ports=4,
        control="coupled",
        edition="2020",
        aggregate_wait=0.5,
        fallback="static",
        collector_max_delay=9,
        wait_to_restore=3.0,
        revertive=False,
        agg_select_policy="port_config",
        tx_hash=FRAGMENTS,
        tx_balancer=BalancerConfig(balancing_interval=30),
        lacp_by="driver",
    )
    port = TeamPort(name="eth 0.100", lacp_prio=1, lacp_key=2, prio=-3, sticky=True)
    assert loaded.config.ports == {"eth 0.100": port}
    assert (loaded.config.dataplane, loaded.config.debug_level) == ("bond", 1)


def test_every_key_of_the_other_runners_arrives() -> None:
    spread = {"tx_hash": ["l3", "l4"], "tx_balancer": {"name": "basic"}}
    loaded = load(runner={"name": "loadbalance", **spread})
    assert loaded.config.runner == LoadbalanceConfig(
        tx_hash=("l3", "l4"), tx_balancer=BalancerConfig()
    )
    assert loaded.config.runner.tx_balancer == BalancerConfig(balancing_interval=50)
    for policy in ("same_all", "by_active", "only_active"):
        loaded = load(runner={"name": "activebackup", "hwaddr_policy": policy})
        assert loaded.config.runner == ActivebackupConfig(hwaddr_policy=policy)
        assert loaded.warnings == ()


def test_every_key_of_a_port_arrives() -> None:
    said = {"prio": 2147483647, "sticky": True, "queue_id": 0}
    loaded = load(runner={"name": "activebackup"}, ports={"a": said, "b": {"prio": -2147483648}})
    assert loaded.warnings == ()
    assert loaded.config.ports == {
        "a": TeamPort(name="a", prio=2147483647, sticky=True, queue_id=0),
        "b": TeamPort(name="b", prio=-2147483648, queue_id=None),
    }


@pytest.mark.parametrize(
    "text", ["2:0:0:0:0:1", " 02 : 00:00 :00: 00:01 ", "02:00:00:00:00:01", "02-0-0-0-0-01"]
)
def test_addresses_are_read_as_teamd_reads_them(text: str) -> None:
    config = load(hwaddr=text).config
    assert config.hwaddr == Mac.parse("02:00:00:00:00:01")
    # The address of the team is that of the system only as long as that has none of its own.
    assert isinstance(config.runner, LacpConfig)
    assert config.runner.system is None


def test_the_document_is_kept_as_it_was() -> None:
    text = ' {"device": "team0", "novel": [1, {"x": null}],\n "runner": {"name": "lacp"}} '
    config = loads(text, "f.conf").config
    assert config.text == text
    assert config.document == json.loads(text)


def test_ports_keep_their_order() -> None:
    assert list(load(ports={"b": {}, "a": {}, "c": {}}).config.ports) == ["b", "a", "c"]


# Bursts.


def test_activebackup_alone_announces_an_enabled_port_unless_told_otherwise() -> None:
    for name in RUNNERS:
        config = load(runner={"name": name}).config
        expected = Announce(count=1) if name == "activebackup" else None
        assert (config.notify_peers, config.mcast_rejoin) == (expected, expected)
        config = load(runner={"name": name}, notify_peers={"interval": 20}).config
        count = 1 if name == "activebackup" else 0
        assert config.notify_peers == Announce(count=count, interval=20)
        config = load(runner={"name": name}, mcast_rejoin={"count": 0}).config
        assert config.mcast_rejoin == Announce(count=0)


# Link watchers.


def test_every_option_of_every_watcher_arrives() -> None:
    watchers = [
        {"name": "ethtool", "delay_up": 2500, "delay_down": 1000},
        {"name": "arp_ping", "target_host": "192.0.2.1"},
        {
            "name": "arp_ping",
            "target_host": "gateway.example.net",
            "source_host": "192.0.2.2",
            "interval": 100,
            "init_wait": 5,
            "missed_max": 0,
            "validate_active": True,
            "validate_inactive": True,
            "send_always": True,
            "vlanid": 0,
        },
        {"name": "nsna_ping", "target_host": "fe80::1%eth1"},
        {
            "name": "nsna_ping",
            "target_host": "2001:db8::1",
            "interval": 7,
            "init_wait": 8,
            "missed_max": 9,
        },
        {"name": "tipc", "tipc_bearer": "eth1"},
    ]
    loaded = load(runner={"name": "roundrobin"}, link_watch=watchers, link_watch_policy="all")
    assert loaded.warnings == ()
    assert loaded.config.link_watch_policy == "all"
    assert loaded.config.link_watch == (
        EthtoolOptions(delay_up=2500, delay_down=1000),
        ArpPingOptions(target_host="192.0.2.1"),
        ArpPingOptions(
            target_host="gateway.example.net",
            source_host="192.0.2.2",
            interval=100,
            init_wait=5,
            missed_max=0,
            validate_active=True,
            validate_inactive=True,
            send_always=True,
            vlanid=0,
        ),
        NsnaPingOptions(target_host="fe80::1%eth1"),
        NsnaPingOptions(target_host="2001:db8::1", interval=7, init_wait=8, missed_max=9),
        TipcOptions(tipc_bearer="eth1"),
    )


def test_watchers_of_a_port_stand_before_those_of_all() -> None:
    tipc, slow = {"name": "tipc", "tipc_bearer": "a"}, {"name": "ethtool", "delay_up": 9}
    config = load(link_watch=[slow], ports={"a": {"link_watch": tipc}, "b": {}}).config
    of_all = EthtoolOptions(delay_up=9)
    assert config.ports["a"].link_watch == (TipcOptions(tipc_bearer="a"), of_all)
    assert config.ports["b"].link_watch == (of_all,)
    assert config.port("b") is config.ports["b"]
    assert config.port("c") == TeamPort(name="c", link_watch=(of_all,))


def test_a_port_without_any_watcher_has_its_carrier_watched() -> None:
    nothings: tuple[dict[str, Any], ...] = ({}, {"link_watch": []})
    for nothing in nothings:
        config = load(ports={"a": nothing}, **nothing).config
        assert config.link_watch == ()
        assert config.ports["a"].link_watch == (EthtoolOptions(),)
        assert config.port("b").link_watch == (EthtoolOptions(),)


# What is warned of: nothing is silently without effect.

LACP = {"name": "lacp"}
WARNED: dict[str, dict[str, Any]] = {
    "$.novel: unknown key": {"novel": 1},
    "$.runner.foo: unknown key, kept and ignored": {"runner": {**LACP, "foo": 1}},
    '$.ports["eth0.5"].bar: unknown key': {"ports": {"eth0.5": {"bar": 1}}},
    "$.notify_peers.often: unknown key": {"notify_peers": {"count": 1, "often": 1}},
    "$.link_watch.delay: unknown key": {"link_watch": {"name": "ethtool", "delay": 1}},
    "$.link_watch[1].delay_up: accepted, but without effect: an option of ethtool, this is tipc": {
        "link_watch": [
            {"name": "ethtool", "delay_up": 1},
            {"name": "tipc", "tipc_bearer": "x", "delay_up": 1},
        ]
    },
    "$.link_watch.missed_max: accepted, but without effect: an option of arp_ping and nsna_ping": {
        "link_watch": {"name": "ethtool", "missed_max": 1}
    },
    "$.ports.eth1.prio: accepted, but without effect: only activebackup, and lacp with": {
        "ports": {"eth1": {"prio": -10}}
    },
    "$.ports.eth1.sticky: accepted, but without effect": {
        "runner": {"name": "roundrobin"},
        "ports": {"eth1": {"sticky": True}},
    },
    "$.ports.eth1.lacp_prio: accepted, but without effect: only lacp looks at it": {
        "runner": {"name": "activebackup"},
        "ports": {"eth1": {"lacp_prio": 1}},
    },
    "$.runner.hwaddr_policy: accepted, but without effect: an option of activebackup, this": {
        "runner": {**LACP, "hwaddr_policy": "by_active"}
    },
    "$.runner.tx_hash: accepted, but without effect: an option of loadbalance and lacp, this is": {
        "runner": {"tx_hash": ["eth"]}
    },
    "$.runner.fast_rate: accepted, but without effect: an option of lacp, this is activebackup": {
        "runner": {"name": "activebackup", "fast_rate": True}
    },
    "$.runner.addr: accepted, but without effect": {"runner": {**LACP, "addr": "tcp://*:1"}},
    '$.runner.tx_hash: found "l5", left out, expected only eth': {
        "runner": {**LACP, "tx_hash": ["l5", "l4"]}
    },
    "$.runner.tx_hash: found no known fragment: every frame leaves through the same port": {
        "runner": {**LACP, "tx_hash": []}
    },
    '$.runner.tx_balancer: without effect: found no name, expected "basic"': {
        "runner": {**LACP, "tx_balancer": {"balancing_interval": 9}}
    },
    "$.runner.wait_to_restore: accepted": {"runner": {**LACP, "wait_to_restore": 5}},
    "$.runner.revertive: accepted": {"runner": {**LACP, "revertive": False}},
}


MISSPELT: dict[str, dict[str, Any]] = {
    "$.runners: unknown key, kept and ignored; perhaps runner is meant": {"runners": {}},
    "$.runner.fast-rate: unknown key, kept and ignored; perhaps fast_rate is meant": {
        "runner": {**LACP, "fast-rate": True}
    },
    "$.ports.eth1.lacp_pri: unknown key, kept and ignored; perhaps lacp_prio is meant": {
        "ports": {"eth1": {"lacp_pri": 1}}
    },
    "$.link_watch.delay-up: unknown key, kept and ignored; perhaps delay_up is meant": {
        "link_watch": {"name": "ethtool", "delay-up": 1}
    },
    "$.novel: unknown key, kept and ignored": {"novel": 1},
}


@pytest.mark.parametrize("said", MISSPELT)
def test_what_was_probably_meant(said: str) -> None:
    assert load(**MISSPELT[said]).warnings == (f"f.conf: {said}",)


@pytest.mark.parametrize("said", WARNED)
def test_what_is_warned_of(said: str) -> None:
    (warning,) = load(**WARNED[said]).warnings
    assert warning.startswith(f"f.conf: {said}")


def test_what_is_left_out_of_a_hash_leaves_the_rest() -> None:
    runner = load(runner={"name": "loadbalance", "tx_hash": ["l5", "eth", "l6"]}).config.runner
    assert runner == LoadbalanceConfig(tx_hash=("eth",))
    runner = load(runner={"name": "loadbalance", "tx_hash": ["l5"]}).config.runner
    assert runner == LoadbalanceConfig(tx_hash=())
    runner = load(runner={"name": "loadbalance", "tx_balancer": {}}).config.runner
    assert runner == LoadbalanceConfig(tx_balancer=None)


@pytest.mark.parametrize("number", [0, 1])
def test_what_bond2team_writes_stays_as_teamd_has_it(number: int) -> None:
    """teamd never looked at the number: a team that ran for years must not change in the night."""
    watch = {"name": "arp_ping", "target_host": "h", "validate_active": number}
    loaded = load(
        runner={"name": "lacp", "fast_rate": number},
        ports={"eth1": {"link_watch": {**watch, "validate_inactive": number}}},
    )
    said = f"found {number}, expected true or false; it stays false, as with teamd"
    paths = [warning for warning in loaded.warnings if said in warning]
    assert [path.split(": ")[1] for path in paths] == [
        "$.runner.fast_rate",
        "$.ports.eth1.link_watch.validate_active",
        "$.ports.eth1.link_watch.validate_inactive",
    ]
    assert loaded.config.runner == LacpConfig(fast_rate=False)
    assert loaded.config.ports["eth1"].link_watch == (ArpPingOptions(target_host="h"),)


# What is refused: FILE: PATH: found X, expected Y.


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


# One value changed.


def test_edited() -> None:
    config = load(runner={"name": "lacp", "max_ports": 3}, ports={"eth0.5": {}}).config
    assert edited(config, ("ports", "eth0.5", "lacp_key"), 4).config.ports["eth0.5"].lacp_key == 4
    unlimited = edited(config, ("runner", "max_ports"), None).config.runner
    assert unlimited == LacpConfig()
    assert config.runner == LacpConfig(max_ports=3)
    with pytest.raises(ConfigError, match=r"\$\.runner\.active: found 1, expected true or false"):
        edited(config, ("runner", "active"), 1)
    with pytest.raises(ConfigError, match=r"\$\.runner\.name: found the string \"lacp\", exp"):
        edited(load(runner={"name": "lacp"}).config, ("runner", "name", "x"), 1)


def test_all_that_is_said_of_a_port_is_replaced() -> None:
    config = load(ports={"a": {"lacp_prio": 1}, "b": {}}).config
    loaded = with_port(config, "a", {"lacp_key": 2})
    assert loaded.config.ports["a"] == TeamPort(name="a", lacp_key=2)
    assert list(loaded.config.ports) == ["a", "b"]
    assert config.ports["a"].lacp_prio == 1
    loaded = with_port(config, "eth0.100", {"lacp_key": 3})
    assert loaded.config.document["ports"] == {
        "a": {"lacp_prio": 1},
        "b": {},
        "eth0.100": {"lacp_key": 3},
    }
    assert with_port(loads("{}", "f").config, "x", {}).config.document == {"ports": {"x": {}}}
    assert with_port(config, "a", {"y": 1}).warnings == (
        "f.conf: $.ports.a.y: unknown key, kept and ignored",
    )
    wrongs: tuple[Json, ...] = (None, [], 1, "x")
    for wrong in wrongs:
        with pytest.raises(ConfigError, match=r"\$\.ports\.a: found .*, expected an object"):
            with_port(config, "a", wrong)


def test_a_changed_team_keeps_the_name_it_was_given() -> None:
    config = replace(load(device="team7").config, device="team9")
    assert edited(config, ("runner", "sys_prio"), 1).config.device == "team9"
    assert with_port(config, "x", {}).config.device == "team9"

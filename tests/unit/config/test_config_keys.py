"""The keys of teamd.conf that are accepted, and what comes of them."""

import json
from typing import Any

import pytest

from lacp.address import Mac
from lacp.config.model import (
    ActivebackupConfig,
    Announce,
    BalancerConfig,
    LacpConfig,
    LoadbalanceConfig,
    PlainConfig,
    TeamPort,
)
from lacp.config.teamd import loads
from lacp.config.words import FRAGMENTS, RUNNERS
from lacp.watch.options import ArpPingOptions, EthtoolOptions, NsnaPingOptions, TipcOptions
from tests.unit.config.loading import load


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

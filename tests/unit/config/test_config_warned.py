"""What is warned of in a teamd.conf: nothing is silently without effect."""

from typing import Any

import pytest

from lacp.config.model import LacpConfig, LoadbalanceConfig
from lacp.watch.options import ArpPingOptions
from tests.unit.config.loading import load

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

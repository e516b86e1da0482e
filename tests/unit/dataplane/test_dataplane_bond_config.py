"""From a configuration to what the bonding driver's LACP is asked for, and its runner."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lacp.address import Mac
from lacp.config.model import TeamConfig
from lacp.config.teamd import loads
from lacp.daemon.options import Options
from lacp.daemon.team import parameters
from lacp.dataplane.base import DriverLacp, Setup
from lacp.errors import UsageError
from lacp.runners.base import PortEnabled, RunnerPort
from lacp.runners.lacp import LacpRunner

SYSTEM = Mac.parse("02:00:00:00:00:01")


def config(ports: dict[str, Any] | None = None, **runner: Any) -> TeamConfig:
    document = {
        "device": "team0",
        "runner": {"name": "lacp", "lacp_by": "driver", **runner},
        "ports": ports if ports is not None else {"e1": {}, "e2": {}},
    }
    return loads(json.dumps(document), "team.conf").config


def setup(found: TeamConfig) -> Setup:
    return parameters.setup(found, "team0", None, Options(run_dir="run"))


def test_what_the_driver_is_asked_for() -> None:
    found = setup(
        config(
            {"e1": {"lacp_key": 5}, "e2": {"lacp_key": 6}},
            active=False,
            fast_rate=True,
            min_ports=2,
            sys_prio=7,
            system="02:00:00:00:00:09",
            agg_select_policy="bandwidth",
        )
    )
    assert found.driver_lacp == DriverLacp(
        activity=False,
        short_timeout=True,
        min_ports=2,
        system_priority=7,
        system=Mac.parse("02:00:00:00:00:09"),
        keys=frozenset({5, 6}),
        agg_select_policy="bandwidth",
    )


def test_lacp_of_lacpd_asks_no_driver() -> None:
    found = setup(config(lacp_by="lacpd", max_ports=1))
    assert found.driver_lacp is None
    assert found.max_ports == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_ports", 2),
        ("control", "coupled"),
        ("edition", "2008"),
        ("aggregate_wait", 0),
        ("fallback", "single"),
        ("collector_max_delay", 1),
    ],
)
def test_what_only_lacpd_knows_is_named(key: str, value: Any) -> None:
    lacp = setup(config(**{key: value})).driver_lacp
    assert lacp is not None
    assert lacp.beyond == (key,)


def test_the_runner_speaks_no_lacp_and_uses_what_its_watchers_let_it() -> None:
    found = config()
    runner = parameters.make_runner(found, SYSTEM)
    assert runner.name == "lacp"
    assert not isinstance(runner, LacpRunner)
    port = parameters.runner_port(found, found.ports["e1"], 1)
    assert type(port) is RunnerPort
    runner.add_port("e1", port, 0.0)
    list(runner.events())
    runner.verdict_changed("e1", True, 1.0)
    assert PortEnabled("e1", True, True, 1.0) in list(runner.events())
    assert parameters.runner_parameters(found, SYSTEM) == {}
    assert set(parameters.port_parameters(found, found.ports["e1"])) == {"prio", "sticky"}
    with pytest.raises(UsageError):
        runner.configure(2.0, fast_rate=True)


def test_what_the_driver_was_told_holds_as_long_as_the_team_runs() -> None:
    fixed = parameters.fixed(config(fast_rate=True))
    assert fixed["runner.fast_rate"] is True
    assert fixed["runner.min_ports"] == 1
    assert "runner.tx_hash" not in fixed
    assert "runner.fast_rate" not in parameters.fixed(config(lacp_by="lacpd"))


def test_how_long_watchers_need_to_know_again() -> None:
    ask = {"name": "arp_ping", "interval": 200, "init_wait": 50, "missed_max": 4}
    ask |= {"source_host": "10.0.0.1", "target_host": "10.0.0.2"}
    delay = {"name": "ethtool", "delay_up": 3000}
    found = config({"e1": {"link_watch": [ask, delay]}, "e2": {"link_watch": ask}, "e3": {}})
    settling = {name: parameters.port_setup(port).settling for name, port in found.ports.items()}
    assert settling == {"e1": 3.0, "e2": pytest.approx(1.05), "e3": 0.0}

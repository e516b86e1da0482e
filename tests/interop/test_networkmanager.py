"""NetworkManager's team plugin, with lacpd where it looks for teamd."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop import guest
from tests.interop.networkmanager import bring_up
from tests.lab import need_teamd, need_tool

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.guest]

CONFIGS: dict[str, dict[str, Any]] = {
    "standby": {"runner": {"name": "activebackup"}, "link_watch": {"name": "ethtool"}},
    "bundle": {"runner": {"name": "lacp", "fast_rate": True, "tx_hash": ["eth", "l3"]}},
}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    need_teamd()
    need_tool("NetworkManager", "nmcli", "dbus-daemon", "ping")
    modules = [*guest.TEAM_MODULES, "bridge"]
    done = guest.run(bring_up, {"configs": CONFIGS}, modules=modules, timeout=300)
    assert isinstance(done.result, dict)
    return done.result


@pytest.mark.parametrize("name", CONFIGS)
class TestConnection:
    def test_it_is_lacpd_that_was_started(
        self, name: str, found: dict[str, dict[str, Any]]
    ) -> None:
        program, *options = found[name]["command"]
        assert program == "/usr/bin/teamd"
        assert {"-o", "-n", "-U", "-D", "-N"} <= {*options}
        assert found[name]["state"]["setup"]["dbus_enabled"] is True

    def test_frames_pass(self, name: str, found: dict[str, dict[str, Any]]) -> None:
        assert " 0% packet loss" in found[name]["pings"]

    def test_the_connections_are_up(self, name: str, found: dict[str, dict[str, Any]]) -> None:
        lines = found[name]["devices"].splitlines()
        assert {"team0:connected", "e0:connected", "e1:connected"} <= {*lines}

    def test_what_was_configured_holds(self, name: str, found: dict[str, dict[str, Any]]) -> None:
        config = found[name]["config"]
        assert config["runner"].items() >= CONFIGS[name]["runner"].items()
        assert [port["prio"] for port in config["ports"].values()] == [100, 99]
        assert [*found[name]["state"]["ports"]] == ["e0", "e1"]

    def test_ports_go_and_come(self, name: str, found: dict[str, dict[str, Any]]) -> None:
        assert [*found[name]["without e0"]["ports"]] == ["e1"]
        assert [*found[name]["with e0"]["ports"]] == ["e0", "e1"]

    def test_nothing_is_left(self, name: str, found: dict[str, dict[str, Any]]) -> None:
        assert found[name]["left"] == []
        # Whoever was in a team has its own address again.
        assert found[name]["addresses"] == found[name]["own"]

    def test_the_daemon_ended_as_it_should(
        self, name: str, found: dict[str, dict[str, Any]]
    ) -> None:
        said = found[name]["log"]
        assert "this is a bug" not in said
        assert "Traceback" not in said
        errors = [line for line in said.splitlines() if "Z error " in line]
        # Both ports were taken out at once: when the first one is missed, the second is gone too.
        assert all(line.endswith("is no longer a port of team0") for line in errors), errors


def test_the_active_port_is_the_better_one(found: dict[str, dict[str, Any]]) -> None:
    story = found["standby"]
    assert story["state"]["runner"]["active_port"] == "e0"
    assert story["without e0"]["runner"]["active_port"] == "e1"


def test_the_bundle_has_both_ports(found: dict[str, dict[str, Any]]) -> None:
    ports = found["bundle"]["state"]["ports"].values()
    assert [port["runner"]["aggregator"]["selected"] for port in ports] == [True, True]
    assert [port["runner"]["state"] for port in ports] == ["current", "current"]

"""A configuration with one value, or one port, changed."""

from dataclasses import replace

import pytest

from lacp.config.document import Json
from lacp.config.model import LacpConfig, TeamPort
from lacp.config.teamd import edited, loads, with_port
from lacp.errors import ConfigError
from tests.unit.config.loading import load


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

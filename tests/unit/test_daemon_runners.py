"""Teams of every runner: what they tell their dataplane while links come and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.config.model import RUNNERS
from tests.daemons import Host, World, world


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def carrying(host: Host) -> list[str]:
    """The ports that take and give user frames, as the dataplane has it."""
    return [n for n, use in host.plane().uses.items() if use.collecting and use.distributing]


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_cable_is_pulled_and_returned(hosts: World, runner: str) -> None:
    left, _, cables = hosts.pair(name=runner)
    hosts.run(5)
    before = ["a1"] if runner == "activebackup" else ["a1", "a2"]
    assert carrying(left) == before
    assert left.plane().carrier
    cables[0].set(up=False)
    hosts.settle()
    assert carrying(left) == ["a2"]
    assert left.plane().carrier
    cables[0].set(up=True)
    hosts.run(5)
    assert "a2" in carrying(left)
    if runner != "activebackup":
        assert carrying(left) == ["a1", "a2"]
    for cable in cables:
        cable.set(up=False)
    hosts.settle()
    assert carrying(left) == []
    assert not left.plane().carrier


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_document_of_every_runner_has_the_same_keys(hosts: World, runner: str) -> None:
    left, right, _ = hosts.pair(name=runner)
    hosts.run(5)
    lag, other = left.show(), right.show()
    assert lag["mode"] == runner
    assert lag["up"] is True
    assert lag.keys() == other.keys()
    assert [port["distributing"] for port in lag["ports"]].count(True) >= 1
    for port in lag["ports"]:
        assert port["link"] == {"up": True, "speed": 10000, "duplex": "full"}
        assert port["link_watches"] == [
            {"name": "ethtool", "up": True, "reason": "carrier", "down_count": 0}
        ]
        assert (port["actor"] is None) is (runner != "lacp")
        assert port["problems"] == []

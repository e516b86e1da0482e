"""Link watchers in the daemon: what they find, say and cause, in virtual time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.backends import kinds
from lacp.backends.base import FrameReceived
from lacp.config.words import RUNNERS
from lacp.watch import arp
from lacp.watch.base import Hears
from tests.daemons import Host, Neighbour, World, conf, world

TARGET, SOURCE = "10.0.0.1", "10.0.0.2"
ARP = {"name": "arp_ping", "target_host": TARGET, "source_host": SOURCE, "interval": 100}
ETHTOOL = {"name": "ethtool"}


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "lacp.daemon")
    return caplog


def carrying(host: Host) -> list[str]:
    return sorted(n for n, u in host.plane().uses.items() if u.collecting and u.distributing)


def watched(hosts: World, **members: Any) -> tuple[Host, list[Neighbour]]:
    """A host with two ports, and behind each a neighbour with the address that is asked for."""
    left = hosts.host("a")
    behind = [hosts.neighbour(TARGET) for _ in range(2)]
    for number, neighbour in enumerate(behind, 1):
        neighbour.plug("n", left, f"a{number}")
    members = {"link_watch": ARP, "name": "roundrobin", **members}
    left.start(conf(**members))
    hosts.settle()
    return left, behind


def test_what_watchers_hear_has_the_names_that_backends_have_for_it() -> None:
    assert {*Hears} == {kinds.ARP, kinds.ND, kinds.TIPC}


# ethtool, with its delays.


def test_the_carrier_counts_after_its_delays(hosts: World) -> None:
    watch = {"name": "ethtool", "delay_up": 2000, "delay_down": 1000}
    left, _, cables = hosts.pair(name="roundrobin", link_watch=watch)
    hosts.settle()
    assert carrying(left) == ["a1", "a2"]
    cables[0].set(up=False)
    hosts.run(0.9)
    assert carrying(left) == ["a1", "a2"]
    hosts.run(0.2)
    assert carrying(left) == ["a2"]
    cables[0].set(up=True)
    hosts.run(1.9)
    assert carrying(left) == ["a2"]
    hosts.run(0.2)
    assert carrying(left) == ["a1", "a2"]


def test_a_delayed_carrier_is_what_lacp_sees(hosts: World) -> None:
    watch = {"name": "ethtool", "delay_up": 5000}
    left, _, cables = hosts.pair(link_watch=watch, aggregate_wait=0)
    hosts.run(3)
    assert carrying(left) == ["a1", "a2"]
    cables[0].set(up=False)
    hosts.settle()
    assert carrying(left) == ["a2"]
    cables[0].set(up=True)
    hosts.run(4.9)
    assert left.port("a1")["machines"]["receive"] == "PORT_DISABLED"
    hosts.run(4)
    assert carrying(left) == ["a1", "a2"]


# arp_ping.


@pytest.mark.parametrize("runner", [each for each in RUNNERS if each != "lacp"])
def test_a_neighbour_that_falls_silent_and_returns(
    hosts: World, said: pytest.LogCaptureFixture, runner: str
) -> None:
    left, behind = watched(hosts, name=runner, link_watch={**ARP, "send_always": True})
    hosts.run(1)
    both = ["a1"] if runner == "activebackup" else ["a1", "a2"]
    assert carrying(left) == both
    behind[0].answers = False
    hosts.run(0.6)
    assert carrying(left) == ["a2"]
    why = "4 probes in a row without an answer from 10.0.0.1"
    assert f"team0: a1: arp_ping went down: {why}" in said.messages
    assert left.port("a1")["problems"] == [f"arp_ping: {why}"]
    (watch,) = left.port("a1")["link_watches"]
    assert (watch["name"], watch["up"], watch["down_count"]) == ("arp_ping", False, 1)
    # The carrier is there all the time.
    assert left.port("a1")["link"]["up"] is True
    behind[0].answers = True
    hosts.run(0.2)
    assert "a2" in carrying(left)
    assert left.port("a1")["usable"] is True


def test_only_ports_that_carry_traffic_ask(hosts: World) -> None:
    left, behind = watched(hosts, name="activebackup")
    hosts.run(1)
    active = left.plane().active
    assert active == "a1"
    before = behind[1].asked["n"]
    hosts.run(1)
    assert behind[1].asked["n"] == before
    assert behind[0].asked["n"] >= 15


def test_a_port_asks_again_when_no_other_one_carries_traffic(hosts: World) -> None:
    left, behind = watched(hosts, name="activebackup")
    hosts.run(2)
    assert left.plane().active == "a1"
    assert left.port("a2")["usable"] is False
    behind[0].answers = False
    hosts.run(1)
    assert left.plane().active == "a2"
    assert left.plane().carrier


def test_any_and_all(hosts: World) -> None:
    left, behind = watched(hosts, link_watch=[ETHTOOL, ARP], link_watch_policy="all")
    hosts.run(1)
    assert carrying(left) == ["a1", "a2"]
    behind[0].answers = False
    hosts.run(1)
    assert carrying(left) == ["a2"]
    left.reload(conf(name="roundrobin", link_watch=[ETHTOOL, ARP], link_watch_policy="any"))
    hosts.run(0)
    assert carrying(left) == ["a1", "a2"]


def test_the_verdict_is_shown_where_the_carrier_is_not_enough(hosts: World) -> None:
    left, behind = watched(hosts)
    hosts.run(1)
    uses = left.plane().uses
    assert [(use.setup.watched, use.verdict) for use in uses.values()] == [(True, True)] * 2
    behind[1].answers = False
    hosts.run(1)
    assert (uses["a1"].verdict, uses["a2"].verdict) == (True, False)


def test_where_the_carrier_is_enough_the_verdict_is_shown_too(hosts: World) -> None:
    """A dataplane may use a port that only stands by, and must know whether it can."""
    left, _, _ = hosts.pair(name="roundrobin")
    hosts.settle()
    assert [use.verdict for use in left.plane().uses.values()] == [True, True]
    assert not any(use.setup.watched for use in left.plane().uses.values())


def test_a_storm_of_arp_leaves_lacp_alone(hosts: World, monkeypatch: pytest.MonkeyPatch) -> None:
    left, right, _ = hosts.pair(fast_rate=True, link_watch=[ETHTOOL, ARP])
    hosts.run(5)
    assert carrying(left) == ["a1", "a2"]
    storm = FrameReceived("a1", arp.question(Mac(b"\2\0\0\0\0\1"), None, b"\1\1\1\1", b"\2\2\2\2"))
    reading = left.backend.read
    monkeypatch.setattr(left.backend, "read", lambda: reading() + [storm] * 500)
    for _ in range(10):
        hosts.now += 1
        for _ in range(3):
            right.service.driver.poll(hosts.now)
            left.service.driver.poll(hosts.now)
    assert left.port("a1")["machines"]["receive"] == "CURRENT"
    assert left.port("a1")["counters"]["flooded_rx"] == 0


# Changing watchers.


def test_other_watchers_begin_where_the_old_ones_were(hosts: World) -> None:
    left, behind = watched(hosts, link_watch=ETHTOOL)
    found: list[dict[str, Any]] = []
    left.team().journal.subscribe(found.append)
    left.reload(conf(name="roundrobin", link_watch={**ARP, "init_wait": 500}))
    hosts.run(5)
    assert carrying(left) == ["a1", "a2"]
    assert [each for each in found if each["event"] == "port_enabled"] == []
    left.reload(conf(name="roundrobin", link_watch={**ARP, "target_host": "10.0.0.9"}))
    hosts.run(0.3)
    assert carrying(left) == ["a1", "a2"]
    hosts.run(1)
    assert carrying(left) == []
    assert behind[0].answers


def test_watchers_of_one_port_change(hosts: World) -> None:
    left, behind = watched(hosts, link_watch=ETHTOOL)
    ports = {"a1": {"link_watch": {**ARP, "target_host": "10.0.0.9"}}, "a2": {}}
    left.reload(conf(name="roundrobin", ports=ports))
    hosts.run(2)
    assert carrying(left) == ["a2"]
    assert behind[0].answers


# Names.


def test_a_name_is_looked_up_and_asked_for(hosts: World) -> None:
    left = hosts.host("a")
    neighbour = hosts.neighbour(TARGET)
    neighbour.plug("n", left, "a1")
    wanted = []
    left.service.driver.resolve_with(lambda member, each: wanted.append((member, each)))
    watch = {**ARP, "target_host": "gateway.example"}
    left.start(conf(ports=["a1"], name="roundrobin", link_watch=watch))
    hosts.run(1)
    ((member, resolve),) = wanted
    assert (resolve.host.name, resolve.host.version) == ("gateway.example", 4)
    (problem,) = left.port("a1")["problems"]
    assert "gateway.example" in problem
    member.watch.resolved(resolve.host, TARGET, hosts.now)
    left.team().stirred[member] = None
    left.service.driver.touched(left.team(), hosts.now)
    hosts.run(0.5)
    assert carrying(left) == ["a1"]

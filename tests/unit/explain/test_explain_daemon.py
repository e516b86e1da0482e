"""What is said of teams of lacpd: without LACP, and what only a daemon knows of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.backends.memory import MemoryLink
from lacp.daemon.report.lag import lag_view
from lacp.link import Duplex
from lacp.picture.explain import diagnose
from lacp.picture.findings import Finding, Gravity, Where
from tests.daemons import Host, World, conf, lacp, world
from tests.faults import is_told

RUNNERS = ["lacp", "broadcast", "roundrobin", "random", "activebackup", "loadbalance"]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def said(host: Host, port: str | None = None) -> list[Finding]:
    found = diagnose(lag_view(host.team(), host.world.now, True))
    return [each for each in found if each.port == port]


def codes(host: Host) -> list[tuple[str | None, str]]:
    return [(each.port, each.code) for each in diagnose(lag_view(host.team(), host.world.now))]


@pytest.mark.parametrize("runner", RUNNERS)
def test_nothing_is_said_of_a_healthy_team(hosts: World, runner: str) -> None:
    left, right, _ = hosts.pair(name=runner)
    hosts.run(60)
    assert codes(left) == []
    if runner == "lacp":
        assert codes(right) == []


@pytest.mark.parametrize("runner", RUNNERS)
def test_no_ports(hosts: World, runner: str) -> None:
    left = hosts.host("a")
    left.start(conf(ports=[], name=runner))
    (found,) = said(left)
    is_told(found, "no_ports", "no ports", Where.HERE, remedy="ip link set dev PORT master team0")


def pulled(hosts: World, runner: str) -> tuple[Host, list[MemoryLink]]:
    left, _, cables = hosts.pair(name=runner)
    hosts.run(5)
    for cable in cables:
        cable.set(up=False)
    hosts.run(1)
    return left, cables


@pytest.mark.parametrize("runner", RUNNERS)
def test_no_link(hosts: World, runner: str) -> None:
    left, cables = pulled(hosts, runner)
    expected = (
        "no carrier: 0 distributing, min_ports 1"
        if runner == "lacp"
        else "no carrier: no port can be used"
    )
    (found,) = said(left)
    is_told(
        found, "no_carrier", expected, Where.EITHER, "0 of 2 ports carry traffic, 0 have a link"
    )
    assert codes(left) == [(None, "no_carrier"), ("a1", "link_down"), ("a2", "link_down")]
    cables[0].set(up=True)
    hosts.run(5)
    assert codes(left) == [("a2", "link_down")]


def test_half_duplex_without_lacp_is_odd(hosts: World) -> None:
    left, _, cables = hosts.pair(name="roundrobin")
    cables[0].set(duplex=Duplex.HALF)
    hosts.run(1)
    (found,) = said(left, "a1")
    is_told(found, "half_duplex", "link is half duplex", Where.EITHER, gravity=Gravity.ODDITY)


def test_a_probe_that_is_not_answered(hosts: World) -> None:
    left = hosts.host("a")
    neighbour = hosts.neighbour("192.0.2.1")
    for number in (1, 2):
        neighbour.plug(f"n{number}", left, f"a{number}")
    watch = {"name": "arp_ping", "target_host": "192.0.2.1", "source_host": "192.0.2.2"}
    left.start(conf(name="roundrobin", link_watch=watch))
    hosts.run(10)
    assert codes(left) == []
    neighbour.answers = False
    hosts.run(20)
    found = said(left, "a1")
    assert [each.code for each in found] == ["watcher_down"]
    assert found[0].said.startswith("arp_ping: ")
    assert found[0].where is Where.LINK
    assert "probes are not answered" in found[0].remedy[0]


def test_a_port_that_stands_by_is_no_fault(hosts: World) -> None:
    left, _, _ = hosts.pair(name="activebackup")
    hosts.run(5)
    assert left.port("a2")["distributing"] is False
    assert codes(left) == []


def test_one_port_is_no_backup(hosts: World) -> None:
    left, _, _ = hosts.pair(ports=1, name="activebackup")
    hosts.run(5)
    (found,) = said(left)
    is_told(
        found,
        "no_backup",
        "no backup: a1 is the only port",
        Where.HERE,
        "mode activebackup, one port",
        gravity=Gravity.ODDITY,
    )


def test_what_the_dataplane_refuses_is_told(hosts: World) -> None:
    left = hosts.host("a")
    hosts.cable(left, "a1", hosts.host("b"), "b1")
    left.refused["a1"] = "belongs to bond0 already"
    left.start(conf(ports=["a1"], name="random"))
    hosts.settle()
    (found,) = said(left, "a1")
    is_told(found, "interface_missing", "belongs to bond0 already", Where.HERE)


def test_a_loop_between_two_ports(hosts: World) -> None:
    left = hosts.host("a")
    hosts.cable(left, "a1", left, "a2")
    left.start(conf(ports=["a1", "a2"]))
    hosts.run(5)
    (found,) = said(left)
    is_told(
        found,
        "lag_looped",
        "loop: the partner is this system itself, nothing is carried",
        Where.LINK,
    )
    assert said(left, "a1")[0].said == "loop: the partner is port 2 of this system itself"
    assert "port number 2 is a2" in said(left, "a1")[0].evidence


def test_an_interface_that_refuses(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    team = left.team()
    team.members["a1"].refusal = "Message too long"
    team.runner.transmit_failed("a1", lacp(team).ports["a1"].frame(), hosts.now)
    (found,) = said(left, "a1")
    assert found.said == "the interface refuses our LACPDUs (1 so far): Message too long"


def test_a_device_that_is_down(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    left.team().runner.device_changed(False, hosts.now)
    hosts.run(1)
    assert said(left, "a1")[0].said == "held: the team device is down"


def test_frames_of_no_use(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    member = left.team().members["a1"]
    member.flooded = 7
    member.refused = Counter({"VLAN 5": 3})
    first, second = said(left, "a1")
    is_told(
        first,
        "flooded",
        "7 frames were dropped: too many came at once",
        Where.PARTNER,
        "flooded_rx is 7",
        gravity=Gravity.ODDITY,
        remedy="lacpctl counters --reset",
    )
    is_told(
        second,
        "frames_useless",
        "3 frames were refused: VLAN 5",
        Where.PARTNER,
        "refused_rx is 3",
        gravity=Gravity.ODDITY,
    )


def test_a_port_that_its_probes_hold_is_told_until_when(hosts: World) -> None:
    left, right, _ = hosts.pair(ports=1)
    watch = {"name": "arp_ping", "target_host": "192.0.2.1", "source_host": "192.0.2.2"}
    left.reload(conf(ports=["a1"], link_watch=watch))
    hosts.run(60, until=lambda: lacp(left.team()).ports["a1"].held)
    hosts.run(3)
    (found,) = said(left, "a1")
    assert (found.code, found.said) == ("held", "held: link watchers say the link is down")
    assert any(line.startswith("arp_ping: ") for line in found.evidence)
    assert "it is tried again in 7.0 s" in found.evidence
    assert [each.code for each in said(right, "b1")] == ["partner_not_in_sync"]

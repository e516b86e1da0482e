"""Findings: what is wrong, in one line, with the nearest cause first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.link import Duplex
from tests.daemons import Host, World, conf, lacp, world


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def problems(host: Host, port: str) -> list[str]:
    found = host.port(port)["problems"]
    assert isinstance(found, list)
    return found


def test_none_when_all_is_well(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    for host in (left, right):
        assert host.show()["problems"] == []
        assert [port["problems"] for port in host.show()["ports"]] == [[], []]


def test_no_ports(hosts: World) -> None:
    left = hosts.host("a")
    left.start(conf(ports=[]))
    assert left.show()["problems"] == ["no ports"]


def test_link_down_and_half_duplex(hosts: World) -> None:
    left, _, cables = hosts.pair()
    hosts.run(5)
    cables[0].set(up=False)
    cables[1].set(duplex=Duplex.HALF)
    hosts.run(1)
    assert problems(left, "a1") == ["link is down"]
    assert problems(left, "a2") == ["link is half duplex: LACP is disabled on it"]
    assert left.show()["problems"] == ["no carrier: 0 distributing, min_ports 1"]


def test_silence(hosts: World) -> None:
    left, _, cables = hosts.pair(fast_rate=True)
    hosts.run(5)
    cables[0].silent = True
    hosts.run(3.5)
    (found,) = problems(left, "a1")
    assert found.startswith("no LACPDU received for ")
    hosts.run(10)
    assert float(problems(left, "a1")[0].split()[-2]) > 12


def test_never_a_word(hosts: World) -> None:
    active, passive, other = hosts.host("a"), hosts.host("b"), hosts.host("c")
    hosts.cable(active, "a1", other, "c1")
    hosts.cable(passive, "b1", other, "c2")
    active.start(conf(ports=["a1"]))
    passive.start(conf(ports=["b1"], active=False, fallback="static"))
    hosts.run(10)
    assert problems(active, "a1") == ["no LACPDU was ever received"]
    assert problems(passive, "b1") == [
        "no LACPDU was ever received, and we are passive: nobody may be the first to speak",
        "runs without a partner: fallback static",
    ]


def test_passive_both(hosts: World) -> None:
    left, right, _ = hosts.pair(active=False)
    hosts.run(3)
    right.reload(conf(ports=["b1", "b2"], active=False))
    hosts.run(1)
    # Nobody speaks from now on, so that only the one that became passive can know.
    assert "partner is passive and so are we" in problems(right, "b1")
    assert problems(left, "a1") == []


def test_loops(hosts: World) -> None:
    left = hosts.host("a")
    hosts.cable(left, "a1", left, "a2")
    left.start(conf(ports=["a1", "a2"]))
    hosts.run(5)
    assert problems(left, "a1")[0] == "loop: the partner is port 2 of this system itself"
    assert left.show()["problems"] == [
        "loop: the partner is this system itself, nothing is carried"
    ]


def test_a_port_that_hears_itself(hosts: World) -> None:
    left = hosts.host("a")
    hosts.cable(left, "a1", hosts.host("b"), "b1")
    left.start(conf(ports=["a1"]))
    hosts.run(0.1)
    team = left.team()
    team.runner.receive("a1", lacp(team).ports["a1"].frame(), hosts.now)
    left.service.driver.touched(team, hosts.now)
    assert problems(left, "a1") == ["loop: the port hears itself"]


def test_other_keys_and_other_partners(hosts: World) -> None:
    left, right, stranger = hosts.host("a"), hosts.host("b"), hosts.host("c")
    for number, (host, port) in enumerate([(right, "b1"), (right, "b2"), (stranger, "c1")], 1):
        hosts.cable(left, f"a{number}", host, port)
    left.start(conf(ports=["a1", "a2", "a3"]))
    right.start(conf(ports={"b1": {"lacp_key": 1}, "b2": {"lacp_key": 5}}))
    stranger.start(conf(ports=["c1"]))
    hosts.run(5)
    assert "partner's key differs from the other ports' (5, not 1)" in problems(left, "a2")
    ours, theirs = (host.show()["actor"]["system"] for host in (stranger, right))
    said = f"another partner than the other ports' ({ours}, not {theirs})"
    assert said in problems(left, "a3")
    assert "our key differs from the other ports' (5, not 1)" in problems(right, "b2")


def test_held_back_and_standing_by(hosts: World) -> None:
    left, _, cables = hosts.pair(min_ports=2)
    hosts.run(5)
    cables[0].set(up=False)
    hosts.run(5)
    assert "stands by: 1 usable ports, min_ports is 2" in problems(left, "a2")
    assert left.show()["problems"] == ["no carrier: 0 distributing, min_ports 2"]
    cables[0].set(up=True)
    left.reload(conf(ports=["a1", "a2"], max_ports=1))
    hosts.run(5)
    assert "stands by: others rank higher, max_ports is 1" in problems(left, "a2")
    assert problems(left, "a1") == []


def test_a_port_that_is_held(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    left.team().runner.device_changed(False, hosts.now)
    assert "held: the team device is down" in problems(left, "a1")


def test_the_reason_to_stand_by_is_the_one_that_holds(hosts: World) -> None:
    left, _, cables = hosts.pair(fallback="single", max_ports=2)
    for cable in cables:
        cable.silent = True
    hosts.run(10)
    assert "stands by: others rank higher, fallback is single" in problems(left, "a2")


def test_a_partner_that_does_not_see_us(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    team, frame = left.team(), bytearray(lacp(right.team()).ports["b1"].frame())
    # In the partner's block: type and length, system priority and system, key, priority, port.
    port = 14 + 2 + 20 + 14
    frame[port : port + 2] = (7).to_bytes(2, "big")
    team.runner.receive("a1", bytes(frame), hosts.now)
    assert problems(left, "a1")[0] == "partner does not see us: it echoes port 7, we are 1"
    frame[port - 10 : port - 4] = bytes(6)
    team.runner.receive("a1", bytes(frame), hosts.now)
    assert problems(left, "a1")[0] == "partner does not see us: it hears nobody"
    frame[port - 10 : port - 4] = bytes.fromhex("020000000909")
    team.runner.receive("a1", bytes(frame), hosts.now)
    assert "it echoes system 02:00:00:00:09:09, we are " in problems(left, "a1")[0]


def test_a_duplicate_partner_port(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    team, frame = left.team(), lacp(right.team()).ports["b1"].frame()
    team.runner.receive("a2", frame, hosts.now)
    assert "duplicate partner port: a1 has partner port 1 too" in problems(left, "a2")


def test_a_partner_that_is_not_in_sync_or_individual(hosts: World) -> None:
    left, right, cables = hosts.pair()
    hosts.run(5)
    team, frame = left.team(), bytearray(lacp(right.team()).ports["b1"].frame())
    state = 14 + 2 + 2 + 14
    frame[state] &= ~0x38
    team.runner.receive("a1", bytes(frame), hosts.now)
    assert problems(left, "a1")[0].startswith("partner is not in sync")
    frame[state] &= ~0x04
    team.runner.receive("a1", bytes(frame), hosts.now)
    assert problems(left, "a1")[0].startswith("partner does not aggregate")
    assert cables[0].up


def test_an_interface_that_refuses_and_churn(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    port = lacp(left.team()).ports["a1"]
    left.team().runner.transmit_failed("a1", port.frame(), hosts.now)
    assert problems(left, "a1")[0] == "the interface refuses our LACPDUs (1 so far)"
    left.reload(conf(ports=["a1", "a2"], min_ports=2))
    left.reload(conf(ports={"a1": {}, "a2": {"lacp_key": 1}}, min_ports=2))
    hosts.run(100)
    assert "churn: the actor is out of sync for more than 60 s" in problems(left, "a1")


def test_an_interface_that_is_not_there(hosts: World) -> None:
    left, _, _ = hosts.pair()
    left.team().members["a1"].missing = "no such interface: the port waits for one"
    assert problems(left, "a1") == ["no such interface: the port waits for one"]
    left.team().runner.withdraw_port("a2", hosts.now)
    hosts.run(0)
    assert "the port is about to leave" in problems(left, "a2")


# Without LACP.


def test_no_port_can_be_used(hosts: World) -> None:
    left, _, cables = hosts.pair(name="roundrobin")
    hosts.settle()
    assert left.show()["problems"] == []
    for cable in cables:
        cable.set(up=False)
    hosts.settle()
    assert left.show()["problems"] == ["no carrier: no port can be used"]
    assert problems(left, "a1") == ["ethtool: no carrier"]


def test_a_port_that_stands_by_is_no_problem(hosts: World) -> None:
    left, _, _ = hosts.pair(name="activebackup")
    hosts.settle()
    assert left.port("a2")["distributing"] is False
    assert problems(left, "a2") == []


def test_a_team_of_any_runner_without_ports(hosts: World) -> None:
    left = hosts.host("a")
    left.start(conf(ports=[], name="random"))
    assert left.show()["problems"] == ["no ports"]


def test_what_the_dataplane_refuses_is_the_problem_of_the_port(hosts: World) -> None:
    left = hosts.host("a")
    hosts.cable(left, "a1", hosts.host("b"), "b1")
    left.refused["a1"] = "belongs to bond0 already"
    left.start(conf(ports=["a1"], name="random"))
    hosts.settle()
    assert problems(left, "a1") == ["belongs to bond0 already"]

"""What a daemon knows of its team, as the one model of a LAG."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacp.daemon.host import Host as Interfaces
from lacp.daemon.host import this_host
from lacp.daemon.report import lag as report
from lacp.dataplane.base import DeviceChanged
from lacp.info import PortState
from lacp.picture.model import LagView, PortView, document
from lacp.picture.reading import read_lag
from tests.daemons import Host, World, conf, lacp, world


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def view(host: Host, verbose: bool = False) -> LagView:
    return report.lag_view(host.team(), host.world.now, verbose)


def port(host: Host, name: str) -> PortView:
    found = view(host).port(name)
    assert found is not None
    return found


def test_the_document_is_the_view(hosts: World) -> None:
    left, _, _ = hosts.pair(ports=3, fast_rate=True, tx_hash=["l3"], hwaddr="02:00:00:00:00:77")
    hosts.run(5)
    for verbose in (False, True):
        seen = view(left, verbose)
        told = report.lag_document(left.team(), hosts.now, verbose)
        assert told == document(seen)
        assert read_lag(told) == seen


def test_the_answer_in_pieces_is_the_document(hosts: World) -> None:
    ports = 2 * report.PIECE + 3
    left, _, cables = hosts.pair(ports)
    hosts.run(5)
    for cable in cables[::2]:
        cable.silent = True
    hosts.run(100)
    for verbose in (False, True):
        told = report.lag_document(left.team(), hosts.now, verbose)
        assert any(port["problems"] for port in told["ports"])
        answer = report.answer_pieces(left.team(), hosts.now, verbose, explained=True)
        assert json.loads(report.whole(answer)) == told
        answer = report.answer_pieces(left.team(), hosts.now, verbose, False, sparse=True)
        sparse = report.whole(answer)
        assert read_lag(json.loads(sparse)) == view(left, verbose)
        assert b'"flags"' not in sparse
        assert report.whole(report.answer_pieces(left.team(), hosts.now, verbose, True))[:1] == b"{"
        bare = report.answer_pieces(left.team(), hosts.now, verbose, explained=False)
        # Looked at three times: the ports, what is wrong with them, their JSON.
        assert len(list(report.answer_pieces(left.team(), hosts.now, verbose, True))) >= 6
        assert read_lag(json.loads(report.whole(bare))) == view(left, verbose)


def test_a_port_that_leaves_while_the_answer_is_made(hosts: World) -> None:
    left, _, _ = hosts.pair(report.PIECE + 1)
    hosts.run(5)
    answer = report.lag_pieces(left.team(), hosts.now)
    next(answer)
    last = f"a{report.PIECE + 1}"
    left.service.port_remove(left.team(), last, hosts.now)
    seen = report.whole(answer)
    assert seen.port(last) is None
    assert seen.total_ports == len(seen.ports) == report.PIECE


def test_both_ends_and_what_the_partner_says_of_us(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    ours, theirs = port(left, "a1"), port(right, "b1")
    assert ours.actor is not None
    assert ours.heard is not None
    assert ours.heard.system == ours.actor.system
    assert ours.partner == theirs.actor
    assert ours.heard.says(PortState.DISTRIBUTING) is not None
    assert (ours.held, ours.missing, ours.refusal, ours.withdrawn) == (None, None, None, False)


def test_the_device(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    seen = view(left)
    # Nobody told of a device, so that another one of this name is not taken for it.
    assert (seen.admin_up, seen.ifindex, seen.mtu) == (None, None, None)
    numbers = {"team0": 3, "a1": 1, "a2": 2}
    left.team().host = Interfaces(ifindex=numbers.get, mtu={"team0": 9000}.get, netns=4)
    address = left.plane().address
    assert address is not None
    left.others(DeviceChanged(False, address))
    seen = view(left)
    assert (seen.admin_up, seen.ifindex, seen.mtu, seen.netns) == (False, 3, 9000, 4)
    assert [each.ifindex for each in seen.ports] == [1, 2]
    assert {each.held for each in seen.ports} == {"the team device is down"}
    left.others(DeviceChanged(True, address))
    assert view(left).admin_up is True
    assert port(left, "a1").held is None


def test_how_long_ago_and_how_often(hosts: World) -> None:
    left, _, cables = hosts.pair()
    hosts.run(5)
    quiet = port(left, "a1")
    assert quiet.link_downs == 0
    assert quiet.changed_age == 3.0
    for _ in range(2):
        cables[0].set(up=False)
        hosts.run(1)
        cables[0].set(up=True)
        hosts.run(1)
    flapped = port(left, "a1")
    assert flapped.link_downs == 2
    assert flapped.changed_age is not None
    assert flapped.changed_age <= 1.0
    assert port(left, "a2").link_downs == 0


def test_a_port_without_lacp(hosts: World) -> None:
    left, right = hosts.host("a"), hosts.host("b")
    hosts.cable(left, "a2", right, "b2")
    left.backend.absent.add("a2")
    cable = hosts.cable(left, "a1", right, "b1")
    left.start(conf(ports={"a1": {"prio": 7}, "a2": {}}, name="activebackup"))
    hosts.run(3)
    seen = view(left)
    assert (seen.lacp, seen.looped, seen.actor, seen.active_port) == (False, None, None, "a1")
    assert (seen.active_ports, seen.total_ports) == (1, 2)
    used, absent = seen.ports
    assert used.changed_age == 3.0
    assert (used.usable, used.prio, used.withdrawn, used.machines) == (True, 7, None, None)
    assert absent.missing == "no such interface: the port waits for one"
    assert (absent.address, absent.permanent_address, absent.changed_age) == (None, None, None)
    assert used.link.admin_up is True
    left.team().host = Interfaces(admin_up={"a1": False}.get)
    cable.set(up=False)
    hosts.run(1)
    assert port(left, "a1").changed_age == 1.0
    assert (port(left, "a1").link.up, port(left, "a1").link.admin_up) == (False, False)


def test_what_was_refused(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    team = left.team()
    team.refuse("a1", "tagged", hosts.now)
    assert port(left, "a1").refused == {"tagged": 1}
    # A look holds what was, whatever comes after it.
    before = port(left, "a1")
    team.refuse("a1", "tagged", hosts.now)
    assert before.refused == {"tagged": 1}
    team.members["a2"].refusal = "ENOBUFS"
    assert port(left, "a2").refusal is None
    frame = lacp(team).ports["a2"].frame()
    team.runner.transmit_failed("a2", frame, hosts.now)
    assert port(left, "a2").refusal == "ENOBUFS"


def test_addresses(hosts: World) -> None:
    left, _, _ = hosts.pair(hwaddr="02:00:00:00:00:77")
    hosts.run(3)
    seen = view(left)
    assert str(seen.address) == "02:00:00:00:00:77"
    own = {each.name: each.permanent_address for each in seen.ports}
    assert len(set(own.values())) == 2
    assert None not in own.values()


def test_settings_are_those_of_the_configuration(hosts: World) -> None:
    left = hosts.host("a")
    left.start(
        conf(
            ports={"a1": {"lacp_prio": 9, "lacp_key": 2}},
            active=False,
            system="02:00:00:00:00:09",
            tx_hash=["l3", "l4"],
            tx_balancer={"name": "basic", "balancing_interval": 20},
            notify_peers={"count": 2},
        )
    )
    settings = document(view(left).settings)
    assert settings["active"] is False
    assert settings["fast_rate"] is False
    assert settings["system"] == "02:00:00:00:00:09"
    assert settings["tx_hash"] == ["l3", "l4"]
    assert settings["tx_balancer"] == {"name": "basic", "balancing_interval": 20}
    assert settings["notify_peers"] == {"count": 2, "interval": 0}
    assert settings["link_watch_policy"] == "any"
    assert port(left, "a1").settings == {"lacp_prio": 9, "lacp_key": 2}


def test_what_the_kernel_of_this_host_says() -> None:
    with this_host() as host:
        assert host.netns == os.stat("/proc/self/ns/net").st_ino
        assert host.ifindex("lo") == socket.if_nametoindex("lo")
        assert (host.mtu("lo") or 0) > 1000
        for name in ("", "nobody", "lo\0", "x" * 99, "lo" + "\0" * 14 + "x", "\udcff"):
            assert host.ifindex(name) is None, name
            assert host.admin_up(name) is None, name
        assert host.admin_up("lo") in (True, False)

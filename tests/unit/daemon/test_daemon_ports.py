"""Ports that come late, go, are refused, or are put into the team and taken out by others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lacp.address import Mac
from lacp.config.words import RUNNERS
from lacp.daemon.files import SavedState
from lacp.dataplane.base import DeviceChanged, DeviceGone, PortLeft, PortSetup
from lacp.errors import BackendError, ConfigError, UsageError
from tests.daemons import Host, World, conf, lacp, world

NEW = Mac.parse("02:00:00:00:00:77")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "lacp.daemon")
    return caplog


def carrying(host: Host) -> list[str]:
    return [n for n, use in host.plane().uses.items() if use.collecting and use.distributing]


def cabled(hosts: World, ports: int = 3) -> tuple[Host, Host]:
    left, right = hosts.host("a"), hosts.host("b")
    for number in range(1, ports + 1):
        hosts.cable(left, f"a{number}", right, f"b{number}")
    return left, right


# Interfaces that are not there.


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_missing_port_joins_when_it_appears_and_again_after_it_vanished(
    hosts: World, runner: str
) -> None:
    left, right = cabled(hosts)
    left.backend.absent.add("a1")
    left.start(conf(name=runner))
    right.start(conf(ports=["b1", "b2"], name=runner))
    hosts.run(5)
    assert left.plane().ports() == ["a2"]
    assert left.team().present == ["a2"]
    assert carrying(left) == ["a2"]
    assert left.port("a1")["problems"] == ["no such interface: the port waits for one"]
    left.backend.appear("a1")
    hosts.run(5)
    assert sorted(left.plane().ports()) == ["a1", "a2"]
    assert left.port("a1")["problems"] == []
    left.backend.vanish("a1")
    hosts.settle()
    assert left.plane().ports() == ["a2"]
    assert carrying(left) == ["a2"]
    assert left.port("a1")["link"]["up"] is False
    left.backend.appear("a1")
    hosts.run(5)
    assert sorted(left.team().present) == ["a1", "a2"]
    if runner != "activebackup":
        assert sorted(carrying(left)) == ["a1", "a2"]


def test_the_active_port_vanishes(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="activebackup"))
    hosts.settle()
    assert left.plane().active == "a1"
    left.backend.vanish("a1")
    hosts.settle()
    assert (left.plane().active, carrying(left)) == ("a2", ["a2"])
    assert left.plane().carrier


# Interfaces that the dataplane does not take.


def test_a_port_that_is_refused_stops_no_other_and_is_tried_again(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, _ = cabled(hosts)
    left.refused["a1"] = "found the interface up, expected it down"
    left.start(conf(name="roundrobin"))
    hosts.settle()
    assert carrying(left) == ["a2"]
    (problem,) = left.port("a1")["problems"]
    assert problem == "found the interface up, expected it down"
    hosts.run(300)
    assert sum("expected it down" in line for line in said.messages) == 1
    del left.refused["a1"]
    hosts.run(60)
    assert sorted(carrying(left)) == ["a1", "a2"]
    assert left.port("a1")["problems"] == []


def test_what_an_attempt_does_to_the_link_of_a_refused_port_is_no_reason_for_another(
    hosts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _ = cabled(hosts)
    left.start(conf(ports=["a2"], name="roundrobin"))
    tried = []
    plane = type(left.plane())
    add_port = plane.add_port

    def set_up_and_refused(self: Any, port: str, setup: PortSetup) -> None:
        if port == "a1":
            tried.append(hosts.now)
            assert len(tried) < 100
            left.backend._end("a1").report()
            raise BackendError("a1: the driver has no such queue")
        add_port(self, port, setup)

    monkeypatch.setattr(plane, "add_port", set_up_and_refused)
    left.reload(conf(name="roundrobin"))
    hosts.run(120)
    assert 5 < len(tried) < 12
    assert carrying(left) == ["a2"]


def test_a_refused_port_is_tried_again_when_its_link_changes(hosts: World) -> None:
    left, right = cabled(hosts, 2)
    left.refused["a1"] = "it has another master"
    left.start(conf(name="roundrobin"))
    hosts.run(30)
    del left.refused["a1"]
    left.backend._end("a1").report()
    hosts.settle()
    assert sorted(carrying(left)) == ["a1", "a2"]
    assert right is not None


def test_a_refused_port_is_sent_nothing(hosts: World) -> None:
    left, right = cabled(hosts, 2)
    left.refused["a1"] = "it has another master"
    left.start(conf(aggregate_wait=0))
    right.start(conf(ports=["b1", "b2"]))
    hosts.run(60)
    assert right.port("b1")["counters"]["lacpdus_rx"] == 0
    assert right.port("b2")["counters"]["lacpdus_rx"] > 0


# Others put interfaces into the team and take them out.


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_port_that_others_put_below_the_device_is_taken_up(hosts: World, runner: str) -> None:
    left, right = cabled(hosts)
    left.start(conf(ports=["a1"], name=runner))
    right.start(conf(ports=["b1", "b3"], name=runner))
    hosts.run(5)
    left.join("a3")
    hosts.run(5)
    assert left.team().present == ["a1", "a3"]
    if runner != "activebackup":
        assert carrying(left) == ["a1", "a3"]
    assert "a3" not in left.team().config.ports
    left.leave("a3")
    assert list(left.team().runner.ports) == ["a1"]
    assert carrying(left) == ["a1"]
    left.join("a3")
    hosts.run(5)
    assert left.team().present == ["a1", "a3"]


def test_a_port_that_others_took_out_waits_for_who_puts_it_back(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="roundrobin"))
    hosts.settle()
    left.leave("a1")
    hosts.run(300)
    assert (left.team().present, carrying(left)) == (["a2"], ["a2"])
    (problem,) = left.port("a1")["problems"]
    assert problem.startswith("somebody took the port out of the team")
    left.join("a1")
    assert sorted(carrying(left)) == ["a1", "a2"]


def test_a_reload_puts_a_port_back_that_others_took_out(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="roundrobin"))
    hosts.settle()
    left.leave("a1")
    hosts.run(5)
    assert left.team().present == ["a2"]
    left.reload(conf(name="roundrobin"))
    hosts.settle()
    assert left.team().present == ["a1", "a2"]
    assert left.port("a1")["problems"] == []


def test_of_a_port_whose_interface_is_gone_nobody_is_said_to_have_taken_it_out(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="roundrobin"))
    hosts.settle()
    said.clear()
    del left.plane().uses["a1"]
    left.others(PortLeft("a1", gone=True))
    left.backend.vanish("a1")
    hosts.settle()
    warnings = [one.message for one in said.records if one.levelno >= logging.WARNING]
    assert warnings == ["team0: a1: no such interface: the port waits for one"]
    left.backend.appear("a1")
    hosts.settle()
    assert sorted(left.team().present) == ["a1", "a2"]


def test_why_a_port_cannot_join_names_it_once(hosts: World, said: pytest.LogCaptureFixture) -> None:
    left, _ = cabled(hosts)
    left.start(conf(ports=["a2"], name="roundrobin"))
    left.refused["a1"] = "belongs to br0: free it first"
    left.reload(conf(name="roundrobin"))
    hosts.settle()
    assert left.port("a1")["problems"] == ["belongs to br0: free it first"]
    assert "team0: a1: belongs to br0: free it first" in said.messages


def test_a_port_that_was_taken_out_joins_again_as_another_interface(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="roundrobin"))
    hosts.settle()
    left.leave("a1")
    left.backend.vanish("a1")
    hosts.settle()
    left.backend.appear("a1")
    hosts.settle()
    assert sorted(left.team().present) == ["a1", "a2"]


def test_an_adopted_port_whose_interface_is_gone_is_no_port(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(ports=["a1"], name="roundrobin"))
    left.join("a3")
    left.backend.vanish("a3")
    hosts.settle()
    assert list(left.team().members) == ["a1"]
    assert left.plane().ports() == ["a1"]


def test_a_port_of_another_team_is_not_adopted(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, _ = cabled(hosts)
    left.write(conf("team0", ["a1"], name="roundrobin"), "0.conf")
    left.write(conf("team1", ["a2"], name="roundrobin"), "1.conf")
    left.start()
    hosts.settle()
    left.join("a2")
    assert "team0: a2: port a2 belongs to team team1 already" in said.messages
    assert left.team("team1").present == ["a2"]


def test_the_end_of_the_device_is_the_end_of_its_team_alone(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, _ = cabled(hosts)
    left.write(conf("team0", ["a1"], name="roundrobin"), "0.conf")
    left.write(conf("team1", ["a2"], name="roundrobin"), "1.conf")
    left.start()
    ended: list[bool] = []
    left.service.deserted = lambda: ended.append(True)
    hosts.settle()
    left.others(DeviceGone())
    assert list(left.service.driver.teams) == ["team1"]
    assert "team0: Team device removal detected." in said.messages
    assert not (left.directory / "team0.lock").exists()
    assert ended == []
    left.others(DeviceGone(), name="team1")
    assert ended == [True]
    assert not [record for record in said.records if record.levelno >= logging.ERROR]


def test_a_device_that_is_down_keeps_its_lacp_ports_out(hosts: World) -> None:
    left, right, _ = hosts.pair(aggregate_wait=0)
    hosts.run(5)
    address = left.plane().address
    assert address is not None
    left.others(DeviceChanged(up=False, address=address))
    hosts.run(1)
    assert not right.plane().carrier
    left.others(DeviceChanged(up=True, address=address))
    hosts.run(5)
    assert right.plane().carrier


# Addresses.


def test_the_team_has_the_address_of_its_first_port_and_so_have_the_ports(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="roundrobin"))
    hosts.settle()
    first = left.team().members["a1"].own
    assert left.plane().address == first
    assert {use.address for use in left.plane().uses.values()} == {first}


@pytest.mark.parametrize(
    ("policy", "first", "second"),
    [
        ("same_all", {"a1": "team", "a2": "team"}, {"a1": "team", "a2": "team"}),
        ("only_active", {"a1": "team", "a2": None}, {"a1": None, "a2": "team"}),
        ("by_active", {"a1": None, "a2": None}, {"a1": None, "a2": None}),
    ],
)
def test_the_addresses_of_each_policy(
    hosts: World, policy: str, first: dict[str, str | None], second: dict[str, str | None]
) -> None:
    left, _ = cabled(hosts)
    left.start(conf(name="activebackup", hwaddr_policy=policy))
    hosts.settle()
    own = {name: member.own for name, member in left.team().members.items()}

    def bears() -> dict[str, str | None]:
        team = left.plane().address
        uses = left.plane().uses.items()
        return {name: "team" if use.address == team else use.address for name, use in uses}  # type: ignore[misc]

    assert (bears(), left.plane().address) == (first, own["a1"])
    left.backend._end("a1").cable.set(up=False)  # type: ignore[union-attr]
    hosts.settle()
    assert left.plane().active == "a2"
    assert bears() == second
    assert left.plane().address == own["a2" if policy == "by_active" else "a1"]


def test_who_gives_the_device_an_address_gives_it_to_ports_and_system(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    left.others(DeviceChanged(up=True, address=NEW))
    hosts.run(5)
    assert {use.address for use in left.plane().uses.values()} == {NEW}
    assert right.show()["partner"]["system"] == str(NEW)
    # Its frames come from the port itself all the same.
    assert lacp(left.team()).ports["a1"].link.address == left.team().members["a1"].own


def test_a_configured_system_does_not_follow_the_device(hosts: World) -> None:
    left, right, _ = hosts.pair(system="02:00:00:00:00:99")
    hosts.run(5)
    left.others(DeviceChanged(up=True, address=NEW))
    hosts.run(5)
    assert right.show()["partner"]["system"] == "02:00:00:00:00:99"
    assert {use.address for use in left.plane().uses.values()} == {NEW}


# Take-over.


def test_what_a_take_over_finds_goes_on(hosts: World) -> None:
    left, right = hosts.host("a", take_over=True), hosts.host("b")
    for number in range(1, 4):
        hosts.cable(left, f"a{number}", right, f"b{number}")
    own = Mac.parse("02:00:00:00:00:01")
    saved = SavedState({"a9": 1, "a1": 2}, None, "", {"a1": own})
    saved.save(left.directory / "team0.state")
    left.left_address, left.left_below = NEW, ["a1", "a3"]
    left.start(conf(aggregate_wait=0))
    right.start(conf(ports=["b1", "b2", "b3"], aggregate_wait=0))
    hosts.run(5)
    team = left.team()
    assert sorted(team.present) == ["a1", "a2", "a3"]
    assert sorted(carrying(left)) == ["a1", "a2", "a3"]
    # The device keeps its address, the port its number, and frames come from its own address.
    assert left.plane().address == NEW
    assert lacp(team).config.system == NEW
    assert lacp(team).ports["a1"].number == 2
    assert lacp(team).ports["a1"].link.address == own


def test_a_device_without_ports_that_is_taken_over_gets_the_address_of_the_first(
    hosts: World,
) -> None:
    left = hosts.host("a", take_over=True, no_ports=True)
    hosts.cable(left, "a1", hosts.host("b"), "b1")
    left.left_address = NEW
    left.start(conf(ports=["a1"], name="roundrobin"))
    hosts.settle()
    assert left.team().members == {}
    assert left.plane().address == NEW
    left.join("a1")
    assert left.team().present == ["a1"]
    assert left.plane().address == left.team().members["a1"].own


def test_what_is_kept_is_left_as_it_is(hosts: World) -> None:
    left, right = hosts.host("a", keep=True), hosts.host("b")
    hosts.cable(left, "a1", right, "b1")
    left.start(conf(ports=["a1"], aggregate_wait=0))
    right.start(conf(ports=["b1"], aggregate_wait=0))
    hosts.run(5)
    plane = left.plane()
    did: list[str] = []
    for name in ("remove_port", "enable_port", "set_carrier", "set_port_address"):
        setattr(plane, name, lambda *_, name=name: did.append(name))
    kept: list[bool] = []
    plane.destroy = lambda keep=False: kept.append(keep)  # type: ignore[method-assign]
    left.service.withdraw(hosts.now)
    left.service.close()
    hosts.run(1)
    assert (did, kept) == ([], [True])
    # The partner was not told to stop either.
    assert right.plane().carrier


# Orders of clients.


def test_a_port_is_added_and_removed(hosts: World) -> None:
    left, right = cabled(hosts)
    left.start(conf(ports=["a1"], name="roundrobin"))
    hosts.settle()
    left.service.port_add(left.team(), "a2", hosts.now)
    assert left.team().present == ["a1", "a2"]
    assert carrying(left) == ["a1", "a2"]
    left.reload()
    assert left.team().present == ["a1", "a2"]
    left.service.port_add(left.team(), "a2", hosts.now)
    left.service.port_remove(left.team(), "a2", hosts.now)
    assert left.team().present == ["a1"]
    assert left.plane().ports() == ["a1"]
    with pytest.raises(UsageError, match="no port 'a2' in team0"):
        left.service.port_remove(left.team(), "a2", hosts.now)
    left.service.port_remove(left.team(), "a1", hosts.now)
    assert list(left.team().config.ports) == ["a1"]
    assert right is not None


def test_a_port_that_cannot_be_added_is_none(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(ports=["a1"], name="roundrobin"))
    hosts.settle()
    left.refused["a2"] = "it is up"
    left.backend.absent.add("a3")
    for name, why in (("a2", "it is up"), ("a3", "no such interface")):
        with pytest.raises(BackendError, match=why):
            left.service.port_add(left.team(), name, hosts.now)
    assert list(left.team().members) == ["a1"]
    assert left.service.driver.owner("a2") is None


def test_a_port_is_configured_before_others_put_it_into_the_team(hosts: World) -> None:
    left, _ = cabled(hosts)
    left.start(conf(ports=["a1"], name="activebackup"))
    hosts.settle()
    left.service.port_config_update(left.team(), "a2", {"prio": 10}, hosts.now)
    hosts.settle()
    assert left.team().present == ["a1"]
    left.join("a2")
    assert left.plane().active == "a2"
    assert left.plane().uses["a2"].setup.prio == 10
    # A reload takes neither the port nor what was said of it.
    left.reload()
    assert (left.team().present, left.plane().active) == (["a1", "a2"], "a2")
    left.service.port_config_update(left.team(), "a2", {"prio": -1}, hosts.now)
    assert left.plane().active == "a1"
    with pytest.raises(ConfigError, match="expected an integer"):
        left.service.port_config_update(left.team(), "a2", {"prio": "x"}, hosts.now)
    assert left.team().config.ports["a2"].prio == -1


def test_a_port_is_made_active(hosts: World) -> None:
    left, _ = cabled(hosts)
    team = left.start(conf(name="activebackup"))
    hosts.settle()
    left.service.set(team, "runner.active_port", "a2", hosts.now)
    assert left.plane().active == "a2"
    assert left.show()["active_port"] == "a2"
    with pytest.raises(UsageError, match="no port 'a9' in team0, there are a1, a2"):
        left.service.set(team, "runner.active_port", "a9", hosts.now)


def test_a_port_that_was_taken_out_counts_no_more_whatever_its_link_does_then(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, _, cables = hosts.pair(name="activebackup")
    hosts.run(5)
    said.clear()
    # What NetworkManager does to a port that it takes out, before anybody has looked.
    del left.plane().uses["a1"]
    left.plane().news.append(PortLeft("a1"))
    cables[0].set(up=False)
    cables[0].set(up=True)
    hosts.settle()
    (moved,) = [line for line in said.messages if "active port" in line]
    assert "active port a1 -> a2" in moved

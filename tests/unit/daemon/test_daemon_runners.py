"""Teams of every runner: what they tell their dataplane while links come and go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lacp.config.words import RUNNERS
from lacp.dataplane.base import Burst, Loads
from lacp.dataplane.memory import MemoryDataplane
from lacp.errors import UsageError
from tests.daemons import Host, World, conf, world


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "lacp.daemon")
    return caplog


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
def test_a_port_is_out_of_use_in_one_step_before_a_word_of_it(
    hosts: World, runner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step and each line takes time, in which frames go into a link that is gone."""
    left, _, cables = hosts.pair(name=runner)
    hosts.run(5)
    done: list[tuple[object, ...]] = []

    def note(name: str, step: Callable[..., None]) -> None:
        def noted(*its: object) -> None:
            done.append((name, *its))
            step(*its)

        monkeypatch.setattr(left.plane(), name, noted)

    note("enable_port", left.plane().enable_port)
    note("set_verdict", left.plane().set_verdict)
    left.team().journal.subscribe(lambda event: done.append((event["event"],)))
    cables[0].set(up=False)
    hosts.settle()
    uses = [step for step in done if step[:2] == ("enable_port", "a1")]
    assert uses == [("enable_port", "a1", False, False)]
    assert ("set_verdict", "a1", False) in done
    # All of it is told all the same, in its order.
    told = [step for step in done if len(step) == 1]
    assert done.index(uses[0]) < done.index(told[0])
    assert told[0] == ("link_watch_changed",)
    if runner == "lacp":
        assert told.count(("port_enabled",)) == 2


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
        assert port["link"] == {"up": True, "speed": 10000, "duplex": "full", "admin_up": True}
        assert port["link_watches"] == [
            {"name": "ethtool", "up": True, "reason": "carrier", "down_count": 0}
        ]
        assert (port["actor"] is None) is (runner != "lacp")
        assert port["problems"] == []


# What changes while a team runs.


def events(host: Host) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    host.team().journal.subscribe(found.append)
    return found


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_reload_that_changes_nothing_disturbs_no_runner(hosts: World, runner: str) -> None:
    left, _, _ = hosts.pair(name=runner)
    hosts.run(5)
    found, uses = events(left), dict(left.plane().uses)
    left.reload()
    hosts.run(0.5)
    assert found == []
    assert left.plane().uses == uses


def test_preferences_change(hosts: World) -> None:
    left, _, _ = hosts.pair(name="activebackup")
    hosts.settle()
    assert left.plane().active == "a1"
    left.reload(conf(name="activebackup", ports={"a1": {}, "a2": {"prio": 10}}))
    assert left.plane().active == "a2"
    assert left.plane().uses["a2"].setup.prio == 10
    ports = {"a1": {"prio": 20}, "a2": {"prio": 10, "sticky": True}}
    left.reload(conf(name="activebackup", ports=ports))
    assert left.plane().active == "a2"
    left.service.set(left.team(), "ports.a2.sticky", False, hosts.now)
    assert left.plane().active == "a1"
    left.service.set(left.team(), "ports.a1.prio", None, hosts.now)
    assert left.plane().active == "a2"


def test_queues_change(hosts: World) -> None:
    left, _, _ = hosts.pair(name="roundrobin")
    hosts.settle()
    found = events(left)
    left.reload(conf(name="roundrobin", ports={"a1": {"queue_id": 3}, "a2": {}}))
    assert left.plane().uses["a1"].setup.queue_id == 3
    left.service.set(left.team(), "ports.a1.queue_id", 0, hosts.now)
    assert left.plane().uses["a1"].setup.queue_id == 0
    assert found == []


def test_the_address_changes(hosts: World) -> None:
    left, _, _ = hosts.pair(name="roundrobin")
    hosts.settle()
    left.reload(conf(name="roundrobin", hwaddr="02:00:00:00:00:77"))
    assert str(left.plane().address) == "02:00:00:00:00:77"
    assert {str(use.address) for use in left.plane().uses.values()} == {"02:00:00:00:00:77"}


def test_the_policy_of_addresses_changes(hosts: World) -> None:
    left, _, _ = hosts.pair(name="activebackup")
    hosts.settle()
    assert left.plane().uses["a2"].address == left.plane().address
    left.reload(conf(name="activebackup", hwaddr_policy="only_active"))
    assert left.plane().uses["a2"].address is None
    assert left.plane().uses["a1"].address == left.plane().address


def test_what_the_device_can_change_changes(hosts: World) -> None:
    left, _, _ = hosts.pair(name="loadbalance")
    hosts.settle()
    left.reload(conf(name="loadbalance", tx_hash=["l4"], notify_peers={"count": 3}))
    setup = left.plane().setup
    assert setup is not None
    assert (setup.tx_hash, setup.notify_peers) == (("l4",), Burst(count=3))
    left.service.set(left.team(), "runner.tx_hash", ["eth"], hosts.now)
    assert left.plane().setup == replace(setup, tx_hash=("eth",))


class Stiff:
    """A dataplane whose device is as it was made."""

    def __init__(self, plane: MemoryDataplane) -> None:
        self._plane = plane

    def __getattr__(self, name: str) -> Any:
        if name == "configure":
            raise AttributeError(name)
        return getattr(self._plane, name)


def test_what_the_device_cannot_change_is_refused(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, _, _ = hosts.pair(name="loadbalance")
    left.team().dataplane = Stiff(left.plane())
    with pytest.raises(UsageError, match="the device of dataplane memory keeps it"):
        left.service.set(left.team(), "runner.tx_hash", ["eth"], hosts.now)
    left.reload(conf(name="loadbalance", tx_hash=["eth"]))
    assert "team0: runner.tx_hash stays eth, ipv4, ipv6 until the next start" in said.text


def test_what_cannot_change_under_way_is_said(hosts: World, said: pytest.LogCaptureFixture) -> None:
    left, _, _ = hosts.pair()
    left.reload(conf(control="coupled"))
    assert "team0: runner.control stays independent until the next start" in said.text
    assert "dataplane stays" not in said.text


def test_another_runner_starts_the_team_anew_and_no_other(
    hosts: World, said: pytest.LogCaptureFixture
) -> None:
    left, right = hosts.host("a"), hosts.host("b")
    for number in (1, 2):
        hosts.cable(left, f"a{number}", right, f"b{number}")
    left.write(conf("team0", ["a1"], name="roundrobin"), "0.conf")
    left.write(conf("team1", ["a2"], name="roundrobin"), "1.conf")
    left.start()
    hosts.settle()
    others = left.team("team1")
    left.write(conf("team0", ["a1"], name="activebackup"), "0.conf")
    left.reload()
    hosts.settle()
    assert left.show()["mode"] == "activebackup"
    assert left.plane().active == "a1"
    assert left.team("team1") is others
    assert "starting anew: the runner changes from roundrobin to activebackup" in said.text


@pytest.mark.parametrize("runner", [each for each in RUNNERS if each != "lacp"])
def test_keys_of_another_runner_cannot_be_set(hosts: World, runner: str) -> None:
    left, _, _ = hosts.pair(name=runner)
    for path in ("runner.fast_rate", "runner.edition", "runner.name"):
        with pytest.raises(UsageError, match="cannot be set"):
            left.service.set(left.team(), path, True, hosts.now)


# The balancer.


def test_loads_of_the_device_move_hashes(hosts: World) -> None:
    left, _, _ = hosts.pair(name="loadbalance", tx_balancer={"name": "basic"})
    hosts.settle()
    assert set(left.plane().mapped) == set(range(256))
    assert set(left.plane().mapped.values()) == {"a1", "a2"}
    setup = left.plane().setup
    assert setup is not None
    assert setup.balancing == 5.0
    on_one = [number for number, port in left.plane().mapped.items() if port == "a1"]
    for step in range(1, 12):
        left.others(Loads(dict.fromkeys(on_one, step * 10000000)))
    assert {left.plane().mapped[number] for number in on_one} == {"a1", "a2"}

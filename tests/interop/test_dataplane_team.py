"""The kernel's team driver as dataplane: real frames, real options, and others who interfere."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from lacp.address import Mac
from lacp.dataplane.base import (
    Burst,
    DeviceChanged,
    DeviceGone,
    Loads,
    PlaneNews,
    PortJoined,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.choose import choose
from lacp.dataplane.team.client import TeamClient
from lacp.dataplane.team.plane import TeamDataplane
from lacp.errors import BackendError
from lacp.netlink.links import Links
from lacp.txhash import fold, tx_hash
from tests import reference
from tests.interop import checks, guest
from tests.interop.bench import SILENCE, DeviceBench, heard, refused, two_cables
from tests.interop.netns import Namespace, namespace, namespaces, need_link
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest]

_MODULES = (*guest.TEAM_MODULES, "sch_multiq", "cls_u32", "act_skbedit", "dummy")


class Bench(DeviceBench):
    """A team on two cables."""

    def __init__(self, here: Namespace, there: Namespace) -> None:
        super().__init__("team0", here, there)
        self.plane = TeamDataplane()

    def team(self, runner: str, *ports: str, **more: Any) -> TeamDataplane:
        """A team that is up, with these ports, each enabled."""
        with self.here.entered():
            self.plane.create(Setup(device="team0", runner=runner, **more))
        for port in ports:
            self.plane.add_port(port, PortSetup())
        self.here.ip("link set team0 up")
        for port in ports:
            self.enable(port)
        self.plane.set_carrier(True)
        self.settle()
        return self.plane

    def enable(self, port: str, on: bool = True) -> None:
        self.plane.enable_port(port, on, on)

    def fresh(self) -> TeamDataplane:
        """Another one, of a process that knows nothing."""
        self.plane = TeamDataplane()
        return self.plane

    def settle(self) -> None:
        """Every carrier there is has been seen, and the news of it is old."""
        self.until(lambda: "LOWER_UP" in self.here.ip("-o link show team0") or None)
        time.sleep(SILENCE)
        self.plane.read()

    def news(self, wanted: int = 1, seconds: float = 5) -> list[PlaneNews]:
        """So many pieces of news; and after them silence."""
        found: list[PlaneNews] = []
        end = time.monotonic() + seconds
        while len(found) < wanted and time.monotonic() < end:
            select.select(self.plane.filenos(), [], [], max(0.0, end - time.monotonic()))
            found += self.plane.read()
        return found + self.quiet()

    def quiet(self) -> list[PlaneNews]:
        """What comes while there should be nothing."""
        time.sleep(SILENCE)
        return self.plane.read()

    def until(self, question: Callable[[], Any], seconds: float = 10) -> Any:
        return until(question, seconds, lambda: self.here.ip("-d link"))

    def option(self, name: str, port: str | None = None) -> str:
        which = ["-p", port] if port else []
        return self.here.run("teamnl", *which, "team0", "getoption", name).strip()

    def carrier_changes(self) -> int:
        (said,) = json.loads(self.here.ip("-s -s -j link show team0"))
        changes = said["stats64"]["tx"]["carrier_changes"]
        assert isinstance(changes, int)
        return changes

    def index(self, interface: str) -> int:
        return int(self.here.ip(f"-o link show {interface}").split(":")[0])


@contextmanager
def bench(here: Namespace, there: Namespace) -> Iterator[Bench]:
    """Two cables and nothing else."""
    with two_cables(here, there):
        made = Bench(here, there)
        try:
            yield made
        finally:
            made.plane.destroy()


# What is checked, in the guest. Each gets a bench of its own.


def broadcast_leaves_through_every_port(it: Bench) -> None:
    it.team("broadcast", "e1", "e2")
    assert it.leaving(it.frame()) == [["p1", "p2"]]
    it.enable("e1", False)
    assert it.leaving(it.frame()) == [["p2"]]
    assert (it.arriving("p1"), it.arriving("p2")) == (False, True)


def roundrobin_takes_turns(it: Bench) -> None:
    it.team("roundrobin", "e1", "e2")
    ways = it.leaving(*(it.frame() for _ in range(10)))
    assert Counter(map(tuple, ways)) == {("p1",): 5, ("p2",): 5}
    it.enable("e2", False)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4


def random_uses_every_port(it: Bench) -> None:
    it.team("random", "e1", "e2")
    ways = Counter(map(tuple, it.leaving(*(it.frame() for _ in range(60)))))
    assert set(ways) == {("p1",), ("p2",)}
    assert min(ways.values()) > 10


def activebackup_uses_the_active_port(it: Bench) -> None:
    plane = it.team("activebackup")
    for port in ("e1", "e2"):
        plane.add_port(port, PortSetup())
    it.settle()
    assert it.leaving(it.frame()) == [[]]
    plane.activate("e2")
    it.enable("e2")
    assert it.leaving(it.frame()) == [["p2"]]
    assert (it.arriving("p1"), it.arriving("p2")) == (False, True)
    it.enable("e2", False)
    plane.activate("e1")
    it.enable("e1")
    assert it.leaving(it.frame()) == [["p1"]]
    assert (it.arriving("p1"), it.arriving("p2")) == (True, False)
    # The driver knows of no active port that is none; it is the switch that keeps frames back.
    plane.activate(None)
    it.enable("e1", False)
    assert it.arriving("p1") is False
    assert it.leaving(it.frame()) == [[]]
    assert it.quiet() == []


def hashing_spreads_flows_and_keeps_each(it: Bench) -> None:
    for runner in ("loadbalance", "lacp"):
        it.fresh().destroy()
        it.team(runner, "e1", "e2", tx_hash=("eth",))
        flows = [it.frame(bytes([2, 0, 0, 0, 0, number])) for number in range(64)]
        ways = it.leaving(*flows)
        assert it.leaving(*flows) == ways
        assert all(len(way) == 1 for way in ways)
        assert 16 < ways.count(["p1"]) < 48
        # Ports are numbered in the order in which they were enabled.
        assert ways == [["p1", "p2"][fold(tx_hash(("eth",), f, None)) % 2 :][:1] for f in flows]
        it.enable("e1", False)
        assert it.leaving(*flows) == [["p2"]] * 64
        it.plane.destroy()


def a_port_that_only_collects_is_given_nothing(it: Bench) -> None:
    plane = it.team("lacp", "e1", "e2", tx_hash=("eth",))
    flows = [it.frame(bytes([2, 0, 0, 0, 0, number])) for number in range(32)]
    plane.enable_port("e2", True, False)
    assert it.leaving(*flows) == [["p1"]] * 32
    assert (it.arriving("p1"), it.arriving("p2")) == (True, True)
    # Stopped and opened for one way again, the driver has forgotten what led around it.
    it.enable("e2", False)
    plane.enable_port("e2", True, False)
    assert it.leaving(*flows) == [["p1"]] * 32
    it.enable("e2")
    assert {"p1", "p2"} == {way for (way,) in it.leaving(*flows)}
    assert it.option("lb_tx_method") == "hash"
    # With nobody else to give frames to, the carrier is what keeps them back.
    it.enable("e1", False)
    plane.enable_port("e2", True, False)
    assert it.arriving("p2") is True
    it.enable("e2")
    assert it.leaving(*flows) == [["p2"]] * 32


def a_new_port_carries_nothing(it: Bench) -> None:
    for runner in ("broadcast", "roundrobin", "random", "loadbalance"):
        it.fresh()
        plane = it.team(runner, "e1")
        plane.add_port("e2", PortSetup())
        it.settle()
        assert it.option("enabled", "e2") == "false"
        assert it.leaving(it.frame(), it.frame()) == [["p1"], ["p1"]]
        assert it.arriving("p2") is False
        plane.destroy()


def no_frame_of_a_port_that_joins_is_repeated(it: Bench) -> None:
    """The peer floods while ports come and go: each of its frames arrives once at most."""
    plane = it.team("loadbalance", "e1")
    with it.here.wire("team0") as team, it.there.wire("p1") as p1, it.there.wire("p2") as p2:
        for _ in range(10):
            plane.add_port("e2", PortSetup())
            for _ in range(20):
                frame = it.frame(b"\xff" * 6)
                p1.send(frame)
                p2.send(frame)
            plane.remove_port("e2")
        seen = Counter(heard(team))
        assert set(seen.values()) == {1}
        assert len(seen) == 200


def pings_cross_every_runner(it: Bench) -> None:
    """Towards another such team."""
    far = TeamDataplane()
    for runner in ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp"):
        it.fresh()
        it.team(runner, "e1", "e2")
        with it.there.entered():
            far.create(Setup(device="team0", runner=runner))
        for port in ("p1", "p2"):
            it.there.ip(f"link set {port} down")
            far.add_port(port, PortSetup())
            far.enable_port(port, True, True)
        for plane, port in ((it.plane, "e1"), (far, "p1")):
            if runner == "activebackup":
                plane.activate(port)
        far.set_carrier(True)
        it.here.ip("addr add 10.0.0.1/24 dev team0")
        it.there.ip("addr add 10.0.0.2/24 dev team0")
        it.there.ip("link set team0 up")
        # Those that spread without a hash need ports that bear the device's address.
        for port in ("e1", "e2"):
            it.plane.set_port_address(port, it.plane.address)
        for port in ("p1", "p2"):
            far.set_port_address(port, far.address)
        it.settle()
        assert " 0% packet loss" in it.here.run(
            *("ping", "-c", "20", "-i", "0.02", "-W", "2", "10.0.0.2")
        ), runner
        far.destroy()
        it.plane.destroy()
        for port in ("p1", "p2"):
            it.there.ip(f"link set {port} up")


def the_first_port_gives_the_address(it: Bench) -> None:
    own = {port: it.address(port) for port in ("e1", "e2")}
    plane = it.team("roundrobin", "e1", "e2")
    assert plane.address == own["e1"] == it.address("team0") == it.address("e2")
    other = Mac.parse("02:00:00:00:00:77")
    plane.set_address(other)
    assert plane.address == other
    # The driver gives it to the ports of these modes.
    assert it.address("e1") == it.address("e2") == other
    plane.remove_port("e2")
    assert it.address("e2") == own["e2"]
    assert it.quiet() == []


def addresses_are_given_and_given_back(it: Bench) -> None:
    own = it.address("e1")
    given = Mac.parse("02:00:00:00:00:55")
    plane = it.team("activebackup", "e1", address=given)
    assert plane.address == given
    assert it.address("team0") == given
    assert it.address("e1") == own
    plane.set_port_address("e1", given)
    assert it.address("e1") == given
    plane.set_port_address("e1", None)
    assert it.address("e1") == own
    assert it.quiet() == []


def what_cannot_be_a_port_is_named(it: Bench) -> None:
    it.here.ip("link add d0 type dummy")
    it.here.ip("link add other type team")
    it.here.ip("link set d0 master other")
    plane = it.team("roundrobin")
    it.here.ip("link set e1 up")
    setup = PortSetup()
    assert refused(lambda: plane.add_port("none", setup)) == "none: no such interface"
    assert "set it down first (ip link set e1 down)" in refused(lambda: plane.add_port("e1", setup))
    assert "belongs to other" in refused(lambda: plane.add_port("d0", setup))
    assert refused(lambda: plane.add_port("lo", setup)) == "lo: cannot be a port of team0"
    said = refused(lambda: plane.add_port("e2", PortSetup(queue_id=99)))
    assert "e2 queue_id to 99" in said
    assert said.endswith(": the device has fewer queues")
    # Nothing half done.
    assert plane.ports() == []
    assert "master" not in it.here.ip("-o link show e2")
    assert it.quiet() == []


def a_device_that_exists_is_left_alone(it: Bench) -> None:
    it.here.ip("link add team0 type team")
    it.here.ip("link add other type dummy")
    with it.here.entered():
        before = it.here.ip("-o link show team0")
        said = refused(lambda: it.plane.create(Setup(device="team0", runner="random")))
        assert "-o" in said
        assert "-r" in said
        assert it.here.ip("-o link show team0") == before
        for setup in (
            Setup(device="other", runner="random", take_over=True),
            Setup(device="other", runner="random", recreate=True),
        ):
            with pytest.raises(BackendError, match="found a dummy device, expected a team device"):
                it.plane.create(setup)
        index = it.index("team0")
        it.plane.create(Setup(device="team0", runner="random", recreate=True))
        assert it.index("team0") != index


def a_device_is_taken_over_without_a_break(it: Bench) -> None:
    first = it.team("loadbalance", "e1", "e2", address=Mac.parse("02:00:00:00:00:55"))
    it.enable("e2", False)
    first.destroy(keep=True)
    flows = [it.frame() for _ in range(8)]
    with (
        it.here.entered(),
        it.here.wire("team0") as team,
        it.there.wire("p1") as p1,
        it.here.wire("team0") as up,
    ):
        changes = it.carrier_changes()
        plane = it.fresh()
        team.send(flows[0])
        plane.create(Setup(device="team0", runner="loadbalance", take_over=True))
        assert sorted(plane.ports()) == ["e1", "e2"]
        team.send(flows[1])
        plane.add_port("e1", PortSetup())
        team.send(flows[2])
        plane.add_port("e2", PortSetup())
        frame = it.frame(b"\xff" * 6)
        p1.send(frame)
        it.enable("e1")
        plane.set_carrier(True)
        team.send(flows[3])
        assert [one for one in heard(p1) if one in flows] == flows[:4]
        assert frame in heard(up)
        assert it.carrier_changes() == changes
    assert it.option("enabled", "e2") == "false"
    assert it.news() == [DeviceChanged(True, Mac.parse("02:00:00:00:00:55"))]
    plane.set_port_address("e1", None)


def a_port_that_is_watched_starts_anew_after_a_take_over(it: Bench) -> None:
    first = it.team("loadbalance", "e1")
    first.destroy(keep=True)
    plane = it.fresh()
    with it.here.entered():
        plane.create(Setup(device="team0", runner="loadbalance", take_over=True))
    assert "LOWER_UP" in it.here.ip("-o link show team0")
    plane.add_port("e1", PortSetup(watched=True))
    assert it.option("enabled", "e1") == "false"
    # With the last port that carried traffic the carrier goes.
    assert "NO-CARRIER" in it.here.ip("-o link show team0")


def a_take_over_for_lacp_starts_without_carrier(it: Bench) -> None:
    first = it.team("lacp", "e1")
    first.destroy(keep=True)
    plane = it.fresh()
    with it.here.entered():
        plane.create(Setup(device="team0", runner="lacp", take_over=True))
    assert "NO-CARRIER" in it.here.ip("-o link show team0")
    plane.add_port("e1", PortSetup())
    assert it.option("enabled", "e1") == "false"


def a_take_over_changes_the_mode_around_the_ports(it: Bench) -> None:
    own = {port: it.address(port) for port in ("e1", "e2")}
    first = it.team("roundrobin", "e1", "e2")
    first.destroy(keep=True)
    plane = it.fresh()
    with it.here.entered():
        plane.create(Setup(device="team0", runner="activebackup", take_over=True))
    assert it.option("mode") == "activebackup"
    assert sorted(plane.ports()) == ["e1", "e2"]
    for port in ("e1", "e2"):
        plane.add_port(port, PortSetup())
        assert it.option("enabled", port) == "false"
    plane.activate("e2")
    it.enable("e2")
    plane.set_carrier(True)
    it.settle()
    assert it.leaving(it.frame()) == [["p2"]]
    # Ports that were released are known again by the addresses of their own.
    plane.set_port_address("e2", Mac.parse("02:00:00:00:00:55"))
    plane.set_port_address("e2", None)
    assert it.address("e2") == own["e2"]


def a_take_over_needs_no_device(it: Bench) -> None:
    it.team("random", "e1", take_over=True)
    assert it.option("mode") == "random"
    assert it.leaving(it.frame()) == [["p1"]]


def an_own_address_that_nobody_knows_is_said(it: Bench) -> None:
    first = it.team("roundrobin", "e1", "e2")
    first.destroy(keep=True)
    plane = it.fresh()
    with it.here.entered():
        plane.create(Setup(device="team0", runner="roundrobin", take_over=True))
    plane.add_port("e2", PortSetup())
    said = refused(lambda: plane.set_port_address("e2", None))
    assert said == "e2: its own address is not known, it was a port already"


def others_enslave_and_release(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    it.here.ip("link set e2 master team0")
    assert it.news() == [PortJoined("e2")]
    # It carries nothing before it was added.
    assert it.option("enabled", "e2") == "false"
    assert sorted(plane.ports()) == ["e1", "e2"]
    plane.add_port("e2", PortSetup(prio=5))
    it.enable("e2")
    assert it.option("priority", "e2") == "5"
    assert it.quiet() == []
    it.here.ip("link set e1 nomaster")
    assert it.news() == [PortLeft("e1")]
    assert plane.ports() == ["e2"]
    assert it.leaving(it.frame()) == [["p2"]]
    # Someone who comes and goes before anybody has looked was never there.
    it.here.ip_batch(["link set e1 down", "link set e1 master team0", "link set e1 nomaster"])
    assert it.quiet() == []
    it.here.ip("link del e2")
    assert it.news() == [PortLeft("e2", gone=True)]
    plane.add_port("e1", PortSetup())
    plane.remove_port("e1")
    assert it.quiet() == []


def a_port_that_vanished_is_forgotten(it: Bench) -> None:
    plane = it.team("activebackup", "e1", "e2")
    plane.activate("e1")
    it.here.ip("link del e1")
    said = refused(lambda: plane.enable_port("e1", False, False))
    assert said.startswith("team0: cannot set e1 enabled to false: ")
    assert "the port has gone" in said
    plane.remove_port("e1")
    # That the driver has no active port any more is no news: nobody insists on it.
    assert it.quiet() == []
    assert plane.ports() == ["e2"]


def a_port_under_another_name(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    it.here.ip_batch(["link set e1 down", "link set e1 name x1", "link set x1 up"])
    assert it.news(2) == [PortLeft("e1", gone=True), PortJoined("x1")]
    plane.add_port("x1", PortSetup())
    it.enable("x1")
    it.settle()
    assert it.leaving(it.frame()) == [["p1"]]


def the_device_under_another_name(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    it.here.ip("link set team0 down")
    assert it.news() == [DeviceChanged(False, plane.address or Mac(bytes(6)))]
    it.here.ip("link set team0 name t1")
    assert it.news() == [Trouble("team0 is called t1 now, and goes on to be used")]
    plane.add_port("e2", PortSetup())
    assert "master t1" in it.here.ip("-o link show e2")


def the_device_is_changed_by_others(it: Bench) -> None:
    plane = it.team("loadbalance", "e1")
    other = Mac.parse("02:00:00:00:00:66")
    it.here.ip(f"link set team0 address {other}")
    assert it.news() == [DeviceChanged(True, other)]
    assert plane.address == other
    it.here.ip("link set team0 down")
    assert it.news() == [DeviceChanged(False, other)]
    # One's own change is none, and does not hide that of another.
    it.here.ip("link set team0 up")
    plane.set_address(Mac.parse("02:00:00:00:00:67"))
    assert it.news() == [DeviceChanged(True, Mac.parse("02:00:00:00:00:67"))]


def the_device_is_removed_by_others(it: Bench) -> None:
    plane = it.team("activebackup", "e1", "e2")
    plane.activate("e1")
    it.here.ip("link del team0")
    news = it.news()
    assert news[0] == DeviceGone()
    assert set(news[1:]) <= {PortLeft("e1"), PortLeft("e2")}
    assert plane.ports() == []
    assert "gone" in refused(lambda: plane.set_address(Mac.parse("02:00:00:00:00:01")))
    assert "No such device" in refused(lambda: plane.set_carrier(False))
    said = refused(lambda: plane.add_port("e1", PortSetup()))
    assert said.startswith("e1: cannot become a port of team0: ")
    assert it.quiet() == []
    plane.destroy()


def what_the_runner_decided_is_set_back(it: Bench) -> None:
    plane = it.team("loadbalance", "e1", "e2")
    it.here.run("teamnl", "-p", "e1", "team0", "setoption", "enabled", "false")
    (news,) = it.news()
    assert news == Trouble("team0: somebody has set e1 enabled to false: setting it back")
    assert it.option("enabled", "e1") == "true"
    # What nobody decided, anybody may.
    it.here.run("teamnl", "-p", "e1", "team0", "setoption", "priority", "7")
    assert it.quiet() == []
    assert it.option("priority", "e1") == "7"
    for _ in range(12):
        it.here.run("teamnl", "-p", "e1", "team0", "setoption", "enabled", "false")
        plane.read()
    assert it.option("enabled", "e1") == "false"
    it.enable("e1")
    assert it.option("enabled", "e1") == "true"


def too_much_news_is_asked_for_again(it: Bench) -> None:
    plane = it.team("loadbalance", "e1", "e2")
    for descriptor in plane.filenos():
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    noise = [f"link set team0 mtu {1400 + number % 50}" for number in range(100)]
    it.here.ip_batch(
        [
            *(*noise, "link set e1 nomaster", "link set e1 down", "link add d0 type dummy"),
            *("link set d0 master team0", *noise, "link set team0 down", *noise),
        ]
    )
    for number in range(20):
        it.here.run("teamnl", "team0", "setoption", "mcast_rejoin_count", str(number))
    it.here.run("teamnl", "-p", "e2", "team0", "setoption", "enabled", "false")
    assert plane.address is not None
    expected = {PortJoined("d0"), PortLeft("e1"), DeviceChanged(False, plane.address)}
    said = it.news(4)
    assert {one for one in said if not isinstance(one, Trouble)} == expected
    assert len(said) == 4
    assert it.option("enabled", "e2") == "true"
    assert it.option("enabled", "d0") == "false"
    assert sorted(plane.ports()) == ["d0", "e2"]


def hashes_are_mapped_and_counted(it: Bench) -> None:
    plane = it.team("loadbalance", "e1", "e2", tx_hash=("eth",), balancing=0.1)
    assert it.option("lb_tx_method") == "hash_to_port_mapping"
    assert it.option("lb_stats_refresh_interval") == "1"
    flows = [it.frame(bytes([2, 0, 0, 0, 0, number])) for number in range(16)]
    hashes = [fold(tx_hash(("eth",), frame, None)) for frame in flows]
    assert len(set(hashes)) > 8
    for hash in set(hashes):
        plane.map_hash(hash, "e2")
    assert it.leaving(*flows) == [["p2"]] * 16
    plane.map_hash(hashes[0], "e1")
    moved = [["p1"] if hash == hashes[0] else ["p2"] for hash in hashes]
    assert it.leaving(*flows) == moved
    expected = {hash: hashes.count(hash) * 2 * len(flows[0]) for hash in set(hashes)}
    loads: dict[int, int] = {}

    def counted() -> bool:
        for item in plane.read():
            assert isinstance(item, Loads)
            loads.update(item.octets)
        return loads == expected

    it.until(counted)
    assert it.quiet() == []
    # A way through a port that is stopped is forgotten by the driver, and can be set again.
    it.enable("e1", False)
    assert it.leaving(*flows) == [["p2"]] * 16
    said = refused(lambda: plane.map_hash(hashes[0], "e1"))
    assert said.startswith(f"team0: cannot set lb_tx_hash_to_port_mapping {hashes[0]} to e1: ")
    it.enable("e1")
    plane.map_hash(hashes[0], "e1")
    assert it.leaving(flows[0]) == [["p1"]]


def a_device_changes_under_its_ports(it: Bench) -> None:
    more = {"notify_peers": Burst(count=2, interval=10), "mcast_rejoin": Burst(count=1)}
    plane = it.team("loadbalance", "e1", "e2", tx_hash=("eth",), **more)
    flows = [it.frame(bytes([2, 0, 0, 0, 0, number])) for number in range(16)]
    assert Counter(map(tuple, it.leaving(*flows))).keys() == {("p1",), ("p2",)}
    plane.configure(
        Setup(device="team0", runner="loadbalance", tx_hash=("l3",), notify_peers=Burst(count=5))
    )
    # To which all frames without IP are one flow.
    assert len(set(map(tuple, it.leaving(*flows)))) == 1
    counts = [it.option(f"{name}_count") for name in more]
    assert (counts, it.option("notify_peers_interval")) == (["5", "0"], "0")
    assert it.quiet() == []


def a_new_port_is_announced_to_the_neighbours(it: Bench) -> None:
    plane = it.team("activebackup", notify_peers=Burst(count=3, interval=50))
    it.here.ip("addr add 10.0.0.1/24 dev team0")
    for port in ("e1", "e2"):
        plane.add_port(port, PortSetup())
    plane.activate("e1")
    it.enable("e1")
    it.settle()
    time.sleep(0.3)
    it.enable("e1", False)
    with it.there.wire("p1") as p1, it.there.wire("p2") as p2:
        plane.activate("e2")
        it.enable("e2")
        time.sleep(0.3)
        said = [one for one in heard(p2) if one[12:14] == b"\x08\x06"]
        assert len(said) == 3
        assert {one[6:12] for one in said} == {plane.address}
        assert [one for one in heard(p1) if one[12:14] == b"\x08\x06"] == []


def a_queue_leads_to_its_port(it: Bench) -> None:
    """As Red Hat's guide has it: multiq, u32 and skbedit send some destinations another way."""
    plane = it.team("activebackup")
    plane.add_port("e1", PortSetup(queue_id=1))
    plane.add_port("e2", PortSetup(queue_id=2))
    plane.activate("e1")
    it.enable("e1")
    # The other one stands by.
    for port in ("e1", "e2"):
        plane.set_verdict(port, True)
    it.enable("e2", False)
    it.settle()
    it.here.ip("addr add 192.168.1.1/24 dev team0")
    for host in (10, 11, 12):
        it.here.ip(f"neigh add 192.168.1.{host} lladdr 02:00:00:00:00:{host} dev team0")
    tc = "qdisc add dev team0 handle 1 root multiq"
    it.here.run("tc", *tc.split())
    for host, queue in ((11, 2), (12, 1)):
        rule = (
            "filter add dev team0 protocol ip parent 1: prio 1 u32 match ip dst "
            f"192.168.1.{host} action skbedit queue_mapping {queue}"
        )
        it.here.run("tc", *rule.split())

    def ways(host: int) -> dict[str, int]:
        destination = bytes([192, 168, 1, host])
        with it.there.wire("p1") as p1, it.there.wire("p2") as p2, it.here.entered():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for _ in range(5):
                    sock.sendto(b"x", (f"192.168.1.{host}", 9))
            return {
                end: sum(one[30:34] == destination for one in heard(wire))
                for end, wire in (("p1", p1), ("p2", p2))
            }

    assert ways(10) == {"p1": 5, "p2": 0}
    assert ways(11) == {"p1": 0, "p2": 5}
    assert ways(12) == {"p1": 5, "p2": 0}
    # It is still no more than a port that stands by.
    assert (it.arriving("p1"), it.arriving("p2")) == (True, False)
    assert it.leaving(it.frame()) == [["p1"]]
    # One that cannot be used loses nothing.
    plane.set_verdict("e2", False)
    assert ways(11) == {"p1": 5, "p2": 0}
    plane.set_verdict("e2", True)
    assert ways(11) == {"p1": 0, "p2": 5}
    plane.configure_port("e2", PortSetup())
    assert it.option("enabled", "e2") == "false"
    assert ways(11) == {"p1": 5, "p2": 0}


def a_watched_port_goes_by_its_verdict(it: Bench) -> None:
    plane = it.team("roundrobin", "e1")
    plane.add_port("e2", PortSetup(watched=True))
    it.enable("e2")
    plane.set_verdict("e2", False)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4
    plane.set_verdict("e2", True)
    ways = it.leaving(*(it.frame() for _ in range(4)))
    assert Counter(map(tuple, ways)) == {("p1",): 2, ("p2",): 2}


def carrier_is_ours_in_every_mode(it: Bench) -> None:
    for runner in ("broadcast", "activebackup", "loadbalance"):
        it.fresh()
        plane = it.team(runner, "e1")
        plane.set_carrier(False)
        # The driver would give it when a port comes up.
        plane.add_port("e2", PortSetup())
        it.enable("e2")
        time.sleep(SILENCE)
        assert "NO-CARRIER" in it.here.ip("-o link show team0")
        plane.set_carrier(True)
        it.settle()
        plane.destroy()
        assert "team0" not in it.here.ip("-o link")


def nothing_is_told_to_the_kernel_twice(it: Bench) -> None:
    plane = it.team("activebackup", "e1", "e2")
    plane.activate("e1")
    plane.set_verdict("e1", True)
    with it.here.entered():
        client = TeamClient()
        assert client.find()
        told = client.listen(it.index("team0"))
    it.enable("e1")
    plane.activate("e1")
    plane.set_verdict("e1", True)
    plane.configure_port("e1", PortSetup())
    assert told.read() == []
    it.enable("e1", False)
    assert len(told.read()) == 1
    told.close()
    client.close()


def who_lets_go_leaves_everything(it: Bench) -> None:
    plane = it.team("broadcast", "e1", "e2")
    plane.destroy(keep=True)
    assert it.leaving(it.frame()) == [["p1", "p2"]]
    it.here.ip("link del team0")


def without_the_right_it_is_refused(it: Bench) -> None:
    code = (
        "from lacp.dataplane.team.plane import TeamDataplane as T;"
        "from lacp.dataplane.base import Setup;"
        "print(T().refusal(Setup(device='team0', runner='lacp')))"
    )
    bounded = ("setpriv", "--bounding-set", "-net_admin", sys.executable, "-c", code)
    assert it.here.run(*bounded).strip() == "changing network interfaces needs CAP_NET_ADMIN"


def auto_takes_the_team_driver(it: Bench) -> None:
    before = it.here.ip("-o link")
    with it.here.entered():
        for runner in ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp"):
            assert choose("auto", Setup(device="team0", runner=runner)).name == "team"
    assert it.here.ip("-o link") == before


_GOLDEN = reference.SHARED / "golden" / "teamd"
#: What depends on the moment, or is not teamd's on purpose.
_NOT_COMPARED = {"activeport", "bpf_hash_func", "lb_port_stats"}


def options_are_those_of_teamd(it: Bench) -> None:
    """On the same set-up, with the same decisions; activeport is looked at by other checks."""
    for case in ("ab_arp", "ab_ethtool", "bc", "lb", "rnd", "rr"):
        document = json.loads((_GOLDEN / f"{case}.config.json").read_text())
        theirs = parse_options((_GOLDEN / f"{case}.options.txt").read_text())
        with it.here.entered():
            plane = it.fresh()
            plane.create(setup_of(document))
        watched = document.get("link_watch", {}).get("name") == "arp_ping"
        for port, members in document["ports"].items():
            prio, queue = members.get("prio", 0), members.get("queue_id")
            plane.add_port(port, PortSetup(prio=prio, queue_id=queue, watched=watched))
            on = theirs["enabled", port] == "true"
            plane.set_verdict(port, theirs["user_linkup", port] == "true")
            plane.enable_port(port, on, on)
        ours = parse_options(it.here.run("teamnl", "team0", "options"))
        assert {key: value for key, value in ours.items() if key[0] not in _NOT_COMPARED} == {
            key: value for key, value in theirs.items() if key[0] not in _NOT_COMPARED
        }, case
        plane.destroy()


def setup_of(document: dict[str, Any]) -> Setup:
    bursts = {
        name: Burst(**document[name])
        for name in ("notify_peers", "mcast_rejoin")
        if name in document
    }
    address = Mac.parse(document["hwaddr"]) if "hwaddr" in document else None
    return Setup(
        device="team0",
        runner=document["runner"]["name"],
        address=address,
        notify_peers=bursts.get("notify_peers"),
        mcast_rejoin=bursts.get("mcast_rejoin"),
    )


def parse_options(text: str) -> dict[tuple[str, str], str]:
    """By option and port, what teamnl says of those that are no arrays."""
    rows = re.findall(r"^ (\S+)(?: \(port:(\S+)\))? ([^(\n]*?) *$", text, re.MULTILINE)
    return {(name, port): value for name, port, value in rows}


CHECKS = [
    broadcast_leaves_through_every_port,
    roundrobin_takes_turns,
    random_uses_every_port,
    activebackup_uses_the_active_port,
    hashing_spreads_flows_and_keeps_each,
    a_port_that_only_collects_is_given_nothing,
    a_new_port_carries_nothing,
    no_frame_of_a_port_that_joins_is_repeated,
    pings_cross_every_runner,
    the_first_port_gives_the_address,
    addresses_are_given_and_given_back,
    what_cannot_be_a_port_is_named,
    a_device_that_exists_is_left_alone,
    a_device_is_taken_over_without_a_break,
    a_port_that_is_watched_starts_anew_after_a_take_over,
    a_take_over_for_lacp_starts_without_carrier,
    a_take_over_changes_the_mode_around_the_ports,
    a_take_over_needs_no_device,
    an_own_address_that_nobody_knows_is_said,
    others_enslave_and_release,
    a_port_that_vanished_is_forgotten,
    a_port_under_another_name,
    the_device_under_another_name,
    the_device_is_changed_by_others,
    the_device_is_removed_by_others,
    what_the_runner_decided_is_set_back,
    too_much_news_is_asked_for_again,
    hashes_are_mapped_and_counted,
    a_device_changes_under_its_ports,
    a_new_port_is_announced_to_the_neighbours,
    a_queue_leads_to_its_port,
    a_watched_port_goes_by_its_verdict,
    carrier_is_ours_in_every_mode,
    nothing_is_told_to_the_kernel_twice,
    who_lets_go_leaves_everything,
    without_the_right_it_is_refused,
    auto_takes_the_team_driver,
    options_are_those_of_teamd,
]


def run_checks(names: list[str]) -> dict[str, str]:
    """What went wrong with each; nothing is empty."""
    with namespace() as any_one:
        need_link(any_one, "team", "the kernel's team driver")
    with namespaces(2) as (here, there):

        def on_a_bench(check: Callable[[Bench], None]) -> None:
            with bench(here, there) as it:
                check(it)

        every = {check.__name__: partial(on_a_bench, check) for check in CHECKS}
        return checks.outcomes(every, names)


#: As many as one guest checks in a minute or two.
_GROUP = 20


class Guests:
    """Runs the checks that were selected, some in each guest, when the first of them is wanted."""

    def __init__(self, selected: list[str]) -> None:
        self._groups = [selected[at : at + _GROUP] for at in range(0, len(selected), _GROUP)]
        self._found: dict[str, str] = {}

    def result(self, name: str) -> str:
        if name not in self._found:
            (names,) = (group for group in self._groups if name in group)
            found = guest.run(run_checks, {"names": names}, modules=_MODULES, timeout=280).result
            self._found.update(found)
        return self._found[name]


@pytest.fixture(scope="module")
def guests(request: pytest.FixtureRequest) -> Guests:
    return Guests(checks.selected(request, "check"))


_NAMES = [check.__name__ for check in CHECKS]


@pytest.mark.parametrize("check", _NAMES)
def test_in_the_guest(check: str, guests: Guests) -> None:
    if check == options_are_those_of_teamd.__name__ and not _GOLDEN.is_dir():
        pytest.skip("no golden data of teamd beside the repository")
    failure = guests.result(check)
    assert not failure, failure


def without_a_mode() -> list[str | None]:
    """What is said in a guest that has the driver, but none of its modes."""
    with namespace() as here, here.entered():
        need_link(here, "team", "the kernel's team driver")
        said = [TeamDataplane().refusal(Setup(device="team0", runner="random"))]
        said.append(refused(lambda: TeamDataplane().create(Setup(device="team0", runner="random"))))
        links = Links()
        assert links.named("team0") is None
        links.close()
        assert len(here.ip("-o link").splitlines()) == 1
        return said


def test_a_driver_without_the_mode_is_refused_and_nothing_is_left() -> None:
    refusal, failure = guest.run(without_a_mode, modules=["team"]).result
    assert refusal == "the kernel's team driver has no mode random (module team_mode_random)"
    assert failure.startswith("team0: cannot set mode to random: ")


def test_a_kernel_without_the_driver_is_refused() -> None:
    with namespaces(1) as (here,), here.entered():
        if TeamDataplane().refusal(Setup(device="team0", runner="lacp")) is None:
            pytest.skip("this kernel has the team driver")
        with pytest.raises(BackendError) as error:
            choose("team", Setup(device="team0", runner="lacp"))
    assert str(error.value).startswith(
        "team0: dataplane team cannot be used: the kernel has no team driver (CONFIG_NET_TEAM)"
    )

"""Addresses, and devices and ports that are there already."""

from __future__ import annotations

import pytest

from lacp.address import Mac
from lacp.dataplane.base import (
    DeviceChanged,
    PortSetup,
    Setup,
)
from lacp.errors import BackendError
from tests.interop.bench import heard, refused
from tests.interop.team_driver.bench import SUITE, Bench


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
def a_take_over_for_lacp_starts_without_carrier(it: Bench) -> None:
    first = it.team("lacp", "e1")
    first.destroy(keep=True)
    plane = it.fresh()
    with it.here.entered():
        plane.create(Setup(device="team0", runner="lacp", take_over=True))
    assert "NO-CARRIER" in it.here.ip("-o link show team0")
    plane.add_port("e1", PortSetup())
    assert it.option("enabled", "e1") == "false"


@SUITE.check
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


@SUITE.check
def a_take_over_needs_no_device(it: Bench) -> None:
    it.team("random", "e1", take_over=True)
    assert it.option("mode") == "random"
    assert it.leaving(it.frame()) == [["p1"]]


@SUITE.check
def an_own_address_that_nobody_knows_is_said(it: Bench) -> None:
    first = it.team("roundrobin", "e1", "e2")
    first.destroy(keep=True)
    plane = it.fresh()
    with it.here.entered():
        plane.create(Setup(device="team0", runner="roundrobin", take_over=True))
    plane.add_port("e2", PortSetup())
    said = refused(lambda: plane.set_port_address("e2", None))
    assert said == "e2: its own address is not known, it was a port already"

"""Who carries which frame."""

from __future__ import annotations

from collections import Counter

from lacp.dataplane.base import (
    PortSetup,
    Setup,
)
from lacp.dataplane.team.plane import TeamDataplane
from lacp.txhash import fold, tx_hash
from tests.interop.bench import heard
from tests.interop.team_driver.bench import SUITE, Bench


@SUITE.check
def broadcast_leaves_through_every_port(it: Bench) -> None:
    it.team("broadcast", "e1", "e2")
    assert it.leaving(it.frame()) == [["p1", "p2"]]
    it.enable("e1", False)
    assert it.leaving(it.frame()) == [["p2"]]
    assert (it.arriving("p1"), it.arriving("p2")) == (False, True)


@SUITE.check
def roundrobin_takes_turns(it: Bench) -> None:
    it.team("roundrobin", "e1", "e2")
    ways = it.leaving(*(it.frame() for _ in range(10)))
    assert Counter(map(tuple, ways)) == {("p1",): 5, ("p2",): 5}
    it.enable("e2", False)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4


@SUITE.check
def random_uses_every_port(it: Bench) -> None:
    it.team("random", "e1", "e2")
    ways = Counter(map(tuple, it.leaving(*(it.frame() for _ in range(60)))))
    assert set(ways) == {("p1",), ("p2",)}
    assert min(ways.values()) > 10


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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

"""Every mode."""

from __future__ import annotations

from collections import Counter

from lacp.dataplane.base import DeviceChanged, PortSetup, Setup
from tests.interop.bond_driver.bench import SUITE, Bench


@SUITE.check
def broadcast_leaves_through_every_port(it: Bench) -> None:
    it.bond("broadcast", "e1", "e2")
    assert it.device()["mode"] == "broadcast"
    assert it.leaving(it.frame()) == [["p1", "p2"]]
    it.pull(1)
    assert it.leaving(it.frame()) == [["p2"]]
    it.plug(1)
    assert it.leaving(it.frame()) == [["p1", "p2"]]


@SUITE.check
def roundrobin_takes_turns(it: Bench) -> None:
    it.bond("roundrobin", "e1", "e2")
    assert it.device()["mode"] == "balance-rr"
    ways = it.leaving(*(it.frame() for _ in range(10)))
    assert Counter(map(tuple, ways)) == {("p1",): 5, ("p2",): 5}
    assert (it.arriving("p1"), it.arriving("p2")) == (True, True)
    it.pull(2)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4
    it.plug(2)
    assert {"p1", "p2"} == {way for (way,) in it.leaving(*(it.frame() for _ in range(4)))}


@SUITE.check
def random_uses_every_port(it: Bench) -> None:
    it.bond("random", "e1", "e2")
    assert it.device()["packets_per_slave"] == 0
    ways = Counter(way for (way,) in it.leaving(*(it.frame() for _ in range(60))))
    assert min(ways["p1"], ways["p2"]) > 10
    it.pull(2)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4


@SUITE.check
def a_hash_spreads_flows_and_keeps_each(it: Bench) -> None:
    plane = it.bond("loadbalance", "e1", "e2", tx_hash=("eth",))
    assert (it.device()["mode"], it.device()["xmit_hash_policy"]) == ("balance-xor", "layer2")
    flows = [it.frame(bytes([2, 0, 0, 0, 0, number])) for number in range(32)]
    ways = it.leaving(*flows)
    assert it.leaving(*flows) == ways
    assert Counter(way for (way,) in ways) == {"p1": 16, "p2": 16}
    it.pull(1)
    assert it.leaving(*flows) == [["p2"]] * 32
    it.plug(1)
    assert it.leaving(*flows) == ways
    # While it runs.
    for fragments, policy in (
        (("eth", "vlan"), "vlan+srcmac"),
        (("eth", "ipv4", "ipv6"), "layer2+3"),
        (("l3", "l4"), "layer3+4"),
    ):
        plane.configure(Setup(device="bond9", runner="loadbalance", tx_hash=fragments))
        assert it.device()["xmit_hash_policy"] == policy
    # What the device is like is told by the first look, if there was time for one.
    assert [one for one in it.said if not isinstance(one, DeviceChanged)] == []


@SUITE.check
def the_active_port_is_the_one_that_was_decided(it: Bench) -> None:
    plane = it.bond("activebackup")
    for port in ("e1", "e2"):
        plane.add_port(port, PortSetup())
        plane.set_verdict(port, True)
    plane.activate("e2")
    it.until(lambda: it.device().get("active_slave") == "e2")
    assert it.leaving(it.frame()) == [["p2"]]
    assert (it.arriving("p1"), it.arriving("p2")) == (False, True)
    plane.activate("e1")
    it.until(lambda: it.device()["active_slave"] == "e1")
    assert it.leaving(it.frame()) == [["p1"]]
    # Somebody else sets another one.
    it.here.ip("link set bond9 type bond active_slave e2")
    it.until(lambda: it.device()["active_slave"] == "e1")
    # The driver alone, while nobody decides, takes the other one, and keeps it.
    it.there.ip("link set p1 down")
    it.until(lambda: it.device()["active_slave"] == "e2")
    plane.set_verdict("e1", False)
    plane.activate("e2")
    it.plug(1)
    plane.set_verdict("e1", True)
    for _ in range(20):
        it.read()
        assert it.device()["active_slave"] == "e2"
    # One that the driver has not yet looked at becomes the active one when it has.
    it.there.ip("link set p1 down")
    it.until(lambda: not it.seen_up("e1"))
    it.there.ip("link set p1 up")
    plane.activate("e1")
    it.until(lambda: it.device()["active_slave"] == "e1")


@SUITE.check
def the_driver_falls_back_on_who_is_preferred(it: Bench) -> None:
    plane = it.bond("activebackup")
    it.here.ip(f"link add e3 type veth peer name p3 netns {it.there.path}")
    it.there.ip("link set p3 up")
    for port, prio in (("e1", 5), ("e2", -10), ("e3", 100)):
        plane.add_port(port, PortSetup(prio=prio))
        plane.set_verdict(port, True)
    it.until(lambda: all(map(it.seen_up, ("e1", "e2", "e3"))))
    # Preferred or not: what was decided stays.
    plane.activate("e2")
    assert it.device()["active_slave"] == "e2"
    assert it.below("e3")["prio"] == 100
    plane.configure_port("e1", PortSetup(prio=200))
    assert it.below("e1")["prio"] == 200
    for _ in range(10):
        it.read()
        assert it.device()["active_slave"] == "e2"
    it.there.ip("link set p2 down")
    it.until(lambda: it.device()["active_slave"] == "e1")

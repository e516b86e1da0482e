"""Link watchers that say more than the carrier."""

from __future__ import annotations

from lacp.dataplane.base import (
    PortJoined,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.bond.plane import BondDataplane
from tests.interop.bench import refused
from tests.interop.bond_driver.bench import SUITE, WATCHED, Bench


@SUITE.check
def a_port_that_is_no_good_is_taken_out_and_put_back(it: Bench) -> None:
    for runner in ("roundrobin", "broadcast", "loadbalance"):
        it.fresh()
        plane = it.bond(runner, "e1", tx_hash=("eth",))
        own = it.address("e2")
        plane.add_port("e2", WATCHED)
        assert plane.ports() == ["e1", "e2"]
        assert not it.is_below("e2")
        # It can be asked through, and the host's own stack stays off it.
        assert "LOWER_UP" in it.here.ip("-o link show e2")
        assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4
        it.use("e2")
        it.until(lambda: it.seen_up("e2"))
        flows = [it.frame(bytes([2, 0, 0, 0, 0, number])) for number in range(16)]
        ways = {way for each in it.leaving(*flows) for way in each}
        assert ways == {"p1", "p2"}
        assert it.address("e2") == plane.address
        # The flap of its own making does not count.
        it.use("e2", False)
        assert it.is_below("e2")
        it.said.clear()
        it.until(lambda: not it.is_below("e2"))
        told = it.until_said(Trouble)
        assert told.text == (
            "e2: taken out of bond9 while its link watchers say that it is no good: "
            "the bonding driver would use it, for it has carrier"
        )
        assert it.address("e2") == own
        assert it.leaving(*flows) == [["p1"]] * 16
        it.use("e2")
        assert it.is_below("e2")
        # One without carrier is not used anyway.
        it.pull(2)
        it.use("e2", False)
        assert it.is_below("e2")
        it.there.ip("link set p2 up")
        plane.remove_port("e2")
        assert plane.ports() == ["e1"]
        plane.destroy()
        assert it.address("e2") == own


@SUITE.check
def no_active_port_is_none_although_there_is_carrier(it: Bench) -> None:
    plane = it.bond("activebackup")
    for port in ("e1", "e2"):
        plane.add_port(port, WATCHED)
    assert not it.carrier()
    plane.set_verdict("e1", True)
    plane.activate("e1")
    it.until(lambda: it.device().get("active_slave") == "e1" and it.carrier())
    assert not it.is_below("e2")
    plane.set_verdict("e2", True)
    it.until(lambda: it.seen_up("e2"))
    assert it.leaving(it.frame()) == [["p1"]]
    # The active one is silently dead: another one, and the driver never comes back to it.
    plane.activate("e2")
    plane.set_verdict("e1", False)
    assert it.below("e1")["prio"] == -(1 << 31)
    assert it.leaving(it.frame()) == [["p2"]]
    assert it.is_below("e1")
    # Both.
    plane.set_verdict("e2", False)
    plane.activate(None)
    it.until(lambda: not it.carrier())
    assert not it.is_below("e1")
    assert not it.is_below("e2")
    plane.set_verdict("e2", True)
    plane.activate("e2")
    it.until(lambda: it.device().get("active_slave") == "e2" and it.carrier())
    assert it.leaving(it.frame()) == [["p2"]]
    plane.destroy()
    assert " DOWN " in it.here.ip("-o link show e1")


@SUITE.check
def a_port_beside_the_bond_goes_where_others_put_it(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.add_port("e2", WATCHED)
    it.here.ip("link set e2 down")
    it.here.ip("link set e2 master bond9")
    it.until(lambda: it.below("e2"))
    it.read()
    assert not [one for one in it.said if isinstance(one, PortJoined)]
    it.use("e2")
    assert it.is_below("e2")
    plane.remove_port("e2")
    plane.add_port("e2", WATCHED)
    it.here.ip("link del e2")
    plane.remove_port("e2")
    assert plane.ports() == ["e1"]


@SUITE.check
def a_port_beside_the_bond_that_somebody_else_takes_has_left(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.add_port("e2", WATCHED)
    it.here.ip("link add other type bond")
    it.here.ip("link set e2 down")
    it.here.ip("link set e2 master other")
    plane.set_verdict("e2", True)
    assert refused(lambda: plane.enable_port("e2", True, True)) == (
        "e2: belongs to other: free it first (ip link set e2 nomaster)"
    )
    assert it.until_said(PortLeft) == PortLeft("e2")
    assert refused(lambda: plane.set_verdict("e2", False)) == "e2: is no longer a port of bond9"
    assert plane.ports() == ["e1"]
    plane.remove_port("e2")
    it.here.ip("link set e2 nomaster")
    plane.add_port("e2", PortSetup())
    assert it.is_below("e2")


@SUITE.check
def a_port_that_was_left_beside_by_somebody_killed_is_taken_back(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.add_port("e2", WATCHED)
    # Nothing more is heard of that process.
    left, it.plane = plane, BondDataplane()
    it.plane.create(Setup(device="bond9", runner="roundrobin", take_over=True))
    it.plane.add_port("e1", PortSetup())
    it.plane.add_port("e2", PortSetup())
    assert it.is_below("e2")
    assert "bpf" not in it.here.run("tc", "filter", "show", "dev", "e2", "ingress")
    it.until(lambda: it.seen_up("e2"))
    left.destroy(keep=True)

"""Addresses, and what others do."""

from __future__ import annotations

import socket

import pytest

from lacp.address import Mac
from lacp.dataplane.base import (
    Burst,
    DeviceChanged,
    DeviceGone,
    DriverLacp,
    PortJoined,
    PortLeft,
    PortSetup,
    Setup,
)
from lacp.dataplane.choose import choose
from lacp.errors import BackendError
from lacp.info import PortState
from lacp.netlink.links import Links
from lacp.netlink.sockets import KernelRefused
from tests.interop.bench import heard, refused
from tests.interop.bond_driver.bench import SUITE, WATCHED, Bench

# Addresses.


@SUITE.check
def the_first_port_gives_the_address_and_gets_its_own_back(it: Bench) -> None:
    own = [it.address("e1"), it.address("e2")]
    plane = it.bond("roundrobin", "e1", "e2")
    assert plane.address == own[0] == it.address("e2") == it.address("bond9")
    plane.remove_port("e1")
    assert it.address("e1") == own[0]
    assert it.address("bond9") == own[0]
    plane.destroy()
    assert it.address("e2") == own[1]
    assert " master " not in it.here.ip("-o link show e2")


@SUITE.check
def every_policy_of_addresses_can_be_had(it: Bench) -> None:
    own = [it.address("e1"), it.address("e2")]
    given = Mac.parse("02:00:00:00:aa:01")
    plane = it.bond("activebackup", "e1", "e2", address=given)
    assert [it.address("e1"), it.address("e2")] == [given] * 2
    # by_active
    for port in ("e1", "e2"):
        plane.set_port_address(port, None)
    assert [it.address("e1"), it.address("e2")] == own
    plane.set_address(own[1])
    assert [it.address("e1"), it.address("e2")] == own
    assert plane.address == own[1] == it.address("bond9")
    # only_active
    plane.set_address(given)
    plane.set_port_address("e1", given)
    assert [it.address("e1"), it.address("e2")] == [given, own[1]]
    plane.destroy()
    assert [it.address("e1"), it.address("e2")] == own


# Others.


@SUITE.check
def a_port_that_is_up_is_refused_with_what_to_do(it: Bench) -> None:
    plane = it.bond("roundrobin")
    it.here.ip("link set e1 up")
    for setup in (PortSetup(), WATCHED):
        assert refused(lambda setup=setup: plane.add_port("e1", setup)) == (  # type: ignore[misc]
            "e1: is up: set it down first (ip link set e1 down)"
        )
    assert plane.ports() == []
    assert refused(lambda: plane.add_port("e9", PortSetup())) == "e9: no such interface"


@SUITE.check
def others_enslave_and_release(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    it.here.ip("link set e2 master bond9")
    assert it.until_said(PortJoined) == PortJoined("e2")
    plane.add_port("e2", PortSetup())
    it.use("e2")
    it.here.ip("link set e2 nomaster")
    assert it.until_said(PortLeft) == PortLeft("e2")
    assert plane.ports() == ["e1"]
    with pytest.raises(BackendError, match="e2: is no longer a port of bond9"):
        plane.enable_port("e2", True, True)
    plane.remove_port("e2")
    it.said.clear()
    it.here.ip("link del e1")
    assert it.until_said(PortLeft) == PortLeft("e1", gone=True)


@SUITE.check
def the_device_is_changed_and_removed_by_others(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    it.until_said(DeviceChanged)
    it.said.clear()
    it.here.ip("link set bond9 address 02:00:00:00:00:77")
    changed = it.until_said(DeviceChanged)
    assert changed == DeviceChanged(True, Mac.parse("02:00:00:00:00:77"))
    plane.add_port("e2", WATCHED)
    it.here.ip("link del bond9")
    it.until_said(DeviceGone)
    assert " DOWN " in it.here.ip("-o link show e2")
    plane.destroy()


@SUITE.check
def a_bond_that_exists(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.destroy(keep=True)
    assert it.is_below("e1")
    plane = it.fresh()
    setup = Setup(device="bond9", runner="roundrobin")
    assert refused(lambda: plane.create(setup)) == (
        "bond9: exists already: -o takes it over, -r makes it anew"
    )
    other = Setup(device="bond9", runner="broadcast", take_over=True)
    assert refused(lambda: plane.create(other)) == (
        "bond9: found a bond of mode balance-rr, expected broadcast: -r makes it anew"
    )
    assert it.is_below("e1")
    plane.create(Setup(device="bond9", runner="roundrobin", take_over=True))
    assert plane.ports() == ["e1"]
    plane.add_port("e1", PortSetup())
    it.use("e1")
    assert it.leaving(it.frame()) == [["p1"]]
    plane.destroy(keep=True)
    it.fresh().create(Setup(device="bond9", runner="broadcast", recreate=True))
    assert it.device()["mode"] == "broadcast"
    assert not it.is_below("e1")


@SUITE.check
def the_carrier_is_the_drivers(it: Bench) -> None:
    it.bond("broadcast", "e1", "e2")
    it.plane.set_carrier(False)
    assert it.carrier()
    links = Links()
    device = links.named("bond9")
    assert device is not None
    with pytest.raises(KernelRefused, match="not supported"):
        links.set_carrier(device, False)
    links.close()
    it.pull(1)
    assert it.carrier()
    it.pull(2)
    it.until(lambda: not it.carrier())
    it.plug(2)
    it.until(it.carrier)


@SUITE.check
def announcements_are_the_drivers(it: Bench) -> None:
    many = Burst(count=300, interval=120)
    plane = it.bond("activebackup", "e1", notify_peers=many, mcast_rejoin=Burst(count=4))
    told = it.device()
    assert (told["num_peer_notif"], told["peer_notify_delay"], told["resend_igmp"]) == (255, 150, 4)
    plane.configure(Setup(device="bond9", runner="activebackup"))
    told = it.device()
    assert (told["num_peer_notif"], told["peer_notify_delay"], told["resend_igmp"]) == (0, 0, 0)


@SUITE.check
def a_queue_leads_to_its_port(it: Bench) -> None:
    """As Red Hat has it for team: multiq, u32, skbedit."""
    plane = it.bond("activebackup")
    for port, queue in (("e1", None), ("e2", 2)):
        plane.add_port(port, PortSetup(queue_id=queue))
        plane.set_verdict(port, True)
    assert refused(lambda: plane.configure_port("e2", PortSetup(queue_id=99))) == (
        "bond9: cannot set e2 queue_id to 99: the bond has fewer queues"
    )
    plane.activate("e1")
    it.until(lambda: it.seen_up("e1") and it.seen_up("e2"))
    it.here.ip("addr add 192.168.1.1/24 dev bond9")
    it.here.ip("neigh add 192.168.1.43 lladdr 02:00:00:00:00:43 dev bond9")
    it.here.ip("neigh add 192.168.1.44 lladdr 02:00:00:00:00:44 dev bond9")
    it.here.run("tc", "qdisc", "add", "dev", "bond9", "handle", "1", "root", "multiq")
    it.here.run(
        *[
            "tc",
            "filter",
            "add",
            "dev",
            "bond9",
            "protocol",
            "ip",
            "parent",
            "1:",
            "prio",
            "1",
            "u32",
        ],
        *["match", "ip", "dst", "192.168.1.43", "action", "skbedit", "queue_mapping", "2"],
    )
    for host, way in (("43", "p2"), ("44", "p1")):
        with it.there.wire("p1") as p1, it.there.wire("p2") as p2:
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with sender:
                sender.sendto(b"hello", (f"192.168.1.{host}", 9))
            got = {"p1": heard(p1), "p2": heard(p2)}
        assert [end for end, seen in got.items() if any(b"hello" in one for one in seen)] == [way]
    # None again.
    plane.configure_port("e2", PortSetup())
    assert it.below("e2")["queue_id"] == 0


@SUITE.check
def the_driver_speaks_lacp(it: Bench) -> None:
    lacp = DriverLacp(short_timeout=True, system_priority=7, keys=frozenset({12}), min_ports=2)
    plane = it.bond("lacp", driver_lacp=lacp, tx_hash=("l4",))
    told = it.device()
    assert (told["mode"], told["xmit_hash_policy"]) == ("802.3ad", "layer3+4")
    assert (told["ad_lacp_rate"], told["min_links"]) == ("fast", 2)
    assert (told["ad_actor_sys_prio"], told["ad_user_port_key"]) == (7, 12)
    it.there.ip("link add far0 type bond mode 802.3ad miimon 50 lacp_rate fast")
    for number in "12":
        it.there.ip(f"link set p{number} down")
        it.there.ip(f"link set p{number} master far0")
        plane.add_port(f"e{number}", PortSetup())
    it.there.ip("link set far0 up")

    def agreed() -> bool:
        state = plane.lacp_state()
        assert state is not None
        return len(state.ports) == 2 and all(
            port.actor is not None
            and port.actor.state & PortState.DISTRIBUTING
            and port.partner is not None
            and port.partner.system == far
            and port.aggregator == state.aggregator
            for port in state.ports.values()
        )

    said = it.there.ip("-o link show far0")
    far = Mac.parse(said.split("link/ether ")[1].split()[0])
    it.until(agreed, 40)
    state = plane.lacp_state()
    assert state is not None
    actor = state.ports["e1"].actor
    assert actor is not None
    assert (actor.system_priority, actor.system, actor.key >> 6) == (7, plane.address, 12)
    assert it.until(it.carrier)
    it.there.ip("link set p1 down")
    # min_ports is 2.
    it.until(lambda: not it.carrier())


@SUITE.check
def auto_takes_the_bonding_driver_where_there_is_no_team(it: Bench) -> None:
    assert choose("auto", Setup(device="bond9", runner="roundrobin")).name == "bond"
    by_driver = Setup(device="bond9", runner="lacp", driver_lacp=DriverLacp())
    assert choose("auto", by_driver).name == "bond"
    assert refused(lambda: choose("tap", by_driver)) == (
        "bond9: dataplane tap cannot be used: it has no driver that speaks LACP "
        '(runner.lacp_by is "driver"); dataplane bond can'
    )

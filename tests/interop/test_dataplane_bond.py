"""The kernel's bonding driver as dataplane: real frames, and others who interfere."""

from __future__ import annotations

import json
import select
import socket
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
    DriverLacp,
    PlaneNews,
    PortJoined,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane.bond.plane import BondDataplane
from lacp.dataplane.choose import choose
from lacp.errors import BackendError
from lacp.info import PortState
from lacp.netlink.links import Links
from lacp.netlink.sockets import KernelRefused
from tests.interop import checks, guest
from tests.interop.bench import DeviceBench, heard, refused, two_cables
from tests.interop.netns import Namespace, namespace, namespaces, need_link
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest]

_MODULES = (
    *guest.BONDING_MODULES,
    *("sch_multiq", "sch_ingress", "cls_u32", "cls_bpf", "act_skbedit"),
)
_WATCHED = PortSetup(watched=True)
_CHECKS: list[Callable[[Bench], None]] = []


class Bench(DeviceBench):
    """A bond on two cables."""

    def __init__(self, here: Namespace, there: Namespace) -> None:
        super().__init__("bond9", here, there)
        self.plane = BondDataplane()
        self.said: list[PlaneNews] = []

    def bond(self, runner: str, *ports: str, **more: Any) -> BondDataplane:
        """A bond that is up, with these ports, each used."""
        self.plane.create(Setup(device="bond9", runner=runner, **more))
        for port in ports:
            self.plane.add_port(port, PortSetup())
        self.here.ip("link set bond9 up")
        for port in ports:
            self.use(port)
        self.until(lambda: all(self.seen_up(port) for port in ports))
        return self.plane

    def use(self, port: str, on: bool = True) -> None:
        """As the team tells it of a port that can be used: the verdict, then who carries."""
        self.plane.set_verdict(port, on)
        self.plane.enable_port(port, on, on)

    def fresh(self) -> BondDataplane:
        """Another one, of a process that knows nothing."""
        self.plane = BondDataplane()
        return self.plane

    def pull(self, number: int) -> None:
        """Take the carrier from a cable, and wait until the driver has seen that."""
        self.there.ip(f"link set p{number} down")
        self.until(lambda: not self.seen_up(f"e{number}"))

    def plug(self, number: int) -> None:
        self.there.ip(f"link set p{number} up")
        self.until(lambda: self.seen_up(f"e{number}"))

    def seen_up(self, port: str) -> bool:
        """Whether the driver has seen that a port has carrier."""
        return self.below(port).get("mii_status") == "UP"

    def below(self, port: str) -> dict[str, Any]:
        """What the driver says of a port; nothing of one that is none."""
        (found,) = json.loads(self.here.ip(f"-json -detail link show {port}"))
        info: dict[str, Any] = found.get("linkinfo", {}).get("info_slave_data", {})
        return info

    def is_below(self, port: str) -> bool:
        return " master bond9 " in self.here.ip(f"-o link show {port}")

    def device(self) -> dict[str, Any]:
        """What the driver says of the bond."""
        (found,) = json.loads(self.here.ip("-json -detail link show bond9"))
        info: dict[str, Any] = found["linkinfo"]["info_data"]
        return info

    def carrier(self) -> bool:
        return "LOWER_UP" in self.here.ip("-o link show bond9")

    def read(self) -> list[PlaneNews]:
        news = self.plane.read()
        self.said += news
        return news

    def until(self, question: Callable[[], Any], seconds: float = 20) -> Any:
        """Poll, and read what there is to read as the daemon would."""
        return until(
            question,
            seconds,
            lambda: f"{self.said}\n{self.here.ip('-d link')}",
            between=self._listen,
        )

    def _listen(self) -> None:
        if select.select(self.plane.filenos(), [], [], 0.02)[0]:
            self.read()

    def until_said(self, kind: type) -> Any:
        """The first news of this kind."""
        return self.until(lambda: next((one for one in self.said if isinstance(one, kind)), None))


@contextmanager
def bench(here: Namespace, there: Namespace) -> Iterator[Bench]:
    """Two cables and nothing else; the calling thread is here."""
    with two_cables(here, there):
        made = Bench(here, there)
        try:
            with here.entered():
                yield made
        finally:
            made.plane.destroy()


def check(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
    """One that is run in the guest, with a bench of its own."""
    _CHECKS.append(function)
    return function


# Every mode.


@check
def broadcast_leaves_through_every_port(it: Bench) -> None:
    it.bond("broadcast", "e1", "e2")
    assert it.device()["mode"] == "broadcast"
    assert it.leaving(it.frame()) == [["p1", "p2"]]
    it.pull(1)
    assert it.leaving(it.frame()) == [["p2"]]
    it.plug(1)
    assert it.leaving(it.frame()) == [["p1", "p2"]]


@check
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


@check
def random_uses_every_port(it: Bench) -> None:
    it.bond("random", "e1", "e2")
    assert it.device()["packets_per_slave"] == 0
    ways = Counter(way for (way,) in it.leaving(*(it.frame() for _ in range(60))))
    assert min(ways["p1"], ways["p2"]) > 10
    it.pull(2)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4


@check
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
    assert it.said == []


@check
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


@check
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


# Link watchers that say more than the carrier.


@check
def a_port_that_is_no_good_is_taken_out_and_put_back(it: Bench) -> None:
    for runner in ("roundrobin", "broadcast", "loadbalance"):
        it.fresh()
        plane = it.bond(runner, "e1", tx_hash=("eth",))
        own = it.address("e2")
        plane.add_port("e2", _WATCHED)
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


@check
def no_active_port_is_none_although_there_is_carrier(it: Bench) -> None:
    plane = it.bond("activebackup")
    for port in ("e1", "e2"):
        plane.add_port(port, _WATCHED)
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


@check
def a_port_beside_the_bond_goes_where_others_put_it(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.add_port("e2", _WATCHED)
    it.here.ip("link set e2 down")
    it.here.ip("link set e2 master bond9")
    it.until(lambda: it.below("e2"))
    it.read()
    assert not [one for one in it.said if isinstance(one, PortJoined)]
    it.use("e2")
    assert it.is_below("e2")
    plane.remove_port("e2")
    plane.add_port("e2", _WATCHED)
    it.here.ip("link del e2")
    plane.remove_port("e2")
    assert plane.ports() == ["e1"]


@check
def a_port_beside_the_bond_that_somebody_else_takes_has_left(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.add_port("e2", _WATCHED)
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


@check
def a_port_that_was_left_beside_by_somebody_killed_is_taken_back(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    plane.add_port("e2", _WATCHED)
    # Nothing more is heard of that process.
    left, it.plane = plane, BondDataplane()
    it.plane.create(Setup(device="bond9", runner="roundrobin", take_over=True))
    it.plane.add_port("e1", PortSetup())
    it.plane.add_port("e2", PortSetup())
    assert it.is_below("e2")
    assert "bpf" not in it.here.run("tc", "filter", "show", "dev", "e2", "ingress")
    it.until(lambda: it.seen_up("e2"))
    left.destroy(keep=True)


# Addresses.


@check
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


@check
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


@check
def a_port_that_is_up_is_refused_with_what_to_do(it: Bench) -> None:
    plane = it.bond("roundrobin")
    it.here.ip("link set e1 up")
    for setup in (PortSetup(), _WATCHED):
        assert refused(lambda setup=setup: plane.add_port("e1", setup)) == (  # type: ignore[misc]
            "e1: is up: set it down first (ip link set e1 down)"
        )
    assert plane.ports() == []
    assert refused(lambda: plane.add_port("e9", PortSetup())) == "e9: no such interface"


@check
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


@check
def the_device_is_changed_and_removed_by_others(it: Bench) -> None:
    plane = it.bond("roundrobin", "e1")
    it.until_said(DeviceChanged)
    it.said.clear()
    it.here.ip("link set bond9 address 02:00:00:00:00:77")
    changed = it.until_said(DeviceChanged)
    assert changed == DeviceChanged(True, Mac.parse("02:00:00:00:00:77"))
    plane.add_port("e2", _WATCHED)
    it.here.ip("link del bond9")
    it.until_said(DeviceGone)
    assert " DOWN " in it.here.ip("-o link show e2")
    plane.destroy()


@check
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


@check
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


@check
def announcements_are_the_drivers(it: Bench) -> None:
    many = Burst(count=300, interval=120)
    plane = it.bond("activebackup", "e1", notify_peers=many, mcast_rejoin=Burst(count=4))
    told = it.device()
    assert (told["num_peer_notif"], told["peer_notify_delay"], told["resend_igmp"]) == (255, 150, 4)
    plane.configure(Setup(device="bond9", runner="activebackup"))
    told = it.device()
    assert (told["num_peer_notif"], told["peer_notify_delay"], told["resend_igmp"]) == (0, 0, 0)


@check
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


@check
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


@check
def auto_takes_the_bonding_driver_where_there_is_no_team(it: Bench) -> None:
    assert choose("auto", Setup(device="bond9", runner="roundrobin")).name == "bond"
    by_driver = Setup(device="bond9", runner="lacp", driver_lacp=DriverLacp())
    assert choose("auto", by_driver).name == "bond"
    assert refused(lambda: choose("tap", by_driver)) == (
        "bond9: dataplane tap cannot be used: it has no driver that speaks LACP "
        '(runner.lacp_by is "driver"); dataplane bond can'
    )


# Where they run.


def run_checks(names: list[str]) -> dict[str, str]:
    """What went wrong with each; nothing is empty."""
    with namespace() as any_one:
        need_link(any_one, "bond", "the kernel's bonding driver")
    with namespaces(2) as (here, there):

        def on_a_bench(one: Callable[[Bench], None]) -> None:
            with bench(here, there) as it:
                one(it)

        every = {one.__name__: partial(on_a_bench, one) for one in _CHECKS}
        return checks.outcomes(every, names)


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> dict[str, str]:
    """What became of those that were selected, in one guest."""
    names = checks.selected(request)
    done = guest.run(run_checks, {"names": names}, modules=_MODULES, timeout=280)
    assert isinstance(done.result, dict)
    return done.result


@pytest.mark.parametrize("name", [one.__name__ for one in _CHECKS])
def test_in_the_guest(name: str, found: dict[str, str]) -> None:
    assert not found[name], found[name]


def test_a_kernel_without_the_driver_is_refused() -> None:
    with namespace() as here, here.entered():
        said = BondDataplane().refusal(Setup(device="bond9", runner="roundrobin"))
    if said is None:
        pytest.skip("this kernel has the bonding driver")
    assert said == "the kernel has no bonding driver (CONFIG_BONDING)"

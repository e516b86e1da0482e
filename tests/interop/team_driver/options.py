"""What the driver is told of hashes, announcements, queues and verdicts."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections import Counter
from typing import Any

from lacp.address import Mac
from lacp.dataplane.base import (
    Burst,
    Loads,
    PortSetup,
    Setup,
)
from lacp.dataplane.choose import choose
from lacp.dataplane.team.client import TeamClient
from lacp.txhash import fold, tx_hash
from tests import reference
from tests.interop.bench import SILENCE, heard, refused
from tests.interop.team_driver.bench import SUITE, Bench


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
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


@SUITE.check
def a_watched_port_goes_by_its_verdict(it: Bench) -> None:
    plane = it.team("roundrobin", "e1")
    plane.add_port("e2", PortSetup(watched=True))
    it.enable("e2")
    plane.set_verdict("e2", False)
    assert it.leaving(*(it.frame() for _ in range(4))) == [["p1"]] * 4
    plane.set_verdict("e2", True)
    ways = it.leaving(*(it.frame() for _ in range(4)))
    assert Counter(map(tuple, ways)) == {("p1",): 2, ("p2",): 2}


@SUITE.check
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


@SUITE.check
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


@SUITE.check
def who_lets_go_leaves_everything(it: Bench) -> None:
    plane = it.team("broadcast", "e1", "e2")
    plane.destroy(keep=True)
    assert it.leaving(it.frame()) == [["p1", "p2"]]
    it.here.ip("link del team0")


@SUITE.check
def without_the_right_it_is_refused(it: Bench) -> None:
    code = (
        "from lacp.dataplane.team.plane import TeamDataplane as T;"
        "from lacp.dataplane.base import Setup;"
        "print(T().refusal(Setup(device='team0', runner='lacp')))"
    )
    bounded = ("setpriv", "--bounding-set", "-net_admin", sys.executable, "-c", code)
    assert it.here.run(*bounded).strip() == "changing network interfaces needs CAP_NET_ADMIN"


@SUITE.check
def auto_takes_the_team_driver(it: Bench) -> None:
    before = it.here.ip("-o link")
    with it.here.entered():
        for runner in ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp"):
            assert choose("auto", Setup(device="team0", runner=runner)).name == "team"
    assert it.here.ip("-o link") == before


GOLDEN = reference.SHARED / "golden" / "teamd"
#: What depends on the moment, or is not teamd's on purpose.
_NOT_COMPARED = {"activeport", "bpf_hash_func", "lb_port_stats"}


@SUITE.check
def options_are_those_of_teamd(it: Bench) -> None:
    """On the same set-up, with the same decisions; activeport is looked at by other checks."""
    for case in ("ab_arp", "ab_ethtool", "bc", "lb", "rnd", "rr"):
        document = json.loads((GOLDEN / f"{case}.config.json").read_text())
        theirs = parse_options((GOLDEN / f"{case}.options.txt").read_text())
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

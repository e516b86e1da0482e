"""The dataplane `tap` with real frames: two teams, or a team and a bridge, between namespaces."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.dataplane.base import (
    Burst,
    DeviceChanged,
    DeviceGone,
    Loads,
    PlaneNews,
    PortLeft,
    PortSetup,
    Setup,
    Trouble,
)
from lacp.dataplane import ioctls, seclusion
from lacp.dataplane.tap import announce, device, mover
from lacp.dataplane.tap.plane import TapDataplane
from lacp.errors import BackendError
from tests.frames import ethernet, tagged
from tests.interop.netns import Namespace, namespace, namespaces, veth
from tests.interop.taps import DEVICE, Pair, address, pair, ping, team, udp
from tests.interop.traffic import acquaint, traffic
from tests.interop.traffic import address as give_addresses
from tests.lab import need
from tests.waiting import until

RUNNERS = ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp")
#: An EtherType for experiments (802, 9.2.4).
EXPERIMENT = 0x88B5


@contextmanager
def bare() -> Iterator[tuple[Namespace, TapDataplane]]:
    """A dataplane alone in a namespace, in which the test is."""
    with namespace() as netns, netns.entered():
        need("tun", device.missing() is None, "a kernel with tun")
        plane = TapDataplane()
        try:
            yield netns, plane
        finally:
            plane.destroy()


def run(netns: Namespace, line: str) -> str:
    """A command in a namespace, written as on a command line."""
    return netns.run(*line.split())


def link(netns: Namespace, name: str) -> dict[str, object]:
    """An interface as `ip` shows it."""
    (found,) = json.loads(netns.ip(f"-j -d -s link show {name}"))
    assert isinstance(found, dict)
    return found


def sent(netns: Namespace, name: str) -> int:
    """Packets that have left through an interface."""
    (found,) = json.loads(netns.ip(f"-j -s link show {name}"))
    return int(found["stats64"]["tx"]["packets"])


# What is carried.


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_team_carries_ipv4_and_ipv6_over_what_is_enabled(runner: str) -> None:
    with pair(runner) as both:
        for end, other in ((both.here, both.there), (both.there, both.here)):
            for host in other.hosts:
                said = ping(end.netns, host)
                # Each copy that a broadcast makes arrives, as with the kernel's driver.
                assert ("duplicates" in said) is (runner == "broadcast"), said
        for working, pulled in ((2, 1), (1, 2)):
            both.enable(working)
            both.pull(pulled)
            ping(both.here.netns, both.there.hosts[0], 10)
            both.plug(pulled)


@pytest.mark.parametrize("runner", ["roundrobin", "activebackup", "loadbalance"])
def test_a_pulled_cable_costs_what_was_under_way(runner: str) -> None:
    with pair(runner) as both:
        here, there = both.here.netns, both.there.netns
        give_addresses(there, DEVICE, "10.1", "10.1.200.200", 20)
        here.ip(f"addr add 10.1.200.201/16 dev {DEVICE}")
        acquaint(here, DEVICE, there, DEVICE, "10.1", 20)
        with traffic(here, there) as flows:
            flows.until_flowing()
            flowing = flows.now()
            both.pull(1)
            both.enable(2)
            told = flows.now()
            flows.until_flowing()
            both.plug(1)
            both.enable(1, 2)
            flows.wait(0.3)
        report = flows.report
        # An order is carried out within milliseconds, unless the machine is busy with other things.
        assert report.lost_since(told + 0.1) == 0
        assert report.lost_since(flowing) <= 20 * (told - flowing + 0.1) / 0.02
        assert report.duplicates == 0


@pytest.mark.parametrize("runner", ["roundrobin", "loadbalance", "broadcast"])
def test_frames_leave_through_what_has_carrier_before_anybody_says_so(runner: str) -> None:
    with pair(runner, 3) as both:
        here = both.here.netns
        # One after the other: of the second the kernel tells up to a second later.
        both.pull(1)
        both.pull(2)
        # Half of what the kernel may take to tell.
        end = time.monotonic() + 0.5
        command = here.command("ping", "-c", "1", "-W", "0.1", both.there.hosts[0])
        while subprocess.run(command, capture_output=True, check=False).returncode:
            assert time.monotonic() < end
        ping(here, both.there.hosts[0], 20)
        both.plug(1)
        until(lambda: carries(both, "p1"), said=lambda: "the port with its cable back is not used")


def carries(both: Pair, port: str) -> bool:
    """Whether some pings leave through a port."""
    before = sent(both.here.netns, port)
    for host in both.there.hosts:
        ping(both.here.netns, host)
    return sent(both.here.netns, port) - before >= 2


def test_roundrobin_uses_every_port_alike() -> None:
    with pair("roundrobin", 3) as both:
        before = [sent(both.here.netns, port) for port in both.here.ports]
        ping(both.here.netns, both.there.hosts[0], 30)
        after = [sent(both.here.netns, port) for port in both.here.ports]
        more = [new - old for new, old in zip(after, before, strict=True)]
        assert min(more) >= 10
        assert max(more) - min(more) < 5, more


def send_all(sock: socket.socket, octets: bytes) -> None:
    with sock:
        sock.sendall(octets)
        sock.shutdown(socket.SHUT_WR)


def bulk(sender: Namespace, receiver: Namespace, host: str) -> None:
    """Some megabytes of TCP arrive as they were sent."""
    octets = random.Random(5).randbytes(8 << 20)
    with receiver.entered():
        server = socket.create_server(("0.0.0.0", 5001))
    with server:
        server.settimeout(10)
        with sender.entered():
            client = socket.create_connection((host, 5001), timeout=10)
        taken, _ = server.accept()
        writer = threading.Thread(target=send_all, args=(client, octets))
        writer.start()
        found = hashlib.sha256()
        with taken:
            taken.settimeout(20)
            while piece := taken.recv(1 << 20):
                found.update(piece)
        writer.join()
    assert found.digest() == hashlib.sha256(octets).digest()


@pytest.mark.parametrize("runner", ["activebackup", "loadbalance"])
def test_tcp_arrives_as_it_was_sent(runner: str) -> None:
    with pair(runner) as both:
        bulk(both.here.netns, both.there.netns, both.there.hosts[0])
        bulk(both.there.netns, both.here.netns, both.here.hosts[0])


def test_tcp_crosses_in_large_pieces() -> None:
    with pair("activebackup") as both:
        before = sent(both.here.netns, "p1")
        bulk(both.here.netns, both.there.netns, both.there.hosts[0])
        # 8 MiB in frames of Ethernet would be 5,800.
        assert sent(both.here.netns, "p1") - before < 3000


def test_interfaces_that_can_do_nothing_by_themselves_get_whole_frames() -> None:
    with pair("activebackup") as both:
        both.here.netns.run(
            *["ethtool", "-K", "p1", "tx", "off", "tso", "off", "gso", "off", "sg", "off"]
        )
        both.there.netns.run(
            *[
                "ethtool",
                "-K",
                "q1",
                "tx",
                "off",
                "tso",
                "off",
                "gso",
                "off",
                "sg",
                "off",
                "gro",
                "off",
            ]
        )
        bulk(both.here.netns, both.there.netns, both.there.hosts[0])
        bulk(both.there.netns, both.here.netns, both.here.hosts[0])


def test_a_vlan_tag_stays_where_it_was() -> None:
    with pair("activebackup") as both:
        frame = both.there.address + both.here.address + ethernet(EXPERIMENT, b"x" * 50)[12:]
        both.there.enable()
        with both.here.netns.wire(DEVICE) as sender, both.there.netns.wire(DEVICE) as receiver:
            sol_packet, packet_auxdata = 263, 8
            receiver.setsockopt(sol_packet, packet_auxdata, 1)
            both.there.enable("q1")
            sender.send(tagged(0x6064, frame))
            while True:
                seen, control, _, _ = receiver.recvmsg(2048, 64)
                if seen == frame:
                    break
        ((_, _, data),) = control
        status, _, _, _, _, tci, kind = struct.unpack("=IIIHHHH", data)
        assert status & 0x50 == 0x50
        assert (tci, kind) == (0x6064, 0x8100)


# What is not carried.


def heard(sock: socket.socket, frame: bytes, last: bytes) -> bool:
    """Whether a frame comes in before the last one."""
    while (seen := sock.recv(4096)) != last:
        if seen == frame:
            return True
    return False


def test_what_is_for_the_port_stays_there() -> None:
    with pair("activebackup") as both:
        here, there = both.here, both.there
        source = bytes.fromhex("02000000aaaa")
        pdu = SLOW_PROTOCOLS_MULTICAST + source + b"\x88\x09" + b"\x01" * 110
        last = here.address + source + ethernet(EXPERIMENT, b"last" * 20)[12:]
        with here.netns.entered():
            slow = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x8809))
        with slow, here.netns.wire(DEVICE) as above, there.netns.wire("q1") as wire:
            slow.bind(("p1", 0x8809))
            slow.settimeout(5)
            wire.send(pdu)
            wire.send(last)
            assert not heard(above, pdu, last)
            # Whoever speaks LACP hears it all the same.
            assert slow.recv(2048) == pdu


def test_a_port_that_does_not_collect_hears_nothing_for_the_team() -> None:
    with pair("roundrobin") as both:
        both.here.enable("p2")
        source = bytes.fromhex("02000000aaaa")
        frame, last = (
            both.here.address + source + ethernet(EXPERIMENT, text * 20)[12:]
            for text in (b"drop", b"last")
        )
        with (
            both.here.netns.wire(DEVICE) as above,
            both.there.netns.wire("q1") as wrong,
            both.there.netns.wire("q2") as right,
        ):
            wrong.send(frame)
            right.send(last)
            assert not heard(above, frame, last)


def test_what_comes_back_on_another_port_is_dropped() -> None:
    with namespaces(2) as (here, there):
        for number in (1, 2):
            veth(here, f"p{number}", there, f"q{number}")
        # A bridge that is no partner: it sends to one port what comes in at the other.
        there.ip_batch(
            ["link add bridge type bridge", "link set bridge up"]
            + [f"link set q{number} master bridge" for number in (1, 2)]
        )
        setup = Setup(device=DEVICE, runner="roundrobin", address=address(1))
        with team(here, ["p1", "p2"], setup) as one, here.wire(DEVICE) as above:
            one.enable("p1", "p2")
            own = b"\xff" * 6 + one.address + ethernet(EXPERIMENT, b"own " * 20)[12:]
            other = b"\xff" * 6 + address(9) + ethernet(EXPERIMENT, b"last" * 20)[12:]
            sol_packet, ignore_outgoing = 263, 23
            above.setsockopt(sol_packet, ignore_outgoing, 1)
            with here.wire(DEVICE) as sender, there.wire("bridge") as wire:
                sender.send(own)
                while wire.recv(2048) != own:
                    pass
                wire.send(other)
                assert not heard(above, own, other)


@pytest.mark.parametrize("runner", ["activebackup", "roundrobin"])
def test_a_datagram_to_the_team_reaches_the_host_once(runner: str) -> None:
    with pair(runner) as both, udp(both.here.netns, 4000) as taker:
        ping(both.there.netns, both.here.hosts[0], 1)
        with udp(both.there.netns, 4001) as giver:
            giver.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for host in (both.here.hosts[0], "10.9.0.255"):
                for number in range(20):
                    giver.sendto(bytes([number]), (host, 4000))
                # One behind the others on each cable.
                for _ in both.here.ports:
                    giver.sendto(b"end", (both.here.hosts[0], 4000))
                seen: list[bytes] = []
                while seen.count(b"end") < 2:
                    seen.append(taker.recv(10))
                assert sorted(seen) == sorted([*map(bytes, zip(range(20))), b"end", b"end"])


def test_nobody_but_the_device_answers_for_its_addresses() -> None:
    with pair("activebackup") as both:
        # The port has another address meanwhile, which would tell who has answered.
        with both.here.netns.entered():
            both.here.plane.set_port_address("p1", address(77))
        both.there.netns.ip("neigh flush all")
        ping(both.there.netns, both.here.hosts[0], 1)
        neighbours = both.there.netns.ip(f"neigh show {both.here.hosts[0]}")
        assert str(both.here.address) in neighbours


# A team and a bridge.


def test_activebackup_with_a_bridge_moves_over_and_back() -> None:
    with namespaces(2) as (here, there):
        for number in (1, 2):
            veth(here, f"p{number}", there, f"q{number}")
        there.ip_batch(
            [
                "link add bridge type bridge",
                "link set q1 master bridge",
                "link set q2 master bridge",
                "addr add 10.9.0.2/24 dev bridge",
                "link set bridge up",
            ]
        )
        setup = Setup(device=DEVICE, runner="activebackup", address=address(1))
        with team(here, ["p1", "p2"], setup) as one:
            for active in ("p1", "p2", "p1"):
                one.enable(active)
                one.plane.activate(active)
                # What the host has to say moves the bridge's idea of where it is.
                said = ping(here, "10.9.0.2")
                assert "duplicates" not in said
            bulk(here, there, "10.9.0.2")


# Announcements.


def ends(frame: bytes) -> bytes:
    """Without what was added to reach the least length."""
    return frame.rstrip(b"\0")


def test_the_team_says_where_it_is_now() -> None:
    with namespaces(2) as (here, there):
        for number in (1, 2):
            veth(here, f"p{number}", there, f"q{number}")
        burst = Burst(count=3, interval=20)
        setup = Setup(device=DEVICE, runner="activebackup", address=address(1), notify_peers=burst)
        with team(here, ["p1", "p2"], setup) as one:
            for active, wire_end in (("p1", "q1"), ("p2", "q2")):
                with there.wire(wire_end) as wire:
                    one.enable(active)
                    one.plane.activate(active)
                    wanted = [
                        announce.arp(one.address, socket.inet_aton(one.hosts[0])),
                        announce.advertisement(
                            one.address, socket.inet_pton(socket.AF_INET6, one.hosts[1])
                        ),
                    ]
                    seen: list[bytes] = []
                    while any(seen.count(ends(frame)) < 3 for frame in wanted):
                        seen.append(ends(wire.recv(2048)))
                    # And no more than that, before something that comes later.
                    with here.wire(DEVICE) as sender:
                        last = b"\xff" * 6 + one.address + ethernet(EXPERIMENT, b"last" * 20)[12:]
                        sender.send(last)
                    while (frame := wire.recv(2048)) != last:
                        assert ends(frame) not in [ends(each) for each in wanted]


def test_the_hosts_behind_the_team_say_again_what_they_want_to_hear() -> None:
    group, report = socket.inet_aton("239.1.2.3"), socket.inet_aton("224.0.0.22")
    with namespaces(2) as (here, there), udp(here, 4000) as member:
        veth(here, "p1", there, "q1")
        setup = Setup(
            device=DEVICE,
            runner="activebackup",
            address=address(1),
            mcast_rejoin=Burst(count=1),
        )
        with team(here, ["p1"], setup) as one, here.wire(DEVICE) as above, there.wire("q1") as wire:
            # What the kernel says by itself, it says at once, and twice.
            here.run(
                "sh",
                "-c",
                f"echo 1 > /proc/sys/net/ipv4/conf/{DEVICE}/igmpv3_unsolicited_report_interval",
            )
            index = link(here, DEVICE)["ifindex"]
            request = struct.pack("=4s4si", group, bytes(4), index)
            member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
            for _ in range(2):
                while above.recv(2048)[30:34] != report:
                    pass
            one.enable("p1")
            one.plane.activate("p1")
            while (frame := wire.recv(2048))[30:34] != report or group not in frame:
                pass


# Hashes.


def test_loads_are_told_and_a_hash_goes_where_it_is_mapped() -> None:
    with pair("loadbalance", balancing=0.1) as both:
        here = both.here

        def loads(news: list[PlaneNews]) -> dict[int, int]:
            return next((one.octets for one in news[::-1] if isinstance(one, Loads)), {})

        ping(here.netns, both.there.hosts[0], 20)
        # 20 frames of 98 octets.
        octets = loads(here.until(lambda news: max(loads(news).values(), default=0) >= 20 * 98))
        busiest = max(octets, key=lambda hash: octets[hash])
        for port in ("p1", "p2", "p1"):
            here.plane.map_hash(busiest, port)
            here.read()
            # Taken to heart when it reports again.
            here.until(lambda news: bool(loads(news)))
            before = sent(here.netns, port)
            ping(here.netns, both.there.hosts[0], 20)
            assert sent(here.netns, port) - before >= 20


def test_other_fragments_take_effect_while_frames_flow() -> None:
    with pair("loadbalance") as both, udp(both.here.netns, 0) as giver:
        here, setup = both.here, Setup(device=DEVICE, runner="loadbalance")

        def used() -> list[str]:
            before = [sent(here.netns, port) for port in here.ports]
            for port in range(64):
                giver.sendto(b"x", (both.there.hosts[0], 5000 + port))
            # Frames before it have been moved when this one is answered.
            ping(here.netns, both.there.hosts[0], 1)
            after = [sent(here.netns, port) for port in here.ports]
            more = zip(here.ports, before, after, strict=True)
            return [port for port, old, new in more if new - old > 10]

        assert used() == ["p1", "p2"]
        here.plane.configure(replace(setup, tx_hash=("eth",)))
        assert len(used()) == 1
        here.plane.configure(replace(setup, tx_hash=("l4",)))
        assert used() == ["p1", "p2"]


# The device and its ports.


def test_the_device_shows_carrier_and_address() -> None:
    with pair("activebackup") as both:
        here = both.here
        assert link(here.netns, DEVICE)["address"] == str(here.address)
        for carrier in (False, True):
            here.plane.set_carrier(carrier)
            assert ("NO-CARRIER" in here.netns.ip(f"link show {DEVICE}")) is not carrier
        here.plane.set_address(address(50))
        assert link(here.netns, DEVICE)["address"] == str(address(50))
        assert here.plane.address == address(50)
        both.there.netns.ip("neigh flush all")
        ping(both.there.netns, here.hosts[0])


def test_it_is_told_what_others_did_to_the_device() -> None:
    with pair("activebackup") as both:
        here = both.here
        here.until(lambda news: DeviceChanged(True, here.address) in news)
        here.netns.ip(f"link set {DEVICE} address {address(60)}")
        here.until(lambda news: DeviceChanged(True, address(60)) in news)
        assert here.plane.address == address(60)
        here.netns.ip(f"link set {DEVICE} down")
        here.until(lambda news: DeviceChanged(False, address(60)) in news)
        here.netns.ip(f"link del {DEVICE}")
        here.until(lambda news: DeviceGone() in news)


def test_the_first_news_is_what_the_device_is_like() -> None:
    with bare() as (_, plane):
        plane.create(Setup(device=DEVICE, runner="random", address=address(1)))
        assert plane.read()[0] == DeviceChanged(False, address(1))


def test_ports_that_others_take_or_remove_have_left() -> None:
    with pair("roundrobin", 3) as both:
        here = both.here
        here.netns.ip("link add other type bridge")
        here.netns.ip("link set p1 master other")
        here.until(lambda news: PortLeft("p1") in news)
        here.netns.ip("link del p2")
        here.until(lambda news: PortLeft("p2", gone=True) in news)
        here.netns.ip("link set p3 down")
        here.netns.ip("link set p3 name p4")
        here.until(lambda news: PortLeft("p3", gone=True) in news)
        assert here.plane.ports() == []
        here.netns.ip("link set p1 nomaster")
        here.add("p1")
        here.plane.enable_port("p1", True, True)
        both.there.enable("q1")
        ping(here.netns, both.there.hosts[0])


def test_ports_have_the_mtu_of_the_device_and_get_their_own_back() -> None:
    with pair("activebackup") as both:
        here = both.here
        both.there.netns.ip(f"link set {DEVICE} mtu 9000")
        both.there.until(lambda _: link(both.there.netns, "q1")["mtu"] == 9000)
        here.netns.ip(f"link set {DEVICE} mtu 9000")
        here.until(lambda _: link(here.netns, "p1")["mtu"] == 9000)
        here.netns.run("ping", "-c1", "-W5", "-Mdo", "-s8000", both.there.hosts[0])
        here.remove("p1")
        assert link(here.netns, "p1")["mtu"] == 1500


def test_an_interface_that_keeps_its_address_is_as_good_a_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str, wanted: Mac) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    # As drivers do that cannot change it while the interface is up.
    monkeypatch.setattr(ioctls, "set_address", refuse)
    with pair("roundrobin") as both:
        assert link(both.here.netns, "p1")["address"] != str(both.here.address)
        ping(both.here.netns, both.there.hosts[0])


def test_a_port_is_given_back_as_it_was() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        here.ip("link set p1 down")
        settings = [
            f"/proc/sys/net/{path}"
            for path in ("ipv4/conf/p1/arp_ignore", "ipv6/conf/p1/disable_ipv6")
        ]
        here.run("sh", "-c", f"echo 0 > {settings[1]}")

        def state() -> tuple[object, ...]:
            seen = link(here, "p1")
            return (
                *(seen[key] for key in ("address", "mtu", "promiscuity")),
                "UP" in str(seen["flags"]),
                here.run("tc", "qdisc", "show", "dev", "p1"),
                *(here.run("cat", path) for path in settings),
            )

        before = state()
        setup = Setup(device=DEVICE, runner="activebackup", address=address(1))
        with team(here, ["p1"], setup) as one:
            assert state() != before
            assert link(here, "p1")["address"] == str(address(1))
            one.remove("p1")
            assert state() == before
            one.add("p1")
        assert state() == before


def test_what_a_crash_has_left_is_taken_up() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        with here.entered():
            index = socket.if_nametoindex("p1")
            _, before = seclusion.seclude("p1", index, down=False)
            after, again = seclusion.seclude("p1", index, down=False)
            assert before is None
            assert again is None
            assert len(run(here, "tc filter show dev p1 ingress").splitlines()) == 2
            assert seclusion.reveal(after) == []
            assert run(here, "tc filter show dev p1 ingress") == ""


def test_filters_of_others_stay() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        run(here, "tc qdisc add dev p1 clsact")
        place = ["dev", "p1", "ingress", "pref", "1", "protocol", "ip"]
        here.run("tc", "filter", "add", *place, "bpf", "bytecode", "1,6 0 0 4294967295")
        before = run(here, "tc filter show dev p1 ingress")
        assert "bytecode" in before
        setup = Setup(device=DEVICE, runner="activebackup", address=address(1))
        with team(here, ["p1"], setup):
            assert run(here, "tc filter show dev p1 ingress").count("bytecode") == 2
        assert run(here, "tc filter show dev p1 ingress") == before


# What is refused.


def test_what_cannot_be_a_port_is_refused_with_the_reason() -> None:
    with pair("activebackup") as both:
        netns = both.here.netns
        netns.ip("link add b1 type bridge")
        netns.ip("link add v1 type veth peer name v2")
        netns.ip("link set v1 master b1")
        for name, reason in {
            "v1": "v1: belongs to b1: free it first (ip link set v1 nomaster)",
            "nothing": "nothing: no such interface",
            "lo": "lo: cannot be a port of team0",
            DEVICE: "team0: cannot be a port of team0",
        }.items():
            with netns.entered(), pytest.raises(BackendError) as caught:
                both.here.plane.add_port(name, PortSetup())
            assert str(caught.value) == reason
        assert both.here.plane.ports() == ["p1", "p2"]


def test_a_device_that_exists_is_neither_taken_nor_removed_unasked() -> None:
    with bare() as (netns, plane):
        netns.ip(f"link add {DEVICE} type veth peer name other")
        setup = Setup(device=DEVICE, runner="random", address=address(1))
        with pytest.raises(BackendError, match="exists already: -o takes it over, -r makes it"):
            plane.create(setup)
        with pytest.raises(BackendError, match="no TAP device of ours"):
            plane.create(Setup(device=DEVICE, runner="random", take_over=True))
        anew = Setup(device=DEVICE, runner="random", address=address(1), recreate=True)
        with pytest.raises(BackendError, match="team0: found a veth device, expected a TAP device"):
            plane.create(anew)
        netns.ip("link del other")
        netns.ip(f"tuntap add dev {DEVICE} mode tap")
        plane.create(anew)
        assert plane.address == address(1)


def test_a_device_that_is_kept_can_be_taken_over() -> None:
    with bare() as (netns, plane):
        plane.create(Setup(device=DEVICE, runner="activebackup", address=address(1)))
        netns.ip("link add p1 type veth peer name q1")
        plane.add_port("p1", PortSetup())
        before = link(netns, DEVICE)["ifindex"]
        netns.ip(f"addr add 10.9.0.1/24 dev {DEVICE}")
        plane.destroy(keep=True)
        assert link(netns, DEVICE)["ifindex"] == before
        plane.create(Setup(device=DEVICE, runner="activebackup", take_over=True))
        assert plane.ports() == []
        assert plane.address == address(1)
        assert "10.9.0.1" in netns.ip(f"addr show {DEVICE}")
        plane.destroy()
        assert DEVICE not in netns.ip("link show")


def test_a_queue_is_said_to_have_no_effect() -> None:
    with bare() as (netns, plane):
        netns.ip("link add p1 type veth peer name q1")
        plane.create(Setup(device=DEVICE, runner="activebackup", address=address(1)))
        plane.add_port("p1", PortSetup(queue_id=3))
        assert any(isinstance(one, Trouble) and "queue_id 3" in one.text for one in plane.read())


# The process.


def test_frames_go_on_when_the_process_that_moves_them_was_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mover, "_LIFE", 0.0)
    with pair("loadbalance", balancing=0.1) as both:
        here = both.here
        ping(here.netns, both.there.hosts[0])
        first = here.plane.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        news = here.until(lambda news: any(isinstance(one, Trouble) for one in news))
        (said,) = (one.text for one in news if isinstance(one, Trouble))
        assert said == (
            f"the process that moves frames (pid {first}) has ended with signal 9: "
            "another one was started"
        )
        assert here.plane.pid != first
        ping(here.netns, both.there.hosts[0])


def test_a_process_that_cannot_live_is_given_up() -> None:
    with pair("activebackup") as both:
        assert both.here.plane.pid is not None
        os.kill(both.here.plane.pid, signal.SIGKILL)
        news = both.here.until(lambda news: DeviceGone() in news)
        assert any(isinstance(one, Trouble) and "giving up" in one.text for one in news)


_DAEMON = """
import sys, time
from lacp.address import Mac
from lacp.dataplane.base import PortSetup, Setup
from lacp.dataplane.tap.plane import TapDataplane
plane = TapDataplane()
plane.create(Setup(device="team0", runner="activebackup", address=Mac.parse("02:00:00:00:00:01")))
plane.add_port("p1", PortSetup())
plane.set_port_address("p1", Mac.parse("02:00:00:00:00:01"))
plane.enable_port("p1", True, True)
print(plane.pid, flush=True)
time.sleep(60)
"""


def test_nothing_is_left_behind_by_a_daemon_that_was_killed() -> None:
    with namespaces(2) as (here, there):
        veth(here, "p1", there, "q1")
        before = link(here, "p1")["address"], here.run("tc", "qdisc", "show", "dev", "p1")
        process = subprocess.Popen(
            here.command(sys.executable, "-c", _DAEMON),
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        try:
            assert process.stdout is not None
            worker = int(process.stdout.readline())
            assert link(here, "p1")["address"] != before[0]
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        until(lambda: not Path(f"/proc/{worker}").exists(), said=lambda: "the process lives on")
        assert DEVICE not in here.ip("link show")
        assert (link(here, "p1")["address"], here.run("tc", "qdisc", "show", "dev", "p1")) == before
        assert here.run("cat", "/proc/sys/net/ipv4/conf/p1/arp_ignore").strip() == "0"

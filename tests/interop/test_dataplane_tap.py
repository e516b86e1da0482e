"""The TAP dataplane: what it carries, and what it does not."""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from dataclasses import replace

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.dataplane.base import (
    Burst,
    Loads,
    PlaneNews,
    Setup,
)
from lacp.dataplane.tap import announce
from tests.frames import ethernet, tagged
from tests.interop.netns import namespaces, veth
from tests.interop.taps import DEVICE, Pair, address, bulk, link, pair, ping, sent, team, udp
from tests.interop.traffic import acquaint, traffic
from tests.interop.traffic import address as give_addresses
from tests.waiting import until

RUNNERS = ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp")
#: An EtherType for experiments (802, 9.2.4).
EXPERIMENT = 0x88B5


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


def test_the_balancer_comes_and_goes_while_frames_flow() -> None:
    with pair("loadbalance") as both:
        here, setup = both.here, Setup(device=DEVICE, runner="loadbalance")

        def told(news: list[PlaneNews]) -> bool:
            return any(isinstance(one, Loads) and one.octets for one in news)

        for interval in (0.05, 0.1):
            here.plane.configure(replace(setup, balancing=interval))
            # What was counted before nobody wanted to know goes for nothing.
            ping(here.netns, both.there.hosts[0], 1)
            here.until(told)
            here.plane.map_hash(7, "p2")
            here.plane.configure(setup)
            ping(here.netns, both.there.hosts[0], 1)
            here.read()
        ping(here.netns, both.there.hosts[0], 3)
        assert not told(here.read())

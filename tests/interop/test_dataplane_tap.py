"""The TAP dataplane: what it carries."""

from __future__ import annotations

import struct
import subprocess
import time
from dataclasses import replace

import pytest

from lacp.dataplane.base import Loads, PlaneNews, Setup
from tests.frames import ethernet, tagged
from tests.interop.taps import DEVICE, EXPERIMENT, Pair, bulk, pair, ping, sent, udp
from tests.interop.traffic import acquaint, traffic
from tests.interop.traffic import address as give_addresses
from tests.waiting import until

RUNNERS = ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp")


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

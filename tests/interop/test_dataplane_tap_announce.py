"""The TAP dataplane: what a bridge learns when it moves over."""

from __future__ import annotations

import socket
import struct

from lacp.dataplane.base import Burst, Setup
from lacp.dataplane.tap import announce
from tests.frames import ethernet
from tests.interop.netns import namespaces, veth
from tests.interop.taps import DEVICE, EXPERIMENT, address, bulk, link, ping, team, udp

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

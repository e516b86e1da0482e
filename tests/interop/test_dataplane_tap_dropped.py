"""The TAP dataplane: what it does not carry."""

from __future__ import annotations

import socket

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.dataplane.base import Setup
from tests.frames import ethernet
from tests.interop.netns import namespaces, veth
from tests.interop.taps import DEVICE, EXPERIMENT, address, pair, ping, team, udp


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

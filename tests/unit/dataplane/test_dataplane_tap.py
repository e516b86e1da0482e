"""The parts of the dataplane `tap` that need no kernel: ways of frames, filters, messages."""

from __future__ import annotations

import random
import socket
import struct
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.dataplane.base import Burst, PortSetup
from lacp.dataplane.seclusion import Seclusion
from lacp.dataplane.tap.carriers import carrier
from lacp.dataplane.tap.orders import Orders, PortOrder, Report, channel, receive, send
from lacp.dataplane.tap.plane import TapDataplane
from lacp.dataplane.tap.sockets import admit
from lacp.dataplane.tap.ways import Send, all_of, by_chance, by_hash, hasher, in_turn
from lacp.dataplane.tap.worker import with_tag
from lacp.errors import UsageError
from lacp.txhash import fold, tx_hash
from tests.bpf import interpret
from tests.frames import SOURCE, TARGET, ipv4, ipv6, tagged

VNET = bytes(10)
OWN = Mac.parse("02:00:00:00:00:0a")


def sends(count: int) -> list[Send]:
    """So many ports, each another function."""

    def port(number: int) -> Send:
        return lambda frame: number

    return [port(number) for number in range(count)]


def numbers(ways: Sequence[Send]) -> list[object]:
    return [send(b"") for send in ways]


# Ways.


def test_broadcast_goes_through_each_port() -> None:
    assert numbers(all_of(sends(3))(b"")) == [0, 1, 2]


def test_roundrobin_goes_through_one_after_the_other() -> None:
    ways = in_turn(sends(3))
    assert [numbers(ways(b"")) for _ in range(5)] == [[0], [1], [2], [0], [1]]


def test_random_goes_through_all_of_them_in_the_long_run() -> None:
    ways = by_chance(sends(3), random.Random(4))
    seen = Counter(n for _ in range(300) for n in numbers(ways(b"")))
    assert sum(seen.values()) == 300
    assert min(seen.values()) > 60


@pytest.mark.parametrize("make", [all_of, in_turn, lambda p: by_hash(["eth"], p, {}, None)])
def test_without_ports_frames_go_nowhere(make: object) -> None:
    assert callable(make)
    assert list(make([])(VNET + ipv4())) == []


def test_a_hash_selects_among_the_ports_as_the_kernel_does() -> None:
    ways = by_hash(["l3", "l4"], sends(3), {}, None)
    for n in range(50):
        frame = ipv4(ports=(n, 80))
        expected = fold(tx_hash(["l3", "l4"], frame, None)) % 3
        assert numbers(ways(VNET + frame)) == [expected]


def test_a_mapped_hash_goes_where_it_is_mapped() -> None:
    frame = ipv4()
    hash = fold(tx_hash(["l3"], frame, None))
    other = sends(4)[3]
    ways = by_hash(["l3"], sends(3), {hash: other}, None)
    assert numbers(ways(VNET + frame)) == [3]


def test_loads_are_octets_of_frames_by_hash_also_with_one_port() -> None:
    loads = [0] * 256
    ways = by_hash(["l3"], sends(1), {}, loads)
    for frame in (ipv4(), ipv4(payload=bytes(1000)), ipv6()):
        ways(VNET + frame)
    expected = [0] * 256
    for frame in (ipv4(), ipv4(payload=bytes(1000)), ipv6()):
        expected[fold(tx_hash(["l3"], frame, None))] += len(frame)
    assert loads == expected


frames = st.one_of(
    st.builds(
        ipv4,
        source=st.sampled_from(["10.0.0.1", "10.0.0.2"]),
        protocol=st.sampled_from([6, 17, 47]),
        ports=st.sampled_from([(1, 2), (1, 3)]),
        fragment=st.sampled_from([0, 0x4000, 0x2000, 5]),
        options=st.sampled_from([b"", bytes(4)]),
    ),
    st.builds(
        ipv6,
        source=st.sampled_from(["2001:db8::1", "2001:db8::2"]),
        protocol=st.sampled_from([6, 17, 44]),
        ports=st.sampled_from([(1, 2), (1, 3)]),
    ),
).flatmap(
    lambda frame: st.one_of(
        st.just(frame),
        st.just(tagged(5, frame)),
        st.integers(0, len(frame)).map(lambda end: frame[:end]),
    )
)


@given(st.sampled_from([["eth"], ["l3"], ["l3", "l4"], ["eth", "vlan", "l4"]]), st.lists(frames))
def test_what_is_remembered_of_a_flow_is_its_hash(fragments: list[str], seen: list[bytes]) -> None:
    hashed = hasher(fragments)
    for frame in seen:
        assert hashed(VNET + frame) == fold(tx_hash(fragments, frame, None))


# Filters.


@pytest.mark.parametrize("has_tag", [False, True])
def test_each_socket_hears_what_is_for_it(has_tag: bool) -> None:
    tci = 5 if has_tag else None
    assert interpret(admit(OWN, has_tag), ipv4(), tci) > 0xFFFF
    assert interpret(admit(OWN, not has_tag), ipv4(), tci) == 0


@pytest.mark.parametrize("last", range(16))
def test_what_is_for_the_port_is_not_for_the_team(last: int) -> None:
    frame = bytes.fromhex("0180c20000") + bytes([last]) + SOURCE + b"\x88\x09" + bytes(110)
    assert interpret(admit(OWN, False), frame, None) == 0


@pytest.mark.parametrize("target", ["0180c2000010", "0180c2000100", "0180c3000002", "ffffffffffff"])
def test_other_groups_are_for_the_team(target: str) -> None:
    frame = bytes.fromhex(target) + SOURCE + b"\x08\x00" + bytes(46)
    assert interpret(admit(OWN, False), frame, None)


def test_what_comes_back_is_refused() -> None:
    assert interpret(admit(OWN, False), TARGET + OWN + b"\x08\x00" + bytes(46), None) == 0
    for other in ("02000000000b", "03000000000a"):
        frame = TARGET + bytes.fromhex(other) + b"\x08\x00" + bytes(46)
        assert interpret(admit(OWN, False), frame, None)


# A tag put back.


def test_a_tag_is_put_back_and_offsets_move_with_it() -> None:
    # needs_csum, TCPv4, 54 octets of headers, MSS, checksum from 34, at 16.
    header = struct.pack("=BBHHHH", 1, 1, 54, 1448, 34, 16)
    moved = struct.pack("=BBHHHH", 1, 1, 58, 1448, 38, 16)
    assert with_tag(header + ipv4(), 0x8100, 0x6005) == moved + tagged(0x6005, ipv4())


def test_a_whole_frame_has_no_offsets_to_move() -> None:
    assert with_tag(VNET + ipv4(), 0x88A8, 5) == VNET + tagged(5, ipv4(), 0x88A8)


# Messages.

_ORDERS = Orders(
    device="team0",
    runner="lacp",
    fragments=("l3", "l4"),
    balancing=0.5,
    ports=(
        PortOrder(1, "a.b", True, Seclusion("a.b", 7, {"x": "0"}, filter=True, mtu=1500)),
        PortOrder(2, "c d", False, Seclusion("c d", 8, address="02:00:00:00:00:01")),
    ),
    active=2,
    mapping={0: 1, 255: 2},
    notify_peers=Burst(count=3, interval=20),
)


def test_orders_arrive_as_they_were_sent() -> None:
    here, there = channel()
    with here, there:
        send(here, _ORDERS, ())
        send(here, _ORDERS, (here, there))
        assert receive(there) == (_ORDERS, [])
        orders, descriptors = receive(there)
        assert orders == _ORDERS
        assert len(descriptors) == 2
        for descriptor in descriptors:
            type(here)(fileno=descriptor).close()


def test_the_end_of_the_daemon_is_heard() -> None:
    here, there = channel()
    with there:
        here.close()
        assert receive(there) == (None, [])


def test_reports_arrive_as_they_were_sent() -> None:
    for report in (Report(loads={0: 5, 255: 1 << 40}), Report(trouble="p1: 3 frames lost")):
        assert Report.decode(report.encode()) == report


# Without a device.


def test_a_dataplane_without_a_device_says_so() -> None:
    plane = TapDataplane()
    assert plane.ports() == []
    assert plane.address is None
    assert plane.pid is None
    plane.destroy()
    calls: list[Callable[[], object]] = [
        plane.read,
        plane.filenos,
        lambda: plane.set_carrier(True),
        lambda: plane.set_address(OWN),
        lambda: plane.add_port("p1", PortSetup()),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="there is no device"):
            call()


def test_a_port_that_was_not_added_is_a_mistake_of_the_caller() -> None:
    plane = TapDataplane()
    calls: list[Callable[[], object]] = [
        lambda: plane.remove_port("p1"),
        lambda: plane.activate("p1"),
        lambda: plane.enable_port("p1", True, True),
        lambda: plane.map_hash(0, "p1"),
        lambda: plane.set_verdict("p1", True),
        lambda: plane.set_port_address("p1", None),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="no port p1, there are none"):
            call()


# Carrier.


def test_an_interface_that_cannot_say_is_believed_to_have_carrier() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        assert carrier(any_socket, "no-such-device")

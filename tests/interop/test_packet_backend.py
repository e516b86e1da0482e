"""Real interfaces: AF_PACKET and rtnetlink on veth pairs in namespaces of our own."""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from lacp.address import Mac
from lacp.backends import packet
from lacp.backends.base import BATCH, Backend, FrameLost, FrameReceived, LinkNews, News, Overrun
from lacp.backends.packet import PacketBackend
from lacp.backends.taps import SNAP
from lacp.errors import BackendError, UsageError
from lacp.link import DOWN, Duplex, Link
from lacp.netlink import sockets
from lacp.netlink.codec import HEADER, IFINFO, Interface
from lacp.netlink.ethtool import speed_and_duplex
from lacp.netlink.news import Gone, LinkSocket, read_event
from lacp.netlink.sockets import Lost
from tests.interop.netns import Namespace, namespace, namespaces, veth
from tests.lab import need_netns

pytestmark = pytest.mark.netns

ROOT = Path(__file__).parents[2]
SLOW = bytes.fromhex("0180c2000002")
OURS = bytes.fromhex("020000000001")


def frame(
    payload: bytes = b"\x01\x01", *, to: bytes = SLOW, ethertype: int = 0x8809, size: int = 124
) -> bytes:
    return (to + OURS + ethertype.to_bytes(2, "big") + payload).ljust(size, b"\0")


def tagged(vlan: int, ethertype: int = 0x8809) -> bytes:
    return frame(vlan.to_bytes(2, "big") + ethertype.to_bytes(2, "big") + b"\1\1", ethertype=0x8100)


class Reader:
    """A backend and all that it has said so far."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.news: list[News] = []

    def until(self, done: Callable[[], bool], seconds: float = 10) -> None:
        """Read until `done`; it is the test's failure when that does not come in time."""
        end = time.monotonic() + seconds
        self.news += self.backend.read()
        while not done():
            left = end - time.monotonic()
            assert left > 0, f"only this was read: {self.news}"
            select.select(self.backend.filenos(), [], [], left)
            self.news += self.backend.read()

    @property
    def frames(self) -> list[FrameReceived]:
        return [one for one in self.news if isinstance(one, FrameReceived)]

    def links(self, port: str) -> list[Link]:
        return [one.link for one in self.news if isinstance(one, LinkNews) and one.port == port]

    def link(self, port: str) -> Link:
        """The link as last told; down before the first news of it."""
        return (self.links(port) or [DOWN])[-1]


class World:
    """Two namespaces, backends in the first one, all gone when the test is over."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.here, self.there = stack.enter_context(namespaces(2))

    def cable(self, port: str) -> None:
        """A veth pair with the same name on both sides."""
        veth(self.here, port, self.there, port)

    def wire(self, port: str) -> socket.socket:
        """The far end of a cable."""
        return self._stack.enter_context(self.there.wire(port))

    def reader(self, *ports: str) -> Reader:
        """A backend with these ports, all of them up and told."""
        with self.here.entered():
            backend = self._stack.enter_context(PacketBackend())
            for port in ports:
                backend.add(port)
        reader = Reader(backend)
        reader.until(lambda: all(reader.link(port).up for port in ports))
        return reader


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack)


def heard(wire: socket.socket) -> bytes:
    """The next slow-protocol frame at the far end, received there and not sent from there."""
    while True:
        octets, address = wire.recvfrom(4096)
        if address[1] == 0x8809 and address[2] != socket.PACKET_OUTGOING:
            return octets


def interface(namespace: Namespace, name: str) -> dict[str, Any]:
    """What `ip link show` says of an interface."""
    found: list[dict[str, Any]] = json.loads(namespace.ip(f"-json link show {name}"))
    return found[0]


def address_of(namespace: Namespace, port: str) -> Mac:
    return Mac.parse(interface(namespace, port)["address"])


# Frames


def test_frames_pass_in_both_directions(world: World) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    wire.send(frame(b"\x01in"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e0", frame(b"\x01in"))]
    assert reader.backend.send("e0", frame(b"\x01out"))
    assert heard(wire) == frame(b"\x01out")
    assert reader.backend.failure("e0") == ""


def test_only_slow_protocols_are_copied_up(world: World) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    wire.send(frame(ethertype=0x0800))
    wire.send(frame(to=b"\xff" * 6, ethertype=0x0806))
    wire.send(frame(to=bytes.fromhex("0180c200000e"), ethertype=0x88CC))
    wire.send(frame(to=bytes.fromhex("02deadbeef00")))
    # What we send ourselves is not heard either.
    reader.backend.send("e0", frame(b"\x01own"))
    wire.send(frame(b"\x01end"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e0", frame(b"\x01end"))]
    assert not any(isinstance(one, FrameLost) for one in reader.news)


def test_a_tagged_frame_is_counted_and_not_accepted(world: World) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    wire.send(tagged(5))
    wire.send(tagged(5, ethertype=0x0800))
    wire.send(frame(b"\x01end"))
    reader.until(lambda: bool(reader.frames))
    assert reader.news[-2:] == [
        FrameLost("e0", "tagged"),
        FrameReceived("e0", frame(b"\x01end")),
    ]


def test_an_oversized_frame_is_counted_and_not_accepted(world: World) -> None:
    world.cable("e0")
    for side in (world.here, world.there):
        side.ip("link set e0 mtu 4000")
    reader, wire = world.reader("e0"), world.wire("e0")
    wire.send(frame(size=SNAP))
    wire.send(frame(size=SNAP - 1))
    reader.until(lambda: bool(reader.frames))
    assert reader.news[-2:] == [
        FrameLost("e0", "oversized"),
        FrameReceived("e0", frame(size=SNAP - 1)),
    ]


def test_frames_of_other_interfaces_are_ignored(world: World) -> None:
    world.cable("e0")
    world.cable("e1")
    reader = world.reader("e0")
    # The group is joined on e1 by someone else, so its frames do reach the stack.
    world.here.ip("maddr add 01:80:c2:00:00:02 dev e1")
    world.wire("e1").send(frame(b"\x01other"))
    world.wire("e0").send(frame(b"\x01end"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e0", frame(b"\x01end"))]


def test_the_group_is_joined_while_the_interface_is_a_port(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    assert "01:80:c2:00:00:02" in world.here.ip("maddr show dev e0")
    reader.backend.remove("e0")
    assert "01:80:c2:00:00:02" not in world.here.ip("maddr show dev e0")
    world.wire("e0").send(frame())
    assert reader.backend.read() == []


def test_a_flood_is_read_in_bounded_pieces_and_its_losses_are_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECEIVE_BUFFER", 200_000)
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    for _ in range(BATCH * 8):
        wire.send(frame(b"\xff"))
    largest = 0
    got = 0
    lost: list[str] = []
    while select.select(reader.backend.filenos(), [], [], 0.5)[0]:
        news = reader.backend.read()
        largest = max(largest, len(news))
        got += sum(isinstance(one, FrameReceived) for one in news)
        lost += [one.detail for one in news if isinstance(one, Overrun)]
    assert largest <= BATCH + 1
    assert got < BATCH * 8
    assert sum(int(one.split()[1]) for one in lost) == BATCH * 8 - got


def test_a_muted_port_is_not_heard_and_the_others_are(world: World) -> None:
    for port in ("e0", "e1", "e2"):
        world.cable(port)
    reader = world.reader("e0", "e1", "e2")
    wires = {port: world.wire(port) for port in ("e0", "e1", "e2")}
    # One has a socket of its own, the other shares one.
    world.here.ip("link add br0 type bridge")
    world.here.ip("link set e2 master br0")
    packets = cast("PacketBackend", reader.backend)
    with world.here.entered():
        reader.until(lambda: packets._ports["e2"].own is not None)
    for port in ("e0", "e2"):
        reader.backend.mute(port, True)
        wires[port].send(frame(b"\x01no"))
    wires["e1"].send(frame(b"\x01yes"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e1", frame(b"\x01yes"))]
    # It is muted still when its interface comes again; its link is told all the same.
    world.here.ip("link del e0")
    reader.until(lambda: not reader.link("e0").up)
    world.cable("e0")
    reader.until(lambda: reader.link("e0").up)
    wires["e0"] = world.wire("e0")
    wires["e0"].send(frame(b"\x01no"))
    for port in ("e0", "e2"):
        reader.backend.mute(port, False)
        wires[port].send(frame(b"\x01back"))
    reader.until(lambda: len(reader.frames) == 3)
    assert {one.frame for one in reader.frames[1:]} == {frame(b"\x01back")}


def test_a_port_below_a_bridge_still_hears_its_frames_once(world: World) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    world.here.ip("link add br0 type bridge")
    world.here.ip("link set br0 up")
    reader.until(lambda: reader.link("e0").up)
    world.here.ip("link set e0 master br0")
    reader.backend.read()
    wire.send(frame(b"\x01one"))
    wire.send(frame(b"\x01two"))
    reader.until(lambda: len(reader.frames) >= 2)
    world.here.ip("link set e0 nomaster")
    # A bridge tells of the port's leaving in a message that looks like a removal.
    reader.backend.read()
    wire.send(frame(b"\x01end"))
    reader.until(lambda: reader.frames[-1].frame == frame(b"\x01end"))
    assert [one.frame[15:18] for one in reader.frames] == [b"one", b"two", b"end"]
    assert reader.link("e0").up


# Links


def test_the_first_news_says_all_of_a_link(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    assert reader.link("e0") == Link(True, 10_000, Duplex.FULL, address_of(world.here, "e0"))


def test_an_unknown_interface_is_down_until_it_appears(world: World) -> None:
    with world.here.entered(), PacketBackend() as backend:
        backend.add("e0")
        reader = Reader(backend)
        reader.until(lambda: reader.links("e0") == [DOWN])
        assert not backend.send("e0", frame())
        assert backend.failure("e0") == "ENODEV"
        world.cable("e0")
        reader.until(lambda: reader.link("e0").up)
        world.wire("e0").send(frame())
        reader.until(lambda: bool(reader.frames))


def test_carrier_is_lost_and_returns(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    world.there.ip("link set e0 down")
    reader.until(lambda: not reader.link("e0").up)
    assert reader.link("e0") == Link(address=address_of(world.here, "e0"))
    assert not reader.backend.send("e0", frame())
    assert reader.backend.failure("e0") == "ENETDOWN"
    world.there.ip("link set e0 up")
    reader.until(lambda: reader.link("e0").up)
    assert reader.link("e0").speed == 10_000
    assert reader.backend.send("e0", frame())


def test_admin_down_and_up(world: World) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    world.here.ip("link set e0 down")
    reader.until(lambda: not reader.link("e0").up)
    assert not reader.backend.send("e0", frame())
    world.here.ip("link set e0 up")
    reader.until(lambda: reader.link("e0").up)
    wire.send(frame())
    reader.until(lambda: bool(reader.frames))


def test_the_kernel_refuses_before_the_link_news_are_read(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    world.here.ip("link set e0 down")
    assert not reader.backend.send("e0", frame())
    assert reader.backend.failure("e0") == "ENETDOWN"
    world.here.ip("link del e0")
    assert not reader.backend.send("e0", frame())
    assert reader.backend.failure("e0") == "ENODEV"


def test_a_frame_larger_than_the_interface_takes_is_not_sent(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    assert not reader.backend.send("e0", frame(size=5000))
    assert reader.backend.failure("e0") == "EMSGSIZE"


def test_a_flap_that_was_over_before_it_was_read_is_told(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    told = len(reader.links("e0"))
    world.there.ip("link set e0 down")
    world.there.ip("link set e0 up")
    reader.until(lambda: len(reader.links("e0")) >= told + 2 and reader.link("e0").up)
    assert not all(link.up for link in reader.links("e0")[told:])


def test_a_new_address_is_told_without_a_flap(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    world.here.ip("link set e0 address 02:00:00:00:00:77")
    reader.until(lambda: reader.link("e0").address == Mac.parse("02:00:00:00:00:77"))
    assert all(link.up for link in reader.links("e0"))


def test_a_new_mtu_is_no_news(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    world.here.ip("link set e0 mtu 1400")
    assert reader.backend.read() == []


def test_a_rename_away_is_down_and_back_is_up(world: World) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    world.here.ip("link set e0 name x0")
    reader.until(lambda: reader.link("e0") == DOWN)
    assert "01:80:c2:00:00:02" not in world.here.ip("maddr show dev x0")
    wire.send(frame(b"\x01away"))
    assert select.select(reader.backend.filenos(), [], [], 5)[0]
    assert reader.backend.read() == []
    world.here.ip("link set x0 name e0")
    reader.until(lambda: reader.link("e0").up)
    wire.send(frame(b"\x01back"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e0", frame(b"\x01back"))]


def test_two_interfaces_that_swap_their_names_are_bound_anew(world: World) -> None:
    world.cable("e0")
    world.cable("e1")
    reader = world.reader("e0", "e1")
    before = {port: reader.link(port).address for port in ("e0", "e1")}
    for change in ("e0 name x", "e1 name e0", "x name e1"):
        world.here.ip(f"link set {change}")
    reader.until(
        lambda: (
            reader.link("e0").address == before["e1"] and reader.link("e1").address == before["e0"]
        )
    )
    world.wire("e1").send(frame(b"\x01crossed"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e0", frame(b"\x01crossed"))]


def test_a_deleted_interface_is_down_and_its_successor_is_bound(world: World) -> None:
    world.cable("e0")
    world.cable("e1")
    reader = world.reader("e0", "e1")
    world.here.ip("link del e0")
    reader.until(lambda: reader.link("e0") == DOWN)
    assert not reader.backend.send("e0", frame())
    world.cable("e0")
    reader.until(lambda: reader.link("e0").up)
    world.wire("e0").send(frame(b"\x01new"))
    reader.until(lambda: bool(reader.frames))
    assert reader.frames == [FrameReceived("e0", frame(b"\x01new"))]
    assert all(link.up for link in reader.links("e1"))


def test_a_successor_that_is_there_before_the_news_are_read(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    old = reader.link("e0").address
    told = len(reader.links("e0"))
    world.here.ip("link del e0")
    world.cable("e0")
    reader.until(lambda: reader.link("e0").up and reader.link("e0").address != old)
    assert DOWN in reader.links("e0")[told:]


def test_an_interface_that_moves_to_another_namespace_is_gone(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    with namespace() as elsewhere:
        world.here.ip(f"link set e0 netns {elsewhere.path}")
        reader.until(lambda: reader.link("e0") == DOWN)


def test_an_interface_that_is_not_ethernet_is_down_and_said_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with world.here.entered(), PacketBackend() as backend:
        backend.add("lo")
        reader = Reader(backend)
        reader.until(lambda: reader.links("lo") == [DOWN])
        world.here.ip("link set lo up")
        world.here.ip("link set lo down")
        backend.read()
    said = [one for one in caplog.messages if "cannot be a port" in one]
    assert said == ["lo (ifindex 1) cannot be a port: it is not an Ethernet interface"]


# Lost messages


def storm(namespace: Namespace, changes: int) -> None:
    """So many link events of an interface that is nobody's port."""
    namespace.ip("link add storm type veth peer name calm")
    namespace.ip_batch([f"link set storm mtu {1000 + number % 2}" for number in range(changes)])


def test_link_news_lost_in_an_overrun_are_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECEIVE_BUFFER", 20_000)
    for port in ("gone", "renamed", "flapped", "replaced", "same"):
        world.cable(port)
    reader = world.reader("gone", "renamed", "flapped", "replaced", "same")
    told = len(reader.news)
    old = reader.link("replaced").address
    storm(world.here, 200)
    world.here.ip("link del gone")
    world.here.ip("link set renamed name other")
    world.there.ip("link set flapped down")
    world.there.ip("link set flapped up")
    world.here.ip("link del replaced")
    world.cable("replaced")
    reader.until(
        lambda: (
            reader.link("gone") == reader.link("renamed") == DOWN
            and reader.link("replaced").up
            and reader.link("replaced").address != old
        )
    )
    reader.until(lambda: len(reader.links("flapped")) >= 3)
    assert any(isinstance(one, Overrun) for one in reader.news)
    assert [link.up for link in reader.links("flapped")] == [True, False, True]
    assert len(reader.links("same")) == 1
    assert len(reader.news) > told
    assert "01:80:c2:00:00:02" not in world.here.ip("maddr show dev other")


def test_a_storm_at_other_interfaces_is_no_news(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    storm(world.here, 2_000)
    told = len(reader.news)
    world.there.ip("link set e0 down")
    reader.until(lambda: not reader.link("e0").up)
    assert len(reader.news) == told + 1


def test_the_answers_to_many_questions_do_not_overrun(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packet, "QUESTIONS", 4)
    monkeypatch.setattr(sockets, "RECEIVE_BUFFER", 40_000)
    for number in range(20):
        world.cable(f"e{number}")
    reader = world.reader(*(f"e{number}" for number in range(20)))
    assert not any(isinstance(one, Overrun) for one in reader.news)


# Many ports


def test_two_hundred_interfaces_share_two_sockets(world: World) -> None:
    count = 200
    names = [f"e{number}" for number in range(count)]
    world.here.ip_batch(
        [f"link add {name} type veth peer name {name} netns {world.there.path}" for name in names]
    )
    for side in (world.here, world.there):
        side.ip_batch([f"link set {name} up" for name in names])
    before = len(os.listdir("/proc/self/fd"))
    near = world.reader(*names)
    # A packet socket, a netlink socket, and the one descriptor to wait on.
    assert len(os.listdir("/proc/self/fd")) == before + 3
    with world.there.entered(), PacketBackend() as backend:
        for name in names:
            backend.add(name)
        far = Reader(backend)
        far.until(lambda: all(far.link(name).up for name in names))
        for name in names:
            assert near.backend.send(name, frame(name.encode()))
        far.until(lambda: len(far.frames) == count)
        assert {one.port for one in far.frames} == set(names)
        assert all(one.frame == frame(one.port.encode()) for one in far.frames)
        world.here.ip_batch([f"link set {name} down" for name in names[:100]])
        far.until(lambda: sum(far.link(name).up for name in names) == 100)


# Rights and wrong use


def test_without_the_privilege_there_is_one_clear_line() -> None:
    need_netns()
    code = (
        "import os\n"
        "from lacp.errors import BackendError\n"
        "from lacp.backends.packet import PacketBackend\n"
        "os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "with PacketBackend() as backend:\n"
        "    for _ in range(2):\n"
        "        try:\n"
        "            backend.add('lo')\n"
        "        except BackendError as error:\n"
        "            print(error)\n"
        "    print(backend.read())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    line = (
        "cannot open a packet socket: Operation not permitted; "
        "lacpd needs CAP_NET_RAW (run it as root, or grant it that capability)"
    )
    assert (done.stdout, done.stderr) == (f"{line}\n{line}\n[]\n", "")


def test_a_netlink_socket_that_cannot_be_opened_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(sockets, "enlarge", refuse)
    with pytest.raises(BackendError, match="cannot open a netlink socket: Too many open files"):
        LinkSocket()


def test_every_privileged_step_is_logged_before_it_is_done(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lacp")
    world.cable("e0")
    reader = world.reader("e0")
    reader.backend.remove("e0")
    assert [one.split(" (ifindex")[0] for one in caplog.messages] == [
        "opening a packet socket for slow protocols on all interfaces",
        "opening a netlink socket for link events",
        "joining 01:80:c2:00:00:02 on e0",
        "leaving 01:80:c2:00:00:02 on e0",
    ]


def test_closing_leaves_no_descriptor(world: World) -> None:
    world.cable("e0")
    before = sorted(os.listdir("/proc/self/fd"))
    reader = world.reader("e0")
    reader.backend.close()
    reader.backend.close()
    assert sorted(os.listdir("/proc/self/fd")) == before
    with pytest.raises(UsageError, match="closed"):
        reader.backend.read()


def test_wrong_use_is_told(world: World) -> None:
    world.cable("e0")
    backend = world.reader("e0").backend
    with pytest.raises(UsageError, match="'e0' was added already"):
        backend.add("e0")
    with pytest.raises(UsageError, match="'e1' was not added"):
        backend.send("e1", frame())
    for name in ("", "sixteen-octets-x", "a/b", ".."):
        with pytest.raises(BackendError, match="cannot be the name of an interface"):
            backend.add(name)


# Messages, and a second opinion on them


def link_messages(world: World) -> list[bytes]:
    """What the kernel says while an interface is made, changed and removed."""
    with world.here.entered():
        links = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    with links:
        links.bind((0, 1))
        links.setblocking(False)
        world.cable("e0")
        world.here.ip("link set e0 address 02:00:00:00:00:77")
        world.here.ip("link add br0 type bridge")
        world.here.ip("link set e0 master br0")
        world.here.ip("link set e0 nomaster")
        world.there.ip("link set e0 down")
        world.here.ip("link del e0")
        messages = []
        while select.select([links], [], [], 0.2)[0]:
            messages.append(links.recv(65536))
    return messages


class Everything:
    """Contains whatever is looked for."""

    def __contains__(self, _: object) -> bool:
        return True


def test_our_reader_and_pyroute2_agree(world: World) -> None:
    from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

    events = 0
    for message in link_messages(world):
        other = ifinfmsg(message)
        other.decode()
        event = read_event(message, Everything(), Everything())
        if other["family"] != socket.AF_UNSPEC:
            assert event is None
            continue
        events += 1
        if other["header"]["type"] == 17:
            assert event == Gone(other["index"])
            continue
        carrier = other.get_attr("IFLA_OPERSTATE") == "UP" and other.get_attr("IFLA_CARRIER") == 1
        assert event == Interface(
            index=other["index"],
            name=other.get_attr("IFLA_IFNAME"),
            flags=other["flags"],
            address=Mac.parse(other.get_attr("IFLA_ADDRESS")),
            permanent=None,
            master=other.get_attr("IFLA_MASTER") or 0,
            kind=other.get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_KIND"),
            downs=other.get_attr("IFLA_CARRIER_DOWN_COUNT"),
        )
        assert event.operational == (carrier and bool(other["flags"] & 1))
    assert events > 5


def test_a_message_cut_short_is_no_event_and_no_exception(world: World) -> None:
    (message, *_) = link_messages(world)
    whole = read_event(message, Everything(), Everything())
    assert isinstance(whole, Interface)
    for length in range(32, len(message)):
        cut = length.to_bytes(4, sys.byteorder) + message[4:length]
        event = read_event(cut, Everything(), Everything())
        assert event is None or isinstance(event, Interface)


def test_a_message_from_another_process_is_ignored(world: World) -> None:
    world.cable("e0")
    reader = world.reader("e0")
    links = reader.backend._links  # type: ignore[attr-defined]
    ours = links.port_id
    # A removal of the port's interface, as the kernel would tell it.
    index = interface(world.here, "e0")["ifindex"]
    forged = HEADER.pack(32, 17, 0, 0, 0) + IFINFO.pack(0, 1, index, 0, 0)
    with world.here.entered():
        forger = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    with forger:
        forger.sendto(forged, (ours, 0))
    assert reader.backend.read() == []
    assert reader.backend.send("e0", frame())


def test_lost_is_raised_when_the_kernel_says_so(world: World) -> None:
    with world.here.entered():
        links = LinkSocket()
    try:
        links._socket._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        storm(world.here, 50)
        with pytest.raises(Lost, match="No buffer space"):
            list(links.read(1000, Everything(), Everything()))
        list(links.read(1000, Everything(), Everything()))
        assert links.quiet()
        assert links.ask("lo")
        assert [
            event.name for event in links.read(10, {}, {"lo"}) if isinstance(event, Interface)
        ] == ["lo"]
    finally:
        links.close()


def test_nothing_is_known_of_an_interface_without_ethtool(world: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert speed_and_duplex(sock, "no-such-device") == (None, Duplex.UNKNOWN)

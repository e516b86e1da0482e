"""The packet backend on real interfaces: frames, rights, and many ports."""

from __future__ import annotations

import logging
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import cast

import pytest

from lacp.backends import ring
from lacp.backends.base import BATCH, FrameLost, FrameReceived, Overrun
from lacp.backends.packet import PacketBackend
from lacp.backends.taps import SNAP
from lacp.errors import BackendError, UsageError
from lacp.netlink import sockets
from lacp.netlink.news import LinkSocket
from tests.interop.packets import (
    ROOT,
    Reader,
    World,
    frame,
    heard,
    made,
    tagged,
)
from tests.lab import need, need_netns, need_tool

pytestmark = pytest.mark.netns


@pytest.fixture
def world() -> Iterator[World]:
    with made() as it:
        yield it


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


def test_frames_longer_than_a_slot_of_the_ring_come_whole_and_in_their_order(
    world: World,
) -> None:
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    # Where a slot ends, and on both sides of it.
    sizes = [124, 189, 190, 191, 124, 1514, 192, 60]
    sent = [frame(bytes([1, number]), size=size) for number, size in enumerate(sizes)]
    for each in sent:
        wire.send(each)
    reader.until(lambda: len(reader.frames) == len(sent))
    assert [one.frame for one in reader.frames] == sent
    assert reader.backend.read() == []


def test_a_long_frame_for_which_there_is_no_memory_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECEIVE_BUFFER", 1)
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    for _ in range(10):
        wire.send(frame(size=1500))
    wire.send(frame(b"\x01end"))
    reader.until(lambda: reader.frames[-1:] == [FrameReceived("e0", frame(b"\x01end"))])
    lost = [one.reason for one in reader.news if isinstance(one, FrameLost)]
    assert set(lost) == {"truncated"}
    assert [one.frame for one in reader.frames[:-1]] == [frame(size=1500)] * (10 - len(lost))


def test_the_ring_goes_round(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "SLOTS", 256)
    world.cable("e0")
    reader, wire = world.reader("e0"), world.wire("e0")
    sent = [frame(number.to_bytes(2, "big")) for number in range(1000)]

    def enough(count: int) -> bool:
        return len(reader.frames) == count

    for at in range(0, 1000, 100):
        for each in sent[at : at + 100]:
            wire.send(each)
        reader.until(partial(enough, at + 100))
    assert [one.frame for one in reader.frames] == sent


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
    monkeypatch.setattr(ring, "SLOTS", 1024)
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
    # The filter is changed once for all of them.
    assert reader.backend.read() == []
    for port in ("e0", "e2"):
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
    assert reader.backend.read() == []
    for port in ("e0", "e2"):
        wires[port].send(frame(b"\x01back"))
    reader.until(lambda: len(reader.frames) == 3)
    assert {one.frame for one in reader.frames[1:]} == {frame(b"\x01back")}


def test_of_a_muted_port_is_heard_what_begins_as_is_wanted(world: World) -> None:
    for port in ("e0", "e1"):
        world.cable(port)
    reader = world.reader("e0", "e1")
    wires = {port: world.wire(port) for port in ("e0", "e1")}
    # One shares a socket, the other has its own.
    world.here.ip("link add br0 type bridge")
    world.here.ip("link set e1 master br0")
    packets = cast("PacketBackend", reader.backend)
    with world.here.entered():
        reader.until(lambda: packets._ports["e1"].own is not None)
    wanted = frame(b"\x01\x01")[:16]
    for port in ("e0", "e1"):
        reader.backend.mute(port, True, wanted)
    assert reader.backend.read() == []
    for port in ("e0", "e1"):
        wires[port].send(frame(b"\x01no"))
        wires[port].send(frame(b"\x01\x01yes"))
    reader.until(lambda: len(reader.frames) == 2)
    assert {one.frame for one in reader.frames} == {frame(b"\x01\x01yes")}
    for port in ("e0", "e1"):
        reader.backend.mute(port, True)
    assert reader.backend.read() == []
    for port in ("e0", "e1"):
        wires[port].send(frame(b"\x01\x01yes"))
        reader.backend.mute(port, False)
    assert reader.backend.read() == []
    for port in ("e0", "e1"):
        wires[port].send(frame(b"\x01back"))
    reader.until(lambda: len(reader.frames) == 4)
    assert {one.frame for one in reader.frames[2:]} == {frame(b"\x01back")}


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


# Many ports


def test_an_interface_that_sends_nothing_leaves_the_others_room(world: World) -> None:
    need_tool("tc")
    for port in ("stuck", "e1"):
        world.cable(port)
    reader, wire = world.reader("stuck", "e1"), world.wire("e1")
    slow = "tc qdisc add dev stuck root tbf rate 8bit burst 200 limit 10000000"
    done = subprocess.run(world.here.command(*slow.split()), capture_output=True, check=False)
    need("tbf", done.returncode == 0, "a kernel that has this queueing discipline")
    # As many as the default queue of an interface holds.
    assert all(reader.backend.send("stuck", frame()) for _ in range(1000))
    assert reader.backend.send("e1", frame(b"\x01passes"))
    assert heard(wire) == frame(b"\x01passes")


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
    # A packet socket and its ring, a netlink socket, and the two descriptors to wait on.
    assert len(os.listdir("/proc/self/fd")) == before + 5
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

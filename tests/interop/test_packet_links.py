"""What the packet backend tells of real links, also when the kernel had to drop some of it."""

from __future__ import annotations

import select
from collections.abc import Iterator
from functools import partial

import pytest

from lacp.address import Mac
from lacp.backends import packet
from lacp.backends.base import FrameReceived, LinkNews, Overrun
from lacp.backends.packet import PacketBackend
from lacp.link import DOWN, Duplex, Link
from lacp.netlink import sockets
from tests.interop.netns import namespace
from tests.interop.packets import (
    Reader,
    World,
    address_of,
    frame,
    made,
    storm,
)
from tests.waiting import until

pytestmark = pytest.mark.netns


@pytest.fixture
def world() -> Iterator[World]:
    with made() as it:
        yield it


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


def test_of_many_links_that_change_together_all_are_told_soon(world: World) -> None:
    """The kernel by itself tells of the last of them seconds later."""
    ports = [f"e{number}" for number in range(1000)]
    # One with the index of its peer is taken for no link of its own.
    world.there.ip("link add odd0 type veth peer name odd1")
    world.here.ip_batch(
        [f"link add {p} up type veth peer name {p} netns {world.there.path}" for p in ports]
    )
    world.there.ip_batch([f"link set {port} up" for port in ports])
    reader = world.reader(*ports)

    def told(up: bool) -> bool:
        reader.news += reader.backend.read()
        last = {one.port: one.link.up for one in reader.news if isinstance(one, LinkNews)}
        return all(is_up is up for is_up in last.values())

    for up in (False, True):
        world.there.ip_batch([f"link set {port} {'up' if up else 'down'}" for port in ports])
        until(partial(told, up), 1.5)


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

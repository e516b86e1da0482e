"""The link messages of the kernel, as our reader and as pyroute2 read them."""

from __future__ import annotations

import select
import socket
import sys
from collections.abc import Iterator

import pytest

from lacp.address import Mac
from lacp.link import Duplex
from lacp.netlink.codec import HEADER, IFINFO, Interface
from lacp.netlink.ethtool import speed_and_duplex
from lacp.netlink.news import Gone, LinkSocket, read_event
from lacp.netlink.sockets import Lost
from tests.interop.packets import (
    World,
    frame,
    interface,
    made,
    storm,
)

pytestmark = pytest.mark.netns


@pytest.fixture
def world() -> Iterator[World]:
    with made() as it:
        yield it


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

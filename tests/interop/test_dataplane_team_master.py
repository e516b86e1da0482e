"""A device with ports, and what others do to it; on a bridge, which every kernel has."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator

import pytest

from lacp.address import Mac
from lacp.dataplane.base import (
    DeviceChanged,
    DeviceGone,
    PlaneNews,
    PortJoined,
    PortLeft,
    Setup,
    Trouble,
)
from lacp.dataplane.master import Master
from lacp.errors import BackendError, UsageError
from lacp.netlink.codec import u32
from lacp.netlink.links import LinkEvents, Links
from lacp.netlink.sockets import KernelRefused
from tests.interop.netns import Namespace, namespace, need_link

pytestmark = [pytest.mark.interop, pytest.mark.netns]

OTHER = Mac.parse("02:00:00:00:00:77")
#: IFLA_BR_FORWARD_DELAY (linux/if_link.h).
FORWARD_DELAY = 1
GIVEN = Mac.parse("02:00:00:00:00:01")


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made:
        need_link(made, "bridge", "a kernel with bridges")
        for name in ("e1", "e2"):
            made.ip(f"link add {name} type veth peer name {name}-far")
        yield made


@pytest.fixture
def master(here: Namespace) -> Iterator[Master]:
    """Device b0 with address GIVEN, whose first news has been read."""
    with here.entered():
        made = Master("bridge")
        made.open(Setup(device="b0", runner="none", address=GIVEN))
    assert news(made) == [DeviceChanged(False, GIVEN)]
    yield made
    made.close()


def news(master: Master, wanted: int = 1) -> list[PlaneNews]:
    """So much news; and after it silence."""
    found: list[PlaneNews] = []
    end = time.monotonic() + 5
    while len(found) < wanted and time.monotonic() < end:
        select.select([master.fileno()], [], [], max(0.0, end - time.monotonic()))
        found += master.read()
    return found + quiet(master)


def quiet(master: Master) -> list[PlaneNews]:
    time.sleep(0.05)
    return master.read()


def test_what_is_done_through_it_is_no_news(here: Namespace, master: Master) -> None:
    for name in ("e1", "e2"):
        assert master.take(master.candidate(name)).name == name
    assert list(master.ports) == ["e1", "e2"]
    master.release("e1")
    master.take(master.candidate("e1"))
    master.set_port_address("e2", OTHER)
    master.set_address(OTHER)
    assert master.address == OTHER
    assert quiet(master) == []
    master.release("e2")
    assert quiet(master) == []
    assert list(master.ports) == ["e1"]


def test_others_put_ports_in_and_take_them_out(here: Namespace, master: Master) -> None:
    here.ip("link set e1 master b0")
    assert news(master) == [PortJoined("e1")]
    assert [one.name for one in master.strangers] == ["e1"]
    here.ip("link set e1 mtu 1400")
    assert quiet(master) == []
    master.take(master.candidate("e1"))
    assert (list(master.ports), master.strangers) == (["e1"], [])
    here.ip("link set e1 nomaster")
    assert news(master) == [PortLeft("e1")]
    here.ip("link set e1 master b0")
    assert news(master) == [PortJoined("e1")]
    # Of one that nobody has added there is nobody to tell.
    here.ip("link set e1 nomaster")
    assert quiet(master) == []
    assert master.strangers == []


def test_a_port_whose_interface_is_gone(here: Namespace, master: Master) -> None:
    master.take(master.candidate("e1"))
    master.take(master.candidate("e2"))
    here.ip("link del e1")
    assert news(master) == [PortLeft("e1", gone=True)]
    # Who has not yet heard of it asks for what cannot be, and that is nobody's bug.
    with pytest.raises(BackendError, match="e1: is no longer a port of b0"):
        master.set_port_address("e1", OTHER)
    master.release("e1")
    with pytest.raises(UsageError, match="b0: no port e1"):
        master.release("e1")
    here.ip("link del e2")
    master.release("e2")
    assert quiet(master) == []


def test_a_port_under_another_name(here: Namespace, master: Master) -> None:
    own = master.candidate("e1").address
    master.take(master.candidate("e1"))
    here.ip("link set e1 name x1")
    assert news(master, 2) == [PortLeft("e1", gone=True), PortJoined("x1")]
    # Its own address is remembered.
    master.set_port_address(master.take(master.candidate("x1")).name, OTHER)
    master.set_port_address("x1", None)
    found = master.links.named("x1")
    assert found is not None
    assert found.address == own


def test_the_device_is_changed_renamed_and_removed(here: Namespace, master: Master) -> None:
    here.ip("link set b0 up")
    assert news(master) == [DeviceChanged(True, GIVEN)]
    here.ip(f"link set b0 address {OTHER}")
    assert news(master) == [DeviceChanged(True, OTHER)]
    here.ip_batch(["link set b0 down", "link set b0 name b1"])
    assert news(master, 2) == [
        Trouble("b0 is called b1 now, and goes on to be used"),
        DeviceChanged(False, OTHER),
    ]
    master.take(master.candidate("e1"))
    here.ip("link del b1")
    assert news(master)[0] == DeviceGone()
    assert quiet(master) == []
    with pytest.raises(BackendError, match="b1: the device is gone"):
        master.set_address(GIVEN)


def test_one_s_own_change_does_not_hide_that_of_another(here: Namespace, master: Master) -> None:
    here.ip("link set b0 up")
    master.set_address(OTHER)
    assert news(master) == [DeviceChanged(True, OTHER)]


def test_a_full_buffer_loses_nothing(here: Namespace, master: Master) -> None:
    master.take(master.candidate("e1"))
    with socket.socket(fileno=os.dup(master.fileno())) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    noise = [f"link set b0 mtu {1300 + number}" for number in range(50)]
    here.ip_batch([*noise, "link set e1 nomaster", "link set e2 master b0", "link set b0 up"])
    assert set(news(master, 3)) == {PortLeft("e1"), PortJoined("e2"), DeviceChanged(True, GIVEN)}


def test_what_others_do_elsewhere_does_not_even_wake(here: Namespace, master: Master) -> None:
    master.take(master.candidate("e1"))
    master.read()
    here.ip("link add other type bridge")
    here.ip_batch(["link set e2 master other", "link set e2 up", "link set e2 nomaster"])
    here.ip_batch(["link set other up", "link del e2", "link del other"])
    assert not select.select([master.fileno()], [], [], 0.1)[0]
    here.ip("link set e1 up")
    assert select.select([master.fileno()], [], [], 1)[0]
    assert master.read() == []


def test_hints_name_the_interfaces(here: Namespace) -> None:
    with here.entered():
        links = Links()
        device = links.create("b0", "bridge")
        events = LinkEvents(device.index)
    port = links.named("e1")
    assert port is not None
    links.enslave(port, device)
    # The device has its address from its ports.
    assert events.read() == {port.index, device.index}
    # Without its master it is one of many again.
    links.release(port)
    events.read()
    here.ip("link set e1 mtu 1400")
    assert events.read() == set()
    events.watch([port.index])
    links.set_up(port, True)
    assert events.read() == {port.index}
    events.ask()
    assert events.read() == {device.index}
    links.delete(device)
    assert events.read() == {device.index}
    links.close()
    events.close()


def test_an_interface_is_what_it_is(here: Namespace) -> None:
    with here.entered():
        links = Links()
    loopback = links.named("lo")
    assert loopback is not None
    assert (loopback.loopback, loopback.address, loopback.kind) == (True, None, None)
    assert links.named("none") is None
    assert links.at(99) is None
    made = links.create("b0", "bridge", GIVEN, {FORWARD_DELAY: u32(300)})
    assert (made.name, made.kind, made.address, made.up) == ("b0", "bridge", GIVEN, False)
    assert "forward_delay 300" in here.ip("-d link show b0")
    links.tell_driver(made.index, "bridge", {FORWARD_DELAY: u32(400)})
    assert "forward_delay 400" in here.ip("-d link show b0")
    port = links.named("e1")
    assert port is not None
    links.enslave(port, made)
    assert [one.name for one in links.below(made.index)] == ["e1"]
    links.set_up(made, True)
    found = links.at(made.index)
    assert found is not None
    assert found.up
    with pytest.raises(KernelRefused, match="File exists"):
        links.create("b0", "bridge")
    assert links.permitted()
    links.close()


def test_a_device_that_exists(here: Namespace, master: Master) -> None:
    master.take(master.candidate("e1"))
    here.ip("link add d0 link e2 type macvlan")
    with here.entered():
        second = Master("bridge")
        with pytest.raises(BackendError, match="b0: exists already: -o takes it over, -r makes"):
            second.open(Setup(device="b0", runner="none"))
        with pytest.raises(BackendError, match="d0: a macvlan device has this name, and is"):
            second.open(Setup(device="d0", runner="none"))
        with pytest.raises(BackendError, match="d0: found a macvlan device, expected a"):
            second.open(Setup(device="d0", runner="none", take_over=True))
        with pytest.raises(BackendError, match="e1-far: found a veth device"):
            second.open(Setup(device="e1-far", runner="none", recreate=True))
        second.open(Setup(device="b0", runner="none", take_over=True))
    assert (second.made, second.index, second.address) == (False, master.index, GIVEN)
    assert [one.name for one in second.strangers] == ["e1"]
    # What it says first is how the device is.
    assert news(second) == [DeviceChanged(False, GIVEN)]
    assert second.take(second.candidate("e1")).own is not None
    second.release("e1")
    second.delete()
    second.close()
    assert news(master)[0] == DeviceGone()


def test_what_cannot_be_a_port(here: Namespace, master: Master) -> None:
    here.ip("link add other type bridge")
    here.ip("link set e2 master other")
    here.ip("link set e1 up")
    for name, said in {
        "none": "none: no such interface",
        "lo": "lo: cannot be a port of b0",
        "b0": "b0: cannot be a port of b0",
        "e1": r"e1: is up: set it down first \(ip link set e1 down\)",
        "e2": r"e2: belongs to other: free it first \(ip link set e2 nomaster\)",
    }.items():
        with pytest.raises(BackendError, match=said):
            master.candidate(name)
    with pytest.raises(UsageError, match="b0: no port e2"):
        master.release("e2")

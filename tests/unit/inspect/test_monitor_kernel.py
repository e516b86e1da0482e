"""The kernel's announcements, message by message, without a kernel."""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Self

import pytest

from lacp.inspect.devices import Device
from lacp.inspect.monitor import kernel
from lacp.inspect.monitor.base import Listening
from lacp.inspect.monitor.kernel import Kernel
from lacp.inspect.monitor.kinds import Lag
from lacp.link import Duplex
from lacp.netlink.codec import (
    HEADER,
    IFF_LOWER_UP,
    IFF_RUNNING,
    IFF_UP,
    IFINFO,
    IFLA_ADDRESS,
    IFLA_CARRIER_DOWN_COUNT,
    IFLA_IFNAME,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MASTER,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    RTM_DELLINK,
    RTM_NEWLINK,
    attribute,
    name_value,
    u32,
)
from lacp.netlink.sockets import Lost
from lacp.picture.model import LagView, LinkView, PortView

_ETHER = 1
_BRIDGE = 7
UP = IFF_UP | IFF_RUNNING | IFF_LOWER_UP
PORT_ID = 77


class Plain:
    """A driver whose devices are what their interfaces are."""

    name = "bond"

    def __init__(self) -> None:
        self.refreshed = 0
        self.forgotten = 0
        self.news: deque[int | None] = deque()
        self.hiding = False

    def refresh(self, lag: Lag) -> None:
        self.refreshed += 1

    def fit(self, lag: Lag, devices: object) -> None:
        pass

    def changed(self, lags: Mapping[int, Lag]) -> Iterator[Lag]:
        while self.news:
            index = self.news.popleft()
            if index is None:
                raise Lost("too much")
            yield lags[index]

    def forget(self) -> None:
        self.forgotten += 1

    def hides(self, lag: Lag) -> bool:
        return self.hiding

    def gone(self, lag: Lag) -> None:
        pass

    def view(self, lag: Lag) -> LagView:
        ports = tuple(
            PortView(name=each.device.name, link=each.link) for each in lag.ports.values()
        )
        return LagView(
            name=lag.device.name, source="bond", up=lag.device.interface.carrier, ports=ports
        )

    def close(self) -> None:
        pass


class Wire:
    """What stands for the sockets: what the kernel says, and what it was asked."""

    def __init__(self) -> None:
        self.port_id = PORT_ID
        self.said: deque[bytes | None] = deque()
        self.asked: list[tuple[bytes, int]] = []
        self._pipe = os.pipe()

    def join(self, group: int) -> None:
        pass

    def fileno(self) -> int:
        return self._pipe[0]

    def close(self) -> None:
        for end in self._pipe:
            os.close(end)

    def datagram(self) -> bytes | None:
        if not self.said:
            return None
        data = self.said.popleft()
        if data is None:
            raise Lost("No buffer space available")
        return data

    def ask(self, kind: int, body: bytes, sequence: int, *, dump: bool) -> None:
        assert dump
        self.asked.append((body, sequence))

    def answer(self, *messages: bytes, torn: bool = False) -> None:
        """The answer to what was asked last."""
        sequence = self.asked[-1][1]
        flags = NLM_F_DUMP_INTR if torn else 0
        for message in (*messages, HEADER.pack(HEADER.size, NLMSG_DONE, 0, 0, 0)):
            size, kind, *_ = HEADER.unpack_from(message)
            self.said.append(
                HEADER.pack(size, kind, flags, sequence, PORT_ID) + message[HEADER.size :]
            )


class NoDevices:
    """Nobody to ask for the speed of a link."""

    def __init__(self, deadline: float) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def link(self, device: Device) -> LinkView:
        return LinkView(
            up=device.interface.operational,
            speed=10000,
            duplex=Duplex.FULL,
            admin_up=device.interface.up,
        )


class World:
    """A listener and its kernel."""

    def __init__(self, wire: Wire) -> None:
        self.now = 100.0
        self.listening = Listening(clock=lambda: self.now)
        self.kind = Plain()
        self.wire = wire
        self.kernel = Kernel(self.listening, [self.kind])

    def hear(self, *messages: bytes | None) -> list[str]:
        self.wire.said += messages
        return [str(event) for event in self.kernel.read()]


def link(
    index: int,
    name: str,
    *,
    master: int = 0,
    kind: str | None = None,
    flags: int = UP,
    downs: int = 0,
    message: int = RTM_NEWLINK,
    family: int = 0,
) -> bytes:
    said = attribute(IFLA_IFNAME, name_value(name))
    said += attribute(IFLA_ADDRESS, bytes(5) + bytes([index]))
    said += attribute(IFLA_CARRIER_DOWN_COUNT, u32(downs))
    if master:
        said += attribute(IFLA_MASTER, u32(master))
    if kind:
        said += attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, name_value(kind)))
    body = IFINFO.pack(family, _ETHER, index, flags, 0) + said
    return HEADER.pack(HEADER.size + len(body), message, 0, 0, 0) + body


BOND = link(9, "bond0", kind="bond")
PORT1 = link(2, "eth1", master=9)
PORT2 = link(3, "eth2", master=9)
BRIDGE = link(5, "br0", kind="bridge")
BRIDGED = link(6, "eth6", master=5)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    wire = Wire()
    monkeypatch.setattr(kernel, "Announcements", lambda protocol: wire)
    monkeypatch.setattr(kernel, "Devices", NoDevices)
    made = World(wire)
    yield made
    made.kernel.close()
    made.listening.poll.close()


@pytest.fixture
def bond(world: World) -> World:
    """One whose first picture is there: a bond with two ports, which are listed before it."""
    world.wire.answer(PORT1, PORT2, BRIDGE, BRIDGED, BOND)
    assert world.hear() == []
    assert world.kernel.ready()
    return world


def test_what_is_there_is_no_news(bond: World) -> None:
    (lag,) = bond.kernel.lags()
    assert (lag.name, [port.name for port in lag.ports]) == ("bond0", ["eth1", "eth2"])
    assert bond.hear(BOND, PORT1, BRIDGED) == []


def test_nothing_is_told_before_there_is_a_picture(world: World) -> None:
    assert world.hear(link(9, "bond0", kind="bond", flags=IFF_UP)) == []
    assert not world.kernel.ready()


def test_each_change_is_told_though_all_came_at_once(bond: World) -> None:
    down, up = link(2, "eth1", master=9, flags=IFF_UP, downs=1), link(2, "eth1", master=9, downs=1)
    again = link(2, "eth1", master=9, flags=IFF_UP, downs=2)
    assert bond.hear(down, up, again) == [
        "bond0 eth1: link down",
        "bond0 eth1: link up, 10G, full duplex",
        "bond0 eth1: link down",
    ]


def test_a_link_that_is_set_down(bond: World) -> None:
    assert bond.hear(link(2, "eth1", master=9, flags=0, downs=1)) == [
        "bond0 eth1: link down: it is set down here"
    ]


def test_losses_that_were_not_announced_are_counted(bond: World) -> None:
    assert bond.hear(link(2, "eth1", master=9, downs=3)) == [
        "bond0 eth1: overrun, the link went down 3 more times than was seen"
    ]


def test_ports_come_and_go(bond: World) -> None:
    assert bond.hear(link(2, "eth1")) == ["bond0 eth1: port removed"]
    assert bond.hear(PORT1) == [
        "bond0 eth1: port added",
        "bond0 eth1: link up, 10G, full duplex",
    ]
    assert bond.hear(link(2, "eth1", message=RTM_DELLINK)) == ["bond0 eth1: port removed"]


def test_a_bond_comes_and_goes(bond: World) -> None:
    assert bond.hear(link(6, "eth6", master=10), link(10, "bond1", kind="bond")) == [
        "bond1: LAG is there",
        "bond1 eth6: port added",
        "bond1 eth6: link up, 10G, full duplex",
        "bond1: LAG up",
    ]
    assert bond.hear(link(10, "bond1", kind="bond", message=RTM_DELLINK)) == ["bond1: LAG is gone"]
    assert [lag.name for lag in bond.kernel.lags()] == ["bond0"]


def test_another_name_is_another_lag(bond: World) -> None:
    said = bond.hear(link(9, "bond7", kind="bond"))
    assert said[:2] == ["bond0: LAG is gone", "bond7: LAG is there"]


@pytest.mark.parametrize(
    "message",
    [
        link(2, "eth1", family=_BRIDGE, message=RTM_DELLINK),
        link(2, "eth1", family=_BRIDGE),
        BRIDGED,
        link(6, "eth6", message=RTM_DELLINK),
        HEADER.pack(HEADER.size, RTM_NEWLINK, 0, 0, 0),
        PORT1[: HEADER.size + IFINFO.size - 4],
        b"\0" * 40,
        struct.pack("=I", 5),
    ],
)
def test_what_is_none_of_our_business(bond: World, message: bytes) -> None:
    assert bond.hear(message) == []


def test_what_nobody_announces_is_asked_for(bond: World) -> None:
    before = bond.kind.refreshed
    bond.now += bond.listening.interval
    assert bond.kernel.deadline() <= bond.now
    assert bond.hear() == []
    body, _ = bond.wire.asked[-1]
    assert attribute(IFLA_MASTER, u32(9)) in body
    bond.wire.answer(PORT2)
    assert bond.hear() == ["bond0 eth1: port removed"]
    assert bond.kind.refreshed == before + 1


def test_after_a_port_has_changed_one_looks_sooner_for_a_while(bond: World) -> None:
    bond.kind.hiding = True
    bond.hear(link(2, "eth1", master=9, flags=IFF_UP, downs=1))
    looks = 0
    while bond.now < 108:
        bond.now = max(bond.now, bond.kernel.deadline())
        asked = len(bond.wire.asked)
        bond.hear()
        if len(bond.wire.asked) > asked:
            looks += 1
            bond.wire.answer(link(2, "eth1", master=9, flags=IFF_UP, downs=1), PORT2)
            bond.hear()
    assert 40 <= looks <= 50


def test_announcements_that_were_lost(bond: World) -> None:
    (said,) = bond.hear(None)
    assert said.startswith("bond0: overrun, announcements of the kernel were lost, ")
    bond.wire.answer(BOND, link(2, "eth1", master=9, flags=IFF_UP, downs=1), link(3, "eth2"))
    events = list(bond.kernel.read())
    assert sorted(map(str, events[:-1])) == ["bond0 eth1: link down", "bond0 eth2: port removed"]
    assert all(event.facts["resync"] for event in events[:-1])
    assert str(events[-1]) == "bond0: after the overrun: 2 differences"
    assert bond.hear(link(2, "eth1", master=9, downs=1)) == [
        "bond0 eth1: link up, 10G, full duplex"
    ]


def test_a_bond_that_went_while_announcements_were_lost(bond: World) -> None:
    bond.hear(None)
    bond.wire.answer(link(2, "eth1"), link(3, "eth2"))
    assert bond.hear()[-1] == "bond0: LAG is gone"


def test_an_overrun_of_the_drivers_own_announcements(bond: World) -> None:
    bond.kind.news.append(None)
    assert "announcements of the kernel were lost" in bond.hear()[0]
    assert bond.kind.forgotten == 1


def test_an_answer_during_which_something_changed_is_asked_for_again(bond: World) -> None:
    bond.hear(None)
    asked = len(bond.wire.asked)
    bond.wire.answer(link(2, "eth1"), torn=True)
    bond.hear()
    assert len(bond.wire.asked) == asked + 1
    bond.wire.answer(BOND, PORT1, PORT2)
    assert bond.hear()[-1].startswith("bond0: after the overrun: ")


def test_a_question_without_an_answer_is_asked_again(world: World) -> None:
    world.now += kernel._PATIENCE
    assert world.kernel.deadline() <= world.now
    world.hear()
    assert len(world.wire.asked) == 2
    world.wire.answer(BOND)
    world.hear()
    assert world.kernel.ready()


def test_lost_while_a_question_is_open(world: World) -> None:
    assert world.hear(None) == []
    world.wire.answer(PORT1)
    world.hear()
    assert not world.kernel.ready()
    world.wire.answer(PORT1, BOND)
    world.hear()
    assert world.kernel.ready()


def test_the_device_of_somebody_who_tells_himself(bond: World) -> None:
    bond.listening.claimed["bond0"] = "lacpd"
    assert bond.hear(link(2, "eth1", master=9, flags=0, downs=5), None) == []
    assert bond.kernel.lags() == []


def test_not_allowed_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    class Refusing(Wire):
        def join(self, group: int) -> None:
            raise OSError("no")

        def close(self) -> None:
            super().close()
            closed.append("socket")

    monkeypatch.setattr(kernel, "Announcements", lambda protocol: Refusing())
    monkeypatch.setattr(kernel, "Devices", NoDevices)
    listening: Any = Listening()
    with pytest.raises(OSError, match="no"):
        Kernel(listening, [Plain()])
    listening.poll.close()
    assert closed == ["socket"]

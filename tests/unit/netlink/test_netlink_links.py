"""What is asked of the kernel about interfaces: what pyroute2 would write, octet for octet."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from lacp.address import Mac
from lacp.netlink import links
from lacp.netlink.codec import HEADER, Interface, attribute, link_body, name_value, u32
from lacp.netlink.generic import Family, read_family
from lacp.netlink.links import Links

MAC = Mac.parse("02:00:00:00:00:77")
PORT = Interface(7, "e0", 0, MAC, None, 0, None, None)
BOND = Interface(3, "bond0", 0, MAC, None, 0, "bond", None)
#: IFLA_BOND_MODE and IFLA_BOND_SLAVE_QUEUE_ID (linux/if_link.h).
MODE, QUEUE_ID = 1, 5


class Requests:
    """Keeps what was asked; every answer is that there is an interface `e0`."""

    def __init__(self, _: int) -> None:
        self.asked: list[bytes] = []

    def ask(self, kind: int, body: bytes, flags: int = 0, *, dump: bool = False) -> list[bytes]:
        self.asked.append(body)
        facts = attribute(3, name_value("e0")) + attribute(1, MAC)
        return [HEADER.pack(0, kind, flags, int(dump), 0) + link_body(7, {}) + facts]


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Requests:
    kept = Requests(0)
    monkeypatch.setattr(links, "Requests", lambda _: kept)
    return kept


def theirs(index: int = 0, flags: int = 0, change: int = 0, **said: object) -> bytes:
    message = ifinfmsg()
    message["index"], message["flags"], message["change"] = index, flags, change
    message["attrs"] = list(said.items())
    message.encode()
    return bytes(message.data[HEADER.size :])


CASES: list[tuple[Callable[[Links], object], bytes]] = [
    (lambda one: one.named("e0"), theirs(IFLA_IFNAME="e0", IFLA_EXT_MASK=8)),
    (lambda one: one.at(7), theirs(7, IFLA_EXT_MASK=8)),
    (lambda one: one.below(3), theirs(IFLA_MASTER=3, IFLA_EXT_MASK=8)),
    (lambda one: one.enslave(PORT, BOND), theirs(7, IFLA_MASTER=3)),
    (lambda one: one.release(PORT), theirs(7, IFLA_MASTER=0)),
    (lambda one: one.set_carrier(PORT, True), theirs(7, IFLA_CARRIER=1)),
    (lambda one: one.set_up(PORT, True), theirs(7, 1, 1)),
    (lambda one: one.set_up(PORT, False), theirs(7, 0, 1)),
    (lambda one: one.delete(BOND), theirs(3)),
    (
        lambda one: one.set_address(PORT, Mac(bytes(6))),
        theirs(7, IFLA_ADDRESS="00:00:00:00:00:00"),
    ),
]


@pytest.mark.parametrize(("order", "expected"), CASES)
def test_requests_are_what_pyroute2_writes(
    requests: Requests, order: Callable[[Links], object], expected: bytes
) -> None:
    order(Links())
    assert requests.asked == [expected]


def test_a_name_that_no_interface_can_have_is_nobodys(requests: Requests) -> None:
    assert Links().named("x" * 15) is not None
    assert Links().named("x" * 16) is None
    assert len(requests.asked) == 1


def test_a_device_is_made_with_what_its_driver_is_told(requests: Requests) -> None:
    Links().create("bond0", "bond", MAC, {MODE: b"\4"})
    said = ifinfmsg(HEADER.pack(16 + len(requests.asked[0]), 16, 0, 0, 0) + requests.asked[0])
    said.decode()
    told = said.get_attr("IFLA_LINKINFO")
    assert said.get_attr("IFLA_IFNAME") == "bond0"
    assert said.get_attr("IFLA_ADDRESS") == str(MAC)
    assert told.get_attr("IFLA_INFO_KIND") == "bond"
    assert told.get_attr("IFLA_INFO_DATA").get_attr("IFLA_BOND_MODE") == 4


def test_the_driver_above_is_told_of_a_port(requests: Requests) -> None:
    Links().tell_driver_above(7, "bond", {QUEUE_ID: b"\2\0"})
    said = ifinfmsg(HEADER.pack(16 + len(requests.asked[0]), 16, 0, 0, 0) + requests.asked[0])
    said.decode()
    told = said.get_attr("IFLA_LINKINFO")
    assert said["index"] == 7
    assert told.get_attr("IFLA_INFO_SLAVE_KIND") == "bond"
    assert told.get_attr("IFLA_INFO_SLAVE_DATA").get_attr("IFLA_BOND_SLAVE_QUEUE_ID") == 2


def test_a_family_of_generic_netlink() -> None:
    def group(number: int) -> bytes:
        return attribute(1, name_value(f"group{number}")) + attribute(2, u32(number))

    groups = attribute(1, group(17)) + attribute(2, group(18))
    message = bytes(20) + attribute(1, b"\x1c\0") + attribute(7, groups)
    assert read_family(message) == Family(28, {"group17": 17, "group18": 18})
    assert read_family(bytes(20)) is None

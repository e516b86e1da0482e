"""Link messages read by hand: what pyroute2 makes of the same octets, and nothing of nonsense."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from lacp.address import Mac
from lacp.netlink.codec import Interface
from lacp.netlink.news import Gone, read_event

NEWLINK, DELLINK = 16, 17
UP, RUNNING, LOWER_UP = 0x1, 0x40, 0x10000
ADDRESS, NAME, MASTER, DOWNS = 1, 3, 10, 48
MAC = bytes.fromhex("020000000077")


class Everything:
    """Contains whatever is looked for."""

    def __contains__(self, _: object) -> bool:
        return True


def attribute(kind: int, value: bytes) -> bytes:
    octets = struct.pack("=HH", 4 + len(value), kind) + value
    return octets + b"\0" * (-len(octets) % 4)


def number(value: int) -> bytes:
    return struct.pack("=I", value)


def link(*attributes: bytes, kind: int = NEWLINK, flags: int = 0, hardware: int = 1) -> bytes:
    body = struct.pack("=BxHiII", 0, hardware, 7, flags, 0) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def read(message: bytes) -> object:
    return read_event(message, Everything(), Everything())


def theirs(message: bytes) -> Interface:
    """What pyroute2 says."""
    other = ifinfmsg(message)
    other.decode()
    info = other.get_attr("IFLA_LINKINFO")
    return Interface(
        index=other["index"],
        name=other.get_attr("IFLA_IFNAME"),
        flags=other["flags"],
        address=Mac.parse(other.get_attr("IFLA_ADDRESS")),
        permanent=None,
        master=other.get_attr("IFLA_MASTER") or 0,
        kind=info.get_attr("IFLA_INFO_KIND") if info is not None else None,
        downs=other.get_attr("IFLA_CARRIER_DOWN_COUNT"),
    )


@pytest.mark.skipif(sys.byteorder != "little", reason="the octets are little-endian")
def test_what_a_kernel_has_sent_is_read_as_by_pyroute2() -> None:
    captured = Path(__file__).parent / "captured" / "team_messages.json"
    message = bytes.fromhex(json.loads(captured.read_text())["device_link"])
    assert isinstance(read(message), Interface)
    assert read(message) == theirs(message)


interesting = st.sampled_from([0, UP, RUNNING, LOWER_UP, UP | RUNNING, UP | RUNNING | LOWER_UP])
others = st.tuples(st.sampled_from([4, 13, 16, 27, 35]), st.integers(0, 0xFFFFFFFF).map(number))
counts = st.integers(0, 0x7FFFFFFF).map(number)
macs = st.binary(min_size=6, max_size=6)
names = st.text("abcxyz019-.:_", min_size=1, max_size=15)


@given(flags=interesting, mac=macs, name=names, rest=st.lists(others), data=st.data())
def test_what_a_kernel_may_send_is_read_as_by_pyroute2(
    flags: int, mac: bytes, name: str, rest: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    numbers = data.draw(st.dictionaries(st.sampled_from([MASTER, DOWNS]), counts))
    known = [(ADDRESS, mac), *rest, *numbers.items()]
    # The name comes first.
    order = [(NAME, name.encode() + b"\0"), *data.draw(st.permutations(known))]
    message = link(*(attribute(*each) for each in order), flags=flags)
    assert read(message) == theirs(message)


@given(st.binary(max_size=80), st.sampled_from([NEWLINK, DELLINK]), st.integers(0, 0xFFFF))
def test_nonsense_is_no_exception(octets: bytes, kind: int, hardware: int) -> None:
    found = read(link(octets, kind=kind, hardware=hardware))
    assert found is None or isinstance(found, Interface | Gone)


def test_an_event_that_lacks_the_facts_is_none() -> None:
    name, address = attribute(NAME, b"e0\0"), attribute(ADDRESS, MAC)
    assert isinstance(read(link(name, address)), Interface)
    # A wireless event has the name alone.
    assert read(link(name)) is None
    assert read(link(address)) is None
    assert read(link(name, attribute(ADDRESS, MAC[:5]))) is None
    # InfiniBand has twenty octets, a tunnel may have none.
    infiniband = read(link(name, attribute(ADDRESS, bytes(20)), hardware=32))
    assert isinstance(infiniband, Interface)
    assert infiniband.address is None
    assert isinstance(read(link(name, hardware=65534)), Interface)


def test_carrier_without_a_queue_is_not_up() -> None:
    facts = (attribute(NAME, b"e0\0"), attribute(ADDRESS, MAC))
    for flags in (UP, UP | LOWER_UP, UP | RUNNING, RUNNING | LOWER_UP):
        found = read(link(*facts, flags=flags))
        assert isinstance(found, Interface)
        assert not found.operational
    found = read(link(*facts, flags=UP | RUNNING | LOWER_UP))
    assert isinstance(found, Interface)
    assert found.operational


def test_only_interfaces_that_are_asked_for() -> None:
    message = link(attribute(NAME, b"e0\0"), attribute(ADDRESS, MAC))
    assert read_event(message, {}, {"e1"}) is None
    assert isinstance(read_event(message, {}, {"e0"}), Interface)
    assert isinstance(read_event(message, {7}, {}), Interface)
    assert read_event(link(kind=DELLINK), {8}, {"e0"}) is None
    assert read_event(link(kind=DELLINK), {7}, {}) == Gone(7)
    # A bridge says that a port has left it.
    bridge = bytearray(link(kind=DELLINK))
    bridge[16] = 7  # AF_BRIDGE
    assert read_event(bytes(bridge), {7}, {}) is None


@given(st.binary(max_size=120), st.integers(0, 80))
def test_no_octets_raise(octets: bytes, length: int) -> None:
    message = link(octets)[: 16 + length]
    found = read(message) if len(message) >= 16 else None
    assert found is None or isinstance(found, Interface | Gone)

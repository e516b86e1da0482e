"""Announcements of the dataplane `tap`, octet by octet."""

from __future__ import annotations

import socket
import struct

from lacp.dataplane.tap.announce import advertisement, arp, peers, queries

MAC = bytes.fromhex("020000000001")
HOST = socket.inet_aton("192.0.2.1")
HOST6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")


def summed(octets: bytes) -> int:
    """What is over when the checksum of IP is right: nothing."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def test_an_address_of_ipv4_asks_for_itself() -> None:
    assert arp(MAC, HOST) == (
        bytes.fromhex("ffffffffffff020000000001")
        + bytes.fromhex("0806000108000604 0001")
        + bytes.fromhex("020000000001c0000201000000000000c0000201")
        + bytes(18)
    )


def test_an_address_of_ipv6_is_advertised_to_all() -> None:
    frame = advertisement(MAC, HOST6)
    assert frame[:14] == bytes.fromhex("33330000000102000000000186dd")
    assert frame[14:22] == bytes.fromhex("6000000000203aff")
    assert frame[22:54] == HOST6 + NODES
    assert frame[54:56] == b"\x88\x00"
    # Not solicited, and it overrides.
    assert frame[58:] == bytes.fromhex("20000000") + HOST6 + b"\x02\x01" + MAC
    pseudo = HOST6 + NODES + struct.pack("!II", 32, 58)
    assert summed(pseudo + frame[54:]) == 0


def test_every_host_is_asked_for_its_groups_of_ipv4() -> None:
    igmp, _ = queries()
    assert igmp[:6] == bytes.fromhex("01005e000001")
    assert len(igmp) == 60
    header, query = igmp[14:38], igmp[38:50]
    assert header[0] == 0x46
    # TTL 1, IGMP, from nobody, to all, with a router alert.
    assert header[8:10] == b"\x01\x02"
    assert header[12:] == bytes.fromhex("00000000e000000194040000")
    assert summed(header) == summed(query) == 0
    # A general query to be answered within a tenth of a second.
    assert query[:2] == b"\x11\x01"
    assert query[4:] == bytes(8)


def test_every_host_is_asked_for_its_groups_of_ipv6() -> None:
    _, mld = queries()
    assert mld[:6] == bytes.fromhex("333300000001")
    header, extension, query = mld[14:54], mld[54:62], mld[62:]
    assert header[4:8] == bytes.fromhex("00240001")
    assert header[24:] == NODES
    assert extension == bytes.fromhex("3a00050200000100")
    assert query[:1] == b"\x82"
    assert query[4:6] == struct.pack("!H", 100)
    pseudo = header[8:40] + struct.pack("!II", len(query), 58)
    assert summed(pseudo + query) == 0


def test_a_device_that_is_gone_announces_nothing() -> None:
    assert peers("no-such-device") == []

"""User frames: Ethernet, tags, IPv4 and IPv6, with what a hash looks at chosen by the test."""

from __future__ import annotations

import ipaddress

SOURCE = bytes.fromhex("0200000000a1")
TARGET = bytes.fromhex("0200000000b2")
#: Octets of an Ethernet header, and of two ports.
ETH = 14
PORTS = 4


def ethernet(ethertype: int, payload: bytes) -> bytes:
    """An untagged frame."""
    return TARGET + SOURCE + ethertype.to_bytes(2, "big") + payload


def tagged(tci: int, frame: bytes, kind: int = 0x8100) -> bytes:
    """The frame with a tag more, in front of those that it has."""
    return frame[:12] + kind.to_bytes(2, "big") + tci.to_bytes(2, "big") + frame[12:]


def _ports(ports: tuple[int, int]) -> bytes:
    return ports[0].to_bytes(2, "big") + ports[1].to_bytes(2, "big")


def ipv4(
    source: str = "192.0.2.1",
    target: str = "192.0.2.77",
    protocol: int = 6,
    ports: tuple[int, int] = (40000, 443),
    fragment: int = 0,
    options: bytes = b"",
    payload: bytes = bytes(16),
) -> bytes:
    """An IPv4 packet; `fragment` is the half-word of flags and offset."""
    header = bytes([0x45 + len(options) // 4, 0, 0, 64, 0, 1])
    header += fragment.to_bytes(2, "big") + bytes([64, protocol, 0, 0])
    header += ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(target).packed
    return ethernet(0x0800, header + options + _ports(ports) + payload)


def ipv6(
    source: str = "2001:db8::1",
    target: str = "2001:db8::77",
    protocol: int = 6,
    ports: tuple[int, int] = (40000, 443),
    payload: bytes = bytes(16),
) -> bytes:
    """An IPv6 packet without extension headers."""
    header = bytes([0x60, 0, 0, 0, 0, 20, protocol, 64])
    header += ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(target).packed
    return ethernet(0x86DD, header + _ports(ports) + payload)

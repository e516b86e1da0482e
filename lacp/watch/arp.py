"""ARP on Ethernet for IPv4 (RFC 826), with the VLAN tag where there is one (802.1Q)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lacp.address import Mac

REQUEST = 1
REPLY = 2

_BROADCAST = Mac(b"\xff" * 6)
_ETHERTYPE = 0x0806
_VLAN = 0x8100
_HEADER = struct.Struct("!6s6sH")
_TAG = struct.Struct("!HH")
#: Hardware type Ethernet, protocol type IPv4, their lengths, operation, sender, target.
_BODY = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4 = 1, 0x0800


@dataclass(frozen=True, slots=True)
class Arp:
    """A request or a reply, as it stood in a frame; the addresses of IPv4 are octets."""

    #: The source of the frame.
    source: Mac
    #: The VLAN of the frame; None without a tag.
    vlan: int | None
    operation: int
    sender_ip: bytes
    target_ip: bytes


def question(source: Mac, vlan: int | None, sender_ip: bytes, target_ip: bytes) -> bytes:
    """A broadcast request, padded by whoever sends it. Its target address is teamd's: all ones."""
    tag = b"" if vlan is None else _TAG.pack(_VLAN, vlan)
    body = _BODY.pack(_ETHERNET, _IPV4, 6, 4, REQUEST, source, sender_ip, _BROADCAST, target_ip)
    return _BROADCAST + source + tag + _ETHERTYPE.to_bytes(2, "big") + body


def parse(frame: bytes) -> Arp | None:
    """The request or reply in a frame; None when it is anything else, cut short included."""
    if len(frame) < _HEADER.size:
        return None
    _, source, ethertype = _HEADER.unpack_from(frame)
    at, vlan = _HEADER.size, None
    if ethertype == _VLAN and len(frame) >= at + _TAG.size:
        tag, ethertype = _TAG.unpack_from(frame, at)
        # Priority and drop eligibility are no part of the VLAN.
        at, vlan = at + _TAG.size, tag & 0xFFF
    if ethertype != _ETHERTYPE or len(frame) < at + _BODY.size:
        return None
    hardware, protocol, hlen, plen, operation, _, sender_ip, _, target_ip = _BODY.unpack_from(
        frame, at
    )
    if (hardware, protocol, hlen, plen) != (_ETHERNET, _IPV4, 6, 4):
        return None
    if operation not in (REQUEST, REPLY):
        return None
    return Arp(Mac(source), vlan, operation, sender_ip, target_ip)

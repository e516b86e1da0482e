"""Neighbour Solicitations and Advertisements in Ethernet frames (RFC 4861, RFC 2464)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lacp.address import Mac

_ETHERTYPE = 0x86DD
_VLAN = 0x8100
_ETHERNET = struct.Struct("!6s6sH")
#: Version, class and label; payload length, next header, hop limit, source, destination.
_IPV6 = struct.Struct("!IHBB16s16s")
#: Type, code, checksum, flags, target.
_MESSAGE = struct.Struct("!BBHI16s")
_ICMPV6 = 58
_SOLICITATION, _ADVERTISEMENT = 135, 136
_SOURCE_LINK_LAYER_ADDRESS = 1
#: No router lets such a packet pass, so it comes from the link (RFC 4861, 3.1).
_HOP_LIMIT = 255
_SOLICITED = 0x40000000


@dataclass(frozen=True, slots=True)
class Advertisement:
    """A valid Neighbour Advertisement; addresses are octets."""

    destination: bytes
    #: The address that it is about.
    target: bytes
    #: It answers a solicitation.
    solicited: bool


def link_local(mac: Mac) -> bytes:
    """The link-local address that belongs to a MAC address (RFC 4291, appendix A)."""
    identifier = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    return b"\xfe\x80" + bytes(6) + identifier


def solicitation(source: Mac, target: bytes) -> bytes:
    """Ask for the target under the link-local address of `source`, with its option of that."""
    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
    option = bytes([_SOURCE_LINK_LAYER_ADDRESS, 1]) + source
    sender = link_local(source)
    blank = _MESSAGE.pack(_SOLICITATION, 0, 0, 0, target) + option
    checksum = _checksum(sender, group, blank)
    message = _MESSAGE.pack(_SOLICITATION, 0, checksum, 0, target) + option
    ethernet = _ETHERNET.pack(b"\x33\x33" + group[12:], source, _ETHERTYPE)
    ipv6 = _IPV6.pack(6 << 28, len(message), _ICMPV6, _HOP_LIMIT, sender, group)
    return ethernet + ipv6 + message


def parse(frame: bytes) -> Advertisement | None:
    """The advertisement in a frame, checked as RFC 4861, 7.1.2 asks; None when it is none."""
    if len(frame) < _ETHERNET.size:
        return None
    at = _ETHERNET.size
    *_, ethertype = _ETHERNET.unpack_from(frame)
    if ethertype == _VLAN and len(frame) >= at + 4:
        tag, ethertype = struct.unpack_from("!HH", frame, at)
        at += 4
        # VLAN 0 is no VLAN: such a tag has a priority only.
        if tag & 0xFFF:
            return None
    if ethertype != _ETHERTYPE or len(frame) < at + _IPV6.size:
        return None
    first, length, following, hops, source, destination = _IPV6.unpack_from(frame, at)
    message = frame[at + _IPV6.size :][:length]
    if first >> 28 != 6 or following != _ICMPV6 or hops != _HOP_LIMIT or len(message) != length:
        return None
    if length < _MESSAGE.size or _checksum(source, destination, message) != 0:
        return None
    kind, code, _, flags, target = _MESSAGE.unpack_from(message)
    if kind != _ADVERTISEMENT or code != 0 or target[0] == 0xFF:
        return None
    solicited = bool(flags & _SOLICITED)
    if (solicited and destination[0] == 0xFF) or not _options_valid(message[_MESSAGE.size :]):
        return None
    return Advertisement(destination, target, solicited)


def _options_valid(options: bytes) -> bool:
    """Each option says how long it is, in units of 8 octets, and none is empty."""
    while options:
        length = 8 * options[1] if len(options) > 1 else 0
        if not 0 < length <= len(options):
            return False
        options = options[length:]
    return True


def _checksum(source: bytes, destination: bytes, message: bytes) -> int:
    """The checksum of ICMPv6 (RFC 4443, 2.3); 0 when that in the message is right."""
    pseudo = source + destination + struct.pack("!II", len(message), _ICMPV6)
    data = pseudo + message + bytes(len(message) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total

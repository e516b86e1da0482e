"""Tells the network where a team is now: `notify_peers` and `mcast_rejoin`.

Addresses are announced as the kernel announces them: ARP requests for oneself, and unasked
Neighbour Advertisements. Groups of multicast are known to the host and to what is bridged behind
the device, so all of them are asked, by a general query that is put into the device; the answers
go out like all frames.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import socket
import struct
from pathlib import Path

from lacp.dataplane import ioctls

_IF_INET6 = Path("/proc/net/if_inet6")

# linux/sockios.h, linux/if_addr.h
_SIOCGIFCONF = 0x8912
_IFREQ = struct.Struct("16sHH4s16x")
_IFCONF = struct.Struct("iP")
_ROOM = 1024
#: Of addresses that were not accepted on the link, or not yet.
_UNUSABLE = 0x08 | 0x40

_BROADCAST = b"\xff" * 6
_ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")
#: Of nobody: a querier that the host is to answer, and that no other querier gives way to.
_ASKING_MAC = bytes.fromhex("020000000001")
_ASKING = socket.inet_pton(socket.AF_INET6, "fe80::")


def peers(device: str) -> list[bytes]:
    """A frame for each address of the device; empty when it has none, or is gone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        mac = ioctls.address(device)
        frames = [arp(mac, address) for address in _ipv4(sock, device)]
        return frames + [advertisement(mac, address) for address in _ipv6(device)]
    return []


def _ipv4(sock: socket.socket, device: str) -> list[bytes]:
    room = array.array("B", bytes(_ROOM * _IFREQ.size))
    answer = fcntl.ioctl(sock, _SIOCGIFCONF, _IFCONF.pack(len(room), room.buffer_info()[0]))
    used, _ = _IFCONF.unpack(answer)
    found = []
    for name, _, _, address in _IFREQ.iter_unpack(room.tobytes()[:used]):
        # A second address may have a label: team0:1.
        if os.fsdecode(name.rstrip(b"\0")).split(":")[0] == device:
            found.append(address)
    return found


def _ipv6(device: str) -> list[bytes]:
    try:
        lines = _IF_INET6.read_text().splitlines()
    except OSError:
        return []
    fields = (line.split() for line in lines)
    return [
        bytes.fromhex(address)
        for address, _, _, _, flags, name in fields
        if name == device and not int(flags, 16) & _UNUSABLE
    ]


def arp(mac: bytes, address: bytes) -> bytes:
    """A request for one's own address (RFC 5227, 3)."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + address + bytes(6) + address
    return _BROADCAST + mac + b"\x08\x06" + body.ljust(46, b"\0")


def advertisement(mac: bytes, address: bytes) -> bytes:
    """A Neighbour Advertisement that nobody asked for, and that replaces what is known."""
    override, target_link_layer_address = 0x20000000, 2
    option = bytes([target_link_layer_address, 1]) + mac
    body = struct.pack("!I", override) + address + option
    return _icmpv6(mac, address, 136, body, 255, b"")


def queries() -> list[bytes]:
    """Frames that have every host answer with its groups within 0.1 s (RFC 3376, RFC 3810)."""
    igmp = struct.pack("!BBH4sBBH", 0x11, 1, 0, bytes(4), 0, 0, 0)
    igmp = igmp[:2] + _checksum(igmp) + igmp[4:]
    router_alert = bytes.fromhex("94040000")
    header = struct.pack("!BBHHHBBH", 0x46, 0xC0, 24 + len(igmp), 0, 0, 1, 2, 0)
    header += bytes(4) + socket.inet_aton("224.0.0.1") + router_alert
    header = header[:10] + _checksum(header) + header[12:]
    mac = bytes.fromhex("01005e000001") + _ASKING_MAC
    hop_by_hop = bytes.fromhex("3a00050200000100")
    mld = struct.pack("!HH16sBBH", 100, 0, bytes(16), 0, 0, 0)
    return [
        mac + b"\x08\x00" + (header + igmp).ljust(46, b"\0"),
        _icmpv6(_ASKING_MAC, _ASKING, 130, mld, 1, hop_by_hop),
    ]


def _icmpv6(
    mac: bytes, source: bytes, kind: int, body: bytes, hops: int, extension: bytes
) -> bytes:
    """A message to all nodes of the link."""
    message = bytes([kind, 0, 0, 0]) + body
    pseudo = source + _ALL_NODES + struct.pack("!II", len(message), 58)
    message = message[:2] + _checksum(pseudo + message) + message[4:]
    first = 0 if extension else 58
    payload = extension + message
    header = struct.pack("!IHBB", 6 << 28, len(payload), first, hops) + source + _ALL_NODES
    return bytes.fromhex("333300000001") + mac + b"\x86\xdd" + header + payload


def _checksum(octets: bytes) -> bytes:
    """That of IP (RFC 1071), of an even number of octets."""
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", total ^ 0xFFFF)

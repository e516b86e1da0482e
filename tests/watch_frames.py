"""Frames for link watchers, built field by field with nothing of the code under test."""

from __future__ import annotations

import random
import socket
import struct

OURS = bytes.fromhex("020000000001")
THEIRS = bytes.fromhex("0200000000aa")
BROADCAST = b"\xff" * 6
REQUEST, REPLY = 1, 2
SOLICITATION, ADVERTISEMENT = 135, 136
SOLICITED = 0x40000000


def ip4(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET, text)


def ip6(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def ethernet(
    payload: bytes, ethertype: int, *, to: bytes, source: bytes, tags: tuple[int, ...] = ()
) -> bytes:
    """A frame; each tag is the 32 bits of one, as 0x81000005 for VLAN 5."""
    between = b"".join(tag.to_bytes(4, "big") for tag in tags)
    return to + source + between + ethertype.to_bytes(2, "big") + payload


def arp(
    operation: int = REPLY,
    sender: str = "192.168.23.1",
    target: str = "192.168.23.2",
    *,
    source: bytes = THEIRS,
    to: bytes = OURS,
    hardware: int = 1,
    protocol: int = 0x0800,
    lengths: tuple[int, int] = (6, 4),
    tags: tuple[int, ...] = (),
    ethertype: int = 0x0806,
) -> bytes:
    """An ARP frame, by default the neighbour's answer."""
    head = struct.pack("!HHBBH", hardware, protocol, *lengths, operation)
    body = head + source + ip4(sender) + to + ip4(target)
    return ethernet(body, ethertype, to=to, source=source, tags=tags)


def checksum(source: bytes, destination: bytes, message: bytes) -> int:
    """That of ICMPv6, octet pair by octet pair."""
    data = source + destination + len(message).to_bytes(4, "big") + b"\0\0\0\x3a" + message
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def link_local(address: bytes) -> str:
    """The link-local address of a MAC address, as text."""
    octets = bytes([address[0] ^ 2, *address[1:3], 0xFF, 0xFE, *address[3:]])
    return socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + octets)


def advertisement(
    target: str = "fd00::1",
    *,
    source: str | None = None,
    destination: str = "",
    flags: int = SOLICITED,
    options: bytes = b"\x02\x01" + THEIRS,
    hops: int = 255,
    kind: int = ADVERTISEMENT,
    code: int = 0,
    following: int = 58,
    version: int = 6,
    wrong: int = 0,
    length: int | None = None,
    tags: tuple[int, ...] = (),
) -> bytes:
    """A Neighbour Advertisement, by default the neighbour's answer to the port `OURS`.

    `wrong` is added to the checksum, `length` replaces that of the payload.
    """
    sender, receiver = ip6(source or target), ip6(destination or link_local(OURS))
    blank = struct.pack("!BBHI", kind, code, 0, flags) + ip6(target) + options
    total = (checksum(sender, receiver, blank) + wrong) & 0xFFFF
    message = blank[:2] + total.to_bytes(2, "big") + blank[4:]
    head = struct.pack(
        "!IHBB", version << 28, len(message) if length is None else length, following, hops
    )
    packet = head + sender + receiver + message
    return ethernet(packet, 0x86DD, to=OURS, source=THEIRS, tags=tags)


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """The frame with a few octets changed, cut off, put in or added."""
    octets = bytearray(frame)
    for _ in range(chance.randrange(3)):
        at = chance.randrange(len(octets))
        match chance.randrange(8):
            case 0:
                del octets[at:]
            case 1:
                octets[at:at] = chance.randbytes(chance.choice((1, 4)))
            case 2:
                octets += chance.randbytes(18)
            case _:
                octets[at] = chance.choice((octets[at] ^ 1 << chance.randrange(8), 0, 255))
        if not octets:
            break
    return bytes(octets)

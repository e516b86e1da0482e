"""What a frame is to a backend: told by its header alone."""

from __future__ import annotations

import struct

#: Slow protocols (802.3 Annex 57A), which every port hears.
SLOW = "slow"
#: ARP requests and replies.
ARP = "arp"
#: ICMPv6 Neighbour Advertisements.
ND = "nd"
#: No frames: the links of TIPC.
TIPC = "tipc"

_ETHERTYPES = {0x8809: SLOW, 0x0806: ARP, 0x86DD: ND}
_VLAN = 0x8100
_ICMPV6 = 58
_ADVERTISEMENT = 136


def kind_of(frame: bytes) -> str | None:
    """`SLOW`, `ARP` or `ND`, the latter two also behind a VLAN tag; None for any other frame."""
    at = 12
    kind = _ETHERTYPES.get(_short(frame, at))
    if kind is None and _short(frame, at) == _VLAN:
        at = 16
        kind = _ETHERTYPES.get(_short(frame, at))
        if kind == SLOW:
            return None
    body = frame[at + 2 :]
    if kind == ARP and _short(body, 6) not in (1, 2):
        return None
    if kind == ND and (body[6:7], body[40:41]) != (bytes([_ICMPV6]), bytes([_ADVERTISEMENT])):
        return None
    return kind


def about(frame: bytes) -> bytes:
    """The host that an `ARP` frame is from, or an `ND` frame about: the octets of its address."""
    body = frame[18:] if _short(frame, 12) == _VLAN else frame[14:]
    return body[14:18] if kind_of(frame) == ARP else body[48:64]


def wanted(frame: bytes, kinds: frozenset[str], hosts: frozenset[bytes]) -> bool:
    """Whether a port that listens so is passed this frame (`Backend.listen`)."""
    kind = kind_of(frame)
    if kind == SLOW:
        return True
    if kind not in kinds:
        return False
    of_version = {host for host in hosts if len(host) == (4 if kind == ARP else 16)}
    return not of_version or about(frame) in of_version


def _short(octets: bytes, at: int) -> int:
    """Two octets as a number; -1 where there are none."""
    if len(octets) < at + 2:
        return -1
    number: int = struct.unpack_from("!H", octets, at)[0]
    return number

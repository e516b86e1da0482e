"""What the names in a team's `tx_hash` select of a frame, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86DD
#: The tag that the kernel takes off and puts into the metadata of a frame.
ETH_P_8021Q = 0x8100
ETH_P_8021AD = 0x88A8
#: The bits of a tag that name the VLAN; the others are priority and drop eligibility.
VID = 0x0FFF

ADDRESSES = 12
ETHERNET = 14
TAG = 4
IPV4 = 20
IPV6 = 40
#: Two port numbers, first in the header of each protocol of `PROTOCOLS`.
PORTS = 4

#: The fragments that select a protocol, and its number in an IP header.
PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}

#: What `tx_hash` may hold (teamd.conf(5)).
FRAGMENTS = ("eth", "vlan", "ipv4", "ipv6", "ip", "l3", *PROTOCOLS, "l4")


@dataclass(frozen=True, slots=True)
class Fields:
    """What of a frame goes into its hash."""

    #: Both MAC addresses.
    eth: bool = False
    #: The VLAN.
    vlan: bool = False
    #: Both addresses.
    ipv4: bool = False
    ipv6: bool = False
    #: The numbers of the protocols of which both ports do.
    protocols: frozenset[int] = frozenset()

    @property
    def nothing(self) -> bool:
        """All frames have the same hash."""
        return self == Fields()

    @property
    def behind_addresses(self) -> bool:
        """Something behind the MAC addresses is looked at."""
        return self.vlan or self.network

    @property
    def network(self) -> bool:
        """Something of an IP packet is looked at."""
        return self.ipv4 or self.ipv6 or bool(self.protocols)


def fields(fragments: Iterable[str]) -> Fields:
    """What these fragments select together; their order says nothing, and unknown ones nothing."""
    return _fields(frozenset(fragments))


@lru_cache
def _fields(named: frozenset[str]) -> Fields:
    both = not named.isdisjoint(("ip", "l3"))
    protocols = PROTOCOLS if "l4" in named else named & PROTOCOLS.keys()
    return Fields(
        eth="eth" in named,
        vlan="vlan" in named,
        ipv4=both or "ipv4" in named,
        ipv6=both or "ipv6" in named,
        protocols=frozenset(PROTOCOLS[name] for name in protocols),
    )

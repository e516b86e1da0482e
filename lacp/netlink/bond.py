"""The bonding driver's numbers, and the words for them (linux/if_link.h, linux/if_bonding.h).

Options bear the names that they have as parameters of the module and below
/sys/class/net/BOND/bonding, whatever other tools call them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

from lacp.netlink.codec import integer, mac, nested, number, table

KIND = "bond"

# Of a bond (IFLA_BOND_*).
MODE = 1
ACTIVE_SLAVE = 2
MIIMON = 3
ARP_IP_TARGET = 8
PRIMARY = 11
PRIMARY_RESELECT = 12
FAIL_OVER_MAC = 13
XMIT_HASH_POLICY = 14
RESEND_IGMP = 15
NUM_PEER_NOTIF = 16
ALL_SLAVES_ACTIVE = 17
MIN_LINKS = 18
PACKETS_PER_SLAVE = 20
AD_LACP_RATE = 21
AD_SELECT = 22
AD_INFO = 23
AD_ACTOR_SYS_PRIO = 24
AD_USER_PORT_KEY = 25
AD_ACTOR_SYSTEM = 26
PEER_NOTIF_DELAY = 28
AD_LACP_ACTIVE = 29
NS_IP6_TARGET = 31
COUPLED_CONTROL = 32

# Of its active aggregator (IFLA_BOND_AD_INFO_*).
AD_INFO_AGGREGATOR = 1
AD_INFO_NUM_PORTS = 2
AD_INFO_ACTOR_KEY = 3
AD_INFO_PARTNER_KEY = 4
AD_INFO_PARTNER_MAC = 5

# Of a port (IFLA_BOND_SLAVE_*).
PORT_STATE = 1
PORT_MII_STATUS = 2
PORT_LINK_FAILURE_COUNT = 3
PORT_PERM_HWADDR = 4
PORT_QUEUE_ID = 5
PORT_AD_AGGREGATOR_ID = 6
PORT_AD_ACTOR_OPER_PORT_STATE = 7
PORT_AD_PARTNER_OPER_PORT_STATE = 8
PORT_PRIO = 9
PORT_ACTOR_PORT_PRIO = 10
PORT_AD_CHURN_ACTOR_STATE = 11
PORT_AD_CHURN_PARTNER_STATE = 12

MODES = (
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
)
ROUND_ROBIN, ACTIVE_BACKUP, XOR, BROADCAST, LACP, TLB, ALB = range(7)
HASH_POLICIES = ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")
AD_SELECT_POLICIES = ("stable", "bandwidth", "count", "actor_port_prio")
#: As /proc/net/bonding and the driver's log have them.
MII_STATUSES = ("up", "going down", "down", "going back")
CHURN_STATES = ("monitoring", "churned", "none")

#: What an option may be.
Value = bool | int | str | list[str] | None
_Read = Callable[[bytes], Value]


def word(words: tuple[str, ...], told: int | None) -> str | None:
    """The word for a number; the number itself where a newer kernel has words of its own."""
    if told is None:
        return None
    return words[told] if told < len(words) else str(told)


def _words(*words: str) -> _Read:
    return lambda octets: word(words, number(octets))


def _flag(octets: bytes) -> bool:
    return bool(number(octets))


def _addresses(family: int, size: int) -> _Read:
    def read(octets: bytes) -> list[str]:
        each = table(octets).values()
        return [socket.inet_ntop(family, address) for address in each if len(address) == size]

    return read


def _system(octets: bytes) -> str | None:
    found = mac(octets)
    return None if found is None else str(found)


#: Name and reader of every option that stands for itself, in the driver's order.
OPTIONS: Mapping[int, tuple[str, _Read]] = {
    MIIMON: ("miimon", number),
    4: ("updelay", number),
    5: ("downdelay", number),
    6: ("use_carrier", _flag),
    7: ("arp_interval", number),
    ARP_IP_TARGET: ("arp_ip_target", _addresses(socket.AF_INET, 4)),
    NS_IP6_TARGET: ("ns_ip6_target", _addresses(socket.AF_INET6, 16)),
    9: (
        "arp_validate",
        _words("none", "active", "backup", "all", "filter", "filter_active", "filter_backup"),
    ),
    10: ("arp_all_targets", _words("any", "all")),
    30: ("arp_missed_max", number),
    PRIMARY_RESELECT: ("primary_reselect", _words("always", "better", "failure")),
    FAIL_OVER_MAC: ("fail_over_mac", _words("none", "active", "follow")),
    XMIT_HASH_POLICY: ("xmit_hash_policy", _words(*HASH_POLICIES)),
    RESEND_IGMP: ("resend_igmp", number),
    NUM_PEER_NOTIF: ("num_grat_arp", number),
    PEER_NOTIF_DELAY: ("peer_notif_delay", number),
    ALL_SLAVES_ACTIVE: ("all_slaves_active", _flag),
    MIN_LINKS: ("min_links", number),
    19: ("lp_interval", number),
    PACKETS_PER_SLAVE: ("packets_per_slave", number),
    27: ("tlb_dynamic_lb", _flag),
    AD_LACP_ACTIVE: ("lacp_active", _flag),
    AD_LACP_RATE: ("lacp_rate", _words("slow", "fast")),
    AD_SELECT: ("ad_select", _words(*AD_SELECT_POLICIES)),
    AD_ACTOR_SYS_PRIO: ("ad_actor_sys_prio", number),
    AD_USER_PORT_KEY: ("ad_user_port_key", number),
    AD_ACTOR_SYSTEM: ("ad_actor_system", _system),
    COUPLED_CONTROL: ("coupled_control", _flag),
    33: ("broadcast_neighbor", _flag),
    34: ("lacp_strict", _flag),
}


def read_options(driver: Mapping[int, bytes]) -> dict[str, Value]:
    """What the driver says of a bond's options, under their names; what it does not say is not."""
    return {name: read(driver[which]) for which, (name, read) in OPTIONS.items() if which in driver}


def active_aggregator(driver: Mapping[int, bytes]) -> dict[int, bytes]:
    """What the driver says of the aggregator in use (AD_INFO_*); empty when there is none."""
    return nested(driver, AD_INFO)


def words(settings: Mapping[int, bytes]) -> str:
    """What is set, for a person."""
    return ", ".join(f"{_name(which)} to {_word(which, told)}" for which, told in settings.items())


def _name(which: int) -> str:
    if which in OPTIONS:
        return OPTIONS[which][0]
    return {MODE: "mode", ACTIVE_SLAVE: "active_slave", PRIMARY: "primary"}[which]


def _word(which: int, told: bytes) -> Value:
    found = OPTIONS[which][1](told) if which in OPTIONS else integer(told)
    return ("on" if found else "off") if isinstance(found, bool) else found

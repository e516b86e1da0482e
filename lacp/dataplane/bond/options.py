"""What the bonding driver is told, and its numbers for it (linux/if_link.h, linux/if_bonding.h)."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping

from lacp.dataplane.base import Burst, DriverLacp, PortSetup, Setup

MODE = 1
ACTIVE_SLAVE = 2
MIIMON = 3
PRIMARY_RESELECT = 12
FAIL_OVER_MAC = 13
XMIT_HASH_POLICY = 14
RESEND_IGMP = 15
NUM_PEER_NOTIF = 16
MIN_LINKS = 18
PACKETS_PER_SLAVE = 20
AD_LACP_RATE = 21
AD_SELECT = 22
AD_ACTOR_SYS_PRIO = 24
AD_USER_PORT_KEY = 25
AD_ACTOR_SYSTEM = 26
PEER_NOTIF_DELAY = 28
AD_LACP_ACTIVE = 29

#: As /sys/class/net/BOND/bonding calls them.
NAMES = {
    MODE: "mode",
    ACTIVE_SLAVE: "active_slave",
    MIIMON: "miimon",
    PRIMARY_RESELECT: "primary_reselect",
    FAIL_OVER_MAC: "fail_over_mac",
    XMIT_HASH_POLICY: "xmit_hash_policy",
    RESEND_IGMP: "resend_igmp",
    NUM_PEER_NOTIF: "num_grat_arp",
    MIN_LINKS: "min_links",
    PACKETS_PER_SLAVE: "packets_per_slave",
    AD_LACP_RATE: "lacp_rate",
    AD_SELECT: "ad_select",
    AD_ACTOR_SYS_PRIO: "ad_actor_sys_prio",
    AD_USER_PORT_KEY: "ad_user_port_key",
    AD_ACTOR_SYSTEM: "ad_actor_system",
    PEER_NOTIF_DELAY: "peer_notif_delay",
    AD_LACP_ACTIVE: "lacp_active",
}

# Of a port.
PORT_MII_STATUS = 2
PORT_QUEUE_ID = 5
PORT_PRIO = 9

MODES = (
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
)
ROUND_ROBIN, ACTIVE_BACKUP, XOR, BROADCAST, LACP = range(5)
HASH_POLICIES = ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")
_LAYER2, _LAYER34, _LAYER23, _, _, VLAN_SRCMAC = range(6)

#: The driver's mode for each runner; LACP that is spoken by lacpd has one port that carries
#: traffic, LACP of the driver has mode `LACP`.
_MODES = {
    "broadcast": BROADCAST,
    "roundrobin": ROUND_ROBIN,
    "random": ROUND_ROBIN,
    "activebackup": ACTIVE_BACKUP,
    "loadbalance": XOR,
    "lacp": ACTIVE_BACKUP,
}

#: Milliseconds between two looks of the driver at the carrier of its ports.
LOOKS_EACH = 50
#: A new active port only when the old one fails, or when it is set.
_RESELECT_ON_FAILURE = 2
_MOST_ANNOUNCEMENTS = 255
_LONGEST_DELAY = 300_000
_USER_KEYS = range(1024)
_AD_SELECT = {"bandwidth": 1, "count": 2}
_ACTOR_SYSTEM_IS_OWN = bytes(6)
#: Of a port that its link watchers find unusable: the last one that the driver would fall back on.
_LAST = -(1 << 31)


def mode(setup: Setup) -> int:
    """The mode for a runner."""
    return LACP if setup.driver_lacp is not None else _MODES[setup.runner]


def inability(setup: Setup) -> str | None:
    """Why no bond can be what is asked for; None when one can."""
    if setup.runner not in _MODES:
        return f"it has no mode for runner {setup.runner}"
    if setup.balancing is not None:
        return "the bonding driver moves no flows between ports: it has no tx_balancer"
    if setup.driver_lacp is not None:
        return _lacp_inability(setup.driver_lacp)
    if setup.runner == "lacp" and setup.max_ports != 1:
        return (
            "the bonding driver has no switch for each port, so LACP of lacpd can use one of them "
            'only: set runner.max_ports to 1, or runner.lacp_by to "driver", or use dataplane tap'
        )
    return None


def _lacp_inability(lacp: DriverLacp) -> str | None:
    if lacp.beyond:
        keys = ", ".join(f"runner.{key}" for key in lacp.beyond)
        return f"LACP of the bonding driver knows no {keys}"
    if lacp.agg_select_policy == "port_config":
        return "LACP of the bonding driver knows no agg_select_policy port_config"
    if len(lacp.keys) > 1:
        return "LACP of the bonding driver has one key for all ports, they have several lacp_key"
    if not lacp.keys <= set(_USER_KEYS):
        found = ", ".join(map(str, lacp.keys))
        return f"LACP of the bonding driver takes a key up to {_USER_KEYS[-1]}, found {found}"
    return None


def device_settings(setup: Setup) -> dict[int, bytes]:
    """What a device is to be told, beside its mode, in an order in which the driver takes it."""
    found = mode(setup)
    settings = {MIIMON: _u32(LOOKS_EACH)}
    if found == ROUND_ROBIN:
        settings[PACKETS_PER_SLAVE] = _u32(0 if setup.runner == "random" else 1)
    if found == ACTIVE_BACKUP:
        # Addresses of ports are set from here, by hwaddr_policy.
        settings[FAIL_OVER_MAC] = _u8(0)
        settings[PRIMARY_RESELECT] = _u8(_RESELECT_ON_FAILURE)
    if setup.driver_lacp is not None:
        settings |= _lacp_settings(setup.driver_lacp)
    return settings | changeable_settings(setup)


def changeable_settings(setup: Setup) -> dict[int, bytes]:
    """Those that may change while the device is up."""
    settings: dict[int, bytes] = {}
    if mode(setup) in (XOR, LACP):
        settings[XMIT_HASH_POLICY] = _u8(hash_policy(setup.tx_hash))
    notify, rejoin = setup.notify_peers or Burst(), setup.mcast_rejoin or Burst()
    settings[NUM_PEER_NOTIF] = _u8(min(notify.count, _MOST_ANNOUNCEMENTS))
    settings[PEER_NOTIF_DELAY] = _u32(_in_looks(min(notify.interval, _LONGEST_DELAY)))
    settings[RESEND_IGMP] = _u32(min(rejoin.count, _MOST_ANNOUNCEMENTS))
    return settings


def _in_looks(delay: int) -> int:
    """A delay of at least so many milliseconds that the driver need not round."""
    return -(-delay // LOOKS_EACH) * LOOKS_EACH


def _lacp_settings(lacp: DriverLacp) -> dict[int, bytes]:
    (key,) = lacp.keys
    return {
        AD_LACP_RATE: _u8(lacp.short_timeout),
        AD_LACP_ACTIVE: _u8(lacp.activity),
        AD_SELECT: _u8(_AD_SELECT.get(lacp.agg_select_policy, 0)),
        MIN_LINKS: _u32(lacp.min_ports),
        AD_ACTOR_SYS_PRIO: _u16(lacp.system_priority),
        AD_USER_PORT_KEY: _u16(key),
        AD_ACTOR_SYSTEM: _ACTOR_SYSTEM_IS_OWN if lacp.system is None else bytes(lacp.system),
    }


def hash_policy(fragments: tuple[str, ...]) -> int:
    """The policy that is nearest to fragments of `tx_hash`: the deepest layer decides."""
    wanted = set(fragments)
    if wanted & {"l4", "tcp", "udp", "sctp"}:
        return _LAYER34
    if wanted & {"l3", "ip", "ipv4", "ipv6"}:
        return _LAYER23
    return VLAN_SRCMAC if "vlan" in wanted else _LAYER2


def without_vlan() -> dict[int, bytes]:
    """What a kernel before 5.12 takes instead of policy `vlan+srcmac`."""
    return {XMIT_HASH_POLICY: _u8(_LAYER2)}


def port_settings(setup: PortSetup, mode: int, usable: bool) -> dict[int, bytes]:
    """What is to be told of a port. Queue 0 leads to whatever the mode selects."""
    settings = {PORT_QUEUE_ID: _u16(setup.queue_id or 0)}
    if mode == ACTIVE_BACKUP:
        settings[PORT_PRIO] = struct.pack("=i", setup.prio if usable else _LAST)
    return settings


def words(settings: Mapping[int, bytes]) -> str:
    """What is set, for a person."""
    return ", ".join(f"{NAMES[key]} to {_value(key, value)}" for key, value in settings.items())


def _value(key: int, value: bytes) -> str:
    if key == AD_ACTOR_SYSTEM:
        return value.hex(":")
    found = number(value)
    if key == XMIT_HASH_POLICY:
        return HASH_POLICIES[found]
    return str(found)


def number(value: bytes, *, signed: bool = False) -> int:
    """A number as the kernel stores it."""
    return int.from_bytes(value, sys.byteorder, signed=signed)


def _u8(value: int) -> bytes:
    return struct.pack("=B", value)


def _u16(value: int) -> bytes:
    return struct.pack("=H", value)


def _u32(value: int) -> bytes:
    return struct.pack("=I", value)

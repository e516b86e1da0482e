"""What the bonding driver is told for a runner and its ports."""

from __future__ import annotations

from lacp.dataplane.base import Burst, DriverLacp, PortSetup, Setup
from lacp.netlink.bond import (
    ACTIVE_BACKUP,
    AD_ACTOR_SYS_PRIO,
    AD_ACTOR_SYSTEM,
    AD_LACP_ACTIVE,
    AD_LACP_RATE,
    AD_SELECT,
    AD_USER_PORT_KEY,
    BROADCAST,
    FAIL_OVER_MAC,
    LACP,
    MIIMON,
    MIN_LINKS,
    NUM_PEER_NOTIF,
    PACKETS_PER_SLAVE,
    PEER_NOTIF_DELAY,
    PORT_PRIO,
    PORT_QUEUE_ID,
    PRIMARY_RESELECT,
    RESEND_IGMP,
    ROUND_ROBIN,
    XMIT_HASH_POLICY,
    XOR,
)
from lacp.netlink.codec import s32, u8, u16, u32

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
    settings = {MIIMON: u32(LOOKS_EACH)}
    if found == ROUND_ROBIN:
        settings[PACKETS_PER_SLAVE] = u32(0 if setup.runner == "random" else 1)
    if found == ACTIVE_BACKUP:
        # Addresses of ports are set from here, by hwaddr_policy.
        settings[FAIL_OVER_MAC] = u8(0)
        settings[PRIMARY_RESELECT] = u8(_RESELECT_ON_FAILURE)
    if setup.driver_lacp is not None:
        settings |= _lacp_settings(setup.driver_lacp)
    return settings | changeable_settings(setup)


def changeable_settings(setup: Setup) -> dict[int, bytes]:
    """Those that may change while the device is up."""
    settings: dict[int, bytes] = {}
    if mode(setup) in (XOR, LACP):
        settings[XMIT_HASH_POLICY] = u8(hash_policy(setup.tx_hash))
    notify, rejoin = setup.notify_peers or Burst(), setup.mcast_rejoin or Burst()
    settings[NUM_PEER_NOTIF] = u8(min(notify.count, _MOST_ANNOUNCEMENTS))
    settings[PEER_NOTIF_DELAY] = u32(_in_looks(min(notify.interval, _LONGEST_DELAY)))
    settings[RESEND_IGMP] = u32(min(rejoin.count, _MOST_ANNOUNCEMENTS))
    return settings


def _in_looks(delay: int) -> int:
    """A delay of at least so many milliseconds that the driver need not round."""
    return -(-delay // LOOKS_EACH) * LOOKS_EACH


def _lacp_settings(lacp: DriverLacp) -> dict[int, bytes]:
    (key,) = lacp.keys
    return {
        AD_LACP_RATE: u8(lacp.short_timeout),
        AD_LACP_ACTIVE: u8(lacp.activity),
        AD_SELECT: u8(_AD_SELECT.get(lacp.agg_select_policy, 0)),
        MIN_LINKS: u32(lacp.min_ports),
        AD_ACTOR_SYS_PRIO: u16(lacp.system_priority),
        AD_USER_PORT_KEY: u16(key),
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
    return {XMIT_HASH_POLICY: u8(_LAYER2)}


def port_settings(setup: PortSetup, mode: int, usable: bool) -> dict[int, bytes]:
    """What is to be told of a port. Queue 0 leads to whatever the mode selects."""
    settings = {PORT_QUEUE_ID: u16(setup.queue_id or 0)}
    if mode == ACTIVE_BACKUP:
        settings[PORT_PRIO] = s32(setup.prio if usable else _LAST)
    return settings

"""A LAG in the layout of /proc/net/bonding, for scripts that read that (bond_procfs.c of Linux).

A bond of the kernel comes out as the kernel writes it. Of other LAGs the same lines tell the same
facts; a line whose fact the source does not know is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lacp.info import PortState
from lacp.picture.model import BACKUP_MODES, End, LagView, PortView
from lacp.text import plain

#: What the driver calls its modes, and what comes nearest to the modes and runners of others.
_ROUND_ROBIN = "load balancing (round-robin)"
_ACTIVE_BACKUP = "fault-tolerance (active-backup)"
_XOR = "load balancing (xor)"
_BROADCAST = "fault-tolerance (broadcast)"
_LACP = "IEEE 802.3ad Dynamic link aggregation"
_MODES = {
    "balance-rr": _ROUND_ROBIN,
    "roundrobin": _ROUND_ROBIN,
    "random": _ROUND_ROBIN,
    "active-backup": _ACTIVE_BACKUP,
    "activebackup": _ACTIVE_BACKUP,
    "balance-xor": _XOR,
    "loadbalance": _XOR,
    "balance-slb": _XOR,
    "balance-tcp": _XOR,
    "broadcast": _BROADCAST,
    "802.3ad": _LACP,
    "balance-tlb": "transmit load balancing",
    "balance-alb": "adaptive load balancing",
}
_HASH_POLICIES = ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac")
#: Modes in which the driver selects by a hash, and those in which one port is the active one.
_HASHED = {"802.3ad", "balance-xor"}
_TLB = {"balance-tlb", "balance-alb"}
_PRIMARY = BACKUP_MODES | _TLB

_CHURN = {
    "ACTOR_CHURN_MONITOR": "monitoring",
    "PARTNER_CHURN_MONITOR": "monitoring",
    "ACTOR_CHURN": "churned",
    "PARTNER_CHURN": "churned",
    "NO_ACTOR_CHURN": "none",
    "NO_PARTNER_CHURN": "none",
}


def proc(lag: LagView) -> str:
    """The text about a LAG, which ends with the end of a line."""
    lines = [*_head(lag), *_arp(lag)]
    if lag.lacp:
        lines += _lacp(lag)
    for port in lag.ports:
        lines += ["", *_port(port)]
        if lag.lacp:
            lines += _lacp_port(port)
    return "".join(f"{_plain(line)}\n" for line in lines)


def _plain(line: str) -> str:
    """The line with nothing in it that would move a cursor; the driver itself indents by tabs."""
    indent = "\t" if line.startswith("\t") else ""
    return indent + plain(line.removeprefix("\t"))


def _known(name: str, value: object) -> Iterator[str]:
    """The line for a fact, if it is known."""
    if value is not None:
        yield f"{name}: {value}"


def _switch(value: bool | None, on: str = "on", off: str = "off") -> str | None:
    return None if value is None else on if value else off


def _head(lag: LagView) -> Iterator[str]:
    settings = lag.settings
    version = settings.get("version") if lag.source == "bond" else None
    yield f"Ethernet Channel Bonding Driver: {version or lag.source}"
    yield ""
    yield f"Bonding Mode: {_mode(lag)}"
    policy = settings.get("xmit_hash_policy")
    # Without its own balancing (tlb_dynamic_lb off) balance-tlb selects by a hash as well.
    hashed = lag.mode in _HASHED or (settings.get("tlb_dynamic_lb") is False and lag.mode in _TLB)
    if hashed and policy in _HASH_POLICIES:
        yield f"Transmit Hash Policy: {policy} ({_HASH_POLICIES.index(policy)})"
    if lag.mode in _PRIMARY and not lag.lacp:
        primary = settings.get("primary")
        reselect = settings.get("primary_reselect")
        why = f" (primary_reselect {reselect})" if primary and reselect else ""
        yield f"Primary Slave: {primary or 'None'}{why}"
        yield f"Currently Active Slave: {lag.active_port or 'None'}"
    yield f"MII Status: {_switch(lag.up, 'up', 'down') or 'unknown'}"
    yield from _known("MII Polling Interval (ms)", settings.get("miimon"))
    yield from _known("Up Delay (ms)", settings.get("updelay"))
    yield from _known("Down Delay (ms)", settings.get("downdelay"))
    yield from _known("Peer Notification Delay (ms)", settings.get("peer_notif_delay"))


def _mode(lag: LagView) -> str:
    if lag.lacp:
        return _LACP
    found = _MODES.get(lag.mode or "", "unknown")
    policy = lag.settings.get("fail_over_mac")
    if lag.mode == "active-backup" and policy not in (None, "none"):
        found += f" (fail_over_mac {policy})"
    return found


def _arp(lag: LagView) -> Iterator[str]:
    """Targets and times of the ARP monitor, when it is on."""
    settings = lag.settings
    if not settings.get("arp_interval"):
        return
    yield f"ARP Polling Interval (ms): {settings['arp_interval']}"
    yield from _known("ARP Missed Max", settings.get("arp_missed_max"))
    yield f"ARP IP target/s (n.n.n.n form):{_listed(settings.get('arp_ip_target'))}"
    if "ns_ip6_target" in settings:
        yield f"NS IPv6 target/s (xx::xx form):{_listed(settings['ns_ip6_target'])}"


def _listed(found: Any) -> str:
    return ",".join(f" {each}" for each in found) if isinstance(found, list | tuple) else ""


def _lacp(lag: LagView) -> Iterator[str]:
    settings = lag.settings
    yield ""
    yield "802.3ad info"
    active, rate = settings.get("lacp_active"), settings.get("lacp_rate")
    if not isinstance(active, bool):
        active = _says(lag, PortState.ACTIVITY)
    yield from _known("LACP active", _switch(active))
    if rate not in ("slow", "fast"):
        rate = _switch(_says(lag, PortState.SHORT_TIMEOUT), "fast", "slow")
    yield from _known("LACP rate", rate)
    yield from _known("Min links", lag.min_ports)
    yield from _known("Aggregator selection policy (ad_select)", lag.agg_select_policy)
    actor = lag.actor
    if actor is None or actor.system_priority is None or actor.system is None:
        # The driver tells the rest to CAP_NET_ADMIN only.
        return
    yield f"System priority: {actor.system_priority}"
    yield f"System MAC address: {actor.system}"
    if lag.aggregator is None and not any(port.distributing for port in lag.ports):
        yield f"bond {lag.name} has no active aggregator"
        return
    yield "Active Aggregator Info:"
    if lag.aggregator is not None:
        # Open vSwitch has one, and no number for it.
        yield f"\tAggregator ID: {lag.aggregator}"
        attached = sum(port.aggregator == lag.aggregator for port in lag.ports)
        yield f"\tNumber of ports: {settings.get('ad_num_ports', attached)}"
    yield from _known("\tActor Key", actor.key)
    if lag.partner is not None:
        yield from _known("\tPartner Key", lag.partner.key)
        yield from _known("\tPartner Mac Address", lag.partner.system)


def _says(lag: LagView, bit: PortState) -> bool | None:
    """What the ports say of themselves, where it is no option of the whole."""
    said = [port.actor.says(bit) for port in lag.ports if port.actor is not None]
    known = [each for each in said if each is not None]
    return any(known) if known else None


def _port(port: PortView) -> Iterator[str]:
    yield f"Slave Interface: {port.name}"
    good = port.link.up if port.usable is None else port.usable
    status = port.settings.get("mii_status") or _switch(good, "up", "down")
    yield f"MII Status: {status or 'unknown'}"
    speed = port.link.speed
    yield f"Speed: {'Unknown' if speed is None else f'{speed} Mbps'}"
    yield f"Duplex: {port.link.duplex or 'Unknown'}"
    yield from _known("Link Failure Count", port.link_downs)
    yield from _known("Permanent HW addr", port.permanent_address)
    yield f"Slave queue ID: {port.queue_id or 0}"


def _lacp_port(port: PortView) -> Iterator[str]:
    if port.aggregator is None:
        yield "Aggregator ID: N/A"
        return
    yield f"Aggregator ID: {port.aggregator}"
    if port.machines is not None:
        yield from _known("Actor Churn State", _CHURN.get(port.machines.actor_churn or ""))
        yield from _known("Partner Churn State", _CHURN.get(port.machines.partner_churn or ""))
    if port.counters is not None:
        yield from _known("Actor Churned Count", port.counters.get("actor_churn_count"))
        yield from _known("Partner Churned Count", port.counters.get("partner_churn_count"))
    if port.actor is not None and port.actor.port is not None:
        yield "details actor lacp pdu:"
        yield from _end(port.actor, "port key")
    if port.partner is not None and port.partner.port is not None:
        yield "details partner lacp pdu:"
        yield from _end(port.partner, "oper key")


def _end(end: End, key: str) -> Iterator[str]:
    yield from _known("    system priority", end.system_priority)
    yield from _known("    system mac address", end.system)
    yield from _known(f"    {key}", end.key)
    yield from _known("    port priority", end.port_priority)
    yield from _known("    port number", end.port)
    yield from _known("    port state", None if end.state is None else int(end.state))

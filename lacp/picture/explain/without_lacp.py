"""Ports of a LAG without LACP: judged by link watchers, or by the monitor of a driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lacp.picture.explain.seen import Seen, counted, left
from lacp.picture.explain.words import lasted, weight
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import BACKUP_MODES, PortView
from lacp.text import quoted

#: What a driver's monitor says of a port that it will use, or no longer use, in a moment.
_SOON = {"going back": "updelay", "going down": "downdelay"}
#: How a reader ends what it says of a socket at which no daemon is.
_NOBODY = ("no such socket", "nobody listens here any more")


def watcher_down(port: PortView, seen: Seen) -> Finding | None:
    """A link watcher says that the port cannot be used."""
    if port.usable is not False or not port.link_watches:
        return None
    if seen.lacp and seen.lag.source != "teamd":
        # Behind a port that LACP has closed no probe is answered: what holds a port is `held`.
        return None
    down = [watch for watch in port.link_watches if watch.up is False]
    if not down:
        return None
    first = down[0]
    return Finding(
        code="watcher_down",
        port=port.name,
        gravity=weight(port),
        said=f"{first.name}: {first.reason or 'down'}",
        evidence=tuple(
            f"watcher {watch.name}: {watch.reason or 'down'}"
            + (f", down {watch.down_count} times" if watch.down_count else "")
            for watch in down
        ),
        remedy=_look(first.name or "", port),
        where=Where.LINK,
    )


def _look(watcher: str, port: PortView) -> tuple[str, ...]:
    if watcher == "ethtool":
        return ("check cable and optics, and the far port", f"ethtool {quoted(port.name)}")
    return ("see why the probes are not answered: address, VLAN, the neighbour itself",)


def nothing_known(port: PortView, seen: Seen) -> Finding | None:
    """The link watchers of the port have not said anything yet."""
    if seen.lag.source != "lacpd" or port.link_watches is None or port.link_watches:
        return None
    if port.usable:
        return None
    return Finding(
        code="nothing_known",
        port=port.name,
        gravity=weight(port),
        said="nothing is known of the interface yet",
        evidence=("no link watcher looks at it so far",),
        remedy=("wait a second; then see the log of lacpd",),
    )


def monitor_waits(port: PortView, seen: Seen) -> Finding | None:
    """The driver waits out updelay or downdelay."""
    status = port.settings.get("mii_status")
    option = _SOON.get(str(status))
    if option is None or not seen.lag.settings.get(option):
        # Without a delay it is the word of the ARP monitor for what it does not know.
        return _delayed(port)
    return Finding(
        code="monitor_waits",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"the link is {status}: {option} runs",
        evidence=(f"mii_status is {status}, {option} is {seen.lag.settings[option]} ms",),
        remedy=("wait",),
    )


def _delayed(port: PortView) -> Finding | None:
    """Open vSwitch tells how long the delay lasts."""
    for option in _SOON.values():
        remains = left(port, option)
        if remains is not None:
            return Finding(
                code="monitor_waits",
                port=port.name,
                gravity=Gravity.NOTE,
                said=f"the link has changed: {option} runs",
                evidence=(f"{lasted(remains)} of {option} are left",),
                remedy=("wait",),
            )
    return None


def arp_silent(port: PortView, seen: Seen) -> Finding | None:
    """The ARP monitor of a bond hears nothing on a port whose link is up."""
    interval = _number(seen.lag.settings, "arp_interval")
    if not interval or port.usable is not False or not port.link.up:
        return None
    targets = seen.lag.settings.get("arp_ip_target") or seen.lag.settings.get("ns_ip6_target")
    told = list(map(str, targets)) if isinstance(targets, list | tuple) else []
    target = quoted(told[0]) if told else "TARGET"
    return Finding(
        code="arp_silent",
        port=port.name,
        gravity=weight(port),
        said="the ARP monitor hears nothing although the link is up",
        evidence=(
            f"arp_interval is {interval} ms, targets: {', '.join(told) or 'none'}",
            f"arp_validate is {seen.lag.settings.get('arp_validate', 'not known')}",
        ),
        remedy=(
            "see that the targets answer on this link and its VLAN",
            "see that the bond has an address in the network of the targets",
            *(() if ":" in target else (f"arping -I {quoted(seen.lag.name)} {target}",)),
        ),
        where=Where.PARTNER,
    )


def monitor_down(port: PortView, seen: Seen) -> Finding | None:
    """The driver's monitor takes the port for down although its link is up."""
    if port.usable is not False or not port.link.up or port.link_watches:
        return None
    status = port.settings.get("mii_status", "down")
    return Finding(
        code="monitor_down",
        port=port.name,
        gravity=weight(port),
        said=f"the monitor of {seen.lag.source} says that the port cannot be used",
        evidence=(f"its status is {status}, the link is up",),
        remedy=("see the kernel's log", f"ethtool {quoted(port.name)}"),
    )


def lacp_unanswered(port: PortView, seen: Seen) -> Finding | None:
    """The other end speaks LACP and this one does not answer."""
    heard = counted(port, "lacpdus_rx")
    if seen.lacp or not heard:
        return None
    return Finding(
        code="lacp_unanswered",
        port=port.name,
        gravity=Gravity.ODDITY,
        said=f"the other end speaks LACP, mode {seen.lag.mode} does not",
        evidence=(f"{heard} LACPDUs came in: its port waits for a partner, or has fallen back",),
        remedy=("use a mode with LACP here, or a static LAG (mode on) at the other end",),
        where=Where.EITHER,
    )


def carries_nothing(port: PortView, seen: Seen) -> Finding | None:
    """The port could be used and is not."""
    if port.distributing is not False or port.collecting:
        return None
    if seen.lag.mode in BACKUP_MODES and seen.active:
        return None
    if idle_for_want_of_lacp(seen) or abandoned(seen):
        return None
    return Finding(
        code="carries_nothing",
        port=port.name,
        said="carries nothing yet",
        evidence=("the link is up and the port is said to be usable",),
        remedy=("wait a second; then see the log of what made the LAG",),
    )


def idle_for_want_of_lacp(seen: Seen) -> bool:
    """Whether this is a bond of Open vSwitch whose mode needs LACP and has none."""
    lag = seen.lag
    return lag.source == "ovs" and lag.mode == "balance-tcp" and not seen.lacp and not seen.active


def abandoned(seen: Seen) -> list[str]:
    """What was seen of a team of the kernel that no daemon runs; nothing if one may do so."""
    if seen.lag.source != "team":
        return []
    return [each for each in seen.lag.unseen if each.endswith(_NOBODY)]


def _number(settings: Mapping[str, Any], name: str) -> int:
    value = settings.get(name)
    return value if isinstance(value, int) else 0

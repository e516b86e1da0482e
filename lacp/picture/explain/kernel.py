"""What the kernel's drivers and Open vSwitch do otherwise than one thinks."""

from __future__ import annotations

from lacp.picture.explain.seen import Seen
from lacp.picture.explain.words import listed, quoted
from lacp.picture.findings import Finding, Gravity, Where


def miimon_off(seen: Seen) -> Finding | None:
    """A bond without a monitor does not notice that a link fails."""
    settings = seen.lag.settings
    if seen.lag.source != "bond" or settings.get("miimon") != 0:
        return None
    if settings.get("arp_interval"):
        return None
    return Finding(
        code="miimon_off",
        gravity=Gravity.ODDITY,
        said="no link monitoring: a link that fails goes on being used",
        evidence=(f"miimon is 0 and arp_interval is {settings.get('arp_interval', 'not known')}",),
        remedy=(f"ip link set dev {quoted(seen.lag.name)} type bond miimon 100",),
    )


def no_daemon(seen: Seen) -> Finding | None:
    """A team device of the kernel without a daemon: nobody watches its links."""
    if seen.lag.source != "team" or seen.lag.unseen:
        return None
    return Finding(
        code="no_daemon",
        gravity=Gravity.ODDITY,
        said="no daemon runs this team: nobody watches its links or speaks LACP",
        evidence=("neither teamd nor lacpd answers for the device",),
        remedy=("start the daemon that made it: teamd or lacpd with its configuration",),
    )


def needs_lacp(seen: Seen) -> Finding | None:
    """Open vSwitch uses no port of a balance-tcp bond before LACP is negotiated."""
    if seen.lag.source != "ovs" or seen.lag.mode != "balance-tcp" or seen.active or seen.hearing:
        return None
    if not seen.up:
        return None
    return Finding(
        code="needs_lacp",
        said="balance-tcp carries nothing without LACP",
        evidence=(
            f"no LACP partner is heard on {listed([port.name for port in seen.up])}",
            f"lacp is {'on' if seen.lacp else 'off'}",
        ),
        remedy=(
            f"ovs-vsctl set port {quoted(seen.lag.name)} lacp=active",
            "or let it carry on without",
            f"ovs-vsctl set port {quoted(seen.lag.name)} other_config:lacp-fallback-ab=true",
        ),
        where=Where.EITHER,
    )

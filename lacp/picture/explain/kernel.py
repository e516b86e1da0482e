"""What the kernel's drivers and Open vSwitch do otherwise than one thinks."""

from __future__ import annotations

from lacp.picture.explain import without_lacp
from lacp.picture.explain.seen import Seen
from lacp.picture.explain.words import listed
from lacp.picture.findings import Finding, Gravity
from lacp.text import quoted

#: How one begins what it says of a switch that does not answer.
_OF_SWITCH = "what becomes of the bond"


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
    told = without_lacp.abandoned(seen)
    if not told:
        return None
    return Finding(
        code="no_daemon",
        gravity=Gravity.FAULT if seen.up and not seen.active else Gravity.ODDITY,
        said="no daemon answers for this team: nobody watches its links or speaks LACP",
        evidence=tuple(told),
        remedy=("start the daemon that made it: teamd or lacpd with its configuration",),
    )


def no_switch(seen: Seen) -> Finding | None:
    """A bond of Open vSwitch of which its database alone tells."""
    told = [each for each in seen.lag.unseen if each.startswith(_OF_SWITCH)]
    if seen.lag.source != "ovs" or not told:
        return None
    return Finding(
        code="no_switch",
        said="ovs-vswitchd says nothing: the bond is configured, and perhaps nobody runs it",
        evidence=tuple(told),
        remedy=(
            "systemctl status openvswitch-switch ovs-vswitchd",
            "look for its last words in /var/log/openvswitch/ovs-vswitchd.log",
        ),
    )


def needs_lacp(seen: Seen) -> Finding | None:
    """Open vSwitch uses no port of a balance-tcp bond before LACP is negotiated."""
    if not without_lacp.idle_for_want_of_lacp(seen) or not seen.up:
        return None
    return Finding(
        code="needs_lacp",
        said="balance-tcp carries nothing without LACP",
        evidence=(
            (
                f"bond_mode is balance-tcp, lacp is off; {listed([port.name for port in seen.up])} "
                f"{'has' if len(seen.up) == 1 else 'have'} a link"
            ),
        ),
        remedy=(
            f"ovs-vsctl set port {quoted(seen.lag.name)} lacp=active",
            "or use a mode without LACP",
            f"ovs-vsctl set port {quoted(seen.lag.name)} bond_mode=balance-slb",
        ),
    )

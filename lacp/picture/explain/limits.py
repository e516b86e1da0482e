"""The LAG as a whole: whether it can be used, and how it stands to the other LAGs of the host."""

from __future__ import annotations

from lacp.link import Duplex
from lacp.picture.explain import remedy, silence
from lacp.picture.explain.seen import Seen
from lacp.picture.explain.words import listed, octet
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import BACKUP_MODES, LagView
from lacp.text import quoted

#: Of ports that are counted one by one.
_FEW = 8


def device_down(seen: Seen) -> Finding | None:
    """Somebody has set the device of the LAG down: nothing passes whatever its ports do."""
    if seen.lag.admin_up is not False:
        return None
    name = quoted(seen.lag.name)
    return Finding(
        code="device_down",
        said="the device is administratively down",
        evidence=(
            (
                f"the flags of {seen.lag.name} lack UP; "
                f"{len(seen.up)} of its {len(seen.lag.ports)} ports have a link"
            ),
        ),
        remedy=(f"ip link set dev {name} up",),
    )


def no_ports(seen: Seen) -> Finding | None:
    """The LAG has no port."""
    if seen.lag.ports:
        return None
    name = quoted(seen.lag.name)
    return Finding(
        code="no_ports",
        said="no ports",
        evidence=("nothing is below the device, and nothing is configured to be",),
        remedy=(
            "put ports into its configuration, or below it",
            f"ip link set dev PORT master {name}",
        ),
    )


def lag_looped(seen: Seen) -> Finding | None:
    """The LAG in use leads back to this system: frames would go round for ever."""
    if not seen.lag.looped:
        return None
    return Finding(
        code="lag_looped",
        said="loop: the partner is this system itself, nothing is carried",
        evidence=("the LAG in use has this system at both ends (6.4.14.1)",),
        remedy=("remove the cable or the bridge that connects two ports of this host",),
        where=Where.LINK,
    )


def below_min_ports(seen: Seen) -> Finding | None:
    """Fewer ports carry traffic than must: the device is without carrier."""
    needed, active = seen.lag.min_ports or 0, len(seen.active)
    if not seen.lag.ports or seen.lag.up is not False or active >= needed or needed < 2:
        return None
    return Finding(
        code="below_min_ports",
        said=f"no carrier: {active} distributing, min_ports {needed}",
        evidence=(
            f"{active} of {len(seen.lag.ports)} ports carry traffic, {needed} are asked for",
            *_idle(seen),
        ),
        remedy=(
            "repair the ports that are told below, or ask for fewer",
            *remedy.one_port_is_enough(seen.lag),
        ),
    )


def no_carrier(seen: Seen) -> Finding | None:
    """No port carries traffic."""
    if not seen.lag.ports or seen.lag.up is not False or seen.active or seen.lag.looped:
        return None
    if below_min_ports(seen) is not None or seen.lag.admin_up is False:
        return None
    said = "no carrier: no port can be used"
    if seen.lacp:
        needed = seen.lag.min_ports if seen.lag.min_ports is not None else 1
        said = f"no carrier: 0 distributing, min_ports {needed}"
    return Finding(
        code="no_carrier",
        said=said,
        evidence=(
            (
                f"0 of {len(seen.lag.ports)} ports carry traffic, {len(seen.up)} "
                f"{'has' if len(seen.up) == 1 else 'have'} a link"
            ),
        ),
        remedy=("see what is told of its ports below",),
        where=Where.EITHER,
    )


def no_backup(seen: Seen) -> Finding | None:
    """One port carries traffic and there is no other to take over."""
    if seen.lag.mode not in BACKUP_MODES or len(seen.lag.ports) != 1 or not seen.active:
        return None
    (port,) = seen.active
    return Finding(
        code="no_backup",
        gravity=Gravity.ODDITY,
        said=f"no backup: {port.name} is the only port",
        evidence=(f"mode {seen.lag.mode}, one port",),
        remedy=(f"ip link set dev PORT master {quoted(seen.lag.name)}",),
    )


def port_numbers_shared(seen: Seen) -> Finding | None:
    """Two of our ports bear the same number: the partner cannot tell them apart."""
    for (system, number), names in seen.numbers.items():
        if len(names) > 1:
            return Finding(
                code="port_numbers_shared",
                said=f"duplicate port number: {listed(names)} all have number {number}",
                evidence=(f"system {system} has port number {number} {len(names)} times (6.3.4)",),
                remedy=("give each port a number of its own",),
            )
    return None


def partnerless(seen: Seen) -> Finding | None:
    """The bonding driver sends traffic into links where nobody answered: it may be lost."""
    partner = seen.lag.partner
    if not seen.bonding or not seen.lacp or not seen.active or seen.hearing:
        return None
    if partner is not None and partner.known:
        return None
    # What keeps a port from speaking at all, or from hearing others, is told of the port.
    lost = [
        port
        for port in seen.active
        if port.link.duplex is Duplex.FULL and not silence.hears_own(port, seen)
    ]
    if not lost:
        return None
    ports = listed([port.name for port in lost])
    states = [
        f"{port.name} {octet(port.actor.state)}" for port in lost[:_FEW] if port.actor is not None
    ]
    return Finding(
        code="partnerless",
        gravity=Gravity.ODDITY,
        said=f"carries traffic on {ports} although no partner is there: it may be lost",
        evidence=(
            "the active aggregator has partner 00:00:00:00:00:00",
            *((f"our states: {', '.join(states)}",) if states else ()),
            "the bonding driver enables the ports of an aggregator without a partner, with carrier",
        ),
        remedy=(
            "configure LACP at the other end, or use a mode without LACP (balance-xor) at this one",
            "or let the kernel keep such a port out, from 7.0 on",
            f"ip link set dev {quoted(seen.lag.name)} type bond lacp_strict on",
        ),
        where=Where.PARTNER,
    )


def _idle(seen: Seen) -> tuple[str, ...]:
    names = [port.name for port in seen.lag.ports if not port.distributing]
    return (f"not used: {listed(names)}",) if names else ()


def shared_key(one: LagView, other: LagView) -> Finding:
    """Two LAGs of this host tell their partners the same system and key."""
    mine = one.actor
    assert mine is not None
    same = (
        one.partner is not None
        and other.partner is not None
        and one.partner.known
        and one.partner.system == other.partner.system
    )
    return Finding(
        code="shared_key",
        gravity=Gravity.ODDITY if same else Gravity.NOTE,
        said=f"{other.name} has the same system and key {mine.key}",
        evidence=(
            f"both say {mine.system_priority},{mine.system} key {mine.key}",
            "one partner may take their ports for one LAG (6.3.6.1)"
            if same
            else "harmless as long as they lead to different partners",
        ),
        remedy=("give one of them another key or system", *remedy.another_system(one)),
    )

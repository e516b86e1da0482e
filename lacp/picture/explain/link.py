"""The interface below a port: that it is there, up, and takes our frames."""

from __future__ import annotations

from lacp.link import speed as spoken
from lacp.picture.explain.seen import Seen, counted, half
from lacp.picture.explain.words import lasted, listed, weight
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import BACKUP_MODES, PortView
from lacp.text import quoted

#: Mode of a LAG whose ports may well differ in speed: only one is used, or speed is reckoned with.
_ANY_SPEED = BACKUP_MODES | {"balance-tlb", "balance-alb", "loadbalance"}
#: How often the link of a port may go down before that is worth a word.
_MANY_DOWNS = 3
#: Seconds without a change after which it is no news any more.
_LONG_AGO = 86400
#: The box of the Receive machine of a port without a link.
_LOST = "PORT_DISABLED"
#: Octets of a LACPDU (6.4.2.3).
_LACPDU = 110


def interface_missing(port: PortView, seen: Seen) -> Finding | None:
    """There is no interface of the port's name, or it cannot be put below the device."""
    if not port.missing:
        return None
    name = quoted(port.name)
    owned = "belongs to" in port.missing
    return Finding(
        code="interface_missing",
        port=port.name,
        said=port.missing,
        evidence=(f"{seen.lag.source} has {port.name} as a port but cannot use it",),
        remedy=(
            "free it" if owned else "see whether it exists, under this name and in this namespace",
            f"ip link set dev {name} nomaster" if owned else f"ip -d link show dev {name}",
        ),
    )


def port_admin_down(port: PortView, seen: Seen) -> Finding | None:
    """Somebody has set the interface of the port down."""
    if port.link.up is not False or port.link.admin_up is not False:
        return None
    return Finding(
        code="port_admin_down",
        port=port.name,
        said="interface is administratively down",
        evidence=("its flags lack UP: somebody, or some program, has set it down",),
        remedy=(f"ip link set dev {quoted(port.name)} up",),
    )


def link_down(port: PortView, seen: Seen) -> Finding | None:
    """The interface is up but no signal comes in: cable, optics, or the far port shut."""
    if port.link.up is not False:
        return None
    carrier = "the interface is up but has no carrier"
    return Finding(
        code="link_down",
        port=port.name,
        gravity=weight(port),
        said="link is down",
        evidence=(
            carrier if port.link.admin_up else "the interface says that no frame can pass",
            *_age(port),
        ),
        remedy=(
            "check cable and optics, and that the port at the other end is not shut down",
            f"ethtool {quoted(port.name)}",
        ),
        where=Where.LINK,
    )


def _age(port: PortView) -> tuple[str, ...]:
    if port.changed_age is None:
        return ()
    return (f"nothing has changed on the port for {lasted(port.changed_age)}",)


def half_duplex(port: PortView, seen: Seen) -> Finding | None:
    """A link that is not point to point: LACP is disabled on it; without LACP it is slow."""
    if not half(port):
        return None
    lacp = ": LACP is disabled on it" if seen.lacp else ""
    return Finding(
        code="half_duplex",
        port=port.name,
        gravity=weight(port),
        said=f"link is half duplex{lacp}",
        evidence=(
            f"the interface says {spoken(port.link.speed) or 'no speed'}, half duplex",
            *(("LACP runs on full duplex links only (6.4.8, LACP_Enabled)",) if lacp else ()),
        ),
        remedy=(
            "set both ends to autonegotiation: one that is fixed makes the other half duplex",
            f"ethtool -s {quoted(port.name)} autoneg on",
        ),
        where=Where.EITHER,
    )


def duplex_unknown(port: PortView, seen: Seen) -> Finding | None:
    """The bonding driver takes an unknown speed or duplex for half duplex: no LACP there."""
    key = None if port.actor is None else port.actor.key
    if not seen.bonding or not seen.lacp or not port.link.up:
        return None
    if port.link.duplex is not None or (key is not None and key & 1):
        return None
    said = spoken(port.link.speed) or "not known"
    return Finding(
        code="duplex_unknown",
        port=port.name,
        gravity=weight(port),
        said="duplex is not known: bonding takes it for half duplex and disables LACP",
        evidence=(
            f"the interface says speed {said}, duplex not known",
            *(() if key is None else (f"key {key} lacks the bit for full duplex",)),
        ),
        remedy=(
            f"ethtool -s {quoted(port.name)} speed 10000 duplex full",
            "or give the virtual interface a speed where it is made",
        ),
    )


def frames_refused(port: PortView, seen: Seen) -> Finding | None:
    """The interface takes our LACPDUs not: the partner cannot hear us."""
    if not port.refusal:
        return None
    errors = counted(port, "tx_errors")
    return Finding(
        code="frames_refused",
        port=port.name,
        gravity=weight(port),
        said=f"the interface refuses our LACPDUs ({errors} so far): {port.refusal}",
        evidence=(
            f"tx_errors is {errors}; the last one failed with: {port.refusal}",
            *_too_long(port),
        ),
        remedy=(
            "see what drops them: filters, queues, a full ring, a switch driver",
            f"ip -s link show dev {quoted(port.name)}",
            f"tc -s qdisc show dev {quoted(port.name)}",
        ),
    )


def _too_long(port: PortView) -> tuple[str, ...]:
    if port.mtu is None or port.mtu >= _LACPDU:
        return ()
    return (f"a LACPDU has {_LACPDU} octets, the MTU is {port.mtu}",)


def leaving(port: PortView, seen: Seen) -> Finding | None:
    """The port was taken out and tells its partner so."""
    if not port.withdrawn:
        return None
    return Finding(
        code="leaving",
        port=port.name,
        said="the port is about to leave",
        evidence=("it was taken out of the LAG; its last LACPDU tells the partner",),
        remedy=("nothing, if that was wanted; else put it back into the configuration",),
    )


def speed_differs(port: PortView, seen: Seen) -> Finding | None:
    """Links of one LAG should have one speed: by hash the slow one gets as much as the others."""
    mine, theirs = port.link.speed, seen.speed
    if not mine or not theirs or mine == theirs or not port.link.up:
        return None
    if _any_speed(seen):
        return None
    return Finding(
        code="speed_differs",
        port=port.name,
        gravity=Gravity.ODDITY,
        said=f"speed differs from the other ports' ({spoken(mine)}, not {spoken(theirs)})",
        evidence=(
            f"{port.name} runs at {mine} Mb/s, most others at {theirs} Mb/s",
            "flows are spread evenly over the links: the slowest is the first to be full",
        ),
        remedy=(
            "check negotiation at both ends, cable and optics",
            f"ethtool {quoted(port.name)}",
        ),
        where=Where.EITHER,
    )


def speed_unknown(port: PortView, seen: Seen) -> Finding | None:
    """A port that does not know its speed while the others do."""
    if port.link.speed or not port.link.up or not seen.speed or _any_speed(seen):
        return None
    return Finding(
        code="speed_unknown",
        port=port.name,
        gravity=Gravity.ODDITY,
        said="speed is not known",
        evidence=(f"the interface tells none, other ports run at {spoken(seen.speed)}",),
        remedy=(
            "see what the driver says, and set a speed where it is virtual",
            f"ethtool {quoted(port.name)}",
        ),
    )


def _any_speed(seen: Seen) -> bool:
    """Whether links may well differ in speed: one is used at a time, or flows move by load."""
    lag = seen.lag
    # lacpd has the whole of it under this name, a teamd each value.
    balances = lag.settings.get("tx_balancer") or lag.settings.get("tx_balancer.name")
    return lag.mode in _ANY_SPEED or bool(balances)


def mtu_lower(port: PortView, seen: Seen) -> Finding | None:
    """Frames as large as the device allows are lost on this port."""
    if port.mtu is None or seen.mtu is None or port.mtu >= seen.mtu:
        return None
    whose = f"{seen.lag.name} has" if seen.lag.mtu is not None else "most other ports have"
    return Finding(
        code="mtu_lower",
        port=port.name,
        gravity=Gravity.ODDITY,
        said=f"MTU is lower than the others' ({port.mtu}, not {seen.mtu})",
        evidence=(f"the port has MTU {port.mtu}, {whose} {seen.mtu}: larger frames are lost here",),
        remedy=(f"ip link set dev {quoted(port.name)} mtu {seen.mtu}",),
    )


def flapping(port: PortView, seen: Seen) -> Finding | None:
    """The link went down again and again."""
    downs = port.link_downs or 0
    if downs < _MANY_DOWNS or (port.changed_age or 0) > _LONG_AGO:
        return None
    return Finding(
        code="flapping",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"the link went down {downs} times",
        evidence=(f"link_downs is {downs}, counted since the source began", *_losses(port)),
        remedy=(
            "check cable, optics and the port's errors at both ends",
            f"ethtool -S {quoted(port.name)} | grep -i err",
        ),
        where=Where.LINK,
    )


def _losses(port: PortView) -> tuple[str, ...]:
    when = [
        change.time
        for change in port.history or ()
        if change.machine == "receive" and change.new == _LOST and change.time
    ]
    return (f"of late at {listed(when[-3:])}",) if when else ()

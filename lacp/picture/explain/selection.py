"""Why a port that hears its partner is in no LAG, or not in the one in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lacp.info import PortState
from lacp.link import speed as spoken
from lacp.picture.explain import remedy
from lacp.picture.explain.seen import Identity, Seen, hears, identity, individual, left
from lacp.picture.explain.words import lasted, octet, weight, who
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import PortView

#: Seconds for which the bonding driver does not use a fresh aggregator (AD_TIMER of 8 s).
_BONDING_WAITS = 8
_Part = TypeVar("_Part")
_SYSTEM_RULE = "only links between the same two systems and keys aggregate (6.3.6.1)"


def held(port: PortView, seen: Seen) -> Finding | None:
    """The port is kept out on purpose, by its link watchers or because the device is down."""
    if not port.held:
        return None
    watchers = tuple(
        f"{watch.name}: {watch.reason or 'down'}"
        for watch in port.link_watches or ()
        if not watch.up
    )
    until = port.held_for
    return Finding(
        code="held",
        port=port.name,
        gravity=weight(port),
        said=f"held: {port.held}",
        evidence=(
            *watchers,
            *(() if until is None else (f"it is tried again in {lasted(until)}",)),
            "LACP speaks on, out of sync, so that the partner sends nothing here",
        ),
        remedy=("see why the probes are not answered: address, VLAN, the neighbour itself",)
        if watchers
        else ("set the device up, or take away what holds the port",),
    )


def speeds_part(port: PortView, seen: Seen) -> Finding | None:
    """The bonding driver puts the speed into the key: links of two speeds make two LAGs."""
    if not seen.bonding or not _elsewhere(port, seen) or seen.reference is None:
        return None
    mine, theirs = port.link.speed, seen.reference.link.speed
    if not mine or not theirs or mine == theirs:
        return None
    ours = None if port.actor is None else port.actor.key
    used = None if seen.identity is None else seen.identity.key
    keys = () if None in (ours, used) else (f"its key is {ours}, that of the others {used}",)
    return Finding(
        code="speeds_part",
        port=port.name,
        gravity=weight(port),
        said=f"speed {spoken(mine)} keeps it out of the LAG of the {spoken(theirs)} ports",
        evidence=(
            *_where(port, seen),
            *keys,
            "the bonding driver makes the key from speed and duplex",
        ),
        remedy=("give all links one speed: cable, optics, negotiation at both ends",),
        where=Where.EITHER,
    )


def key_differs(port: PortView, seen: Seen) -> Finding | None:
    """Our own ports have different keys."""
    differing = _differing(port, seen, lambda identity: identity.key)
    if differing is None:
        return None
    ours, used = differing
    return Finding(
        code="key_differs",
        port=port.name,
        gravity=weight(port),
        said=f"our key differs from the other ports' ({ours}, not {used})",
        evidence=(*_where(port, seen), f"key {ours} here, {used} in use; {_SYSTEM_RULE}"),
        remedy=("give all ports of the LAG one key", *remedy.key_of(seen.lag, port, used)),
    )


def other_partner(port: PortView, seen: Seen) -> Finding | None:
    """The port leads to another system than the others."""
    differing = _differing(port, seen, lambda identity: identity.partner_system)
    if differing is None or port.partner is None or not port.partner.known:
        return None
    theirs, used = differing
    return Finding(
        code="other_partner",
        port=port.name,
        gravity=weight(port),
        said=f"another partner than the other ports' ({theirs}, not {used})",
        evidence=(
            *_where(port, seen),
            (
                f"{port.name} leads to {who(port.partner)}, the LAG in use to system {used}; "
                f"{_SYSTEM_RULE}"
            ),
        ),
        remedy=(
            (
                "see where the cable leads; if both are one switch pair, give them one system "
                "identifier (MLAG, stacking)"
            ),
        ),
        where=Where.PARTNER,
    )


def partner_priority_differs(port: PortView, seen: Seen) -> Finding | None:
    """The partner gives its system two priorities."""
    differing = _differing(port, seen, lambda identity: identity.partner_priority)
    if differing is None:
        return None
    theirs, used = differing
    return Finding(
        code="partner_priority_differs",
        port=port.name,
        gravity=weight(port),
        said=f"partner's system priority differs from the other ports' ({theirs}, not {used})",
        evidence=(
            *_where(port, seen),
            "the system priority is part of the System Identifier (6.3.2)",
        ),
        remedy=("set one system priority for the whole LAG",),
        where=Where.PARTNER,
    )


def partner_key_differs(port: PortView, seen: Seen) -> Finding | None:
    """The partner has put its ports into two LAGs."""
    differing = _differing(port, seen, lambda identity: identity.partner_key)
    if differing is None or port.partner is None:
        return None
    theirs, used = differing
    return Finding(
        code="partner_key_differs",
        port=port.name,
        gravity=weight(port),
        said=f"partner's key differs from the other ports' ({theirs}, not {used})",
        evidence=(
            *_where(port, seen),
            (
                f"its port {port.partner.port} has key {theirs}, those in use have {used}; "
                f"{_SYSTEM_RULE}"
            ),
        ),
        remedy=(
            "put all ports into one LAG (channel-group, port-channel) at the partner",
            "see that they have one speed: many systems make the key from it",
        ),
        where=Where.PARTNER,
    )


def individual_link(port: PortView, seen: Seen) -> Finding | None:
    """The link is individual, and another one is in use."""
    if not _elsewhere(port, seen) or not individual(port):
        return None
    ours = None if port.actor is None else port.actor.state
    theirs = None if port.partner is None else port.partner.state
    return Finding(
        code="individual_link",
        port=port.name,
        gravity=weight(port),
        said="an individual link: another port has the aggregator",
        evidence=(f"our state {octet(ours)}, the partner's {octet(theirs)}: G is not in both",),
        remedy=("let both ends aggregate; without that only one of the links can be used",),
        where=Where.EITHER,
    )


def other_aggregator(port: PortView, seen: Seen) -> Finding | None:
    """The port is in an aggregator that is not in use, for no reason that can be seen."""
    used = seen.lag.aggregator
    if port.aggregator is None or used is None or port.aggregator == used:
        return None
    return Finding(
        code="other_aggregator",
        port=port.name,
        gravity=weight(port),
        said=f"in aggregator {port.aggregator}, aggregator {used} is in use",
        evidence=(*_where(port, seen), *_reason(port)),
        remedy=(
            "compare both ends of this port with those of the others",
            "lacpctl show -v",
            "set the port down and up, so that it selects anew",
        ),
        where=Where.EITHER,
    )


def standby(port: PortView, seen: Seen) -> Finding | None:
    """The port stands by: others rank higher and there is a limit."""
    if port.selected != "STANDBY" or _too_few(seen):
        return None
    return Finding(
        code="standby",
        port=port.name,
        gravity=Gravity.NOTE,
        said=f"stands by: {port.selected_reason or 'others rank higher'}",
        evidence=_ranking(port, seen),
        remedy=(
            "nothing, if that is the limit that was asked for; else raise max_ports",
            "to prefer this port give it a lower port priority at the end that decides",
        ),
        where=Where.EITHER,
    )


def standby_for_min_ports(port: PortView, seen: Seen) -> Finding | None:
    """The port could carry traffic, but fewer ports than min_ports can."""
    if port.selected != "STANDBY" or not _too_few(seen):
        return None
    return Finding(
        code="standby_for_min_ports",
        port=port.name,
        gravity=weight(port),
        said=f"stands by: {port.selected_reason or 'fewer ports than min_ports are usable'}",
        evidence=(
            (
                f"min_ports is {seen.lag.min_ports}, {len(seen.hearing)} of "
                f"{len(seen.lag.ports)} ports hear a partner"
            ),
        ),
        remedy=(
            "repair the other ports, or ask for fewer",
            *remedy.one_port_is_enough(seen.lag),
        ),
    )


def waiting(port: PortView, seen: Seen) -> Finding | None:
    """The port waits for others to join with it before it is used."""
    mux = None if port.machines is None else port.machines.mux
    remains = left(port, "wait_while")
    if port.selected == "UNSELECTED" or not (mux == "WAITING" or _bond_waits(port, seen)):
        return None
    if mux is None:
        state = None if port.actor is None else port.actor.state
        known = f"our state {octet(state)} lacks S: the bonding driver waits 2 s before it attaches"
    elif remains is not None:
        known = f"the mux machine is WAITING, {lasted(remains)} of wait_while are left (6.4.15)"
    else:
        known = "the mux machine is WAITING, for another port if not for itself (6.4.15)"
    return Finding(
        code="waiting",
        port=port.name,
        gravity=Gravity.NOTE,
        said="waits a moment for other ports to join with it (aggregate_wait)",
        evidence=(known,),
        remedy=("wait",),
    )


def _bond_waits(port: PortView, seen: Seen) -> bool:
    """Whether a port of a bond is where it belongs and has yet to be attached."""
    if not seen.bonding or port.actor is None or port.aggregator is None or not hears(port):
        return False
    in_use = port.aggregator == seen.lag.aggregator
    return in_use and port.actor.says(PortState.SYNCHRONIZATION) is False


def restoring(port: PortView, seen: Seen) -> Finding | None:
    """A link that came back must prove itself before it is used again (802.1AX-2020)."""
    if port.machines is None or port.machines.mux != "ATTACHED_WTR":
        return None
    remains = left(port, "wait_to_restore")
    return Finding(
        code="restoring",
        port=port.name,
        gravity=Gravity.NOTE,
        said="the link has come back and is not used yet (wait_to_restore)",
        evidence=(
            f"{lasted(remains)} of wait_to_restore are left"
            if remains is not None
            else "the LAG is not revertive: it waits until no other port is in use",
        ),
        remedy=("wait, or set wait_to_restore to 0",),
    )


def bonding_settles(port: PortView, seen: Seen) -> Finding | None:
    """Both ends are in sync and bonding has not begun to use the aggregator."""
    actor, partner = port.actor, port.partner
    if not seen.bonding or port.distributing is not False or actor is None:
        return None
    in_sync = actor.state is not None and PortState.SYNCHRONIZATION in actor.state
    theirs = (
        partner is not None
        and partner.state is not None
        and PortState.SYNCHRONIZATION in partner.state
    )
    if not (in_sync and theirs) or not hears(port):
        return None
    return Finding(
        code="bonding_settles",
        port=port.name,
        gravity=Gravity.NOTE,
        said="waits: both ends are in sync, the bonding driver has yet to use the port",
        evidence=(
            (
                f"our state {octet(actor.state)}, the partner's "
                f"{octet(None if partner is None else partner.state)}: both have S"
            ),
            f"a bond waits up to {_BONDING_WAITS} s after its first port before it uses it",
        ),
        remedy=(f"wait {_BONDING_WAITS} s; if it stays so, look into the kernel's log",),
    )


def not_selected(port: PortView, seen: Seen) -> Finding | None:
    """The Selection Logic gives the port no aggregator."""
    if port.selected != "UNSELECTED" or port.distributing is not False:
        return None
    policy = seen.lag.agg_select_policy
    return Finding(
        code="not_selected",
        port=port.name,
        said=f"not selected: {port.selected_reason or 'the source does not say why'}",
        evidence=(
            "the port is UNSELECTED (6.4.8)",
            *_where(port, seen),
            *((f"agg_select_policy is {policy}",) if policy else ()),
        ),
        remedy=("see which LAG should be used, and choose it: agg_select_policy, or active_port",),
    )


def _elsewhere(port: PortView, seen: Seen) -> bool:
    """Whether the port hears a partner and is not in the LAG in use."""
    if seen.reference is None and seen.identity is None:
        return False
    if port is seen.reference or hears(port) is False or port.distributing:
        return False
    used = seen.lag.aggregator
    if port.aggregator is not None and used is not None:
        return port.aggregator != used
    return seen.identity is not None and (identity(port) != seen.identity or individual(port))


def _differing(
    port: PortView, seen: Seen, part: Callable[[Identity], _Part | None]
) -> tuple[_Part, _Part] | None:
    """That part of a port's LAG ID and of the LAG in use, where they keep the port out of it."""
    if seen.identity is None or not _elsewhere(port, seen):
        return None
    mine, used = part(identity(port)), part(seen.identity)
    return None if mine is None or used is None or mine == used else (mine, used)


def _too_few(seen: Seen) -> bool:
    needed = seen.lag.min_ports or 0
    return needed > 1 and len(seen.active) < needed


def _where(port: PortView, seen: Seen) -> tuple[str, ...]:
    used = seen.lag.aggregator
    if used is None:
        return ()
    mine = "no aggregator" if port.aggregator is None else f"aggregator {port.aggregator}"
    if port.aggregator == used:
        return ()
    return (f"the port is in {mine}, aggregator {used} is in use",)


def _reason(port: PortView) -> tuple[str, ...]:
    return (f"the source says: {port.selected_reason}",) if port.selected_reason else ()


def _ranking(port: PortView, seen: Seen) -> tuple[str, ...]:
    """Whose ranking it is, and how this port stands in it (6.7.1)."""
    actor, partner = port.actor, port.partner
    if actor is None or partner is None or not partner.known or actor.system is None:
        return ("no partner is known: our own ranking holds",)
    ours = (actor.system_priority or 0, actor.system)
    assert partner.system is not None
    theirs = (partner.system_priority or 0, partner.system)
    we = ours < theirs
    whose = "ours" if we else "the partner's"
    said = (
        f"the ranking is {whose}: system {ours[0]},{ours[1]} here, {theirs[0]},{theirs[1]} there, "
        "the lower one decides (6.7.1)"
    )
    told = [
        f"{each.name} {end.port_priority},{end.port}"
        for each in (*seen.active[:3], port)
        if (end := each.actor if we else each.partner) is not None
    ]
    return (said, f"port identifiers, lower first: {'; '.join(told)} (this one)")

"""What the partner of a port that hears one says: of itself, and of us."""

from __future__ import annotations

from lacp.address import NO_MAC
from lacp.info import PortState
from lacp.picture.explain import remedy
from lacp.picture.explain.seen import Seen, hears
from lacp.picture.explain.words import lasted, listed, octet, weight, who
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import End, PortView

_ACTIVITY = PortState.ACTIVITY
_AGGREGATION = PortState.AGGREGATION
_SYNC = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING
_DEFAULTED = PortState.DEFAULTED
_EXPIRED = PortState.EXPIRED

#: Seconds that two ends may need to follow each other, at the slowest usual peers.
_FOLLOWS = 3.0
_ONE_WAY = (
    "look for a link that works one way only: one fibre, a filter, a converter between",
    "see at the partner what its port receives: counters, and lacpctl explain where that is Linux",
)


def hears_itself(port: PortView, seen: Seen) -> Finding | None:
    """What the port sends comes back to it."""
    if not _own_system(port) or port.actor is None or port.partner is None:
        return None
    if port.partner.port is None or port.partner.port != port.actor.port:
        return None
    return Finding(
        code="hears_itself",
        port=port.name,
        gravity=weight(port),
        said="loop: the port hears itself",
        evidence=(
            f"the partner says that it is {who(port.partner)}: that is this port (6.4.14.1)",
        ),
        remedy=("remove the loop: a loopback plug, a looped line, a switch port in loopback",),
        where=Where.LINK,
    )


def loop(port: PortView, seen: Seen) -> Finding | None:
    """The partner is this system itself: two of its ports are connected."""
    if not _own_system(port) or port.actor is None or port.partner is None:
        return None
    number = port.partner.port
    assert port.partner.system is not None
    here = () if number is None else seen.numbers.get((port.partner.system, number), ())
    there = (
        f"port number {number} is {listed(list(here))}"
        if here
        else f"no port of {seen.lag.name} has number {number}: it is another LAG of this host, "
        "or another host with the same system identifier"
    )
    return Finding(
        code="loop",
        port=port.name,
        gravity=weight(port),
        said=f"loop: the partner is port {number} of this system itself",
        evidence=(f"the partner says that it is {who(port.partner)}, we are that system", there),
        remedy=(
            f"remove the cable between {port.name} and {listed(list(here))}"
            if here
            else "remove the cable between the two, or give one of them another system identifier",
            *(() if here else remedy.another_system(seen.lag)),
        ),
        where=Where.LINK if here else Where.EITHER,
    )


def duplicate_partner_port(port: PortView, seen: Seen) -> Finding | None:
    """Two of our ports hear the same port of the partner."""
    partner = port.partner
    sharing = seen.sharing(port)
    if partner is None or len(sharing) < 2 or not hears(port):
        return None
    twins = listed(sharing, port.name)
    has = "has" if len(sharing) == 2 else "have"
    return Finding(
        code="duplicate_partner_port",
        port=port.name,
        gravity=weight(port),
        said=f"duplicate partner port: {twins} {has} partner port {partner.port} too",
        evidence=(f"{port.name} and {twins} all hear {who(partner)}",),
        remedy=(
            "remove the bridge or hub between: LACP needs a link of its own for each port",
            "or give the partner's ports different numbers",
        ),
        where=Where.LINK,
    )


def partner_individual(port: PortView, seen: Seen) -> Finding | None:
    """The partner declares the link individual: it may not be aggregated with others."""
    partner = port.partner
    if partner is None or partner.says(_AGGREGATION) is not False or not hears(port):
        return None
    if port.distributing and len(seen.lag.ports) == 1:
        return None
    return Finding(
        code="partner_individual",
        port=port.name,
        gravity=weight(port),
        said="partner does not aggregate: it declares the link individual",
        evidence=(f"the partner's state {octet(partner.state)} lacks G, aggregation (6.4.2.3)",),
        remedy=("put the partner's port into a LAG, or a LAG of more than one port",),
        where=Where.PARTNER,
    )


def not_echoed(port: PortView, seen: Seen) -> Finding | None:
    """The partner's LACPDUs come in, and say that it does not hear ours, or others than these."""
    if port.refusal or port.actor is None or not hears(port):
        return None
    echo, actor, partner = port.heard, port.actor, port.partner
    if echo is None or _same(echo, actor):
        return None
    if partner is not None and partner.says(_AGGREGATION) is False:
        # An individual partner need not see us (6.4.9).
        return None
    number = echo.port
    remedies: tuple[str, ...] = _ONE_WAY
    where = Where.LINK
    if echo.system in (None, NO_MAC):
        said = "partner does not see us: it hears nobody"
    elif echo.system != actor.system:
        said = f"partner does not see us: it echoes system {echo.system}, we are {actor.system}"
        remedies = ("see who else the partner's port hears: a bridge between, or a swapped cable",)
    elif echo.port != actor.port:
        said = f"partner does not see us: it echoes port {number}, we are {actor.port}"
        assert echo.system is not None
        assert number is not None
        twins = seen.numbers.get((echo.system, number), [])
        remedies = (
            *(
                (f"{listed(twins)} has number {number}: see whether cables are swapped",)
                * bool(twins)
            ),
            "see that the link works both ways to one and the same port of the partner",
        )
    else:
        said = "partner has an outdated view of us: it echoes another key or priority"
        where = Where.PARTNER
        remedies = ("wait for its next LACPDU; if that does not help, restart its port",)
    state = None if partner is None else partner.state
    return Finding(
        code="not_echoed",
        port=port.name,
        gravity=weight(port),
        said=said,
        evidence=(
            f"its last LACPDU says that its partner is {_told(echo)}; we are {_told(actor)}",
            *(() if state is None else (f"its own state is {octet(state)}",)),
            "it counts as in sync only when it sees us as we are (6.4.9, recordPDU)",
        ),
        remedy=remedies,
        where=where,
    )


def partner_defaulted(port: PortView, seen: Seen) -> Finding | None:
    """The partner says that it hears nobody: what we send does not reach it."""
    return _deaf(port, _DEFAULTED, "partner_defaulted", "F, defaulted: it hears nobody")


def partner_expired(port: PortView, seen: Seen) -> Finding | None:
    """The partner says that it does not hear us any more."""
    return _deaf(port, _EXPIRED, "partner_expired", "E, expired: it does not hear us any more")


def passive_both(port: PortView, seen: Seen) -> Finding | None:
    """Both ends are passive: soon neither will speak."""
    actor, partner = port.actor, port.partner
    if actor is None or partner is None or not hears(port):
        return None
    if actor.says(_ACTIVITY) is not False or partner.says(_ACTIVITY) is not False:
        return None
    return Finding(
        code="passive_both",
        port=port.name,
        gravity=weight(port),
        said="partner is passive and so are we",
        evidence=(
            (
                f"our state {octet(actor.state)} and the partner's {octet(partner.state)} both "
                "lack A, activity: neither speaks unless spoken to (6.4.1)"
            ),
        ),
        remedy=("make one end active, best both", *remedy.speak_first(seen.lag)),
        where=Where.EITHER,
    )


def partner_not_in_sync(port: PortView, seen: Seen) -> Finding | None:
    """The partner hears us but does not want this link in its LAG."""
    actor, partner = port.actor, port.partner
    if port.refusal or partner is None or partner.says(_SYNC) is not False or not hears(port):
        return None
    others = seen.agreed
    evidence = [f"the partner's state {octet(partner.state)} lacks S, in sync (6.4.2.3)"]
    if port.changed_age is not None:
        evidence.append(f"nothing has changed here for {lasted(port.changed_age)}")
    remedies = ["see at the partner why its port is not selected: key, limits, its own findings"]
    if others and actor is not None:
        evidence.append(
            f"it is in sync on {listed(others)}: "
            "it may have all ports that it wants, and this one stands by"
        )
        remedies.append("compare its limit of active ports, and the priorities of ports")
    return Finding(
        code="partner_not_in_sync",
        port=port.name,
        gravity=weight(port),
        said="partner is not in sync: it does not want this link in its LAG, or not yet",
        evidence=tuple(evidence),
        remedy=tuple(remedies),
        where=Where.PARTNER,
    )


def partner_not_collecting(port: PortView, seen: Seen) -> Finding | None:
    """The partner is in sync but takes no frames from the link."""
    actor, partner = port.actor, port.partner
    if actor is None or partner is None or not hears(port) or not _in_sync(port):
        return None
    if partner.says(_COLLECTING) is not False or not actor.says(_COLLECTING):
        return None
    if port.distributing and not _settled(port):
        return None
    lost = ": what we send on this link is lost" if port.distributing else ""
    return Finding(
        code="partner_not_collecting",
        port=port.name,
        gravity=weight(port),
        said=f"partner does not collect{lost}",
        evidence=(
            (
                f"the partner's state {octet(partner.state)} has S but lacks C, collecting; "
                f"ours is {octet(actor.state)}"
            ),
        ),
        remedy=("see at the partner why its port takes no frames: its LAG may be down or blocked",),
        where=Where.PARTNER,
    )


def partner_not_distributing(port: PortView, seen: Seen) -> Finding | None:
    """The partner takes our frames but sends none on this link."""
    partner, age, changed = port.partner, port.last_rx_age, port.changed_age
    if not port.distributing or partner is None or not hears(port):
        return None
    if partner.says(_COLLECTING) is not True or partner.says(_DISTRIBUTING) is not False:
        return None
    # Nobody has to tell at once that it distributes: what came soon after is no news (6.4.15).
    if age is None or changed is None or changed - age < _FOLLOWS:
        return None
    return Finding(
        code="partner_not_distributing",
        port=port.name,
        gravity=Gravity.ODDITY,
        said="partner sends no traffic on this link, it only takes ours",
        evidence=(
            (
                f"the partner's state {octet(partner.state)} lacks D, distributing, "
                f"{lasted(changed - age)} after we were ready"
            ),
        ),
        remedy=("see at the partner what keeps its port from distributing",),
        where=Where.PARTNER,
    )


def _deaf(port: PortView, bit: PortState, code: str, meaning: str) -> Finding | None:
    partner = port.partner
    if port.refusal or partner is None or not partner.says(bit) or not hears(port):
        return None
    return Finding(
        code=code,
        port=port.name,
        gravity=weight(port),
        said="partner does not hear us",
        evidence=(f"the partner's state {octet(partner.state)} has {meaning}",),
        remedy=_ONE_WAY,
        where=Where.LINK,
    )


def _own_system(port: PortView) -> bool:
    actor, partner = port.actor, port.partner
    if actor is None or partner is None or not actor.known or actor.system != partner.system:
        return False
    return hears(port) is True and (
        None in (actor.system_priority, partner.system_priority)
        or actor.system_priority == partner.system_priority
    )


def _in_sync(port: PortView) -> bool:
    return port.partner is not None and port.partner.says(_SYNC) is True


def _settled(port: PortView) -> bool:
    """Whether the last LACPDU came when the partner had had time to follow us."""
    age, changed = port.last_rx_age, port.changed_age
    return age is None or changed is None or changed - age >= _FOLLOWS


def _same(echo: End, actor: End) -> bool:
    """Whether the partner sees us as we are, as far as both are known."""
    return all(
        seen is None or is_ is None or seen == is_
        for seen, is_ in (
            (echo.system_priority, actor.system_priority),
            (echo.system, actor.system),
            (echo.key, actor.key),
            (echo.port_priority, actor.port_priority),
            (echo.port, actor.port),
        )
    )


def _told(end: End) -> str:
    if not end.known:
        return "nobody"
    return f"{end.system_priority},{end.system} key {end.key} port {end.port_priority},{end.port}"

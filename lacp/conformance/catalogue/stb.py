"""Group STB: a LAG with more links than the device can use (6.7.1).

The device uses two links of three. What it is itself is learned first, so that H can be made to
decide or not, and to rank the links the other way round than the device does.
"""

from __future__ import annotations

from dataclasses import replace

from lacp.address import Mac
from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, CONVERGENCE, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortInfo
from lacp.protocol.timers import AGGREGATE_WAIT_TIME

#: Links that the device uses, and links that there are.
_MOST = 2
_LINKS = 3
_DEVICE = {"max_links": _MOST, "lags": 1, "aggregation": True}

_HIGH = Mac.parse("fe:ff:ff:ff:ff:fe")
_LOW = Mac.parse("00:00:00:00:00:01")
_WEAKER = (0xFFFF, _HIGH)
_STRONGER = (0, _LOW)

#: Whoever is to be promoted or demoted has been after this, with all waits and handshakes.
_SETTLED = 8.0
_PROMOTED = AGGREGATE_WAIT_TIME + TOLERANCE + 2 * BOUND + 1.0


def _met(t: Trial) -> Wait[list[PortInfo]]:
    """The device's ports, as they announce themselves."""
    for partner in t.partners:
        partner.mirror()
    yield from t.until(
        lambda: all(t.last(partner.link) for partner in t.partners),
        CONVERGENCE,
        "a LACPDU on each link, as standby ports send them too",
    )
    return [partner.device for partner in t.partners]


def _ranked(infos: list[PortInfo]) -> list[int]:
    """The links in the order of these Port Identifiers."""
    return sorted(range(len(infos)), key=lambda link: infos[link].port_id)


def _meet(
    t: Trial, system_id: tuple[int, Mac], *, by_number: bool = False
) -> Wait[tuple[list[int], str]]:
    """Converge with H of that System Identifier, who ranks the links as the device does not.

    Returns the links in the order of whoever decides, and in words who that is.
    """
    theirs = yield from _met(t)
    for place, link in enumerate(reversed(_ranked(theirs))):
        partner = t.partner(link)
        base = replace(partner.actor, system_priority=system_id[0], system=system_id[1])
        number, priority = (0x0201 + place, 0x80) if by_number else (base.port, 0x80 + place)
        partner.actor = replace(base, port=number, port_priority=priority)
    yield from _settle(t)
    ours = [partner.actor for partner in t.partners]
    theirs = [partner.device for partner in t.partners]
    if ours[0].system_id < theirs[0].system_id:
        return _ranked(ours), f"H decides, whose System Identifier is lower than {theirs[0]}"
    return _ranked(theirs), f"the device decides, its System Identifier is lower: {theirs[0]}"


def _settle(t: Trial) -> Wait[None]:
    for partner in t.partners:
        partner.mirror()
    yield from t.converge(t.partners, at_least=_MOST)
    yield from t.wait(_SETTLED)


def _last(t: Trial, link: int) -> Seen:
    last = t.last(link)
    assert last is not None
    return last


def _check_order(t: Trial, order: list[int], who: str) -> None:
    """The first of the order are in use, the others are not in sync."""
    for place, link in enumerate(order):
        last = _last(t, link)
        if place < _MOST:
            t.check(
                last.synchronization and last.distributing,
                f"{last.summary} on link {link}",
                f"links {', '.join(map(str, order[:_MOST]))} in use: {who}",
            )
        else:
            t.check(
                not last.synchronization and not last.collecting and not last.distributing,
                f"{last.summary} on link {link}",
                f"it standing by, out of sync: {who}",
            )


@case(
    "STB-01",
    "A device that decides uses the links whose ports are its best",
    clause="6.7.1",
    stimulus="three links, of which the device uses two; H's System Identifier is the higher, and "
    "H ranks the links in the reverse order",
    expected="the two links of the lowest Port Identifiers of the device are in use, the third has "
    "Synchronization=0",
    links=_LINKS,
    device=_DEVICE,
    wall=Wall.MIDDLE,
)
def device_decides(t: Trial) -> Script:
    order, who = yield from _meet(t, _WEAKER)
    _check_order(t, order, who)


@case(
    "STB-02",
    "A device whose partner decides uses the links whose ports are the partner's best",
    clause="6.7.1",
    stimulus="three links, of which the device uses two; H's System Identifier is the lower, and H "
    "ranks the links in the reverse order by port priority",
    expected="the two links of the lowest Port Identifiers of H are in use, the third has "
    "Synchronization=0",
    links=_LINKS,
    device=_DEVICE,
    wall=Wall.MIDDLE,
)
def partner_decides(t: Trial) -> Script:
    order, who = yield from _meet(t, _STRONGER)
    _check_order(t, order, who)


@case(
    "STB-03",
    "Among ports of equal priority the lower number wins",
    clause="6.7.1",
    stimulus="as STB-02, with the same port priority and numbers in the reverse order",
    expected="the two links of the lowest port numbers of H are in use, the third has "
    "Synchronization=0",
    links=_LINKS,
    device=_DEVICE,
    wall=Wall.MIDDLE,
)
def number_decides(t: Trial) -> Script:
    order, who = yield from _meet(t, _STRONGER, by_number=True)
    _check_order(t, order, f"{who}, with equal port priorities")


@case(
    "STB-04",
    "Between systems of equal priority the lower address decides",
    clause="6.7.1",
    stimulus="as STB-01 and STB-02, with the device's own system priority and first a lower, then "
    "a higher System",
    expected="H's order with the lower System, the device's with the higher",
    links=_LINKS,
    device=_DEVICE,
    wall=Wall.LONG,
)
def address_decides(t: Trial) -> Script:
    theirs = yield from _met(t)
    for system in (_LOW, _HIGH):
        order, who = yield from _meet(t, (theirs[0].system_priority, system))
        _check_order(t, order, who)


@case(
    "STB-05",
    "A port that stands by is out of sync and goes on talking",
    clause="6.7.1",
    stimulus="three links, of which the device uses two; 10 s of rest",
    expected="on the third Synchronization=0, Collecting=0 and Distributing=0, H in the Partner "
    "TLV, neither Expired nor Defaulted, and a LACPDU each second",
    links=_LINKS,
    device=_DEVICE,
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def stands_by(t: Trial) -> Script:
    order, _ = yield from _meet(t, _WEAKER)
    start, link = t.now, order[-1]
    yield from t.wait(10.0)
    heard = t.pdus(link, start)
    t.check(
        len(heard) >= 8,
        f"{len(heard)} LACPDUs in 10 s on link {link}, which stands by",
        "one each second, as H asks for",
    )
    for it in heard:
        t.check(
            not it.synchronization and not it.collecting and not it.distributing,
            f"{it.summary} on link {link}, which stands by",
            "Synchronization=0, Collecting=0 and Distributing=0",
        )
        t.check(
            it.partner.identity == t.partner(link).actor.identity
            and not it.expired
            and not it.defaulted,
            f"{it.summary} on link {link}, which stands by",
            "H in the Partner TLV, as its Receive machine is in CURRENT",
        )


@case(
    "STB-06",
    "A port that stands by takes the place of one that goes down",
    clause="6.7.1",
    stimulus="three links, of which the device uses two; one of them goes down",
    expected="the third converges within Aggregate_Wait and the handshake; the other one stays "
    "undisturbed",
    links=_LINKS,
    needs={Need.LINK},
    device=_DEVICE,
    wall=Wall.MIDDLE,
)
def promoted(t: Trial) -> Script:
    order, _ = yield from _meet(t, _WEAKER)
    yield from _lose(t, order)


def _lose(t: Trial, order: list[int]) -> Wait[None]:
    """The best link goes down: the last takes its place, and the other one stays."""
    best, stays, waits = order
    start = t.now
    t.partner(best).silence()
    t.set_link(best, False)
    yield from t.until(
        lambda: _last(t, waits).distributing,
        _PROMOTED,
        f"Distributing=1 on link {waits}, which stood by for link {best}",
    )
    for it in t.pdus(stays, start):
        t.check(
            it.distributing,
            f"{it.summary} on link {stays}",
            f"it undisturbed by what happens to link {best}",
        )


@case(
    "STB-07",
    "A better port that comes back takes its place again",
    clause="6.7.1",
    stimulus="as STB-06; the link comes up again",
    expected="it is in use again and the third stands by; INFO when the device keeps the third",
    links=_LINKS,
    needs={Need.LINK},
    device={**_DEVICE, "revertive": True},
    wall=Wall.MIDDLE,
)
def pre_empts(t: Trial) -> Script:
    order, _ = yield from _meet(t, _WEAKER)
    yield from _lose(t, order)
    best, _, waits = order
    yield from t.wait(1.5)
    t.set_link(best, True)
    t.partner(best).mirror()
    yield from t.wait(_SETTLED + t.device.wait_to_restore)
    back, stayed = _last(t, best), _last(t, waits)
    t.check(
        back.distributing is not stayed.distributing,
        f"{back.summary} on link {best} and {stayed.summary} on link {waits}",
        "one of them in use: the device uses two links",
    )
    if stayed.distributing:
        t.info(f"link {waits} stays in use when link {best} is back: the device does not pre-empt")

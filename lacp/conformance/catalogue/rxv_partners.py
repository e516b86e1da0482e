"""Group RXV: partners that nobody should be, a device that hears itself, and noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from lacp.address import NO_MAC, Mac
from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.rxv import accepted
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.partner import SYSTEM, Partner
from lacp.conformance.tester.times import BOUND, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.wire import slow
from lacp.wire.layout import HEADER
from lacp.wire.slow import Subtype

#: Seconds in which a device that is willing to use a partner does: a selection, Aggregate_Wait, and
#: the LACPDU after it.
_WILLING = 2.0 + 2 * BOUND
#: A multicast address of nobody's.
_GROUP = Mac.parse("03:48:00:00:00:01")

#: What decides about the noise.
SEED = 26
_NOISE = 1000
#: Seconds between two frames of noise.
_BEAT = 0.005
#: The longest payload of an Ethernet frame.
_LONGEST = 1500


def _distributes(t: Trial, *links: int) -> Wait[list[bool]]:
    """Whether the device comes to distribute with the partners of these links, who cooperate."""
    start = t.now
    for link in links:
        t.partner(link).mirror()

    def uses(link: int) -> bool:
        return any(
            it.distributing and it.partner.identity == t.partner(link).actor.identity
            for it in t.pdus(link, start)
        )

    while t.now < start + _WILLING + t.slack and not all(uses(link) for link in links):
        yield from t.try_pdu(link=None, within=max(0.0, start + _WILLING - t.now))
    return [uses(link) for link in links]


@case(
    "RXV-21",
    "A partner with port number 0 is not aggregated with",
    clause="6.4.7",
    stimulus="H converged becomes a cooperating H with Actor_Port 0",
    expected="no Distributing with it within 4.5 s; WARN if there is",
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def port_zero(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.actor = replace(partner.actor, port=0)
    (uses,) = yield from _distributes(t, 0)
    if uses:
        t.warn("saw Distributing with a partner of port number 0, expected it left alone: no port")


@case(
    "RXV-22",
    "A partner with key 0 does no harm",
    clause="6.4.7",
    stimulus="H converged becomes a cooperating H with Actor_Key 0; then it has its own key again",
    expected="Distributing with it or not, which is recorded; H with its own key is accepted",
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def key_zero(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    proper = partner.actor
    partner.actor = replace(proper, key=0)
    (uses,) = yield from _distributes(t, 0)
    t.info(f"saw {'' if uses else 'no '}Distributing with a partner of key 0; both are right")
    partner.actor = proper
    yield from accepted(t, "H with its own key")


@case(
    "RXV-23",
    "Partners whose system is zero or a group address do no harm",
    clause="6.4.14.1",
    stimulus="converged on two links; H on the first becomes system 00:00:00:00:00:00, H on the "
    "second a group address; then each has its own again",
    expected="Distributing with them or not, which is recorded; never both in one aggregator where "
    "the device shows it; H as it was is accepted",
    source=Source.FIELD_BUG,
    links=2,
    wall=Wall.MIDDLE,
)
def odd_systems(t: Trial) -> Script:
    yield from t.b2()
    for partner, system in zip(t.partners, (NO_MAC, _GROUP), strict=True):
        partner.actor = replace(partner.actor, system=system)
    zero, group = yield from _distributes(t, 0, 1)
    heard = any(it.partner.system != SYSTEM for link in (0, 1) if (it := t.last(link)))
    if heard and t.offers(Need.MANAGEMENT):
        first, second = (t.management.port(link).aggregator for link in (0, 1))
        t.check(
            first is None or first != second,
            f"system {NO_MAC} and system {_GROUP} in aggregator {first}",
            "an aggregator for each of two systems",
        )
    used = [str(system) for system, uses in ((NO_MAC, zero), (_GROUP, group)) if uses]
    t.info(
        f"saw Distributing with {' and '.join(used) or 'neither'} of the systems {NO_MAC} and "
        f"{_GROUP}; a device may refuse them"
    )
    for partner in t.partners:
        partner.reset()
    yield from accepted(t, "H as it was")


@case(
    "RXV-24",
    "The source address of a LACPDU is not looked at",
    clause="6.4.12",
    stimulus="converged; LACPDUs of H from two other source addresses",
    expected="both accepted within 1.25 s",
)
def source_addresses(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    proper = partner.address
    try:
        for last in (0x55, 0x66):
            partner.address = Mac(proper[:5] + bytes((last,)))
            yield from accepted(t, f"a LACPDU from {partner.address}")
    finally:
        partner.address = proper


@case(
    "RXV-25",
    "A device that hears itself does not aggregate with itself, and misses itself in time",
    clause="6.4.14.1",
    stimulus="converged; H sends each LACPDU of the device back to it for 4 s, then falls silent",
    expected="WARN if it distributes with itself; Expired=1 its own timeout (3 s ±0.25 s or 90 s "
    "±0.5 s) after the last one, 1.25 s more to tell it",
    device={"activity": True},
    source=Source.FIELD_BUG,
    expires=True,
)
def hears_itself(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    end = t.now + 4.0
    sent = None
    while t.now < end:
        pdu = yield from t.try_pdu(within=max(0.0, end - t.now))
        if pdu is not None:
            _warn_of_itself(t, pdu.distributing and pdu.partner.identity == pdu.actor.identity)
            sent = partner.send_octets(pdu.octets)
    t.check(sent, "no LACPDU in 4 s", "some to send back")
    assert sent is not None
    expired = yield from t.next_pdu(
        lambda it: it.expired,
        within=t.device.timeout + 2.0,
        what="Expired=1 after the device no longer hears itself",
    )
    t.check_at(
        expired.time - sent.time,
        t.device.timeout,
        "Expired=1 after the last LACPDU sent back at",
        tolerance=TOLERANCE if t.device.short_timeout else 0.5,
        # An idle port has no reason to say it before its next periodic LACPDU.
        late=BOUND,
    )


def _warn_of_itself(t: Trial, uses: object) -> None:
    if uses and not t.remarks:
        t.warn("saw Distributing with the device itself as its partner, expected a loop to be idle")


def _noise(partner: Partner, dice: Random) -> bytes:
    """A frame of the right EtherType and subtype that is wrong otherwise, in one of three ways."""
    match dice.randrange(3):
        case 0:
            payload = dice.randbytes(dice.choice((0, 1, 45, 57, 109, 110, 111, _LONGEST - 1)))
            payload = bytes((Subtype.LACP,)) + payload
        case 1:
            whole = bytearray(partner.frame(partner.pdu())[HEADER:])
            for _ in range(dice.randint(1, 8)):
                whole[dice.randrange(1, len(whole))] = dice.randrange(256)
            payload = bytes(whole)
        case _:
            whole = bytearray(partner.frame(partner.pdu(version=2))[HEADER:])
            payload = bytes(whole[:58]) + dice.randbytes(dice.randrange(_LONGEST - 58))
    return slow.ethernet(partner.destination, partner.address, payload)


def _frames(partner: Partner) -> Iterator[bytes]:
    """The noise, the same in each run against the same device."""
    dice = Random(SEED)
    return (_noise(partner, dice) for _ in range(_NOISE))


@case(
    "RXV-26",
    "Noise in place of LACPDUs does no harm",
    clause="6.4.12",
    stimulus="converged; 1000 frames of noise in 5 s (seed 26): random octets up to 1500, LACPDUs "
    "with random octets in them, LACPDUs with random TLVs",
    expected="no more LACPDUs than the limit allows; a good LACPDU is accepted; converged again",
    wall=Wall.MIDDLE,
)
def noise(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    for frame in _frames(t.partner()):
        t.partner().send_octets(frame)
        yield from t.wait(_BEAT)
    yield from t.wait(1.0)
    t.check_rate(t.pdus(since=start))
    yield from accepted(t, "a good LACPDU after the noise")
    yield from t.b2()
    t.note(f"the noise is that of seed {SEED}")

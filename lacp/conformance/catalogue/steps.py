"""What modules of cases share: ways to bring a device to where it is wanted, and looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lacp.address import Mac
from lacp.conformance.catalogue.case import Script
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.partner import Partner
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PORT_STATES, PortInfo, PortState

#: A system that is not that of the partners.
OTHER_SYSTEM = Mac.parse("02:48:00:00:00:77")
#: A device that waits for Aggregate_Wait, or has its own timers, is in sync within this.
ATTACHES = 10.0

#: What a device must be so that all its links can be in one aggregate.
TOGETHER = {"lags": 1, "max_links": None, "aggregation": True}


def toggled(info: PortInfo, flag: PortState) -> PortInfo:
    """`info` with one bit of its state inverted."""
    return replace(info, state=PORT_STATES[info.state ^ flag])


def another(field: str) -> Callable[[PortInfo], PortInfo]:
    """What puts another value into that field of an identity."""

    def change(info: PortInfo) -> PortInfo:
        value: Any = OTHER_SYSTEM if field == "system" else getattr(info, field) ^ 0x4000
        return replace(info, **{field: value})

    return change


def knows(partner: Partner) -> Callable[[Seen], bool]:
    """The test that a LACPDU has this partner in its Partner TLV."""
    return lambda it: it.partner.identity == partner.actor.identity


def hold(partner: Partner, synchronization: int, collecting: int, distributing: int) -> None:
    """Have the partner say these three bits from here on, whatever the device does."""
    partner.hold(partner.good(synchronization, collecting, distributing).state)


def attached(t: Trial, link: int = 0) -> Wait[None]:
    """Bring the device to where it is in sync itself (ATTACHED), and H is not yet."""
    partner = t.partner(link)
    partner.mirror()
    yield from t.next_pdu(
        knows(partner), link=link, within=BOUND + 1.0, what="a LACPDU in answer to H's first"
    )
    hold(partner, 0, 0, 0)
    yield from t.next_pdu(
        lambda it: it.synchronization and not it.collecting and not it.distributing,
        link=link,
        within=ATTACHES,
        what="Synchronization=1, Collecting=0 and Distributing=0: the partner is not in sync yet",
    )
    yield from t.wait(1.5)


def illegal(pdu: Seen) -> str:
    """What is wrong with the state that a LACPDU announces; empty when nothing is."""
    if pdu.distributing and not pdu.collecting:
        return "Distributing=1 only with Collecting=1"
    if pdu.collecting and not pdu.synchronization:
        return "Collecting=1 only with Synchronization=1"
    if pdu.expired and pdu.collecting:
        return "Collecting=0 and Distributing=0 with Expired=1"
    return ""


def is_coupled(t: Trial, heard: list[Seen], when: str) -> bool:
    """Whether a device that collects from a partner that does not is of coupled control.

    Fails when that is not the control that the device is said to have, or nothing was heard; where
    nothing is said of it, both are right.
    """
    t.check(heard, f"no LACPDU {when}", "some: H has the short timeout")
    coupled = [it.distributing for it in heard]
    if t.device.control is None:
        t.check(
            len(set(coupled)) == 1,
            f"Distributing {'set and then cleared' if coupled[0] else 'cleared and then set'} "
            f"{when}",
            "Distributing=1 throughout (coupled control) or Distributing=0 (independent)",
        )
        t.note(f"the device is of {'coupled' if coupled[0] else 'independent'} control")
        return coupled[0]
    wanted = t.device.control.value == "coupled"
    for it in heard:
        t.check(
            it.distributing is wanted,
            f"{it.summary} {when}",
            f"Distributing={wanted:d} of {t.device.control.value} control",
        )
    return wanted


def expired(t: Trial) -> Wait[Seen]:
    """H, who is silent by now, is missed: the LACPDU with Expired."""
    return (
        yield from t.next_pdu(
            lambda it: it.expired,
            within=t.device.timeout + 2.0,
            what="Expired=1 after H fell silent",
        )
    )


def walk(t: Trial, look: Callable[[str], None] = lambda _: None) -> Script:
    """Take link 0 through all states; `look` is told the name of each when it is reached.

    In order: defaulted, waiting, attached, collecting, distributing, collecting, attached,
    distributing, detached (H has another key), distributing, expired, defaulted, down (where the
    bench can), distributing.
    """
    yield from t.b1()
    look("defaulted")
    yield from _up(t, look)
    yield from _down(t, look)
    partner = t.partner()
    partner.mirror()
    yield from t.converge([partner])
    yield from t.wait(1.5)
    look("distributing")
    partner.actor = replace(partner.actor, key=partner.actor.key ^ 0x4000)
    partner.mirror()
    # Who is not detached fails MUX-09.
    if (yield from t.try_pdu(lambda it: not it.synchronization, within=BOUND)):
        look("waiting")
    yield from t.converge([partner])
    yield from t.wait(1.5)
    look("distributing")
    partner.silence()
    yield from expired(t)
    look("expired")
    yield from t.wait(3.0 + 0.5 + t.slack)
    look("defaulted")
    if t.offers(Need.LINK):
        t.set_link(0, False)
        yield from t.wait(0.5)
        look("down")
        t.set_link(0, True)
    yield from t.b2()
    look("distributing")


def _up(t: Trial, look: Callable[[str], None]) -> Script:
    partner = t.partner()
    partner.mirror()
    yield from t.next_pdu(
        knows(partner), within=BOUND + 1.0, what="a LACPDU in answer to H's first"
    )
    look("waiting")
    yield from attached(t)
    look("attached")
    hold(partner, 1, 0, 0)
    yield from t.next_pdu(
        lambda it: it.collecting, within=BOUND, what="Collecting=1: the partner is in sync"
    )
    look("collecting")
    yield from t.wait(1.5)
    hold(partner, 1, 1, 1)
    yield from t.wait(2.5)
    look("distributing")


def _down(t: Trial, look: Callable[[str], None]) -> Script:
    partner = t.partner()
    hold(partner, 1, 0, 0)
    yield from t.wait(1.5)
    look("collecting")
    hold(partner, 0, 0, 0)
    yield from t.next_pdu(
        lambda it: not it.collecting, within=BOUND, what="Collecting=0: the partner is out of sync"
    )
    look("attached")

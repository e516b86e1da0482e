"""Group PER: passive devices, which send only while somebody active is there (6.4.13)."""

from __future__ import annotations

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.per import SLOW, be
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortInfo, PortState

_PASSIVE = {"activity": False}

#: EXPIRED lasts this long, whatever the device's timeout (Figure 6-18).
_EXPIRED_TIME = 3.0


def _silent(t: Trial, until: float, why: str) -> Wait[None]:
    """No LACPDU from here on. One within 1.25 s is a WARN: some send as they leave their partner.

    A device whose administrative partner is active has to send to it: that is INFO.
    """
    start = t.now
    while t.now < until:
        pdu = yield from t.try_pdu(within=max(0.0, until - t.slack - t.now))
        if pdu is None:
            continue
        seen = f"saw {pdu.summary} {pdu.time - start:.3f} s after {why}"
        if PortState.ACTIVITY in pdu.partner.state and pdu.defaulted:
            t.info(f"{seen}; the device's administrative partner is active")
            return
        if pdu.time - start > t.bound:
            t.fail(f"{seen}, expected none: both ends are passive")
        t.warn(f"{seen}, expected none: both ends are passive")


@case(
    "PER-07",
    "A passive device that hears nobody says nothing",
    clause="6.4.13",
    stimulus="a passive, defaulted device's link goes down and up, H silent for 60 s",
    expected="no LACPDU; one within 1.25 s of link up is a WARN",
    needs={Need.LINK},
    device=_PASSIVE,
    source=Source.FIELD_BUG,
    wall=Wall.LONG,
)
def says_nothing(t: Trial) -> Script:
    yield from t.b1()
    up = yield from t.flap()
    yield from _silent(t, up + 60.0, "link up")


@case(
    "PER-08",
    "A passive device answers an active partner",
    clause="6.4.13",
    stimulus="a passive device, defaulted; H sends a LACPDU and then cooperates",
    expected="a LACPDU within 0.35 s (WARN) and 1.25 s (FAIL); converged",
    device=_PASSIVE,
    source=Source.FIELD_BUG,
)
def answers(t: Trial) -> Script:
    yield from t.b1()
    sent = t.partner().send(echo=PortInfo())
    pdu = yield from t.next_pdu(within=BOUND, what="an answer of a passive device to an active H")
    t.check_prompt(pdu, sent.time, "the answer of a passive device")
    yield from t.b2()


@case(
    "PER-09",
    "A passive device keeps sending to an active partner",
    clause="6.4.13",
    stimulus="a passive device with the short timeout, converged for 100 s",
    expected="never 3 s without a LACPDU, after which H would miss it",
    device={"activity": False, "short_timeout": True},
    source=Source.FIELD_BUG,
    wall=Wall.LONG,
)
def keeps_sending(t: Trial) -> Script:
    yield from t.b2()
    end = t.now + 100.0
    while t.now < end:
        yield from t.next_pdu(within=3.0, what="a LACPDU of a passive device to an active H")


@case(
    "PER-10",
    "Two passive ends fall silent",
    clause="6.4.13",
    stimulus="a passive device, converged; H says that it is passive too, and falls silent",
    expected="no LACPDU from 1.25 s after that on, not even in EXPIRED; DEFAULTED in the end, "
    "where management shows it",
    device=_PASSIVE,
    wall=Wall.MIDDLE,
    expires=True,
)
def both_passive(t: Trial) -> Script:
    yield from t.b2()
    last = be(t, PortState.ACTIVITY, False)
    t.partner().silence()
    yield from t.wait(t.bound)
    gone = last.time + t.device.timeout + _EXPIRED_TIME
    yield from t.quiet(
        gone - 2 * TOLERANCE - t.slack - t.now, "no LACPDU from 1.25 s on: both ends are passive"
    )
    yield from t.wait_until(gone + 2 * TOLERANCE + t.slack)
    if t.offers(Need.MANAGEMENT):
        box = t.management.port(0).receive
        t.check(box in (None, "DEFAULTED"), f"the Receive machine in {box}", "it in DEFAULTED")


@case(
    "PER-12",
    "A passive device looks for a partner that was active, until EXPIRED ends",
    clause="6.4.13",
    stimulus="a passive device, converged; H falls silent",
    expected="Expired=1, two more LACPDUs 1.25 s apart at most while it lasts, none once it is "
    "DEFAULTED; one within 1.25 s of that is a WARN",
    device=_PASSIVE,
    wall=Wall.MIDDLE,
    expires=True,
)
def looks_for_partner(t: Trial) -> Script:
    yield from t.b2()
    last = t.partner().send()
    t.partner().silence()
    yield from t.next_pdu(
        lambda it: it.expired, within=t.device.timeout + 2.0, what="Expired=1 after H fell silent"
    )
    for _ in range(2):
        yield from t.next_pdu(
            lambda it: it.expired, within=BOUND, what="a LACPDU each second in EXPIRED"
        )
    gone = last.time + t.device.timeout + _EXPIRED_TIME + 2 * TOLERANCE + t.slack
    yield from t.wait_until(gone)
    # The administrative partner may have the long timeout.
    yield from _silent(t, t.now + SLOW + TOLERANCE, "EXPIRED has ended")

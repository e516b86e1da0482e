"""Group RXM: the Receive machine (6.4.12), its states and timers.

What recordPDU makes of a partner, and who is selected anew, is in `rxm_record`; links and partners
that come and go are in `rxm_events`.
"""

from __future__ import annotations

from dataclasses import replace

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, PROMPT, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PORT_STATES, PortState

_SHORT = PortState.SHORT_TIMEOUT
_FRESH = PortState.DEFAULTED | PortState.EXPIRED

#: EXPIRED lasts as long as the short timeout, whatever the port's own is (Figure 6-18).
_EXPIRED_TIME = 3.0


@case(
    "RXM-01",
    "A port that comes up without having heard anybody says so: Defaulted and Expired",
    clause="6.4.12",
    stimulus="a defaulted device's link goes down and up, H silent",
    expected="Defaulted=1 and Expired=1 in the first LACPDUs after link up",
    needs={Need.LINK},
    device={"activity": True},
)
def fresh_state(t: Trial) -> Script:
    yield from t.b1()
    up = yield from t.flap()
    pdu = yield from t.next_pdu(within=BOUND, what="a LACPDU after link up")
    t.check(
        pdu.actor.state & _FRESH == _FRESH,
        f"{pdu.summary} {pdu.time - up:.3f} s after link up",
        "Defaulted=1 by INITIALIZE and Expired=1 by EXPIRED",
    )


def _leaves_expired(t: Trial) -> Script:
    """Nobody is heard after link up: EXPIRED ends 3 s later.

    That sends no LACPDU by itself, and the next periodic one may be 30 s away. So the last with
    Expired and the first without it give bounds, and management, where there is one, the moment.
    """
    yield from t.b1()
    up = yield from t.flap()
    if t.offers(Need.MANAGEMENT):
        yield from t.wait(_EXPIRED_TIME - TOLERANCE - t.slack)
        _check_box(t, "EXPIRED", up)
        yield from t.wait(2 * (TOLERANCE + t.slack))
        _check_box(t, "DEFAULTED", up)
    yield from t.until(
        lambda: any(not it.expired for it in t.pdus(since=up)),
        up + _EXPIRED_TIME + 31.0 - t.now,
        "Expired=0 with the next periodic LACPDU after 3 s of EXPIRED",
    )
    heard = t.pdus(since=up)
    first = next(it for it in heard if not it.expired)
    t.check(first.defaulted, f"{first.summary} after EXPIRED", "Defaulted=1: nobody has been heard")
    t.check(
        first.time - up >= _EXPIRED_TIME - TOLERANCE - t.slack,
        f"Expired=0 {first.time - up:.3f} s after link up",
        "EXPIRED to last 3 s",
    )
    for it in heard:
        t.check(
            not it.expired or it.time - up <= _EXPIRED_TIME + TOLERANCE + t.slack,
            f"Expired=1 {it.time - up:.3f} s after link up",
            "EXPIRED to last 3 s, whatever the device's own timeout is",
        )


def _check_box(t: Trial, box: str, up: float) -> None:
    found = t.management.port(0).receive
    t.check(
        found in (box, None), f"Receive machine in {found} {t.now - up:.3f} s after link up", box
    )


@case(
    "RXM-02",
    "A port that hears nobody is defaulted 3 s after it came up",
    clause="6.4.12",
    stimulus="a defaulted device's link goes down and up, H silent",
    expected="Expired=1 until 3 s (±0.25 s) after link up, then Expired=0 and Defaulted=1",
    needs={Need.LINK},
    device={"activity": True},
    wall=Wall.MIDDLE,
)
def expired_ends(t: Trial) -> Script:
    yield from _leaves_expired(t)


@case(
    "RXM-03",
    "EXPIRED lasts 3 s also on a port with the long timeout",
    clause="6.4.12",
    stimulus="a defaulted device with the long timeout: its link goes down and up, H silent",
    expected="Expired=1 until 3 s (±0.25 s) after link up and not 90 s, then Defaulted=1",
    needs={Need.LINK},
    device={"activity": True, "short_timeout": False},
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def expired_ends_with_long_timeout(t: Trial) -> Script:
    yield from _leaves_expired(t)


@case(
    "RXM-04",
    "A partner that is heard ends EXPIRED after link up",
    clause="6.4.12",
    stimulus="link up; a good LACPDU of H 1.5 s later",
    expected="Expired=0, Defaulted=0 and H in the Partner TLV within 1.25 s",
    needs={Need.LINK},
)
def heard_after_link_up(t: Trial) -> Script:
    yield from t.b1()
    yield from t.flap()
    yield from t.wait(1.5)
    t.partner().send()
    yield from _current(t)


@case(
    "RXM-05",
    "A defaulted port that hears a partner records it and says so",
    clause="6.4.12",
    stimulus="device defaulted; one good LACPDU of H with the short timeout",
    expected="promptly a LACPDU with Defaulted=0 and with H in its Partner TLV",
    source=Source.FIELD_BUG,
)
def heard_when_defaulted(t: Trial) -> Script:
    yield from t.b1()
    sent = t.partner().send()
    pdu = yield from _current(t)
    t.check_prompt(pdu, sent.time, "Expired=0, Defaulted=0 and H as the partner")


def _current(t: Trial) -> Wait[Seen]:
    """The LACPDU that shows CURRENT with H recorded; others may have crossed H's on the wire."""
    ours = t.partner().actor
    return (
        yield from t.next_pdu(
            lambda it: not it.expired and not it.defaulted and it.partner.identity == ours.identity,
            within=BOUND,
            what=f"Expired=0, Defaulted=0 and H ({ours}) as the partner, as CURRENT has it",
        )
    )


@case(
    "RXM-06",
    "A partner that falls silent is missed after 3 s",
    clause="6.4.12",
    stimulus="converged with the short timeout, then H falls silent",
    expected="Expired=1 3 s (±0.25 s) after H's last LACPDU; 0.35 s more to tell it",
    device={"short_timeout": True},
    expires=True,
)
def short_expiry(t: Trial) -> Script:
    yield from t.b2()
    yield from _expires(t, 3.0, TOLERANCE)


@case(
    "RXM-07",
    "A partner that falls silent is missed after 90 s with the long timeout",
    clause="6.4.12",
    stimulus="converged with the long timeout, then H falls silent",
    expected="Expired=0 up to 89.5 s after H's last LACPDU, =1 at 90.5 s; 0.35 s more to tell it",
    device={"short_timeout": False},
    wall=Wall.LONG,
    expires=True,
)
def long_expiry(t: Trial) -> Script:
    yield from t.b2()
    yield from _expires(t, 90.0, 0.5)


def _expires(t: Trial, nominal: float, tolerance: float) -> Wait[Seen]:
    """H says one more word and falls silent; the LACPDU with Expired, if it comes in time."""
    last = t.partner().send()
    t.partner().silence()
    pdu = yield from t.next_pdu(
        lambda it: it.expired, within=nominal + 2.0, what="Expired=1 after H fell silent"
    )
    t.check_at(
        pdu.time - last.time,
        nominal,
        "Expired=1 after H's last LACPDU at",
        tolerance=tolerance,
        late=PROMPT,
    )
    return pdu


@case(
    "RXM-08",
    "EXPIRED asks the partner for fast LACPDUs, takes it out of sync and carries no traffic",
    clause="6.4.12",
    stimulus="converged; H asks for the long timeout and falls silent",
    expected="the first LACPDU with Expired=1 has Partner_State LACP_Timeout=1 and "
    "Synchronization=0, and Actor_State Collecting=0 and Distributing=0",
    source=Source.FIELD_BUG,
    expires=True,
)
def entering_expired(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.actor = replace(partner.actor, state=PORT_STATES[partner.actor.state & ~_SHORT])
    partner.send()
    partner.silence()
    pdu = yield from t.next_pdu(
        lambda it: it.expired, within=t.device.timeout + 2.0, what="Expired=1 after H fell silent"
    )
    t.check(_SHORT in pdu.partner.state, pdu.summary, "Partner_State.LACP_Timeout=1 in EXPIRED")
    t.check(not pdu.partner_sync, pdu.summary, "Partner_State.Synchronization=0 in EXPIRED")
    t.check(
        not pdu.collecting and not pdu.distributing,
        pdu.summary,
        "Collecting=0 and Distributing=0: the partner is not in sync",
    )


@case(
    "RXM-09",
    "The administrative partner takes over 3 s after EXPIRED",
    clause="6.4.12",
    stimulus="converged, then H falls silent and stays so",
    expected="Defaulted=1, Expired=0 and no longer H in the Partner TLV 3 s (±0.25 s) after "
    "EXPIRED; 0.35 s more to tell it",
    device={"activity": True},
    source=Source.FIELD_BUG,
    expires=True,
)
def defaulted(t: Trial) -> Script:
    yield from t.b2()
    last = t.partner().send()
    t.partner().silence()
    expired = yield from t.next_pdu(
        lambda it: it.expired, within=t.device.timeout + 2.0, what="Expired=1 after H fell silent"
    )
    pdu = yield from t.next_pdu(
        lambda it: it.defaulted,
        within=_EXPIRED_TIME + 2.0,
        what="Defaulted=1 after EXPIRED: update_Default_Selected unselects, DETACHED tells",
    )
    t.check(not pdu.expired, pdu.summary, "Expired=0 in DEFAULTED")
    t.check_at(
        pdu.time - last.time,
        t.device.timeout + _EXPIRED_TIME,
        "Defaulted=1 after H's last LACPDU at",
        tolerance=2 * TOLERANCE,
        late=PROMPT,
    )
    ours = t.partner().actor
    t.check(
        pdu.partner.identity != ours.identity,
        f"H still in the Partner TLV, {pdu.partner}",
        "the administrative partner",
    )
    t.note(
        f"EXPIRED lasted {pdu.time - expired.time:.3f} s; the administrative partner is "
        f"{pdu.partner}"
    )


@case(
    "RXM-10",
    "A partner that comes back in EXPIRED finds its port still selected",
    clause="6.4.12",
    stimulus="H falls silent until the device is expired for 1.5 s, then sends good(1,1,1) again",
    expected="Collecting and Distributing again within 1.25 s and one period, without "
    "Synchronization=0 and without the 2 s of Aggregate_Wait",
    source=Source.FIELD_BUG,
    expires=True,
)
def back_in_expired(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    expired = yield from t.next_pdu(
        lambda it: it.expired, within=t.device.timeout + 2.0, what="Expired=1 after H fell silent"
    )
    yield from t.wait(1.5)
    back = t.now
    partner.hold(partner.good().state)
    yield from t.next_pdu(
        lambda it: it.collecting, within=BOUND, what="Collecting=1 without a new selection"
    )
    left = back + BOUND + 1.0 - t.now
    if not t.pdus(since=back)[-1].distributing:
        yield from t.next_pdu(
            lambda it: it.distributing, within=left, what="Distributing=1 without a new selection"
        )
    for it in t.pdus(since=expired.time):
        t.check(
            it.synchronization,
            f"{it.summary} {it.time - expired.time:.3f} s after EXPIRED",
            "Synchronization=1 throughout: EXPIRED leaves Selected alone",
        )


@case(
    "RXM-11",
    "Each LACPDU restarts the timeout",
    clause="6.4.12",
    stimulus="converged with the short timeout; H sends every 2.7 s for 15 s, which is inside "
    "3 s less the tolerance",
    expected="never Expired=1",
    device={"short_timeout": True},
    wall=Wall.MIDDLE,
)
def restarted(t: Trial) -> Script:
    yield from t.b2()
    t.partner().silence()
    start = t.now
    while t.now < start + 15.0:
        t.partner().send()
        yield from t.quiet(2.7, "no Expired=1 while H sends every 2.7 s", lambda it: it.expired)
    heard = len(t.pdus(since=start))
    t.check(heard >= 10, f"{heard} LACPDUs in {t.now - start:.0f} s", "one each second")


@case(
    "RXM-12",
    "The device's own Timeout bit says when it misses its partner, not the partner's",
    clause="6.4.12",
    stimulus="converged; H announces the other timeout than the device's, then falls silent",
    expected="Expired=1 after 3 s if the device has the short timeout, after 90 s if the long one",
    source=Source.FIELD_BUG,
    expires=True,
)
def own_timeout_counts(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    state = partner.actor.state
    other = state & ~_SHORT if t.device.short_timeout else state | _SHORT
    partner.actor = replace(partner.actor, state=PORT_STATES[other])
    yield from _expires(t, t.device.timeout, TOLERANCE if t.device.short_timeout else 0.5)


@case(
    "RXM-13",
    "A new timeout is told at once and counts from the next LACPDU on",
    clause="6.4.12",
    stimulus="converged; management sets the short timeout in place of the long one; H sends one "
    "more LACPDU and falls silent",
    expected="promptly Actor_State.LACP_Timeout=1; Expired=1 3 s (±0.25 s) after H's LACPDU",
    needs={Need.MANAGEMENT},
    device={"short_timeout": False},
    wall=Wall.MIDDLE,
)
def timeout_changed(t: Trial) -> Script:
    yield from t.b2()
    t.management.configure_port(0, short_timeout=True)
    changed = t.now
    pdu = yield from t.next_pdu(
        lambda it: _SHORT in it.actor.state, within=BOUND, what="Actor_State.LACP_Timeout=1"
    )
    t.check_prompt(pdu, changed, "the new Timeout bit")
    yield from t.wait(0.1)
    yield from _expires(t, 3.0, TOLERANCE)

"""Group PER: periodic transmission (6.4.13). The partner's Timeout bit says how often.

Passive devices are in `per_passive`.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, PROMPT, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PORT_STATES, PortState

#: Seconds between LACPDUs to a partner with the short timeout, and with the long one (6.4.4).
FAST = 1.0
SLOW = 30.0

#: How far the middle of all intervals may be from the nominal one.
_DRIFT = 0.1
#: Seconds after a periodic LACPDU of the device at which H asks for something else: what the
#: change causes is then told from the next periodic one.
_AFTER = 0.05


def be(t: Trial, flag: PortState, on: bool) -> Seen:
    """Have H set or clear a bit of its Actor_State from here on, and tell the device."""
    partner = t.partner()
    state = partner.actor.state | flag if on else partner.actor.state & ~flag
    partner.actor = replace(partner.actor, state=PORT_STATES[state])
    return partner.send()


def slow_down(t: Trial) -> Seen:
    """H has the long timeout from here on."""
    return be(t, PortState.SHORT_TIMEOUT, False)


def paced(
    t: Trial, last: Seen, count: int, period: float = FAST, link: int = 0
) -> Wait[list[float]]:
    """So many LACPDUs after `last`, each a period after the one before, or fail. The intervals."""
    intervals = []
    for _ in range(count):
        pdu = yield from t.next_pdu(
            link=link,
            within=max(0.0, last.time + period + TOLERANCE - t.now),
            what=f"a LACPDU {period:g} s after the one before",
        )
        intervals.append(pdu.time - last.time)
        t.check_at(intervals[-1], period, "a LACPDU after the one before at")
        last = pdu
    return intervals


@case(
    "PER-01",
    "A partner with the short timeout gets a LACPDU each second",
    clause="6.4.13",
    stimulus="converged, H with the short timeout; 15 s",
    expected="intervals of 1 s (±0.25 s), the middle one 1 s (±0.1 s)",
    wall=Wall.MIDDLE,
)
def fast(t: Trial) -> Script:
    yield from t.b2()
    first = yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    middle = median((yield from paced(t, first, 15)))
    t.check_at(middle, FAST, "LACPDUs at a median interval of", tolerance=_DRIFT)
    t.note(f"the median interval is {middle:.3f} s")


@case(
    "PER-02",
    "A partner with the long timeout gets a LACPDU each 30 seconds",
    clause="6.4.13",
    stimulus="converged, H with the long timeout; 3 LACPDUs",
    expected="intervals of 30 s (±0.25 s)",
    wall=Wall.LONG,
)
def slow(t: Trial) -> Script:
    yield from t.b2()
    slow_down(t)
    # A device may finish its second first.
    yield from t.wait(t.bound)
    first = yield from t.next_pdu(within=SLOW + TOLERANCE, what="a periodic LACPDU")
    yield from paced(t, first, 2, SLOW)


@case(
    "PER-03",
    "A partner that comes to have the short timeout is heeded at once",
    clause="6.4.13",
    stimulus="converged; H has the long timeout for 2 s, then the short one",
    expected="a LACPDU within 0.35 s (WARN) and 1.25 s (FAIL), then intervals of 1 s (±0.25 s)",
)
def to_fast(t: Trial) -> Script:
    yield from t.b2()
    slow_down(t)
    yield from t.wait(2.0)
    sent = be(t, PortState.SHORT_TIMEOUT, True)
    pdu = yield from t.next_pdu(within=BOUND, what="a LACPDU for the change to the short timeout")
    t.check_prompt(pdu, sent.time, "a LACPDU for the change to the short timeout")
    yield from paced(t, pdu, 3)


@case(
    "PER-04",
    "A partner that comes to have the long timeout is heeded without a word",
    clause="6.4.13",
    stimulus="converged; H has the long timeout from just after a periodic LACPDU on",
    expected="no LACPDU within 0.35 s; the next 30 s (±0.25 s) after the change",
    wall=Wall.MIDDLE,
)
def to_slow(t: Trial) -> Script:
    sent = yield from _slow_from_tick(t)
    yield from t.quiet(t.prompt, "no LACPDU for the change to the long timeout")
    yield from _slow_period_from(t, sent)


def _slow_from_tick(t: Trial) -> Wait[Seen]:
    """Converge; H has the long timeout from just after a periodic LACPDU on."""
    yield from t.b2()
    yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    yield from t.wait(_AFTER)
    return slow_down(t)


def _slow_period_from(t: Trial, sent: Seen) -> Wait[None]:
    # The timer is exact; what it asks for may wait for a slot of a third of a second.
    pdu = yield from t.next_pdu(
        within=sent.time + SLOW + TOLERANCE + PROMPT - t.now, what="a LACPDU 30 s after the change"
    )
    t.check_at(
        pdu.time - sent.time,
        SLOW,
        "a LACPDU after the change to the long timeout at",
        late=PROMPT,
    )


@case(
    "PER-05",
    "The partner's timeout says how often the device sends, not its own: long own",
    clause="6.4.13",
    stimulus="converged, the device with the long timeout, H with the short one; 5 s",
    expected="intervals of 1 s (±0.25 s)",
    device={"short_timeout": False},
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def own_long(t: Trial) -> Script:
    yield from t.b2()
    first = yield from t.next_pdu(
        within=BOUND, what="a LACPDU each second: H has the short timeout"
    )
    yield from paced(t, first, 5)


@case(
    "PER-06",
    "The partner's timeout says how often the device sends, not its own: short own",
    clause="6.4.13",
    stimulus="converged, the device with the short timeout, H with the long one from just after a "
    "periodic LACPDU on",
    expected="the next LACPDU 30 s (±0.25 s) after the change",
    device={"short_timeout": True},
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def own_short(t: Trial) -> Script:
    sent = yield from _slow_from_tick(t)
    yield from _slow_period_from(t, sent)


@case(
    "PER-11",
    "An active device sends to a passive partner",
    clause="6.4.13",
    stimulus="H passive; converged",
    expected="converged; LACPDUs at intervals of 1 s (±0.25 s)",
    device={"activity": True},
    wall=Wall.MIDDLE,
)
def passive_partner(t: Trial) -> Script:
    partner = t.partner()
    state = partner.actor.state & ~PortState.ACTIVITY
    partner.actor = replace(partner.actor, state=PORT_STATES[state])
    yield from t.b2()
    first = yield from t.next_pdu(within=BOUND, what="a LACPDU each second to a passive partner")
    yield from paced(t, first, 3)


@case(
    "PER-13",
    "A slow link becomes a fast one in EXPIRED",
    clause="6.4.12",
    stimulus="converged; H asks for the long timeout and falls silent",
    expected="Expired=1 within 0.35 s of the timeout, then intervals of 1 s (±0.25 s)",
    expires=True,
)
def fast_in_expired(t: Trial) -> Script:
    yield from t.b2()
    last = slow_down(t)
    t.partner().silence()
    expired = yield from t.next_pdu(
        lambda it: it.expired, within=t.device.timeout + 2.0, what="Expired=1 after H fell silent"
    )
    t.check_at(
        expired.time - last.time,
        t.device.timeout,
        "Expired=1 after H's last LACPDU at",
        tolerance=TOLERANCE if t.device.short_timeout else 2 * TOLERANCE,
        late=PROMPT,
    )
    # Two machines have a reason to send now, and need not do it in one LACPDU.
    yield from t.wait(t.prompt)
    yield from paced(t, t.pdus(since=expired.time)[-1], 2)


@case(
    "PER-14",
    "An active device speaks within a second of link up",
    clause="6.4.13",
    stimulus="a defaulted device's link goes down and up, H silent",
    expected="a LACPDU within 1.25 s of link up; when it came is recorded",
    needs={Need.LINK},
    device={"activity": True},
)
def after_link_up(t: Trial) -> Script:
    yield from t.b1()
    up = yield from t.flap()
    pdu = yield from t.next_pdu(within=BOUND, what="a LACPDU after link up")
    t.note(f"edition {t.edition.name}: the first LACPDU came {pdu.time - up:.3f} s after link up")


@case(
    "PER-15",
    "Over a minute there are neither too many nor too few LACPDUs",
    clause="6.4.13",
    stimulus="converged; 60 s with H's timeout short, 60 s with it long",
    expected="57 to 63 LACPDUs, then 1 to 3",
    wall=Wall.LONG,
)
def counted(t: Trial) -> Script:
    yield from t.b2()
    yield from _counts(t, 57, 63)
    slow_down(t)
    yield from t.wait(t.bound)
    yield from _counts(t, 1, 3)


def _counts(t: Trial, least: int, most: int) -> Wait[None]:
    start = t.now
    yield from t.wait(60.0)
    found = len(t.pdus(since=start))
    t.check(least <= found <= most, f"{found} LACPDUs in 60 s", f"{least} to {most}")

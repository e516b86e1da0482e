"""Group MUX: the Mux machine (6.4.15), step by step.

What is told of it is in `mux_told`, user frames in `mux_frames`, what 2020 adds in `mux_restore`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import inf

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.steps import (
    ATTACHES,
    TOGETHER,
    attached,
    hold,
    illegal,
    is_coupled,
    knows,
)
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, PROMPT, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.protocol.timers import AGGREGATE_WAIT_TIME
from lacp.protocol.variables import Control

#: D=1 is told with the next periodic LACPDU: COLLECTING to DISTRIBUTING does not set NTT.
_NEXT = BOUND + 1.0


def _steps(pdu: Seen) -> tuple[bool, bool, bool]:
    return pdu.synchronization, pdu.collecting, pdu.distributing


@case(
    "MUX-01",
    "A port comes into service in the order of the figure",
    clause="6.4.15",
    stimulus="device defaulted, then a cooperating H",
    expected="Synchronization, Collecting and Distributing are set in this order and none is "
    "cleared again; Distributing with independent control not before H collects, with coupled "
    "control together with Collecting",
    source=Source.FIELD_BUG,
)
def comes_into_service(t: Trial) -> Script:
    yield from t.b1()
    partner = t.partner()
    start = t.now
    partner.mirror()
    yield from t.converge([partner])
    heard = [it for it in t.pdus(since=start) if knows(partner)(it)]
    if t.device.fallback:
        # It leaves the aggregate of those who have no partner first.
        first = next((n for n, it in enumerate(heard) if not it.synchronization), 0)
        heard = heard[first:]
    for before, after in pairwise(heard):
        back = any(was and not now for was, now in zip(_steps(before), _steps(after), strict=True))
        t.check(
            not back, f"{after.summary} after {before.summary}", "no step back while H cooperates"
        )
    for it in heard:
        t.check(not illegal(it), it.summary, illegal(it))
    if t.device.control is Control.COUPLED:
        for it in heard:
            t.check(
                it.collecting is it.distributing,
                it.summary,
                "Collecting and Distributing set together by coupled control",
            )
    elif t.device.control is Control.INDEPENDENT:
        said = (it.time for it in t.trace if it.ours and it.time >= start and it.collecting)
        collects = next(said, inf)
        for it in heard:
            t.check(
                not it.distributing or it.time >= collects,
                f"{it.summary} before H collects",
                "Distributing=1 of independent control not before Partner_State.Collecting=1",
            )


def _first_in_sync(t: Trial, link: int) -> Wait[Seen]:
    partner = t.partner(link)
    return (
        yield from t.next_pdu(
            lambda it: it.synchronization and not it.defaulted and knows(partner)(it),
            link=link,
            within=ATTACHES,
            what="Synchronization=1 after the first LACPDU of H",
        )
    )


def _waited(t: Trial, took: float, since: str) -> None:
    """Judge how long a port waited before it attached: too long fails, too short is a warning."""
    latest = AGGREGATE_WAIT_TIME + TOLERANCE + PROMPT + t.slack
    t.check(
        took <= latest,
        f"Synchronization=1 {took:.3f} s after {since}",
        f"it within {latest:g} s: Aggregate_Wait is {AGGREGATE_WAIT_TIME:g} s",
    )
    if took < AGGREGATE_WAIT_TIME - TOLERANCE - t.slack:
        t.warn(
            f"saw Synchronization=1 {took:.3f} s after {since}, expected {AGGREGATE_WAIT_TIME:g} s "
            "of Aggregate_Wait before it, for others to aggregate with"
        )


@case(
    "MUX-02",
    "A port waits 2 s for others before it attaches",
    clause="6.4.15",
    stimulus="device defaulted; the first LACPDU of H, who is not in sync",
    expected="Synchronization=1 2 s (±0.25 s) after it, 0.35 s more to tell it; WARN if earlier",
)
def aggregate_wait(t: Trial) -> Script:
    yield from t.b1()
    start = t.now
    hold(t.partner(), 0, 0, 0)
    pdu = yield from _first_in_sync(t, 0)
    _waited(t, pdu.time - start, "H's first LACPDU")


@case(
    "MUX-03",
    "Ports that wait for the same aggregator attach together",
    clause="6.4.14",
    stimulus="device defaulted; the first LACPDU of H on link 1 is 1 s after that on link 0",
    expected="both links Synchronization=1 2 s (±0.25 s) after the second, 0.35 s more to tell it; "
    "WARN if one is earlier",
    links=2,
    device=TOGETHER,
)
def attach_together(t: Trial) -> Script:
    yield from t.b1()
    hold(t.partner(0), 0, 0, 0)
    yield from t.wait(1.0)
    second = t.now
    hold(t.partner(1), 0, 0, 0)
    yield from t.until(
        lambda: all(_in_sync_since(t, link, second) for link in (0, 1)),
        ATTACHES,
        "Synchronization=1 on both links",
    )
    for link in (0, 1):
        pdu = _in_sync_since(t, link, second)
        assert pdu is not None
        _waited(t, pdu.time - second, f"the first LACPDU on link 1, on link {link}")


def _in_sync_since(t: Trial, link: int, since: float) -> Seen | None:
    """The first LACPDU on the link that is in sync with H."""
    for it in t.pdus(link, since):
        if it.synchronization and knows(t.partner(link))(it):
            return it
    return None


@case(
    "MUX-04",
    "A port whose partner is not in sync stays attached and carries no traffic",
    clause="6.4.15",
    stimulus="device in sync; H keeps Synchronization=0 for 20 s",
    expected="Synchronization=1, Collecting=0 and Distributing=0 throughout",
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def stays_attached(t: Trial) -> Script:
    yield from attached(t)
    start = t.now
    yield from t.wait(20.0)
    heard = t.pdus(since=start)
    t.check(len(heard) >= 10, f"{len(heard)} LACPDUs in 20 s", "one each second, as H asks for")
    for it in heard:
        t.check(
            _steps(it) == (True, False, False),
            f"{it.summary} {it.time - start:.3f} s after H began to say Synchronization=0",
            "Synchronization=1, Collecting=0 and Distributing=0",
        )


def _collecting(t: Trial) -> Wait[bool]:
    """H gets in sync and does not collect; whether the device distributes all the same."""
    yield from attached(t)
    hold(t.partner(), 1, 0, 0)
    first = yield from t.next_pdu(
        lambda it: it.collecting,
        within=BOUND,
        what="Collecting=1: the partner is in sync, and COLLECTING sets NTT",
    )
    yield from t.wait(3.0)
    heard = t.pdus(since=first.time)
    for it in heard:
        t.check(
            it.synchronization and it.collecting,
            it.summary,
            "Synchronization=1 and Collecting=1 for a partner in sync",
        )
    return is_coupled(t, heard, "for a partner that does not collect")


@case(
    "MUX-05",
    "A port collects when its partner is in sync, and with coupled control distributes too",
    clause="6.4.15",
    stimulus="device in sync; H says Synchronization=1 and Collecting=0",
    expected="Collecting=1 within 1.25 s; for 3 s Distributing=0 with independent control, "
    "Distributing=1 with coupled control",
)
def collects(t: Trial) -> Script:
    yield from _collecting(t)


@case(
    "MUX-06",
    "A port distributes when its partner collects",
    clause="6.4.15",
    stimulus="device collecting; H says Collecting=1",
    expected="Distributing=1 within 1.25 s and one period of 1 s: DISTRIBUTING does not set NTT",
)
def distributes(t: Trial) -> Script:
    coupled = yield from _collecting(t)
    hold(t.partner(), 1, 1, 0)
    start = t.now
    yield from t.next_pdu(
        lambda it: it.collecting and it.distributing,
        within=_NEXT,
        what="Distributing=1: the partner collects",
    )
    if coupled:
        for it in t.pdus(since=start):
            t.check(it.distributing, it.summary, "no change with coupled control")


@case(
    "MUX-07",
    "A port whose partner stops collecting stops distributing, unless its control is coupled",
    clause="6.4.15",
    stimulus="converged; H says Collecting=0 and goes on with Synchronization=1",
    expected="independent control: promptly Distributing=0 with Collecting=1; coupled control: no "
    "change for 3 s",
)
def partner_stops_collecting(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    hold(t.partner(), 1, 0, 0)
    if t.device.control is Control.INDEPENDENT:
        pdu = yield from t.next_pdu(
            lambda it: not it.distributing,
            within=BOUND,
            what="Distributing=0 of independent control: the partner does not collect",
        )
        t.check_prompt(pdu, start, "Distributing=0")
    yield from t.wait_until(start + t.bound + 3.0)
    heard = t.pdus(since=start)
    for it in heard:
        t.check(
            it.synchronization and it.collecting,
            it.summary,
            "Synchronization=1 and Collecting=1: the partner is in sync",
        )
    later = [it for it in heard if it.time > start + t.bound]
    is_coupled(t, later, "after H has stopped collecting")


@case(
    "MUX-08",
    "A port whose partner gets out of sync stops at once and stays attached",
    clause="6.4.15",
    stimulus="converged; H says Synchronization=0",
    expected="promptly Collecting=0 and Distributing=0 with Synchronization=1",
    source=Source.FIELD_BUG,
)
def partner_out_of_sync(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    hold(t.partner(), 0, 0, 0)
    pdu = yield from t.next_pdu(
        lambda it: not it.collecting and not it.distributing,
        within=BOUND,
        what="Collecting=0 and Distributing=0: the partner is out of sync",
    )
    t.check_prompt(pdu, start, "Collecting=0 and Distributing=0")
    yield from t.wait(2.0)
    for it in t.pdus(since=start):
        t.check(it.synchronization, it.summary, "Synchronization=1: the port stays ATTACHED")
    for it in t.pdus(since=pdu.time):
        t.check(not it.collecting, it.summary, "Collecting=0 while the partner is out of sync")


@case(
    "MUX-09",
    "A port whose partner changes its key is detached before it attaches again",
    clause="6.4.15",
    stimulus="converged; H changes its key and goes on cooperating",
    expected="Synchronization=0, Collecting=0 and Distributing=0 within 1.25 s; Synchronization=1 "
    "2 s (±0.25 s) after the change, 0.35 s more to tell it; WARN if earlier",
)
def partner_changes_key(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.actor = replace(partner.actor, key=partner.actor.key ^ 0x4000)
    start = t.now
    partner.mirror()
    detached = yield from t.next_pdu(
        lambda it: not it.synchronization,
        within=BOUND,
        what="Synchronization=0: H has another key, so the port is DETACHED first",
    )
    t.check(not detached.collecting and not detached.distributing, detached.summary, "no traffic")
    again = yield from _first_in_sync(t, 0)
    _waited(t, again.time - start, "H's change")
    yield from t.converge([partner])

"""Group MUX, second part: what LACPDUs tell of the Mux machine as it moves (6.4.15)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.steps import hold, illegal, toggled, walk
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortState
from lacp.protocol.timers import AGGREGATE_WAIT_TIME


@case(
    "MUX-10",
    "No LACPDU announces a state that the figure does not have",
    clause="6.4.15",
    stimulus="the device is taken through all its states",
    expected="in each LACPDU Distributing=1 only with Collecting=1, Collecting=1 only with "
    "Synchronization=1, and neither with Expired=1",
    wall=Wall.MIDDLE,
    expires=True,
)
def no_illegal_state(t: Trial) -> Script:
    yield from walk(t)
    for it in t.pdus():
        t.check(not illegal(it), it.summary, illegal(it))


@case(
    "MUX-11",
    "A port tells that it is detached, attached or collecting without waiting for its period",
    clause="6.4.15",
    stimulus="H asks for LACPDUs each 30 s only; it gets in sync, out of sync and another key",
    expected="each time a LACPDU with the new state within 1.25 s of the change",
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def tells_at_once(t: Trial) -> Script:
    partner = t.partner()
    partner.actor = toggled(partner.actor, PortState.SHORT_TIMEOUT)
    yield from t.b2()
    hold(partner, 0, 0, 0)
    yield from _told(t, lambda it: it.synchronization and not it.collecting, "ATTACHED")
    hold(partner, 1, 0, 0)
    yield from _told(t, lambda it: it.collecting, "COLLECTING")
    hold(partner, 0, 0, 0)
    yield from _told(t, lambda it: it.synchronization and not it.collecting, "ATTACHED")
    partner.actor = replace(partner.actor, key=partner.actor.key ^ 0x4000)
    hold(partner, 0, 0, 0)
    yield from _told(t, lambda it: not it.synchronization, "DETACHED")
    yield from t.next_pdu(
        lambda it: it.synchronization,
        within=AGGREGATE_WAIT_TIME + TOLERANCE + BOUND,
        what="Synchronization=1 after Aggregate_Wait: entering ATTACHED sets NTT",
    )


def _told(t: Trial, where: Callable[[Seen], bool], box: str) -> Wait[None]:
    start = t.now
    pdu = yield from t.next_pdu(
        where,
        within=BOUND,
        what=f"a LACPDU that tells {box}, which sets NTT; the next periodic one is 30 s away",
    )
    t.check_prompt(pdu, start, f"the LACPDU that tells {box}")
    yield from t.wait(1.5)


@case(
    "MUX-15",
    "A port follows a partner that gets in and out of sync all the time, and does not get stuck",
    clause="6.4.15",
    stimulus="converged; H alternates Synchronization=0 and 1 each 0.5 s for 10 s, ending with 0",
    expected="at most 3 LACPDUs (10 in 2020) in any second, both states seen at least 5 times; "
    "at the end Collecting=0 and Distributing=0 within 1.25 s",
    wall=Wall.MIDDLE,
)
def alternates(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    start = t.now
    for turn in range(20):
        partner.send(partner.good(turn % 2, turn % 2, turn % 2))
        yield from t.wait(0.5)
    hold(partner, 0, 0, 0)
    end = t.now
    yield from t.next_pdu(
        lambda it: it.synchronization and not it.collecting and not it.distributing,
        within=BOUND + 1.0,
        what="Collecting=0 and Distributing=0 when H stays out of sync",
    )
    yield from t.wait(2.0)
    t.check_rate(t.pdus(since=start))
    heard = t.pdus(since=start)
    for up in (True, False):
        times = sum(it.collecting is up for it in heard if it.time <= end)
        t.check(
            times >= 5,
            f"Collecting={up:d} in {times} LACPDUs while H alternated 20 times",
            "the device to follow",
        )
    for it in heard:
        t.check(
            it.time <= end + t.bound or not it.collecting,
            f"{it.summary} {it.time - end:.3f} s after H stayed out of sync",
            "Collecting=0 and Distributing=0",
        )

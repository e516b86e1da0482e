"""Group TX: when a LACPDU leaves (6.4.16), and what is in it.

A stale echo, one with an outdated Timeout bit of the device, asks for a LACPDU and changes nothing
else: update_NTT compares that bit, recordPDU does not.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.mrk import RATE, a_marker, busiest, is_marker
from lacp.conformance.catalogue.mrk import send as send_marker
from lacp.conformance.catalogue.per import slow_down
from lacp.conformance.catalogue.rxv import marked
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.link import Duplex

#: Seconds between stale echoes.
_BEAT = 0.05


def _stale(t: Trial, link: int = 0) -> PortInfo:
    echo = t.partner(link).device
    return replace(echo, state=PORT_STATES[echo.state ^ PortState.SHORT_TIMEOUT])


def _storm(t: Trial, seconds: float, link: int = 0) -> Wait[Seen]:
    """Stale echoes for so long, and nothing else. The last of them, which was sent just now."""
    partner, end = t.partner(link), t.now + seconds
    partner.silence()
    while t.now < end:
        partner.send(echo=_stale(t, link))
        yield from t.wait(_BEAT)
    return partner.send(echo=_stale(t, link))


@case(
    "TX-01",
    "No second holds more LACPDUs than the limit, whatever asks for them",
    clause="6.4.16",
    stimulus="converged; stale echoes every 50 ms for 10 s",
    expected="at most 3 LACPDUs (10 in 2020) in any second, each second having one",
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def limit(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    last = yield from _storm(t, 10.0)
    heard = t.pdus(since=start)
    t.check_rate(heard)
    times = [start, *(it.time for it in heard), last.time]
    gap = max(after - before for before, after in pairwise(times))
    t.check(
        gap <= t.bound, f"{gap:.3f} s without a LACPDU", f"one within {t.bound:g} s of each echo"
    )
    t.note(f"{len(heard)} LACPDUs in 10 s")


@case(
    "TX-02",
    "A LACPDU that was held back tells what is, not what was",
    clause="6.4.16",
    stimulus="converged; 5 LACPDUs (12 in 2020), each with another port priority of H, in 0.5 s",
    expected="a LACPDU with the last of them within 1.25 s, and none with another after it came",
    source=Source.FIELD_BUG,
)
def latest(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    count = t.profile.limit + 2
    for _ in range(count):
        yield from t.wait(0.5 / count)
        sent = partner.send(marked(t))
    # Until then the device may not have seen it.
    yield from t.wait(_BEAT + t.slack)
    start = t.now
    yield from t.wait_until(sent.time + t.bound)
    shown = [it for it in t.pdus(since=sent.time) if it.partner.identity == sent.actor.identity]
    t.check(shown, "no LACPDU with H's last port priority", f"one within {t.bound:g} s")
    for it in t.pdus(since=start):
        t.check(
            it.partner.identity == sent.actor.identity,
            f"port priority {it.partner.port_priority:#06x} in the Partner TLV "
            f"{it.time - sent.time:.3f} s after H changed it",
            f"{sent.actor.port_priority:#06x}, the value at the time of transmission",
        )


@case(
    "TX-03",
    "A LACPDU that was held back is sent, and then there is peace",
    clause="6.4.16",
    stimulus="converged, H with the long timeout; stale echoes every 50 ms for 3 s, then H "
    "cooperates again",
    expected="a LACPDU within 1.25 s of the last stale echo; none for 3 s from then on",
)
def pending(t: Trial) -> Script:
    yield from t.b2()
    slow_down(t)
    yield from t.wait(t.bound)
    last = yield from _storm(t, 3.0)
    yield from t.next_pdu(within=BOUND, what="the LACPDU that the last stale echo asked for")
    t.partner().mirror()
    yield from t.wait_until(last.time + t.bound)
    yield from t.quiet(3.0, "no LACPDU before the next periodic one: nobody asks for any")


@case(
    "TX-04",
    "While LACP is disabled nothing is sent",
    clause="6.4.16",
    stimulus="converged; the link becomes half duplex, on which LACP is disabled, and H sends "
    "stale echoes for 3 s; the link becomes full duplex, and H speaks to a passive device",
    expected="no LACPDU while half duplex; one within 1.25 s of full duplex, when is recorded",
    needs={Need.HALF_DUPLEX},
)
def disabled(t: Trial) -> Script:
    yield from t.b2()
    t.set_link(0, True, Duplex.HALF)
    yield from t.wait(_BEAT + t.slack)
    start = t.now
    yield from _storm(t, 3.0)
    # What is on its way reaches the device while LACP is still disabled.
    yield from t.wait(_BEAT + t.slack)
    for it in t.pdus(since=start):
        t.fail(f"saw {it.summary} on a half duplex link, expected none: LACP is disabled")
    enabled = t.set_link(0, True)
    if not t.device.activity:
        t.partner().send()
    pdu = yield from t.next_pdu(within=BOUND, what="a LACPDU after LACP was enabled")
    t.note(f"the first LACPDU came {pdu.time - enabled:.3f} s after LACP was enabled")


@case(
    "TX-05",
    "Each port has its own limit",
    clause="6.4.16",
    stimulus="converged on two links; stale echoes every 50 ms for 5 s on the second",
    expected="LACPDUs at intervals of 1 s (±0.25 s) on the first",
    links=2,
    wall=Wall.MIDDLE,
)
def own_limit(t: Trial) -> Script:
    yield from t.b2()
    before = yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    start = t.now
    yield from _storm(t, 5.0, link=1)
    heard = [it for it in t.pdus(since=start) if it is not before]
    t.check(len(heard) >= 3, f"{len(heard)} LACPDUs in 5 s on the first link", "one each second")
    for it in heard:
        t.check_at(it.time - before.time, 1.0, "a LACPDU after the one before at")
        before = it


@case(
    "TX-06",
    "A flapping link does not lift the limit",
    clause="6.4.16",
    stimulus="converged; the link goes down for 0.3 s and up for 0.3 s, 5 times",
    expected="at most 3 LACPDUs (10 in 2020) in any second; one within 1.25 s of the last link up, "
    "in 2020 within 0.35 s (else WARN)",
    needs={Need.LINK},
    device={"activity": True},
)
def flapping(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    for _ in range(4):
        yield from t.flap(0.3)
        yield from t.wait(0.3)
    up = yield from t.flap(0.3)
    pdu = yield from t.next_pdu(within=BOUND, what="a LACPDU after the last link up")
    yield from t.wait(1.0)
    t.check_rate(t.pdus(since=start))
    if t.edition.name == "2020" and pdu.time - up > t.prompt:
        t.warn(
            f"saw the first LACPDU {pdu.time - up:.3f} s after link up, expected it at once: in "
            f"2020 a port that comes back has something to say"
        )


@case(
    "TX-07",
    "No slow protocol sends more than 10 frames in a second",
    clause="57A.2",
    stimulus="converged; stale echoes and Marker PDUs every 50 ms for 5 s",
    expected="at most 10 Marker Responses and 10 LACPDUs in any second",
    source=Source.WEAK,
    wall=Wall.MIDDLE,
)
def slow_protocols(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    t.partner().silence()
    while t.now < start + 5.0:
        t.partner().send(echo=_stale(t))
        send_marker(t, a_marker(t, len(t.trace)))
        yield from t.wait(_BEAT)
    responses = [it for it in t.frames(since=start) if is_marker(it)]
    for frames, what in ((t.pdus(since=start), "LACPDUs"), (responses, "Marker Responses")):
        most = busiest(t, frames)
        t.check(most <= RATE, f"{most} {what} in a second", f"{RATE} at most (802.3 Annex 57A)")
        t.note(f"at most {most} {what} in a second")

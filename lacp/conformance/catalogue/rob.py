"""Group ROB: partners that misbehave, and devices that are put to the test.

What the device's own management does to it is in `rob_device`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.steps import OTHER_SYSTEM, TOGETHER, attached, expired
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.info import PORT_STATES, PortState


@case(
    "ROB-01",
    "A partner that is slow but in time is never missed",
    clause="6.4.12",
    stimulus="converged with the long timeout; H sends one LACPDU each 89.5 s for 10 minutes",
    expected="never Expired=1",
    device={"short_timeout": False},
    wall=Wall.LONG,
)
def slow_partner(t: Trial) -> Script:
    yield from t.b2()
    t.partner().silence()
    for _ in range(7):
        t.partner().send()
        yield from t.quiet(
            89.5, "no Expired=1 while H sends every 89.5 s", lambda it: it.expired or it.defaulted
        )
    t.partner().send()


@case(
    "ROB-02",
    "A device that hears nothing any more says so and stops carrying traffic",
    clause="6.4.12",
    stimulus="converged; the device's LACPDUs reach H, those of H do not reach the device",
    expected="Expired=1 with Collecting=0 and Distributing=0, then Defaulted=1 and once "
    "Synchronization=0 as well, or silence of a passive device",
    device={"fallback": False},
    wall=Wall.MIDDLE,
    expires=True,
    source=Source.FIELD_BUG,
)
def deaf_device(t: Trial) -> Script:
    yield from t.b2()
    t.partner().silence()
    first = yield from expired(t)
    yield from t.wait(3.0 + TOLERANCE + BOUND + 1.0)
    for it in t.pdus(since=first.time):
        t.check(
            not it.collecting and not it.distributing,
            f"{it.summary} while the device hears nothing",
            "Collecting=0 and Distributing=0",
        )
    last = t.last()
    assert last is not None
    # Later it may be attached again, alone.
    gave_up = any(it.defaulted and not it.synchronization for it in t.pdus(since=first.time))
    t.check(
        (last.defaulted and not last.expired and gave_up) or not t.device.activity,
        f"{last.summary} as the last LACPDU",
        "Defaulted=1, Expired=0 and once Synchronization=0: nobody is there",
    )


@case(
    "ROB-03",
    "Two partners on one wire are neither aggregated nor answered without limit",
    clause="6.4.14",
    stimulus="converged; for 15 s two systems send a LACPDU each 0.5 s in turn",
    expected="Distributing=0 from 1.25 s after the first change on; at most 3 LACPDUs (10 in 2020) "
    "in any second",
    wall=Wall.MIDDLE,
)
def two_partners(t: Trial) -> Script:
    yield from t.b2()
    partner, start = t.partner(), t.now
    partner.silence()
    first = partner.actor
    second = replace(first, system=OTHER_SYSTEM)
    for turn in range(30):
        partner.actor = first if turn % 2 else second
        partner.send()
        yield from t.wait(0.5)
    heard = t.pdus(since=start)
    t.check_rate(heard)
    for it in heard:
        t.check(
            it.time <= start + t.bound or not it.distributing,
            f"{it.summary} {it.time - start:.3f} s after the second system had been heard",
            "Distributing=0: its partner is another one each half second",
        )


@case(
    "ROB-04",
    "A partner that is expired for ever is waited for calmly",
    clause="6.4.15",
    stimulus="device in sync; H says Expired=1 and Synchronization=0 for 20 s",
    expected="Synchronization=1, Collecting=0, Distributing=0 and a LACPDU each second, no more",
    wall=Wall.MIDDLE,
)
def expired_partner(t: Trial) -> Script:
    yield from attached(t)
    partner = t.partner()
    partner.hold(PORT_STATES[partner.good(0, 0, 0).state | PortState.EXPIRED])
    start = t.now
    yield from t.wait(20.0)
    heard = t.pdus(since=start)
    t.check(
        len(heard) <= 27,
        f"{len(heard)} LACPDUs in 20 s",
        "one each second: there is nothing to tell",
    )
    for it in heard:
        t.check(
            it.synchronization and not it.collecting and not it.distributing,
            it.summary,
            "Synchronization=1, Collecting=0 and Distributing=0: the port stays ATTACHED",
        )


@case(
    "ROB-05",
    "A partner that is another system for a second on one link does not disturb the other",
    clause="6.4.14",
    stimulus="two links converged; on link 1 H sends for 1 s as another System, as a pair of "
    "switches does that loses its peer",
    expected="link 0 Distributing=1 throughout; link 1 converges again",
    links=2,
    device=TOGETHER,
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def system_flips(t: Trial) -> Script:
    yield from t.b2()
    start, partner = t.now, t.partner(1)
    usual = partner.actor
    partner.actor = replace(usual, system=OTHER_SYSTEM)
    partner.hold(partner.good(0, 0, 0).state, 0.25)
    yield from t.wait(1.0)
    partner.actor = usual
    partner.mirror()
    yield from t.converge([partner])
    yield from t.wait(3.0)
    for it in t.pdus(0, start):
        t.check(
            it.distributing and it.collecting and it.synchronization,
            f"{it.summary} on link 0",
            "it undisturbed: only link 1 had another System",
        )


@case(
    "ROB-06",
    "An old LACPDU that turns up again does no lasting harm",
    clause="6.4.12",
    stimulus="converged; one LACPDU of H as it was before it was in sync",
    expected="Synchronization=1 and Collecting=1 again after at most two LACPDUs of H; INFO if it "
    "takes more, FAIL if it does not come",
    source=Source.WEAK,
)
def replayed(t: Trial) -> Script:
    yield from t.b2()
    partner, start = t.partner(), t.now
    before = replace(partner.device, state=PORT_STATES[partner.device.state & 0x07])
    partner.send(partner.good(0, 0, 0), before)
    yield from t.next_pdu(
        lambda it: not it.collecting,
        within=BOUND,
        what="Collecting=0, as H's old LACPDU has it out of sync",
    )
    yield from t.next_pdu(
        lambda it: it.synchronization and it.collecting,
        within=10.0,
        what="Collecting=1 again, as H has gone on cooperating",
    )
    needed = sum(it.ours and it.is_lacpdu and it.time > start for it in t.trace)
    if needed > 2:
        t.info(f"{needed} LACPDUs of H until the device collected again")


@case(
    "ROB-07",
    "A flood of LACPDUs neither takes the link out of service nor stops the timers",
    clause="6.4.12",
    stimulus="converged; H sends 500 LACPDUs each second for 20 s, and then no more",
    expected="Synchronization, Collecting and Distributing throughout, a LACPDU each second; then "
    "Expired=1 as after any other LACPDU",
    wall=Wall.LONG,
    expires=True,
)
def flood(t: Trial) -> Script:
    yield from t.b2()
    partner, start = t.partner(), t.now
    partner.silence()
    while t.now < start + 20.0:
        for _ in range(10):
            last = partner.send()
        yield from t.wait(0.02)
    heard = t.pdus(since=start)
    t.check_rate(heard)
    for it in heard:
        t.check(
            it.synchronization and it.collecting and it.distributing,
            f"{it.summary} {it.time - start:.3f} s after the flood began",
            "Synchronization, Collecting and Distributing throughout",
        )
    for one, two in pairwise(heard):
        t.check(
            two.time - one.time <= 1.0 + TOLERANCE + t.slack,
            f"{two.time - one.time:.3f} s between two LACPDUs in the flood",
            "one each second",
        )
    t.check(len(heard) >= 15, f"{len(heard)} LACPDUs in 20 s", "one each second")
    pdu = yield from expired(t)
    tolerance = TOLERANCE if t.device.short_timeout else 0.5
    t.check_at(
        pdu.time - last.time,
        t.device.timeout,
        "Expired=1 after the last of the flood at",
        tolerance=tolerance,
        late=BOUND,
    )


@case(
    "ROB-10",
    "Eight links that start together are one LAG",
    clause="6.4.14",
    stimulus="device defaulted on eight links; H cooperates on all at once",
    expected="all converged within 2 s of Aggregate_Wait and the handshake; on one aggregator, "
    "where management shows it",
    links=8,
    device=TOGETHER,
    wall=Wall.MIDDLE,
)
def eight_links(t: Trial) -> Script:
    yield from t.b1()
    for partner in t.partners:
        partner.mirror()
    yield from t.converge(t.partners, within=2.0 + TOLERANCE + 2 * BOUND + 1.0)
    if t.offers(Need.MANAGEMENT):
        found = {t.management.port(link).aggregator for link in range(8)} - {None}
        t.check(len(found) <= 1, f"aggregators {sorted(map(str, found))}", "one: it is one LAG")

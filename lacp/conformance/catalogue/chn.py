"""Group CHN: churn detection (6.4.17, Figures 6-23 and 6-24), which management shows."""

from __future__ import annotations

from itertools import pairwise

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.steps import hold
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortState
from lacp.protocol.timers import CHURN_DETECTION_TIME

_MONITOR = {"actor": "ACTOR_CHURN_MONITOR", "partner": "PARTNER_CHURN_MONITOR"}
_NONE = {"actor": "NO_ACTOR_CHURN", "partner": "NO_PARTNER_CHURN"}
_CHURN = {"actor": "ACTOR_CHURN", "partner": "PARTNER_CHURN"}
#: Between what happens to a port and what management says of it.
_READ = 0.1


def _box(t: Trial, end: str) -> str | None:
    view = t.management.port(0)
    return view.actor_churn if end == "actor" else view.partner_churn


def _count(t: Trial, end: str) -> int | None:
    return t.management.port(0).counters.get(f"{end}_churn_count")


def _check_box(t: Trial, end: str, boxes: dict[str, str], when: str) -> None:
    found = _box(t, end)
    t.check(found in (boxes[end], None), f"{end} churn machine in {found} {when}", boxes[end])


def _churns(t: Trial, end: str, since: float) -> Wait[None]:
    """The machine goes from monitor to churn 60 s after `since`, and counts it."""
    before = _count(t, end)
    early = since + CHURN_DETECTION_TIME - TOLERANCE - t.slack
    yield from t.wait_until(early)
    _check_box(t, end, _MONITOR, f"{t.now - since:.3f} s after Synchronization was lost")
    yield from t.wait_until(early + 2 * (TOLERANCE + t.slack))
    _check_box(t, end, _CHURN, f"{t.now - since:.3f} s after Synchronization was lost")
    after = _count(t, end)
    t.check(
        before is None or after is None or after == before + 1,
        f"{end}_churn_count going from {before} to {after}",
        "one more: churn was entered once",
    )


@case(
    "CHN-01",
    "A port that has no partner for 60 s is churning",
    clause="6.4.17",
    stimulus="a defaulted device's link goes down and up, H silent",
    expected="the actor churn machine monitors until 60 s (±0.25 s) after link up, then churns, "
    "counted once; that of the partner ends as the administrative partner's Synchronization has it",
    needs={Need.MANAGEMENT, Need.LINK},
    device={"fallback": False},
    wall=Wall.LONG,
)
def no_partner(t: Trial) -> Script:
    yield from t.b1()
    up = yield from t.flap()
    yield from t.wait(_READ)
    for end in ("actor", "partner"):
        _check_box(t, end, _MONITOR, "after link up")
    yield from _churns(t, "actor", up)
    recorded = t.management.port(0).partner
    if recorded is not None:
        in_sync = PortState.SYNCHRONIZATION in recorded.state
        yield from t.wait(3.0)
        _check_box(t, "partner", _NONE if in_sync else _CHURN, f"with the partner {recorded}")


@case(
    "CHN-02",
    "A port that gets in sync in time is not churning, and that is known at once",
    clause="6.4.17",
    stimulus="link up; 10 s later H cooperates",
    expected="both machines in their NO_CHURN box as soon as the device is converged",
    needs={Need.MANAGEMENT, Need.LINK},
    device={"fallback": False},
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def in_time(t: Trial) -> Script:
    yield from t.b1()
    yield from t.wait(5.0)
    _check_box(t, "actor", _MONITOR, "without a partner")
    yield from _calm_at_once(t)


def _calm_at_once(t: Trial) -> Wait[None]:
    t.partner().mirror()
    yield from t.converge(t.partners)
    yield from t.wait(_READ)
    for end in ("actor", "partner"):
        _check_box(t, end, _NONE, "when the device had converged")


@case(
    "CHN-03",
    "A port that gets in sync while it is churning stops churning at once",
    clause="6.4.17",
    stimulus="H silent until the device's actor is churning, then cooperating",
    expected="both machines in their NO_CHURN box as soon as the device is converged",
    needs={Need.MANAGEMENT, Need.LINK},
    device={"fallback": False},
    wall=Wall.LONG,
    source=Source.FIELD_BUG,
)
def too_late(t: Trial) -> Script:
    yield from t.b1()
    yield from t.wait(CHURN_DETECTION_TIME + 2.0)
    _check_box(t, "actor", _CHURN, f"{CHURN_DETECTION_TIME + 2.0:g} s after link up, no partner")
    yield from _calm_at_once(t)


@case(
    "CHN-04",
    "A port that loses its sync has 60 s from then on",
    clause="6.4.17",
    stimulus="converged for a while; H falls silent until the device is defaulted",
    expected="the actor churn machine monitors from the LACPDU with Synchronization=0 on, and "
    "churns 60 s (±0.25 s) later, counted once",
    needs={Need.MANAGEMENT},
    device={"activity": True, "fallback": False},
    wall=Wall.LONG,
    expires=True,
    source=Source.FIELD_BUG,
)
def sync_lost(t: Trial) -> Script:
    yield from t.b2()
    yield from t.wait(10.0)
    t.partner().silence()
    lost = yield from t.next_pdu(
        lambda it: not it.synchronization,
        within=t.device.timeout + 3.0 + 2.0,
        what="Synchronization=0 in DEFAULTED: there is no partner",
    )
    yield from t.wait(_READ)
    _check_box(t, "actor", _MONITOR, "after Synchronization was lost")
    yield from _churns(t, "actor", lost.time)


@case(
    "CHN-05",
    "A partner that is never in sync is churning, the port itself is not",
    clause="6.4.17",
    stimulus="converged; then H says Synchronization=0 for good",
    expected="the partner churn machine churns 60 s (±0.25 s) later, counted once; the actor churn "
    "machine stays in NO_ACTOR_CHURN",
    needs={Need.MANAGEMENT},
    wall=Wall.LONG,
)
def partner_churns(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    hold(t.partner(), 0, 0, 0)
    yield from t.wait(2 * _READ)
    _check_box(t, "partner", _MONITOR, "after H got out of sync")
    yield from _churns(t, "partner", start)
    _check_box(t, "actor", _NONE, "while the device itself is in sync")


@case(
    "CHN-06",
    "A link that goes down starts churn detection anew",
    clause="6.4.17",
    stimulus="converged; link down",
    expected="both machines in their MONITOR box while the link is down",
    needs={Need.MANAGEMENT, Need.LINK},
)
def link_down(t: Trial) -> Script:
    yield from t.b2()
    for end in ("actor", "partner"):
        _check_box(t, end, _NONE, "of a converged device")
    t.partner().silence()
    t.set_link(0, False)
    yield from t.wait(_READ + t.prompt)
    for end in ("actor", "partner"):
        _check_box(t, end, _MONITOR, "while the link is down")


@case(
    "CHN-07",
    "Churn detection does not show in LACPDUs",
    clause="6.4.17",
    stimulus="converged; then H says Synchronization=0 for 75 s",
    expected="from 10 s on the device's LACPDUs are all the same, and none comes but those each "
    "second",
    wall=Wall.LONG,
)
def no_effect(t: Trial) -> Script:
    yield from t.b2()
    hold(t.partner(), 0, 0, 0)
    yield from t.wait(10.0)
    start = t.now
    yield from t.wait(65.0)
    heard = t.pdus(since=start)
    t.check(len(heard) >= 2, f"{len(heard)} LACPDUs in 65 s", "those each second, as H asks for")
    for it in heard:
        t.check(
            it.octets == heard[0].octets,
            f"{it.summary} {it.time - start:.3f} s later, after {heard[0].summary}",
            "the same octets: churn detection changes nothing",
        )
    for before, it in pairwise(heard):
        gap = it.time - before.time
        t.check(
            gap >= 1.0 - TOLERANCE - t.slack,
            f"a LACPDU {gap:.3f} s after the one before, {it.time - start:.3f} s later",
            "one each second: churn detection is diagnosis and sends nothing",
        )

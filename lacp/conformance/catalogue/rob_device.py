"""Group ROB, second part: what the device's own management does to it."""

from __future__ import annotations

from lacp.address import Mac
from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.steps import TOGETHER
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial

_SYSTEM = Mac.parse("02:48:00:00:0d:77")


@case(
    "ROB-08",
    "A device that becomes another system says so on all links and converges again",
    clause="6.4.7",
    stimulus="two links converged; management gives the device another System",
    expected="promptly a LACPDU with the new System on both links; converged again",
    links=2,
    needs={Need.MANAGEMENT},
    device=TOGETHER,
    wall=Wall.MIDDLE,
)
def another_system(t: Trial) -> Script:
    yield from t.b2()
    changed = t.now
    t.management.configure(system=_SYSTEM)
    yield from t.until(
        lambda: all(
            any(it.actor.system == _SYSTEM for it in t.pdus(link, changed)) for link in (0, 1)
        ),
        BOUND,
        f"Actor_System {_SYSTEM} on both links, as management asked for",
    )
    for link in (0, 1):
        pdu = next(it for it in t.pdus(link, changed) if it.actor.system == _SYSTEM)
        t.check_prompt(pdu, changed, f"the new System on link {link}")
    yield from t.wait(3.0)
    yield from t.converge(t.partners)
    for link in (0, 1):
        last = t.last(link)
        assert last is not None
        t.check(last.actor.system == _SYSTEM, last.summary, f"Actor_System {_SYSTEM} to stay")


@case(
    "ROB-09",
    "A device that is stopped carries no more traffic, and converges when it is started",
    clause="6.4.12",
    stimulus="converged; the device's LACP is stopped in the orderly way, and started 3 s later",
    expected="no LACPDU with Distributing=1 later than 1.25 s after it stopped; converged again; "
    "INFO when it went without a LACPDU that says Synchronization=0",
    needs={Need.MANAGEMENT, Need.RESTART},
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def restarted(t: Trial) -> Script:
    yield from t.b2()
    stopped = t.now
    t.management.stop()
    yield from t.wait(3.0)
    heard = t.pdus(since=stopped)
    for it in heard:
        t.check(
            it.time <= stopped + BOUND + t.slack or not it.distributing,
            f"{it.summary} {it.time - stopped:.3f} s after the device was stopped",
            "Distributing=0, or silence",
        )
    if not any(not it.synchronization for it in heard):
        t.info(
            "the device went without a LACPDU that says Synchronization=0: its partner sends to it "
            "until it is missed"
        )
    t.management.start()
    t.partner().reset()
    t.partner().mirror()
    yield from t.converge(t.partners)

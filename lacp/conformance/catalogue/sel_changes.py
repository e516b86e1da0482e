"""Group SEL, third part: links that are silent, come and go, or become others (6.4.14)."""

from __future__ import annotations

from dataclasses import replace

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.sel import SHARED, check_apart
from lacp.conformance.catalogue.steps import OTHER_SYSTEM, TOGETHER
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait


def _undisturbed(t: Trial, link: int, since: float, why: str) -> None:
    for it in t.pdus(link, since):
        t.check(
            it.synchronization and it.collecting and it.distributing,
            f"{it.summary} on link {link}",
            f"it undisturbed: {why}",
        )


@case(
    "SEL-11",
    "A link that comes and goes does not disturb the others",
    clause="6.4.14",
    stimulus="two links converged; link 0 goes down and up three times",
    expected="link 1 Distributing=1 throughout; link 0 converges again",
    links=2,
    needs={Need.LINK},
    device=TOGETHER,
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def others_undisturbed(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    for _ in range(3):
        t.partner(0).silence()
        t.set_link(0, False)
        yield from t.wait(1.0)
        t.set_link(0, True)
        t.partner(0).mirror()
        yield from t.wait(2.0)
    if t.device.revertive:
        yield from t.converge([t.partner(0)])
    _undisturbed(t, 1, start, "another link went down and up")


@case(
    "SEL-12",
    "Links whose partner becomes another system are detached and aggregated anew",
    clause="6.4.14",
    stimulus="two links converged; H has another System on link 0 and 0.5 s later on link 1",
    expected="Synchronization=0 on both, then both converged with the new System",
    links=2,
    device=TOGETHER,
    wall=Wall.MIDDLE,
)
def system_changes(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    for partner in t.partners:
        partner.actor = replace(partner.actor, system=OTHER_SYSTEM)
        partner.mirror()
        yield from t.wait(0.5)
    yield from t.until(
        lambda: all(any(not it.synchronization for it in t.pdus(link, start)) for link in (0, 1)),
        BOUND,
        "Synchronization=0 on both links: H is another system, so the ports are DETACHED first",
    )
    yield from t.converge(t.partners)


@case(
    "SEL-13",
    "Links on which nobody is heard are not aggregated",
    clause="6.4.14.1",
    stimulus="H is silent on two links until the device is defaulted, and 10 s more",
    expected="never both on one aggregator, unless the device carries traffic without a partner by "
    "configuration; WARN when it does on both and has not said so",
    links=2,
    device=SHARED,
    wall=Wall.LONG,
    source=Source.FIELD_BUG,
)
def silent_links(t: Trial) -> Script:
    yield from t.b1()
    start = t.now
    yield from t.wait(10.0)
    active = [link for link in (0, 1) if any(it.distributing for it in t.pdus(link, start))]
    if active:
        t.note(f"in use without a partner: link {' and link '.join(map(str, active))}")
    if t.device.fallback:
        return
    check_apart(t, (0, 1), "nobody says that the other ends belong together")
    if len(active) == 2:
        t.warn(
            "saw Distributing=1 on both links without a partner, expected it on one at most: only "
            "with an aggregator for each it is right"
        )


@case(
    "SEL-14",
    "A silent link does not join the aggregator of one that has a partner",
    clause="6.4.14.1 f",
    stimulus="H silent on two links until the device is defaulted, then H cooperates on link 0",
    expected="link 0 converges and stays; link 1 is not on its aggregator; WARN when it is in use",
    links=2,
    device=SHARED,
    wall=Wall.LONG,
    source=Source.FIELD_BUG,
)
def silent_link(t: Trial) -> Script:
    yield from t.b1()
    yield from t.b2(0)
    start = t.now
    yield from t.wait(10.0)
    _undisturbed(t, 0, start, "nothing has changed on it")
    check_apart(t, (0, 1), "link 1 has no partner")
    used = next((it for it in t.pdus(1, start) if it.collecting or it.distributing), None)
    if used and not t.device.fallback:
        t.warn(
            f"saw {used.summary} on link 1, which has no partner, expected Collecting=0 and "
            "Distributing=0: only with an aggregator of its own it is right"
        )


@case(
    "SEL-15",
    "A stray LACPDU on one link does not disturb the others",
    clause="6.4.14",
    stimulus="two links converged; on link 1 one LACPDU of another System with Synchronization=0",
    expected="link 0 Distributing=1 throughout; link 1 converges again",
    links=2,
    device=TOGETHER,
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def stray_pdu(t: Trial) -> Script:
    yield from t.b2()
    start, partner = t.now, t.partner(1)
    stray = replace(partner.good(0, 0, 0), system=OTHER_SYSTEM)
    partner.send(stray)
    yield from t.wait(3.0)
    yield from t.converge([partner])
    yield from t.wait(3.0)
    _undisturbed(t, 0, start, "the stray LACPDU came on link 1")


@case(
    "SEL-16",
    "A device that is given another key or system priority says so and is selected anew",
    clause="6.4.14.1",
    stimulus="converged; management changes the key of the port, then the device's system priority",
    expected="each time promptly a LACPDU with the new value, and one with Synchronization=0 "
    "within 1.25 s; converged again",
    needs={Need.MANAGEMENT},
    wall=Wall.MIDDLE,
)
def reconfigured(t: Trial) -> Script:
    yield from t.b2()
    known = t.partner().device
    key = known.key ^ 0x0200
    t.management.configure_port(0, key=key)
    yield from _reconfigured(t, "key", key)
    priority = known.system_priority ^ 0x4000
    t.management.configure(system_priority=priority)
    yield from _reconfigured(t, "system_priority", priority)


def _reconfigured(t: Trial, name: str, value: int) -> Wait[None]:
    start = t.now
    what = f"Actor {name} {value:#06x}, as management asked for"
    pdu = yield from t.next_pdu(
        lambda it: getattr(it.actor, name) == value, within=BOUND, what=what
    )
    t.check_prompt(pdu, start, what)
    yield from t.until(
        lambda: any(not it.synchronization for it in t.pdus(since=start)),
        BOUND,
        f"Synchronization=0: with another {name} the LAG is another one, so the port is DETACHED",
    )
    yield from t.converge(t.partners)
    yield from t.wait(1.5)

"""Group SEL: Selection Logic (6.4.14), who may share an aggregator with whom.

Links of loops are in `sel_loops`. Which aggregator a port has is seen by management only. Without
it a device that has one aggregator for all its ports must not use two LAGs; of another one it
cannot be seen, and the case says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lacp.conformance.catalogue.case import Case, Script, Source, Wall, case
from lacp.conformance.catalogue.steps import OTHER_SYSTEM, TOGETHER, another, toggled
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortInfo, PortState

_AGGREGATION = PortState.AGGREGATION
_SHARED = {"lags": 1, "aggregation": True}
#: Whoever is to come into service beside others has done so after this.
_SETTLED = 6.0


def _aggregator(t: Trial, link: int) -> int | None:
    return t.management.port(link).aggregator


def _active(t: Trial, link: int) -> bool:
    last = t.last(link)
    return last is not None and last.distributing


def check_apart(t: Trial, links: tuple[int, int], why: str) -> None:
    """Fail when two links share an aggregator, as far as that can be seen."""
    one, two = links
    both = _active(t, one) and _active(t, two)
    in_sync = all((it := t.last(link)) and it.synchronization for link in links)
    t.check(
        not (in_sync and t.device.aggregators == 1),
        f"Synchronization=1 on link {one} and on link {two}, which have one aggregator",
        f"it on one of them at most: {why}",
    )
    if t.offers(Need.MANAGEMENT):
        first, second = _aggregator(t, one), _aggregator(t, two)
        t.check(
            first is None or first != second,
            f"aggregator {first} for link {one} and link {two}",
            f"two aggregators, or one of the links without: {why}",
        )
    elif both and t.device.aggregators is None:
        t.note(
            f"both links are in use; whether by two aggregators, as they must ({why}), is not seen "
            "without management"
        )


@case(
    "SEL-01",
    "Links to one system with one key are aggregated",
    clause="6.4.14.1 f",
    stimulus="two links to the same H with the same key",
    expected="both converged; the same aggregator, where management shows it",
    links=2,
    device=TOGETHER,
)
def aggregated(t: Trial) -> Script:
    yield from t.b2()
    if t.offers(Need.MANAGEMENT):
        first, second = _aggregator(t, 0), _aggregator(t, 1)
        t.check(
            first is None or second is None or first == second,
            f"aggregators {first} and {second}",
            "the same aggregator: the links have the same LAG ID",
        )


def _come_up(t: Trial) -> Wait[None]:
    """Mirrors on all links; one at least converges, the others have had the time to."""
    for partner in t.partners:
        partner.mirror()
    yield from t.converge(t.partners, at_least=1)
    yield from t.wait(_SETTLED)


def _different(
    id: str,
    title: str,
    what: str,
    one: Callable[[PortInfo], PortInfo],
    two: Callable[[PortInfo], PortInfo],
    why: str,
    rule: str,
    source: Source = Source.STANDARD,
) -> Case:
    """A case in which the partners of two links are not to be aggregated."""

    @case(
        id,
        title,
        clause=f"6.4.14.1 {rule}",
        stimulus=f"two links; {what}",
        expected="one converges at least; never both on one aggregator",
        links=2,
        device=_SHARED,
        wall=Wall.MIDDLE,
        source=source,
    )
    def script(t: Trial) -> Script:
        first, second = t.partners
        first.actor, second.actor = one(first.actor), two(second.actor)
        yield from _come_up(t)
        check_apart(t, (0, 1), why)

    return script


def _same(info: PortInfo) -> PortInfo:
    return info


def _individual(info: PortInfo) -> PortInfo:
    return toggled(info, _AGGREGATION)


APART = (
    _different(
        "SEL-02",
        "Links to two systems are not aggregated",
        "H has another System on each",
        _same,
        another("system"),
        "the partners are two systems",
        "f",
    ),
    _different(
        "SEL-03",
        "The priority is part of the system: links that differ in it are not aggregated",
        "H has the same System and another System_Priority on each",
        _same,
        another("system_priority"),
        "the System Identifier is priority and address, so the partners are two systems",
        "f",
        Source.FIELD_BUG,
    ),
    _different(
        "SEL-04",
        "Links to one system with two keys are not aggregated",
        "H has another key on each",
        _same,
        another("key"),
        "H's keys say that it cannot aggregate these links",
        "f",
        Source.FIELD_BUG,
    ),
    _different(
        "SEL-05",
        "Individual links are not aggregated",
        "H is Individual on both",
        _individual,
        _individual,
        "an Individual link shares its aggregator with nobody",
        "h",
    ),
    _different(
        "SEL-06",
        "An Individual link is not aggregated with another one",
        "H is Individual on one of them",
        _individual,
        _same,
        "an Individual link shares its aggregator with nobody",
        "i",
    ),
)


@case(
    "SEL-07",
    "A device that is told to be Individual says so and aggregates nothing",
    clause="6.4.14.1 h",
    stimulus="two links converged; management makes both ports of the device Individual",
    expected="promptly Actor_State.Aggregation=0 on both; one converges at least; never both on "
    "one aggregator",
    links=2,
    needs={Need.MANAGEMENT},
    device=_SHARED,
    wall=Wall.MIDDLE,
    source=Source.FIELD_BUG,
)
def told_individual(t: Trial) -> Script:
    yield from _come_up(t)
    changed = t.now
    for link in (0, 1):
        t.management.configure_port(link, aggregation=False)
    yield from t.until(
        lambda: all(
            any(_AGGREGATION not in it.actor.state for it in t.pdus(link, changed))
            for link in (0, 1)
        ),
        BOUND,
        "Actor_State.Aggregation=0 on both links after management asked for it",
    )
    yield from _come_up(t)
    check_apart(t, (0, 1), "the device is Individual on both")


@case(
    "SEL-10",
    "Two links that report the same partner port do no harm",
    clause="6.3.4",
    stimulus="H has the same Port Identifier on both links",
    expected="one converges at least; WARN when the device distributes on both",
    links=2,
    device=_SHARED,
    wall=Wall.MIDDLE,
)
def same_partner_port(t: Trial) -> Script:
    first, second = t.partners
    second.actor = first.actor
    yield from _come_up(t)
    if _active(t, 0) and _active(t, 1):
        t.warn(
            "saw Distributing=1 on both links, expected it on one: H has one Port Identifier on "
            "both, so they are one port to the standard"
        )


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
    device=_SHARED,
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
    device=_SHARED,
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

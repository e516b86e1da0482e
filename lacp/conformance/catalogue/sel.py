"""Group SEL: Selection Logic (6.4.14), who may share an aggregator with whom.

Links of loops are in `sel_loops`, those that are silent or change in `sel_changes`. Which
aggregator a port has is seen by management only. Without it a device that has one aggregator for
all its ports must not use two LAGs; of another one it cannot be seen, and the case says so.
"""

from __future__ import annotations

from collections.abc import Callable

from lacp.conformance.catalogue.case import Case, Script, Source, Wall, case
from lacp.conformance.catalogue.steps import TOGETHER, another, toggled
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortInfo, PortState

_AGGREGATION = PortState.AGGREGATION
#: Devices that have one aggregator for all their ports.
SHARED = {"lags": 1, "aggregation": True}
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
        device=SHARED,
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
    device=SHARED,
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
    device=SHARED,
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

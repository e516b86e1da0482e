"""Group SEL, second part: ports of the device that are cabled to each other (6.4.14.1 g)."""

from __future__ import annotations

from lacp.conformance.catalogue.case import Script, Wall, case
from lacp.conformance.catalogue.sel import SHARED, check_apart
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait

_TIME = 15.0


def _cabled(t: Trial, *loops: tuple[int, int]) -> Wait[None]:
    """Carry the device's LACPDUs between pairs of its own links for a while."""
    other = {a: b for one, two in loops for a, b in ((one, two), (two, one))}
    for partner in t.partners:
        partner.silence()
    end = t.now + _TIME
    while t.now < end:
        it = yield from t.try_frame(lambda it: it.is_slow, link=None, within=end - t.now - t.slack)
        if it is not None:
            t.partner(other[it.link]).send_octets(it.octets)


def _check_loop(t: Trial, loop: tuple[int, int], since: float) -> None:
    check_apart(t, loop, "they are the two ends of one link")
    for link in loop:
        t.check_rate(t.pdus(link, since))


@case(
    "SEL-08",
    "The two ends of a looped link do not share an aggregator",
    clause="6.4.14.1 g",
    stimulus="link 0 converged; then all that the device sends on one is handed to the other, "
    "as if they were one cable",
    expected="never both on one aggregator; at most 3 LACPDUs (10 in 2020) in any second; "
    "converged with H afterwards",
    links=2,
    device=SHARED,
    wall=Wall.MIDDLE,
)
def loop(t: Trial) -> Script:
    yield from t.b2(0)
    start = t.now
    yield from _cabled(t, (0, 1))
    _check_loop(t, (0, 1), start)


@case(
    "SEL-09",
    "Two looped links may be aggregated, but the ends of each stay apart",
    clause="6.4.14.1 g",
    stimulus="as two cables, each with both ends in the device: links 0 and 1, links 2 and 3",
    expected="the ends of a loop never on one aggregator; whether the loops are aggregated is "
    "recorded, where management shows it; converged with H afterwards",
    links=4,
    device=SHARED,
    wall=Wall.MIDDLE,
)
def two_loops(t: Trial) -> Script:
    yield from t.b2(0, 2)
    start = t.now
    yield from _cabled(t, (0, 1), (2, 3))
    for pair in ((0, 1), (2, 3)):
        _check_loop(t, pair, start)
    if t.offers(Need.MANAGEMENT):
        users = [t.management.port(link).aggregator for link in range(4)]
        t.note(f"the aggregators of links 0 to 3 are {', '.join(map(str, users))}")

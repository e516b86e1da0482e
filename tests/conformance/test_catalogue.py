"""The whole catalogue against our own engine: every edition, both controls, all it leaves open.

What a case leaves open and does not look at is tried in one edition only, and each variant lives
with one kind of bench; HYPOTHESIS_PROFILE=ci tries everything with everything, in minutes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, product
from typing import Any

import pytest

from lacp.conformance.catalogue import CATALOGUE, GROUPS
from lacp.conformance.catalogue.case import Case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.virtual import VirtualBench, profile_for, run_case
from lacp.conformance.verdict import Verdict
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.variables import Control
from tests.worlds import VARIANT_IDS, VARIANTS

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "ci"

#: Features to try a case with, where it leaves them open: in all editions, or in one.
OPEN: dict[str, tuple[object, ...]] = {
    "short_timeout": (True, False),
    "activity": (True, False),
}
#: More, for cases that look at them without asking for them.
ALSO: dict[str, dict[str, tuple[object, ...]]] = {
    **{id: {"max_links": (None, 1)} for id in ("PDU-02", "PDU-09", "RXV-23", "TX-05")},
    "PDU-10": {"lags": (1, 2)},
    "RXM-32": {"wait_to_restore": (0.0, 60.0)},
    "SEL-11": {"revertive": (True, False)},
    **{f"SEL-{number:02}": {"aggregators": (None, 1)} for number in range(2, 9)},
    "SEL-13": {"fallback": (False, True)},
    "SEL-14": {"aggregators": (None, 1)},
}

#: Cases in which our engine does not simply pass, with the verdict: they judge nothing, or what
#: they find is no more than a WARN.
RECORDED: dict[str, Verdict] = {
    "RXV-08": Verdict.INFO,
    "RXV-09": Verdict.INFO,
    # Key 0 is no key to the standard, but teamd's default: who uses it is taken.
    "RXV-22": Verdict.INFO,
    "RXV-23": Verdict.INFO,
    "MRK-07": Verdict.INFO,
    # Links to one partner port have one LAG ID: nothing in 6.4.14.1 keeps them apart.
    "SEL-10": Verdict.WARN,
}


def devices(case: Case, edition: Edition) -> Iterator[dict[str, Any]]:
    """Devices that the case has to do with: the first choice of each feature, then another one."""
    thorough = THOROUGH or edition.name == "2014"
    choices = {**OPEN, **ALSO.get(case.id, {})}
    left_open = {name: values for name, values in choices.items() if name not in case.device}
    usual = {name: values[0] for name, values in left_open.items()}
    yield usual
    for name, (_, *others) in left_open.items():
        if thorough or name not in OPEN:
            for value in others:
                yield {**usual, name: value}


@pytest.mark.parametrize(("edition", "control"), VARIANTS, ids=VARIANT_IDS)
@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_our_engine_conforms(case: Case, edition: Edition, control: Control) -> None:
    for features in devices(case, edition):
        profile = profile_for(case, edition.name, control, **features)
        outcome = run_case(case, profile)
        assert outcome.verdict is expected(case, profile, case.links), (features, outcome.remarks)


def expected(case: Case, profile: Profile, links: int) -> Verdict:
    return Verdict.SKIP if case.unfit(profile, links) else RECORDED.get(case.id, Verdict.PASS)


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_a_case_is_skipped_only_where_it_does_not_apply(case: Case) -> None:
    ran = set()
    for name in EDITIONS:
        for control in Control:
            reason = case.unfit(profile_for(case, name, control), case.links)
            if name not in case.editions:
                assert reason.startswith("is of edition")
            elif case.device.get("control", control) is not control:
                assert reason.startswith("needs a device with control")
            elif case.device.get("version", 1) != 1:
                assert reason == "needs a device with version 2, this one has 1"
                assert case.unfit(profile_for(case, name, control, version=2), case.links) == ""
                ran.add(name)
            else:
                assert reason == ""
                ran.add(name)
    assert ran == case.editions


#: What benches can do: nothing but frames, links too as with our own interfaces, everything.
BENCHES = {"frames": frozenset[Need](), "links": frozenset({Need.LINK}), "all": frozenset(Need)}
#: The bench, and the device's timeout.
SETTINGS = list(product(BENCHES, ("short", "long")))
LIVES = list(product(VARIANTS, SETTINGS) if THOROUGH else zip(VARIANTS, cycle(SETTINGS)))
LIFE_IDS = [f"{edition.name}-{control}-{'-'.join(life)}" for (edition, control), life in LIVES]


@pytest.mark.parametrize(("variant", "life"), LIVES, ids=LIFE_IDS)
def test_one_device_lives_from_case_to_case(
    variant: tuple[Edition, Control], life: tuple[str, str]
) -> None:
    (edition, control), (offers, timeout) = variant, life
    first = next(iter(CATALOGUE.values()))
    made = profile_for(first, edition.name, control, short_timeout=timeout == "short")
    profile = replace(made, offers=BENCHES[offers], slack=0.15)
    bench = VirtualBench(profile, 4)
    for case in CATALOGUE.values():
        outcome = bench.run(case)
        assert outcome.verdict is expected(case, profile, 4), (case.id, outcome.remarks)


def test_the_catalogue_is_in_order() -> None:
    places = [(GROUPS.index(case.group), case.number) for case in CATALOGUE.values()]
    assert places == sorted(places)
    assert [case.id for case in CATALOGUE.values()] == list(CATALOGUE)


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_a_case_says_what_it_is(case: Case) -> None:
    assert case.title[0].isupper()
    assert not case.title.endswith(".")
    assert all((case.stimulus, case.expected, case.clause))

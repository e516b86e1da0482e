"""Exhaustive, not only random: every state that two connected ports can reach, over all orders of
delivery, loss, timer expiry, loss of carrier at one end, and restart. What is covered and what is
not is in docs/exploration.md. LACP_EXPLORE=all explores every combination.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import pytest

from lacp.protocol import port as port_module
from lacp.protocol import settling
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import (
    EDITION_2008,
    EDITION_2014,
    EDITION_2014_COR1,
    EDITION_2020,
    EDITIONS,
    Edition,
)
from lacp.protocol.receive import Receive
from lacp.protocol.variables import Control
from lacp.sim.network import address
from tests.conformance import exploration_rules as rules
from tests.conformance.exploration_engine import Automaton, Frames
from tests.conformance.exploration_mutants import (
    FORGETS_TO_SAY,
    IGNORES_COLLECTING,
    IGNORES_SYNC_LOSS,
    KEEPS_COLLECTING,
    NEVER_SLOW,
    NeverLeavesExpired,
    forgetful_transmit,
)
from tests.conformance.exploration_report import (
    CONVERGES_WITHIN,
    Survey,
    all_distribute,
    longest,
    none_distributes,
)
from tests.conformance.exploration_weather import FAIR, Forecast, Goal, View, Weather
from tests.conformance.exploration_world import Reached, Wire, World, cable
from tests.golden import Golden, golden  # noqa: F401 - a fixture

ALL = os.environ.get("LACP_EXPLORE") == "all"


@dataclass(frozen=True, slots=True)
class Role:
    """How one end is configured."""

    edition: Edition
    control: Control
    activity: bool = True
    short_timeout: bool = True

    def __str__(self) -> str:
        activity = "active" if self.activity else "passive"
        timeout = "short" if self.short_timeout else "long"
        return f"{self.edition.name}-{self.control}-{activity}-{timeout}"

    def system(self, number: int, **settings: Any) -> SystemConfig:
        """The configuration of the system with that number in its address."""
        return SystemConfig(
            system=address(number),
            edition=self.edition,
            control=self.control,
            history=0,
            **settings,
        )

    def automaton(self, number: int, frames: Frames, **engine: bool) -> Automaton:
        config = self.system(number)
        port = PortConfig(number=1, activity=self.activity, short_timeout=self.short_timeout)
        name = ("left", "right")[number - 1]
        return Automaton(name, config, {"1": port}, frames, **engine)


INDEPENDENT, COUPLED = Control.INDEPENDENT, Control.COUPLED
#: Every edition, both controls, and every mix of activity and timeouts at least once.
CHOSEN = [
    (Role(EDITION_2014, INDEPENDENT), Role(EDITION_2014, INDEPENDENT)),
    (Role(EDITION_2014_COR1, COUPLED, True, False), Role(EDITION_2008, COUPLED, False, True)),
    (Role(EDITION_2014, INDEPENDENT, False, True), Role(EDITION_2020, COUPLED, True, False)),
    (Role(EDITION_2020, INDEPENDENT, True, False), Role(EDITION_2008, INDEPENDENT, True, False)),
]
ROLES = [
    (Role(edition, control, True, short), Role(edition, control, active, other))
    for edition, control in product(EDITIONS.values(), Control)
    for active in (True, False)
    for short, other in ((True, True), (False, False), (True, False), (False, True))
]


def one_link(
    left: Role, right: Role, wires: Mapping[str, Any] | None = None, **engine: bool
) -> World:
    frames = Frames()
    ends = [role.automaton(n, frames, **engine) for n, role in enumerate((left, right), 1)]
    return World(ends, cable((0, "1"), (1, "1")), **(wires or {}))


@pytest.mark.parametrize(
    ("left", "right"), [*CHOSEN, *(r for r in ROLES if ALL and r not in CHOSEN)], ids=str
)
def test_one_link(left: Role, right: Role, golden: Golden) -> None:  # noqa: F811 - the fixture
    # Short ways double the states of an engine, and in the end change nothing.
    survey = Survey(one_link(left, right, short_ways=ALL or left == right))
    assert survey.findings == []
    page = survey.text([f"left   {left}", f"right  {right}"])
    if (left, right) in CHOSEN:
        golden.check(page)
    else:
        sys.stdout.write(page)


MORE: list[tuple[dict[str, bool], dict[str, Any]]] = [
    ({}, {"capacity": 2}),
    *([({"ties": True}, {}), ({"churn": True}, {}), ({}, {"free": True})] if ALL else []),
]


@pytest.mark.parametrize("role", [Role(EDITION_2014, COUPLED)], ids=str)
@pytest.mark.parametrize(("engine", "wires"), MORE, ids=str)
def test_more_of_one_link(role: Role, engine: dict[str, bool], wires: dict[str, Any]) -> None:
    """Timers at one instant, churn detection, two frames in flight, and senders who do not wait."""
    survey = Survey(one_link(role, role, wires, **engine))
    sys.stdout.write(survey.text([str(role), str(engine), str(wires)]))
    assert survey.findings == []


# Two links: as far as a number of moves goes, from a cold start and from all that follows it.

#: Moves from the nearest state of a start in which nothing goes wrong.
DEPTH = 4 if ALL else 2


def two_links(
    role: Role, crossed: bool = False, keys: tuple[int, int] = (1, 1), **settings: Any
) -> World:
    """Two systems of two ports each; `keys` are those of the left system's ports."""
    frames = Frames()
    ends = []
    for number, name in enumerate(("left", "right"), 1):
        ports = {
            str(n): PortConfig(
                number=n,
                key=keys[n - 1] if number == 1 else 1,
                short_timeout=role.short_timeout,
                activity=role.activity,
            )
            for n in (1, 2)
        }
        ends.append(Automaton(name, role.system(number, **settings), ports, frames))
    far = ("2", "1") if crossed else ("1", "2")
    wires = [w for near, n in enumerate(far, 1) for w in cable((0, str(near)), (1, n))]
    return World(ends, wires)


def looped(role: Role, ports: int) -> World:
    """One system with a cable between its two ports, or one port that hears itself."""
    configs = {str(n): PortConfig(number=n, short_timeout=True) for n in range(1, ports + 1)}
    end = Automaton("left", role.system(1), configs, Frames())
    wires = cable((0, "1"), (0, "2")) if ports == 2 else (Wire(0, "1", 0, "1"),)
    return World([end], wires)


def both_in_one_lag(view: View) -> bool:
    return all_distribute(view) and all(len({p.aggregator for p in end}) == 1 for end in view)


def both_apart(view: View) -> bool:
    return all_distribute(view) and all(len({p.aggregator for p in end}) == 2 for end in view)


def the_first_cable_alone(view: View) -> bool:
    """For parallel cables."""
    return all([p.distributing for p in end] == [True, False] for end in view)


def the_second_cable_alone(view: View) -> bool:
    """For parallel cables."""
    return all([p.distributing for p in end] == [False, True] for end in view)


def one_cable_and_no_other(view: View) -> bool:
    """For parallel cables: the same one at both ends."""
    return the_first_cable_alone(view) or the_second_cable_alone(view)


def some_cable_and_none_split(view: View) -> bool:
    """For parallel cables: traffic flows, and nobody sends where nobody collects."""
    left, right = view
    links = list(zip(left, right, strict=True))
    whole = any(a.distributing and b.distributing for a, b in links)
    split = any(
        (a.distributing and not b.collecting) or (b.distributing and not a.collecting)
        for a, b in links
    )
    return whole and not split


def explore_from_a_start(world: World, goal: Goal, depth: int) -> Reached:
    """What `depth` moves lead to, from the states of a cold start in which nothing goes wrong."""
    cold = world.pack([0] * len(world.ends))
    return world.explore(Forecast(world, FAIR, goal).states(cold, 12), depth=depth)


def findings(
    world: World,
    goals: Sequence[tuple[Weather, Goal]],
    depth: int = DEPTH,
    within: int = CONVERGES_WITHIN,
) -> list[str]:
    """What is wrong in the states within reach; says how far the exploration got."""
    reached = explore_from_a_start(world, goals[0][1], depth)
    found = [f for end in world.ends for f in islice(rules.findings(end), 20)]
    times = [longest(world, reached, weather, goal, within) for weather, goal in goals]
    how_far = "all of them" if reached.complete else f"{depth} moves from a good start"
    sys.stdout.write(
        f"{len(reached)} states ({how_far}), {reached.transitions} moves, "
        f"{sum(end.steps for end in world.ends)} calls of the engine\n"
    )
    return found + [finding for _, finding in times if finding]


#: Neither way of the first cable carries anything, or only one of them does not.
FIRST_DEAD = Weather("the first cable is dead", frozenset({0, 1}))
LEFT_DARK = Weather("the left end alone has no carrier", frozenset({0, 1}), frozenset({(0, "1")}))
FIRST_DEAF = Weather("the left end hears nothing on the first cable", frozenset({1}))
OLD, NEW = Role(EDITION_2014, INDEPENDENT), Role(EDITION_2020, COUPLED)


@pytest.mark.parametrize(
    ("role", "settings"),
    [
        (OLD, {}),
        (NEW, {"crossed": True}),
        (Role(EDITION_2008, COUPLED), {"aggregators": {1: None}}),
        *(
            []
            if not ALL
            else [
                (Role(EDITION_2014_COR1, COUPLED, True, False), {"crossed": True}),
                (NEW, {"min_ports": 2}),
                (Role(EDITION_2020, INDEPENDENT), {"wait_to_restore": 5}),
            ]
        ),
    ],
    ids=str,
)
def test_two_links_end_in_one_lag(role: Role, settings: dict[str, Any]) -> None:
    assert findings(two_links(role, **settings), [(FAIR, both_in_one_lag)]) == []


def test_a_dead_cable_leaves_the_other_one_alone() -> None:
    """Also when it is dead in one direction only."""
    goals = [
        (FAIR, both_in_one_lag),
        (FIRST_DEAD, the_second_cable_alone),
        (FIRST_DEAF, the_second_cable_alone),
    ]
    assert findings(two_links(OLD), goals, DEPTH - 1) == []


@pytest.mark.parametrize("role", [OLD, NEW], ids=str)
def test_both_ends_choose_the_same_link_when_one_is_allowed(role: Role) -> None:
    """And the other one when that link is dead."""
    goals = [
        (FAIR, the_first_cable_alone),
        (FIRST_DEAD, the_second_cable_alone),
        (FIRST_DEAF, the_second_cable_alone),
    ]
    assert findings(two_links(role, max_ports=1), goals, DEPTH - 1) == []


def test_ends_that_do_not_revert_agree_on_what_carries_traffic() -> None:
    role = Role(EDITION_2020, INDEPENDENT)
    world = two_links(role, wait_to_restore=5, revertive=False)
    assert findings(world, [(FAIR, some_cable_and_none_split)], DEPTH - 1) == []


@pytest.mark.parametrize("role", [OLD, NEW], ids=str)
def test_two_ports_cabled_together_are_never_one_lag(role: Role) -> None:
    assert findings(looped(role, 2), [(FAIR, both_apart)], DEPTH) == []


@pytest.mark.parametrize("role", [OLD, NEW], ids=str)
def test_a_port_that_hears_itself_carries_nothing(role: Role) -> None:
    world = looped(role, 1)
    reached = world.explore([world.pack([0])])
    assert reached.complete
    assert longest(world, reached, FAIR, none_distributes, 0) == (0, "")


def test_links_that_are_no_lag_are_found_to_be_none() -> None:
    """The goal is no empty one: ports with different keys do not meet it."""
    world = two_links(OLD, keys=(1, 2))
    assert "not both_in_one_lag" in "".join(findings(world, [(FAIR, both_in_one_lag)], 1))


# The exploration finds what is wrong.


def mutants(edition: Edition, control: Control, short: bool = True) -> list[str]:
    """What is found of one link between two such ends, a few moves from a good start."""
    role = Role(edition, control, short_timeout=short)
    goals = [(FAIR, all_distribute), (LEFT_DARK, none_distributes)]
    if short:
        return findings(one_link(role, role), goals, 5)
    # With long timeouts what is not said at once is said 30 s later, or not at all.
    return findings(one_link(role, role), goals[:1], 2, within=10_000)


def wrong(found: list[str]) -> str:
    """The first line of each finding."""
    return "\n".join(finding.splitlines()[0] for finding in found)


@pytest.mark.parametrize("control", Control)
@pytest.mark.parametrize("short", [True, False], ids=["short", "long"])
def test_nothing_is_found_of_the_engine_itself(control: Control, short: bool) -> None:
    assert mutants(EDITION_2014, control, short) == []


SPLIT = "the left end alone has no carrier: not none_distributes"
SLOW = "nothing is lost: not all_distribute"


@pytest.mark.parametrize(
    ("edition", "control", "short", "found"),
    [
        (IGNORES_SYNC_LOSS, INDEPENDENT, True, ["not 'who collects hears a partner", SPLIT]),
        (IGNORES_COLLECTING, INDEPENDENT, True, [SPLIT]),
        (KEEPS_COLLECTING, COUPLED, True, ["not 'the bits of the Mux machine are those of its"]),
        (NEVER_SLOW, INDEPENDENT, False, ["not 'the periodic timer runs unless"]),
        (FORGETS_TO_SAY, INDEPENDENT, False, [SLOW]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_faulty_edition_is_found(
    edition: Edition, control: Control, short: bool, found: list[str]
) -> None:
    said = wrong(mutants(edition, control, short))
    assert [each for each in found if each not in said] == []


@pytest.mark.parametrize(
    ("machine", "found"),
    [
        (NeverLeavesExpired, "nothing is lost: not all_distribute"),
    ],
)
def test_a_faulty_receive_machine_is_found(
    machine: type[Receive], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_module, "Receive", machine)
    assert found in wrong(mutants(EDITIONS["2014"], INDEPENDENT))


def test_a_lacpdu_that_is_forgotten_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "transmit", forgetful_transmit)
    assert "what is held back is forgotten" in wrong(mutants(EDITIONS["2014"], COUPLED))

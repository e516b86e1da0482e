"""What an exploration of one link found, for an engineer: the page that a golden file holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tests.conformance import exploration_rules as rules
from tests.conformance.exploration_engine import Automaton
from tests.conformance.exploration_weather import FAIR, Forecast, Goal, View, Weather
from tests.conformance.exploration_world import Reached, World

#: Milliseconds. Two ends that are DEFAULTED speak each 30 s; then there is the wait, and no more.
CONVERGES_WITHIN = 33_000
#: A passive end that has given its partner up (90 s, and 3 s in EXPIRED) cannot say so: 6.4.13 has
#: it silent. The other end finds out by its own timeout (90 s).
STOPS_WITHIN = 183_000


def all_distribute(view: View) -> bool:
    return all(port.distributing for end in view for port in end)


def none_distributes(view: View) -> bool:
    return not any(port.distributing for end in view for port in end)


def weathers() -> list[tuple[Weather, Goal, int]]:
    """The weathers of one link, what each has to lead to, and within how many milliseconds."""
    left, right, both = frozenset({1}), frozenset({0}), frozenset({0, 1})
    dark = [
        Weather("the left end hears nothing", left),
        Weather("the right end hears nothing", right),
        Weather("both ends hear nothing", both),
        Weather("the left end alone has no carrier", both, frozenset({(0, "1")})),
        Weather("the right end alone has no carrier", both, frozenset({(1, "1")})),
    ]
    return [
        (FAIR, all_distribute, CONVERGES_WITHIN),
        *((weather, none_distributes, STOPS_WITHIN) for weather in dark),
    ]


def longest(
    world: World, reached: Reached, weather: Weather, goal: Goal, within: int, early: int = 0
) -> tuple[float, str]:
    """From the states with nothing in flight, the milliseconds until the goal is met for ever; and
    when that is too long, how the state is reached and what becomes of it.

    From any other state the next thing to happen is that what is in flight arrives, or not, and
    these are the states in which that ends. `early` is how much less the left end's timers have
    left than their full length.
    """
    rest = (state for level in reached.levels for state in sorted(level) if world.at_rest(state))
    forecast = Forecast(world, weather, goal, {0: early})
    slowest = max(rest, key=forecast.milliseconds)
    took = forecast.milliseconds(slowest)
    if took <= within:
        return took, ""
    wrong = f"{weather.name}: not {goal.__name__} within {within} ms but {took}, after"
    path = world.path(reached, slowest)
    return took, "\n  ".join([wrong, *path, "and then", *forecast.story(slowest, 12)])


class Survey:
    """One link, explored and judged."""

    def __init__(self, world: World) -> None:
        world.merge()
        self.world = world
        self.reached = world.explore([world.pack([0] * len(world.ends))])
        self.findings = [f for end in world.ends for f in islice(rules.findings(end), 20)]
        self._times: list[str] = []
        for weather, goal, within in weathers():
            both = [longest(world, self.reached, weather, goal, within, ms) for ms in (0, 400)]
            self.findings += [finding for _, finding in both if finding]
            seconds = max(took for took, _ in both) / 1000
            self._times.append(f"{_words(goal)} when {weather.name}: {seconds:.3f} s")

    def text(self, titles: Iterable[str]) -> str:
        """The page."""
        ends = [self.world.ends_of(state) for state in self.reached.states]
        rest = [state for state in self.reached.states if self.world.at_rest(state)]
        found = f"{len(self.reached)} states, {self.reached.transitions} moves"
        lines = [*titles, "", f"{found}, {len(rest)} states with nothing in flight", ""]
        for place, end in enumerate(self.world.ends):
            seen = {states[place] for states in ends}
            lines += [
                f"{end.name}: {len(seen)} states; receive and mux",
                *_combinations(end, seen),
                "",
            ]
        lines += ["mux of left and right with nothing in flight", *self._muxes(), ""]
        lines += ["from any state, and for ever"]
        return "\n".join([*lines, *(f"  {line}" for line in self._times), ""])

    def _muxes(self) -> Iterator[str]:
        left, right = self.world.ends
        pairs = set()
        for state in filter(self.world.at_rest, self.reached.states):
            a, b = self.world.ends_of(state)
            pairs.add((left.glances(a)[0].mux, right.glances(b)[0].mux))
        return _table(pairs, _boxes(left, "mux"), _boxes(right, "mux"))


def _words(goal: Goal) -> str:
    return goal.__name__.replace("_", " ")


def _combinations(end: Automaton, states: Iterable[int]) -> Iterator[str]:
    seen = {(g.receive, g.mux) for state in states for g in end.glances(state)}
    return _table(seen, _boxes(end, "receive"), _boxes(end, "mux"))


def _boxes(end: Automaton, machine: str) -> list[str]:
    """The boxes of a machine of the first port, in the order of its figure."""
    port = next(iter(end.system(0).ports.values()))
    return [box.name for box in type(getattr(port, machine)).State]


def _table(
    pairs: set[tuple[str, str]], rows: Sequence[str], columns: Sequence[str]
) -> Iterator[str]:
    """Which pairs occur; boxes that never occur are left out."""
    rows = [row for row in rows if any(row == a for a, _ in pairs)]
    columns = [column for column in columns if any(column == b for _, b in pairs)]
    width = max(map(len, rows))
    yield "  ".join(["  " + " " * width, *columns])
    for row in rows:
        cells = ["x" if (row, column) in pairs else "." for column in columns]
        padded = [cell.ljust(len(column)) for cell, column in zip(cells, columns, strict=True)]
        yield "  ".join([f"  {row:{width}}", *padded]).rstrip()

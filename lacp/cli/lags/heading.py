"""What stands above the ports of a LAG: who it is, how it is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from lacp.cli.lags import watched
from lacp.cli.output import Screen, joined, known
from lacp.picture.model import LagView, SystemId
from lacp.text import count

#: What the sources are called.
SOURCES = {
    "lacpd": "lacpd",
    "bond": "kernel bond",
    "team": "kernel team",
    "teamd": "teamd",
    "ovs": "Open vSwitch",
}


def heading(lag: LagView, screen: Screen) -> Iterator[str]:
    """A line, what the two ends are, and what is wrong with the LAG as a whole."""
    state, style = condition(lag)
    front = f"{lag.name}: {state}, "
    facts = joined(
        (
            f"{known(lag.active_ports, '?')} of {count(lag.total_ports or 0, 'port')} active",
            made(lag),
            _limits(lag),
            f"dataplane {lag.dataplane}" if lag.dataplane else "",
        )
    )
    first, *more = screen.wrap(front + facts, hanging="  ")
    if first.startswith(front):
        first = f"{screen.paint('bold', lag.name)}: {screen.paint(style, state)}, " + (
            first.removeprefix(front)
        )
    yield first
    yield from more
    if lag.speaks_lacp:
        yield from screen.wrap(f"us       {system(lag.actor)}", "  ", " " * 11)
        yield from screen.wrap(f"partner  {system(lag.partner)}", "  ", " " * 11)
    else:
        yield from watched.facts(lag, screen)
    yield from problems(lag.problems, screen)


def condition(lag: LagView) -> tuple[str, str]:
    """Whether the LAG is up, in a word, and the style of the word."""
    if lag.admin_up is False:
        return "DOWN (switched off)", "bad"
    if lag.up is None:
        return "?", "warn"
    return ("up", "good") if lag.up else ("DOWN", "bad")


def made(lag: LagView) -> str:
    """How the LAG works, and by whom: lacp (lacpd), 802.3ad (kernel bond)."""
    return f"{known(lag.mode, 'mode unknown')} ({SOURCES.get(lag.source, lag.source)})"


def _limits(lag: LagView) -> str:
    low, high = lag.min_ports, lag.max_ports
    needs = f"needs {low}" if low and low > 1 else ""
    return joined((needs, f"at most {high}" if high else ""))


def system(end: SystemId | None) -> str:
    """One end of a LAG in words."""
    if end is None or end.system is None:
        key = None if end is None else end.key
        return "unknown" if key is None else f"system unknown  key {key}"
    if not end.known:
        return "none heard"
    return f"{end.system}  priority {known(end.system_priority, '?')}  key {known(end.key, '?')}"


def problems(said: tuple[str, ...], screen: Screen) -> Iterator[str]:
    """What is wrong, a paragraph each."""
    for each in said:
        for line in screen.wrap(each, "  ! ", "    "):
            yield screen.paint("warn", line)


def unseen(lag: LagView, screen: Screen) -> Iterator[str]:
    """What the source did not let us see."""
    for each in lag.unseen:
        for line in screen.wrap(f"not seen: {each}", "  ", "    "):
            yield screen.paint("dim", line)

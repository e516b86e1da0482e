"""`lacpctl show`: the LAGs of this host, one line per port; with -v everything there is to know."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lacp.cli import watched
from lacp.cli.command import Answer, Command, Document
from lacp.cli.moments import day, time_of_day
from lacp.cli.output import Cell, Column, Screen, age, heard_of, joined, known
from lacp.link import speed
from lacp.text import count
from lacp.wire.flags import BITS, LEGEND, Bit, letters

#: What a Mux machine's state is called where room is short.
_SHORT_MUX = {"COLLECTING_DISTRIBUTING": "coll+dist"}

_COLUMNS = (
    Column("PORT"),
    Column("LINK"),
    Column("SELECTED"),
    Column("MUX"),
    Column("US"),
    Column("PARTNER"),
    Column("PORT", right=True),
    Column("HEARD", right=True),
    Column("RECEIVE", optional=True),
    Column("AGGREGATOR", right=True, optional=True),
    Column("PARTNER SYSTEM", optional=True),
    Column("KEY", right=True, optional=True),
    Column("RX", right=True, optional=True),
    Column("TX", right=True, optional=True),
)

#: What a LAG that speaks LACP goes by.
_SETTINGS = (
    "aggregator",
    "min_ports",
    "max_ports",
    "edition",
    "control",
    "fallback",
    "agg_select_policy",
)

#: Field of PortInfo in a document, and its title.
_SIDES = (
    ("system_priority", "system priority"),
    ("system", "system"),
    ("key", "key"),
    ("port_priority", "port priority"),
    ("port", "port"),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="machines, timers, counters, both ends field by field, and the history",
    )


def run(args: Namespace) -> Answer:
    """Ask every source."""
    from lacp.cli.source import show

    return show(args, args.names, verbose=args.verbose)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A block for each LAG."""
    block = _detail if args.verbose else brief
    for number, lag in enumerate(data["lags"]):
        if number:
            yield ""
        yield from block(lag, screen)
    if args.verbose and not all(watched.is_watched(lag) for lag in data["lags"]):
        yield ""
        yield from (screen.paint("dim", line) for line in screen.wrap(LEGEND))


def brief(lag: Document, screen: Screen) -> Iterator[str]:
    """A LAG in a few lines: who it is, one line per port, and what is wrong."""
    yield from _heading(lag, screen)
    ports = lag["ports"]
    if not ports:
        yield "no ports"
    else:
        title, *rows = _table(lag, screen)
        yield title
        for port, row in zip(ports, rows, strict=True):
            yield row
            for problem in port.get("problems") or ():
                yield from _problem(problem, screen)


def _table(lag: Document, screen: Screen) -> list[str]:
    ports = lag["ports"]
    if watched.is_watched(lag):
        rows = [watched.row(lag, port, _link(port.get("link") or {})) for port in ports]
        return screen.table(watched.COLUMNS, rows)
    return screen.table(_COLUMNS, [_row(port) for port in ports])


def _heading(lag: Document, screen: Screen) -> Iterator[str]:
    up = lag.get("up")
    state, style = ("?", "warn") if up is None else ("up", "good") if up else ("DOWN", "bad")
    front = f"{lag['name']}: {state}, "
    facts = joined(
        (
            f"{known(lag['active_ports'], '?')} of {count(lag['total_ports'], 'port')} active",
            str(lag.get("mode") or ""),
            _limits(lag),
            f"dataplane {lag['dataplane']}" if lag.get("dataplane") else "",
            "" if lag.get("source") in (None, "lacpd") else f"from {lag['source']}",
        )
    )
    first, *more = screen.wrap(front + facts, hanging="  ")
    yield (
        screen.paint("bold", lag["name"])
        + ": "
        + screen.paint(style, state)
        + first[len(front) - 2 :]
    )
    yield from more
    if watched.is_watched(lag):
        yield from watched.facts(lag)
    else:
        yield f"  us       {_system(lag.get('actor'))}"
        yield f"  partner  {_system(lag.get('partner'))}"
    for problem in lag.get("problems") or ():
        yield from _problem(problem, screen)


def _limits(lag: Document) -> str:
    low, high = lag.get("min_ports"), lag.get("max_ports")
    needs = f"needs {low}" if low and low > 1 else ""
    return joined((needs, f"at most {high}" if high else ""))


def _system(end: Mapping[str, Any] | None) -> str:
    if not end or not end.get("system"):
        return "unknown"
    if not heard_of(end):
        return "none heard"
    return f"{end['system']}  priority {end['system_priority']}  key {end['key']}"


def _problem(problem: Any, screen: Screen) -> Iterator[str]:
    said = problem if isinstance(problem, str) else str(problem)
    first, *more = screen.wrap(said, "  ! ", "    ")
    yield screen.paint("warn", first)
    yield from (screen.paint("warn", line) for line in more)


def _row(port: Document) -> tuple[Cell, ...]:
    link, machines = port.get("link") or {}, port.get("machines") or {}
    actor, partner = port.get("actor") or {}, port.get("partner") or {}
    counters = port.get("counters") or {}
    selected = port.get("selected")
    active = bool(port.get("distributing"))
    heard = heard_of(partner)
    receive = machines.get("receive")
    return (
        Cell(port["name"], "bold"),
        _link(link),
        _selected(selected),
        Cell(_mux(machines.get("mux")), "good" if active else ""),
        Cell(letters(actor.get("state"))),
        Cell(letters(partner.get("state"))),
        Cell(known(partner.get("port") if heard or not partner else None)),
        Cell(age(port.get("last_rx_age")), "warn" if receive == "EXPIRED" else ""),
        Cell(known(receive).lower().replace("_", " ")),
        Cell(known(port.get("aggregator"))),
        Cell(str(partner["system"]) if heard else "-"),
        Cell(known(partner.get("key") if heard else None)),
        Cell(known(counters.get("lacpdus_rx"))),
        Cell(known(counters.get("lacpdus_tx"))),
    )


def _link(link: Mapping[str, Any]) -> Cell:
    up = link.get("up")
    if up is None:
        return Cell("?", "warn")
    if not up:
        return Cell("down", "bad")
    if link.get("duplex") == "half":
        return Cell("half", "bad")
    return Cell(speed(link.get("speed")) or "up")


def _selected(selected: str | None) -> Cell:
    words = {"SELECTED": ("yes", ""), "STANDBY": ("standby", "warn"), "UNSELECTED": ("no", "warn")}
    return Cell(*words.get(selected or "", (known(selected), "")))


def _mux(state: str | None) -> str:
    if state is None:
        return "-"
    return _SHORT_MUX.get(state, state.lower().replace("_", " "))


def _detail(lag: Document, screen: Screen) -> Iterator[str]:
    """A LAG with everything."""
    yield from _heading(lag, screen)
    without_lacp = watched.is_watched(lag)
    if not without_lacp:
        facts = [
            f"{name.replace('_', ' ')} {known(lag[name])}" for name in _SETTINGS if name in lag
        ]
        yield from _pairs("settings", facts, screen)
    for port in lag["ports"]:
        yield ""
        yield from _about(port, screen)
        yield from _watched(port, screen) if without_lacp else _machines(port, screen)


def _about(port: Document, screen: Screen) -> Iterator[str]:
    """A port, its link, and what is wrong with it."""
    link = _link(port.get("link") or {})
    index = f" (ifindex {port['ifindex']})" if port.get("ifindex") is not None else ""
    duplex = (port.get("link") or {}).get("duplex")
    rate = speed((port.get("link") or {}).get("speed")) or link.text
    words = joined((rate, f"{duplex} duplex" if duplex and link.text != "down" else ""))
    yield f"{screen.paint('title', port['name'])}{index}: {screen.paint(link.style, words)}"
    for problem in port.get("problems") or ():
        yield from _problem(problem, screen)


def _watched(port: Document, screen: Screen) -> Iterator[str]:
    """A port that is judged by its link watchers."""
    for title, facts in watched.detail(port):
        yield from _pairs(title, facts, screen)


def _machines(port: Document, screen: Screen) -> Iterator[str]:
    """A port that speaks LACP."""
    yield from _pairs("selected", (_selection(port),), screen)
    # The carrier by itself says no more than the link does.
    probes = [each for each in port.get("link_watches") or () if each.get("name") != "ethtool"]
    if probes:
        yield from _pairs("watchers", watched.watchers(port), screen)
    machines = port.get("machines") or {}
    said = [f"{name.replace('_', ' ')} {known(state)}" for name, state in machines.items()]
    yield from _pairs("machines", said, screen)
    timers = {name: left for name, left in (port.get("timers") or {}).items() if left is not None}
    said = [f"{name.replace('_', ' ')} {_left(left)}" for name, left in timers.items()]
    yield from _pairs("timers", said, screen)
    heard = age(port.get("last_rx_age"))
    yield from _pairs("last LACPDU", (f"{heard} ago" if heard != "-" else "never",), screen)
    counters = port.get("counters") or {}
    said = [f"{name.replace('_', ' ')} {value}" for name, value in counters.items() if value]
    yield from _pairs("counters", said or ["all 0"], screen)
    yield from _sides(port, screen)
    yield from _history(port.get("history") or (), screen)


def _selection(port: Document) -> str:
    selected = known(port.get("selected"))
    aggregator = port.get("aggregator")
    where = f"{selected}, aggregator {aggregator}" if aggregator is not None else selected
    reason = port.get("selected_reason")
    return f"{where}: {reason}" if reason else where


def _left(seconds: Any) -> str:
    return f"{seconds:.1f} s" if isinstance(seconds, int | float) else str(seconds)


def _pairs(title: str, said: Iterable[str], screen: Screen) -> Iterator[str]:
    """A title and, beside it, facts that are wrapped between but not within them."""
    facts = list(said)
    if not facts:
        return
    # The narrow no-break blank of textwrap does not exist, so a blank is replaced for a while.
    glued = ", ".join(fact.replace(" ", "\0") if len(fact) < 60 else fact for fact in facts)
    first, *more = screen.wrap(glued, f"  {title:12} ", " " * 15)
    first = first.replace("\0", " ")
    yield first.replace(title, screen.paint("dim", title), 1)
    yield from (line.replace("\0", " ") for line in more)


def _sides(port: Document, screen: Screen) -> Iterator[str]:
    """Both ends, field by field."""
    actor, partner = port.get("actor") or {}, port.get("partner") or {}
    columns = (Column(""), Column("US"), Column("PARTNER"))
    rows = [
        (
            Cell(title, "dim"),
            Cell(known(actor.get(name))),
            Cell(known(partner.get(name))),
        )
        for name, title in _SIDES
    ]
    mine, theirs = actor.get("state"), partner.get("state")
    rows.append((Cell("state", "dim"), Cell(_state(mine)), Cell(_state(theirs))))
    for bit in BITS:
        mine_says, theirs_says = _bit(bit, mine), _bit(bit, theirs)
        rows.append((Cell(f"  {bit.name.replace('_', ' ')}", "dim"), mine_says, theirs_says))
    yield from (f"  {line}" for line in screen.table(columns, rows))


def _bit(bit: Bit, state: int | None) -> Cell:
    if state is None:
        return Cell("-")
    return Cell(bit.meaning(state), "" if state & bit.flag else "dim")


def _state(state: int | None) -> str:
    return "-" if state is None else f"{state:#04x}  {letters(state)}"


def _history(history: Iterable[Document], screen: Screen) -> Iterator[str]:
    entries = list(history)
    if not entries:
        return
    yield screen.paint("dim", "  history, oldest first")
    width = max(len(str(entry.get("machine", ""))) for entry in entries)
    date = None
    for entry in entries:
        if (its := day(entry.get("time"))) != date:
            date = its
            yield screen.paint("dim", f"  {date}")
        arrow = f"{entry.get('old')} -> {entry.get('new')}"
        front = f"  {time_of_day(entry.get('time'))}  {entry.get('machine', ''):{width}}  {arrow}"
        reason = str(entry.get("reason") or "")
        yield from screen.wrap(f"{front}: {reason}" if reason else front, "", " " * 17)


COMMAND = Command(
    "show",
    "show the LAGs, their ports and what both ends say",
    arguments,
    run,
    text,
    notes="\n".join(
        (
            "US, PARTNER  the state octets of the two ends, a letter for each bit that is set:",
            "             A active, T short timeout, G aggregation, S in sync, C collecting,",
            "             D distributing, F defaulted (no partner heard), E expired (it is silent)",
            "PORT         the partner's number of its port",
            "HEARD        the age of the last LACPDU",
            "WATCHERS     without LACP: what the link watchers of the port say",
            "TRAFFIC      without LACP: whether user frames are taken from it and given to it",
            "",
            "Below a port stands what is wrong with it.",
        )
    ),
)

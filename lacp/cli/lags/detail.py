"""A LAG with everything that its source knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lacp.cli.lags import cells, watched
from lacp.cli.lags.brief import folded, is_well
from lacp.cli.lags.heading import heading, problems, unseen
from lacp.cli.moments import day, time_of_day
from lacp.cli.output import Cell, Column, Screen, age, joined, known
from lacp.info import PortState
from lacp.link import speed
from lacp.picture.model import Change, End, LagView, Machines, PortView
from lacp.wire.flags import BITS, Bit, letters

#: What a LAG that speaks LACP goes by.
_LACP_SETTINGS = (
    "aggregator",
    "min_ports",
    "max_ports",
    "edition",
    "control",
    "fallback",
    "agg_select_policy",
)
_DEVICE = ("ifindex", "mtu", "netns")
_PORT_SETTINGS = ("address", "permanent_address", "mtu", "prio", "queue_id")

#: Field of an end, and its title.
_SIDES = (
    ("system_priority", "system priority"),
    ("system", "system"),
    ("key", "key"),
    ("port_priority", "port priority"),
    ("port", "port"),
)


def detail(lag: LagView, screen: Screen, *, only_problems: bool = False) -> Iterator[str]:
    """The LAG, and a block for each of its ports, or of those with problems."""
    yield from heading(lag, screen)
    spoken = lag.speaks_lacp
    device = _told(lag, ("address", *_DEVICE) if spoken else _DEVICE)
    yield from _pairs("device", device, screen)
    yield from _pairs("settings", [*_told(lag, _LACP_SETTINGS), *_options(lag.settings)], screen)
    yield from unseen(lag, screen)
    ports = [port for port in lag.ports if not (only_problems and is_well(port))]
    for port in ports:
        yield ""
        yield from _about(port, screen)
        yield from _state(lag, port, screen)
        if spoken:
            yield from _spoken(lag, port, screen)
        yield from _pairs("settings", _settings(port), screen)
        yield from _pairs("counters", _counters(port), screen)
        if spoken:
            yield from _sides(port, screen)
        yield from _history(port.history or (), screen)
    yield from folded(len(lag.ports), len(ports), screen)


def _told(view: LagView | PortView, names: Sequence[str]) -> list[str]:
    """Those of the fields that are known, as words."""
    found = ((name, getattr(view, name)) for name in names)
    return [f"{name.replace('_', ' ')} {value}" for name, value in found if value is not None]


def _options(settings: Mapping[str, Any]) -> list[str]:
    """The source's own options, by its own names."""
    return [f"{name} {_word(value)}" for name, value in settings.items()]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return "{" + ", ".join(_options(value)) + "}"
    if isinstance(value, list | tuple):
        return " ".join(map(_word, value)) or "none"
    return known(value) if value != "" else "none"


def _about(port: PortView, screen: Screen) -> Iterator[str]:
    """A port, its link, and what is wrong with it."""
    link = cells.link(port.link)
    index = f" (ifindex {port.ifindex})" if port.ifindex is not None else ""
    duplex = port.link.duplex if link.text != "down" else None
    rate = link.text if link.text == "down" else speed(port.link.speed) or link.text
    words = joined((rate, f"{duplex} duplex" if duplex else ""))
    yield f"{screen.paint('title', port.name)}{index}: {screen.paint(link.style, words)}"
    yield from problems(port.problems, screen)


def _state(lag: LagView, port: PortView, screen: Screen) -> Iterator[str]:
    """Whether the port is used, and what says so."""
    traffic = cells.traffic(lag, port)
    since = f", {age(port.changed_age)} since a change" if port.changed_age is not None else ""
    yield from _pairs("traffic", [f"{traffic.text}{since}"], screen)
    for title, value in (("missing", port.missing), ("held", port.held), ("", port.refusal)):
        if value:
            yield from _pairs(title or "refused", [value], screen)
    its = port.link_watches or ()
    # The carrier by itself says no more than the link does.
    if not lag.speaks_lacp or any(each.name != "ethtool" for each in its):
        yield from _pairs("watchers", watched.watchers(port), screen)


def _spoken(lag: LagView, port: PortView, screen: Screen) -> Iterator[str]:
    """What LACP has come to."""
    if port.selected is not None or port.aggregator is not None:
        yield from _pairs("selected", (_selection(port),), screen)
    machines = port.machines or Machines()
    said = [
        f"{name.replace('_', ' ')} {state}"
        for name in Machines.__slots__
        if (state := getattr(machines, name)) is not None
    ]
    yield from _pairs("machines", said, screen)
    timers = {name: left for name, left in (port.timers or {}).items() if left is not None}
    said = [f"{name.replace('_', ' ')} {left:.1f} s" for name, left in timers.items()]
    yield from _pairs("timers", said, screen)
    if port.last_rx_age is not None:
        yield from _pairs("last LACPDU", (f"{age(port.last_rx_age)} ago",), screen)
    elif lag.source == "lacpd":
        yield from _pairs("last LACPDU", ("never",), screen)
    if port.heard is not None:
        yield from _pairs("it says of us", _heard(port.heard, port.actor), screen)


def _heard(heard: End, actor: End | None) -> list[str]:
    """What the partner has recorded of us; or that it is what we say."""
    wrong = [
        f"{title} {known(getattr(heard, name), '?')} (is {known(getattr(actor, name), '?')})"
        for name, title in _SIDES
        if actor is not None and getattr(heard, name) != getattr(actor, name)
    ]
    who = wrong or ["system, key and port as they are"]
    return [*who, f"state {letters(heard.state)}"]


def _selection(port: PortView) -> str:
    selected = known(port.selected)
    where = f"{selected}, aggregator {port.aggregator}" if port.aggregator is not None else selected
    return f"{where}: {port.selected_reason}" if port.selected_reason else where


def _settings(port: PortView) -> list[str]:
    own = [*_told(port, _PORT_SETTINGS), *(["sticky"] if port.sticky else [])]
    return [*own, *_options(port.settings)]


def _counters(port: PortView) -> list[str]:
    counters = {} if port.counters is None else dict(port.counters)
    if port.link_downs is not None:
        counters["link_downs"] = port.link_downs
    if not counters:
        return []
    said = [f"{name.replace('_', ' ')} {value}" for name, value in counters.items() if value]
    said += [f"refused {number}: {why}" for why, number in (port.refused or {}).items() if number]
    return said or ["all 0"]


def _pairs(title: str, said: Iterable[str], screen: Screen) -> Iterator[str]:
    """A title and, beside it, facts that are wrapped between but not within them."""
    facts = list(said)
    if not facts:
        return
    # The narrow no-break blank of textwrap does not exist, so a blank is replaced for a while.
    room = screen.width - 20
    glued = ", ".join(fact.replace(" ", "\0") if len(fact) < room else fact for fact in facts)
    first, *more = screen.wrap(glued, f"  {title:12} ", " " * 15) or [f"  {title}"]
    first = first.replace("\0", " ")
    yield first.replace(title, screen.paint("dim", title), 1)
    yield from (line.replace("\0", " ") for line in more)


def _sides(port: PortView, screen: Screen) -> Iterator[str]:
    """Both ends, field by field."""
    actor, partner = port.actor or End(), port.partner or End()
    if actor == partner == End():
        return
    columns = (Column(""), Column("US"), Column("PARTNER"))
    rows = [
        (
            Cell(title, "dim"),
            Cell(known(getattr(actor, name))),
            Cell(known(getattr(partner, name))),
        )
        for name, title in _SIDES
    ]
    rows.append((Cell("state", "dim"), Cell(_octet(actor.state)), Cell(_octet(partner.state))))
    for bit in BITS:
        mine, theirs = _bit(bit, actor.state), _bit(bit, partner.state)
        rows.append((Cell(f"  {bit.name.replace('_', ' ')}", "dim"), mine, theirs))
    yield from (f"  {line}" for line in screen.table(columns, rows))


def _bit(bit: Bit, state: PortState | None) -> Cell:
    if state is None:
        return Cell("-")
    return Cell(bit.meaning(state), "" if state & bit.flag else "dim")


def _octet(state: PortState | None) -> str:
    return "-" if state is None else f"{int(state):#04x}  {letters(state)}"


def _history(entries: Sequence[Change], screen: Screen) -> Iterator[str]:
    if not entries:
        return
    yield screen.paint("dim", "  history, oldest first")
    width = max(len(known(entry.machine)) for entry in entries)
    date = None
    for entry in entries:
        if (its := day(entry.time)) != date:
            date = its
            yield screen.paint("dim", f"  {date}")
        arrow = f"{known(entry.old)} -> {known(entry.new)}"
        front = f"  {time_of_day(entry.time)}  {known(entry.machine):{width}}  {arrow}"
        yield from screen.wrap(f"{front}: {entry.reason}" if entry.reason else front, "", " " * 17)

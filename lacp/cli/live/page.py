"""A page of the live table: head, as many lines of the table as fit, and what the keys do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lacp.cli.lags import cells, spoken
from lacp.cli.lags.brief import is_well
from lacp.cli.lags.heading import condition, made
from lacp.cli.live.choice import HELP, Choice
from lacp.cli.live.memory import Memory
from lacp.cli.output import Cell, age, columns_of, known
from lacp.picture.model import End, LagView, PortView
from lacp.text import count
from lacp.wire.flags import letters

#: Cells one behind the other, in one line.
Line = tuple[Cell, ...]

#: Title, least and greatest width of a column, and whether it stands to the right. The columns
#: behind the first three are there as far as there is room for their least width.
_COLUMNS = (
    ("PORT", 4, 15, False),
    ("LINK", 4, 4, False),
    ("STATE", 5, 12, False),
    ("HEARD", 6, 6, True),
    ("CHANGED", 7, 30, False),
    ("US", 8, 8, False),
    ("PARTNER", 8, 8, False),
    ("IN/s", 4, 5, True),
    ("OUT/s", 5, 5, True),
    ("PARTNER SYSTEM", 17, 17, False),
    ("KEY", 5, 5, True),
    ("PORT", 5, 5, True),
)
#: The order in which they stand.
_PLACES = (0, 1, 2, 5, 6, 3, 7, 8, 4, 9, 10, 11)
_CHANGED = 4
_ALWAYS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table, and the LAG that it is about."""

    #: The line that tells whose ports these are.
    heading: Line
    line: Line = ()
    #: A port, that is put into words when it is on the screen.
    port: tuple[LagView, PortView] | None = None


def page(memory: Memory, choice: Choice, title: str, width: int, height: int) -> list[Line]:
    """Exactly so many lines, none of them wider. Corrects `choice.top` to what there is."""
    rows = body(memory, choice, width)
    head = [*_head(memory, choice, title, width)]
    room = max(1, height - len(head) - 2)
    choice.top = max(0, min(choice.top, len(rows) - room))
    shown = rows[choice.top : choice.top + room]
    widths = _widths(memory, width)
    lines = [_line(memory, row, widths) for row in shown]
    if shown and choice.top and shown[0].line is not shown[0].heading:
        # Whose ports these are is said on every page.
        lines[0] = shown[0].heading
    below = len(rows) - choice.top - len(shown)
    titles = _laid([Cell(title, "dim") for title, *_ in _COLUMNS], widths)
    blank = [()] * (room - len(lines))
    page = [*head, titles, *lines, *blank, _foot(choice, len(rows), below, width)]
    return [fitted(line, width) for line in page[:height]]


def _line(memory: Memory, row: Row, widths: Sequence[int]) -> Line:
    return row.line if row.port is None else _laid(_cells(memory, *row.port), widths)


def fitted(line: Line, width: int) -> Line:
    """The line, cut to so many columns."""
    left = width
    cells = []
    for cell in line:
        text = cell.text
        while columns_of(text) > left:
            text = text[:-1]
        left -= columns_of(text)
        cells.append(Cell(text, cell.style))
    return tuple(cells)


def _head(memory: Memory, choice: Choice, title: str, width: int) -> Iterator[Line]:
    lags = memory.lags.values()
    ports = [port for lag in lags for port in lag.ports]
    used = sum(bool(port.distributing) for port in ports)
    wrong = sum(bool(lag.problems) for lag in lags) + sum(bool(port.problems) for port in ports)
    # Of what cannot be seen nobody knows.
    well = lags and not memory.complaints and not memory.gone
    said = f"{wrong} with problems, " if wrong else "nothing wrong, " if well else ""
    facts = f"{count(len(lags), 'LAG')}, {used} of {count(len(ports), 'port')} in use"
    yield Cell(f"{title}  ", "bold"), Cell(said, "warn" if wrong else "good"), Cell(facts)
    for complaint in memory.complaints[:3]:
        yield (Cell(f"! {complaint}", "bad"),)
    if news := memory.recent_news():
        yield (Cell(f"! {', '.join(news)}", "warn"),)


def _foot(choice: Choice, rows: int, below: int, width: int) -> Line:
    if choice.typing is not None:
        return Cell("filter: ", "bold"), Cell(f"{choice.typing}_"), Cell("  enter, escape", "dim")
    where = f"  {below} more below" if below else "  end" if choice.top else ""
    chosen = [f"sort {choice.order}"]
    chosen += ["problems only"] if choice.only_problems else []
    chosen += [f"filter {choice.wanted}"] if choice.wanted else []
    said = f"  [{', '.join(chosen)}]"
    if columns_of(HELP + said + where) > width:
        return Cell("q j k p / s", "dim"), Cell(said), Cell(where, "bold")
    return Cell(HELP, "dim"), Cell(said), Cell(where, "bold")


def body(memory: Memory, choice: Choice, width: int) -> list[Row]:
    """The whole table: LAGs with their ports and what is wrong."""
    rows: list[Row] = []
    lags = [*memory.lags.values()]
    lags.sort(key=lambda lag: (_badness(lag) if choice.order == "worst" else 0, lag.name))
    for lag in lags:
        heading = _heading(lag)
        ports = _chosen(lag, choice)
        if not ports and not choice.shows(lag.name):
            continue
        rows.append(Row(heading, heading))
        rows += [Row(heading, line) for line in _problems(lag.problems, width)]
        for port in _ordered(memory, lag, ports, choice):
            rows.append(Row(heading, port=(lag, port)))
            rows += [Row(heading, line) for line in _problems(port.problems, width)]
        folded = len(lag.ports) - len(ports)
        if folded and not choice.wanted:
            words = Cell(f"  {folded} in use with nothing wrong", "dim")
            rows.append(Row(heading, (words,)))
        rows += [Row(heading, (Cell(f"  not seen: {each}", "dim"),)) for each in lag.unseen]
    for (_, name), since in memory.gone.items():
        if choice.shows(name):
            gone = Cell(name, "bold"), Cell(": "), Cell("GONE", "bad"), Cell(_ago(memory, since))
            rows.append(Row(gone, gone))
    if not rows:
        nothing = (Cell(_why_nothing(memory, choice), "dim"),)
        rows.append(Row(nothing, nothing))
    return rows


def _why_nothing(memory: Memory, choice: Choice) -> str:
    if not choice.wanted:
        return "no LAG here"
    lags = memory.lags.values()
    there = any(choice.shows(name) for lag in lags for name in _names(lag))
    return "nothing of such a name has problems" if there else "nothing has such a name"


def _names(lag: LagView) -> list[str]:
    return [lag.name, *(port.name for port in lag.ports)]


def _ago(memory: Memory, since: float) -> str:
    return f" for {age(memory.now - since)}"


def _chosen(lag: LagView, choice: Choice) -> list[PortView]:
    ports = [port for port in lag.ports if not (choice.only_problems and is_well(port))]
    if choice.shows(lag.name):
        return ports
    return [port for port in ports if choice.shows(port.name)]


def _badness(lag: LagView) -> int:
    """The order of LAGs: what is down, what has something wrong, the others."""
    if lag.up is False:
        return 0
    return 1 if lag.problems or any(port.problems for port in lag.ports) else 2


def _ordered(memory: Memory, lag: LagView, ports: list[PortView], choice: Choice) -> list[PortView]:
    far = float("inf")
    match choice.order:
        case "worst":
            return sorted(ports, key=lambda port: (not port.problems, bool(port.distributing)))
        case "heard":
            return sorted(ports, key=lambda port: -(far if (a := port.last_rx_age) is None else a))
        case "changed":
            ages = {port.name: memory.last_change(lag, port)[0] for port in ports}
            return sorted(ports, key=lambda port: far if (a := ages[port.name]) is None else a)
        case _:
            return sorted(ports, key=lambda port: _natural(port.name))


def _natural(name: str) -> list[tuple[int, str]]:
    """eth2 before eth10."""
    import re

    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _heading(lag: LagView) -> Line:
    state, style = condition(lag)
    used = f", {known(lag.active_ports, '?')} of {known(lag.total_ports, '?')} in use"
    said = f"{used}, {made(lag)}"
    partner = lag.partner
    if lag.active_port is not None:
        said += f", active {lag.active_port}"
    elif partner is not None and partner.known:
        said += f", partner {partner.system}"
    return Cell(lag.name, "bold"), Cell(": "), Cell(state, style), Cell(said)


def _problems(said: Sequence[str], width: int) -> Iterator[Line]:
    import textwrap

    for each in said:
        for line in textwrap.wrap(
            each, max(20, width), initial_indent="    ! ", subsequent_indent="      "
        ):
            yield (Cell(line, "warn"),)


def _widths(memory: Memory, width: int) -> list[int]:
    """The width of each column, 0 for one that has no place.

    They hang on what names there are and not on what is seen, so that nothing jumps.
    """
    names = [len(port.name) for lag in memory.lags.values() for port in lag.ports]
    least = [low for _, low, _, _ in _COLUMNS]
    least[0] = max(least[0], min(_COLUMNS[0][2], max(names, default=0)))
    least[2] = _COLUMNS[2][2]
    left = width - 2
    widths = [0] * len(least)
    for at, low in enumerate(least):
        # Room for the blanks between them.
        if at < _ALWAYS or left >= low:
            widths[at] = low
            left -= low + 2
    if widths[_CHANGED]:
        more = min(left + 2, _COLUMNS[_CHANGED][2] - widths[_CHANGED])
        widths[_CHANGED] += max(0, more)
    return widths


def _cells(memory: Memory, lag: LagView, port: PortView) -> list[Cell]:
    partner, actor = port.partner or End(), port.actor or End()
    since, what = memory.last_change(lag, port)
    rates = memory.life(lag, port).rates
    changed = "-" if since is None else f"{age(since)} {what}".rstrip()
    machines = port.machines
    state = cells.traffic(lag, port)
    if machines is not None and machines.mux is not None:
        state = Cell(spoken.mux(machines.mux), "good" if port.distributing else "warn")
    expired = machines is not None and machines.receive == "EXPIRED"
    return [
        Cell(port.name, "bold"),
        cells.link(port.link),
        state,
        Cell(age(port.last_rx_age), "warn" if expired else ""),
        Cell(changed, "bold" if what and since is not None and since < _FRESH else ""),
        Cell("-" if actor.state is None else letters(actor.state)),
        Cell("-" if partner.state is None else spoken.of_partner(partner)),
        Cell(_rate(rates[0] if rates else None)),
        Cell(_rate(rates[1] if rates else None)),
        Cell(str(partner.system) if partner.known else "-"),
        Cell(known(partner.key if partner.known else None)),
        Cell(known(partner.port if partner.known else None)),
    ]


#: Seconds in which a change is new.
_FRESH = 10.0


def _rate(rate: float | None) -> str:
    if rate is None:
        return "-"
    return f"{rate:.1f}" if rate < 99.95 else f"{rate:.0f}"


def _laid(cells: Sequence[Cell], widths: Sequence[int]) -> Line:
    """The cells in their columns."""
    line = [Cell("  ")]
    for at in _PLACES:
        room = widths[at]
        if not room:
            continue
        text = cells[at].text
        if columns_of(text) > room:
            while columns_of(text) > room - 1:
                text = text[:-1]
            text += "~"
        blank = " " * (room - columns_of(text))
        text = blank + text if _COLUMNS[at][3] else text + blank
        line += [Cell(text, cells[at].style), Cell("  ")]
    return tuple(line[:-1])

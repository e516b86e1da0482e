"""A LAG in a few lines: who it is, a line for each port, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lacp.cli.lags import spoken, watched
from lacp.cli.lags.heading import heading, problems, unseen
from lacp.cli.output import Cell, Column, Screen
from lacp.picture.model import LagView, PortView
from lacp.text import count


def brief(lag: LagView, screen: Screen, *, only_problems: bool = False) -> Iterator[str]:
    """The lines; with `only_problems` ports that carry traffic with nothing wrong are counted."""
    yield from heading(lag, screen)
    ports = [port for port in lag.ports if not (only_problems and is_well(port))]
    if ports:
        title, *rows = table(lag, ports, screen)
        yield title
        for port, row in zip(ports, rows, strict=True):
            yield row
            yield from problems(port.problems, screen)
    elif not lag.ports:
        yield "no ports"
    yield from folded(len(lag.ports), len(ports), screen)
    yield from unseen(lag, screen)


def table(lag: LagView, ports: list[PortView], screen: Screen) -> list[str]:
    """Title line and a line for each port; what nothing is known of takes no room."""
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    if lag.speaks_lacp:
        columns, rows = spoken.table(lag, ports)
    else:
        columns, rows = watched.COLUMNS, [watched.row(lag, port) for port in ports]
    known = [
        at
        for at, column in enumerate(columns)
        if not column.optional or any(row[at].text not in "-?" for row in rows)
    ]
    return screen.table([columns[at] for at in known], [[row[at] for at in known] for row in rows])


def is_well(port: PortView) -> bool:
    """Whether the port carries traffic and nothing is wrong with it."""
    return bool(port.distributing) and not port.problems


def folded(total: int, shown: int, screen: Screen) -> Iterator[str]:
    """How many ports are not shown."""
    if shown < total:
        what = "other port" if shown else "port"
        said = f"{count(total - shown, what)} in use with nothing wrong"
        yield screen.paint("dim", said)

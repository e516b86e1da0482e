"""LAGs whose ports are judged by link watchers or by their link alone, and not by LACP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lacp.cli.lags import cells
from lacp.cli.output import Cell, Column, Screen, known
from lacp.picture.model import BACKUP_MODES, LagView, PortView, WatcherView
from lacp.text import count

COLUMNS = (
    Column("PORT", cut=True),
    Column("LINK"),
    Column("WATCHERS"),
    Column("TRAFFIC"),
    Column("PRIO", right=True, optional=1),
    Column("STICKY", optional=1),
    Column("QUEUE", right=True, optional=1),
    Column("WENT DOWN", right=True, optional=1),
)


def facts(lag: LagView, screen: Screen) -> Iterator[str]:
    """Who the LAG is, where there are no two ends to tell of."""
    said = [f"address  {known(lag.address, 'unknown')}"]
    if lag.active_port is not None or lag.mode in BACKUP_MODES:
        said.append(f"active port  {known(lag.active_port, 'none')}")
    yield from screen.wrap("   ".join(said), "  ", "    ")


def row(lag: LagView, port: PortView) -> Sequence[Cell]:
    """A port as a line of the table."""
    return (
        Cell(port.name, "bold"),
        cells.link(port.link),
        _opinion(port),
        cells.traffic(lag, port),
        Cell(known(port.prio)),
        Cell("-" if port.sticky is None else "yes" if port.sticky else "no"),
        Cell(known(port.queue_id)),
        Cell(known(cells.went_down(port))),
    )


def _opinion(port: PortView) -> Cell:
    """What the watchers say, in short: those that say down, where the port has several."""
    its = port.link_watches or ()
    if port.usable is None and not its:
        return Cell("-")
    style = "bad" if port.usable is False else ""
    if len(its) == 1:
        return Cell(f"{known(its[0].name, '?')} {_way(its[0])}", style)
    up = sum(bool(each.up) for each in its)
    if up in (0, len(its)) and port.usable is not None:
        return Cell("up" if port.usable else "down", style)
    return Cell(f"{up} of {len(its)} up", style)


def watchers(port: PortView) -> list[str]:
    """What each link watcher of a port says, and why."""
    return [_said(each) for each in port.link_watches or ()]


def _said(watcher: WatcherView) -> str:
    opinion = f"{known(watcher.name, '?')} {_way(watcher)}"
    said = f"{opinion}: {watcher.reason}" if watcher.reason else opinion
    downs = watcher.down_count
    return f"{said} (went down {count(downs, 'time')})" if downs else said


def _way(watcher: WatcherView) -> str:
    return "?" if watcher.up is None else "up" if watcher.up else "down"

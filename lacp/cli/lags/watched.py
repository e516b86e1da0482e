"""LAGs whose ports are judged by link watchers or by their link alone, and not by LACP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lacp.cli.output import Cell, Column, Screen, known
from lacp.link import Duplex, speed
from lacp.picture.model import BACKUP_MODES, LagView, LinkView, PortView, WatcherView
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


def is_watched(lag: LagView) -> bool:
    """Whether nobody speaks LACP for this LAG, as far as is known."""
    return not speaks(lag)


def speaks(lag: LagView) -> bool | None:
    """Whether LACP is spoken on the ports of the LAG; None when that is not known."""
    if lag.lacp is None and lag.mode is not None:
        # A daemon of an earlier version says it by its mode only.
        return lag.mode == "lacp"
    return lag.lacp


def facts(lag: LagView, screen: Screen) -> Iterator[str]:
    """Who the LAG is, where there are no two ends to tell of."""
    said = [f"address  {known(lag.address, 'unknown')}"]
    if lag.active_port is not None or lag.mode in BACKUP_MODES:
        said.append(f"active port  {known(lag.active_port, 'none')}")
    yield from screen.wrap("   ".join(said), "  ", "    ")


def link(link: LinkView) -> Cell:
    """The link of a port: its speed when it is up."""
    if link.up is None:
        return Cell("?", "warn")
    if not link.up:
        return Cell("down", "bad")
    if link.duplex is Duplex.HALF:
        return Cell("half", "bad")
    return Cell(speed(link.speed) or "up")


def traffic(lag: LagView, port: PortView) -> Cell:
    """Whether user frames are taken from the port and given to it."""
    if port.distributing is None and port.collecting is None:
        return Cell("?", "warn")
    if port.distributing and port.collecting is not False:
        return Cell("active" if lag.mode in BACKUP_MODES else "yes", "good")
    if port.distributing:
        return Cell("out only", "good")
    if lag.mode in BACKUP_MODES and port.usable:
        return Cell("standby")
    return Cell("in only", "warn") if port.collecting else Cell("no", "warn")


def row(lag: LagView, port: PortView) -> Sequence[Cell]:
    """A port as a line of the table."""
    return (
        Cell(port.name, "bold"),
        link(port.link),
        _opinion(port),
        traffic(lag, port),
        Cell(known(port.prio)),
        Cell("-" if port.sticky is None else "yes" if port.sticky else "no"),
        Cell(known(port.queue_id)),
        Cell(known(went_down(port))),
    )


def went_down(port: PortView) -> int | None:
    """How often the port was found down, by its watchers or by its driver."""
    if port.link_downs is not None or not port.link_watches:
        return port.link_downs
    return sum(each.down_count or 0 for each in port.link_watches)


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

"""Cells of a port that the tables of LAGs have in common."""

from __future__ import annotations

from lacp.cli.output import Cell
from lacp.link import Duplex, speed
from lacp.picture.model import BACKUP_MODES, LagView, LinkView, PortView


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


def went_down(port: PortView) -> int | None:
    """How often the port was found down, by its watchers or by its driver."""
    if port.link_downs is not None or not port.link_watches:
        return port.link_downs
    return sum(each.down_count or 0 for each in port.link_watches)

"""`lacpctl neighbors`: who is at the other end of each port."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.output import Cell, Column, Screen, age, known
from lacp.info import PortState
from lacp.picture.model import End, LagView, PortView, SystemId

_COLUMNS = (
    Column("LAG", cut=True),
    Column("PORT", cut=True),
    Column("PARTNER SYSTEM"),
    Column("PRIORITY", right=True, optional=2),
    Column("KEY", right=True, optional=1),
    Column("ITS PORT", right=True, optional=1),
    Column("ITS PRIORITY", right=True, optional=2),
    Column("STATE", optional=1),
    Column("HEARD", right=True, optional=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbor:
    """Who is at the other end of a port; of the LAG where `port` is None."""

    lag: str
    port: str | None
    source: str
    mode: str | None
    #: Whether LACP is spoken there; None when that is not known.
    lacp: bool | None
    #: Whether somebody was heard; None when that is not known.
    heard: bool | None
    partner: End | SystemId | None
    last_rx_age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbors:
    """What `lacpctl neighbors` says; its JSON has these members."""

    version: int = 1
    host: str
    neighbors: tuple[Neighbor, ...]


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")


def run(args: Namespace) -> Answer:
    """Ask every source, and keep what is about partners."""
    from lacp.cli.source import Shown, show

    answer = show(args, args.names)
    shown = answer.data
    assert isinstance(shown, Shown)
    neighbors = tuple(each for lag in shown.lags for each in of(lag))
    return Answer(Neighbors(host=shown.host, neighbors=neighbors), answer.code, answer.complaints)


def of(lag: LagView) -> Iterator[Neighbor]:
    """A neighbor for each port, and one for the LAG when its ports do not tell who it is."""
    spoken = lag.speaks_lacp
    partners = [port.partner for port in lag.ports]
    if lag.partner is not None and lag.partner.known and not any(p and p.known for p in partners):
        yield Neighbor(
            lag=lag.name,
            port=None,
            source=lag.source,
            mode=lag.mode,
            lacp=spoken,
            heard=True,
            partner=lag.partner,
        )
    for port in lag.ports:
        heard = _heard(port)
        yield Neighbor(
            lag=lag.name,
            port=port.name,
            source=lag.source,
            mode=lag.mode,
            lacp=spoken,
            heard=heard,
            partner=None if heard is False else port.partner,
            last_rx_age=port.last_rx_age,
        )


def _heard(port: PortView) -> bool | None:
    """Whether somebody is at the other end: not so when what is recorded of it is a default."""
    partner = port.partner
    if partner is not None and partner.system is not None:
        return partner.known
    return False if port.actor is not None and port.actor.says(PortState.DEFAULTED) else None


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """One table."""
    if not data.neighbors:
        return []
    return screen.table(_COLUMNS, [_row(each) for each in data.neighbors])


def _row(neighbor: Neighbor) -> tuple[Cell, ...]:
    from lacp.wire.flags import letters

    partner = neighbor.partner
    end = partner if isinstance(partner, End) else End()
    return (
        Cell(neighbor.lag),
        Cell(known(neighbor.port, "(all)"), "bold"),
        _system(neighbor),
        Cell(known(None if partner is None else partner.system_priority)),
        Cell(known(None if partner is None else partner.key)),
        Cell(known(end.port)),
        Cell(known(end.port_priority)),
        Cell("-" if end.state is None else letters(end.state)),
        Cell(age(neighbor.last_rx_age)),
    )


def _system(neighbor: Neighbor) -> Cell:
    if neighbor.lacp is False:
        return Cell("no LACP", "dim")
    if neighbor.heard is False:
        return Cell("none heard", "warn")
    return Cell(
        "not seen" if neighbor.partner is None else known(neighbor.partner.system, "not seen")
    )


COMMAND = Command(
    arguments,
    run,
    text,
    notes="(all) stands for the ports of the LAG where its source tells of no single one.",
)

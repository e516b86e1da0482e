"""LAGs whose ports speak LACP: the table of their ports."""

from __future__ import annotations

from collections.abc import Sequence

from lacp.cli.lags import cells
from lacp.cli.output import Cell, Column, age, known
from lacp.picture.model import End, LagView, Machines, PortView
from lacp.wire.flags import letters

#: What a Mux machine's state is called where room is short.
_SHORT_MUX = {"COLLECTING_DISTRIBUTING": "coll+dist"}

_COLUMNS = (
    Column("PORT", cut=True),
    Column("LINK"),
    Column("SELECTED", optional=1),
    Column("MUX"),
    Column("TRAFFIC"),
    Column("US", optional=1),
    Column("PARTNER", optional=1),
    Column("PORT", right=True, optional=1),
    Column("HEARD", right=True, optional=1),
    Column("RECEIVE", optional=1),
    Column("AGGREGATOR", right=True, optional=1),
    Column("PARTNER SYSTEM", optional=1),
    Column("KEY", right=True, optional=1),
    Column("RX", right=True, optional=1),
    Column("TX", right=True, optional=1),
    Column("WENT DOWN", right=True, optional=1),
)
_TRAFFIC, _MUX = 4, 3


def table(lag: LagView, ports: Sequence[PortView]) -> tuple[list[Column], list[list[Cell]]]:
    """Columns and rows. Where the state of the Mux machine is not known, whether there is traffic
    stands for it."""
    rows = [_row(lag, port) for port in ports]
    left_out = _TRAFFIC if any(row[_MUX].text != "-" for row in rows) else _MUX
    shown = [at for at in range(len(_COLUMNS)) if at != left_out]
    return [_COLUMNS[at] for at in shown], [[row[at] for at in shown] for row in rows]


def _row(lag: LagView, port: PortView) -> tuple[Cell, ...]:
    machines, counters = port.machines or Machines(), port.counters or {}
    actor, partner = port.actor or End(), port.partner or End()
    heard = partner.known
    downs = cells.went_down(port)
    return (
        Cell(port.name, "bold"),
        cells.link(port.link),
        selected(port.selected),
        Cell(mux(machines.mux), "good" if port.distributing else ""),
        cells.traffic(lag, port),
        Cell(letters(actor.state)),
        Cell(of_partner(partner)),
        Cell(known(partner.port if heard or partner.system is None else None)),
        Cell(age(port.last_rx_age), "warn" if machines.receive == "EXPIRED" else ""),
        Cell(known(machines.receive).lower().replace("_", " ")),
        Cell(known(port.aggregator)),
        Cell(str(partner.system) if heard else "-"),
        Cell(known(partner.key if heard else None)),
        Cell(known(counters.get("lacpdus_rx"))),
        Cell(known(counters.get("lacpdus_tx"))),
        Cell(known(downs)),
    )


def selected(selected: str | None) -> Cell:
    """Whether the port is selected, in a word."""
    words = {"SELECTED": ("yes", ""), "STANDBY": ("standby", "warn"), "UNSELECTED": ("no", "warn")}
    return Cell(*words.get(selected or "", (known(selected), "")))


def of_partner(partner: End) -> str:
    """The state of a partner that is heard; what is assumed of nobody is no news of anybody."""
    nobody = partner.system is not None and not partner.known
    return "-" if nobody else letters(partner.state)


def mux(state: str | None) -> str:
    """The state of a Mux machine, where room is short."""
    if state is None:
        return "-"
    return _SHORT_MUX.get(state, state.lower().replace("_", " "))

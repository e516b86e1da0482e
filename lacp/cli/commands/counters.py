"""`lacpctl counters`: what came and went on each port."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.output import Cell, Column, Screen, known

#: Title, counter, and whether it is shown only where there is room.
_COUNTERS = (
    ("RX", "lacpdus_rx", False),
    ("TX", "lacpdus_tx", False),
    ("ILLEGAL", "illegal_rx", True),
    ("UNKNOWN", "unknown_rx", True),
    ("DROPPED", "dropped_rx", True),
    ("TX ERRORS", "tx_errors", True),
    ("MARKER RX", "marker_pdus_rx", True),
    ("MARKER TX", "marker_pdus_tx", True),
    ("RESPONSE RX", "marker_response_pdus_rx", True),
    ("RESPONSE TX", "marker_response_pdus_tx", True),
    ("CHURN", "actor_churn_count", True),
    ("PARTNER CHURN", "partner_churn_count", True),
    ("FLOODED", "flooded_rx", True),
    ("REFUSED", "refused_rx", True),
)

_BAD = {"illegal_rx", "unknown_rx", "dropped_rx", "tx_errors"}


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "--reset", action="store_true", help="show them, and let them begin again at 0"
    )


def run(args: Namespace) -> Answer:
    """Ask every source."""
    from lacp.cli.source import counters

    return counters(args, args.names, reset=args.reset)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """A table of the counters that matter most, wider where there is room."""
    ports = [(lag.name, port.name, port.counters) for lag in data.lags for port in lag.ports]
    found = [each for each in ports if each[2] is not None]
    counters = _counters([its for _, _, its in found])
    columns = [Column("LAG", cut=True), Column("PORT", cut=True)]
    columns += [Column(title, right=True, optional=wide) for title, _, wide in counters]
    rows = [
        (Cell(lag), Cell(port, "bold"), *(_cell(its, name) for _, name, _ in counters))
        for lag, port, its in found
    ]
    if found:
        yield from screen.table(columns, rows)
    with_counters = {lag for lag, _, _ in found}
    without = [lag.name for lag in data.lags if lag.name not in with_counters]
    if without:
        said = f"without counters: {', '.join(without)}"
        yield from (screen.paint("dim", line) for line in screen.wrap(said, hanging="  "))


def _counters(found: list[Mapping[str, int | None] | None]) -> list[tuple[str, str, bool]]:
    """The counters that any of the ports has, and behind them those of its source only."""
    names = {name: None for its in found for name in its or {}}
    usual = [each for each in _COUNTERS if each[1] in names or not each[2]]
    others = names.keys() - {name for _, name, _ in _COUNTERS}
    return usual + [
        (name.replace("_", " ").upper(), name, True) for name in names if name in others
    ]


def _cell(counters: Mapping[str, int | None] | None, name: str) -> Cell:
    value = None if counters is None else counters.get(name)
    return Cell(known(value), "warn" if value and name in _BAD else "")


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "RX and TX are LACPDUs. With --json every counter is there, under the names of\n"
        "IEEE8023-LAG-MIB where that has it. Only lacpd can reset its counters."
    ),
)

"""`lacpctl counters`: what came and went on each port."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.output import Cell, Column, Screen, known

#: Title, counter, and whether it is shown only where there is room.
_COUNTERS = (
    ("RX", "lacpdus_rx", False),
    ("TX", "lacpdus_tx", False),
    ("ILLEGAL", "illegal_rx", False),
    ("UNKNOWN", "unknown_rx", False),
    ("DROPPED", "dropped_rx", False),
    ("TX ERRORS", "tx_errors", False),
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
    rows = [
        (Cell(port["name"], "bold"), *(_cell(port["counters"], name) for _, name, _ in _COUNTERS))
        for lag in data["lags"]
        for port in lag["ports"]
    ]
    columns = [Column("PORT")]
    columns += [Column(title, right=True, optional=wide) for title, _, wide in _COUNTERS]
    return screen.table(columns, rows) if rows else ()


def _cell(counters: Any, name: str) -> Cell:
    value = counters.get(name) if isinstance(counters, dict) else None
    return Cell(known(value), "warn" if value and name in _BAD else "")


COMMAND = Command(
    "counters",
    "show what came and went on each port",
    arguments,
    run,
    text,
    notes=(
        "RX and TX are LACPDUs. With --json every counter is there, under the names of\n"
        "IEEE8023-LAG-MIB where that has it."
    ),
)

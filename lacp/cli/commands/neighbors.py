"""`lacpctl neighbors`: who is at the other end of each port."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from lacp.cli.command import Answer, Command, Document
from lacp.cli.output import Cell, Column, Screen, age, heard_of, known
from lacp.cli.watched import is_watched
from lacp.wire.flags import letters

_COLUMNS = (
    Column("LAG"),
    Column("PORT"),
    Column("PARTNER SYSTEM"),
    Column("PRIORITY", right=True, optional=True),
    Column("KEY", right=True),
    Column("ITS PORT", right=True),
    Column("ITS PRIORITY", right=True, optional=True),
    Column("STATE"),
    Column("HEARD", right=True),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")


def run(args: Namespace) -> Answer:
    """Ask every source, and keep what is about partners."""
    from lacp.cli.source import show

    answer = show(args, args.names)
    assert isinstance(answer.data, dict)
    neighbors = [
        {
            "lag": lag["name"],
            "port": port["name"],
            "mode": lag.get("mode"),
            "partner": port["partner"] if heard_of(port.get("partner")) else None,
            "last_rx_age": port.get("last_rx_age"),
        }
        for lag in answer.data["lags"]
        for port in lag["ports"]
    ]
    return Answer({"version": 1, "neighbors": neighbors}, answer.code, answer.complaints)


def text(data: Any, screen: Screen, args: Namespace) -> Iterable[str]:
    """One table."""
    if not data["neighbors"]:
        return ()
    return screen.table(_COLUMNS, [_row(each) for each in data["neighbors"]])


def _row(neighbor: Document) -> tuple[Cell, ...]:
    partner = neighbor["partner"] or {}
    return (
        Cell(neighbor["lag"]),
        Cell(neighbor["port"], "bold"),
        _system(neighbor, partner),
        Cell(known(partner.get("system_priority"))),
        Cell(known(partner.get("key"))),
        Cell(known(partner.get("port"))),
        Cell(known(partner.get("port_priority"))),
        Cell(letters(partner["state"]) if "state" in partner else "-"),
        Cell(age(neighbor["last_rx_age"])),
    )


def _system(neighbor: Document, partner: Document) -> Cell:
    if is_watched(neighbor):
        return Cell("no LACP", "dim")
    return Cell(partner.get("system", "none heard"), "" if partner else "warn")


COMMAND = Command("neighbors", "show who is at the other end of each port", arguments, run, text)

"""`lacpctl counters`: what came and went on each port."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lacp.cli.command import Answer, Command
from lacp.cli.common import BAD
from lacp.cli.output import Cell, Column, Screen, known
from lacp.errors import LacpError

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

_ALARMING = {"illegal_rx", "unknown_rx", "dropped_rx", "tx_errors"}


_KEPT = "the counters of {} cannot be reset"
#: Why the counters of a LAG cannot be reset.
_NO_RESET = {
    "bond": "the kernel's bonding driver keeps its counters until the port leaves the bond",
    "team": _KEPT.format("the kernel's team driver"),
    "teamd": _KEPT.format("teamd"),
    "ovs": _KEPT.format("Open vSwitch"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortCounters:
    """The counters of a port; None where the source has none."""

    name: str
    counters: Mapping[str, int | None] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LagCounters:
    """The counters of the ports of a LAG."""

    name: str
    source: str
    ports: tuple[PortCounters, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What `lacpctl counters` says; its JSON has these members."""

    version: int = 1
    host: str
    lags: tuple[LagCounters, ...]


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("names", nargs="*", metavar="LAG|PORT", help="only these")
    parser.add_argument(
        "--reset", action="store_true", help="show them, and let them begin again at 0"
    )


def run(args: Namespace) -> Answer:
    """Ask every source, as `Counted`; with --reset, they begin at zero behind this look."""
    from lacp.cli.source import Shown, show

    answer = show(args, args.names)
    shown = answer.data
    assert isinstance(shown, Shown)
    complaints = list(answer.complaints)
    lags = [
        LagCounters(
            name=lag.name,
            source=lag.source,
            ports=tuple(PortCounters(name=port.name, counters=port.counters) for port in lag.ports),
        )
        for lag in shown.lags
    ]
    if args.reset:
        # What has no counters was not meant, unless it was named.
        lags = [
            _reset(args, lag, complaints) if args.names or _counts(lag) else lag for lag in lags
        ]
    code = BAD if len(complaints) > len(answer.complaints) else answer.code
    return Answer(Counted(host=shown.host, lags=tuple(lags)), code, complaints)


def _counts(lag: LagCounters) -> bool:
    return any(port.counters is not None for port in lag.ports)


def _reset(args: Namespace, lag: LagCounters, complaints: list[str]) -> LagCounters:
    """Reset and take the values of that very moment, so that nothing is lost between."""
    if lag.source != "lacpd":
        why = _NO_RESET.get(lag.source, _KEPT.format(lag.source))
        complaints.append(f"{lag.name}: {why if _counts(lag) else 'it has no counters of LACP'}")
        return lag
    from lacp.inspect import lacpd

    path = args.socket or lacpd.socket_of(args.run_dir, lag.name)
    try:
        answer = lacpd.ask(path, "counters", ports=[port.name for port in lag.ports], reset=True)
    except LacpError as error:
        complaints.append(f"{lag.name}: {error}")
        return lag
    found = answer.get("counters")
    read = found if isinstance(found, dict) else {}
    ports = (replace(port, counters=_numbers(read.get(port.name))) for port in lag.ports)
    return replace(lag, ports=tuple(ports))


def _numbers(found: Any) -> Mapping[str, int | None] | None:
    if not isinstance(found, dict):
        return None
    return {str(name): value for name, value in found.items() if isinstance(value, int)}


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
    return Cell(known(value), "warn" if value and name in _ALARMING else "")


COMMAND = Command(
    arguments,
    run,
    text,
    notes=(
        "RX and TX are LACPDUs. With --json every counter is there, under the names of\n"
        "IEEE8023-LAG-MIB where that has it. Only lacpd can reset its counters."
    ),
)

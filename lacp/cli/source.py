"""Where `lacpctl` gets what it shows: every lacpd of this host, as one document."""

from __future__ import annotations

import socket
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lacp.cli.command import Answer, Document, Failure
from lacp.cli.common import BAD, BAD_USAGE, DONE
from lacp.errors import LacpError
from lacp.inspect import lacpd

#: What the answers may hold as far as it is shown; anything may be missing or null.
_NUMBER = (int, float)
_END = {
    "system_priority": int,
    "system": str,
    "key": int,
    "port_priority": int,
    "port": int,
    "state": int,
}
_PORT = {
    "name": str,
    "ifindex": int,
    "link": {"up": bool, "speed": int, "duplex": str},
    "selected": str,
    "selected_reason": str,
    "aggregator": int,
    "collecting": bool,
    "distributing": bool,
    "actor": _END,
    "partner": _END,
    "machines": {"*": str},
    "counters": {"*": int},
    "timers": {"*": _NUMBER},
    "last_rx_age": _NUMBER,
    "problems": [str],
    "usable": bool,
    "prio": int,
    "sticky": bool,
    "queue_id": int,
    "link_watches": [{"name": str, "up": bool, "reason": str, "down_count": int}],
    "history": [{"time": str, "machine": str, "old": str, "new": str, "reason": str}],
}
_LAG = {
    "name": str,
    "source": str,
    "mode": str,
    "up": bool,
    "dataplane": str,
    "address": str,
    "active_port": str,
    "actor": _END,
    "partner": _END,
    "min_ports": int,
    "max_ports": int,
    "ports": [_PORT],
    "problems": [str],
}


def sockets(args: Namespace) -> list[str]:
    """The sockets of the daemons that run. Raises Failure when there is none."""
    if args.socket is not None:
        return [args.socket]
    found = lacpd.sockets(args.run_dir)
    alive = [path for path in found if _listens(path)]
    if not alive:
        left = f"the sockets in {args.run_dir} are left over" if found else ""
        raise Failure(f"no lacpd is running: {left or f'no socket in {args.run_dir}'}")
    return alive


def _listens(path: str) -> bool:
    """Whether somebody owns the socket, be it somebody who does not let us in."""
    try:
        lacpd.Connection(path).close()
    except lacpd.AbandonedError:
        return False
    except LacpError:
        pass
    return True


def show(args: Namespace, names: list[str], *, verbose: bool = False) -> Answer:
    """The LAGs called `names`, those that have a port of such a name, or all."""
    lags: list[Document] = []
    complaints: list[str] = []
    for path in sockets(args):
        try:
            lags.append(_checked(lacpd.ask(path, "show", verbose=verbose), path))
        except LacpError as error:
            complaints.append(str(error))
    if names and (lags or not complaints):
        # Where nobody answered, nobody knows what is there.
        lags, unknown = _select(lags, names)
        complaints += unknown
    from lacp.daemon.clock import timestamp

    document = {
        "version": 1,
        "host": socket.gethostname(),
        "time": timestamp(time.time()),
        "lags": sorted(lags, key=lambda lag: str(lag["name"])),
    }
    return Answer(document, BAD if complaints else DONE, complaints)


def _checked(answer: Document, path: str) -> Document:
    """The LAG in an answer, counted and fit to be shown. Raises Failure when it is not."""
    lag = answer.get("lag")
    if (
        not isinstance(lag, dict)
        or not _fits(lag, _LAG)
        or lag.get("name") is None
        or lag.get("ports") is None
        or not all(isinstance(port, dict) and port.get("name") for port in lag["ports"])
    ):
        raise Failure(f"{path}: this is no LAG that lacpctl understands")
    carrying = [port.get("distributing") for port in lag["ports"]]
    lag["active_ports"] = None if None in carrying else sum(carrying)
    lag["total_ports"] = len(carrying)
    return lag


def _fits(value: Any, shape: Any) -> bool:
    """Whether `value` is null or of `shape`; under "*" stands the shape of every member."""
    if value is None:
        return True
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            _fits(each, shape.get(name, shape.get("*", object))) for name, each in value.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(
            each is not None and _fits(each, shape[0]) for each in value
        )
    return isinstance(value, shape)


def _select(lags: list[Document], names: list[str]) -> tuple[list[Document], list[str]]:
    """What is called by one of `names`, and a line for each name that nothing has."""
    selected = []
    known: set[str] = set()
    for lag in lags:
        ports = lag["ports"]
        known |= {lag["name"], *(port["name"] for port in ports)}
        if lag["name"] not in names:
            ports = [port for port in ports if port["name"] in names]
        if ports or lag["name"] in names:
            selected.append({**lag, "ports": ports})
    there = ", ".join(_listed(lag) for lag in lags) or "nothing"
    unknown = [name for name in names if name not in known]
    return selected, [f"nothing here is called {name}; there is {there}" for name in unknown]


def _listed(lag: Document) -> str:
    return f"{lag['name']} ({' '.join(port['name'] for port in lag['ports']) or 'no ports'})"


def monitor(args: Namespace) -> Iterator[Document]:
    """The events of all daemons as they happen. Raises Failure when the last one has gone."""
    yield from lacpd.monitor(sockets(args))
    raise Failure("lacpd has ended")


def counters(args: Namespace, names: list[str], *, reset: bool = False) -> Answer:
    """The counters of ports; with `reset`, they begin at zero behind this look."""
    answer = show(args, names)
    assert isinstance(answer.data, dict)
    lags = [
        {
            "name": lag["name"],
            "ports": [
                {"name": port["name"], "counters": port.get("counters")} for port in lag["ports"]
            ],
        }
        for lag in answer.data["lags"]
    ]
    if reset:
        _reset(args, lags)
    return Answer({"version": 1, "lags": lags}, answer.code, answer.complaints)


def _reset(args: Namespace, lags: list[Document]) -> None:
    """Reset and take the values of that very moment, so that nothing is lost between."""
    wanted = {lag["name"]: lag for lag in lags}
    for path in sockets(args):
        name = lacpd.ask(path, "show")["lag"]["name"]
        if name not in wanted:
            continue
        ports = wanted[name]["ports"]
        answer = lacpd.ask(path, "counters", ports=[port["name"] for port in ports], reset=True)
        for port in ports:
            port["counters"] = answer.get("counters", {}).get(port["name"])


def change(args: Namespace, path: str, value: Any) -> Document:
    """Set one parameter of one team."""
    where = sockets(args)
    if len(where) > 1:
        # The name of a team may hold dots, so it is not cut off but compared.
        where = [each for each in where if path.startswith(f"{Path(each).stem}.")]
    if len(where) != 1:
        raise Failure(
            f"set: {path!r} does not say which of several teams, expected TEAM.{path}", BAD_USAGE
        )
    with lacpd.Connection(where[0]) as connection:
        answer = connection.ask("set", path=path, value=value)
    return {"version": 1, "lag": answer.get("lag"), "path": path, "value": value}

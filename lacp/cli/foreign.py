"""Where to change what lacpd did not make: the command that does it there."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from lacp.cli.command import Failure
from lacp.cli.source import places
from lacp.inspect.survey import READERS, survey
from lacp.picture import commands
from lacp.picture.model import LagView
from lacp.text import quoted


def others(args: Namespace) -> list[LagView]:
    """The LAGs of the host that lacpd did not make, as far as they can be seen."""
    where = places(args)
    sources = where.sources or frozenset(READERS)
    return survey(replace(where, sources=sources - {"lacpd"})).lags


def refuse(lags: Iterable[LagView], path: str, value: Any) -> None:
    """Raises Failure, with the command that does it, when `path` is about one of these, or is one
    of their names."""
    named = [lag for lag in lags if path == lag.name or path.startswith(f"{lag.name}.")]
    if named:
        lag = max(named, key=lambda each: len(each.name))
        raise Failure(there(lag, path[len(lag.name) + 1 :], value))


def unknown(lags: Iterable[LagView], path: str, teams: Collection[str]) -> Failure:
    """There is no LAG of the name that `path` begins with."""
    known = sorted(teams) + [f"{lag.name} ({lag.source})" for lag in lags if lag.name not in teams]
    return Failure(f"set: no team {_name(path)!r} here; there are {', '.join(known) or 'none'}")


def there(lag: LagView, path: str, value: Any) -> str:
    """One line with the command that does it to this LAG."""
    first, _, rest = path.partition(".")
    port, key = rest.rpartition(".")[::2] if first == "ports" else ("", rest or first)
    made, command = _MAKERS[lag.source](lag.name, port, key, value)
    return f"{lag.name} is {made}, lacpd cannot set it: {command}"


def _bond(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    return "a bond of the kernel", commands.of_bond(name, port, key, value)


def _teamd(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    made = "a team of teamd"
    if port and key:
        options = quoted(json.dumps({key: value}))
        command = f"teamdctl {quoted(name)} port config update {quoted(port)} {options}"
        return made, f"{command} (with all else that is to hold for the port)"
    if key == "active_port":
        return (
            made,
            f"teamdctl {quoted(name)} state item set runner.active_port {commands.word(value)}",
        )
    said = quoted(key) if key else "what is to change"
    return made, f"{said} in its configuration, then start teamd again: it reads that once"


def _team(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    made = "a team of the kernel without a daemon that answers"
    return (
        made,
        f"teamnl {quoted(name)} options lists what it has, teamnl {quoted(name)} setoption sets it",
    )


def _ovs(name: str, port: str, key: str, value: Any) -> tuple[str, str]:
    return "a bond of Open vSwitch", commands.of_ovs(name, port, key, value)


_MAKERS = {"bond": _bond, "teamd": _teamd, "team": _team, "ovs": _ovs}


def _name(path: str) -> str:
    """What seems to be the name of a LAG at the beginning of a path."""
    for word in (".runner", ".ports"):
        front, found, _ = path.partition(word)
        if found:
            return front
    return path.partition(".")[0]

"""What the value of an argument may be, as far as this host can tell within a moment."""

from __future__ import annotations

import os
import re
from argparse import Action, Namespace
from collections.abc import Callable, Iterator, Mapping

from lacp import rundir
from lacp.cli.completing.line import Candidate, Fitting, Line

#: Seconds for everything that is looked at: somebody waits at the keyboard.
_PATIENCE = 0.4
#: What is inserted into a command line must be nothing but a word to any shell.
_SAFE = re.compile(r"(?![#-])[\w.@%+:,/#-]+", re.ASCII)


def values(action: Action, line: Line) -> Fitting:
    """What fits, by the name of the argument, else by what --help calls its value."""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.dest in _SHELL or metavar in _SHELL:
        return Fitting(shell=_SHELL.get(action.dest) or _SHELL[metavar])
    look = _LOOK.get(action.dest) or _LOOK.get(metavar)
    if look is None:
        return Fitting()
    said = line.given.get(action.dest, ())
    found = (each for each in look(line) if each.text not in said)
    return Fitting([each for each in found if _SAFE.fullmatch(each.text)])


def _names(line: Line) -> Iterator[Candidate]:
    """The LAGs and ports that the options so far would show."""
    if "host" in line.given:
        return
    from lacp.cli.netns import enter
    from lacp.cli.source import places
    from lacp.inspect.survey import survey

    if "netns" in line.given:
        enter(line.given["netns"][-1])
    where = Namespace(
        source=line.given.get("source"),
        socket=line.given.get("socket", [None])[-1],
        run_dir=_run_dir(line),
        teamd_run_dir=line.given.get("teamd_run_dir", [rundir.TEAMD])[-1],
    )
    for lag in survey(places(where), _PATIENCE).lags:
        yield Candidate(lag.name, " ".join(filter(None, (lag.source, lag.mode))))
        for port in lag.ports:
            yield Candidate(port.name, f"port of {lag.name}")


def _paths(line: Line) -> Iterator[Candidate]:
    from lacp.cli.completing.settings import paths

    return paths(_sockets(line), line.begun, _PATIENCE)


def _settings(line: Line) -> Iterator[Candidate]:
    from lacp.cli.completing.settings import settings

    return settings(_sockets(line), line.given["path"][-1], _PATIENCE)


def _sockets(line: Line) -> list[str]:
    from lacp.inspect.lacpd import sockets

    if "host" in line.given:
        return []
    return line.given.get("socket") or sockets(_run_dir(line))


def _run_dir(line: Line) -> str:
    return line.given.get("run_dir", [rundir.of_lacpd()])[-1]


def _teams(line: Line) -> Iterator[Candidate]:
    """The teams that a lacpd runs."""
    from lacp.inspect.lacpd import sockets, team_of

    for path in sockets(_run_dir(line)):
        yield Candidate(team_of(path))


def _interfaces(line: Line) -> Iterator[Candidate]:
    for name in sorted(os.listdir("/sys/class/net")):
        yield Candidate(name)


def _namespaces(line: Line) -> Iterator[Candidate]:
    for name in sorted(os.listdir("/run/netns")):
        yield Candidate(name)


def _sources(line: Line) -> Iterator[Candidate]:
    from lacp.inspect.survey import READERS

    for name in READERS:
        yield Candidate(name)


def _events(line: Line) -> Iterator[Candidate]:
    from lacp.picture.events import EVENTS

    return map(Candidate, EVENTS)


def _scenarios(line: Line) -> Iterator[Candidate]:
    from lacp.sim.scenarios import SCENARIOS

    for name, scenario in SCENARIOS.items():
        yield Candidate(name, scenario.summary)


def _cases(line: Line) -> Iterator[Candidate]:
    from lacp.conformance.catalogue import CATALOGUE, GROUPS

    for group in GROUPS:
        yield Candidate(group)
    for name, case in CATALOGUE.items():
        yield Candidate(name, case.title)


_LOOK: Mapping[str, Callable[[Line], Iterator[Candidate]]] = {
    "LAG|PORT": _names,
    "LAG": _names,
    "PORT": _names,
    "SCENARIO": _scenarios,
    "CASE": _cases,
    "IF[,IF...]": _interfaces,
    "path": _paths,
    "value": _settings,
    "source": _sources,
    "event": _events,
    "list": _teams,
    "netns": _namespaces,
    "device": _teams,
}

#: What the shell itself knows best.
_SHELL: Mapping[str, str] = {
    "FILE": "files",
    "FILE|-": "files",
    "HEX|FILE|-": "files",
    "NAME|FILE": "files",
    "CAPTURE": "files",
    "DIR": "dirs",
    "socket": "files",
    "host": "hosts",
}

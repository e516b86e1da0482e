"""Where `lacpctl` gets what it shows: every LAG of this host, whoever made it, as one picture."""

from __future__ import annotations

import socket
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lacp.cli.command import Answer, Failure
from lacp.cli.common import BAD, BAD_USAGE, DONE
from lacp.errors import LacpError
from lacp.inspect import lacpd
from lacp.inspect.netns import netns_inode
from lacp.inspect.survey import READERS, Places, survey
from lacp.picture.findings import with_problems
from lacp.picture.model import LagView
from lacp.text import count

#: What is looked for of each source, and where.
_NOTHING = {
    "lacpd": "no lacpd in {run_dir}",
    "team": "no kernel team",
    "bond": "no kernel bond",
    "ovs": "no Open vSwitch bond in {ovs_run_dir}",
}

#: Names that are listed one by one.
_MANY = 8
#: Other names of sources: a LAG of a teamd is called after it.
_MEANT = {"teamd": "team"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What `lacpctl show` says; its JSON has these members."""

    version: int = 1
    host: str
    time: str
    lags: tuple[LagView, ...]


def places(args: Namespace, *, verbose: bool = False) -> Places:
    """Where the command line says to look. Raises Failure when it names what there is not."""
    sources = _sources(args.source)
    if sources is None and args.socket is not None:
        sources = frozenset({"lacpd"})
    return Places(
        sources=sources,
        run_dir=args.run_dir,
        socket=args.socket,
        teamd_run_dir=args.teamd_run_dir,
        verbose=verbose,
    )


def _sources(said: list[str] | None) -> frozenset[str] | None:
    if not said:
        return None
    names = [name.strip() for each in said for name in each.split(",")]
    for name in names:
        if name not in READERS and name not in _MEANT:
            there = ", ".join(sorted(READERS))
            raise Failure(f"--source: found {name!r}, expected some of {there}", BAD_USAGE)
    return frozenset(_MEANT.get(name, name) for name in names)


def show(args: Namespace, names: list[str], *, verbose: bool = False) -> Answer:
    """The LAGs called `names`, those that have a port of such a name, or all, as a `Shown`."""
    shown, complaints = look(args, names, verbose=verbose)
    code = BAD if complaints else DONE
    if not shown.lags and not complaints:
        code, said = nothing(args)
        complaints = [said]
    return Answer(shown, code, complaints)


def look(args: Namespace, names: list[str], *, verbose: bool = False) -> tuple[Shown, list[str]]:
    """What is seen at one time, and a line for each source that could not be asked."""
    seen = survey(places(args, verbose=verbose))
    lags = _explained([lag for lag in seen.lags if _lives_here(lag, args)])
    complaints = list(seen.complaints)
    if names and (lags or not complaints):
        # Where nobody answered, nobody knows what is there.
        lags, unknown = select(lags, names)
        complaints += unknown
    from lacp.text import timestamp

    shown = Shown(
        host=socket.gethostname(),
        time=timestamp(time.time()),
        lags=tuple(sorted(lags, key=lambda lag: (lag.name, lag.source))),
    )
    return shown, complaints


def _explained(lags: list[LagView]) -> list[LagView]:
    """The LAGs with what is wrong with them, a line each, and their ports counted."""
    from lacp.picture.explain import diagnosed

    return [with_problems(lag, findings) for lag, findings in diagnosed(lags)]


def _lives_here(lag: LagView, args: Namespace) -> bool:
    """Whether the LAG is one of the namespace that was asked for.

    Sockets of daemons are found in the file system, which namespaces share.
    """
    return args.netns is None or lag.netns in (None, netns_inode())


def nothing(args: Namespace) -> tuple[int, str]:
    """The exit code and the line for a host without a LAG.

    That is nothing bad, unless lacpd was asked for.
    """
    where = places(args)
    # Each lacpd has answered, or there was a complaint.
    elsewhere = args.netns is not None and where.socket is None and lacpd.sockets(where.run_dir)
    if where.sources == frozenset({"lacpd"}):
        if elsewhere:
            return BAD, f"no lacpd in this namespace: that in {where.run_dir} is in another"
        return BAD, f"no lacpd is running: no socket in {where.run_dir}"
    run_dir = f"{where.run_dir} that is in this namespace" if elsewhere else where.run_dir
    said = [
        words.format(run_dir=run_dir, ovs_run_dir=where.ovs_run_dir)
        for name, words in _NOTHING.items()
        if where.sources is None or name in where.sources
    ]
    return DONE, f"no LAG here: {', '.join(said)}"


def select(lags: Sequence[LagView], names: list[str]) -> tuple[list[LagView], list[str]]:
    """What is called by one of `names`, and a line for each name that nothing has."""
    selected = []
    known: set[str] = set()
    for lag in lags:
        known |= {lag.name, *(port.name for port in lag.ports)}
        if lag.name in names:
            selected.append(lag)
        elif ports := tuple(port for port in lag.ports if port.name in names):
            selected.append(replace(lag, ports=ports))
    unknown = [name for name in names if name not in known]
    return selected, [
        f"nothing here is called {name}; {_meant(name, known) or _there(lags)}" for name in unknown
    ]


def _meant(name: str, known: set[str]) -> str:
    """A question, when one of many names is close to the one that was given."""
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(known), 1) if len(known) > _MANY else []
    return f"did you mean {close[0]}?" if close else ""


def _there(lags: Sequence[LagView]) -> str:
    """What there is, as far as one can read it."""
    listed = [_listed(lag) for lag in lags[:_MANY]]
    if len(lags) > _MANY:
        listed.append(f"{len(lags) - _MANY} more")
    return f"there is {', '.join(listed) or 'nothing'}"


def _listed(lag: LagView) -> str:
    names = " ".join(port.name for port in lag.ports)
    if len(lag.ports) > _MANY:
        names = count(len(lag.ports), "port")
    return f"{lag.name} ({names or 'no ports'})"


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

"""What `lacpctl set` does: finds the team that a path is about, and asks its daemon."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lacp.cli.command import Answer, Document, Failure
from lacp.cli.common import BAD_USAGE
from lacp.cli.source import sockets
from lacp.errors import LacpError
from lacp.inspect import lacpd

#: What a path may begin with when it names no team.
FIRST_WORDS = (
    "runner",
    "ports",
    "hwaddr",
    "debug_level",
    "link_watch",
    "link_watch_policy",
    "notify_peers",
    "mcast_rejoin",
)


def change(args: Namespace, path: str, value: Any) -> Answer:
    """Set one parameter of one team; what was set, and what the daemon warns of."""
    socket = _socket(args, path, value)
    answer = lacpd.ask(socket, "set", path=path, value=value)
    warnings = answer.get("warnings")
    told = {name: answer.get(name) for name in ("lag", "path", "old", "new", "effect", "holds")}
    complaints = [str(each) for each in warnings] if isinstance(warnings, list) else []
    return Answer({"version": 1, **told, "warnings": complaints}, complaints=complaints)


def settings(args: Namespace, team: str | None) -> Answer:
    """What can be set now of this team, or of every one."""
    where = {lacpd.team_of(path): path for path in sockets(args)}
    if team is not None and args.socket is None:
        if team not in where:
            from lacp.cli import foreign

            others = foreign.others(args)
            foreign.refuse(others, team, None)
            raise foreign.unknown(others, team, where)
        where = {team: where[team]}
    lags: list[Document] = []
    complaints = []
    for _, path in sorted(where.items()):
        try:
            lags.append(_listed(lacpd.ask(path, "settings"), path))
        except LacpError as error:
            complaints.append(str(error))
    answer = Answer({"version": 1, "lags": lags}, complaints=complaints)
    if complaints:
        answer.code = 1
    return answer


def _listed(answer: Document, path: str) -> Document:
    found = answer.get("settings")
    if not isinstance(found, list) or not all(
        isinstance(each, dict) and {"path", "value", "says"} <= each.keys() for each in found
    ):
        raise Failure(f"{path}: this is no list that lacpctl understands")
    return {"name": str(answer.get("lag")), "settings": found}


def _socket(args: Namespace, path: str, value: Any) -> str:
    """The socket of the team that `path` is about. Raises Failure when that is not one of lacpd."""
    if args.socket is not None:
        return str(args.socket)
    nameless = _begins(path)
    try:
        where = {lacpd.team_of(each): each for each in sockets(args)}
    except Failure:
        if nameless:
            raise
        where = {}
    # The name of a team may hold dots, so it is not cut off but compared.
    named = [
        team
        for team in where
        if path.startswith(f"{team}.") and (not nameless or _begins(path[len(team) + 1 :]))
    ]
    if named:
        return where[max(named, key=len)]
    if len(where) == 1 and nameless:
        return next(iter(where.values()))
    if nameless:
        there = ", ".join(sorted(where))
        raise Failure(
            f"set: {path!r} does not say which of several teams, {there}; expected TEAM.{path}",
            BAD_USAGE,
        )
    from lacp.cli import foreign

    others = foreign.others(args)
    foreign.refuse(others, path, value)
    if len(where) == 1 and not _begins(path.partition(".")[2]):
        # No team is called like that; what it should be is best known to the daemon.
        return next(iter(where.values()))
    raise foreign.unknown(others, path, where)


def _begins(path: str) -> bool:
    return path.partition(".")[0] in FIRST_WORDS

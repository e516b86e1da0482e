"""What `lacpctl set` may be given, from the configurations of the teams that run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from lacp.cli.completing.line import Candidate
from lacp.config import words
from lacp.config.model import TeamConfig
from lacp.config.teamd import loads
from lacp.daemon.setting import settable
from lacp.daemon.setting.meanings import meaning
from lacp.errors import LacpError
from lacp.inspect import lacpd

#: What a key may be where that is one of a few words.
_WORDS: Mapping[str, Sequence[str]] = {
    "agg_select_policy": words.AGG_SELECT_POLICIES,
    "fallback": words.FALLBACKS,
    "hwaddr_policy": words.HWADDR_POLICIES,
    "link_watch_policy": words.LINK_WATCH_POLICIES,
}


def paths(sockets: Sequence[str], begun: str, patience: float) -> Iterator[Candidate]:
    """Every path that can be set; with the team's name in front of several teams, or if what is
    typed so far begins with it."""
    found = list(_configs(sockets, patience))
    for team, config in found:
        front = f"{team}." if len(found) > 1 or begun.startswith(team) else ""
        for keys in settable.paths(config, config.ports):
            yield Candidate(f"{front}{'.'.join(keys)}", meaning(keys).says)


def settings(sockets: Sequence[str], path: str, patience: float) -> Iterator[Candidate]:
    """What the path may be set to, as far as that is a choice."""
    for team, config in _configs(sockets, patience):
        within = path.removeprefix(f"{team}.")
        key = within.rpartition(".")[2]
        if within == ".".join(settable.ACTIVE_PORT):
            yield from map(Candidate, config.ports)
        elif key in _WORDS:
            yield from map(Candidate, _WORDS[key])
        elif isinstance(_now(config, within), bool):
            yield from map(Candidate, ("true", "false"))


def _now(config: TeamConfig, path: str) -> object:
    """What is configured there; None for what has no value, or is no path."""
    first, _, rest = path.partition(".")
    port, _, key = rest.rpartition(".")
    found: object = config.ports.get(port) if first == "ports" else config.runner
    key = key if first == "ports" else rest
    known = is_dataclass(found) and key in {each.name for each in fields(found)}
    return getattr(found, key) if known else None


def _configs(sockets: Sequence[str], patience: float) -> Iterator[tuple[str, TeamConfig]]:
    """The teams that answer in time, in the order of their sockets."""
    found = lacpd.ask_all(sockets, time.monotonic() + patience, "config")
    answers = [each for each in found if not isinstance(each, str)]
    for path, answer in sorted(answers, key=lambda each: each[0]):
        try:
            yield str(answer["lag"]), loads(str(answer["text"]), path).config
        except (LacpError, KeyError):
            continue

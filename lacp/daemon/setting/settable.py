"""What may be set while a team runs, and where it stands in the configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields

from lacp.config.model import (
    ActivebackupConfig,
    LacpConfig,
    RunnerConfig,
    TeamConfig,
    TeamPort,
)
from lacp.daemon.team.parameters import DEVICE_KEYS, DRIVER_KEYS, FIXED_KEYS, by_driver
from lacp.errors import UsageError
from lacp.text import plain

#: Keys of a port that may be set.
PORT_KEYS = tuple(key.name for key in fields(TeamPort) if key.name != "name")
#: Who is active now; it stands in no configuration.
ACTIVE_PORT = ("runner", "active_port")
#: Keys beside `runner` and `ports` that may be.
TOP_KEYS = ("hwaddr", "debug_level", "link_watch", "link_watch_policy", *DEVICE_KEYS)
_EDITION_2020 = ("wait_to_restore", "revertive")
_LACP_KEYS = ("lacp_prio", "lacp_key")
_PREFERENCES = ("prio", "sticky")
#: How many letters of a word may be wrong, of all, for it to be the one that was meant.
_CLOSE = 0.6


def keys_of(
    team: str, config: TeamConfig, path: str, ports: Collection[str] | None = None
) -> tuple[str, ...]:
    """The keys that lead to what `path` names, with or without the team in front.

    `ports` are those that there are, by default those of the configuration. Raises UsageError when
    it cannot be set while the team runs, with what was meant, as far as that can be guessed.
    """
    there = config.ports if ports is None else ports
    path = plain(path.removeprefix(f"{team}."))
    first, _, rest = path.partition(".")
    if path in TOP_KEYS:
        return (path,)
    if first == "runner":
        keys = runner_keys(config)
        if rest in keys:
            return first, rest
        raise UsageError(_no_key(path, rest, keys, _why_no_runner_key(config.runner, rest)))
    if first == "ports":
        port, _, key = rest.rpartition(".")
        if not port or rest in there:
            raise UsageError(f"{path!r} cannot be set: expected ports.NAME.KEY")
        if port not in there:
            names = ", ".join(there) or "none"
            raise UsageError(f"no port {port!r} in {team}, there are {names}")
        keys = port_keys(config)
        if key in keys:
            return first, port, key
        raise UsageError(_no_key(path, key, keys, _why_no_port_key(config.runner, key)))
    raise UsageError(_no_path(team, config, path, there))


def runner_keys(config: TeamConfig) -> tuple[str, ...]:
    """The keys of `runner` that may be set and have an effect."""
    runner = config.runner
    every = (key.name for key in fields(runner))
    keys = tuple(key for key in every if key != "name" and not _why_no_runner_key(runner, key))
    active = isinstance(runner, ActivebackupConfig | LacpConfig) and not by_driver(runner)
    return (*keys, ACTIVE_PORT[1]) if active else keys


def port_keys(config: TeamConfig) -> tuple[str, ...]:
    """The keys of a port that may be set and have an effect."""
    return tuple(key for key in PORT_KEYS if not _why_no_port_key(config.runner, key))


def paths(config: TeamConfig, ports: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The keys of all that may be set, in the order of docs/configuration.md."""
    yield from (("runner", key) for key in runner_keys(config))
    yield from ((key,) for key in TOP_KEYS)
    for port in ports:
        yield from (("ports", port, key) for key in port_keys(config))


def _why_no_runner_key(runner: RunnerConfig, key: str) -> str:
    """Why a key of the runner cannot be set now; empty when it can, or is none of its keys."""
    if by_driver(runner) and key not in DRIVER_KEYS:
        return "the driver of the device speaks LACP, and was told at the start"
    if key in FIXED_KEYS or key == "name":
        return "it holds as long as the team runs"
    if key in _EDITION_2020 and isinstance(runner, LacpConfig) and runner.edition != "2020":
        return f"edition 2020 has it, this is {runner.edition}"
    return ""


def _why_no_port_key(runner: RunnerConfig, key: str) -> str:
    """Why a key of a port cannot be set now; empty when it can, or is no key of a port."""
    lacp = isinstance(runner, LacpConfig)
    if key in _LACP_KEYS and by_driver(runner):
        return "the driver of the device speaks LACP, and was told at the start"
    if key in _LACP_KEYS and not lacp:
        return f"only lacp looks at it, this is {runner.name}"
    prefers = isinstance(runner, ActivebackupConfig) or (
        isinstance(runner, LacpConfig) and runner.agg_select_policy == "port_config"
    )
    if key in _PREFERENCES and not prefers:
        return "only activebackup, and lacp with agg_select_policy port_config, look at it"
    return ""


def _no_key(path: str, key: str, keys: Collection[str], why: str) -> str:
    if why:
        return f"{path} cannot be set: {why}"
    there = ", ".join(keys) or "none"
    meant = _meant(key, keys)
    if meant:
        return f"{path} cannot be set{meant} There are {there}"
    return f"{path} cannot be set; there are {there}"


def _no_path(team: str, config: TeamConfig, path: str, ports: Collection[str]) -> str:
    """A line for a path that begins with nothing known."""
    whole = {".".join(keys) for keys in paths(config, ports)}
    last = path.rpartition(".")[2]
    # The key alone is what is typed from memory.
    ends = sorted(each for each in whole if each.rpartition(".")[2] == last)
    meant = f"; did you mean {ends[0]}?" if len(ends) == 1 else _meant(path, whole)
    expected = f"expected runner.KEY, ports.NAME.KEY, {', '.join(TOP_KEYS)}"
    return f"{path!r} of {team} cannot be set{meant or f': {expected}'}"


def _meant(word: str, words: Collection[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, sorted(words), 1, _CLOSE)
    return f"; did you mean {close[0]}?" if close else ""

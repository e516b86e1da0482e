"""teamd.conf to `TeamConfig`: every key of teamd and of ours, its type, its range, its effect."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from lacp.config.document import Json, UnreadableError, kind, parse
from lacp.config.model import (
    ActivebackupConfig,
    Announce,
    LacpConfig,
    RunnerConfig,
    TeamConfig,
    TeamPort,
)
from lacp.config.runner import runner
from lacp.config.section import Findings, Section
from lacp.config.watchers import link_watch
from lacp.config.words import DATAPLANES, LINK_WATCH_POLICIES
from lacp.errors import ConfigError
from lacp.watch.options import WatcherOptions

#: A file larger than this is no configuration.
_MAX_OCTETS = 1 << 20
_NAME_OCTETS = 15


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what its author should know."""

    config: TeamConfig
    #: Each one line: ``FILE: PATH: what``.
    warnings: tuple[str, ...]


class WrongValuesError(ConfigError):
    """What a configuration says cannot be; one line for each value."""

    def __init__(self, errors: Iterable[str], warnings: Iterable[str]) -> None:
        super().__init__("\n".join(errors))
        #: What else its author should know.
        self.warnings = tuple(warnings)


def read(path: str | Path) -> Loaded:
    """Load a file. Raises UnreadableError when it cannot be read, and whatever `loads` raises."""
    return loads(read_text(path), str(path))


def read_text(path: str | Path) -> str:
    """What stands in the file. Raises UnreadableError."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            octets = file.read(_MAX_OCTETS + 1)
    except OSError as error:
        raise UnreadableError(f"{name}: {error.strerror}") from None
    if len(octets) > _MAX_OCTETS:
        raise UnreadableError(f"{name}: found more than {_MAX_OCTETS} octets, expected fewer")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"{name}: offset {error.start}: found octet {octets[error.start]:#04x}, expected UTF-8"
        ) from None


def loads(text: str, source: str) -> Loaded:
    """Load the text of a teamd.conf; `source` names it in messages.

    Raises UnreadableError when it is not a JSON object without duplicate keys, WrongValuesError
    when values are wrong: one line each, ``SOURCE: PATH: found X, expected Y``.
    """
    return _load(parse(text, source), text, source)


def edited(config: TeamConfig, path: tuple[str, ...], value: Json) -> Loaded:
    """`config` with the value at `path` of its document replaced, as if it had been read like that.

    None takes the key out. Raises ConfigError when the path leads through something that is no
    object, and as `loads` does.
    """
    document = _copy(config)
    at = _object(config, document, path[:-1])
    if value is None:
        at.pop(path[-1], None)
    else:
        at[path[-1]] = value
    return _again(config, document)


def with_port(config: TeamConfig, name: str, options: Json) -> Loaded:
    """`config` in which `options` are all that is said of this port, in the document or not yet.

    Raises ConfigError as `loads` does.
    """
    document = _copy(config)
    _object(config, document, ("ports",))[name] = options
    return _again(config, document)


def _copy(config: TeamConfig) -> dict[str, Json]:
    copy: dict[str, Json] = json.loads(config.text)
    return copy


def _object(
    config: TeamConfig, document: dict[str, Json], path: tuple[str, ...]
) -> dict[str, Json]:
    """The object at `path`, made if there is none."""
    at = document
    for step, key in enumerate(path):
        inner = at.setdefault(key, {})
        if not isinstance(inner, dict):
            where = ".".join(("$", *path[: step + 1]))
            raise ConfigError(f"{config.source}: {where}: found {kind(inner)}, expected an object")
        at = inner
    return at


def _again(config: TeamConfig, document: dict[str, Json]) -> Loaded:
    """The changed document as it reads; the team keeps the name it was given."""
    loaded = _load(document, json.dumps(document), config.source)
    return replace(loaded, config=replace(loaded.config, device=config.device))


def _load(document: dict[str, Json], text: str, source: str) -> Loaded:
    findings = Findings()
    config = _team(Section(document, "$", findings), text, source)
    warnings = tuple(f"{source}: {line}" for line in findings.warnings)
    if findings.errors:
        raise WrongValuesError((f"{source}: {line}" for line in findings.errors), warnings)
    return Loaded(config, warnings)


def _team(top: Section, text: str, source: str) -> TeamConfig:
    device = top.string("device")
    if device is not None and not valid_name(device):
        top.error("device", kind(device), _NAME_RULE)
    debug_level = top.integer("debug_level", 0, 0)
    hwaddr = top.mac("hwaddr")
    dataplane = top.choice("dataplane", "", DATAPLANES) or None
    runner = _runner(top, dataplane)
    # A team that changes its active port tells its neighbours, unless told otherwise.
    count = 1 if isinstance(runner, ActivebackupConfig) else None
    notify_peers = _announce(top, "notify_peers", count)
    mcast_rejoin = _announce(top, "mcast_rejoin", count)
    watchers = link_watch(top)
    policy = top.choice("link_watch_policy", "any", LINK_WATCH_POLICIES)
    config = TeamConfig(
        device=device,
        debug_level=debug_level,
        hwaddr=hwaddr,
        runner=runner,
        link_watch=watchers,
        link_watch_policy=policy,
        notify_peers=notify_peers,
        mcast_rejoin=mcast_rejoin,
        ports=_ports(top, runner, watchers),
        dataplane=dataplane,
        text=text,
        source=source,
    )
    top.close()
    return config


def _runner(top: Section, dataplane: str | None) -> RunnerConfig:
    found = runner(top)
    by_driver = isinstance(found, LacpConfig) and found.lacp_by == "driver"
    if by_driver and dataplane not in (None, "auto", "bond"):
        top.findings.errors.append(
            f'$.runner.lacp_by: found "driver", expected "lacpd" with dataplane {dataplane}'
        )
    return found


def _announce(top: Section, key: str, count: int | None) -> Announce | None:
    """A burst of `count` unless the document says otherwise; None sends none."""
    it = top.section(key)
    if it is None:
        return None if count is None else Announce(count=count)
    found = Announce(
        count=it.integer("count", count or 0, 0), interval=it.integer("interval", 0, 0)
    )
    it.close()
    return found


_NAME_RULE = f"an interface name: 1 to {_NAME_OCTETS} octets without '/'"


def valid_name(name: str) -> bool:
    """Whether an interface, or a file in a directory, could be called that."""
    octets = len(name.encode(errors="surrogatepass"))
    return (
        0 < octets <= _NAME_OCTETS
        and name not in (".", "..")
        and "/" not in name
        and name.isprintable()
    )


def _ports(
    top: Section, runner: RunnerConfig, watchers: tuple[WatcherOptions, ...]
) -> dict[str, TeamPort]:
    found: dict[str, TeamPort] = {}
    ports = top.section("ports")
    if ports is None:
        return found
    for name in ports.values:
        if not valid_name(name):
            ports.error(name, "this name", _NAME_RULE)
        it = ports.section(name)
        if it is not None:
            found[name] = _port(name, it, runner, watchers)
    return found


def _port(
    name: str, it: Section, runner: RunnerConfig, watchers: tuple[WatcherOptions, ...]
) -> TeamPort:
    port = TeamPort(name=name)
    port = TeamPort(
        name=name,
        lacp_prio=it.integer("lacp_prio", port.lacp_prio, 0, 0xFFFF),
        lacp_key=it.integer("lacp_key", port.lacp_key, 0, 0xFFFF),
        prio=it.signed("prio", port.prio),
        sticky=it.boolean("sticky", port.sticky),
        queue_id=it.integer("queue_id", 0, 0, 0xFFFF) if "queue_id" in it else None,
        # Watchers of its own stand before those of all, and are numbered in this order.
        link_watch=(*link_watch(it), *watchers) or port.link_watch,
    )
    lacp = isinstance(runner, LacpConfig)
    if not lacp:
        for key in ("lacp_prio", "lacp_key"):
            it.idle(key, f"only lacp looks at it, this is {runner.name}")
    prefers = isinstance(runner, ActivebackupConfig) or (
        isinstance(runner, LacpConfig) and runner.agg_select_policy == "port_config"
    )
    if not prefers:
        for key in ("prio", "sticky"):
            it.idle(
                key, "only activebackup, and lacp with agg_select_policy port_config, look at it"
            )
    it.close()
    return port

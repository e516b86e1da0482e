"""teamd.conf to `TeamConfig`: every key of teamd and of ours, its type, its range, its effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lacp.address import Mac
from lacp.config.document import Json, UnreadableError, kind, parse, quoted
from lacp.config.model import (
    CONTROLS,
    DATAPLANES,
    EDITIONS,
    FALLBACKS,
    RUNNERS,
    LacpConfig,
    TeamConfig,
    TeamPort,
)
from lacp.config.section import Findings, Section
from lacp.errors import ConfigError

#: A file larger than this is no configuration.
_MAX_OCTETS = 1 << 20
_NAME_OCTETS = 15
#: The limit of teamd, whose documents these are; the engine knows none but the width of a number.
_MIN_PORTS_LIMIT = 1024

_POLICIES = ("lacp_prio", "lacp_prio_stable", "bandwidth", "count", "port_config")
_FRAGMENTS = ("eth", "vlan", "ipv4", "ipv6", "ip", "l3", "tcp", "udp", "sctp", "l4")
_WATCHERS = ("ethtool", "arp_ping", "nsna_ping", "tipc")

_NO_FRAMES = "no dataplane of this version sends user frames"
_NO_DEVICE = "no dataplane of this version has a kernel device"
_NO_WATCH = "this version watches the carrier only, at once"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what its author should know."""

    config: TeamConfig
    #: Each one line: ``FILE: PATH: what``.
    warnings: tuple[str, ...]


def read(path: str | Path) -> Loaded:
    """Load a file. Raises UnreadableError when it cannot be read, and whatever `loads` raises."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            octets = file.read(_MAX_OCTETS + 1)
    except OSError as error:
        raise UnreadableError(f"{name}: {error.strerror}") from None
    if len(octets) > _MAX_OCTETS:
        raise UnreadableError(f"{name}: found more than {_MAX_OCTETS} octets, expected fewer")
    try:
        text = octets.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"{name}: offset {error.start}: found octet {octets[error.start]:#04x}, expected UTF-8"
        ) from None
    return loads(text, name)


def loads(text: str, source: str) -> Loaded:
    """Load the text of a teamd.conf; `source` names it in messages.

    Raises UnreadableError when it is not a JSON object without duplicate keys, ConfigError when
    values are wrong: one line each, ``SOURCE: PATH: found X, expected Y``.
    """
    return _load(parse(text, source), text, source)


def edited(config: TeamConfig, path: tuple[str, ...], value: Json) -> Loaded:
    """`config` with the value at `path` of its document replaced, as if it had been read like that.

    None takes the key out. Raises ConfigError when the path leads through something that is no
    object, and as `loads` does.
    """
    document = json.loads(json.dumps(config.document))
    at = document
    for step, key in enumerate(path[:-1]):
        at = at.setdefault(key, {})
        if not isinstance(at, dict):
            where = ".".join(("$", *path[: step + 1]))
            raise ConfigError(f"{config.source}: {where}: found {kind(at)}, expected an object")
    if value is None:
        at.pop(path[-1], None)
    else:
        at[path[-1]] = value
    return _load(document, json.dumps(document), config.source)


def _load(document: dict[str, Json], text: str, source: str) -> Loaded:
    findings = Findings()
    config = _team(Section(document, "$", findings), document, text, source)
    if findings.errors:
        raise ConfigError("\n".join(f"{source}: {line}" for line in findings.errors))
    return Loaded(config, tuple(f"{source}: {line}" for line in findings.warnings))


def _team(top: Section, document: Mapping[str, Json], text: str, source: str) -> TeamConfig:
    device = top.string("device")
    if device is not None and not valid_name(device):
        top.error("device", kind(device), _NAME_RULE)
    debug_level = top.integer("debug_level", 0, 0, None)
    hwaddr = top.mac("hwaddr")
    dataplane = top.choice("dataplane", "", DATAPLANES) or None
    for key in ("notify_peers", "mcast_rejoin"):
        burst = top.section(key)
        if burst is not None:
            for each in ("count", "interval"):
                burst.integer(each, 0, 0, None)
            burst.close()
            top.later(key, _NO_DEVICE)
    _link_watch(top)
    runner = _runner(top, hwaddr)
    ports = _ports(top)
    top.close()
    return TeamConfig(
        device=device,
        debug_level=debug_level,
        runner=runner,
        ports=ports,
        dataplane=dataplane,
        document=document,
        text=text,
        source=source,
    )


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


def _runner(top: Section, hwaddr: Mac | None) -> LacpConfig:
    it = top.section("runner")
    if it is None:
        if "runner" not in top:
            top.findings.errors.append(
                "$.runner.name: found nothing, which is roundrobin to teamd, "
                f"expected {' or '.join(RUNNERS)} (this version runs no other)"
            )
        return LacpConfig()
    name = it.string("name")
    if name not in RUNNERS:
        if name is not None or "name" not in it:
            found = kind(name) if name is not None else "nothing, which is roundrobin to teamd"
            it.error("name", found, f"{' or '.join(RUNNERS)} (this version runs no other)")
        return LacpConfig()
    default = LacpConfig()
    system = it.mac("system")
    if system is not None:
        top.later("hwaddr", "runner.system is the address of the system")
    config = LacpConfig(
        active=it.boolean("active", default.active),
        fast_rate=it.boolean("fast_rate", default.fast_rate),
        sys_prio=it.integer("sys_prio", default.sys_prio, 0, 0xFFFF),
        system=system if system is not None else hwaddr,
        min_ports=it.integer("min_ports", default.min_ports, 1, _MIN_PORTS_LIMIT),
        max_ports=it.integer("max_ports", 0, 1, 0xFFFF) or None,
        control=it.choice("control", default.control, CONTROLS),
        edition=it.choice("edition", default.edition, EDITIONS),
        aggregate_wait=it.number("aggregate_wait", default.aggregate_wait, 0, 3600),
        fallback=it.choice("fallback", default.fallback, FALLBACKS),
        collector_max_delay=it.integer("collector_max_delay", 0, 0, 0xFFFF),
        wait_to_restore=it.number("wait_to_restore", default.wait_to_restore, 0, 32767),
        revertive=it.boolean("revertive", default.revertive),
    )
    if config.max_ports is not None and config.max_ports < config.min_ports:
        it.error("max_ports", str(config.max_ports), f"at least min_ports, {config.min_ports}")
    if config.fallback == "single" and config.min_ports > 1:
        it.error("min_ports", str(config.min_ports), "1 with fallback single")
    if config.edition != "2020":
        for key in ("wait_to_restore", "revertive"):
            it.later(key, f"edition 2020 has it, this is {config.edition}")
    _agg_select_policy(it)
    _tx(it)
    it.close()
    return config


def _agg_select_policy(it: Section) -> None:
    policy = it.choice("agg_select_policy", "lacp_prio_stable", _POLICIES)
    if policy != "lacp_prio_stable":
        it.later("agg_select_policy", "the LAG that has the aggregator keeps it (lacp_prio_stable)")


def _tx(it: Section) -> None:
    """What decides over the way of user frames."""
    for fragment in it.strings("tx_hash"):
        if fragment not in _FRAGMENTS:
            it.error("tx_hash", quoted(fragment), f"only {', '.join(_FRAGMENTS)}")
    it.later("tx_hash", _NO_FRAMES)
    balancer = it.section("tx_balancer")
    if balancer is not None:
        balancer.choice("name", "", ("basic",))
        balancer.integer("balancing_interval", 50, 0, None)
        balancer.close()
        it.later("tx_balancer", _NO_FRAMES)


def _ports(top: Section) -> dict[str, TeamPort]:
    found: dict[str, TeamPort] = {}
    ports = top.section("ports")
    if ports is None:
        return found
    for name in ports.values:
        if not valid_name(name):
            ports.error(name, "this name", _NAME_RULE)
        it = ports.section(name)
        if it is None:
            continue
        found[name] = TeamPort(
            name=name,
            lacp_prio=it.integer("lacp_prio", 255, 0, 0xFFFF),
            lacp_key=it.integer("lacp_key", 0, 0, 0xFFFF),
        )
        it.integer("queue_id", 0, 0, 0xFFFF)
        it.later("queue_id", _NO_FRAMES)
        it.signed("prio", 0)
        it.later("prio", "only agg_select_policy port_config looks at it")
        it.boolean("sticky", False)
        it.later("sticky", "only agg_select_policy port_config looks at it")
        _link_watch(it)
        it.close()
    return found


def _link_watch(it: Section) -> None:
    """Check the watchers' names; only what equals watching the carrier at once has its effect."""
    beyond = False
    for watcher in it.sections("link_watch"):
        if "name" not in watcher:
            watcher.error("name", "nothing", f"one of {', '.join(_WATCHERS)}")
        name = watcher.choice("name", "", _WATCHERS)
        delays = [watcher.integer(key, 0, 0, None) for key in ("delay_up", "delay_down")]
        beyond = beyond or name != "ethtool" or any(delays)
    if beyond:
        it.later("link_watch", _NO_WATCH)

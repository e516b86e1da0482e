"""`runner`: who carries traffic, and how."""

from __future__ import annotations

from collections.abc import Callable

from lacp.config.document import quoted
from lacp.config.model import (
    ActivebackupConfig,
    BalancerConfig,
    LacpConfig,
    LoadbalanceConfig,
    PlainConfig,
    RunnerConfig,
)
from lacp.config.section import Section
from lacp.config.words import (
    AGG_SELECT_POLICIES,
    CONTROLS,
    EDITIONS,
    FALLBACKS,
    FRAGMENTS,
    HWADDR_POLICIES,
    LACP_BY,
    RUNNERS,
)

#: The limit of teamd, whose documents these are; the engine knows none but the width of a number.
_MIN_PORTS_LIMIT = 1024

_BALANCERS = ("basic",)
_SPREADING = ("tx_hash", "tx_balancer")
#: The keys of each runner that has any.
RUNNER_KEYS: dict[str, tuple[str, ...]] = {
    "activebackup": ("hwaddr_policy",),
    "loadbalance": _SPREADING,
    "lacp": (
        "active",
        "fast_rate",
        "sys_prio",
        "system",
        "min_ports",
        "max_ports",
        "control",
        "edition",
        "aggregate_wait",
        "fallback",
        "collector_max_delay",
        "wait_to_restore",
        "revertive",
        "agg_select_policy",
        *_SPREADING,
        "lacp_by",
    ),
}


#: The runners that look at each of the keys.
_OWNERS = {
    key: tuple(name for name, its in RUNNER_KEYS.items() if key in its)
    for keys in RUNNER_KEYS.values()
    for key in keys
}


def runner(top: Section) -> RunnerConfig:
    """The runner of a team; without one it is roundrobin, as with teamd."""
    it = top.section("runner")
    if it is None:
        return PlainConfig()
    name = it.choice("name", "" if "name" in it else PlainConfig().name, RUNNERS)
    if not name:
        return PlainConfig()
    config = _READERS[name](it)
    for key, owners in _OWNERS.items():
        if name not in owners:
            it.idle(key, f"an option of {' and '.join(owners)}, this is {name}")
    it.idle("addr", "there is no ZeroMQ interface")
    it.close()
    return config


def _plain(it: Section) -> PlainConfig:
    return PlainConfig(name=str(it.values.get("name", PlainConfig().name)))


def _activebackup(it: Section) -> ActivebackupConfig:
    default = ActivebackupConfig()
    return ActivebackupConfig(
        hwaddr_policy=it.choice("hwaddr_policy", default.hwaddr_policy, HWADDR_POLICIES)
    )


def _loadbalance(it: Section) -> LoadbalanceConfig:
    return LoadbalanceConfig(tx_hash=_tx_hash(it), tx_balancer=_tx_balancer(it))


def _lacp(it: Section) -> LacpConfig:
    default = LacpConfig()
    config = LacpConfig(
        active=it.boolean("active", default.active),
        fast_rate=it.boolean("fast_rate", default.fast_rate, converted=True),
        sys_prio=it.integer("sys_prio", default.sys_prio, 0, 0xFFFF),
        system=it.mac("system"),
        min_ports=it.integer("min_ports", default.min_ports, 1, _MIN_PORTS_LIMIT),
        max_ports=it.integer("max_ports", 0, 1, 0xFFFF) or None,
        control=it.choice("control", default.control, CONTROLS),
        edition=it.choice("edition", default.edition, EDITIONS),
        aggregate_wait=it.number("aggregate_wait", default.aggregate_wait, 0, 3600),
        fallback=it.choice("fallback", default.fallback, FALLBACKS),
        collector_max_delay=it.integer("collector_max_delay", 0, 0, 0xFFFF),
        wait_to_restore=it.number("wait_to_restore", default.wait_to_restore, 0, 32767),
        revertive=it.boolean("revertive", default.revertive),
        agg_select_policy=it.choice(
            "agg_select_policy", default.agg_select_policy, AGG_SELECT_POLICIES
        ),
        tx_hash=_tx_hash(it),
        tx_balancer=_tx_balancer(it),
        lacp_by=it.choice("lacp_by", default.lacp_by, LACP_BY),
    )
    if config.max_ports is not None and config.max_ports < config.min_ports:
        it.error("max_ports", str(config.max_ports), f"at least min_ports, {config.min_ports}")
    if config.fallback == "single" and config.min_ports > 1:
        it.error("min_ports", str(config.min_ports), "1 with fallback single")
    if config.edition != "2020":
        for key in ("wait_to_restore", "revertive"):
            it.idle(key, f"edition 2020 has it, this is {config.edition}")
    return config


_READERS: dict[str, Callable[[Section], RunnerConfig]] = {
    "broadcast": _plain,
    "roundrobin": _plain,
    "random": _plain,
    "activebackup": _activebackup,
    "loadbalance": _loadbalance,
    "lacp": _lacp,
}


def _tx_hash(it: Section) -> tuple[str, ...]:
    """The known fragments. teamd leaves out one that it does not know, and goes on."""
    if "tx_hash" not in it:
        return LoadbalanceConfig().tx_hash
    named = it.strings("tx_hash")
    if named is None:
        return ()
    for fragment in named:
        if fragment not in FRAGMENTS:
            expected = ", ".join(FRAGMENTS)
            it.warn("tx_hash", f"found {quoted(fragment)}, left out, expected only {expected}")
    known = tuple(fragment for fragment in named if fragment in FRAGMENTS)
    if not known:
        it.warn("tx_hash", "found no known fragment: every frame leaves through the same port")
    return known


def _tx_balancer(it: Section) -> BalancerConfig | None:
    """teamd has one kind only, and balances nothing when it is not named."""
    balancer = it.section("tx_balancer")
    if balancer is None:
        return None
    name = balancer.choice("name", "", _BALANCERS)
    interval = balancer.integer("balancing_interval", BalancerConfig().balancing_interval, 1)
    balancer.close()
    if "name" not in balancer:
        it.warn("tx_balancer", 'without effect: found no name, expected "basic"')
    return BalancerConfig(balancing_interval=interval) if name else None

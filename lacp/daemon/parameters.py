"""From what a configuration says to what runner, watchers and dataplane take, and what may change.

`configure` of a runner, and of its ports, takes the dictionaries made here; whatever is not in them
holds as long as the team runs.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, assert_never

from lacp.address import Mac
from lacp.config.model import (
    ActivebackupConfig,
    Announce,
    LacpConfig,
    LoadbalanceConfig,
    PlainConfig,
    TeamConfig,
    TeamPort,
)
from lacp.daemon.options import Options
from lacp.dataplane.base import Burst, PortSetup, Setup
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import AggSelectPolicy, Control, Fallback
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.balancer import Balancer
from lacp.runners.base import Runner, RunnerPort
from lacp.runners.lacp import LacpPort, LacpRunner
from lacp.runners.loadbalance import LoadbalanceRunner
from lacp.runners.plain import PlainRunner
from lacp.runners.probation import SETTLING
from lacp.watch.options import ArpPingOptions, EthtoolOptions, NsnaPingOptions, TipcOptions
from lacp.watch.port import PortWatch

#: Keys of `runner` that hold as long as the team runs.
FIXED_KEYS = frozenset({"edition", "control", "lacp_by", "tx_balancer"})
#: Keys that change with the device, where its dataplane is `Adjustable`.
DEVICE_RUNNER_KEY = "tx_hash"
DEVICE_KEYS = ("notify_peers", "mcast_rejoin")

#: A carrier that counts at once: what the kernel does by itself.
_CARRIER = EthtoolOptions()


# The device.


def setup(config: TeamConfig, device: str, address: Mac | None, options: Options) -> Setup:
    """What the dataplane is to make."""
    runner = config.runner
    spreads = runner if isinstance(runner, LoadbalanceConfig | LacpConfig) else LoadbalanceConfig()
    balancer = spreads.tx_balancer
    return Setup(
        device=device,
        runner=runner.name,
        address=address,
        tx_hash=spreads.tx_hash,
        balancing=None if balancer is None else balancer.balancing_interval / 10,
        notify_peers=_burst(config.notify_peers),
        mcast_rejoin=_burst(config.mcast_rejoin),
        take_over=options.take_over,
        recreate=options.recreate,
    )


def _burst(announce: Announce | None) -> Burst | None:
    return None if announce is None else Burst(count=announce.count, interval=announce.interval)


def port_setup(port: TeamPort) -> PortSetup:
    """What the dataplane must know of a port."""
    watched = any(watcher != _CARRIER for watcher in port.link_watch)
    return PortSetup(prio=port.prio, queue_id=port.queue_id, watched=watched)


def port_watch(config: TeamConfig, port: TeamPort) -> PortWatch:
    """The link watchers of a port."""
    return PortWatch(port.name, port.link_watch, config.link_watch_policy)


def watching_takes(port: TeamPort) -> float | None:
    """Seconds until watchers that ask somebody know the answer; None when none of them asks."""
    found = None
    for watcher in port.link_watch:
        match watcher:
            case ArpPingOptions() | NsnaPingOptions():
                wait = watcher.init_wait + watcher.interval * (watcher.missed_max + 1)
                found = max(found or 0.0, wait / 1000)
            case TipcOptions():
                found = found or 0.0
    return found


# The runner.


def make_runner(config: TeamConfig, system: Mac) -> Runner:
    """The runner of a team; `system` is for one that speaks LACP."""
    runner = config.runner
    match runner:
        case PlainConfig(name=name):
            return PlainRunner(name)
        case ActivebackupConfig():
            return ActivebackupRunner(**runner_parameters(config, system))
        case LoadbalanceConfig():
            return LoadbalanceRunner(_balancer(runner))
        case LacpConfig():
            parameters = runner_parameters(config, system)
            edition, control = EDITIONS[runner.edition], Control(runner.control)
            system_config = SystemConfig(edition=edition, control=control, **parameters)
            return LacpRunner(system_config, balancer=_balancer(runner))
        case _:
            assert_never(runner)


def _balancer(runner: LoadbalanceConfig | LacpConfig) -> Balancer | None:
    return None if runner.tx_balancer is None else Balancer()


def runner_parameters(config: TeamConfig, system: Mac) -> dict[str, Any]:
    """The parameters of the runner that can change while it runs."""
    runner = config.runner
    match runner:
        case PlainConfig() | LoadbalanceConfig():
            return {}
        case ActivebackupConfig():
            return {"hwaddr_policy": runner.hwaddr_policy}
        case LacpConfig():
            return {
                "system": system,
                "system_priority": runner.sys_prio,
                "min_ports": runner.min_ports,
                "max_ports": runner.max_ports,
                "aggregate_wait": runner.aggregate_wait,
                "fallback": Fallback(runner.fallback),
                "agg_select_policy": AggSelectPolicy(runner.agg_select_policy),
                "collector_max_delay": runner.collector_max_delay,
                "wait_to_restore": runner.wait_to_restore,
                "revertive": runner.revertive,
            }
        case _:
            assert_never(runner)


def fixed(config: TeamConfig) -> dict[str, object]:
    """By path, what the configuration says of what holds as long as the team runs."""
    keys = (field.name for field in fields(config.runner) if field.name in FIXED_KEYS)
    return {f"runner.{key}": getattr(config.runner, key) for key in keys}


def of_device(config: TeamConfig) -> dict[str, object]:
    """By path, what the configuration says of what an `Adjustable` device can change."""
    its: dict[str, object] = {key: getattr(config, key) for key in DEVICE_KEYS}
    if isinstance(config.runner, LoadbalanceConfig | LacpConfig):
        its[f"runner.{DEVICE_RUNNER_KEY}"] = config.runner.tx_hash
    return its


# Its ports.


def runner_port(config: TeamConfig, port: TeamPort, number: int) -> RunnerPort:
    """A new port of the runner; `number` is for one that speaks LACP."""
    if isinstance(config.runner, LacpConfig):
        lacp = PortConfig(number=number, **_lacp_port(config.runner, port))
        settling = _settling(port)
        return LacpPort(lacp=lacp, prio=port.prio, sticky=port.sticky, settling=settling)
    return RunnerPort(prio=port.prio, sticky=port.sticky)


def port_parameters(config: TeamConfig, port: TeamPort) -> dict[str, Any]:
    """The parameters of a port of the runner that can change while it runs."""
    its = {"prio": port.prio, "sticky": port.sticky}
    if isinstance(config.runner, LacpConfig):
        return its | _lacp_port(config.runner, port) | {"settling": _settling(port)}
    return its


def _settling(port: TeamPort) -> float | None:
    takes = watching_takes(port)
    return None if takes is None else max(SETTLING, takes)


def _lacp_port(runner: LacpConfig, port: TeamPort) -> dict[str, Any]:
    return {
        "key": port.lacp_key,
        "priority": port.lacp_prio,
        "activity": runner.active,
        "short_timeout": runner.fast_rate,
    }

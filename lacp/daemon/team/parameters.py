"""From what a configuration says to what runner, watchers and dataplane take, and what may change.

`configure` of a runner, and of its ports, takes the dictionaries made here; whatever is not in them
holds as long as the team runs.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeGuard, assert_never

from lacp.address import Mac
from lacp.config.model import (
    ActivebackupConfig,
    Announce,
    LacpConfig,
    LoadbalanceConfig,
    PlainConfig,
    RunnerConfig,
    TeamConfig,
    TeamPort,
)
from lacp.daemon.options import Options
from lacp.dataplane.base import Burst, DriverLacp, PortSetup, Setup
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import AggSelectPolicy, Control, Fallback
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.balancer import Balancer
from lacp.runners.base import Runner, RunnerPort
from lacp.runners.lacp import LacpPort, LacpRunner
from lacp.runners.loadbalance import LoadbalanceRunner
from lacp.runners.plain import DriverLacpRunner, PlainRunner
from lacp.runners.probation import SETTLING
from lacp.watch.options import (
    ArpPingOptions,
    EthtoolOptions,
    NsnaPingOptions,
    TipcOptions,
    WatcherOptions,
)
from lacp.watch.port import PortWatch

#: Keys of `runner` that hold as long as the team runs.
FIXED_KEYS = frozenset({"edition", "control", "lacp_by"})
#: Keys of `lacp` that no driver knows: a configuration that sets them wants lacpd to speak.
_OURS_ALONE = (
    "max_ports",
    "control",
    "edition",
    "aggregate_wait",
    "fallback",
    "collector_max_delay",
    "wait_to_restore",
    "revertive",
)
#: Keys that change with the device, where its dataplane is `Adjustable`.
DEVICE_RUNNER_KEYS = ("tx_hash", "tx_balancer")
#: Keys of `runner` that change while the driver of the device speaks LACP.
DRIVER_KEYS = ("tx_hash",)
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
        max_ports=runner.max_ports if isinstance(runner, LacpConfig) else None,
        driver_lacp=_driver_lacp(config, runner) if by_driver(runner) else None,
        take_over=options.take_over,
        recreate=options.recreate,
    )


def by_driver(runner: RunnerConfig) -> TypeGuard[LacpConfig]:
    """Whether the driver of the device speaks LACP, not lacpd."""
    return isinstance(runner, LacpConfig) and runner.lacp_by == "driver"


def _driver_lacp(config: TeamConfig, runner: LacpConfig) -> DriverLacp:
    default = LacpConfig()
    asked = [key for key in _OURS_ALONE if getattr(runner, key) != getattr(default, key)]
    return DriverLacp(
        activity=runner.active,
        short_timeout=runner.fast_rate,
        min_ports=runner.min_ports,
        system_priority=runner.sys_prio,
        system=runner.system,
        keys=frozenset(port.lacp_key for port in config.ports.values()) or frozenset({0}),
        agg_select_policy=runner.agg_select_policy,
        beyond=tuple(asked),
    )


def _burst(announce: Announce | None) -> Burst | None:
    return None if announce is None else Burst(count=announce.count, interval=announce.interval)


def port_setup(port: TeamPort) -> PortSetup:
    """What the dataplane must know of a port."""
    watched = any(watcher != _CARRIER for watcher in port.link_watch)
    settling = max(map(_settles, port.link_watch), default=0.0)
    return PortSetup(prio=port.prio, queue_id=port.queue_id, watched=watched, settling=settling)


def _settles(watcher: WatcherOptions) -> float:
    """Seconds after a loss of carrier until a watcher sees a good link again."""
    match watcher:
        case EthtoolOptions():
            return watcher.delay_up / 1000
        case ArpPingOptions() | NsnaPingOptions():
            return _asking_takes(watcher)
        case TipcOptions():
            return 0.0
        case _:
            assert_never(watcher)


def _asking_takes(watcher: ArpPingOptions | NsnaPingOptions) -> float:
    return (watcher.init_wait + watcher.interval * (watcher.missed_max + 1)) / 1000


def port_watch(config: TeamConfig, port: TeamPort) -> PortWatch:
    """The link watchers of a port."""
    return PortWatch(port.name, port.link_watch, config.link_watch_policy)


def watching_takes(port: TeamPort) -> float | None:
    """Seconds until watchers that ask somebody know the answer; None when none of them asks."""
    found = None
    for watcher in port.link_watch:
        match watcher:
            case ArpPingOptions() | NsnaPingOptions():
                found = max(found or 0.0, _asking_takes(watcher))
            case TipcOptions():
                found = found or 0.0
    return found


# The runner.


def make_runner(config: TeamConfig, system: Mac, beat: float | None = None) -> Runner:
    """The runner of a team; `system` and `beat` are for one that speaks LACP."""
    runner = config.runner
    match runner:
        case PlainConfig(name=name):
            return PlainRunner(name)
        case ActivebackupConfig():
            return ActivebackupRunner(**runner_parameters(config, system))
        case LoadbalanceConfig():
            return LoadbalanceRunner(_balancer(runner))
        case LacpConfig(lacp_by="driver"):
            return DriverLacpRunner()
        case LacpConfig():
            parameters = runner_parameters(config, system)
            edition, control = EDITIONS[runner.edition], Control(runner.control)
            system_config = SystemConfig(edition=edition, control=control, beat=beat, **parameters)
            return LacpRunner(system_config, balancer=_balancer(runner))
        case _:
            assert_never(runner)


def balancing(config: TeamConfig) -> bool:
    """Whether the runner maps hashes to ports by what they carry."""
    runner = config.runner
    if not isinstance(runner, LoadbalanceConfig | LacpConfig) or by_driver(runner):
        return False
    return runner.tx_balancer is not None


def _balancer(runner: LoadbalanceConfig | LacpConfig) -> Balancer | None:
    return None if runner.tx_balancer is None else Balancer()


def runner_parameters(config: TeamConfig, system: Mac) -> dict[str, Any]:
    """The parameters of the runner that can change while it runs."""
    runner = config.runner
    match runner:
        case PlainConfig() | LoadbalanceConfig() | LacpConfig(lacp_by="driver"):
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
    names = [field.name for field in fields(config.runner)]
    if by_driver(config.runner):
        keys = [name for name in names if name not in DRIVER_KEYS]
    else:
        keys = [name for name in names if name in FIXED_KEYS]
    return {f"runner.{key}": getattr(config.runner, key) for key in keys}


def of_device(config: TeamConfig) -> dict[str, object]:
    """By path, what the configuration says of what an `Adjustable` device can change."""
    its: dict[str, object] = {key: getattr(config, key) for key in DEVICE_KEYS}
    if isinstance(config.runner, LoadbalanceConfig | LacpConfig):
        keys = DRIVER_KEYS if by_driver(config.runner) else DEVICE_RUNNER_KEYS
        its |= {f"runner.{key}": getattr(config.runner, key) for key in keys}
    return its


# Its ports.


def runner_port(config: TeamConfig, port: TeamPort, number: int) -> RunnerPort:
    """A new port of the runner; `number` is for one that speaks LACP."""
    if isinstance(config.runner, LacpConfig) and not by_driver(config.runner):
        lacp = PortConfig(number=number, **_lacp_port(config.runner, port))
        settling = _settling(port)
        return LacpPort(lacp=lacp, prio=port.prio, sticky=port.sticky, settling=settling)
    return RunnerPort(prio=port.prio, sticky=port.sticky)


def port_parameters(config: TeamConfig, port: TeamPort) -> dict[str, Any]:
    """The parameters of a port of the runner that can change while it runs."""
    its = {"prio": port.prio, "sticky": port.sticky}
    if isinstance(config.runner, LacpConfig) and not by_driver(config.runner):
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

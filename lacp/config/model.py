"""What a configuration says, as frozen values; names and defaults are teamd's where it has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar

from lacp.address import Mac
from lacp.config.document import Json
from lacp.watch.options import EthtoolOptions, WatcherOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerConfig:
    """`tx_balancer`: spread the hashes over the ports by what each of them carries."""

    #: Tenths of a second between two looks at the load.
    balancing_interval: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainConfig:
    """`runner` of a team whose ports are all alike."""

    #: ``broadcast``, ``roundrobin`` or ``random``.
    name: str = "roundrobin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivebackupConfig:
    """`runner` of a team that uses one port at a time."""

    name: ClassVar[str] = "activebackup"
    #: One of HWADDR_POLICIES.
    hwaddr_policy: str = "same_all"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadbalanceConfig:
    """`runner` of a team that spreads its frames by their hash."""

    name: ClassVar[str] = "loadbalance"
    #: Known fragments only.
    tx_hash: tuple[str, ...] = ("eth", "ipv4", "ipv6")
    tx_balancer: BalancerConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LacpConfig:
    """`runner` of a team that runs LACP."""

    name: ClassVar[str] = "lacp"
    #: Speak first (LACP_Activity).
    active: bool = True
    #: Ask for a LACPDU each second and miss the partner after 3 s, not 30 s and 90 s.
    fast_rate: bool = False
    #: System Priority; lower is stronger.
    sys_prio: int = 65535
    #: The System's address; None takes that of the team.
    system: Mac | None = None
    #: With fewer usable ports the team has no carrier, and withholds Synchronization.
    min_ports: int = 1
    #: Ports beyond this number stand by; None is no limit.
    max_ports: int | None = None
    #: ``independent`` or ``coupled``.
    control: str = "independent"
    #: Edition of IEEE 802.1AX: 2008, 2014, 2014-cor1 or 2020.
    edition: str = "2014"
    #: Seconds a port waits for others to aggregate with.
    aggregate_wait: float = 2.0
    #: What becomes of ports that hear no partner: none, single or static.
    fallback: str = "none"
    #: Tens of microseconds.
    collector_max_delay: int = 0
    #: Seconds (edition 2020).
    wait_to_restore: float = 0.0
    #: Edition 2020.
    revertive: bool = True
    #: One of AGG_SELECT_POLICIES: which LAG has the device when several could.
    agg_select_policy: str = "lacp_prio"
    #: Known fragments only.
    tx_hash: tuple[str, ...] = ("eth", "ipv4", "ipv6")
    tx_balancer: BalancerConfig | None = None
    #: One of LACP_BY.
    lacp_by: str = "lacpd"


RunnerConfig = PlainConfig | ActivebackupConfig | LoadbalanceConfig | LacpConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """`notify_peers` or `mcast_rejoin`: what is sent after a port was enabled."""

    count: int
    #: Milliseconds between two.
    interval: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPort:
    """One entry of `ports`."""

    name: str
    #: Port Priority; lower is stronger.
    lacp_prio: int = 255
    #: The key: ports of one team with different keys do not aggregate.
    lacp_key: int = 0
    #: Higher is preferred (activebackup; lacp with port_config).
    prio: int = 0
    #: Keep the port active while it can be used (activebackup; lacp with port_config).
    sticky: bool = False
    #: The transmit queue that leads to this port.
    queue_id: int | None = None
    #: Its own link watchers, then those of the team; never empty in a whole configuration.
    link_watch: tuple[WatcherOptions, ...] = (EthtoolOptions(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamConfig:
    """One team: one teamd.conf."""

    #: Its name; None takes the first free ``team<N>``.
    device: str | None
    #: 1 and above logs at level debug.
    debug_level: int = 0
    #: The address of the team; None takes that of a port.
    hwaddr: Mac | None = None
    runner: RunnerConfig = PlainConfig()
    #: The link watchers of every port, also of those that join later.
    link_watch: tuple[WatcherOptions, ...] = ()
    #: One of LINK_WATCH_POLICIES.
    link_watch_policy: str = "any"
    notify_peers: Announce | None = None
    mcast_rejoin: Announce | None = None
    #: By name, in the order of the document.
    ports: Mapping[str, TeamPort] = field(default_factory=dict)
    #: One of DATAPLANES; None leaves it to the command line.
    dataplane: str | None = None
    #: The text that was read, or that a change made.
    text: str = field(default="{}", repr=False, compare=False)
    #: Where it came from, for messages.
    source: str = field(default="", compare=False)

    @property
    def document(self) -> Mapping[str, Json]:
        """The text as the document that it is, unknown keys included; to be read."""
        return _document(self.text)

    def port(self, name: str) -> TeamPort:
        """What holds for this port: what is said of it, else what holds for all."""
        default = TeamPort(name=name)
        return self.ports.get(name) or replace(
            default, link_watch=self.link_watch or default.link_watch
        )


@lru_cache(maxsize=1)
def _document(text: str) -> dict[str, Json]:
    # Thousands of teams keep the text alone: few documents are ever asked for, then again and
    # again. The text was found to be in order when it was read.
    found: dict[str, Json] = json.loads(text)
    return found

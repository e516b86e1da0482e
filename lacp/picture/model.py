"""One model of a LAG for lacpd, the kernel's drivers, teamd and Open vSwitch, and its JSON.

What a source cannot know is None, and null in JSON; nothing is ever guessed. The members of the
JSON are the fields here, under their names and in their order; `lacp.picture.reading` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from lacp.address import NO_MAC, Mac
from lacp.info import PortState
from lacp.link import Duplex

#: An object as JSON has it.
Document = dict[str, Any]
#: Modes in which one port carries traffic and the others wait to take over, as bonding and Open
#: vSwitch, and teamd, call them.
BACKUP_MODES = frozenset({"active-backup", "activebackup"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemId:
    """One end of a LAG (6.4.14)."""

    system_priority: int | None = None
    system: Mac | None = None
    key: int | None = None

    @property
    def known(self) -> bool:
        """Whether this is somebody, and not what stands for nobody."""
        return self.system not in (None, NO_MAC)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a link, as it says of itself or as the other one has recorded it (6.4.2.3)."""

    system_priority: int | None = None
    system: Mac | None = None
    key: int | None = None
    port_priority: int | None = None
    port: int | None = None
    #: Its JSON has the names of the bits as well, as `flags`.
    state: PortState | None = None

    @property
    def known(self) -> bool:
        """Whether this is somebody, and not what stands for nobody."""
        return self.system not in (None, NO_MAC)

    def says(self, bit: PortState) -> bool | None:
        """Whether this bit is set; None when the state is not known."""
        return None if self.state is None else bit in self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The link below a port."""

    #: Frames can pass.
    up: bool | None = None
    #: Mb/s.
    speed: int | None = None
    #: None when the interface does not know.
    duplex: Duplex | None = None
    #: The interface is administratively up, whether or not it has carrier.
    admin_up: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The states of a port's machines, under the standard's names."""

    receive: str | None = None
    periodic: str | None = None
    mux: str | None = None
    actor_churn: str | None = None
    partner_churn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherView:
    """A link watcher of a port, and what it has found."""

    name: str | None = None
    up: bool | None = None
    reason: str | None = None
    down_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What moved on a port: a machine went from one state to another."""

    time: str | None = None
    machine: str | None = None
    old: str | None = None
    new: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortView:
    """A port of a LAG."""

    name: str
    ifindex: int | None = None
    link: LinkView = LinkView()
    #: SELECTED, STANDBY or UNSELECTED.
    selected: str | None = None
    selected_reason: str | None = None
    #: The aggregator that the port is attached to, or has selected where that is not told.
    aggregator: int | None = None
    #: Whether user frames are taken from the port, and given to it, whatever decides that.
    collecting: bool | None = None
    distributing: bool | None = None
    actor: End | None = None
    partner: End | None = None
    #: What the partner's last LACPDU says of us: the partner information in it.
    heard: End | None = None
    machines: Machines | None = None
    #: By name, those of IEEE8023-LAG-MIB as in lacpdus_rx, marker_pdus_tx, illegal_rx.
    counters: Mapping[str, int | None] | None = None
    #: Seconds since the last LACPDU came; None as well when none ever did.
    last_rx_age: float | None = None
    #: Seconds since a machine, or without LACP the use of the port, last changed.
    changed_age: float | None = None
    #: Seconds left of each timer, None for one that does not run.
    timers: Mapping[str, float | None] | None = None
    #: Oldest first.
    history: tuple[Change, ...] | None = None
    #: The address that the port bears, and the one that it was built with.
    address: Mac | None = None
    permanent_address: Mac | None = None
    #: Octets.
    mtu: int | None = None
    #: How often the source saw the link go down.
    link_downs: int | None = None
    #: Whether the link watchers, or the driver's monitor, take the port for usable.
    usable: bool | None = None
    link_watches: tuple[WatcherView, ...] | None = None
    prio: int | None = None
    sticky: bool | None = None
    queue_id: int | None = None
    #: Why there is no interface to speak of.
    missing: str | None = None
    #: Why the port is kept out although it could be used, and for how many seconds more.
    held: str | None = None
    held_for: float | None = None
    #: What the interface says when it refuses our frames.
    refusal: str | None = None
    #: Why frames that came were of no use, and how many of each.
    refused: Mapping[str, int] | None = None
    #: The port speaks for the last time: it is about to leave.
    withdrawn: bool | None = None
    #: The source's own words and options for this port, under the source's names.
    settings: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    #: One line for each finding: `lacp.picture.explain` elaborates.
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LagView:
    """A LAG: a team, a bond, however it is called where it was made."""

    name: str
    #: lacpd, bond (the kernel's driver), team (the kernel's, without a daemon that answers), teamd,
    #: ovs, or engine: a system without any daemon (`lacp.protocol.view`).
    source: str
    #: The source's word for how it spreads frames: lacp, 802.3ad, active-backup, balance-tcp.
    mode: str | None = None
    #: Whether LACP is spoken on its ports.
    lacp: bool | None = None
    #: Whether it has carrier.
    up: bool | None = None
    #: Whether the device is administratively up.
    admin_up: bool | None = None
    dataplane: str | None = None
    ifindex: int | None = None
    address: Mac | None = None
    #: Octets.
    mtu: int | None = None
    active_port: str | None = None
    actor: SystemId | None = None
    partner: SystemId | None = None
    #: The aggregator in use.
    aggregator: int | None = None
    min_ports: int | None = None
    max_ports: int | None = None
    edition: str | None = None
    control: str | None = None
    fallback: str | None = None
    agg_select_policy: str | None = None
    #: The partner is this system itself.
    looped: bool | None = None
    #: The number of its network namespace (the inode of /proc/PID/ns/net).
    netns: int | None = None
    #: The source's own options, under the source's names: miimon, xmit_hash_policy, bond_mode.
    settings: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    #: How many ports distribute, and how many there are; counted by `counted`.
    active_ports: int | None = None
    total_ports: int | None = None
    ports: tuple[PortView, ...] = ()
    #: What the source did not let us see and why, a line each.
    unseen: tuple[str, ...] = ()
    #: One line for each finding about the LAG as a whole.
    problems: tuple[str, ...] = ()

    @property
    def speaks_lacp(self) -> bool | None:
        """Whether LACP is spoken on the ports of the LAG; None when nothing tells.

        `lacp` says so, unless its source is older than that member.
        """
        if self.lacp is not None:
            return self.lacp
        if self.mode == "lacp" or any(port.actor is not None for port in self.ports):
            return True
        # Other modes do not tell: teamd speaks LACP in the mode loadbalance of the kernel's driver.
        return False if self.source == "lacpd" and self.mode is not None else None

    def port(self, name: str) -> PortView | None:
        """The port of this name."""
        return next((port for port in self.ports if port.name == name), None)


def counted(lag: LagView, **changes: Any) -> LagView:
    """The LAG, changed, with its ports counted: how many distribute, and how many there are."""
    carrying = [port.distributing for port in changes.get("ports", lag.ports)]
    active = None if None in carrying else sum(map(bool, carrying))
    if not changes and (lag.active_ports, lag.total_ports) == (active, len(carrying)):
        return lag
    return replace(lag, active_ports=active, total_ports=len(carrying), **changes)


def document(value: Any, sparse: bool = False) -> Any:
    """A value of this model, or a collection of them, as JSON has it.

    A `sparse` one is for `lacp.picture.reading`: it has no members that are not known, and no words
    for what it has as a number.
    """
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    # A daemon that is asked for hundreds of ports has other things to do as well: what there is
    # much of comes first.
    names = _NAMES.get(kind)
    if names is not None:
        return _members(value, names, sparse)
    if kind is Mac:
        return str(value)
    if kind is tuple or kind is list:
        return [document(each, sparse) for each in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {
            str(name): each if type(each) in _AS_IT_IS else document(each, sparse)
            for name, each in value.items()
        }
    return _members(value, _names(kind), sparse)


def without_ports(lag: LagView, sparse: bool = False) -> tuple[Document, Document]:
    """What the document of a LAG has before its ports, and what it has behind them."""
    names = _names(LagView)
    at = names.index("ports")
    return _members(lag, names[:at], sparse), _members(lag, names[at + 1 :], sparse)


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _NAMES:
        _NAMES[kind] = tuple(each.name for each in fields(kind))
    return _NAMES[kind]


def _members(value: Any, names: tuple[str, ...], sparse: bool) -> Document:
    found: Document = {}
    for name in names:
        each = getattr(value, name)
        if each is None and sparse:
            continue
        found[name] = each if type(each) in _AS_IT_IS else document(each, sparse)
    if type(value) is End and not sparse:
        found["flags"] = None if value.state is None else list(_flags(value.state))
    return found


#: Types that are JSON already.
_AS_IT_IS = frozenset({type(None), bool, int, float, str})
#: The members of each type that was asked for.
_NAMES: dict[type, tuple[str, ...]] = {}


@cache
def _flags(state: PortState) -> tuple[str, ...]:
    return tuple(state.flags)

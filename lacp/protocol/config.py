"""What a system and a port are told by management: frozen values, checked when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lacp.address import NO_MAC, Mac
from lacp.errors import UsageError
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.protocol.edition import EDITION_2014, Edition
from lacp.protocol.timers import AGGREGATE_WAIT_TIME, FAST_PERIODIC_TIME
from lacp.protocol.variables import AggSelectPolicy, Control, Fallback


def _check(name: str, value: float, low: float, high: float, whole: bool = True) -> None:
    kinds = (int,) if whole else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:
        what = "a whole number" if whole else "a number"
        raise UsageError(f"{name} is {value!r}, expected {what} from {low} to {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemConfig:
    """The administrative parameters of a system. Raises UsageError when one is out of range."""

    #: The system's MAC address: individual and not zero.
    system: Mac
    #: 0..65535, lower is stronger (6.7.1).
    system_priority: int = 0x8000
    edition: Edition = EDITION_2014
    control: Control = Control.INDEPENDENT
    #: Aggregators by identifier, each with its operational key, or with None to take the key of
    #: whoever uses it. None instead of a mapping: one aggregator for each port.
    aggregators: Mapping[int, int | None] | None = None
    #: Below this number of usable ports a LAG withholds Synchronization instead of black-holing.
    min_ports: int = 1
    #: Ports of a LAG beyond this number stand by; None is no limit (6.7.1).
    max_ports: int | None = None
    #: Seconds a port waits for others to aggregate with (Aggregate_Wait_Time).
    aggregate_wait: float = AGGREGATE_WAIT_TIME
    fallback: Fallback = Fallback.NONE
    #: Which LAG has an aggregator when there are fewer aggregators than LAGs.
    agg_select_policy: AggSelectPolicy = AggSelectPolicy.LACP_PRIO_STABLE
    #: Tens of microseconds, sent to the partner (CollectorMaxDelay).
    collector_max_delay: int = 0
    #: Seconds between the return of a link and its use (2020).
    wait_to_restore: float = 0.0
    #: Whether a restored link is used while others are active (2020).
    revertive: bool = True
    #: Put speed and duplex into the operational keys, so that only equal links aggregate.
    speed_in_key: bool = False
    #: Who hears no partner speaks each second: one that comes, or comes back, is found at once and
    #: not within 30 s.
    seeking: bool = False
    #: Whether the partner is told at once that a port distributes, as 2020 has it, and not with the
    #: next LACPDU (independent control).
    announcing: bool = False
    #: Seconds past each whole second at which the ports of the system speak, all of them together:
    #: a process with many systems, and what it wakes, sleeps in between. Each port comes to it step
    #: by step, within the tolerance of the timer; and what is due just before a port has waited
    #: for others to aggregate with, waits for that. None: each keeps the time at which it began.
    beat: float | None = None
    #: State changes remembered for each port.
    history: int = 32

    def __post_init__(self) -> None:
        if not isinstance(self.system, Mac):
            raise UsageError(f"system is {self.system!r}, expected a Mac")
        if self.system == NO_MAC or self.system.group:
            raise UsageError(f"system is {self.system}, expected an individual address")
        _check("system_priority", self.system_priority, 0, 0xFFFF)
        _check("min_ports", self.min_ports, 1, 0xFFFF)
        if self.max_ports is not None:
            _check("max_ports", self.max_ports, self.min_ports, 0xFFFF)
        _check("aggregate_wait", self.aggregate_wait, 0, 3600, whole=False)
        _check("collector_max_delay", self.collector_max_delay, 0, 0xFFFF)
        _check("wait_to_restore", self.wait_to_restore, 0, 32767, whole=False)
        if self.beat is not None:
            _check("beat", self.beat, 0, FAST_PERIODIC_TIME, whole=False)
        _check("history", self.history, 0, 1_000_000)
        if self.agg_select_policy not in tuple(AggSelectPolicy):
            known = ", ".join(AggSelectPolicy)
            raise UsageError(f"agg_select_policy is {self.agg_select_policy!r}, expected {known}")
        if self.fallback is Fallback.SINGLE and self.min_ports > 1:
            raise UsageError(f"min_ports is {self.min_ports}, expected 1 with fallback single")
        if self.aggregators is not None and not self.aggregators:
            raise UsageError("aggregators is empty, expected at least one")
        for identifier, key in (self.aggregators or {}).items():
            _check("aggregator identifier", identifier, 1, 0x7FFFFFFF)
            if key is not None:
                _check(f"key of aggregator {identifier}", key, 0, 0xFFFF)

    @property
    def default_partner(self) -> PortInfo:
        """Partner_Admin of a port that names none: nobody, or with a fallback one who agrees."""
        state = PortState.SHORT_TIMEOUT * self.seeking
        if self.fallback is not Fallback.NONE:
            state |= PortState.AGGREGATION | PortState.SYNCHRONIZATION | PortState.COLLECTING
        return PortInfo(state=PORT_STATES[state])


@dataclass(frozen=True, slots=True, kw_only=True)
class PortConfig:
    """The administrative parameters of a port. Raises UsageError when one is out of range."""

    #: Actor_Port_Number, 1..65535, unique in its system.
    number: int
    #: Actor_Admin_Port_Key: ports that may aggregate share it.
    key: int = 1
    #: 0..65535, lower is stronger (6.7.1).
    priority: int = 0x8000
    #: Speak first (active), or only to a partner that does (passive).
    activity: bool = True
    #: Ask for a LACPDU each second and miss the partner after 3 s, instead of 30 s and 90 s.
    short_timeout: bool = False
    #: False: this port is Individual.
    aggregation: bool = True
    #: Partner_Admin; None takes what the system's fallback implies.
    partner: PortInfo | None = field(default=None)
    #: Higher is preferred by `port_config`; no LACPDU has it.
    prio: int = 0
    #: The LAG of this port is not left for a better one by `port_config`.
    sticky: bool = False

    def __post_init__(self) -> None:
        _check("port number", self.number, 1, 0xFFFF)
        # Key 0 is no key to the standard, and teamd's default.
        _check("key", self.key, 0, 0xFFFF)
        _check("port priority", self.priority, 0, 0xFFFF)
        _check("prio", self.prio, -0x80000000, 0x7FFFFFFF)

    @property
    def state(self) -> PortState:
        """Actor_Admin_Port_State."""
        return PORT_STATES[
            PortState.ACTIVITY * self.activity
            | PortState.SHORT_TIMEOUT * self.short_timeout
            | PortState.AGGREGATION * self.aggregation
        ]


#: Speed codes of the Linux bonding driver's port key, from 1, by Mb/s: keys look familiar.
_SPEEDS = (1, 10, 100, 1000, 2500, 5000, 10000, 14000, 20000, 25000, 40000, 50000, 56000, 100000)
_SPEED_CODES = {speed: code for code, speed in enumerate((*_SPEEDS, 200000, 400000, 800000), 1)}


def key_with_speed(key: int, speed: int | None, full_duplex: bool) -> int:
    """The operational key: 10 bits of `key`, 5 of speed code, 1 of duplex (bonding's layout)."""
    return (key & 0x3FF) << 6 | _SPEED_CODES.get(speed or 0, 0) << 1 | full_duplex

"""The options of the link watchers, as teamd.conf has them: names, defaults, units are teamd's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EthtoolOptions:
    """Watch the carrier."""

    #: Milliseconds that the carrier must have been there, or gone, before it counts.
    delay_up: int = 0
    delay_down: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArpPingOptions:
    """Ask an IPv4 neighbour for its address, and listen for the answer."""

    #: Name or IPv4 address.
    target_host: str
    source_host: str = "0.0.0.0"
    #: Milliseconds between two questions.
    interval: int = 1000
    #: Milliseconds before the first one.
    init_wait: int = 0
    #: Questions in a row that may go without an answer.
    missed_max: int = 3
    #: Take only true answers of `target_host`, on ports that carry traffic, and on others.
    validate_active: bool = False
    validate_inactive: bool = False
    #: Ask also on ports that carry no traffic while another one does.
    send_always: bool = False
    #: 0..4095; None asks untagged.
    vlanid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NsnaPingOptions:
    """Ask an IPv6 neighbour for its address, and listen for the answer."""

    #: Name or IPv6 address, with %scope where one is needed.
    target_host: str
    interval: int = 1000
    init_wait: int = 0
    missed_max: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TipcOptions:
    """Watch the TIPC links over a bearer."""

    #: As TIPC names it, without ``eth:``.
    tipc_bearer: str


WatcherOptions = EthtoolOptions | ArpPingOptions | NsnaPingOptions | TipcOptions

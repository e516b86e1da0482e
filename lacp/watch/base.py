"""What every link watcher offers, and what the watchers of a port tell their driver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from lacp.link import Link
from lacp.watch.hosts import Host
from lacp.watch.options import WatcherOptions


class Hears(StrEnum):
    """What a watcher needs to hear beside the carrier; `lacp.backends.kinds` has the same names."""

    #: ARP frames of the port, tags included.
    ARP = "arp"
    #: ICMPv6 Neighbour Advertisements of the port.
    ND = "nd"
    #: The links of TIPC.
    TIPC = "tipc"


@dataclass(frozen=True, slots=True)
class Probe:
    """Put this Ethernet frame (from destination address, without FCS) on the port's wire now."""

    port: str
    frame: bytes
    time: float


@dataclass(frozen=True, slots=True)
class Listen:
    """Pass frames of these kinds to the watchers of the port from now on, and of no others."""

    port: str
    kinds: frozenset[Hears]
    #: Only frames of these hosts are wanted, as octets of their addresses: of ARP frames those that
    #: have one as the sender, of advertisements those about one. Where there is none of a version
    #: of IP, all frames of that version are.
    hosts: frozenset[bytes]
    time: float


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find the address of this host, and tell it with `PortWatch.resolved`; without waiting."""

    port: str
    host: Host
    time: float


@dataclass(frozen=True, slots=True)
class WatcherChanged:
    """One link watcher of the port has another opinion."""

    port: str
    #: Its place among the watchers of the port, from 0: teamd's ``link_watch_N``.
    index: int
    #: The kind: ``ethtool``, ``arp_ping``, ``nsna_ping`` or ``tipc``.
    name: str
    up: bool
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class VerdictChanged:
    """The summary of all link watchers of the port changed."""

    port: str
    up: bool
    time: float


WatchNews = WatcherChanged | VerdictChanged
WatchEvent = Listen | Probe | Resolve | WatchNews


class Watcher:
    """One link watcher of one port, driven by the `PortWatch` that owns it.

    What it has to say it appends to the list of events that its owner gave it.
    """

    __slots__ = ("_events", "down_count", "index", "port", "reason", "up")

    options: WatcherOptions

    #: As teamd.conf names it.
    name: ClassVar[str]
    #: What must be passed to it.
    hears: ClassVar[Hears | None] = None

    def __init__(self, port: str, index: int, events: list[WatchEvent]) -> None:
        self.port = port
        self.index = index
        self.up = False
        #: How often it went down.
        self.down_count = 0
        #: Why it is up or down, as one line.
        self.reason = "nothing is known of the interface yet"
        self._events = events

    def __repr__(self) -> str:
        return f"<{self.name} of {self.port}: {'up' if self.up else 'down'}, {self.reason}>"

    @property
    def listens(self) -> frozenset[bytes] | None:
        """The hosts whose frames it wants now: empty for those of all, None when it wants none."""
        return None

    def start(self, now: float) -> None:
        """Ask for what is needed before anything can be watched."""

    def appeared(self, link: Link, now: float) -> None:
        """Take the first observation of an interface: at the start, or after `vanished`."""
        self.link_changed(link, now)

    def link_changed(self, link: Link, now: float) -> None:
        """Take another observation of the interface."""

    def vanished(self, now: float) -> None:
        """There is no interface any more."""
        self._say(False, "there is no interface", now)

    def receive(self, frame: bytes, now: float) -> None:
        """Take a frame that arrived on the port. Whatever it holds, it never raises."""

    def tipc_changed(self, link: str, up: bool, now: float) -> None:
        """Take news of a TIPC link."""

    def use_changed(self, enabled: bool, alone: bool, now: float) -> None:
        """Take whether the port carries traffic, and whether no other port of the team does."""

    def resolved(self, host: Host, address: str | None, now: float) -> None:
        """Take the address of a host, None when it has none or nobody could tell."""

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire."""

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        return None

    def _say(self, up: bool, reason: str, now: float) -> None:
        self.reason = reason
        if up is self.up:
            return
        self.up = up
        self.down_count += not up
        self._events.append(WatcherChanged(self.port, self.index, self.name, up, reason, now))

"""What every link watcher offers, and what the watchers of a port tell their driver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lacp.link import Link
from lacp.watch.options import WatcherOptions


class Hears(StrEnum):
    """What a watcher needs to hear beside the carrier."""

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
WatchEvent = Probe | WatchNews


class Watcher(Protocol):
    """One link watcher of one port. What it is told it answers from `advance` and `take`."""

    #: As teamd.conf names it.
    name: str
    options: WatcherOptions
    hears: Hears | None
    up: bool
    #: How often it went down.
    down_count: int

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""


class PortWatch(Protocol):
    """All link watchers of one port (`lacp.watch.port.PortWatch`), driven like an engine."""

    port: str
    watchers: tuple[Watcher, ...]

    @property
    def up(self) -> bool:
        """The verdict: any watcher is up, or all, as ``link_watch_policy`` has it."""

    @property
    def link(self) -> Link:
        """The link as those that watch the carrier, with their delays, let it be seen."""

    @property
    def hears(self) -> frozenset[Hears]:
        """What must be passed to it."""

    def receive(self, frame: bytes, now: float) -> None:
        """Take a frame that arrived on the port. Whatever it holds, it never raises."""

    def link_changed(self, link: Link, now: float) -> None:
        """Take a new observation of the interface."""

    def tipc_changed(self, link: str, up: bool, now: float) -> None:
        """Take news of a TIPC link, under the name that TIPC gives it."""

    def use_changed(self, enabled: bool, alone: bool, now: float) -> None:
        """Take whether the port carries traffic, and whether no other port of the team does."""

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""

    def events(self) -> Iterator[WatchEvent]:
        """Take the events since the last time, in order."""

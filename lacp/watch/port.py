"""All link watchers of one port, and what they amount to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from lacp.address import NO_MAC
from lacp.link import DOWN, Link
from lacp.watch.arp_ping import ArpPingWatcher
from lacp.watch.base import Hears, Listen, VerdictChanged, Watcher, WatchEvent
from lacp.watch.ethtool import EthtoolWatcher
from lacp.watch.hosts import Host
from lacp.watch.nsna_ping import NsnaPingWatcher
from lacp.watch.options import (
    ArpPingOptions,
    EthtoolOptions,
    NsnaPingOptions,
    TipcOptions,
    WatcherOptions,
)
from lacp.watch.tipc import TipcWatcher

#: Kinds of frames, and of which hosts.
_Wanted = tuple[frozenset[Hears], frozenset[bytes]]
_SILENCE: _Wanted = (frozenset(), frozenset())


class PortWatch:
    """Watches one port with any number of watchers, driven like an engine.

    `policy` is teamd's ``link_watch_policy``: the port can be used when ``any`` watcher is up, or
    when ``all`` are. Without a watcher it can be used while its interface is there.

    `now` is seconds on any monotonic scale. An interface that does not exist is a link whose
    address is `lacp.address.NO_MAC`: all watchers are down, without delay. For each `Resolve`
    among the events the driver finds an address and calls `resolved`. Raises UsageError for a
    watcher that asks without interval.
    """

    __slots__ = (
        "_begun",
        "_events",
        "_last_up",
        "_listening",
        "_order",
        "_raw",
        "_up",
        "policy",
        "port",
        "watchers",
    )

    def __init__(self, port: str, options: Sequence[WatcherOptions], policy: str = "any") -> None:
        self.port = port
        self.policy = policy
        self._events: list[WatchEvent] = []
        self.watchers: tuple[Watcher, ...] = tuple(
            _watcher(port, index, one, self._events) for index, one in enumerate(options)
        )
        self._raw = DOWN
        #: The last link that was up: what is known of one that an ethtool watcher holds up.
        self._last_up = DOWN
        self._up = False
        self._begun = False
        #: What was asked to be heard last, and the order for it that has not been taken yet.
        self._listening = _SILENCE
        self._order: Listen | None = None

    def __repr__(self) -> str:
        return f"<PortWatch {self.port}: {'up' if self._up else 'down'}, {list(self.watchers)}>"

    @property
    def up(self) -> bool:
        """The verdict: any watcher is up, or all, as the policy has it."""
        return self._up

    @property
    def link(self) -> Link:
        """The link as those that watch the carrier, with their delays, let it be seen."""
        ethtool = [watcher.up for watcher in self.watchers if isinstance(watcher, EthtoolWatcher)]
        if not ethtool or any(ethtool) is self._raw.up:
            return self._raw
        if self._raw.up:
            return replace(self._raw, up=False)
        return replace(self._last_up, address=self._raw.address)

    @property
    def hears(self) -> frozenset[Hears]:
        """What it may ever want to hear; the `Listen` among the events say what it wants now."""
        return frozenset(it.hears for it in self.watchers if it.hears is not None)

    def link_changed(self, link: Link, now: float) -> None:
        """Take a new observation of the interface, the first one included."""
        self.advance(now)
        there = self._raw.address != NO_MAC
        self._raw = link
        if link.up:
            self._last_up = link
        for watcher in self.watchers:
            if not self._begun:
                watcher.start(now)
            if link.address == NO_MAC:
                watcher.vanished(now)
            elif there:
                watcher.link_changed(link, now)
            else:
                watcher.appeared(link, now)
        self._begun = True
        self._settle(now)

    def receive(self, frame: bytes, now: float) -> None:
        """Take a frame that arrived on the port. Whatever it holds, it never raises."""
        self.advance(now)
        for watcher in self.watchers:
            watcher.receive(frame, now)
        self._settle(now)

    def tipc_changed(self, link: str, up: bool, now: float) -> None:
        """Take news of a TIPC link, under the name that TIPC gives it."""
        for watcher in self.watchers:
            watcher.tipc_changed(link, up, now)
        self._settle(now)

    def use_changed(self, enabled: bool, alone: bool, now: float) -> None:
        """Take whether the port carries traffic, and whether no other port of the team does.

        Until it is said, the port does not and no other one does.
        """
        self.advance(now)
        for watcher in self.watchers:
            watcher.use_changed(enabled, alone, now)
        self._settle(now)

    def resolved(self, host: Host, address: str | None, now: float) -> None:
        """Take the address that a `Resolve` asked for; None when there is none for now.

        The question is asked again after a while.
        """
        for watcher in self.watchers:
            watcher.resolved(host, address, now)
        self._settle(now)

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""
        for watcher in self.watchers:
            watcher.advance(now)
        self._settle(now)

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        deadlines = (watcher.next_deadline() for watcher in self.watchers)
        return min((at for at in deadlines if at is not None), default=None)

    def events(self) -> Iterator[WatchEvent]:
        """Take the events since the last time, in order; what to listen to is said first."""
        if self._order is not None:
            order, self._order = self._order, None
            yield order
        while self._events:
            yield self._events.pop(0)

    def _settle(self, now: float) -> None:
        """Say it when the watchers amount to something else."""
        opinions = [watcher.up for watcher in self.watchers]
        decide = any if self.policy == "any" else all
        up = decide(opinions) if opinions else self._raw.address != NO_MAC
        if up is not self._up:
            self._up = up
            self._events.append(VerdictChanged(self.port, up, now))
        kinds, hosts = listening = self._wanted()
        if listening != self._listening:
            self._listening = listening
            self._order = Listen(self.port, kinds, hosts, now)

    def _wanted(self) -> _Wanted:
        """The kinds of frames that any watcher wants now, and of which hosts."""
        if all(watcher.hears is None for watcher in self.watchers):
            return _SILENCE
        kinds: set[Hears] = set()
        hosts: set[bytes] = set()
        anybody = False
        for watcher in self.watchers:
            wanted = watcher.listens
            if wanted is None or watcher.hears is None:
                continue
            kinds.add(watcher.hears)
            hosts |= wanted
            anybody = anybody or (watcher.hears is Hears.ARP and not wanted)
        if anybody:
            hosts = {host for host in hosts if len(host) != 4}
        return frozenset(kinds), frozenset(hosts)


def _watcher(port: str, index: int, options: WatcherOptions, events: list[WatchEvent]) -> Watcher:
    match options:
        case EthtoolOptions():
            return EthtoolWatcher(port, index, options, events)
        case ArpPingOptions():
            return ArpPingWatcher(port, index, options, events)
        case NsnaPingOptions():
            return NsnaPingWatcher(port, index, options, events)
        case TipcOptions():
            return TipcWatcher(port, index, options, events)
        case _:
            assert_never(options)

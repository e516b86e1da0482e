"""What the watchers that ask a neighbour have in common: when they ask, and what they make of it.

The pattern is teamd's. A timer ticks: an answer since the last tick is a neighbour that is there,
a tick without one is a miss, and more than `missed_max` misses in a row are a neighbour that is
not. At each tick the next question goes out, if the port is one that asks. Unlike teamd's the
timer runs only while there is carrier, an answer counts at once, and a port that begins to ask
does so at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from lacp.errors import UsageError
from lacp.link import DOWN, Link
from lacp.watch.base import Probe, Resolve, Watcher, WatchEvent
from lacp.watch.hosts import Host, Hosts
from lacp.watch.options import ArpPingOptions, NsnaPingOptions

#: Frames of an interval after which the rest is not listened to: when one of them was an answer,
#: and when none was.
ENOUGH = 16
TOO_MANY = 256


class Prober(Watcher, ABC):
    """Asks a neighbour at intervals and listens for its answers."""

    options: ArpPingOptions | NsnaPingOptions

    def __init__(
        self,
        port: str,
        index: int,
        options: ArpPingOptions | NsnaPingOptions,
        events: list[WatchEvent],
        target: Host,
        source: Host | None = None,
    ) -> None:
        super().__init__(port, index, events)
        if options.interval < 1:
            raise UsageError(f"{self.name}: interval is {options.interval}, expected 1 or more ms")
        self.options = options
        #: Ticks in a row without an answer.
        self.missed = 0
        self._enabled = False
        self._alone = True
        self._link = DOWN
        self._target = target
        self._hosts = Hosts([target] if source is None else [target, source])
        self._interval = options.interval / 1000
        self._tick: float | None = None
        #: Whether the wait before the first question is over.
        self._started = False
        self._heard = False
        #: Frames that were passed on since the last tick.
        self._frames = 0

    @property
    def target_host(self) -> str:
        """The address that is asked for, or as long as that is not known the name."""
        return self._hosts.text(self._target)

    @property
    def listens(self) -> frozenset[bytes] | None:
        """Nothing without carrier, before every address is known, and when there was too much."""
        if self._tick is None or self._hosts.unknown:
            return None
        if self._frames >= (ENOUGH if self._heard else TOO_MANY):
            return None
        return self._wanted()

    # What a watcher that asks has to say.

    @property
    def _asks(self) -> bool:
        """Whether questions go out under the port's address: it carries traffic, or none does."""
        return self._enabled or self._alone

    @abstractmethod
    def _question(self) -> bytes | None:
        """The frame to send at a tick; None when the port is to be silent now."""

    def _wanted(self) -> frozenset[bytes]:
        """The hosts whose frames can count; empty when those of anybody can."""
        return frozenset({self._hosts[self._target]})

    @abstractmethod
    def _answers(self, frame: bytes) -> bool:
        """Whether this frame says that the neighbour can be reached through the port."""

    # What it is told.

    def start(self, now: float) -> None:
        """Ask for the addresses of names."""
        self._resolve(self._hosts.unknown, now)

    def link_changed(self, link: Link, now: float) -> None:
        """Begin with the carrier, end with it."""
        came, self._link = link.up and not self._link.up, link
        if not link.up:
            self._stop()
            self._say(False, "no carrier", now)
        elif came:
            self.missed = 0
            self._tick = now + self.options.init_wait / 1000
            self._say(False, f"no answer from {self.target_host} yet", now)
            self.advance(now)

    def vanished(self, now: float) -> None:
        """Nobody can be asked."""
        self._link = DOWN
        self._stop()
        super().vanished(now)

    def use_changed(self, enabled: bool, alone: bool, now: float) -> None:
        """Ask at once when the port is one that asks from now on."""
        asked = self._asks
        self._enabled, self._alone = enabled, alone
        if self._started and self._asks and not asked:
            self._tick = now + self._interval
            self._ask(now)

    def receive(self, frame: bytes, now: float) -> None:
        """Let an answer count, at once unless the first question is still to come."""
        if self.listens is None:
            return
        self._frames += 1
        if not self._answers(frame):
            return
        self._heard = True
        if self._started:
            self._answered(now)

    def resolved(self, host: Host, address: str | None, now: float) -> None:
        """Ask as soon as every address is known."""
        waited = bool(self._hosts.unknown)
        self._hosts.resolved(host, address, now)
        if waited and not self._hosts.unknown and self._started:
            self.missed = 0
            self._tick = now
            self.advance(now)

    def advance(self, now: float) -> None:
        """Tick; a tick that comes late is one tick, however many it should have been."""
        self._resolve(self._hosts.due(now), now)
        if self._tick is None or now < self._tick:
            return
        self._tick += self._interval
        if self._tick <= now:
            self._tick = now + self._interval
        self._started = True
        self._frames = 0
        if self._heard:
            self._heard = False
            self._answered(now)
        else:
            self._miss(now)
        self._ask(now)

    def next_deadline(self) -> float | None:
        """The next tick, or the next attempt to find an address."""
        deadlines = (self._tick, self._hosts.next_deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def _resolve(self, hosts: list[Host], now: float) -> None:
        self._events.extend(Resolve(self.port, host, now) for host in hosts)

    def _stop(self) -> None:
        self._tick = None
        self._started = self._heard = False
        self._frames = 0

    def _answered(self, now: float) -> None:
        self.missed = 0
        self._say(True, f"{self.target_host} answers", now)

    def _miss(self, now: float) -> None:
        self.missed += 1
        if unknown := self._hosts.unknown:
            host = unknown[0]
            self._say(False, f"the IPv{host.version} address of {host.name} is not known", now)
        elif self.missed > self.options.missed_max:
            times = "probe" if self.missed == 1 else "probes in a row"
            said = f"{self.missed} {times} without an answer from {self.target_host}"
            self._say(False, said, now)

    def _ask(self, now: float) -> None:
        if self._hosts.unknown:
            return
        frame = self._question()
        if frame is not None:
            self._events.append(Probe(self.port, frame, now))

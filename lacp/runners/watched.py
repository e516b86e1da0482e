"""What the runners have in common whose ports are judged by their link watchers alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from math import inf
from types import MappingProxyType
from typing import Any

from lacp.errors import UsageError
from lacp.link import DOWN, Duplex, Link
from lacp.protocol.events import LinkChanged, PortAdded, PortRemoved
from lacp.runners.base import CarrierChanged, PortEnabled, RunnerEvent, RunnerPort


@dataclass(slots=True, eq=False)
class WatchedPort:
    """What is known of one port."""

    name: str
    settings: RunnerPort
    #: As last observed.
    link: Link = DOWN
    #: Mb/s and duplex when the link was up last: on its way down it says neither.
    speed: int | None = None
    duplex: Duplex = Duplex.UNKNOWN
    #: The summary of its link watchers.
    verdict: bool = False
    withdrawn: bool = False
    #: Whether it carries traffic, as of the last event.
    enabled: bool = False

    @property
    def usable(self) -> bool:
        """Whether it could carry traffic."""
        return self.verdict and not self.withdrawn


class WatchedRunner(ABC):
    """A runner without timers and frames of its own; `_settle` decides, after each piece of news.

    Carrier is told last, when all that was told before is decided: a port that takes over from
    another in one call is no loss of carrier.
    """

    name: str

    def __init__(self) -> None:
        self._ports: dict[str, WatchedPort] = {}
        self._events: deque[RunnerEvent] = deque()
        self._now = -inf
        self._carrier = False

    @property
    def ports(self) -> Mapping[str, WatchedPort]:
        """The ports by name, in the order in which they came, to be read."""
        return MappingProxyType(self._ports)

    @property
    def carrier(self) -> bool:
        """Whether the team device can be used, as of the last event."""
        return self._carrier

    def enabled(self, port: str) -> tuple[bool, bool]:
        """Whether user frames are (collected, distributed) at the port, as of the last event."""
        found = self._ports.get(port)
        return (found.enabled, found.enabled) if found is not None else (False, False)

    # The engine.

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        """Slow-protocol frames mean nothing here."""
        self._at(port, now)
        return False

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`; an equal one changes nothing."""
        found = self._at(port, now)
        if link == found.link:
            return
        found.link = link
        if link.up:
            found.speed, found.duplex = link.speed or None, link.duplex
        self._say(LinkChanged(port, link, now))
        self._settle(found)

    def verdict_changed(self, port: str, up: bool, now: float) -> None:
        """Take the summary of the port's link watchers; the same again changes nothing."""
        found = self._at(port, now)
        if up is not found.verdict:
            found.verdict = up
            self._settle(found)

    def partner_begins(self, port: str) -> bytes:
        """No LACPDU is looked at."""
        return b""

    def device_changed(self, up: bool, now: float) -> None:
        """A device that is down sends nothing; which ports could is the same."""
        self._tick(now)

    def loads(self, octets: Mapping[int, int], now: float) -> None:
        """Nothing is decided by the load."""
        self._tick(now)

    def advance(self, now: float) -> None:
        """There is no timer."""
        self._tick(now)

    def tick(self, now: float) -> float | None:
        """Nothing is ever sent."""
        self._tick(now)
        return None

    def next_deadline(self) -> float | None:
        """There is no timer."""
        return None

    def events(self) -> Iterator[RunnerEvent]:
        """Take the events since the last time, in order."""
        while self._events:
            yield self._events.popleft()
        enabled = sum(port.enabled for port in self._ports.values())
        if (enabled > 0) is not self._carrier:
            self._carrier = enabled > 0
            reason = f"{enabled} of {len(self._ports)} ports carry traffic"
            yield CarrierChanged(self._carrier, reason, self._now)

    # Management.

    def add_port(self, name: str, port: RunnerPort, now: float) -> None:
        """Add a port; its link and verdict are down. Raises UsageError when its name is taken."""
        self._tick(now)
        if name in self._ports:
            raise UsageError(f"port {name} exists already")
        added = self._ports[name] = WatchedPort(name, port)
        self._say(PortAdded(name, now))
        self._added(added)

    def withdraw_port(self, name: str, now: float) -> None:
        """Use the port no longer."""
        found = self._at(name, now)
        found.withdrawn = True
        self._settle(found)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port. Who takes over from it does so before."""
        found = self._at(name, now)
        found.withdrawn = True
        self._settle(found)
        del self._ports[name]
        self._say(PortRemoved(name, now))

    def configure(self, now: float, **changes: Any) -> None:
        """Raises UsageError: there are no parameters."""
        self._tick(now)
        if changes:
            raise UsageError(f"no parameter {', '.join(changes)} of runner {self.name}")

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change `prio` or `sticky` of a port. Raises UsageError for anything else."""
        self.configure_ports({name: changes}, now)

    def configure_ports(self, changes: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Change `prio` or `sticky` of ports. Raises UsageError, changing nothing, for others."""
        known = {field.name for field in fields(RunnerPort)}
        settings: list[tuple[WatchedPort, RunnerPort]] = []
        for name, its in changes.items():
            found = self._at(name, now)
            unknown = its.keys() - known
            if unknown:
                raise UsageError(f"no parameter {', '.join(sorted(unknown))}")
            settings.append((found, replace(found.settings, **its)))
        changed = [port for port, new in settings if new != port.settings]
        for port, new in settings:
            port.settings = new
        if changed:
            self._configured(changed[0])

    def activate(self, port: str, now: float) -> None:
        """Raises UsageError: all ports that can be used are."""
        raise UsageError(f"port {port} cannot be made active: runner {self.name} uses all ports")

    def quiet(self, ports: Iterable[str]) -> bool:
        """No port ever holds back a frame."""
        return True

    def transmitted(self, name: str, now: float) -> None:
        """Of no consequence: no frame is ever sent."""
        self._at(name, now)

    def transmit_failed(self, name: str, frame: bytes, now: float) -> None:
        """Of no consequence: no frame is ever sent."""
        self._at(name, now)

    # For the runners that are one of these.

    @abstractmethod
    def _added(self, port: WatchedPort) -> None:
        """A port came."""

    def _configured(self, port: WatchedPort) -> None:
        """Decide anew: `prio` or `sticky` of this port, and perhaps of others, changed."""
        self._settle(port)

    @abstractmethod
    def _settle(self, port: WatchedPort) -> None:
        """Decide anew after news of `port`. Raises nothing."""

    def _enable(self, port: WatchedPort, enabled: bool) -> None:
        if enabled is not port.enabled:
            port.enabled = enabled
            self._say(PortEnabled(port.name, enabled, enabled, self._now))

    def _say(self, event: RunnerEvent) -> None:
        self._events.append(event)

    def _tick(self, now: float) -> None:
        if now < self._now:
            raise UsageError(f"time went back from {self._now} to {now}")
        self._now = now

    def _at(self, name: str, now: float) -> WatchedPort:
        """The port called `name`, at `now`."""
        self._tick(now)
        port = self._ports.get(name)
        if port is None:
            raise UsageError(f"no port {name!r}, there are {', '.join(self._ports) or 'none'}")
        return port

"""One node of a network: an engine, what is done to it, and what it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from lacp.address import Mac
from lacp.errors import UsageError
from lacp.link import Link
from lacp.protocol.engine import Engine
from lacp.protocol.events import MuxChanged, Transmit
from lacp.protocol.system import System
from lacp.runners.base import Runner, RunnerNews

if TYPE_CHECKING:
    from lacp.sim.network import Network


def address(node: int, port: int = 0) -> Mac:
    """The address of the `node`th node of a network, or of one of its ports."""
    return Mac(bytes((2, 0, *node.to_bytes(2, "big"), *port.to_bytes(2, "big"))))


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of one node."""

    time: float
    node: str
    event: RunnerNews


class Node:
    """An engine in the network, with what the network has told it."""

    def __init__(
        self, network: Network, name: str, number: int, build: Callable[[float], Engine | Runner]
    ) -> None:
        self._network = network
        self.name = name
        self.number = number
        self._build = build
        self.engine = build(network.now)
        self.ports: dict[str, Mac] = {}
        #: What the last MuxChanged of each port said.
        self.mux: dict[str, MuxChanged] = {}
        #: Whether frames and link changes wait for the node to wake.
        self.frozen = False
        #: Whether the node is dead: nothing reaches it.
        self.dead = False
        self._backlog: deque[Callable[[float], object]] = deque()
        self._frozen_until = 0.0
        self._wake_at = inf

    def __repr__(self) -> str:
        return f"<Node {self.name}: {', '.join(self.ports)}>"

    @property
    def system(self) -> System:
        """The engine, for a node that is a System."""
        if not isinstance(self.engine, System):
            raise UsageError(f"node {self.name} is a {type(self.engine).__name__}, no System")
        return self.engine

    def add_port(self, port: str) -> None:
        """Let cables be plugged into `port`, which the engine knows."""
        if port in self.ports:
            raise UsageError(f"node {self.name} has a port {port} already")
        self.ports[port] = address(self.number, len(self.ports) + 1)

    # Management.

    def manage(self, change: Callable[[System, float], object]) -> None:
        """Call `change(system, now)` and carry out what it leads to."""
        change(self.system, self._network.now)
        self._drain()

    def configure(self, **changes: Any) -> None:
        """Change parameters of the system."""
        self.manage(lambda system, now: system.configure(now, **changes))

    def configure_port(self, port: str, **changes: Any) -> None:
        """Change parameters of a port."""
        self.manage(lambda system, now: system.configure_port(port, now, **changes))

    # Faults.

    def freeze(self, seconds: float = inf) -> None:
        """Process nothing for that long; then catch up with all that came in between."""
        until = self._network.now + seconds
        self._frozen_until = max(until, self._frozen_until) if self.frozen else until
        self.frozen = True
        if seconds < inf:
            self._network.at(until, self._thaw_in_time)

    def _thaw_in_time(self) -> None:
        if self.frozen and self._network.now >= self._frozen_until:
            self.thaw()

    def thaw(self) -> None:
        """Wake a frozen node: it sees what came meanwhile, in its order and all at once."""
        self.frozen = False
        backlog, self._backlog = self._backlog, deque()
        for each in backlog:
            each(self._network.now)
        self._advance()

    def stop(self, *, goodbye: bool = False) -> None:
        """End the node's process; carrier stays. With `goodbye`, its partners are told."""
        if goodbye and not self.dead:
            for port in self.ports:
                self.manage(partial(_withdraw, port))
        self.dead = True
        self._wake_at = inf
        self._backlog.clear()
        self.frozen = False
        self.mux.clear()

    def start(self) -> None:
        """Start a fresh engine, which knows nothing of the time before."""
        self.engine = self._build(self._network.now)
        self.dead = False
        # What management did to the dead engine may have set it.
        self._wake_at = inf
        self._drain()
        for port in self.ports:
            self.link_changed(port, self._network.link((self.name, port)))

    def restart(self, *, goodbye: bool = False, downtime: float = 0.0) -> None:
        """Stop, and start afresh `downtime` seconds later."""
        self.stop(goodbye=goodbye)
        if downtime:
            self._network.at(self._network.now + downtime, self.start)
        else:
            self.start()

    # What the network tells the engine.

    def receive(self, port: str, frame: bytes) -> None:
        """A frame arrived on `port`."""
        if self.frozen:
            self._backlog.append(partial(self.engine.receive, port, frame))
        elif not self.dead and self.engine.receive(port, frame, self._network.now):
            self._drain()

    def link_changed(self, port: str, link: Link) -> None:
        """The link below `port` is now this."""
        if link.up:
            link = replace(link, address=self.ports[port])
        if self.frozen:
            self._backlog.append(partial(self.engine.link_changed, port, link))
        elif not self.dead:
            self.engine.link_changed(port, link, self._network.now)
            self._drain()

    def _wake(self, at: float) -> None:
        """A deadline of the engine, unless another has taken its place."""
        if at == self._wake_at:
            self._advance()

    def _advance(self) -> None:
        if not self.frozen and not self.dead:
            self._wake_at = inf
            self.engine.advance(self._network.now)
            self._drain()
            if self._wake_at <= self._network.now:
                raise RuntimeError(f"{self!r} is still due at {self._wake_at} after advance")

    def _drain(self) -> None:
        """Carry out what the engine wants, and see when it must be woken."""
        for event in self.engine.events():
            if isinstance(event, Transmit):
                self._network.transmit((self.name, event.port), event.frame)
                continue
            if isinstance(event, MuxChanged):
                self.mux[event.port] = event
            self._network.note(Logged(event.time, self.name, event))
        deadline = self.engine.next_deadline()
        if deadline is not None and deadline < self._wake_at:
            self._wake_at = deadline
            self._network.wake_at(deadline, partial(self._wake, deadline))


def _withdraw(port: str, system: System, now: float) -> None:
    system.withdraw_port(port, now)

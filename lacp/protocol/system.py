"""A system of ports and aggregators: the engine, without I/O and without a clock.

Every call takes `now`: seconds on any scale that does not go back. Its order is always time first
(the port's due timers fire), then the news, then settle: step the machines of the port concerned
(receive, periodic, mux, churn), then the Selection Logic for its LAG, until nothing moves; then
send.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count
from math import inf
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from lacp.errors import UsageError
from lacp.info import PortState
from lacp.link import DOWN, Duplex, Link
from lacp.protocol import marker, receive
from lacp.protocol.absent import Absent
from lacp.protocol.aggregator import Aggregator
from lacp.protocol.config import Administration, PortConfig, SystemConfig
from lacp.protocol.events import Event, FrameDropped, LinkChanged, PortAdded, PortRemoved, Transmit
from lacp.protocol.port import Port
from lacp.protocol.receive import LISTENING, ReceiveState
from lacp.protocol.selection import Selection
from lacp.protocol.timers import LONG_TIMEOUT_TIME, SHORT_TIMEOUT_TIME, Clock, Timer
from lacp.protocol.transmit import transmit
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker

#: Seconds before a LACPDU that the interface refused is tried again.
_RETRY = 0.25

_PERIODIC_ALONE = 1 << Timer.PERIODIC

_Config = TypeVar("_Config", SystemConfig, PortConfig)


class Engine(Protocol):
    """What decides, as its driver sees it."""

    def receive(self, port: str, frame: bytes, now: float) -> None:
        """Take an Ethernet frame (from destination address, without FCS) that arrived on `port`."""

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`."""

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; any other call may change the answer."""

    def events(self) -> Iterator[Event]:
        """Take the events since the last time, in order. Transmit what is to be transmitted."""


class System:
    """One 802.1AX system. Ports are known by name; a call with an unknown one raises UsageError."""

    def __init__(self, config: SystemConfig) -> None:
        self._administration = Administration(config)
        self._selection = Selection(self._administration)
        self._ports: dict[str, Port] = {}
        self._events: deque[Event] = deque()
        self._clock = Clock()
        #: When to look at which port; an entry may be early, never late.
        self._queue: list[tuple[float, int, Port]] = []
        self._sequence = count()
        self._transaction = count(1)
        self._absent = Absent()
        #: When the ports that were removed last sent, by number: who comes back keeps to the limit.
        self._sent: dict[int, deque[float]] = {}

    @property
    def config(self) -> SystemConfig:
        """The administrative parameters in force."""
        return self._administration.config

    @property
    def now(self) -> float:
        """The time of the last call, in seconds; minus infinity before the first."""
        return self._clock.now

    @property
    def ports(self) -> Mapping[str, Port]:
        """The ports by name, to be read."""
        return MappingProxyType(self._ports)

    @property
    def aggregators(self) -> Mapping[int, Aggregator]:
        """The aggregators by identifier, to be read."""
        return MappingProxyType(self._selection.aggregators)

    # The engine.

    def receive(self, port: str, frame: bytes, now: float) -> None:
        """Take an Ethernet frame that arrived on `port`. Whatever it holds, it never raises."""
        it = self._at(port, now)
        if frame == it.settled_frame and now < it.scheduled and it.partner_end not in self._absent:
            # The port has come to rest with this frame: all it can do is restart the timer.
            it.counters.lacpdus_rx += 1
            it.last_received_at = now
            short = PortState.SHORT_TIMEOUT in it.actor.state
            it.start(Timer.CURRENT_WHILE, SHORT_TIMEOUT_TIME if short else LONG_TIMEOUT_TIME)
            return
        fired = it.fire()
        classified = slow.classify(frame)
        kind = classified.kind
        if not it.port_enabled:
            it.counters.dropped_rx += 1
            self._drop(it, "the link is down")
        elif kind is slow.Kind.LACP:
            self._receive_lacpdu(it, frame, classified.payload)
            return
        elif kind in (slow.Kind.MARKER, slow.Kind.MARKER_RESPONSE):
            self._receive_marker(it, classified.payload)
        else:
            if kind is slow.Kind.ILLEGAL:
                it.counters.illegal_rx += 1
            elif classified.counted:
                it.counters.unknown_rx += 1
            self._drop(it, classified.reason)
        if fired:
            self._settle(it)

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`; an equal one changes nothing."""
        it = self._at(port, now)
        it.fire()
        if link != it.link:
            was = it.link
            it.set_link(link)
            self._events.append(LinkChanged(port, link, now))
            lacp_enabled = link.duplex is not Duplex.HALF
            if it.port_enabled and link.up and lacp_enabled is not it.lacp_enabled:
                # The figure has no arrow for this: a link that changes its nature goes down and up.
                it.port_enabled = False
                self._settle(it)
            it.port_enabled = link.up
            it.lacp_enabled = lacp_enabled
            it.apply_config()
            if link.up and not was.up:
                # Speak at once: the partner may have been waiting for just this.
                it.ntt = True
            if not link.up:
                marker.give_up(it)
        self._settle(it)

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""
        self._tick(now)
        news: list[Port] = []
        ticks: list[Port] = []
        while self._queue and self._queue[0][0] <= now:
            at, _, it = heappop(self._queue)
            if at != it.scheduled:
                continue
            it.scheduled = inf
            fired = it.fire()
            if fired == _PERIODIC_ALONE and it.timers.stopped(Timer.TRANSMIT):
                ticks.append(it)
            elif fired:
                news.append(it)
            else:
                self._schedule(it)
        # News first, and together: what is due at one instant is said in one LACPDU.
        self._settle(*news)
        for it in ticks:
            if it.timers.expired(Timer.PERIODIC):
                it.periodic.tick()
            self._finish(it)

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        queue = self._queue
        while queue:
            at, _, it = queue[0]
            if at == it.scheduled:
                deadline = it.timers.next()
                if deadline <= at:
                    return at
                it.scheduled = inf
                heappop(queue)
                self._schedule(it)
            else:
                heappop(queue)
        return None

    def events(self) -> Iterator[Event]:
        """Take the events since the last time, in order."""
        while self._events:
            yield self._events.popleft()

    # Management.

    def add_port(self, name: str, config: PortConfig, now: float, link: Link = DOWN) -> None:
        """Add a port. Raises UsageError when its name or number is taken."""
        self._tick(now)
        if name in self._ports:
            raise UsageError(f"port {name} exists already")
        for other in self._ports.values():
            if other.number == config.number:
                raise UsageError(
                    f"port number {config.number} is that of port {other.name} already"
                )
        it = self._ports[name] = Port(
            name,
            config,
            self._administration,
            self._events,
            self._clock,
            self._sent.pop(config.number, None),
        )
        self._events.append(PortAdded(name, now))
        self._selection.port_added(it)
        self._settle(it)
        if link != DOWN:
            self.link_changed(name, link, now)

    def withdraw_port(self, name: str, now: float) -> None:
        """Take the port out of its LAG and tell the partner; it stays out until it is removed."""
        it = self._at(name, now)
        it.fire()
        it.withdrawn = it.reselect = True
        self._settle(it)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port; the partner is told if the limit allows, else withdraw it first."""
        self.withdraw_port(name, now)
        it = self._ports.pop(name)
        marker.give_up(it)
        it.scheduled = inf
        self._absent.forget(it)
        self._sent[it.number] = it.sent
        self._events.append(PortRemoved(name, now))
        self._settle(*self._selection.port_removed(it))

    def configure(self, now: float, **changes: Any) -> None:
        """Change parameters of the system while it runs. Raises UsageError, changing nothing, when
        one does not exist, is out of range or is fixed: edition, control, aggregators, history."""
        self._tick(now)
        fixed = {"edition", "control", "aggregators", "history"} & changes.keys()
        if fixed:
            raise UsageError(f"{', '.join(sorted(fixed))} cannot change while the system runs")
        self._administration.config = _replaced(self.config, changes)
        for it in self._ports.values():
            self._configured(it)
        for it in self._ports.values():
            # All before any selects, so that a LAG that changes its name can keep its aggregator.
            self._selection.release(it)
        self._settle(*self._ports.values())

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change parameters of a port while it runs. Raises UsageError, changing nothing, when one
        does not exist, is out of range or is fixed: number."""
        it = self._at(name, now)
        if "number" in changes:
            raise UsageError("number cannot change while the port exists")
        it.config = _replaced(it.config, changes)
        self._configured(it)
        self._settle(it)

    def send_marker(self, name: str, now: float) -> int:
        """Send a Marker PDU (6.5.4); its transaction id comes back in MarkerAnswered or MarkerLost.

        Raises UsageError when the link is down.
        """
        it = self._at(name, now)
        if not it.port_enabled:
            raise UsageError(f"port {name}: the link is down, no marker can be sent")
        transaction = next(self._transaction)
        marker.send(it, transaction)
        self._schedule(it)
        return transaction

    def transmit_failed(self, port: str, frame: bytes, now: float) -> None:
        """Report that the frame of a Transmit did not leave: it is not counted as sent.

        A LACPDU is sent again, with the values of that time; a marker is not.
        """
        self._tick(now)
        it = self._ports.get(port)
        if it is None:
            # The goodbye of a port that was removed.
            return
        it.counters.tx_errors += 1
        kind = slow.classify(frame).kind
        if kind is not slow.Kind.LACP:
            marker.not_sent(it, kind)
            return
        it.counters.lacpdus_tx -= 1
        if it.sent:
            it.sent.pop()
        it.retry_at = now + _RETRY
        it.ntt = True
        self._settle(it)

    # Below: how it is done.

    def _tick(self, now: float) -> None:
        if now < self._clock.now:
            raise UsageError(f"time went back from {self._clock.now} to {now}")
        self._clock.now = now

    def _at(self, name: str, now: float) -> Port:
        """The port called `name`, at `now`."""
        self._tick(now)
        it = self._ports.get(name)
        if it is None:
            raise UsageError(f"no port {name!r}, there are {', '.join(self._ports) or 'none'}")
        return it

    def _drop(self, it: Port, reason: str) -> None:
        self._events.append(FrameDropped(it.name, reason, it.now))

    def _receive_lacpdu(self, it: Port, frame: bytes, payload: bytes) -> None:
        # What classifies as a LACPDU decodes: both ask `lacpdu.flaw`.
        pdu = Lacpdu.decode(payload)
        it.counters.lacpdus_rx += 1
        if it.receive.state not in LISTENING:
            it.counters.dropped_rx += 1
            self._drop(it, "LACP is disabled: the link is half duplex")
            self._settle(it)
            return
        it.last_received_at = it.now
        for moved in self._absent.remembering((pdu.actor.system, pdu.actor.port)):
            moved.port_moved = True
            self._settle(moved)
        it.received = pdu
        self._settle(it)
        settled = (
            it.receive.state is ReceiveState.CURRENT
            and not receive.outdated(it, pdu)
            and receive.partner_of(it, pdu) == it.partner
        )
        it.settled_frame = frame if settled else None

    def _receive_marker(self, it: Port, payload: bytes) -> None:
        pdu = Marker.decode(payload)
        if pdu.response:
            it.counters.marker_response_pdus_rx += 1
            marker.answered(it, pdu)
        else:
            it.counters.marker_pdus_rx += 1
            marker.respond(it, pdu)

    def _configured(self, it: Port) -> None:
        it.fire()
        it.reselect = True
        it.apply_config()
        if it.receive.state is ReceiveState.DEFAULTED:
            # The administrative partner is the one in force.
            receive.update_default_selected(it)
            receive.record_default(it)

    def _settle(self, *ports: Port) -> None:
        """Step the ports' machines and the Selection Logic to rest, then send and schedule."""
        pending = dict.fromkeys(ports)
        touched: dict[Port, None] = {}
        for _ in range(64 * (len(self._ports) + 1)):
            if not pending:
                break
            it = next(iter(pending))
            del pending[it]
            touched[it] = None
            it.run()
            if it.reselect:
                it.reselect = False
                self._reselect(self._selection.update(it), pending)
        else:
            raise RuntimeError("the system does not come to rest")
        for it in touched:
            if it.timers.expired(Timer.MARKER):
                marker.give_up(it)
            self._absent.note(it)
            self._finish(it)

    def _finish(self, it: Port) -> None:
        """Send what a port at rest has to send, and see to it when its next timer is due."""
        if transmit(it):
            it.counters.lacpdus_tx += 1
            self._events.append(Transmit(it.name, it.frame(), self._clock.now))
        self._schedule(it)

    @staticmethod
    def _reselect(affected: Iterable[Port], pending: dict[Port, None]) -> None:
        for it in affected:
            it.reselect = True
            pending[it] = None

    def _schedule(self, it: Port) -> None:
        """See to it that the port is looked at when its next timer is due."""
        deadline = it.timers.next()
        if deadline < it.scheduled:
            it.scheduled = deadline
            heappush(self._queue, (deadline, next(self._sequence), it))


def _replaced(config: _Config, changes: dict[str, Any]) -> _Config:
    unknown = [name for name in changes if name not in config.__dataclass_fields__]
    if unknown:
        raise UsageError(f"no parameter {', '.join(unknown)}")
    return replace(config, **changes)

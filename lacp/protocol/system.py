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
#: The timers that make a port at rest speak, and nothing else.
_SENDING = (Timer.PERIODIC, Timer.TRANSMIT)

_Config = TypeVar("_Config", SystemConfig, PortConfig)


class Engine(Protocol):
    """What decides, as its driver sees it."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        """Take an Ethernet frame (from destination address, without FCS) that arrived on `port`.

        False when nothing follows: no event, and no deadline that is earlier than it was, so that
        the driver need not ask.
        """

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

    def receive(self, name: str, frame: bytes, now: float) -> bool:
        """Take an Ethernet frame that arrived on a port. Whatever it holds, it never raises.

        False when it says what the last one said, so that only a timer was restarted.
        """
        port = self._at(name, now)
        if (
            frame == port.settled_frame
            and now < port.scheduled
            and port.partner_end not in self._absent
        ):
            # The port has come to rest with this frame: all it can do is restart the timer.
            port.counters.lacpdus_rx += 1
            port.last_received_at = now
            short = PortState.SHORT_TIMEOUT in port.actor.state
            port.start(Timer.CURRENT_WHILE, SHORT_TIMEOUT_TIME if short else LONG_TIMEOUT_TIME)
            return False
        fired = port.fire()
        classified = slow.classify(frame)
        kind = classified.kind
        if not port.port_enabled:
            port.counters.dropped_rx += 1
            self._drop(port, "the link is down")
        elif kind is slow.Kind.LACP:
            self._receive_lacpdu(port, frame, classified.payload)
            return True
        elif kind in (slow.Kind.MARKER, slow.Kind.MARKER_RESPONSE):
            self._receive_marker(port, classified.payload)
        else:
            if kind is slow.Kind.ILLEGAL:
                port.counters.illegal_rx += 1
            elif classified.counted:
                port.counters.unknown_rx += 1
            self._drop(port, classified.reason)
        if fired:
            self._settle(port)
        return True

    def link_changed(self, name: str, link: Link, now: float) -> None:
        """Take a new observation of the link below a port; an equal one changes nothing."""
        port = self._at(name, now)
        port.fire()
        if link != port.link:
            was = port.link
            port.set_link(link)
            self._events.append(LinkChanged(name, link, now))
            lacp_enabled = link.duplex is not Duplex.HALF
            if port.port_enabled and link.up and lacp_enabled is not port.lacp_enabled:
                # The figure has no arrow for this: a link that changes its nature goes down and up.
                port.port_enabled = False
                self._settle(port)
            port.port_enabled = link.up
            port.lacp_enabled = lacp_enabled
            port.apply_config()
            if link.up and not was.up:
                # Speak at once: the partner may have been waiting for just this.
                port.ntt = True
            if not link.up:
                marker.give_up(port)
        self._settle(port)

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""
        self._tick(now)
        news: list[Port] = []
        ticks: list[Port] = []
        while self._queue and self._queue[0][0] <= now:
            at, _, port = heappop(self._queue)
            if at != port.scheduled:
                continue
            port.scheduled = inf
            fired = port.fire()
            if fired == _PERIODIC_ALONE and port.timers.stopped(Timer.TRANSMIT):
                ticks.append(port)
            elif fired:
                news.append(port)
            else:
                self._schedule(port)
        # News first, and together: what is due at one instant is said in one LACPDU.
        self._settle(*news)
        for port in ticks:
            if port.timers.expired(Timer.PERIODIC):
                port.periodic.tick()
            self._finish(port)

    def tick(self, now: float) -> float | None:
        """Send the LACPDUs that are due, as things stand; all else that is due is for `advance`.

        For a driver that is behind: it takes little time, and partners give up who falls silent.
        Returns when there may be more to send.
        """
        self._tick(now)
        left: list[tuple[float, int, Port]] = []
        while self._queue and self._queue[0][0] <= now:
            entry = heappop(self._queue)
            port = entry[2]
            if entry[0] != port.scheduled:
                continue
            fired = port.timers.fire_only(_SENDING, now)
            if not fired:
                left.append(entry)
                continue
            port.scheduled = inf
            if fired == _PERIODIC_ALONE and port.timers.stopped(Timer.TRANSMIT):
                port.periodic.tick()
            else:
                port.run()
            self._finish(port)
        again = self._queue[0][0] if self._queue else inf
        for entry in left:
            again = min(again, entry[2].timers.next_of(_SENDING))
            heappush(self._queue, entry)
        return None if again == inf else again

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        queue = self._queue
        while queue:
            at, _, port = queue[0]
            if at == port.scheduled:
                deadline = port.timers.next()
                if deadline <= at:
                    return at
                port.scheduled = inf
                heappop(queue)
                self._schedule(port)
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
        port = self._ports[name] = Port(
            name,
            config,
            self._administration,
            self._events,
            self._clock,
            self._sent.pop(config.number, None),
        )
        self._events.append(PortAdded(name, now))
        self._selection.port_added(port)
        self._settle(port)
        if link != DOWN:
            self.link_changed(name, link, now)

    def withdraw_port(self, name: str, now: float) -> None:
        """Take the port out of its LAG and tell the partner; it stays out until it is removed."""
        port = self._at(name, now)
        port.fire()
        port.withdrawn = port.reselect = True
        self._settle(port)

    def hold_port(self, name: str, reason: str | None, now: float) -> None:
        """Keep the port out of every LAG, for this reason, or with None no longer.

        The partner is told, and LACP speaks on.
        """
        port = self._at(name, now)
        port.fire()
        if port.held != (reason or ""):
            port.held = reason or ""
            port.reselect = True
        self._settle(port)

    def prefer(self, name: str, now: float) -> None:
        """Give an aggregator to the LAG of this port; it keeps it until it cannot be used.

        Raises UsageError when the port is in no LAG.
        """
        port = self._at(name, now)
        refusal = self._selection.prefer(port)
        if refusal:
            raise UsageError(f"the LAG of port {name} cannot be selected: {refusal}")
        self._settle(port)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port; the partner is told if the limit allows, else withdraw it first."""
        self.withdraw_port(name, now)
        port = self._ports.pop(name)
        marker.give_up(port)
        port.scheduled = inf
        self._absent.forget(port)
        self._sent[port.number] = port.sent
        self._events.append(PortRemoved(name, now))
        self._settle(*self._selection.port_removed(port))

    def configure(self, now: float, **changes: Any) -> None:
        """Change parameters of the system while it runs. Raises UsageError, changing nothing, when
        one does not exist, is out of range or is fixed: edition, control, aggregators, history."""
        self._tick(now)
        fixed = {"edition", "control", "aggregators", "history"} & changes.keys()
        if fixed:
            raise UsageError(f"{', '.join(sorted(fixed))} cannot change while the system runs")
        self._administration.config = _replaced(self.config, changes)
        for port in self._ports.values():
            self._configured(port)
        for port in self._ports.values():
            # All before any selects, so that a LAG that changes its name can keep its aggregator.
            self._selection.release(port)
        self._settle(*self._ports.values())

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change parameters of a port while it runs. Raises UsageError, changing nothing, when one
        does not exist, is out of range or is fixed: number."""
        port = self._at(name, now)
        if "number" in changes:
            raise UsageError("number cannot change while the port exists")
        port.config = _replaced(port.config, changes)
        self._configured(port)
        self._settle(port)

    def send_marker(self, name: str, now: float) -> int:
        """Send a Marker PDU (6.5.4); its transaction id comes back in MarkerAnswered or MarkerLost.

        Raises UsageError when the link is down.
        """
        port = self._at(name, now)
        if not port.port_enabled:
            raise UsageError(f"port {name}: the link is down, no marker can be sent")
        transaction = next(self._transaction)
        marker.send(port, transaction)
        self._schedule(port)
        return transaction

    def transmitted(self, name: str, now: float) -> None:
        """Report that the last Transmit of a port was handed over at `now`, if that was later.

        The limit is one of the wire: it counts from then, also for those before it that were
        decided in the same turn.
        """
        port = self._ports.get(name)
        if port is None:
            return
        last = len(port.sent) - 1
        for place, at in enumerate(port.sent):
            if at == self.now or place == last:
                port.sent[place] = max(at, now)

    def transmit_failed(self, name: str, frame: bytes, now: float) -> None:
        """Report that the frame of a Transmit did not leave: it is not counted as sent.

        A LACPDU is sent again, with the values of that time; a marker is not.
        """
        self._tick(now)
        port = self._ports.get(name)
        if port is None:
            # The goodbye of a port that was removed.
            return
        port.counters.tx_errors += 1
        kind = slow.classify(frame).kind
        if kind is not slow.Kind.LACP:
            marker.not_sent(port, kind)
            return
        port.counters.lacpdus_tx -= 1
        if port.sent:
            port.sent.pop()
        port.sent_frame = None
        port.retry_at = now + _RETRY
        port.ntt = True
        self._settle(port)

    # Below: how it is done.

    def _tick(self, now: float) -> None:
        if now < self._clock.now:
            raise UsageError(f"time went back from {self._clock.now} to {now}")
        self._clock.now = now

    def _at(self, name: str, now: float) -> Port:
        """The port called `name`, at `now`."""
        self._tick(now)
        port = self._ports.get(name)
        if port is None:
            raise UsageError(f"no port {name!r}, there are {', '.join(self._ports) or 'none'}")
        return port

    def _drop(self, port: Port, reason: str) -> None:
        self._events.append(FrameDropped(port.name, reason, port.now))

    def _receive_lacpdu(self, port: Port, frame: bytes, payload: bytes) -> None:
        # What classifies as a LACPDU decodes: both ask `lacpdu.flaw`.
        pdu = Lacpdu.decode(payload)
        port.counters.lacpdus_rx += 1
        if port.receive.state not in LISTENING:
            port.counters.dropped_rx += 1
            self._drop(port, "LACP is disabled: the link is half duplex")
            self._settle(port)
            return
        port.last_received_at = port.now
        for moved in self._absent.remembering((pdu.actor.system, pdu.actor.port)):
            moved.port_moved = True
            self._settle(moved)
        port.received = pdu
        self._settle(port)
        settled = (
            port.receive.state is ReceiveState.CURRENT
            and not receive.outdated(port, pdu)
            and receive.partner_of(port, pdu) == port.partner
        )
        port.settled_frame = frame if settled else None

    def _receive_marker(self, port: Port, payload: bytes) -> None:
        pdu = Marker.decode(payload)
        if pdu.response:
            port.counters.marker_response_pdus_rx += 1
            marker.answered(port, pdu)
        else:
            port.counters.marker_pdus_rx += 1
            marker.respond(port, pdu)

    def _configured(self, port: Port) -> None:
        port.fire()
        port.reselect = True
        port.apply_config()
        if port.receive.state is ReceiveState.DEFAULTED:
            # The administrative partner is the one in force.
            receive.update_default_selected(port)
            receive.record_default(port)

    def _settle(self, *ports: Port) -> None:
        """Step the ports' machines and the Selection Logic to rest, then send and schedule."""
        pending = dict.fromkeys(ports)
        touched: dict[Port, None] = {}
        for _ in range(64 * (len(self._ports) + 1)):
            if not pending:
                break
            port = next(iter(pending))
            del pending[port]
            touched[port] = None
            port.run()
            if port.reselect:
                port.reselect = False
                self._reselect(self._selection.update(port), pending)
        else:
            raise RuntimeError("the system does not come to rest")
        for port in touched:
            if port.timers.expired(Timer.MARKER):
                marker.give_up(port)
            self._absent.note(port)
            self._finish(port)

    def _finish(self, port: Port) -> None:
        """Send what a port at rest has to send, and see to it when its next timer is due."""
        if transmit(port):
            port.counters.lacpdus_tx += 1
            self._events.append(Transmit(port.name, port.frame(), self._clock.now))
        self._schedule(port)

    @staticmethod
    def _reselect(affected: Iterable[Port], pending: dict[Port, None]) -> None:
        for port in affected:
            port.reselect = True
            pending[port] = None

    def _schedule(self, port: Port) -> None:
        """See to it that the port is looked at when its next timer is due."""
        deadline = port.timers.next()
        if deadline < port.scheduled:
            port.scheduled = deadline
            heappush(self._queue, (deadline, next(self._sequence), port))


def _replaced(config: _Config, changes: dict[str, Any]) -> _Config:
    unknown = [name for name in changes if name not in config.__dataclass_fields__]
    if unknown:
        raise UsageError(f"no parameter {', '.join(unknown)}")
    return replace(config, **changes)

"""A system that runs: time and news come in, and what they lead to is done at once.

Every call takes `now`: seconds on any scale that does not go back. Its order is always time first
(the port's due timers fire), then the news, then settle: step the machines of the port concerned
(receive, periodic, mux, churn), then the Selection Logic for its LAG, until nothing moves; then
send.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from types import MappingProxyType

from lacp.errors import UsageError
from lacp.link import Duplex, Link
from lacp.protocol import marker, receive
from lacp.protocol.absent import Absent
from lacp.protocol.aggregator import Aggregator
from lacp.protocol.common import Common
from lacp.protocol.config import SystemConfig
from lacp.protocol.events import Event, FrameDropped, LinkChanged
from lacp.protocol.port import Port
from lacp.protocol.receive import LISTENING, ReceiveState
from lacp.protocol.schedule import Schedule
from lacp.protocol.selection import Selection
from lacp.protocol.settling import Settling
from lacp.protocol.timers import PERIODIC, TRANSMIT
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.marker import Marker

#: Seconds before a LACPDU that the interface refused is tried again.
_RETRY = 0.25

_PERIODIC_ALONE = 1 << PERIODIC
#: The timers that make a port at rest speak, and nothing else.
_SENDING = (PERIODIC, TRANSMIT)


class Running:
    """The engine of a system, without its management."""

    def __init__(self, config: SystemConfig) -> None:
        self._common = Common(config)
        self._selection = Selection(self._common)
        self._ports: dict[str, Port] = {}
        self._schedule = Schedule()
        self._absent = Absent()
        self._settling = Settling(self._selection, self._absent, self._schedule, self._ports)

    @property
    def config(self) -> SystemConfig:
        """The administrative parameters in force."""
        return self._common.config

    @property
    def now(self) -> float:
        """The time of the last call, in seconds; minus infinity before the first."""
        return self._common.now

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
        # The port has come to rest with this frame, no timer is due, and nobody waits for its
        # sender to turn up.
        if frame == port.settled_frame and now < port.scheduled and not self._absent.expects(port):
            port.hear_again()
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
            self._common.tell(LinkChanged(name, link, now))
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
        for port in self._schedule.take(now):
            fired = port.fire()
            if fired == _PERIODIC_ALONE:
                ticks.append(port)
            elif fired:
                news.append(port)
            else:
                self._schedule.see(port)
        if news:
            # News first, and together: what is due at one instant is said in one LACPDU.
            self._settle(*news)
            ticks = [port for port in ticks if port.timers.expired(PERIODIC)]
        for port in ticks:
            self._settling.tick(port)

    def tick(self, now: float) -> float | None:
        """Send the LACPDUs that are due, as things stand; all else that is due is for `advance`.

        For a driver that is behind: it takes little time, and partners give up who falls silent.
        Returns when there may be more to send.
        """
        self._tick(now)
        left: list[Port] = []
        while due := self._schedule.take(now):
            for port in due:
                fired = 0 if port.has_news else port.timers.fire_only(_SENDING, now)
                if not fired:
                    left.append(port)
                elif fired == _PERIODIC_ALONE:
                    self._settling.tick(port)
                else:
                    port.run()
                    self._settling.finish(port)
        again = self._schedule.next()
        for port in left:
            again = min(inf if again is None else again, port.timers.next_of(_SENDING))
            self._schedule.see(port)
        return None if again == inf else again

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        return self._schedule.next()

    def events(self) -> Iterator[Event]:
        """Take the events since the last time, in order, also those that come meanwhile."""
        while events := self._common.take():
            yield from events

    def take(self) -> list[Event]:
        """Take the events since the last time at once."""
        return self._common.take()

    def transmitted(self, name: str, now: float) -> None:
        """Report that the last Transmit of a port was handed over at `now`, if that was later.

        The limit is one of the wire: it counts from then, also for those before it that were
        decided in the same turn.
        """
        port = self._ports.get(name)
        if port is None:
            return
        sent, decided = port.sent, self._common.now
        last = len(sent) - 1
        for place in range(last, -1, -1):
            if place != last and sent[place] != decided:
                break
            sent[place] = max(sent[place], now)

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
        if now < self._common.now:
            raise UsageError(f"time went back from {self._common.now} to {now}")
        self._common.now = now

    def _at(self, name: str, now: float) -> Port:
        """The port called `name`, at `now`."""
        if now != self._common.now:
            self._tick(now)
        port = self._ports.get(name)
        if port is None:
            raise UsageError(f"no port {name!r}, there are {', '.join(self._ports) or 'none'}")
        return port

    def _drop(self, port: Port, reason: str) -> None:
        self._common.tell(FrameDropped(port.name, reason, port.now))

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

    def _settle(self, *ports: Port) -> None:
        self._settling.settle(ports)

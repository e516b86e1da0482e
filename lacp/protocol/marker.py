"""Marker Responder and Marker Generator (6.5)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacp.errors import UsageError
from lacp.protocol.events import FrameDropped, MarkerAnswered, MarkerLost, Transmit
from lacp.protocol.timers import Timer
from lacp.wire import slow
from lacp.wire.marker import Marker

if TYPE_CHECKING:
    from lacp.protocol.port import Port

#: Slow protocols may send this many frames per second and subtype (802.3 Annex 57A).
_RATE = 10
#: Seconds within which a conforming responder answers.
MARKER_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class MarkerRequest:
    """A marker that was sent and not yet answered."""

    transaction: int
    sent_at: float


class Markers:
    """What one port keeps for the marker protocol."""

    __slots__ = ("awaited", "sent")

    def __init__(self) -> None:
        #: The marker whose response is waited for.
        self.awaited: MarkerRequest | None = None
        #: When the last frames of the marker protocol left.
        self.sent: deque[float] = deque(maxlen=_RATE)


def _markers(port: Port) -> Markers:
    """What the port keeps; most ports never send a marker, and have nothing to keep."""
    if port.marker is None:
        port.marker = Markers()
    return port.marker


def awaited(port: Port) -> MarkerRequest | None:
    """The marker whose response the port waits for."""
    return port.marker.awaited if port.marker is not None else None


def respond(port: Port, marker: Marker) -> None:
    """Answer a Marker PDU, whatever the port's other machines do (Figure 6-28)."""
    if not _allowed(port):
        port.counters.markers_limited += 1
        port.common.tell(FrameDropped(port.name, f"more than {_RATE} markers a second", port.now))
        return
    port.counters.marker_response_pdus_tx += 1
    port.common.tell(Transmit(port.name, port.ethernet(marker.respond().encode()), port.now))


def _allowed(port: Port) -> bool:
    """Whether the marker protocol may send another frame now; if so, it is counted."""
    sent = _markers(port).sent
    if len(sent) == _RATE and port.now - sent[0] < 1.0:
        return False
    sent.append(port.now)
    return True


def send(port: Port, transaction: int) -> None:
    """Send a Marker PDU and wait for its response. Raises UsageError beyond the permitted rate."""
    if not _allowed(port):
        raise UsageError(f"port {port.name}: more than {_RATE} markers a second")
    give_up(port)
    _markers(port).awaited = MarkerRequest(transaction, port.now)
    port.start(Timer.MARKER, MARKER_TIMEOUT)
    marker = Marker(
        requester_port=port.actor.port, requester_system=port.actor.system, transaction=transaction
    )
    port.counters.marker_pdus_tx += 1
    port.common.tell(Transmit(port.name, port.ethernet(marker.encode()), port.now))


def answered(port: Port, marker: Marker) -> None:
    """Take a Marker Response PDU."""
    request = awaited(port)
    mine = (marker.requester_port, marker.requester_system) == (port.actor.port, port.actor.system)
    if request is None or not mine or marker.transaction != request.transaction:
        port.common.tell(FrameDropped(port.name, "marker response that nobody waits for", port.now))
        return
    _markers(port).awaited = None
    port.timers.stop(Timer.MARKER)
    port.common.tell(
        MarkerAnswered(port.name, request.transaction, port.now - request.sent_at, port.now)
    )


def not_sent(port: Port, kind: slow.Kind) -> None:
    """Take back the count of a Marker PDU or response that did not leave."""
    if kind is slow.Kind.MARKER:
        port.counters.marker_pdus_tx -= 1
        give_up(port)
    else:
        port.counters.marker_response_pdus_tx -= 1


def give_up(port: Port) -> None:
    """Stop waiting for a response."""
    request = awaited(port)
    if request is not None:
        port.common.tell(MarkerLost(port.name, request.transaction, port.now))
        _markers(port).awaited = None
        port.timers.stop(Timer.MARKER)

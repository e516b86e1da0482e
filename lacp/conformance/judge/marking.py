"""The Marker protocol: every marker answered, with its own octets, and no answer answered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.allowances import ANSWER, CLEAN, MOMENT, TOLERANCE
from lacp.conformance.judge.ledger import Ledger
from lacp.protocol.timers import FAST_PERIODIC_TIME, SHORT_TIMEOUT_TIME
from lacp.wire.marker import RESPONSE, TYPE_OFFSET, Marker

#: Markers in a row without an answer, each followed by a sign of life, that are no chance: of an
#: actor that would be Expired if it missed three LACPDUs, and of one that need not be.
_UNANSWERED = {True: 5, False: 20}
#: Copies that a capture or a link may make of one frame.
_COPIES = 6
#: Slow-protocol frames of one subtype in a second (57A.2).
_PER_SECOND = 10
_RESPONSE_TYPE = bytes((RESPONSE,))


@dataclass(frozen=True, slots=True)
class Marked:
    """One Marker PDU or response at its place in the capture."""

    frame: int
    time: float
    #: None for another TLV type than that of a marker or a response.
    pdu: Marker | None
    payload: bytes
    #: It is not formed as it should be.
    odd: bool = False


@dataclass(slots=True)
class Marking:
    """Judges how one actor answers markers, and what it sends of them."""

    ledger: Ledger
    #: Markers of the partner that wait for an answer.
    waiting: deque[Marked] = field(default_factory=lambda: deque(maxlen=64))
    answered: deque[Marked] = field(default_factory=lambda: deque(maxlen=64))
    #: Frames of markers in a row that got no answer, though the actor was heard since.
    missed: list[int] = field(default_factory=list)
    #: When the actor last said that it hears nobody.
    deaf_at: float = float("-inf")
    responses: deque[tuple[float, int, bytes, int]] = field(
        default_factory=lambda: deque(maxlen=32)
    )

    def partner_sent(self, marked: Marked) -> None:
        """The partner sent a marker; what comes again within a moment is a copy of it."""
        for known in (*self.waiting, *self.answered):
            if known.payload == marked.payload and abs(marked.time - known.time) < MOMENT:
                return
        self.waiting.append(marked)

    def heartbeat(self, actor: Actor, time: float) -> None:
        """The actor sent a LACPDU at `time` that shows it hears its partner."""
        while self.waiting and time - self.waiting[0].time > ANSWER:
            missed = self.waiting.popleft()
            self.answered.append(missed)
            self.missed.append(missed.frame)
            if len(self.missed) < self._enough(actor, time):
                self.ledger.doubt("MRK-01")
                continue
            self.ledger.accuse(
                "MRK-01",
                actor,
                time,
                self.missed[-5:],
                f"answered none of {len(self.missed)} markers, though it hears its partner;"
                " expected a Marker Response within a second",
                same="unanswered",
            )

    def _enough(self, actor: Actor, time: float) -> int:
        peer = actor.peer
        clean = (
            actor.timeout == SHORT_TIMEOUT_TIME
            and actor.period == FAST_PERIODIC_TIME
            and peer is not None
            and max(actor.unbroken, peer.unbroken, self.deaf_at) <= time - CLEAN
        )
        return _UNANSWERED[clean]

    def deaf(self, time: float) -> None:
        """The actor sent a LACPDU at `time` that shows that it does not hear its partner."""
        self.deaf_at = time

    def sent(self, actor: Actor, marked: Marked) -> None:
        """The actor sent a Marker Response."""
        self._rate(actor, marked)
        pdu = marked.pdu
        assert pdu is not None
        mine = (pdu.requester_system, pdu.requester_port) == actor.identity
        if mine and _hears_another(actor):
            self.ledger.accuse(
                "MRK-03",
                actor,
                marked.time,
                [marked.frame],
                "sends a Marker Response that names itself as the requester: it answered a"
                " response",
            )
            return
        marker = self._match(marked)
        if marker is None:
            self._unlike(actor, marked)
            return
        self.missed.clear()
        self.ledger.keep("MRK-02")
        took = marked.time - marker.time
        if took <= ANSWER or not _unbroken(actor, marker.time):
            self.ledger.keep("MRK-01")
            return
        self.ledger.accuse(
            "MRK-01",
            actor,
            marked.time,
            [marker.frame, marked.frame],
            f"answered a marker after {took:.1f} s, expected a Marker Response within a second",
            same="late",
        )

    def _match(self, marked: Marked) -> Marked | None:
        """The latest marker that this answers rightly."""
        for marker in reversed(self.waiting):
            if _answer(marker.payload) == marked.payload:
                self.waiting.remove(marker)
                self.answered.append(marker)
                return marker
        for marker in reversed(self.answered):
            if _answer(marker.payload) == marked.payload:
                return marker
        return None

    def mistyped(self, actor: Actor, marked: Marked) -> bool:
        """Whether what the actor sent is the partner's own marker, returned with a wrong type."""
        for marker in self.waiting:
            if _answer(marker.payload) == _answer(marked.payload):
                self.waiting.remove(marker)
                self.answered.append(marker)
                self.ledger.accuse(
                    "MRK-02",
                    actor,
                    marked.time,
                    [marker.frame, marked.frame],
                    f"sends a marker back with TLV type {marked.payload[TYPE_OFFSET]}, expected"
                    f" {RESPONSE} (Marker Response) and all else as it came",
                    same="type",
                )
                return True
        return False

    def _unlike(self, actor: Actor, marked: Marked) -> None:
        """No marker has these octets: an answer to one that was not captured, or a changed one."""
        for marker in self.waiting:
            if _alike(marker, marked):
                self.waiting.remove(marker)
                self.missed.clear()
                if marker.odd:
                    # An answer that is put together anew looks better than such a marker.
                    self.ledger.doubt("MRK-02")
                    return
                at = _first_difference(_answer(marker.payload), marked.payload)
                self.ledger.accuse(
                    "MRK-02",
                    actor,
                    marked.time,
                    [marker.frame, marked.frame],
                    f"answers a marker with other octets than it had, from offset {14 + at} on;"
                    " expected all but the TLV type as they came",
                    same=f"octet {at}",
                )
                return
        self.ledger.doubt("MRK-02")

    def _rate(self, actor: Actor, marked: Marked) -> None:
        recent = self.responses
        for at, (time, frame, octets, copies) in enumerate(recent):
            if octets == marked.payload and copies < _COPIES:
                recent[at] = (time, frame, octets, copies + 1)
                return
        recent.append((marked.time, marked.frame, marked.payload, 1))
        while not 0 <= marked.time - recent[0][0] < 1.0 - TOLERANCE:
            recent.popleft()
        if len(recent) <= 2 * _PER_SECOND:
            self.ledger.keep("TX-07")
            return
        self.ledger.accuse(
            "TX-07",
            actor,
            marked.time,
            [frame for _, frame, _, _ in recent],
            f"sends {len(recent)} Marker Responses in {1.0 - TOLERANCE} s, expected at most"
            f" {_PER_SECOND} in a second",
            same="rate",
        )


def _unbroken(actor: Actor, since: float) -> bool:
    """Whether the capture has no hole since then in which the marker may have come again."""
    peer = actor.peer
    return peer is not None and max(actor.unbroken, peer.unbroken) <= since


def _hears_another(actor: Actor) -> bool:
    """Whether the actor's partner is not itself: a looped port rightly answers itself."""
    last, peer = actor.last, actor.peer
    if last is None or not last.current or peer is None or peer.last is None:
        return False
    return peer.last.content.source != last.content.source


def _answer(payload: bytes) -> bytes:
    return payload[:TYPE_OFFSET] + _RESPONSE_TYPE + payload[TYPE_OFFSET + 1 :]


def _alike(marker: Marked, answer: Marked) -> bool:
    """Whether `answer` is meant for `marker`: two of its three numbers are the marker's."""
    one, other = marker.pdu, answer.pdu
    assert one is not None
    assert other is not None
    same = (
        one.requester_port == other.requester_port,
        one.requester_system == other.requester_system,
        one.transaction == other.transaction,
    )
    return sum(same) >= 2


def _first_difference(expected: bytes, found: bytes) -> int:
    pairs = enumerate(zip(expected, found, strict=False))
    return next((at for at, (one, two) in pairs if one != two), min(len(expected), len(found)))

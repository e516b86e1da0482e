"""Devices that answer markers wrongly, or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lacp.conformance.tester.virtual import VirtualDataplane
from lacp.conformance.verdict import Verdict
from lacp.info import PortState
from lacp.protocol import marker
from lacp.protocol.port import Port
from lacp.protocol.receive import ReceiveState
from lacp.protocol.system import System
from lacp.wire.marker import CANONICAL, Marker, MarkerEnvelope
from tests.conformance.broken import Broken, deaf, patched, translated

_NO_RESPONSE = "a Marker Response to"
_OCTETS = "other octets at offset"
_SUBTYPE, _TYPE, _LENGTH = 14, 16, 17

_respond, _allowed = marker.respond, marker._allowed


def _answers(change: Callable[[Marker], Marker]) -> Callable[[Any], None]:
    """A patch of the response: it answers another marker than it got."""
    return patched(marker, "respond", lambda port, pdu: _respond(port, change(pdu)))


def _answers_if(rule: Callable[[Port], object]) -> Callable[[Any], None]:
    return patched(marker, "respond", lambda port, pdu: _respond(port, pdu) if rule(port) else None)


def _is_marker(frame: bytes) -> bool:
    return frame[_SUBTYPE] == 2


def _seen_as_marker(kinds: tuple[int, ...]) -> type[System]:
    """Takes these TLV types for that of a marker."""

    def into(_: Port, frame: bytes) -> bytes:
        taken = _is_marker(frame) and frame[_TYPE] in kinds
        return frame[:_TYPE] + b"\1" + frame[_TYPE + 1 :] if taken else frame

    return translated(into=into)


def _sent(change: Callable[[bytes], bytes]) -> type[System]:
    """Changes what it sends of the marker protocol."""
    return translated(lambda _, frame: change(frame) if _is_marker(frame) else frame)


class _Chokes(System):
    """Answers nothing after a marker of length 22."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        if _is_marker(frame) and frame[_LENGTH] == 0x16:
            self.choked = True
        self.advance(now)
        if not (_is_marker(frame) and hasattr(self, "choked")):
            super().receive(port, frame, now)
        return True


def _counts_together(port: Port) -> bool:
    """Sends nothing of LACP for a while after each marker."""
    port.retry_at = port.now + 0.9
    return _allowed(port)


class _Lazy(System):
    """Does not count what it does not know."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        super().receive(port, frame, now)
        self.ports[port].counters.unknown_rx = 0
        return True


_collected = VirtualDataplane.collected


def _late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets each frame one question later."""
    held: deque[list[tuple[int, bytes]]] = deque([[]])

    def collected(self: VirtualDataplane) -> list[tuple[int, bytes]]:
        held.append(_collected(self))
        return held.popleft()

    monkeypatch.setattr(VirtualDataplane, "collected", collected)


def _unlimited(port: Port) -> bool:
    return True


def _untidy(pdu: Marker) -> Marker:
    return replace(pdu, envelope=CANONICAL)


def _unpadded(pdu: Marker) -> Marker:
    return replace(pdu, envelope=MarkerEnvelope(tail=pdu.envelope.tail))


BROKEN = [
    Broken(
        name="has no marker responder",
        patch=patched(marker, "respond", lambda *_: None),
        fails={
            **{f"MRK-0{number}": _NO_RESPONSE for number in (1, 2, 5, 6, 7, 9)},
            "MRK-08": "no Marker Response in 5 s",
        },
    ),
    Broken(
        name="has no marker responder, which breaks another rule",
        patch=patched(marker, "respond", lambda *_: None),
        fails={f"MRK-0{number}": "no answer to a marker either" for number in (3, 4)},
        verdict=Verdict.INFO,
    ),
    Broken(
        name="answers with the transaction of yesterday",
        patch=_answers(lambda pdu: replace(pdu, transaction=0)),
        fails={"MRK-01": _OCTETS},
    ),
    Broken(
        name="cleans the reserved octets of markers",
        patch=_answers(_untidy),
        fails={"MRK-02": _OCTETS},
    ),
    Broken(name="cleans the pad of markers", patch=_answers(_unpadded), fails={"MRK-02": _OCTETS}),
    Broken(
        name="answers markers to their sender",
        factory=_sent(lambda frame: bytes.fromhex("024800000201") + frame[6:]),
        fails={"MRK-02": "a response to 02:48:00:00:02:01"},
    ),
    Broken(
        name="answers markers from another address",
        factory=_sent(lambda frame: frame[:6] + bytes.fromhex("020000000d77") + frame[12:]),
        fails={"MRK-02": "a response from 02:00:00:00:0d:77"},
    ),
    Broken(
        name="sends markers of 60 octets",
        factory=_sent(lambda frame: frame[:60]),
        fails={"MRK-01": "a response of 60 octets"},
    ),
    Broken(
        name="answers answers",
        factory=_seen_as_marker((1, 2)),
        fails={"MRK-03": "answering answers never ends"},
    ),
    Broken(
        name="answers whatever it gets",
        factory=_seen_as_marker((0, 1, 3)),
        fails={"MRK-04": "that is no marker"},
    ),
    Broken(name="does not count", factory=_Lazy, fails={"MRK-04": "unknown_rx 0 higher"}),
    Broken(
        name="answers in version 1 only",
        patch=_answers(lambda pdu: replace(pdu, version=1)),
        fails={"MRK-05": "other octets at offset 15"},
    ),
    Broken(
        name="does not answer while it is defaulted",
        patch=_answers_if(lambda port: port.receive.state is ReceiveState.CURRENT),
        fails={"MRK-06": "while the device is defaulted"},
    ),
    Broken(
        name="does not answer while it does not collect",
        patch=_answers_if(lambda port: port.defaulted or PortState.COLLECTING in port.actor.state),
        fails={"MRK-06": "while the device does not collect"},
    ),
    Broken(name="chokes on a length", factory=_Chokes, fails={"MRK-07": "the marker after it"}),
    Broken(
        name="answers all markers",
        patch=patched(marker, "_allowed", _unlimited),
        fails={"MRK-08": "Marker Responses in a second"},
        verdict=Verdict.INFO,
    ),
    Broken(
        name="answers all markers of a storm",
        patch=patched(marker, "_allowed", _unlimited),
        fails={"TX-07": "Marker Responses in a second"},
    ),
    Broken(
        name="stops LACP for markers",
        patch=patched(marker, "_allowed", _counts_together),
        fails={"MRK-08": "a LACPDU 1 s after the one before"},
    ),
    Broken(
        name="is deaf to LACP while it answers",
        factory=deaf(lambda system, port, frame, now: _is_marker(frame) and frame[_TYPE] == 1),
        fails={"MRK-01": _NO_RESPONSE},
    ),
    Broken(name="answers before it delivers", patch=_late, fails={"MRK-09": "10 of 10"}),
]

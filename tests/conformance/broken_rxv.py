"""Devices that validate what they must not, accept what they must not, or break on what is odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.verdict import Verdict
from lacp.protocol.port import Port
from lacp.protocol.selection import Selection
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from lacp.wire.lacpdu import Lacpdu
from tests.conformance.broken import Broken, deaf, lacpdu_of, lacpdus, patched, translated

_SYSTEM = Mac.parse("02:48:00:00:00:99")

_NOT_TAKEN = "Partner TLV with port priority"
_AFTER = "a plain LACPDU after an odd one"
_TRACE = "port priority of the partner"

Frame = Callable[[bytes], object]


def _wants(when: Frame) -> type[System]:
    """Hears only frames for which `when` holds."""
    return deaf(lambda _system, _port, frame, _now: not when(frame))


def _sees(change: Callable[[bytes], bytes]) -> type[System]:
    """Sees frames other than they are."""
    return translated(into=lambda _, frame: change(frame))


def _chokes(on: Frame) -> type[System]:
    """Hears nothing any more after a frame for which `on` holds."""

    class Chokes(System):
        def receive(self, port: str, frame: bytes, now: float) -> bool:
            if on(frame):
                self.choked = True
            self.advance(now)
            if not hasattr(self, "choked"):
                super().receive(port, frame, now)
            return True

    return Chokes


def _chokes_on(odd: Callable[[Lacpdu], object]) -> type[System]:
    def when(frame: bytes) -> object:
        pdu = lacpdu_of(frame)
        return pdu is not None and odd(pdu)

    return _chokes(when)


class _Answers(System):
    """Answers reserved octets."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        super().receive(port, frame, now)
        if any(frame[33:36]):
            self.ports[port].ntt = True
            super().link_changed(port, self.ports[port].link, now)
        return True


class _Faithful(System):
    """Hears the first source address of a port only."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        self.advance(now)
        first = self.__dict__.setdefault("first", {})
        if frame[6:12] == first.setdefault(port, frame[6:12]):
            super().receive(port, frame, now)
        return True


class _Latched(System):
    """Stops the timer of a port that hears itself."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        super().receive(port, frame, now)
        at, pdu = self.ports[port], lacpdu_of(frame)
        if pdu is not None and pdu.actor.identity == at.actor.identity:
            at.timers.stop(Timer.CURRENT_WHILE)
        return True


def _one_system(_: Port, pdu: Lacpdu) -> Lacpdu:
    """All odd systems are the same to it."""
    odd = pdu.actor.system.group or not any(pdu.actor.system)
    return replace(pdu, actor=replace(pdu.actor, system=_SYSTEM)) if odd else pdu


_refused = Selection._refused


def _loops(self: Selection, port: Port) -> str:
    reason = _refused(self, port)
    return "" if "hears itself" in reason else reason


BROKEN = [
    Broken(
        name="wants version 1",
        factory=_wants(lambda frame: frame[15] == 1),
        fails=dict.fromkeys(
            ("RXV-01", "RXV-02", "RXV-03", "RXV-12", "RXV-13", "RXV-15"), _NOT_TAKEN
        ),
    ),
    Broken(
        name="wants version 1 and refuses long LACPDUs with it",
        factory=_wants(lambda frame: frame[15] == 1),
        fails={"RXV-14": "625 octets refused"},
        verdict=Verdict.INFO,
    ),
    *(
        Broken(
            name=f"wants the type of the {name} TLV",
            factory=_wants(lambda frame, at=at, kind=kind: frame[at] == kind),  # type: ignore[misc]
            fails={id: _NOT_TAKEN},
        )
        for id, name, at, kind in (
            ("RXV-04", "Actor", 16, 1),
            ("RXV-05", "Partner", 36, 2),
            ("RXV-06", "Collector", 56, 3),
        )
    ),
    Broken(
        name="wants a Terminator",
        factory=_wants(lambda frame: frame[72] == 0),
        fails={"RXV-06": "Terminator type 0x66"},
    ),
    Broken(
        name="wants reserved octets to be zero",
        factory=_wants(lambda frame: not any(frame[74:124])),
        fails={"RXV-07": "0xff in its reserved octets"},
    ),
    Broken(name="answers reserved octets", factory=_Answers, fails={"RXV-07": "no answer"}),
    Broken(
        name="chokes on a length of its Actor TLV",
        factory=_chokes(lambda frame: frame[17] == 255),
        fails={"RXV-08": _AFTER},
    ),
    Broken(
        name="chokes on a length of other TLVs",
        factory=_chokes(lambda frame: frame[73] == 2),
        fails={"RXV-09": _AFTER},
    ),
    Broken(
        name="takes what was cut off",
        factory=_sees(lambda frame: frame.ljust(124, b"\0")),
        fails={"RXV-10": _TRACE},
    ),
    Broken(
        name="wants 110 octets",
        factory=_wants(lambda frame: len(frame) == 124),
        fails={"RXV-11": "32 trailing octets"},
    ),
    Broken(
        name="wants known TLVs",
        factory=_wants(lambda frame: b"\x7e" not in frame[72:80]),
        fails={"RXV-13": "an unknown TLV"},
    ),
    Broken(
        name="walks TLVs of length 0 for ever",
        factory=_chokes(lambda frame: frame[72:74] == b"\x7e\0"),
        fails={"RXV-13": "a TLV of length 0"},
    ),
    Broken(
        name="chokes on long LACPDUs",
        factory=_chokes(lambda frame: len(frame) > 600),
        fails={"RXV-14": _AFTER, "RXV-26": "a good LACPDU after the noise"},
    ),
    Broken(
        name="takes every slow protocol for LACP",
        factory=_sees(lambda frame: frame[:14] + b"\1" + frame[15:]),
        fails={"RXV-16": _TRACE, "RXV-17": _TRACE},
    ),
    Broken(
        name="does not count what it discards",
        factory=_wants(lambda frame: lacpdu_of(frame) is not None),
        fails={
            "RXV-10": "illegal_rx 0 higher",
            "RXV-16": "illegal_rx 0 higher",
            "RXV-17": "unknown_rx 0 higher",
            "RXV-20": "unknown_rx 0 higher",
        },
    ),
    Broken(
        name="takes LACPDUs to any address",
        factory=_sees(lambda frame: SLOW_PROTOCOLS_MULTICAST + frame[6:]),
        fails={"RXV-18": "accepted, expected those to 01:80:c2:00:00:02 only"},
        verdict=Verdict.INFO,
    ),
    Broken(
        name="does not see tags",
        factory=_sees(
            lambda frame: frame[:12] + frame[16:] if frame[12:14] == b"\x81\0" else frame
        ),
        fails={"RXV-19": _TRACE},
    ),
    Broken(
        name="does not look at the EtherType",
        factory=_sees(lambda frame: frame[:12] + b"\x88\x09" + frame[14:]),
        fails={"RXV-20": _TRACE},
    ),
    Broken(
        name="chokes on port number 0",
        factory=_chokes_on(lambda pdu: pdu.actor.port == 0),
        fails={"RXV-21": "did not recover"},
    ),
    Broken(
        name="chokes on key 0",
        factory=_chokes_on(lambda pdu: pdu.actor.key == 0),
        fails={"RXV-22": "H with its own key"},
    ),
    Broken(
        name="chokes on system 0",
        factory=_chokes_on(lambda pdu: not any(pdu.actor.system)),
        fails={"RXV-23": "H as it was"},
    ),
    Broken(
        name="takes all odd systems for one",
        factory=translated(into=lacpdus(_one_system)),
        fails={"RXV-23": "an aggregator for each of two systems"},
    ),
    Broken(name="hears one source only", factory=_Faithful, fails={"RXV-24": _NOT_TAKEN}),
    Broken(
        name="latches CURRENT when it hears itself",
        factory=_Latched,
        fails={"RXV-25": "no longer hears itself"},
    ),
    Broken(
        name="aggregates with itself",
        patch=patched(Selection, "_refused", _loops),
        fails={"RXV-25": "the device itself as its partner"},
        verdict=Verdict.WARN,
    ),
]

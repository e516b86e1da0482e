"""Broken devices: a case that no broken device fails is no case.

`Broken` is our engine with one fault, and the cases that must find it, each with words that must
stand in the reason, so that it fails for the fault and not for something else. The modules
`broken_*.py` hold them in a list `BROKEN`; `test_catalogue_broken.py` runs them all.

A fault is a patch of the engine's modules, a subclass of `System`, or both. `translated` makes a
subclass whose frames are changed on their way out, and on their way in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lacp.conformance.verdict import Verdict
from lacp.info import PORT_STATES, PortInfo
from lacp.protocol.events import Event, Transmit
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.variables import Control
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.layout import HEADER


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One fault and who must find it."""

    name: str
    #: Cases that must fail, with a part of the reason that they must give.
    fails: Mapping[str, str]
    patch: Callable[[pytest.MonkeyPatch], None] = lambda _: None
    factory: type[System] = System
    edition: str = "2014"
    control: Control = Control.INDEPENDENT
    #: Features of the device where the case leaves them open.
    device: Mapping[str, Any] = field(default_factory=lambda: {"short_timeout": True})
    verdict: Verdict = Verdict.FAIL


def patched(target: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    """A patch of one attribute."""
    return lambda monkeypatch: monkeypatch.setattr(target, name, value)


Octets = Callable[[Port, bytes], bytes]
Pdu = Callable[[Port, Lacpdu], Lacpdu]


def translated(out: Octets | None = None, into: Octets | None = None) -> type[System]:
    """A System whose frames are changed on their way out and in."""

    class Translated(System):
        def receive(self, port: str, frame: bytes, now: float) -> bool:
            changed = into(self.ports[port], frame) if into else frame
            return super().receive(port, changed, now)

        def events(self) -> Iterator[Event]:
            for event in super().events():
                if out and isinstance(event, Transmit) and event.port in self.ports:
                    yield event._replace(frame=out(self.ports[event.port], event.frame))
                else:
                    yield event

    return Translated


def lacpdu_of(frame: bytes) -> Lacpdu | None:
    """The LACPDU of a frame that is one."""
    lacp = slow.classify(frame).kind is slow.Kind.LACP
    return Lacpdu.decode(frame[HEADER:]) if lacp else None


def lacpdus(change: Pdu) -> Octets:
    """A change of octets that is one of LACPDUs; other frames pass."""

    def apply(port: Port, frame: bytes) -> bytes:
        pdu = lacpdu_of(frame)
        return frame if pdu is None else frame[:HEADER] + change(port, pdu).encode()

    return apply


def deaf(when: Callable[[System, Port, bytes, float], object]) -> type[System]:
    """A System that does not hear the frames for which `when` holds."""

    class Deaf(System):
        def receive(self, port: str, frame: bytes, now: float) -> bool:
            self.advance(now)
            if not when(self, self.ports[port], frame, now):
                super().receive(port, frame, now)
            return True

    return Deaf


def with_state(info: PortInfo, on: int = 0, off: int = 0) -> PortInfo:
    """`info` with bits of its state set and cleared."""
    return replace(info, state=PORT_STATES[(info.state | on) & ~off & 0xFF])

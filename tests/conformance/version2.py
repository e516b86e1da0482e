"""A device of version 2: our engine with TLVs, and a management that compares them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lacp.conformance.tester import virtual
from lacp.conformance.tester.bench import ManagedPort
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.tlv import ConversationDigest, PortAlgorithm, Tlv
from tests.conformance.broken import Broken, lacpdu_of, lacpdus, translated

#: Conversations by C-VID.
ALGORITHM = PortAlgorithm(bytes.fromhex("0080c201"))
DIGEST = bytes.fromhex("d2dc4cf241740239408945bd87391286")

Change = Callable[[ManagedPort], ManagedPort]

_view = virtual._view
#: The TLVs that each port has recorded.
_recorded: dict[Port, tuple[Tlv, ...]] = {}


def tlvs_of(port: Port) -> tuple[Tlv, ...]:
    """What a port sends."""
    return ALGORITHM, ConversationDigest(port.number, DIGEST)


def _second(port: Port, pdu: Lacpdu) -> Lacpdu:
    return replace(pdu, version=2, tlvs=tlvs_of(port))


class Version2(translated(out=lacpdus(_second))):  # type: ignore[misc]
    """Our engine, sending version 2 and recording what it hears of it."""

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        pdu = lacpdu_of(frame)
        if pdu is not None:
            _recorded[self.ports[port]] = pdu.tlvs if pdu.version >= 2 else ()
        followed: bool = super().receive(port, frame, now)
        return followed


def shown(port: Port) -> ManagedPort:
    """What management says of a port: missing TLVs are Unspecified and NULL."""
    heard = _recorded.get(port, ())
    same = {
        "algorithm": ALGORITHM in heard,
        "digest": any(isinstance(it, ConversationDigest) and it.digest == DIGEST for it in heard),
    }
    differs = frozenset(name for name, agrees in same.items() if not agrees)
    return replace(_view(port), differs=differs, discards=not differs)


def manage(monkeypatch: pytest.MonkeyPatch, change: Change = lambda view: view) -> None:
    """Have the virtual device's management show this, changed."""
    monkeypatch.setattr(virtual, "_view", lambda port: change(shown(port)))


def broken(
    name: str, fails: dict[str, str], factory: type[System] = Version2, change: Change | None = None
) -> Broken:
    """A device of version 2 with a fault."""
    patch: Any = (lambda it: manage(it, change)) if change else manage
    device = {"short_timeout": True, "version": 2}
    return Broken(name=name, fails=fails, factory=factory, patch=patch, device=device)

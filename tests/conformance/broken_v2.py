"""Devices of version 2 that get it wrong."""

from __future__ import annotations

from dataclasses import replace

from lacp.conformance.tester.bench import ManagedPort
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.wire.lacpdu import Envelope, Lacpdu
from tests.conformance.broken import lacpdus, translated
from tests.conformance.version2 import ALGORITHM, broken, tlvs_of


def _sends(version: int, *, digest: bool = True, tail: bytes | None = None) -> type[System]:
    def out(port: Port, pdu: Lacpdu) -> Lacpdu:
        tlvs = tlvs_of(port) if digest else (ALGORITHM,)
        return replace(pdu, version=version, tlvs=tlvs, envelope=Envelope(tail=tail))

    return translated(out=lacpdus(out))


def _follows(port: Port, pdu: Lacpdu) -> Lacpdu:
    """Sends version 1 to who does."""
    known = port.receive.state.name == "CURRENT"
    return pdu if known else replace(pdu, version=2, tlvs=tlvs_of(port))


def _agreeing(view: ManagedPort) -> ManagedPort:
    return replace(view, differs=frozenset(), discards=True)


def _disagreeing(view: ManagedPort) -> ManagedPort:
    return replace(view, differs=frozenset({"digest"}), discards=False)


def _one_flag(view: ManagedPort) -> ManagedPort:
    return replace(view, differs=(view.differs or frozenset()) - {"algorithm"})


def _inverted(view: ManagedPort) -> ManagedPort:
    return replace(view, discards=not view.discards)


BROKEN = [
    broken("sends version 1", {"V2-01": "Version_Number 1"}, _sends(1)),
    broken("sends no digest", {"V2-01": "ConversationDigest once"}, _sends(2, digest=False)),
    broken("follows its partner", {"V2-02": "Version_Number 1"}, translated(out=lacpdus(_follows))),
    broken(
        "agrees with everybody",
        {
            "V2-02": "one in algorithm",
            "V2-03": "a difference in nothing from a partner with another digest",
            "V2-04": "one in algorithm, digest",
        },
        change=_agreeing,
    ),
    broken(
        "agrees with nobody",
        {
            "V2-03": "from a partner that says the same",
            "V2-04": "from a partner that says the same",
        },
        change=_disagreeing,
    ),
    broken("forgets half", {"V2-04": "one in algorithm, digest"}, change=_one_flag),
    broken("discards the wrong way", {"V2-03": "discarded by agreement"}, change=_inverted),
]

"""Devices that send wrong LACPDUs."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from lacp.address import Mac
from lacp.conformance.verdict import Verdict
from lacp.info import PortInfo, PortState
from lacp.protocol.port import Port
from lacp.wire.lacpdu import Envelope, Lacpdu
from tests.conformance.broken import Broken, lacpdus, translated, with_state

_ADDRESS = Mac.parse("02:00:00:00:0d:01")


def _octets(offset: int, octets: bytes) -> type:
    return translated(lambda _, frame: frame[:offset] + octets + frame[offset + len(octets) :])


def _said_as(**told: Any) -> type:
    """A device that calls itself something else, and knows itself by that name."""

    def out(_: Port, pdu: Lacpdu) -> Lacpdu:
        return replace(pdu, actor=replace(pdu.actor, **told))

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        if any(getattr(pdu.partner, name) != value for name, value in told.items()):
            return pdu
        real = {name: getattr(port.actor, name) for name in told}
        return replace(pdu, partner=replace(pdu.partner, **real))

    return translated(lacpdus(out), lacpdus(into))


def _of_port(port: Port, actor: PortInfo, field: str) -> PortInfo:
    """The actor with a field that differs from port to port."""
    if field == "system":
        return replace(actor, system=Mac(actor.system[:5] + bytes((0xA0 + port.number,))))
    return replace(actor, key=100 + port.number)


def _differs_by_port(field: str) -> type:
    def out(port: Port, pdu: Lacpdu) -> Lacpdu:
        return replace(pdu, actor=_of_port(port, pdu.actor, field))

    def into(port: Port, pdu: Lacpdu) -> Lacpdu:
        if pdu.partner.identity != _of_port(port, port.actor, field).identity:
            return pdu
        return replace(pdu, partner=replace(port.actor, state=pdu.partner.state))

    return translated(lacpdus(out), lacpdus(into))


def _reserved_in_expired(_: Port, pdu: Lacpdu) -> Lacpdu:
    dirty = PortState.EXPIRED in pdu.actor.state
    return replace(pdu, envelope=Envelope(collector_reserved=b"\1" * 12)) if dirty else pdu


def _restless_delay() -> type:
    values = count(1)
    return translated(lacpdus(lambda _, pdu: replace(pdu, collector_max_delay=next(values))))


def _actor(on: int = 0, off: int = 0, when: int = 0) -> type:
    """Bits of Actor_State set and cleared in LACPDUs with all bits `when`."""

    def out(_: Port, pdu: Lacpdu) -> Lacpdu:
        hit = pdu.actor.state & when == when
        return replace(pdu, actor=with_state(pdu.actor, on, off)) if hit else pdu

    return translated(lacpdus(out))


def _partner(off: int = 0, when: int = 0) -> type:
    """Bits of Partner_State cleared in LACPDUs with all bits `when` of Actor_State."""

    def out(_: Port, pdu: Lacpdu) -> Lacpdu:
        hit = pdu.actor.state & when == when
        return replace(pdu, partner=with_state(pdu.partner, off=off)) if hit else pdu

    return translated(lacpdus(out))


_EXPIRED = PortState.EXPIRED
_DEFAULTED = PortState.DEFAULTED

BROKEN = [
    Broken(
        name="sends to the bridges' address",
        factory=_octets(0, bytes.fromhex("0180c2000000")),
        fails={"PDU-01": "a LACPDU to 01:80:c2:00:00:00"},
    ),
    Broken(
        name="sends from a group address",
        factory=_octets(6, b"\x03"),
        fails={"PDU-02": "expected an individual address"},
    ),
    Broken(
        name="sends from one address on all ports",
        factory=_octets(6, _ADDRESS),
        fails={"PDU-02": "on two links"},
        verdict=Verdict.WARN,
    ),
    Broken(
        name="tags its LACPDUs",
        factory=translated(lambda _, frame: frame[:12] + b"\x81\0\0\x07" + frame[12:]),
        fails={"PDU-03": "0x8100"},
    ),
    Broken(name="has version 3", factory=_octets(15, b"\3"), fails={"PDU-04": "Version_Number 3"}),
    Broken(
        name="has a Terminator of length 2",
        factory=_octets(73, b"\2"),
        fails={"PDU-05": "(0, 2) at offset 72"},
    ),
    Broken(
        name="has a Collector TLV of another type",
        factory=_octets(56, b"\4"),
        fails={"PDU-05": "(4, 16) at offset 56"},
    ),
    Broken(
        name="dirties reserved octets in EXPIRED",
        factory=translated(lacpdus(_reserved_in_expired)),
        fails={"PDU-06": "at offset 60"},
    ),
    Broken(
        name="dirties the octets after the Terminator",
        factory=_octets(120, b"\1"),
        fails={"PDU-06": "at offset 74"},
    ),
    Broken(
        name="pads to 114 octets",
        factory=translated(lambda _, frame: frame + bytes(4)),
        fails={"PDU-07": "114 octets"},
    ),
    Broken(name="has port number 0", factory=_said_as(port=0), fails={"PDU-08": "Actor_Port 0"}),
    Broken(
        name="has one port number on all ports",
        factory=_said_as(port=7),
        fails={"PDU-08": "Actor_Port 7 on links"},
    ),
    Broken(
        name="has key 0",
        factory=_said_as(key=0),
        fails={"PDU-08": "Actor_Key 0"},
        verdict=Verdict.WARN,
    ),
    Broken(
        name="takes the port's address for its system",
        factory=_differs_by_port("system"),
        fails={"PDU-09": "System Identifiers"},
    ),
    Broken(
        name="has a key for each port",
        factory=_differs_by_port("key"),
        fails={"PDU-10": "in one LAG"},
    ),
    Broken(
        name="has one key for all LAGs",
        factory=_said_as(key=9),
        fails={"PDU-10": "for 2 LAGs"},
        device={"lags": 2},
    ),
    Broken(
        name="echoes neither Defaulted nor Expired",
        factory=_partner(off=_EXPIRED | _DEFAULTED),
        fails={"PDU-11": "in the Partner TLV"},
    ),
    Broken(
        name="does not ask for fast LACPDUs in EXPIRED",
        factory=_partner(off=PortState.SHORT_TIMEOUT, when=_EXPIRED),
        fails={"PDU-12": "LACP_Timeout=1", "RXM-08": "LACP_Timeout=1"},
    ),
    Broken(
        name="counts in CollectorMaxDelay",
        factory=_restless_delay(),
        fails={"PDU-13": "CollectorMaxDelay values"},
    ),
    Broken(
        name="collects in EXPIRED",
        factory=_actor(
            on=PortState.COLLECTING | PortState.SYNCHRONIZATION, when=_EXPIRED | _DEFAULTED
        ),
        fails={"PDU-14": "with Expired"},
    ),
    Broken(
        name="distributes without collecting",
        factory=_actor(off=PortState.COLLECTING, when=PortState.DISTRIBUTING),
        fails={"PDU-14": "expected Synchronization, Collecting"},
    ),
    Broken(
        name="does not say Defaulted before EXPIRED has ended",
        factory=_actor(off=_DEFAULTED, when=_EXPIRED),
        fails={"RXM-01": "Defaulted=1 by INITIALIZE", "RXM-35": "what came while down"},
    ),
    Broken(
        name="keeps Collecting in EXPIRED",
        factory=_actor(on=PortState.COLLECTING, when=_EXPIRED | PortState.SYNCHRONIZATION),
        fails={"RXM-08": "Collecting=0"},
    ),
]

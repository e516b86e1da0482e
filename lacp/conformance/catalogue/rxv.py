"""Group RXV: reception validation (6.4.12), what a receiver has to accept.

A LACPDU was accepted when the device's Partner TLV shows a partner that only this LACPDU told of:
each has a port priority, its mark, that H never had before. What a receiver has to refuse is in
`rxv_refused`; odd partners, echoes and noise are in `rxv_partners`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lacp.conformance.catalogue.case import Case, Script, Source, Wall, case
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortInfo
from lacp.wire.lacpdu import FIXED, SIZE, Envelope
from lacp.wire.tlv import (
    ConversationDigest,
    ConversationMask,
    ConversationMask1,
    MaskState,
    PortAlgorithm,
    RetryCount,
    ServiceMappingDigest,
    Tlv,
    UnknownTlv,
)

#: Seconds after a periodic LACPDU of the device at which a frame is sent that must not be answered:
#: the time in which an answer is prompt is then over before the next one.
_AFTER = 0.05

_ALGORITHM = PortAlgorithm(bytes.fromhex("0080c201"))
_DIGEST = ConversationDigest(1, bytes(range(16)))
_MAPPING = ServiceMappingDigest(bytes(range(16, 32)))
_MASKS: tuple[Tlv, ...] = (
    ConversationMask1(MaskState.ACTOR_PARTNER_SYNC, b"\xff" * 128),
    *(ConversationMask(part, b"\xff" * 128) for part in (2, 3, 4)),
)


def marked(t: Trial) -> PortInfo:
    """H with a port priority that it has not had before in this case."""
    return replace(t.partner().good(), port_priority=0x1000 + len(t.trace) % 0xE000)


def after_tick(t: Trial) -> Wait[None]:
    """Come to the moment just after a periodic LACPDU of the device; H is silent from there on."""
    yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    t.partner().silence()
    yield from t.wait(_AFTER)


def accepted(t: Trial, what: str, **fields: Any) -> Wait[Seen]:
    """Send a marked LACPDU with these `fields`; the device's LACPDU that shows its mark, or fail:
    `what` says what is odd about it."""
    actor = marked(t)
    t.partner().silence()
    t.partner().send(actor, **fields)
    return (
        yield from t.next_pdu(
            lambda it: it.partner.identity == actor.identity,
            within=BOUND,
            what=f"a Partner TLV with port priority {actor.port_priority:#06x}, as {what} told",
        )
    )


def taken(t: Trial, **fields: Any) -> Wait[bool]:
    """Send a marked LACPDU with these `fields`; whether the device accepts it. It may, it need not,
    but it has to accept a plain one that follows."""
    actor = marked(t)
    t.partner().silence()
    t.partner().send(actor, **fields)
    answer = yield from t.try_pdu(lambda it: it.partner.identity == actor.identity, within=BOUND)
    yield from accepted(t, "a plain LACPDU after an odd one")
    return answer is not None


def _accepts(
    id: str,
    title: str,
    stimulus: str,
    *odd: tuple[str, dict[str, Any]],
    clause: str = "6.4.12",
    source: Source = Source.STANDARD,
) -> Case:
    """A case in which the device has to accept LACPDUs with these odd fields."""

    @case(
        id,
        title,
        clause=clause,
        stimulus=f"converged; {stimulus}",
        expected="accepted: H's new port priority in the Partner TLV within 1.25 s",
        source=source,
    )
    def script(t: Trial) -> Script:
        yield from t.b2()
        for what, fields in odd:
            pdu = yield from accepted(t, what, **fields)
            t.check(
                not pdu.expired and not pdu.defaulted,
                f"{pdu.summary} after {what}",
                "the Receive machine in CURRENT",
            )

    return script


VERSIONS = tuple(
    _accepts(
        id,
        f"Version_Number {version} is not looked at",
        f"a LACPDU with Version_Number {version} and the body of version 1",
        (f"a LACPDU with Version_Number {version}", {"version": version}),
        source=source,
    )
    for id, version, source in (
        ("RXV-01", 0, Source.STANDARD),
        ("RXV-02", 2, Source.STANDARD),
        ("RXV-03", 255, Source.FIELD_BUG),
    )
)


def _odd(what: str, **envelope: Any) -> tuple[str, dict[str, Any]]:
    return f"a LACPDU with {what}", {"envelope": Envelope(**envelope)}


TYPES = (
    _accepts(
        "RXV-04",
        "The TLV_type of the Actor TLV is not looked at",
        "a LACPDU whose Actor TLV has type 0x07",
        _odd("Actor TLV_type 0x07", actor_type=0x07),
        source=Source.FIELD_BUG,
    ),
    _accepts(
        "RXV-05",
        "The TLV_type of the Partner TLV is not looked at",
        "a LACPDU whose Partner TLV has type 0x09",
        _odd("Partner TLV_type 0x09", partner_type=0x09),
        source=Source.FIELD_BUG,
    ),
    _accepts(
        "RXV-06",
        "The TLV_types of Collector TLV and Terminator are not looked at",
        "a LACPDU whose Collector TLV has type 0x55 and whose Terminator has type 0x66",
        _odd("Collector TLV_type 0x55", collector_type=0x55),
        _odd("Terminator type 0x66", tail=b"\x66" + bytes(SIZE - FIXED - 1)),
    ),
)


@case(
    "RXV-07",
    "Reserved octets are not looked at",
    clause="6.4.12",
    stimulus="converged; LACPDUs with 0xff in all reserved octets, the first with nothing new",
    expected="no answer to the first; the second accepted within 1.25 s",
    source=Source.FIELD_BUG,
)
def reserved(t: Trial) -> Script:
    full = Envelope(
        actor_reserved=b"\xff" * 3,
        partner_reserved=b"\xff" * 3,
        collector_reserved=b"\xff" * 12,
        tail=bytes(2) + b"\xff" * (SIZE - FIXED - 2),
    )
    yield from t.b2()
    yield from after_tick(t)
    t.partner().send(envelope=full)
    yield from t.quiet(t.prompt, "no answer for reserved octets")
    yield from accepted(t, "a LACPDU with 0xff in its reserved octets", envelope=full)


def _lengths(t: Trial, odd: Iterable[tuple[str, Envelope]]) -> Script:
    """Record which lengths the device validates."""
    yield from t.b2()
    taken_with, refused_with = list[str](), list[str]()
    for what, envelope in odd:
        accepts = yield from taken(t, envelope=envelope)
        (taken_with if accepts else refused_with).append(what)
    t.info(
        f"saw LACPDUs accepted with {', '.join(taken_with) or 'none'} and refused with "
        f"{', '.join(refused_with) or 'none'}; both are right, a receiver may validate lengths"
    )


@case(
    "RXV-08",
    "A wrong length of the Actor TLV does no harm",
    clause="6.4.12",
    stimulus="converged; LACPDUs whose Actor TLV has length 0, 19, 21 and 255, a good one after "
    "each",
    expected="accepted or not, which is recorded; each good one accepted",
    wall=Wall.MIDDLE,
)
def actor_lengths(t: Trial) -> Script:
    yield from _lengths(
        t, ((f"Actor length {it}", Envelope(actor_length=it)) for it in (0, 19, 21, 255))
    )


@case(
    "RXV-09",
    "A wrong length of Partner TLV, Collector TLV or Terminator does no harm",
    clause="6.4.12",
    stimulus="converged; LACPDUs with Partner length 0 and 255, Collector length 0 and 255, "
    "Terminator length 2, a good one after each",
    expected="accepted or not, which is recorded; each good one accepted",
    wall=Wall.MIDDLE,
)
def other_lengths(t: Trial) -> Script:
    yield from _lengths(
        t,
        (
            ("Partner length 0", Envelope(partner_length=0)),
            ("Partner length 255", Envelope(partner_length=255)),
            ("Collector length 0", Envelope(collector_length=0)),
            ("Collector length 255", Envelope(collector_length=255)),
            ("Terminator length 2", Envelope(tail=b"\0\2" + bytes(SIZE - FIXED - 2))),
        ),
    )


EXTENSIONS = (
    _accepts(
        "RXV-11",
        "What follows the 110 octets of a LACPDU is not looked at",
        "a LACPDU with 32 octets of a vendor's (type 0x64) behind its padding",
        (
            "a LACPDU with 32 trailing octets",
            {"envelope": Envelope(tail=bytes(SIZE - FIXED) + b"\x64\x20" + b"\x5a" * 30)},
        ),
        source=Source.FIELD_BUG,
    ),
    _accepts(
        "RXV-12",
        "A LACPDU of version 2 is read as one of version 1",
        "a LACPDU of version 2 with Port Algorithm, Conversation ID Digest and Service Mapping "
        "Digest TLVs",
        (
            "a LACPDU with the TLVs 0x04, 0x05 and 0x0a",
            {"version": 2, "tlvs": (_ALGORITHM, _DIGEST, _MAPPING)},
        ),
    ),
    _accepts(
        "RXV-15",
        "SONiC's LACPDUs with retry counts are ordinary LACPDUs",
        "a LACPDU of version 0xf1 with the TLVs 0x80 and 0x81",
        (
            "a LACPDU with the TLVs 0x80 and 0x81",
            {"version": 0xF1, "tlvs": (RetryCount(5), RetryCount(5, partner=True))},
        ),
        source=Source.FIELD_BUG,
    ),
)


@case(
    "RXV-13",
    "Unknown TLVs are skipped, and TLVs with an impossible length do no harm",
    clause="6.4.2.4",
    stimulus="converged; LACPDUs of version 2 with TLV 0x7e of length 6, 0 and 1 before the "
    "Terminator, a good one after each of the last two",
    expected="accepted within 1.25 s; a device of version 2 may refuse those of length 0 and 1",
    source=Source.FIELD_BUG,
)
def unknown_tlvs(t: Trial) -> Script:
    yield from t.b2()
    known = (_ALGORITHM, UnknownTlv(0x7E, bytes.fromhex("deadbeef")), _MAPPING)
    yield from accepted(t, "a LACPDU with an unknown TLV", version=2, tlvs=known)
    for length in (0, 1):
        tail = bytes((0x7E, length)) + bytes(SIZE - FIXED - 2)
        odd: dict[str, Any] = {"version": 2, "envelope": Envelope(tail=tail)}
        if t.device.version == 1:
            yield from accepted(t, f"a LACPDU with a TLV of length {length}", **odd)
        elif not (yield from taken(t, **odd)):
            t.note(f"a LACPDU with a TLV of length {length} is refused")


@case(
    "RXV-14",
    "A long LACPDU does no harm",
    clause="6.4.2.4",
    stimulus="converged; a LACPDU of version 2 with all TLVs of that version, 625 octets, and a "
    "good one after it",
    expected="accepted, or refused for its length (INFO); the good one accepted within 1.25 s",
)
def long_pdu(t: Trial) -> Script:
    yield from t.b2()
    tlvs = (_ALGORITHM, _DIGEST, *_MASKS, _MAPPING)
    if not (yield from taken(t, version=2, tlvs=tlvs)):
        t.info("saw a LACPDU of 625 octets refused; a receiver of version 1 need not take it")

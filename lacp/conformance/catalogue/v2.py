"""Group V2: LACPDUs of version 2, with the parameters of conversations (6.4.2.4, 6.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lacp.conformance.catalogue.case import Script, Source, case
from lacp.conformance.tester.bench import ManagedPort
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.wire.tlv import ConversationDigest, PortAlgorithm, ServiceMappingDigest, Tlv

_EDITIONS = ("2014", "2014-cor1", "2020")
_DEVICE = {"version": 2}
#: Between a LACPDU of H and what management says of it.
_READ = 0.2
#: 00-80-C2-00: distribution is not specified, so it never agrees.
_UNSPECIFIED = bytes.fromhex("0080c200")


def _of_version_2(t: Trial, pdus: Iterable[Seen]) -> None:
    for it in pdus:
        version = it.lacpdu.version
        t.check(version == 2, f"Version_Number {version} in {it.summary}", "2 of this device")


@case(
    "V2-01",
    "A device of version 2 sends its TLVs between Collector and Terminator",
    clause="6.4.2.4",
    stimulus="converged; the LACPDUs of 3 s",
    expected="Version_Number 2; one Port Algorithm TLV and one Port Conversation ID Digest TLV, at "
    "most one Port Conversation Service Mapping Digest TLV, then the Terminator",
    editions=_EDITIONS,
    device=_DEVICE,
)
def well_formed(t: Trial) -> Script:
    yield from t.b2()
    start = t.now
    yield from t.wait(3.0)
    heard = t.pdus(since=start)
    t.check(heard, "no LACPDU in 3 s", "one each second")
    _of_version_2(t, heard)
    for it in heard:
        tlvs = it.lacpdu.tlvs
        said = ", ".join(f"{tlv.kind:#04x}" for tlv in tlvs) or "none"
        for kind, least in (PortAlgorithm, 1), (ConversationDigest, 1), (ServiceMappingDigest, 0):
            count = sum(isinstance(tlv, kind) for tlv in tlvs)
            t.check(least <= count <= 1, f"TLVs {said}", f"{kind.__name__} once, well-formed")
        tail = it.lacpdu.envelope.tail
        t.check(
            tail is None or tail[:2] == b"\0\0",
            f"{(tail or b'')[:2].hex() or 'nothing'} after TLVs {said}",
            "the Terminator TLV 00 00",
        )


def _view(t: Trial) -> ManagedPort:
    return t.management.port(0)


def _check_differs(t: Trial, least: set[str], when: str) -> None:
    """The device says of these parameters that the partner has them otherwise."""
    found = _view(t).differs
    if found is None:
        t.note("management does not say in what the partner differs")
        return
    t.check(
        least <= found,
        f"a difference in {', '.join(sorted(found)) or 'nothing'} {when}",
        f"one in {', '.join(sorted(least))}",
    )


@case(
    "V2-02",
    "A device of version 2 converges with a partner of version 1",
    clause="6.4.9",
    stimulus="H with LACPDUs of version 1",
    expected="converged; the device's LACPDUs stay of version 2; where management shows it, the "
    "partner's algorithm is Unspecified and hence different",
    editions=_EDITIONS,
    device=_DEVICE,
)
def old_partner(t: Trial) -> Script:
    yield from t.b2()
    _of_version_2(t, t.pdus())
    if t.offers(Need.MANAGEMENT):
        _check_differs(t, {"algorithm"}, "from a partner of version 1")


def _say(t: Trial, tlvs: tuple[Tlv, ...]) -> Wait[None]:
    """H says these TLVs in LACPDUs of version 2 from here on."""
    partner = t.partner()
    partner.alter = lambda pdu: replace(pdu, version=2, tlvs=tlvs)
    partner.send(partner.cooperating())
    yield from t.wait(_READ)


def _agree(t: Trial) -> Wait[tuple[Tlv, ...]]:
    """H says what the device says, and the device sees that."""
    yield from t.b2()
    last = t.last()
    assert last is not None
    tlvs = last.lacpdu.tlvs
    yield from _say(t, tlvs)
    view = _view(t)
    unspecified = any(isinstance(it, PortAlgorithm) and it.algorithm == _UNSPECIFIED for it in tlvs)
    allowed = {"algorithm"} if unspecified else set()
    t.check(
        view.differs is None or view.differs <= allowed,
        f"a difference in {', '.join(sorted(view.differs or ()))}",
        "none from a partner that says the same",
    )
    return tlvs


@case(
    "V2-03",
    "A device of version 2 knows whether its partner has the same conversations",
    clause="6.6.2",
    stimulus="H of version 2 with the device's own TLVs, then with another digest",
    expected="no difference, then one in the digest; where wrong conversations are discarded by "
    "agreement only, they are not any more",
    editions=_EDITIONS,
    needs={Need.MANAGEMENT},
    device=_DEVICE,
    source=Source.WEAK,
)
def other_digest(t: Trial) -> Script:
    tlvs = yield from _agree(t)
    agreed = _view(t).discards
    other = tuple(
        replace(it, digest=bytes(octet ^ 0xFF for octet in it.digest))
        if isinstance(it, ConversationDigest)
        else it
        for it in tlvs
    )
    yield from _say(t, other)
    _check_differs(t, {"digest"}, "from a partner with another digest")
    now = _view(t).discards
    if agreed and now:
        t.note("wrong conversations are discarded whether the partner agrees or not")
    t.check(
        agreed is None or agreed or not now,
        "wrong conversations discarded with a partner that has others, not with one that agrees",
        "them discarded by agreement, if at all",
    )


@case(
    "V2-04",
    "A device of version 2 forgets the TLVs of a partner that no longer sends them",
    clause="6.4.9",
    stimulus="H of version 2 with the device's own TLVs, then without any",
    expected="no difference, then one in algorithm and digest: Unspecified and NULL",
    editions=_EDITIONS,
    needs={Need.MANAGEMENT},
    device=_DEVICE,
)
def omitted(t: Trial) -> Script:
    yield from _agree(t)
    yield from _say(t, ())
    _check_differs(t, {"algorithm", "digest"}, "from a partner that sends no TLV any more")

"""Group MRK: the marker protocol (6.5). Whoever sends a marker is answered on the same port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from lacp.address import Mac
from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.per import paced
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, CONVERGENCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.wire import slow
from lacp.wire.layout import HEADER
from lacp.wire.marker import CANONICAL, RESPONSE, TYPE_OFFSET, Marker, MarkerEnvelope
from lacp.wire.slow import ETHERTYPE, Subtype

#: Seconds within which a responder answers.
_ANSWERED = 1.0
#: Frames of one slow protocol in any second (802.3 Annex 57A).
RATE = 10

_MARKER = ETHERTYPE.to_bytes(2, "big") + bytes((Subtype.MARKER,))
#: An EtherType for experiments, for frames that are anybody's data.
_DATA = bytes.fromhex("88b5")


def a_marker(t: Trial, transaction: int, envelope: MarkerEnvelope = CANONICAL) -> Marker:
    """A Marker PDU of H."""
    actor = t.partner().actor
    return Marker(actor.port, actor.system, transaction, envelope=envelope)


def send(t: Trial, marker: Marker) -> Seen:
    """H sends it now."""
    partner = t.partner()
    return partner.send_octets(slow.ethernet(partner.destination, partner.address, marker.encode()))


def is_marker(it: Seen) -> bool:
    """A frame of the marker protocol, well formed or not."""
    return it.octets[12:15] == _MARKER


def _answered(t: Trial, sent: Seen, what: str) -> Wait[Seen]:
    """The response to the marker that was just sent: its own octets but for the TLV_type."""
    it = yield from t.next_frame(is_marker, within=_ANSWERED, what=f"a Marker Response to {what}")
    _check_response(t, it, sent, what)
    return it


def _check_response(t: Trial, it: Seen, sent: Seen, what: str) -> None:
    at = HEADER + TYPE_OFFSET
    proper = bytearray(sent.octets[HEADER:])
    proper[TYPE_OFFSET] = RESPONSE
    wrong = [
        HEADER + offset
        for offset, (found, wanted) in enumerate(zip(it.octets[HEADER:], proper, strict=False))
        if found != wanted
    ]
    t.check(
        not wrong and len(it.octets) >= len(sent.octets),
        f"a response to {what} with other octets at offset {', '.join(map(str, wrong[:5]))}"
        if wrong
        else f"a response of {len(it.octets)} octets to {what}",
        f"the marker's own octets, but for TLV_type {RESPONSE} at offset {at}",
    )


@case(
    "MRK-01",
    "A marker is answered",
    clause="6.5.4",
    stimulus="converged; a Marker PDU of H",
    expected="a Marker Response on the same link within 1 s",
    source=Source.FIELD_BUG,
)
def answered(t: Trial) -> Script:
    yield from t.b2()
    yield from _answered(t, send(t, a_marker(t, 1)), "a marker")


@case(
    "MRK-02",
    "A response repeats all octets of its marker, whatever they are",
    clause="6.5.3.3",
    stimulus="converged; 3 Marker PDUs with random requester, transaction, pad and reserved octets "
    "(seed 2)",
    expected="the same octets but for TLV_type 2, from the port's address to the group address",
)
def repeated(t: Trial) -> Script:
    yield from t.b2()
    device, dice = t.last(), Random(2)
    assert device is not None
    for _ in range(3):
        marker = Marker(
            dice.randrange(0x10000),
            Mac(b"\x02" + dice.randbytes(5)),
            dice.randrange(1 << 32),
            envelope=MarkerEnvelope(pad=dice.randbytes(2), tail=bytes(2) + dice.randbytes(90)),
        )
        it = yield from _answered(t, send(t, marker), "a marker of random octets")
        to, source, own = Mac(it.octets[:6]), Mac(it.octets[6:12]), Mac(device.octets[6:12])
        t.check(to == t.profile.destination, f"a response to {to}", f"to {t.profile.destination}")
        t.check(source == own, f"a response from {source}", f"the port's address, {own}")


def _unanswered(t: Trial, markers: Iterable[Marker], why: str) -> Wait[None]:
    """Send what is no marker, then a marker: the only response is to that one."""
    start = t.now
    for marker in markers:
        send(t, marker)
    yield from t.wait(t.prompt)
    sent = send(t, a_marker(t, 0x600D))
    for it in t.frames(since=start):
        t.check(not is_marker(it), f"{it.summary} in answer", f"no answer: {why}")
    answer = yield from t.try_frame(is_marker, within=_ANSWERED)
    if answer is None:
        t.info("saw no answer to a marker either: it is MRK-01 that this device does not keep")
    else:
        _check_response(t, answer, sent, "the marker after them")


@case(
    "MRK-03",
    "A Marker Response is not answered",
    clause="6.5.4",
    stimulus="converged; a Marker Response that the device did not ask for, then a marker",
    expected="no answer to the first within 0.35 s; the second answered, or INFO",
    source=Source.FIELD_BUG,
)
def response_unanswered(t: Trial) -> Script:
    yield from t.b2()
    response = replace(a_marker(t, 3), response=True)
    yield from _unanswered(t, [response], "answering answers never ends")


@case(
    "MRK-04",
    "A Marker PDU with an unknown TLV is not answered",
    clause="6.5.4",
    stimulus="converged; Marker PDUs with TLV_type 3 and 0, then a marker",
    expected="no answer to the first two within 0.35 s, UnknownRx 2 higher where it can be read; "
    "the third answered, or INFO",
)
def unknown_unanswered(t: Trial) -> Script:
    yield from t.b2()
    managed = t.offers(Need.MANAGEMENT)
    before = t.management.port(0).counters["unknown_rx"] if managed else 0
    odd = [a_marker(t, kind, MarkerEnvelope(type=kind)) for kind in (3, 0)]
    yield from _unanswered(t, odd, "that is no marker")
    if managed:
        more = t.management.port(0).counters["unknown_rx"] - before
        t.check(more == 2, f"unknown_rx {more} higher", "it 2 higher")


@case(
    "MRK-05",
    "A marker of another version is answered, with its version",
    clause="6.5.3.3",
    stimulus="converged; a Marker PDU of version 2",
    expected="a Marker Response of version 2 within 1 s",
)
def version(t: Trial) -> Script:
    yield from t.b2()
    sent = send(t, replace(a_marker(t, 5), version=2))
    yield from _answered(t, sent, "a marker of version 2")


@case(
    "MRK-06",
    "A marker is answered by a port that carries no traffic",
    clause="6.5.4",
    stimulus="a Marker PDU to the device defaulted; one when it is in sync but not collecting, H "
    "being out of sync",
    expected="a Marker Response to each within 1 s",
)
def idle_port(t: Trial) -> Script:
    yield from t.b1()
    yield from _answered(t, send(t, a_marker(t, 6)), "a marker while the device is defaulted")
    partner = t.partner()
    partner.hold(partner.good(0, 0, 0).state)
    yield from t.next_pdu(
        lambda it: it.synchronization and not it.collecting and not it.defaulted,
        within=CONVERGENCE,
        what="Synchronization=1 and Collecting=0",
    )
    yield from _answered(t, send(t, a_marker(t, 7)), "a marker while the device does not collect")


@case(
    "MRK-07",
    "A wrong length of a marker does no harm",
    clause="6.5.3.3",
    stimulus="converged; Marker PDUs with length 0x16 and 0, a good one after each",
    expected="answered or not, which is recorded; the good ones answered",
)
def lengths(t: Trial) -> Script:
    yield from t.b2()
    said = []
    for length in (0x16, 0):
        send(t, a_marker(t, length, MarkerEnvelope(length=length)))
        it = yield from t.try_frame(is_marker, within=_ANSWERED)
        said.append(f"length {length:#04x} {'not ' if it is None else ''}answered")
        yield from _answered(t, send(t, a_marker(t, 8)), "the marker after it")
    t.info(f"saw markers with {' and '.join(said)}; both are right")


@case(
    "MRK-08",
    "A flood of markers is answered within the rate of slow protocols, and LACP goes on",
    clause="57A.2",
    stimulus="converged; 50 Marker PDUs a second for 5 s",
    expected="some answered, 10 a second at most (else INFO); LACPDUs at intervals of 1 s "
    "(±0.25 s)",
    source=Source.WEAK,
    wall=Wall.MIDDLE,
)
def flood(t: Trial) -> Script:
    yield from t.b2()
    first = yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    start = t.now
    while t.now < start + 5.0:
        send(t, a_marker(t, len(t.trace)))
        yield from t.wait(0.02)
    before = first
    for it in t.pdus(since=start):
        if it is not first:
            t.check_at(it.time - before.time, 1.0, "a LACPDU after the one before at")
            before = it
    yield from paced(t, before, 1)
    responses = [it for it in t.frames(since=start) if is_marker(it)]
    t.check(responses, "no Marker Response in 5 s", "some of 250 markers to be answered")
    most = busiest(t, responses)
    if most > RATE:
        t.info(f"saw {most} Marker Responses in a second; slow protocols send {RATE} at most")


def busiest(t: Trial, frames: list[Seen]) -> int:
    """How many of these frames came in the fullest second, as it was at the device."""
    window = 1.0 - min(t.slack, 0.05) - 1e-9
    times = [it.time for it in frames]
    counts = (sum(first <= time < first + window for time in times) for first in times)
    return max(counts, default=0)


@case(
    "MRK-09",
    "What was sent before a marker has been delivered when the response comes",
    clause="6.5.4",
    stimulus="converged; 10 user frames of H and a Marker PDU behind them",
    expected="a Marker Response, and by then all frames are with the device's client",
    needs={Need.DATAPLANE},
)
def after_data(t: Trial) -> Script:
    yield from t.b2()
    t.dataplane.collected()
    partner = t.partner()
    frames = [b"\xff" * 6 + partner.address + _DATA + bytes((number,)) * 46 for number in range(10)]
    for frame in frames:
        partner.send_octets(frame)
    yield from _answered(t, send(t, a_marker(t, 9)), "a marker behind user frames")
    delivered = {frame for _, frame in t.dataplane.collected()}
    late = [frame for frame in frames if frame not in delivered]
    t.check(
        not late,
        f"{len(late)} of {len(frames)} user frames not delivered when the response came",
        "all of them: the marker says that nothing is on its way any more",
    )

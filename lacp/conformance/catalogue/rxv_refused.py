"""Group RXV: frames that are no LACPDUs for the device, whatever is in them.

Each carries a whole LACPDU of a partner that nobody else told of; it must leave no trace in what
the device sends, and is not answered. A good LACPDU afterwards is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lacp.address import Mac
from lacp.conformance.catalogue.case import Script, Wall, case
from lacp.conformance.catalogue.rxv import accepted, after_tick, marked
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.wire.lacpdu import Envelope
from lacp.wire.layout import HEADER

_TAG = bytes.fromhex("81000064")
_IPV4 = bytes.fromhex("0800")


def _whole(t: Trial, subtype: int = 1) -> bytes:
    """A frame with a LACPDU of a partner with a new mark."""
    partner = t.partner()
    return partner.frame(partner.pdu(marked(t), envelope=Envelope(subtype=subtype)))


def _send(t: Trial, octets: Iterable[bytes]) -> Wait[list[Seen]]:
    """From B2, send frames that are to be refused, and prove that they are. Returns them.

    The device says nothing but what it said before, when it would have said it.
    """
    yield from t.b2()
    yield from after_tick(t)
    before, start = t.last(), t.now
    assert before is not None
    # A frame at a time is made: each needs another mark.
    sent = [t.partner().send_octets(frame) for frame in octets]
    yield from t.wait(t.prompt)
    for it in t.frames(since=start):
        if it.is_slow:
            t.check(
                it.is_lacpdu and it.lacpdu == before.lacpdu,
                f"{it.summary}, port priority of the partner {_priority(it)}, as an answer",
                "frames to be discarded that are no LACPDUs",
            )
            t.fail(f"saw {it.summary} as an answer, expected none to what is no LACPDU")
    pdu = yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    t.check(
        (pdu.actor, pdu.partner) == (before.actor, before.partner),
        f"{pdu.summary}, port priority of the partner {_priority(pdu)}",
        f"the state of before: {before.summary}, {_priority(before)}",
    )
    yield from accepted(t, "a good LACPDU after frames that were none")
    return sent


def _priority(it: Seen) -> str:
    return f"{it.partner.port_priority:#06x}" if it.is_lacpdu else "not told"


def _counts(t: Trial, name: str) -> int:
    return t.management.port(0).counters[name] if t.offers(Need.MANAGEMENT) else 0


def _counted(t: Trial, name: str, octets: Iterable[bytes]) -> Script:
    """As `_send`; where the device's counters can be read, this one must have counted each."""
    before = _counts(t, name)
    sent = yield from _send(t, octets)
    if t.offers(Need.MANAGEMENT):
        more = _counts(t, name) - before
        t.check(more == len(sent), f"{name} {more} higher", f"it {len(sent)} higher")


@case(
    "RXV-10",
    "A LACPDU that was cut off is not accepted",
    clause="6.4.12",
    stimulus="converged; LACPDUs cut to 30, 58, 60 and 109 octets of payload, then a good one",
    expected="nothing of them in the device's LACPDUs, no answer, IllegalRx 4 higher where it can "
    "be read; the good one accepted",
)
def truncated(t: Trial) -> Script:
    sizes = (30, 58, 60, 109)
    yield from _counted(t, "illegal_rx", (_whole(t)[: HEADER + size] for size in sizes))


@case(
    "RXV-16",
    "Frames with an illegal subtype are discarded",
    clause="57A.5",
    stimulus="converged; slow-protocol frames with subtype 0, 11 and 255 and the body of a LACPDU, "
    "then a good LACPDU",
    expected="nothing of them in the device's LACPDUs, no answer, IllegalRx 3 higher where it can "
    "be read; the good one accepted",
)
def illegal_subtypes(t: Trial) -> Script:
    yield from _counted(t, "illegal_rx", (_whole(t, subtype) for subtype in (0, 11, 255)))


@case(
    "RXV-17",
    "Frames of other slow protocols are no LACPDUs",
    clause="57A.5",
    stimulus="converged; slow-protocol frames with subtypes 4 to 10 and the body of a LACPDU, "
    "then a good LACPDU",
    expected="nothing of them in the device's LACPDUs, no answer, UnknownRx 7 higher where it can "
    "be read; the good one accepted",
)
def other_subtypes(t: Trial) -> Script:
    yield from _counted(t, "unknown_rx", (_whole(t, subtype) for subtype in range(4, 11)))


@case(
    "RXV-18",
    "LACPDUs to another address than the port's are not accepted",
    clause="6.2.10.2",
    stimulus="converged; LACPDUs to 01:80:c2:00:00:00, 01:80:c2:00:00:02, 01:80:c2:00:00:03, the "
    "device's own address and the broadcast address, except to the one that is the port's",
    expected="not accepted; INFO where they are",
    wall=Wall.MIDDLE,
)
def other_destinations(t: Trial) -> Script:
    yield from t.b2()
    partner, device = t.partner(), t.last()
    assert device is not None
    groups = (Mac.parse(f"01:80:c2:00:00:{last}") for last in ("00", "02", "03"))
    for to in (*groups, Mac(device.octets[6:12]), Mac(b"\xff" * 6)):
        if to == t.profile.destination:
            continue
        partner.silence()
        sent = partner.send_octets(to + _whole(t)[6:])
        if (yield from t.try_pdu(_shows(sent), within=BOUND)):
            t.info(f"saw a LACPDU to {to} accepted, expected those to {t.profile.destination} only")
        yield from accepted(t, "a LACPDU to the port's own destination")


def _shows(sent: Seen) -> Callable[[Seen], bool]:
    """Whether a LACPDU of the device shows who sent `sent`."""
    return lambda it: it.partner.identity == sent.actor.identity


@case(
    "RXV-19",
    "A tagged LACPDU is not accepted",
    clause="57A.3",
    stimulus="converged; a LACPDU inside an 802.1Q tag of VLAN 100, then a good one",
    expected="nothing of it in the device's LACPDUs, no answer; the good one accepted",
)
def tagged(t: Trial) -> Script:
    yield from _send(t, (frame[:12] + _TAG + frame[12:] for frame in [_whole(t)]))


@case(
    "RXV-20",
    "A frame of another EtherType to the slow protocols' address is no LACPDU",
    clause="57A.5",
    stimulus="converged; the body of a LACPDU with EtherType 0x0800 to 01:80:c2:00:00:02, then a "
    "good LACPDU",
    expected="nothing of it in the device's LACPDUs, no answer, UnknownRx 1 higher where it can be "
    "read; the good one accepted",
)
def other_ethertype(t: Trial) -> Script:
    frames = (frame[:12] + _IPV4 + frame[14:] for frame in [_whole(t)])
    yield from _counted(t, "unknown_rx", frames)

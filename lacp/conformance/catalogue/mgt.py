"""Group MGT: what management says of a port (7.3.3, 7.3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lacp.address import Mac
from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.catalogue.steps import toggled, walk
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortState
from lacp.link import Duplex
from lacp.wire import slow
from lacp.wire.marker import Marker

_TESTER = Mac.parse("02:48:00:00:00:01")


def _counters(t: Trial) -> Mapping[str, int]:
    return t.management.port(0).counters


def _check_counted(t: Trial, before: Mapping[str, int], **expected: int) -> None:
    """Fail unless the counters have grown by so much; those that the device has not are noted."""
    after = _counters(t)
    for name, more in expected.items():
        if name not in before or name not in after:
            t.note(f"the device does not count {name}")
            continue
        t.check(
            after[name] - before[name] == more,
            f"{name} going from {before[name]} to {after[name]}",
            f"{more} more",
        )


def _calm(t: Trial) -> Wait[None]:
    """Converged with an H who asks for LACPDUs each 30 s only, so that counters stand still."""
    partner = t.partner()
    partner.actor = toggled(partner.actor, PortState.SHORT_TIMEOUT)
    yield from t.b2()
    partner.silence()
    partner.send()
    yield from t.wait(0.5)


@case(
    "MGT-01",
    "LACPDUs are counted, received and sent",
    clause="7.3.3.1",
    stimulus="converged, H with the long timeout; ten LACPDUs of H, two of them with a wrong echo",
    expected="LACPDUsRx grows by 10, LACPDUsTx by the LACPDUs that are seen",
    needs={Need.MANAGEMENT},
)
def counts_lacpdus(t: Trial) -> Script:
    yield from _calm(t)
    partner, before, start = t.partner(), _counters(t), t.now
    wrong = replace(partner.device, key=partner.device.key ^ 0x4000)
    for number in range(10):
        partner.send(echo=wrong if number in (2, 6) else None)
        yield from t.wait(0.1)
    yield from t.wait(1.0)
    heard = len(t.pdus(since=start))
    _check_counted(t, before, lacpdus_rx=10, lacpdus_tx=heard)


@case(
    "MGT-02",
    "Frames that are badly formed or of a protocol that is not known are counted as such",
    clause="7.3.3.1",
    stimulus="converged; a LACPDU cut to 58 octets and subtypes 0, 11 and 255; then subtypes 4, 9 "
    "and 10",
    expected="IllegalRx grows by 4, UnknownRx by 3, LACPDUsRx by none",
    needs={Need.MANAGEMENT},
    source=Source.WEAK,
)
def counts_refused(t: Trial) -> Script:
    yield from _calm(t)
    partner, before = t.partner(), _counters(t)
    whole = partner.frame(partner.pdu())
    partner.send_octets(whole[: 14 + 58])
    for subtype in (0, 11, 255, 4, 9, 10):
        partner.send_octets(whole[:14] + bytes((subtype,)) + whole[15:])
        yield from t.wait(0.05)
    yield from t.wait(0.2)
    _check_counted(t, before, illegal_rx=4, unknown_rx=3, lacpdus_rx=0)


@case(
    "MGT-03",
    "Markers and their answers are counted",
    clause="7.3.3.1",
    stimulus="converged; three Marker PDUs, then two Marker Response PDUs",
    expected="MarkerPDUsRx grows by 3, MarkerResponsePDUsTx by the answers that are seen, and "
    "MarkerResponsePDUsRx by 2",
    needs={Need.MANAGEMENT},
)
def counts_markers(t: Trial) -> Script:
    yield from _calm(t)
    partner, before, start = t.partner(), _counters(t), t.now
    for number in range(5):
        marker = Marker(partner.actor.port, _TESTER, number, number >= 3)
        partner.send_octets(slow.ethernet(partner.destination, partner.address, marker.encode()))
        yield from t.wait(0.2)
    yield from t.wait(0.2)
    answers = sum(it.is_marker for it in t.frames(since=start))
    _check_counted(
        t,
        before,
        marker_pdus_rx=3,
        marker_response_pdus_tx=answers,
        marker_response_pdus_rx=2,
        lacpdus_rx=0,
    )


_OUT = frozenset({"DETACHED", "WAITING"})
_IN_USE = frozenset({"DISTRIBUTING", "COLLECTING_DISTRIBUTING"})
#: The boxes of the Receive and Mux machines in each state that `walk` reaches.
_BOXES = {
    "defaulted": ("DEFAULTED", _OUT),
    "waiting": ("CURRENT", _OUT),
    "attached": ("CURRENT", frozenset({"ATTACHED"})),
    "collecting": ("CURRENT", frozenset({"COLLECTING", "COLLECTING_DISTRIBUTING"})),
    "distributing": ("CURRENT", _IN_USE),
    "expired": ("EXPIRED", frozenset({"ATTACHED"})),
    "down": ("PORT_DISABLED", _OUT),
    "half duplex": ("LACP_DISABLED", _OUT),
}


@case(
    "MGT-04",
    "Management shows the states of the Receive and Mux machines as they are",
    clause="7.3.4.1",
    stimulus="the device is taken through all its states",
    expected="in each the boxes in which the figures are then",
    needs={Need.MANAGEMENT},
    device={"fallback": False},
    wall=Wall.MIDDLE,
    expires=True,
)
def shows_states(t: Trial) -> Script:
    def look(state: str) -> None:
        view = t.management.port(0)
        receive, mux = _BOXES[state]
        t.check(
            view.receive in (receive, None),
            f"Receive machine in {view.receive} of a port that is {state}",
            receive,
        )
        t.check(
            view.mux is None or view.mux in mux,
            f"Mux machine in {view.mux} of a port that is {state}",
            " or ".join(sorted(mux)),
        )

    yield from walk(t, look)
    if t.offers(Need.HALF_DUPLEX):
        t.set_link(0, True, Duplex.HALF)
        yield from t.wait(t.prompt)
        look("half duplex")
        t.set_link(0, True)

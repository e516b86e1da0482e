"""Group RXM: the Receive machine (6.4.12) and its functions (6.4.9)."""

from __future__ import annotations

from lacp.conformance.catalogue.case import Script, case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.trial import Trial
from lacp.info import PortState

_FRESH = PortState.DEFAULTED | PortState.EXPIRED


@case(
    "RXM-01",
    "A port that comes up cold says that it is defaulted and expired",
    clause="6.4.12",
    stimulus="a defaulted device's link goes down and up, H silent",
    expected="the first LACPDUs after link up have Defaulted=1 and Expired=1",
    needs={Need.LINK},
    device={"activity": True},
)
def fresh_state(t: Trial) -> Script:
    yield from t.b1()
    up = yield from t.flap()
    pdu = yield from t.next_pdu(within=t.bound, what="a LACPDU after link up")
    t.check(
        pdu.actor.state & _FRESH == _FRESH,
        f"{pdu.summary} {pdu.time - up:.3f} s after link up",
        "Defaulted=1 by INITIALIZE and Expired=1 by EXPIRED",
    )


@case(
    "RXM-06",
    "A partner that falls silent is missed after 3 s",
    clause="6.4.12",
    stimulus="converged, then H falls silent",
    expected="Expired=1 3 s (±0.25 s) after H's last LACPDU",
    device={"short_timeout": True},
)
def short_expiry(t: Trial) -> Script:
    yield from t.b2()
    last = t.partner().send()
    t.partner().silence()
    pdu = yield from t.next_pdu(lambda p: p.expired, within=5.0, what="Expired=1")
    t.check_at(pdu.time - last.time, 3.0, "Expired=1 after H's last LACPDU at")

"""Group RXM, third part: links and partners that come and go (6.4.12)."""

from __future__ import annotations

from dataclasses import replace

from lacp.conformance.catalogue.case import Script, Source, Wall, case
from lacp.conformance.tester.device import Need
from lacp.conformance.tester.times import BOUND
from lacp.conformance.tester.trial import Trial
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.link import Duplex

_FRESH = PortState.DEFAULTED | PortState.EXPIRED


@case(
    "RXM-32",
    "A link that comes back finds its partner again",
    clause="6.4.12",
    stimulus="converged; link down for 2 s, then up and the same H at once",
    expected="the partner stays recorded while the link is down, where management shows it; "
    "converged again; whether Synchronization was dropped is recorded",
    needs={Need.LINK},
)
def link_bounces(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    t.set_link(0, False)
    yield from t.wait(2.0)
    if t.offers(Need.MANAGEMENT):
        recorded = t.management.port(0).partner
        t.check(
            recorded is None or recorded.identity == partner.actor.identity,
            f"partner {recorded} while the link is down",
            "H to stay recorded in PORT_DISABLED",
        )
    up = t.set_link(0, True)
    partner.mirror()
    yield from t.converge([partner])
    dropped = any(not it.synchronization for it in t.pdus(since=up))
    again = "with Synchronization=0 in between" if dropped else "keeping Synchronization=1"
    t.note(f"converged {t.now - up:.3f} s after link up, {again}")


@case(
    "RXM-33",
    "A partner that moves to another port of the device takes its record with it",
    clause="6.4.8",
    stimulus="converged on link 0; link 0 down; the same partner port appears on link 1; link 0 "
    "up with another partner port",
    expected="link 1 converges; link 0 has forgotten H, where management shows it; link 0 "
    "converges with its new partner",
    links=2,
    needs={Need.LINK},
    device={"lags": 1, "aggregation": True},
    wall=Wall.MIDDLE,
)
def port_moved(t: Trial) -> Script:
    first, second = t.partners
    yield from t.b2(0)
    second.actor = first.actor
    first.silence()
    t.set_link(0, False)
    yield from t.wait(0.5)
    second.mirror()
    yield from t.converge([second])
    if t.offers(Need.MANAGEMENT):
        recorded = t.management.port(0).partner
        t.check(
            recorded is None or recorded.identity != second.actor.identity,
            f"partner {recorded} still recorded on link 0, where it is no longer",
            "the administrative partner (port_moved)",
        )
    first.actor = replace(first.actor, port=first.actor.port + 0x100)
    t.set_link(0, True)
    yield from t.b2()


@case(
    "RXM-34",
    "A link that is not point to point has no LACP",
    clause="6.4.12",
    stimulus="converged; the link becomes half duplex while H goes on",
    expected="no LACPDU from 0.35 s after; where management shows it, LACP_DISABLED and "
    "Partner_State.Aggregation=0",
    needs={Need.HALF_DUPLEX},
)
def half_duplex(t: Trial) -> Script:
    yield from t.b2()
    t.partner().hold(t.partner().good().state)
    t.set_link(0, True, Duplex.HALF)
    yield from t.wait(t.prompt)
    yield from t.quiet(5.0, "no LACPDU on a half duplex link")
    if t.offers(Need.MANAGEMENT):
        view = t.management.port(0)
        t.check(
            view.receive in ("LACP_DISABLED", None),
            f"Receive machine in {view.receive} on a half duplex link",
            "LACP_DISABLED",
        )
        t.check(
            view.partner is None or PortState.AGGREGATION not in view.partner.state,
            f"partner {view.partner}",
            "Partner_State.Aggregation=0 in LACP_DISABLED",
        )
    t.set_link(0, True)


@case(
    "RXM-35",
    "A LACPDU that is delivered while the port is down has no effect",
    clause="6.4.12",
    stimulus="device defaulted; link down; a good LACPDU of H is handed to the port; link up",
    expected="no LACPDU while down; H not recorded; in the first 2 s after link up still "
    "Defaulted=1 and Expired=1",
    needs={Need.LINK, Need.DEAF},
    device={"activity": True},
    source=Source.FIELD_BUG,
)
def heard_while_down(t: Trial) -> Script:
    yield from t.b1()
    t.set_link(0, False)
    yield from t.wait(0.5)
    t.partner().send()
    yield from t.quiet(1.0, "no LACPDU from a port that is down")
    up = t.set_link(0, True)
    yield from t.next_pdu(within=BOUND, what="a LACPDU after link up")
    yield from t.wait_until(up + 2.0)
    for it in t.pdus(since=up):
        t.check(
            it.actor.state & _FRESH == _FRESH and it.partner.identity != t.partner().actor.identity,
            f"{it.summary} after link up",
            "Defaulted=1, Expired=1 and nobody recorded: what came while down is ignored",
        )


@case(
    "RXM-36",
    "A LACPDU that arrives as the timer expires leaves the port in one state or the other",
    clause="6.4.12",
    stimulus="converged with the short timeout; H sends 20 times, each 3 s ± 20 ms after the last",
    expected="each time Expired=0, Collecting and Distributing 2.5 s later",
    device={"short_timeout": True},
    wall=Wall.LONG,
)
def at_the_brink(t: Trial) -> Script:
    yield from t.b2()
    t.partner().silence()
    last = t.partner().send()
    for step in range(20):
        offset = (step - 9.5) * 0.002
        yield from t.wait_until(last.time + 3.0 + offset)
        last = t.partner().send()
        yield from t.wait_until(last.time + 2.5)
        heard = t.pdus(since=last.time)
        t.check(heard, "no LACPDU in 2.5 s", "one each second")
        t.check(
            not heard[-1].expired and heard[-1].collecting and heard[-1].distributing,
            f"{heard[-1].summary} {heard[-1].time - last.time:.3f} s after a LACPDU",
            f"Expired=0, Collecting=1 and Distributing=1: it came {3.0 + offset:.3f} s after the "
            "one before",
        )


@case(
    "RXM-37",
    "A partner that starts afresh takes the port out of service, and back when it is ready",
    clause="6.4.12",
    stimulus="converged; H restarts: a LACPDU with Synchronization=0 and an empty Partner TLV",
    expected="promptly Partner_State.Synchronization=0, Collecting=0 and Distributing=0; "
    "converged again when H cooperates",
    source=Source.FIELD_BUG,
)
def partner_restarts(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    fresh = partner.good(0, 0, 0)
    sent = partner.send(
        actor=replace(fresh, state=PORT_STATES[fresh.state | _FRESH]), echo=PortInfo()
    )
    pdu = yield from t.next_pdu(
        lambda it: not it.partner_sync and not it.collecting and not it.distributing,
        within=BOUND,
        what="Partner_State.Synchronization=0, Collecting=0 and Distributing=0 after H's restart",
    )
    t.check_prompt(pdu, sent.time, "the answer")
    yield from t.b2()

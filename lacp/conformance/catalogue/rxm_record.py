"""Group RXM, second half: what recordPDU and update_Selected (6.4.9) make of a partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lacp.conformance.catalogue.case import Case, Script, Source, Wall, case
from lacp.conformance.catalogue.steps import OTHER_SYSTEM, another, knows, toggled
from lacp.conformance.tester.partner import Partner
from lacp.conformance.tester.times import BOUND, TOLERANCE
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.protocol.timers import AGGREGATE_WAIT_TIME

_AGGREGATION = PortState.AGGREGATION
_ACTIVITY = PortState.ACTIVITY
_OUT_OF_SYNC = (
    "Partner_State.Synchronization=0, Collecting=0 and Distributing=0 from 0.35 s to 3 s after"
)


def _attached(t: Trial) -> Wait[None]:
    """Bring the device to where it is in sync itself, and H is not yet.

    If it carries traffic all the same, that is for MUX-04 to judge, not for the cases here.
    """
    partner = t.partner()
    partner.mirror()
    yield from t.next_pdu(within=BOUND + 1.0, what="a LACPDU in answer to H's first")
    partner.hold(partner.good(0, 0, 0).state)
    yield from t.next_pdu(
        lambda it: it.synchronization,
        within=10.0,
        what="Synchronization=1 of a device whose partner is not in sync yet",
    )
    yield from t.wait(1.5)


def _not_in_sync(t: Trial, why: str) -> Wait[None]:
    """The device must see H out of sync, whatever H says, and carry no traffic.

    What it sent before it heard H, or could tell what it heard, does not count.
    """
    start = t.now + t.prompt
    yield from t.next_pdu(within=BOUND, what="a LACPDU")
    yield from t.wait_until(start + 3.0)
    heard = t.pdus(since=start)
    t.check(heard, "no LACPDU in 3 s", "one each second, as H asks for")
    for it in heard:
        t.check(
            not it.partner_sync and not it.collecting and not it.distributing,
            it.summary,
            f"Partner_State.Synchronization=0, Collecting=0 and Distributing=0: {why}",
        )


def _in_sync(t: Trial, why: str) -> Wait[None]:
    """The device must see H in sync; it may always have seen its administrative partner so."""
    knows_h = knows(t.partner())
    yield from t.next_pdu(
        lambda it: knows_h(it) and it.partner_sync,
        within=BOUND,
        what=f"Partner_State.Synchronization=1 of H: {why}",
    )


def _wrong_echo(id: str, what: str, change: Callable[[PortInfo], PortInfo], bug: bool) -> Case:
    """A case in which H is in sync with somebody who differs from D in one field."""

    @case(
        id,
        f"A partner that has {what} wrong is not in sync",
        clause="6.4.9",
        stimulus=f"device in sync and H not yet; then H sends Synchronization=1 with a wrong {what}"
        " in its Partner TLV",
        expected=_OUT_OF_SYNC,
        source=Source.FIELD_BUG if bug else Source.STANDARD,
    )
    def script(t: Trial) -> Script:
        yield from _attached(t)
        partner = t.partner()
        partner.alter = lambda pdu: replace(pdu, partner=change(pdu.partner))
        partner.hold(partner.good(1, 0, 0).state)
        yield from _not_in_sync(t, f"H has the device's {what.removeprefix('Partner_')} wrong")

    return script


WRONG_ECHOES = (
    _wrong_echo("RXM-14", "Partner_Port", another("port"), False),
    _wrong_echo(
        "RXM-15",
        "Partner_Port_Priority",
        another("port_priority"),
        False,
    ),
    _wrong_echo("RXM-16", "Partner_System", another("system"), True),
    _wrong_echo(
        "RXM-17",
        "Partner_System_Priority",
        another("system_priority"),
        True,
    ),
    _wrong_echo("RXM-18", "Partner_Key", another("key"), True),
    _wrong_echo("RXM-19", "Partner_State.Aggregation", lambda it: toggled(it, _AGGREGATION), False),
)


@case(
    "RXM-20",
    "A partner that is Individual is in sync whatever it knows of the device",
    clause="6.4.9",
    stimulus="H with Aggregation=0 and Synchronization=1, nonsense in its Partner TLV",
    expected="Partner_State.Synchronization=1",
)
def individual_partner(t: Trial) -> Script:
    yield from t.b1()
    partner = t.partner()
    partner.actor = toggled(partner.actor, _AGGREGATION)
    nonsense = PortInfo(0x5A5A, OTHER_SYSTEM, 0x5A5A, 0x5A5A, 0x5A5A, PORT_STATES[0xA4])
    partner.alter = lambda pdu: replace(pdu, partner=nonsense)
    partner.hold(partner.good(1, 0, 0).state)
    yield from _in_sync(t, "H is Individual and need not match")


@case(
    "RXM-21",
    "A partner that is passive and knows no active device is not in sync",
    clause="6.4.9",
    stimulus="device active and in sync; H sends Synchronization=1 with LACP_Activity=0 in both "
    "its Actor and its Partner TLV",
    expected=_OUT_OF_SYNC,
    device={"activity": True},
    source=Source.FIELD_BUG,
)
def nobody_active(t: Trial) -> Script:
    yield from _attached(t)
    partner = t.partner()
    partner.actor = toggled(partner.actor, _ACTIVITY)
    partner.alter = lambda pdu: replace(pdu, partner=toggled(pdu.partner, _ACTIVITY))
    partner.hold(partner.good(1, 0, 0).state)
    yield from _not_in_sync(t, "by what H says, nobody maintains the link actively")


@case(
    "RXM-22",
    "A passive partner that knows an active device is in sync",
    clause="6.4.9",
    stimulus="device active and in sync; H sends Synchronization=1 with LACP_Activity=0 and an "
    "exact echo",
    expected="Partner_State.Synchronization=1",
    device={"activity": True},
)
def passive_partner(t: Trial) -> Script:
    yield from _attached(t)
    partner = t.partner()
    partner.actor = toggled(partner.actor, _ACTIVITY)
    partner.hold(partner.good(1, 0, 0).state)
    yield from _in_sync(t, "the device is active and H knows")


@case(
    "RXM-23",
    "An active partner is in sync with a passive device",
    clause="6.4.9",
    stimulus="device passive and in sync; H sends Synchronization=1 with LACP_Activity=1",
    expected="Partner_State.Synchronization=1",
    device={"activity": False},
)
def passive_device(t: Trial) -> Script:
    yield from _attached(t)
    t.partner().hold(t.partner().good(1, 0, 0).state)
    yield from _in_sync(t, "H is active")


@case(
    "RXM-24",
    "A partner that says that it is not in sync is not",
    clause="6.4.9",
    stimulus="converged; then H sends Synchronization=0 with an exact echo",
    expected=_OUT_OF_SYNC,
)
def partner_out_of_sync(t: Trial) -> Script:
    yield from t.b2()
    t.partner().hold(t.partner().good(0, 0, 0).state)
    yield from _not_in_sync(t, "H itself says so")


def _selected_anew(id: str, what: str, change: Callable[[PortInfo], PortInfo]) -> Case:
    """A case in which H becomes somebody else in one field."""

    @case(
        id,
        f"A partner whose {what} changes is selected anew",
        clause="6.4.9",
        stimulus=f"converged; H changes its {what} and goes on cooperating",
        expected="Synchronization=0 (DETACHED), then Synchronization=1 not before 2 s (-0.25 s) "
        "after the change, for Aggregate_Wait (WARN if it is); converged again",
        wall=Wall.MIDDLE,
    )
    def script(t: Trial) -> Script:
        yield from t.b2()
        partner = t.partner()
        partner.actor = change(partner.actor)
        changed = t.now
        partner.mirror()
        yield from t.next_pdu(
            lambda it: not it.synchronization,
            within=BOUND,
            what=f"Synchronization=0: H has another {what}, so the port is DETACHED first",
        )
        again = yield from t.next_pdu(
            lambda it: it.synchronization, within=10.0, what="Synchronization=1 again"
        )
        took = again.time - changed
        if took < AGGREGATE_WAIT_TIME - TOLERANCE - t.slack:
            t.warn(
                f"saw Synchronization=1 {took:.3f} s after the change, expected "
                f"{AGGREGATE_WAIT_TIME:g} s of Aggregate_Wait before it (6.4.15)"
            )
        yield from t.converge([partner])

    return script


SELECTED_ANEW = (
    _selected_anew("RXM-25", "Actor_Port", another("port")),
    _selected_anew(
        "RXM-26",
        "Actor_Port_Priority",
        another("port_priority"),
    ),
    _selected_anew("RXM-27", "Actor_System", another("system")),
    _selected_anew(
        "RXM-28",
        "Actor_System_Priority",
        another("system_priority"),
    ),
    _selected_anew("RXM-29", "Actor_Key", another("key")),
    _selected_anew("RXM-30", "Actor_State.Aggregation", lambda it: toggled(it, _AGGREGATION)),
)


@case(
    "RXM-31",
    "No bit of the partner's state but Aggregation has it selected anew",
    clause="6.4.9",
    stimulus="converged; one LACPDU of H with LACP_Activity, LACP_Timeout, Collecting, "
    "Distributing, Defaulted or Expired inverted, each in turn",
    expected="never Synchronization=0",
    wall=Wall.MIDDLE,
)
def bits_do_not_unselect(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    for flag in PortState:
        if flag in (_AGGREGATION, PortState.SYNCHRONIZATION):
            continue
        start = t.now
        _once(partner, flag)
        yield from t.wait(1.5)
        partner.mirror()
        yield from t.converge([partner])
        yield from t.wait(0.5)
        for it in t.pdus(since=start):
            t.check(
                it.synchronization,
                f"{it.summary} for {flag.name} of H inverted",
                "Synchronization=1 throughout: only H's identity and Aggregation count",
            )


def _once(partner: Partner, flag: PortState) -> None:
    """One LACPDU with this bit inverted, and silence."""
    partner.silence()
    partner.send(actor=toggled(partner.good(), flag))

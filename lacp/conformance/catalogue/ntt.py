"""Group NTT: update_NTT (6.4.9), which partners are answered and which are not.

Who has to be answered is asked by a partner with the long timeout: the device is then silent for
30 s by itself, and an answer is an answer. It asks twice: a partner in sync that gets the device
wrong is no longer in sync to it, which the Mux machine tells; of one that is out of sync nothing
but update_NTT does. Who must not be answered is asked by one with the short timeout, between two
periodic LACPDUs: a device that sends every second, whatever it is asked for, is not accused of
answering.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lacp.conformance.catalogue.case import Case, Script, Source, Wall, case
from lacp.conformance.catalogue.steps import another, toggled
from lacp.conformance.tester.seen import Seen
from lacp.conformance.tester.times import BOUND, PROMPT
from lacp.conformance.tester.trial import Trial
from lacp.conformance.tester.waiting import Wait
from lacp.info import PortInfo, PortState
from lacp.wire.lacpdu import Envelope

#: Seconds after a periodic LACPDU of the device at which H sends. With the time in which an answer
#: is prompt it must end before the next one, which may be 0.25 s early.
_AFTER = 0.05


def _answered(id: str, what: str, change: Callable[[PortInfo], PortInfo]) -> Case:
    """A case in which one field of the Partner TLV is not what the device is."""

    @case(
        id,
        f"A partner that has {what} wrong is answered",
        clause="6.4.9",
        stimulus=f"converged, H with the long timeout; one LACPDU of H with another {what}, then "
        "one while H is out of sync",
        expected="a LACPDU within 0.35 s (WARN) and 1.25 s (FAIL) of each",
        wall=Wall.MIDDLE,
    )
    def script(t: Trial) -> Script:
        yield from t.b2()
        partner = t.partner()
        partner.silence()
        partner.actor = toggled(partner.actor, PortState.SHORT_TIMEOUT)
        for in_sync in (1, 0):
            says = partner.good(in_sync, in_sync, in_sync)
            partner.send(says)
            # A device may finish its second first, and has to tell that H is out of sync.
            yield from t.wait(t.bound)
            sent = partner.send(says, echo=change(partner.device))
            answer = yield from t.next_pdu(
                within=BOUND,
                what=f"an answer to a LACPDU with a wrong {what}, which update_NTT compares, of an "
                f"H that is {'in' if in_sync else 'out of'} sync",
            )
            t.check_prompt(answer, sent.time, "the answer")

    return script


ANSWERED = (
    _answered("NTT-01", "Partner_Port", another("port")),
    _answered(
        "NTT-02",
        "Partner_Port_Priority",
        another("port_priority"),
    ),
    _answered("NTT-03", "Partner_System", another("system")),
    _answered(
        "NTT-04",
        "Partner_System_Priority",
        another("system_priority"),
    ),
    _answered("NTT-05", "Partner_Key", another("key")),
    _answered(
        "NTT-06",
        "Partner_State.LACP_Activity",
        lambda it: toggled(it, PortState.ACTIVITY),
    ),
    _answered(
        "NTT-07",
        "Partner_State.LACP_Timeout",
        lambda it: toggled(it, PortState.SHORT_TIMEOUT),
    ),
    _answered(
        "NTT-08",
        "Partner_State.Synchronization",
        lambda it: toggled(it, PortState.SYNCHRONIZATION),
    ),
    _answered(
        "NTT-09",
        "Partner_State.Aggregation",
        lambda it: toggled(it, PortState.AGGREGATION),
    ),
)


def _between_ticks(t: Trial) -> Wait[None]:
    """Come to the moment just after a periodic LACPDU of the converged device; H is silent."""
    yield from t.b2()
    yield from t.next_pdu(within=BOUND, what="a periodic LACPDU")
    t.partner().silence()
    yield from t.wait(_AFTER)


@case(
    "NTT-10",
    "A partner that has D's Collecting, Distributing, Defaulted or Expired wrong is not answered",
    clause="6.4.9",
    stimulus="converged; a LACPDU of H with each of these bits of its Partner TLV inverted",
    expected="no LACPDU but the periodic ones; an answer is a WARN",
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def bits_ignored(t: Trial) -> Script:
    for flag in (
        PortState.COLLECTING,
        PortState.DISTRIBUTING,
        PortState.DEFAULTED,
        PortState.EXPIRED,
    ):
        yield from _between_ticks(t)
        sent = t.partner().send(echo=toggled(t.partner().device, flag))
        answer = yield from t.try_pdu(within=PROMPT)
        if answer is not None:
            t.warn(
                f"saw an answer {answer.time - sent.time:.3f} s after a LACPDU with Partner_State."
                f"{flag.name} inverted, expected none: update_NTT does not compare it"
            )


@case(
    "NTT-11",
    "A partner is not answered for its reserved octets",
    clause="6.4.9",
    stimulus="converged; a LACPDU of H with an exact echo and 0xff in the reserved octets of its "
    "Partner TLV",
    expected="no LACPDU but the periodic ones",
    source=Source.FIELD_BUG,
)
def reserved_ignored(t: Trial) -> Script:
    yield from _between_ticks(t)
    t.partner().send(envelope=Envelope(partner_reserved=b"\xff\xff\xff"))
    yield from t.quiet(t.prompt, "no answer for reserved octets: update_NTT does not compare them")


@case(
    "NTT-12",
    "A partner that has everything right is not answered",
    clause="6.4.9",
    stimulus="converged; a LACPDU of H with an exact echo",
    expected="no LACPDU but the periodic ones",
)
def exact_echo(t: Trial) -> Script:
    yield from _between_ticks(t)
    t.partner().send()
    yield from t.quiet(t.prompt, "no answer to an exact echo")


@case(
    "NTT-13",
    "Two ends that answer each other do not make a storm",
    clause="6.4.16",
    stimulus="converged; for 10 s H answers every LACPDU of the device at once with a wrong echo",
    expected="at most 3 LACPDUs (10 in 2020) in any second",
    source=Source.FIELD_BUG,
    wall=Wall.MIDDLE,
)
def no_storm(t: Trial) -> Script:
    yield from t.b2()
    partner = t.partner()
    partner.silence()
    start, heard, most = t.now, list[Seen](), t.profile.limit + 1
    wrong = replace(partner.device, key=partner.device.key ^ 0x4000)
    partner.send(echo=wrong)
    while t.now < start + 10.0:
        pdu = yield from t.try_pdu(within=max(0.0, start + 10.0 - t.now))
        if pdu is not None:
            heard.append(pdu)
            t.check_rate(heard[-most:])
            partner.send(echo=wrong)

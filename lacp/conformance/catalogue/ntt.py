"""Group NTT: update_NTT (6.4.9), who is answered and who is not."""

from __future__ import annotations

from dataclasses import replace

from lacp.address import Mac
from lacp.conformance.catalogue.case import Case, Script, Source, Wall, case
from lacp.conformance.tester.trial import Trial, Wait
from lacp.info import PORT_STATES, PortInfo, PortState

#: A LACPDU of H is sent so long after a periodic one of D, and an answer expected before the next.
_AFTER = 0.05
_WINDOW = 0.5

_OTHER_SYSTEM = Mac.parse("02:48:00:00:00:77")


def _between_ticks(t: Trial) -> Wait[None]:
    """Come to a moment just after a periodic LACPDU of the device, which is at rest."""
    yield from t.b2()
    yield from t.next_pdu(within=t.bound, what="a periodic LACPDU")
    t.partner().silence()
    yield from t.wait(_AFTER)


def _inverted(flag: PortState, echo: PortInfo) -> PortInfo:
    return replace(echo, state=PORT_STATES[echo.state ^ flag])


def _answered(id: str, what: str, wrong: PortInfo | PortState) -> Case:
    """A case in which one field of the Partner TLV is not what D is."""

    @case(
        id,
        f"A partner that has D's {what} wrong is told at once",
        clause="6.4.9",
        stimulus=f"converged; one LACPDU of H with another {what} in its Partner TLV",
        expected="one LACPDU within 0.35 s; within 1.25 s at the latest, for the transmit limit",
    )
    def script(t: Trial) -> Script:
        yield from _between_ticks(t)
        partner = t.partner()
        echo = (
            _inverted(wrong, partner.device)
            if isinstance(wrong, PortState)
            else _mixed(partner.device, wrong)
        )
        sent = partner.send(echo=echo)
        answer = yield from t.try_pdu(within=_WINDOW)
        if answer is None:
            t.fail(
                f"saw no answer within {_WINDOW:g} s to a LACPDU with another {what} in its "
                f"Partner TLV, expected one (update_NTT compares this field)"
            )
        t.check_prompt(answer, sent.time, "the answer")

    return script


def _mixed(device: PortInfo, wrong: PortInfo) -> PortInfo:
    """The device, with another value in the one field that `wrong` has."""
    plain = PortInfo()
    changes = {
        name: getattr(wrong, name)
        for name in PortInfo.__dataclass_fields__
        if getattr(wrong, name) != getattr(plain, name)
    }
    return replace(device, **changes)


ANSWERED = (
    _answered("NTT-01", "Partner_Port", PortInfo(port=0x7F7F)),
    _answered("NTT-02", "Partner_Port_Priority", PortInfo(port_priority=0x7F7E)),
    _answered("NTT-03", "Partner_System", PortInfo(system=_OTHER_SYSTEM)),
    _answered("NTT-04", "Partner_System_Priority", PortInfo(system_priority=0x7F7D)),
    _answered("NTT-05", "Partner_Key", PortInfo(key=0x7F7C)),
    _answered("NTT-06", "Partner_State.LACP_Activity", PortState.ACTIVITY),
    _answered("NTT-07", "Partner_State.LACP_Timeout", PortState.SHORT_TIMEOUT),
    _answered("NTT-08", "Partner_State.Synchronization", PortState.SYNCHRONIZATION),
    _answered("NTT-09", "Partner_State.Aggregation", PortState.AGGREGATION),
)

_IGNORED = (
    PortState.COLLECTING,
    PortState.DISTRIBUTING,
    PortState.DEFAULTED,
    PortState.EXPIRED,
)


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
    for flag in _IGNORED:
        yield from _between_ticks(t)
        sent = t.partner().send(echo=_inverted(flag, t.partner().device))
        answer = yield from t.try_pdu(within=_WINDOW - t.slack)
        if answer is not None:
            t.warn(
                f"saw an answer {answer.time - sent.time:.3f} s after a LACPDU with "
                f"Partner_State.{flag.name} inverted, expected none: update_NTT does not compare it"
            )

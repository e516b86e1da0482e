"""How a frame is formed: each deviation that the validator reports, under the rule it breaks."""

from __future__ import annotations

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.verdict import Verdict
from lacp.wire.validate import Deviation, Severity

#: The first words of a deviation's message, and the rule it breaks.
_RULES = (
    ("destination", "PDU-01"),
    ("source", "PDU-02"),
    ("EtherType", "PDU-03"),
    ("Version_Number", "PDU-04"),
    ("Actor_Port", "PDU-08"),
    ("Actor_Key", "PDU-08"),
    ("Actor_System", "PDU-09"),
    ("Actor_State", "MUX-10"),
    ("Reserved", "PDU-06"),
    ("payload", "PDU-07"),
    ("TLV list", "V2-01"),
    ("Mask_State", "V2-01"),
    ("length of TLV", "V2-01"),
    ("Terminator", "PDU-05"),
    ("Actor", "PDU-05"),
    ("Partner", "PDU-05"),
    ("Collector", "PDU-05"),
    ("TLV_type", "V2-01"),
)
_LACPDU_RULES = tuple(dict.fromkeys(rule for _, rule in _RULES if rule != "V2-01"))
_NAMES = ("PDU-08", "PDU-09")
_MARKER_RULES = ("PDU-01", "PDU-02", "PDU-03")


def lacpdu(
    ledger: Ledger, actor: Actor, frame: int, time: float, deviations: tuple[Deviation, ...]
) -> None:
    """Judge the form of one LACPDU that is not flawless."""
    broken = {_rule(deviation) for deviation in deviations}
    for deviation in deviations:
        rule = _rule(deviation)
        if rule != "V2-01" or "PDU-04" not in broken:
            _accuse(ledger, rule, actor, frame, time, deviation)
    for rule in _LACPDU_RULES:
        if rule not in broken:
            ledger.keep(rule)


def flawless(ledger: Ledger, number: int) -> None:
    """Count as many LACPDUs against whose form there is nothing to say."""
    if number:
        for rule in _LACPDU_RULES:
            ledger.tally(rule).passed += number


def marker(
    ledger: Ledger, actor: Actor, frame: int, time: float, deviations: tuple[Deviation, ...]
) -> None:
    """Judge the form of one Marker PDU or response."""
    broken = set()
    for deviation in deviations:
        rule = _rule(deviation)
        if rule not in _MARKER_RULES:
            rule = "MRK-00"
        broken.add(rule)
        _accuse(ledger, rule, actor, frame, time, deviation)
    for rule in (*_MARKER_RULES, "MRK-00"):
        if rule not in broken:
            ledger.keep(rule)


def _rule(deviation: Deviation) -> str:
    return next((rule for word, rule in _RULES if deviation.message.startswith(word)), "PDU-07")


def _accuse(
    ledger: Ledger, rule: str, actor: Actor, frame: int, time: float, deviation: Deviation
) -> None:
    if deviation.message.startswith("Actor_Key"):
        # Key 0 is no key to the standard, and in use all the same.
        ledger.doubt(rule)
        return
    verdict = Verdict.FAIL if deviation.severity is Severity.FAIL else Verdict.WARN
    if rule in _NAMES:
        # Whoever has an impossible name is no witness for what its partner makes of it.
        actor.unreliable = True
    message = f"{deviation.message}, at offset {deviation.offset}"
    ledger.accuse(rule, actor, time, [frame], message, verdict=verdict)

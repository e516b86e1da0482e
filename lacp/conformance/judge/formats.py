"""How a frame is formed: each deviation that the validator reports, under the rule it breaks."""

from __future__ import annotations

from lacp.conformance.judge.actor import Actor
from lacp.conformance.judge.ledger import Ledger
from lacp.conformance.verdict import Verdict
from lacp.wire.validate import Deviation, Field, Severity

#: The rule that a LACPDU breaks by a deviation in this field.
RULE_OF = {
    Field.DESTINATION: "PDU-01",
    Field.SOURCE: "PDU-02",
    Field.ETHERTYPE: "PDU-03",
    Field.VERSION: "PDU-04",
    Field.ACTOR_TYPE: "PDU-05",
    Field.ACTOR_LENGTH: "PDU-05",
    Field.PARTNER_TYPE: "PDU-05",
    Field.PARTNER_LENGTH: "PDU-05",
    Field.COLLECTOR_TYPE: "PDU-05",
    Field.COLLECTOR_LENGTH: "PDU-05",
    Field.TERMINATOR_TYPE: "PDU-05",
    Field.TERMINATOR_LENGTH: "PDU-05",
    Field.ACTOR_RESERVED: "PDU-06",
    Field.PARTNER_RESERVED: "PDU-06",
    Field.COLLECTOR_RESERVED: "PDU-06",
    Field.TERMINATOR_RESERVED: "PDU-06",
    Field.PAYLOAD: "PDU-07",
    Field.ACTOR_PORT: "PDU-08",
    Field.ACTOR_SYSTEM: "PDU-09",
    Field.ACTOR_STATE: "MUX-10",
    Field.TLV_LIST: "V2-01",
    Field.TLV_TYPE: "V2-01",
    Field.TLV_LENGTH: "V2-01",
    Field.MASK_STATE: "V2-01",
}
#: Key 0 is no key to the standard, and in use all the same: it is nobody's finding.
NOT_JUDGED = frozenset({Field.ACTOR_KEY})
#: What only Marker PDUs have, and what no frame of either kind has wrong: it would be another.
NOT_IN_LACPDUS = frozenset(
    {
        Field.SUBTYPE,
        Field.MARKER_TYPE,
        Field.MARKER_LENGTH,
        Field.REQUESTER_PORT,
        Field.REQUESTER_SYSTEM,
        Field.PAD,
    }
)
_LACPDU_RULES = tuple(dict.fromkeys(rule for rule in RULE_OF.values() if rule != "V2-01"))
_NAMES = ("PDU-08", "PDU-09")
_MARKER_FIELDS = (Field.DESTINATION, Field.SOURCE, Field.ETHERTYPE)
_MARKER_RULES = (*(RULE_OF[field] for field in _MARKER_FIELDS), "MRK-00")


def lacpdu(
    ledger: Ledger, actor: Actor, frame: int, time: float, deviations: tuple[Deviation, ...]
) -> None:
    """Judge the form of one LACPDU that is not flawless."""
    judged = [one for one in deviations if one.field not in NOT_JUDGED]
    broken = {RULE_OF[deviation.field] for deviation in judged}
    for deviation in judged:
        rule = RULE_OF[deviation.field]
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
        rule = RULE_OF[deviation.field] if deviation.field in _MARKER_FIELDS else "MRK-00"
        broken.add(rule)
        _accuse(ledger, rule, actor, frame, time, deviation)
    for rule in _MARKER_RULES:
        if rule not in broken:
            ledger.keep(rule)


def _accuse(
    ledger: Ledger, rule: str, actor: Actor, frame: int, time: float, deviation: Deviation
) -> None:
    verdict = Verdict.FAIL if deviation.severity is Severity.FAIL else Verdict.WARN
    if rule in _NAMES:
        # Whoever has an impossible name is no witness for what its partner makes of it.
        actor.unreliable = True
    message = f"{deviation.message}, at offset {deviation.offset}"
    ledger.accuse(rule, actor, time, [frame], message, verdict=verdict)

"""Diagnoses of counted frames and of churn."""

from __future__ import annotations

from dataclasses import replace

from lacp.info import PortState
from lacp.picture.explain import diagnose
from lacp.picture.findings import Gravity, Where
from lacp.picture.model import End, Machines
from tests.faults import is_told, up, view
from tests.unit.explain.lags import SYSTEM, bond, only, with_lacp
from tests.worlds import cable


def test_counted_frames() -> None:
    counters = {"lacpdus_rx": 9, "illegal_rx": 4, "unknown_rx": 2, "flooded_rx": 7}
    counters["markers_limited"] = 3
    found = diagnose(bond(with_lacp(counters=counters)))
    assert [(each.code, each.gravity) for each in found] == [
        ("flooded", Gravity.ODDITY),
        ("illegal_pdus", Gravity.NOTE),
        ("unknown_pdus", Gravity.NOTE),
        ("markers_limited", Gravity.NOTE),
    ]
    assert found[1].evidence == ("illegal_rx is 4 (dot3adAggPortStatsIllegalRx)",)


def test_what_was_little_is_a_note_for_it_may_be_long_ago() -> None:
    counters = {"lacpdus_rx": 100_000, "flooded_rx": 7}
    found = diagnose(bond(with_lacp(counters=counters, refused={"too long": 3})))
    assert [(each.code, each.gravity) for each in found] == [
        ("flooded", Gravity.NOTE),
        ("frames_useless", Gravity.NOTE),
    ]


def test_churn_that_nothing_explains() -> None:
    churned = Machines(
        receive="CURRENT", mux="ATTACHED", actor_churn="ACTOR_CHURN", partner_churn="PARTNER_CHURN"
    )
    actor = End(system=SYSTEM, key=1, port=1, state=PortState(0x05))
    strange = with_lacp(machines=churned, distributing=False, actor=actor)
    is_told(
        only(bond(strange, source="lacpd", up=None)),
        "churn",
        "churn: the actor and the partner are out of sync for more than 60 s",
        Where.EITHER,
        "actor_churn is ACTOR_CHURN, state 0x05 A-G----- (6.4.17)",
    )
    stale = replace(strange, distributing=True)
    assert only(bond(stale, source="lacpd")).gravity is Gravity.NOTE


def test_churn_is_evidence_of_what_explains_it() -> None:
    network = up(2, short_timeout=True)
    network.nodes["right"].configure_port("2", key=9)
    network.run(200)
    (found,) = (each for each in diagnose(view(network)) if each.port == "2")
    assert found.code == "partner_key_differs"
    assert not any("churn" in line for line in found.evidence)
    cable(network, 2).set(("right", "2"), silent=True)
    network.run(80)
    (found,) = (each for each in diagnose(view(network)) if each.port == "2")
    assert found.code == "partner_lost"
    assert found.evidence[-1].startswith("actor_churn is ACTOR_CHURN since ")


def test_what_is_on_its_way_is_told_as_such() -> None:
    machines = Machines(receive="CURRENT", mux="ATTACHED")
    fresh = with_lacp(machines=machines, distributing=False, changed_age=0.2, selected="SELECTED")
    is_told(
        only(bond(fresh, source="lacpd", up=None)),
        "unexplained",
        "carries no traffic yet",
        Where.EITHER,
        "receive CURRENT, mux ATTACHED, selected SELECTED",
        "it last moved 0.2 s ago",
    )

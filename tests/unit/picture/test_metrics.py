"""A LAG as metrics: what the samples say, and that both formats of them are what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import Any

import pytest
from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from lacp.address import NO_MAC, Mac
from lacp.daemon.metrics.exposition import (
    OPENMETRICS,
    PIECE,
    TEXT,
    Format,
    Itself,
    accepted,
    pieces,
)
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.findings import Finding, Gravity
from lacp.picture.metrics.families import FAMILIES
from lacp.picture.metrics.family import Kind, Observed
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId
from lacp.protocol.mux import CoupledState, IndependentState, RestoreState
from lacp.protocol.receive import ReceiveState

#: The value by name and labels, `lag` left out.
Served = dict[tuple[str, frozenset[tuple[str, str]]], float]

#: What Prometheus 3 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)

US, THEM = Mac.parse("02:00:00:00:00:01"), Mac.parse("02:00:00:00:00:02")


def port(name: str = "eth1", **members: Any) -> PortView:
    known: dict[str, Any] = {
        "link": LinkView(up=True, speed=25_000, duplex=Duplex.FULL, admin_up=True),
        "collecting": True,
        "distributing": False,
        "selected": "STANDBY",
        "usable": True,
        "actor": End(state=PORT_STATES[0x45]),
        "partner": End(
            system_priority=7,
            system=THEM,
            key=8,
            port_priority=9,
            port=10,
            state=PORT_STATES[0x3D],
        ),
        "machines": Machines(
            receive="CURRENT",
            mux="ATTACHED",
            actor_churn="ACTOR_CHURN",
            partner_churn="NO_PARTNER_CHURN",
        ),
        "counters": {
            "lacpdus_rx": 3,
            "lacpdus_tx": 2**40,
            "tx_errors": None,
            "actor_churn_count": 4,
            "partner_churn_count": 5,
            "partner_change_count": 6,
        },
        "last_rx_age": 0.25,
        "link_downs": 11,
    }
    return PortView(name=name, **(known | members))


def lag(*ports: PortView, **members: Any) -> LagView:
    known: dict[str, Any] = {
        "name": "team0",
        "source": "lacpd",
        "mode": "lacp",
        "up": True,
        "admin_up": False,
        "dataplane": "team",
        "edition": "2014",
        "control": "independent",
        "actor": SystemId(system_priority=65535, system=US, key=1),
        "partner": SystemId(system_priority=7, system=THEM, key=8),
        "min_ports": 1,
        "active_ports": 0,
        "total_ports": len(ports),
        "ports": ports,
    }
    return LagView(**(known | members))


def written(form: Format, *seen: Observed) -> str:
    return b"".join(pieces(seen, Itself("1.0"), form)).decode()


def read(form: Format, text: str) -> Iterator[Any]:
    """Metric families, as the parser of the format has them; both are strict about other things."""
    parser: Any = openmetrics_parser if form is OPENMETRICS else text_parser
    yield from parser.text_string_to_metric_families(text)


def served(*seen: Observed) -> Served:
    """Every sample, the same in both formats."""
    found = []
    for form in (TEXT, OPENMETRICS):
        samples = [each for family in read(form, written(form, *seen)) for each in family.samples]
        its = [
            (
                (each.name, frozenset((k, v) for k, v in each.labels.items() if k != "lag")),
                each.value,
            )
            for each in samples
            if not each.name.startswith("process_")
        ]
        assert len(dict(its)) == len(its), "a sample is told twice"
        found.append(dict(its))
    assert found[0] == found[1]
    return found[0]


def of(found: Served, name: str, **labels: str) -> float | None:
    """The value of a sample."""
    return found.get((name, frozenset(labels.items())))


def family(found: Served, name: str, *label: str) -> dict[Any, float]:
    """The values of a family by its labels, or by those that are named."""
    return {
        tuple(value for key, value in sorted(labels) if key in label): value
        for (its, labels), value in found.items()
        if its == name
    }


def test_a_lag() -> None:
    found = served(Observed(lag(port("eth1"), port("eth2"))))
    assert of(found, "lacp_lag_up") == 1
    assert of(found, "lacp_lag_admin_up") == 0
    assert of(found, "lacp_lag_ports") == 2
    assert of(found, "lacp_lag_active_ports") == 0
    assert of(found, "lacp_lag_min_ports") == 1
    assert of(found, "lacp_lag_max_ports") is None
    info = {
        "source": "lacpd",
        "mode": "lacp",
        "dataplane": "team",
        "edition": "2014",
        "system": str(US),
        "system_priority": "65535",
        "key": "1",
    }
    assert of(found, "lacp_lag_info", **info) == 1
    its = {"partner_system": str(THEM), "partner_system_priority": "7", "partner_key": "8"}
    assert of(found, "lacp_lag_partner_info", **its) == 1


def test_a_port() -> None:
    found = served(Observed(lag(port())))
    for name, value in {
        "lacp_port_link_up": 1,
        "lacp_port_admin_up": 1,
        "lacp_port_speed_bits_per_second": 25e9,
        "lacp_port_usable": 1,
        "lacp_port_collecting": 1,
        "lacp_port_distributing": 0,
        "lacp_port_selected": 0,
        "lacp_port_standby": 1,
        "lacp_port_last_lacpdu_age_seconds": 0.25,
        "lacp_port_lacpdus_received_total": 3,
        "lacp_port_lacpdus_transmitted_total": 2**40,
        # It is not known.
        "lacp_port_transmit_errors_total": None,
        "lacp_port_link_downs_total": 11,
    }.items():
        assert of(found, name, port="eth1") == value, name
    partner = {
        "partner_system": str(THEM),
        "partner_system_priority": "7",
        "partner_key": "8",
        "partner_port": "10",
        "partner_port_priority": "9",
    }
    assert of(found, "lacp_port_partner_info", port="eth1", **partner) == 1


def test_the_bits_of_both_ends() -> None:
    found = served(Observed(lag(port())))
    on = {
        name for (name,), value in family(found, "lacp_port_actor_state", "flag").items() if value
    }
    assert on == {"activity", "aggregation", "defaulted"}
    partner = family(found, "lacp_port_partner_state", "flag")
    assert len(partner) == 8
    assert partner["synchronization",] == 1
    assert partner["short_timeout",] == 0


@pytest.mark.parametrize(
    ("members", "states"),
    [
        ({}, IndependentState),
        ({"control": "coupled"}, CoupledState),
        ({"edition": "2020"}, RestoreState),
    ],
)
def test_one_state_of_each_machine(members: dict[str, Any], states: type[Enum]) -> None:
    found = served(Observed(lag(port(), **members)))
    machines = family(found, "lacp_port_machine_state", "machine", "state")
    assert [key for key, value in machines.items() if value] == [
        ("receive", "CURRENT"),
        ("mux", "ATTACHED"),
    ]
    assert [*machines] == [
        (machine, state.name)
        for machine, its in (("receive", ReceiveState), ("mux", states))
        for state in its
        if state.name != "BEGIN"
    ]
    assert family(found, "lacp_port_churned", "end") == {("actor",): 1, ("partner",): 0}
    assert family(found, "lacp_port_churns_total", "end") == {("actor",): 4, ("partner",): 5}
    assert family(found, "lacp_port_lag_id_changes_total", "end") == {("partner",): 6}


def test_what_is_not_known_is_not_told() -> None:
    found = served(Observed(LagView(name="team0", source="lacpd", ports=(PortView(name="eth1"),))))
    told = {name for name, labels in found if ("port", "eth1") in labels}
    assert told == {"lacp_port_problems"}
    assert {name for name, labels in found if not labels and name.startswith("lacp_")} == {
        "lacp_lag_problems"
    }


def test_what_is_counted_below_nothing_is_not_told() -> None:
    odd = PortView(name="eth1", counters={"lacpdus_rx": -1, "actor_churn_count": -2}, link_downs=-3)
    found = served(Observed(LagView(name="bond0", source="bond", ports=(odd,))))
    assert not any(name.endswith("_total") and ("port", "eth1") in labels for name, labels in found)


def test_nobody_is_no_partner() -> None:
    alone = port(partner=End(system=NO_MAC, key=0, state=PORT_STATES[0]), last_rx_age=None)
    found = served(Observed(lag(alone, partner=SystemId(system=NO_MAC))))
    assert not family(found, "lacp_lag_partner_info")
    assert not family(found, "lacp_port_partner_info")
    # It is known of nobody that no bit is set.
    assert sum(family(found, "lacp_port_partner_state", "flag").values()) == 0


def test_findings() -> None:
    findings = (
        Finding(code="never_heard", port="eth1", said="x"),
        # The same at the same place is one sample, and two problems.
        Finding(code="never_heard", port="eth1", said="y"),
        Finding(code="stands_by", port="eth2", said="z", gravity=Gravity.NOTE),
        Finding(code="no_carrier", said="w"),
    )
    found = served(Observed(lag(port("eth1"), port("eth2"), port("eth3")), findings))
    assert family(found, "lacp_finding", "port", "code", "gravity") == {
        ("never_heard", "fault", "eth1"): 1,
        ("stands_by", "note", "eth2"): 1,
        ("no_carrier", "fault", ""): 1,
    }
    assert of(found, "lacp_lag_problems") == 1
    problems = family(found, "lacp_port_problems", "port")
    assert problems == {("eth1",): 2, ("eth2",): 1, ("eth3",): 0}


def test_several_lags_are_told_under_one_name() -> None:
    seen = [Observed(lag(port(), name=f"team{number}")) for number in range(3)]
    for form in (TEXT, OPENMETRICS):
        text = written(form, *seen)
        up = [f.samples for f in read(form, text) if f.name == "lacp_lag_up"]
        assert [[each.labels["lag"] for each in samples] for samples in up] == [
            ["team0", "team1", "team2"]
        ]


def test_many_samples_are_written_in_pieces() -> None:
    state = End(state=PORT_STATES[0])
    ports = tuple(PortView(name=f"eth{number}", actor=state) for number in range(PIECE // 2))
    for form in (TEXT, OPENMETRICS):
        parts = list(pieces([Observed(lag(*ports))], Itself("1.0"), form))
        counts = [sum(not line.startswith(b"#") for line in part.splitlines()) for part in parts]
        assert max(counts) == PIECE
        text = b"".join(parts).decode()
        assert text.count("# TYPE lacp_port_actor_state ") == 1
        (flags,) = (f for f in read(form, text) if f.name == "lacp_port_actor_state")
        assert len(flags.samples) == 8 * len(ports)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a{b}=c,d", "äöü", "a b", "\ud800x"])
def test_names_of_any_letters(name: str) -> None:
    found = served(Observed(lag(port(name))))
    shown = name.replace("\ud800", "?")
    assert of(found, "lacp_port_link_up", port=shown) == 1


def test_names_are_as_prometheus_wants_them() -> None:
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    for each in FAMILIES:
        assert each.name.startswith(("lacp_lag_", "lacp_port_", "lacp_finding"))
        assert each.name.endswith("_total") is (each.kind is Kind.COUNTER)
        assert each.name.endswith("_info") is (each.kind is Kind.INFO)
        assert each.help.endswith(".")
        assert each.labels[0] == "lag"
        # What comes off the wire is a label where it says nothing else than that.
        wire = [label for label in each.labels if label.startswith("partner_")]
        assert not wire or each.kind is Kind.INFO


def test_a_bond_of_the_kernel_with_little_to_tell() -> None:
    bond = replace(lag(port(machines=None, counters=None)), source="bond", edition=None)
    found = served(Observed(bond))
    assert not family(found, "lacp_port_machine_state")
    assert of(found, "lacp_port_distributing", port="eth1") == 0


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
        ("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.4", TEXT),
        (PROMETHEUS, OPENMETRICS),
        ("Application/OpenMetrics-Text", OPENMETRICS),
        ("application/openmetrics-text;q=0, text/plain", TEXT),
        ("application/openmetrics-text;version=hello", OPENMETRICS),
        (";;;,,,;q", TEXT),
    ],
)
def test_the_format_that_is_asked_for(accept: str, form: Format) -> None:
    assert accepted(accept) is form

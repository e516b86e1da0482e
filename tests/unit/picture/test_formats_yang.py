"""LAGs as data of YANG modules: valid by the modules' own types, and nothing made up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lacp.picture.formats.ieee import ieee
from lacp.picture.formats.openconfig import openconfig
from lacp.picture.model import LagView, LinkView, PortView
from tests import yang
from tests.unit.picture.yang_lags import (
    AGGPORT,
    AGGREGATION,
    IF,
    LACP,
    LAG,
    LINKAGG,
    OC,
    in_ieee,
    in_openconfig,
    lag,
    only,
    port,
)


def test_what_is_not_known_is_left_out() -> None:
    unknown = LagView(name="bond0", source="bond", ports=(PortView(name="eth1"),))
    assert yang.values(in_openconfig(unknown), AGGREGATION) == []
    lacp = replace(unknown, lacp=True)
    document = in_openconfig(lacp)
    assert only(document, f"{LACP}/state") == {"name": "bond0"}
    assert only(document, f"{LACP}/members/member/state") == {"interface": "eth1"}
    assert only(document, f"{AGGREGATION}/state") == {"lag-type": "LACP"}
    document = in_ieee(lacp)
    assert only(document, LAG) == {"key-group-name": "bond0"}
    assert only(document, AGGPORT) == {"key-group-name": "bond0"}
    assert document[LINKAGG]["agg-system"] == []
    assert "statistics" not in document["ietf-interfaces:interfaces"]["interface"][1]


@pytest.mark.parametrize("number", [-1, 2**64])
def test_counts_that_no_counter_holds_are_left_out(number: int) -> None:
    link = LinkView(up=True, speed=number)
    odd = lag(ports=(port(counters={"lacpdus_rx": number, "lacpdus_tx": 7}, link=link),))
    assert "lag-speed" not in json.dumps(in_openconfig(odd))
    assert '"lacp-out-pkts": "7"' in json.dumps(in_openconfig(odd))
    assert '"lacp-pdu-tx": "7"' in json.dumps(in_ieee(odd))


def test_what_is_not_in_the_document_is_told() -> None:
    document, left_out = ieee([lag(), lag("bond0", lacp=False), lag("bond1", lacp=None)])
    assert left_out == [
        "bond0 is left out: it speaks no LACP",
        "bond1 is left out: not known to speak LACP",
    ]
    assert yang.values(document, f"{LINKAGG}/key-group/name") == ["team0"]
    twin = replace(lag(), source="ovs")
    for write, schema in ((ieee, yang.IEEE), (openconfig, yang.OPENCONFIG)):
        document, left_out = write([lag(), twin])
        assert left_out == ["team0 of ovs is left out: lacpd has one of that name"]
        assert yang.findings(document, schema) == []


def test_states_of_interfaces() -> None:
    dark = port("eth2", 2, link=LinkView(up=False, admin_up=True))
    shut = port("eth3", 3, link=LinkView(up=False, admin_up=False))
    odd = port("eth4", 4, link=LinkView())
    ports = (port(), dark, shut, odd)
    said = ["up up", "up up", "up down", "down down", "- unknown"]
    for document, path in (
        (in_openconfig(lag(ports=ports)), f"{OC}/state"),
        (in_ieee(lag(ports=ports)), IF),
    ):
        states = [
            f"{each.get('admin-status', '-')} {each['oper-status']}".lower()
            for each in yang.values(document, path)
        ]
        assert states == said


def test_a_lag_that_is_a_port_of_another() -> None:
    inner, outer = lag("bond0"), lag("team0", ports=(port("bond0"), port("eth9", 2)))
    for document in (in_openconfig(inner, outer), in_openconfig(outer, inner)):
        (bond,) = (each for each in yang.values(document, OC) if each["name"] == "bond0")
        assert bond["state"]["type"] == "iana-if-type:ieee8023adLag"
        its = bond["openconfig-if-ethernet:ethernet"]["state"]
        assert its == {"openconfig-if-aggregate:aggregate-id": "team0"}
    in_ieee(inner, outer)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{LACP}/state/interval", "fast"),
        (f"{LACP}/members/member/state/counters/lacp-in-pkts", 7),
        (f"{LACP}/members/member/state/partner-id", "00-1C-73-00-00-01"),
        (f"{LACP}/members/member/state/oper-key", "1"),
        (f"{LACP}/members/member/state/aggregatable", 1),
        (f"{LACP}/members/member/state/mux", "ATTACHED"),
        (f"{LACP}/members/member/interface", "eth9"),
        (f"{LACP}/name", "team9"),
        (f"{AGGREGATION}/state/member", ["eth1", "eth1"]),
    ],
)
def test_the_validator_finds_what_is_wrong(path: str, value: Any) -> None:
    document = in_openconfig(lag())
    above, _, name = path.rpartition("/")
    yang.values(document, above)[0][name] = value
    assert yang.findings(document, yang.OPENCONFIG)

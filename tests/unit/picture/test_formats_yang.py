"""LAGs as data of OpenConfig and IEEE: valid by the modules' own types, and nothing made up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lacp.address import NO_MAC, Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.formats.ieee import ieee
from lacp.picture.formats.openconfig import openconfig
from lacp.picture.model import Change, End, LagView, LinkView, Machines, PortView, SystemId
from tests import yang

US = Mac.parse("02:00:00:00:00:0a")
THEM = Mac.parse("00:1c:73:00:00:01")
COUNTERS = {
    "lacpdus_rx": 2**40,
    "lacpdus_tx": 7,
    "marker_pdus_rx": 1,
    "marker_pdus_tx": 2,
    "marker_response_pdus_rx": 3,
    "marker_response_pdus_tx": 4,
    "unknown_rx": 5,
    "illegal_rx": 6,
    "tx_errors": 8,
    "dropped_rx": 9,
}


def port(name: str = "eth1", number: int = 1, state: int = 0x3F, **members: Any) -> PortView:
    """A port that carries traffic, unless the members say something else."""
    actor = End(
        system_priority=65535,
        system=US,
        key=1,
        port_priority=255,
        port=number,
        state=PORT_STATES[state],
    )
    partner = End(
        system_priority=32768,
        system=THEM,
        key=33,
        port_priority=32768,
        port=100 + number,
        state=PORT_STATES[0x3D],
    )
    known: dict[str, Any] = {
        "ifindex": 6 + number,
        "link": LinkView(up=True, speed=10_000, duplex=Duplex.FULL, admin_up=True),
        "aggregator": 1,
        "collecting": True,
        "distributing": True,
        "actor": actor,
        "partner": partner,
        "machines": Machines(receive="CURRENT", mux="DISTRIBUTING"),
        "counters": COUNTERS,
        "address": US,
        "mtu": 1500,
    }
    return PortView(name=name, **(known | members))


def lag(name: str = "team0", **members: Any) -> LagView:
    """A LAG with LACP over two ports."""
    known: dict[str, Any] = {
        "lacp": True,
        "mode": "lacp",
        "up": True,
        "admin_up": True,
        "ifindex": 3,
        "address": US,
        "mtu": 9000,
        "actor": SystemId(system_priority=65535, system=US, key=1),
        "partner": SystemId(system_priority=32768, system=THEM, key=33),
        "aggregator": 1,
        "min_ports": 2,
        "edition": "2014",
        "fallback": "none",
        "ports": (port("eth1", 1), port("eth2", 2)),
    }
    return LagView(name=name, source="lacpd", **(known | members))


def in_openconfig(*lags: LagView) -> Any:
    """The document, which is valid and as JSON has it."""
    document, left_out = openconfig(lags)
    assert left_out == []
    assert yang.findings(document, yang.OPENCONFIG) == []
    return json.loads(json.dumps(document))


def in_ieee(*lags: LagView) -> Any:
    document, left_out = ieee(lags)
    assert left_out == []
    assert yang.findings(document, yang.IEEE) == []
    return json.loads(json.dumps(document))


def only(data: Any, path: str) -> Any:
    """The one value at a path."""
    (value,) = yang.values(data, path)
    return value


LACP = "openconfig-lacp:lacp/interfaces/interface"
OC = "openconfig-interfaces:interfaces/interface"
IF = "ietf-interfaces:interfaces/interface"
AGGREGATION = f"{OC}/openconfig-if-aggregate:aggregation"
LAG = f"{IF}/ieee802-dot1ax-linkagg:lag"
AGGPORT = f"{IF}/ieee802-dot1ax-linkagg:aggport"
LINKAGG = "ieee802-dot1ax-linkagg:linkagg"


def test_openconfig_of_a_lag_with_lacp() -> None:
    document = in_openconfig(lag())
    assert only(document, f"{LACP}/state") == {
        "name": "team0",
        "interval": "FAST",
        "lacp-mode": "ACTIVE",
        "system-id-mac": "02:00:00:00:00:0a",
        "system-priority": 65535,
        "fallback": False,
    }
    assert yang.values(document, f"{LACP}/members/member/state")[1] == {
        "interface": "eth2",
        "port-priority": 255,
        "activity": "ACTIVE",
        "timeout": "SHORT",
        "synchronization": "IN_SYNC",
        "aggregatable": True,
        "collecting": True,
        "distributing": True,
        "system-id": "02:00:00:00:00:0a",
        "oper-key": 1,
        "partner-id": "00:1c:73:00:00:01",
        "partner-key": 33,
        "port-num": 2,
        "partner-port-num": 102,
        "partner-port-priority": 32768,
        "counters": {
            "lacp-in-pkts": "1099511627776",
            "lacp-out-pkts": "7",
            "lacp-tx-errors": "8",
            "lacp-unknown-errors": "5",
            "lacp-errors": "6",
        },
    }
    assert only(document, f"{AGGREGATION}/state") == {
        "lag-type": "LACP",
        "min-links": 2,
        "lag-speed": 20_000,
    }
    named = yang.values(document, f"{OC}/name")
    assert named == ["team0", "eth1", "eth2"]
    ethernet = f"{OC}/openconfig-if-ethernet:ethernet/state/openconfig-if-aggregate:aggregate-id"
    assert yang.values(document, ethernet) == ["team0", "team0"]


def test_openconfig_of_ports_that_are_passive_slow_and_out_of_sync() -> None:
    ports = (port("eth1", 1, state=0x44), port("eth2", 2, state=0x45))
    document = in_openconfig(lag(ports=ports))
    state = only(document, f"{LACP}/state")
    # The ports do not agree on the mode.
    assert state["interval"] == "SLOW"
    assert "lacp-mode" not in state
    first = yang.values(document, f"{LACP}/members/member/state")[0]
    assert [first[name] for name in ("activity", "timeout", "synchronization")] == [
        "PASSIVE",
        "LONG",
        "OUT_SYNC",
    ]
    assert (first["collecting"], first["distributing"]) == (False, False)


def test_openconfig_of_a_lag_without_lacp() -> None:
    backup = port("eth2", address=None, distributing=False, actor=None, partner=None)
    first = port("eth1", actor=None, partner=None)
    bond = lag("bond0", lacp=False, actor=None, partner=None, min_ports=None, ports=(first, backup))
    document = in_openconfig(bond)
    # Its `when`: members are named where LACP does not.
    assert only(document, f"{AGGREGATION}/config") == {"lag-type": "STATIC"}
    assert only(document, f"{AGGREGATION}/state") == {
        "lag-type": "STATIC",
        "lag-speed": 10_000,
        "member": ["eth1", "eth2"],
    }
    assert yang.values(document, LACP) == []
    # What may be no Ethernet does not say so.
    kinds = yang.values(document, f"{OC}/state/type")
    assert [kind.split(":")[1] for kind in kinds] == ["ieee8023adLag", "ethernetCsmacd", "other"]


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


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([], None),
        # The link came: nobody has timed out.
        ([("receive", "PORT_DISABLED", "EXPIRED")], None),
        ([("receive", "PORT_DISABLED", "EXPIRED"), ("receive", "EXPIRED", "CURRENT")], 1),
        ([("receive", "CURRENT", "EXPIRED"), ("receive", "EXPIRED", "DEFAULTED")], 0),
        ([("receive", "CURRENT", "EXPIRED"), ("mux", "COLLECTING", "ATTACHED")], 0),
        ([("receive", "DEFAULTED", "CURRENT"), ("receive", "CURRENT", "EXPIRED")], 1),
    ],
)
def test_openconfig_last_change_is_of_the_timeout(
    moves: list[tuple[str, str, str]], expected: int | None
) -> None:
    history = tuple(
        Change(time=f"2026-01-01T00:00:0{second}.125Z", machine=machine, old=old, new=new)
        for second, (machine, old, new) in enumerate(moves)
    )
    document = in_openconfig(lag(ports=(port(history=history),)))
    state = only(document, f"{LACP}/members/member/state")
    if expected is None:
        assert "last-change" not in state
    else:
        assert state["last-change"] == f"{1_767_225_600 + expected}125000000"


def test_openconfig_a_time_that_is_none() -> None:
    history = (Change(time="yesterday", machine="receive", old="CURRENT", new="EXPIRED"),)
    document = in_openconfig(lag(ports=(port(history=history),)))
    assert "last-change" not in only(document, f"{LACP}/members/member/state")


def test_openconfig_speed_is_of_the_ports_that_distribute() -> None:
    stands_by = port("eth2", 2, distributing=False)
    odd = port("eth3", 3, link=LinkView(up=True))
    silent = port("eth4", 4, distributing=None)
    for ports, speed in (
        ((), 0),
        ((port(), stands_by), 10_000),
        ((port(), odd), None),
        ((port(), silent), None),
    ):
        state = only(in_openconfig(lag(ports=ports)), f"{AGGREGATION}/state")
        assert state.get("lag-speed") == speed


def test_ieee_of_a_lag() -> None:
    settings = {"collector_max_delay": 5, "wait_to_restore": 10.0, "revertive": True}
    ports = tuple(replace(each, settings={"lacp_key": 7}) for each in lag().ports)
    document = in_ieee(lag(settings=settings, ports=ports))
    assert document[LINKAGG] == {
        "agg-system": [
            {
                "name": "65535-02-00-00-00-00-0A",
                "actor-system": "02-00-00-00-00-0A",
                "actor-system-priority": 65535,
            }
        ],
        "key-group": [
            {
                "name": "team0",
                "actor-admin-key": 7,
                "agg-system-name": "65535-02-00-00-00-00-0A",
                "collector-max-delay": 5,
                "actor-admin-state": "lacp-activity lacp-timeout aggregation",
                "lags": ["team0"],
                "aggports": ["eth1", "eth2"],
            }
        ],
    }
    assert only(document, LAG) == {
        "key-group-name": "team0",
        "mac-address": "02-00-00-00-00-0A",
        "lacp": {
            "actor-oper-key": 1,
            "aggregate-or-individual": True,
            "partner-system": "00-1C-73-00-00-01",
            "partner-system-priority": 32768,
            "partner-oper-key": 33,
        },
    }
    assert yang.values(document, AGGPORT)[0] == {
        "key-group-name": "team0",
        "actor-port-number": 1,
        "actor-port-priority": 255,
        "lacp": {
            "actor-oper-key": 1,
            "actor-oper-state": (
                "lacp-activity lacp-timeout aggregation synchronization collecting distributing"
            ),
            "partner-oper-system-priority": 32768,
            "partner-oper-system": "00-1C-73-00-00-01",
            "partner-oper-key": 33,
            "partner-oper-port": 101,
            "partner-oper-port-priority": 32768,
            "partner-oper-state": (
                "lacp-activity aggregation synchronization collecting distributing"
            ),
            "aggregate-or-individual": True,
        },
    }
    stats = f"{IF}/statistics/ieee802-dot1ax-linkagg:aggport-stats"
    assert yang.values(document, stats)[0] == {
        "lacp-pdu-rx": "1099511627776",
        "marker-pdu-rx": "1",
        "marker-response-pdu-rx": "3",
        "unknown-rx": "5",
        "illegal-rx": "6",
        "lacp-pdu-tx": "7",
        "marker-pdu-tx": "2",
        "marker-response-pdu-tx": "4",
    }


def test_ieee_waiting_to_restore_is_of_the_2020_edition() -> None:
    waits = port(machines=Machines(mux="ATTACHED_WTR"))
    settings = {"wait_to_restore": 10.0, "revertive": False}
    document = in_ieee(lag(edition="2020", ports=(waits,), settings=settings))
    aggport = only(document, AGGPORT)
    assert (aggport["wtr-time"], aggport["wtr-revertive"]) == (10, False)
    assert aggport["lacp"]["wtr-waiting"] is True
    document = in_ieee(lag(edition="2014", ports=(waits,), settings=settings))
    aggport = only(document, AGGPORT)
    assert "wtr-time" not in aggport
    assert "wtr-waiting" not in aggport["lacp"]


def test_ieee_an_individual_link() -> None:
    alone = port(partner=End(system=THEM, state=PORT_STATES[0x39]))
    document = in_ieee(lag(ports=(alone, port("eth2", 2, aggregator=None))))
    assert only(document, f"{LAG}/lacp")["aggregate-or-individual"] is False
    said = [each["lacp"]["aggregate-or-individual"] for each in yang.values(document, AGGPORT)]
    assert said == [False, True]


def test_ieee_no_partner_is_zeros() -> None:
    document = in_ieee(lag(partner=SystemId(system_priority=0, system=NO_MAC, key=0)))
    assert only(document, f"{LAG}/lacp")["partner-system"] == "00-00-00-00-00-00"


def test_ieee_numbers_that_the_types_do_not_take() -> None:
    odd = port(actor=End(port=0, key=1, state=PORT_STATES[0]), settings={"lacp_key": 0})
    settings = {"wait_to_restore": 40_000.0}
    document = in_ieee(lag(ports=(odd,), edition="2020", settings=settings))
    aggport = only(document, AGGPORT)
    assert {"actor-port-number", "wtr-time"}.isdisjoint(aggport)
    assert aggport["lacp"]["actor-oper-state"] == ""
    assert "actor-admin-key" not in document[LINKAGG]["key-group"][0]


@pytest.mark.parametrize("number", [-1, 2**64])
def test_counts_that_no_counter_holds_are_left_out(number: int) -> None:
    link = LinkView(up=True, speed=number)
    odd = lag(ports=(port(counters={"lacpdus_rx": number, "lacpdus_tx": 7}, link=link),))
    assert "lag-speed" not in json.dumps(in_openconfig(odd))
    assert '"lacp-out-pkts": "7"' in json.dumps(in_openconfig(odd))
    assert '"lacp-pdu-tx": "7"' in json.dumps(in_ieee(odd))


def test_ieee_two_groups_do_not_say_the_same_key() -> None:
    lags = [
        lag(name, ports=(port(f"{name}p", settings={"lacp_key": key}),))
        for name, key in (("team0", 7), ("team1", 7), ("team2", 8))
    ]
    groups = in_ieee(*lags)[LINKAGG]["key-group"]
    assert [group.get("actor-admin-key") for group in groups] == [None, None, 8]
    assert len(in_ieee(*lags)[LINKAGG]["agg-system"]) == 1


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

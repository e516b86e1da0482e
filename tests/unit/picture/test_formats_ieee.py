"""LAGs as data of IEEE 802.1AX."""

from __future__ import annotations

from dataclasses import replace

from lacp.address import NO_MAC
from lacp.info import PORT_STATES
from lacp.picture.model import End, Machines, SystemId
from tests import yang
from tests.unit.picture.yang_lags import AGGPORT, IF, LAG, LINKAGG, THEM, in_ieee, lag, only, port


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


def test_ieee_two_groups_do_not_say_the_same_key() -> None:
    lags = [
        lag(name, ports=(port(f"{name}p", settings={"lacp_key": key}),))
        for name, key in (("team0", 7), ("team1", 7), ("team2", 8))
    ]
    groups = in_ieee(*lags)[LINKAGG]["key-group"]
    assert [group.get("actor-admin-key") for group in groups] == [None, None, 8]
    assert len(in_ieee(*lags)[LINKAGG]["agg-system"]) == 1

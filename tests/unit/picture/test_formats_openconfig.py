"""LAGs as data of OpenConfig."""

from __future__ import annotations

import pytest

from lacp.picture.model import Change, LinkView
from tests import yang
from tests.unit.picture.yang_lags import AGGREGATION, LACP, OC, in_openconfig, lag, only, port


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

"""LAGs, and what the YANG modules have of them."""

from __future__ import annotations

import json
from typing import Any

from lacp.address import Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.formats.ieee import ieee
from lacp.picture.formats.openconfig import openconfig
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId
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

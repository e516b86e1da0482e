"""What the bonding driver says in numbers and in /proc/net/bonding, without one."""

from __future__ import annotations

from lacp.info import PortState
from lacp.netlink.bond_proc import parse

_SHOWN = """\
Ethernet Channel Bonding Driver: v6.1

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
MII Status: up

802.3ad info
LACP active: on
Active Aggregator Info:
\tAggregator ID: 2
\tNumber of ports: 1
\tPartner Mac Address: 02:00:00:00:00:02

Slave Interface: eth 1.5
MII Status: up
Aggregator ID: 2
details actor lacp pdu:
    system priority: 65535
    system mac address: 02:00:00:00:00:01
    port key: 15
    port priority: 255
    port number: 1
    port state: 61
details partner lacp pdu:
    system priority: 7
    system mac address: 02:00:00:00:00:02
    oper key: 3
    port priority: 128
    port number: 4
    port state: 63

Slave Interface: e2
MII Status: down
Aggregator ID: N/A
"""


def test_lacp_as_the_driver_shows_it() -> None:
    state = parse(_SHOWN)
    assert state.aggregator == 2
    one, other = state.ports["eth 1.5"], state.ports["e2"]
    assert one.aggregator == 2
    assert one.actor is not None
    assert one.partner is not None
    assert (one.actor.key, one.actor.port_priority, one.actor.port) == (15, 255, 1)
    assert (one.partner.system_priority, one.partner.key) == (7, 3)
    assert one.partner.state == PortState(63)
    assert (other.aggregator, other.actor, other.partner) == (None, None, None)


def test_what_the_driver_hides_or_garbles_is_not_guessed() -> None:
    hidden = _SHOWN.split("details actor", maxsplit=1)[0]
    assert parse(hidden).ports["eth 1.5"].actor is None
    garbled = _SHOWN.replace("port number: 1", "port number: one")
    assert parse(garbled).ports["eth 1.5"].actor is None
    assert parse("").ports == {}
    assert parse("bond bond9 has no active aggregator\n").aggregator is None

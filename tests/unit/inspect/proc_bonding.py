"""What stands in /proc/net/bonding of a bond, and a port of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lacp.inspect.bond_view import lag_view
from lacp.inspect.devices import PortFacts, read_device
from lacp.netlink import bond
from lacp.netlink.codec import u32
from lacp.picture.model import LinkView, PortView
from tests.bonds import INDEX, bond_link, port_link

HEAD = """\
Ethernet Channel Bonding Driver: v6.1.0

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
MII Status: up

802.3ad info
LACP active: on
"""
TO_ROOT = """\
System priority: 7
System MAC address: 02:00:00:00:00:01
Active Aggregator Info:
\tAggregator ID: 1
"""
PORT = """\

Slave Interface: e{number}
MII Status: up
Aggregator ID: 1
Actor Churn State: none
Partner Churn State: churned
Actor Churned Count: 0
Partner Churned Count: 4
"""
PORT_TO_ROOT = """\
details actor lacp pdu:
    system priority: 7
    system mac address: 02:00:00:00:00:01
    port key: 15
    port priority: 255
    port number: {number}
    port state: 61
details partner lacp pdu:
    system priority: 9
    system mac address: 02:00:00:00:00:99
    oper key: 3
    port priority: 128
    port number: 4
    port state: 63
"""


def text(ports: Iterable[int] = (1, 2), *, root: bool = True) -> str:
    """What stands in /proc/net/bonding."""
    blocks = [HEAD + TO_ROOT * root]
    blocks += [(PORT + PORT_TO_ROOT * root).format(number=number) for number in ports]
    return "".join(blocks)


def view(mode: int, said: Mapping[int, bytes], more: Mapping[int, bytes] | None = None) -> PortView:
    """Port e1 of a bond, and what was said of both."""
    device, port = read_device(bond_link(mode=mode, more=more)), read_device(port_link(1, said))
    assert device is not None
    assert port is not None
    return lag_view(device, [PortFacts(port, LinkView())], None, None).ports[0]


ACTIVE = {bond.ACTIVE_SLAVE: u32(INDEX + 1)}

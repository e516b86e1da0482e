"""Bonds as the database of Open vSwitch has them."""

from typing import Any

import pytest

from lacp.address import Mac
from lacp.inspect import ovs_database
from lacp.link import Duplex
from lacp.picture.model import LinkView
from tests.unit.inspect.switches import TABLES


def test_a_bond_of_the_database() -> None:
    port = ovs_database.ports(TABLES)["bond0"]
    assert port.bridge == "br0"
    assert port.settings == {
        "bond_mode": "balance-tcp",
        "lacp": "active",
        "bond_updelay": 100,
        "bond_fake_iface": False,
        "lacp-time": "fast",
    }
    eth0, eth1, eth9 = port.interfaces
    assert eth0 == ovs_database.Interface(
        name="eth0",
        ifindex=4,
        link=LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True),
        address=Mac.parse("02:00:00:00:00:10"),
        mtu=1500,
        settings={"link_resets": 3, "lacp-port-id": "9"},
    )
    assert (eth1.link, eth1.ifindex) == (LinkView(up=False, admin_up=True), None)
    assert (eth9.link, eth9.error) == (LinkView(), "could not open")


BAD: list[object] = [5, ["set"], ["set", 5], ["map"], ["map", [["a"]]], ["uuid", {}], {}]


@pytest.mark.parametrize(
    "result",
    [
        *(None, [], "x", [1, 2], [{"rows": [None, {}, {"name": 5}]}] * 3, [{"error": "no"}] * 3),
        *(
            [{"rows": [{"name": "x", "interfaces": bad, "other_config": bad, "ports": bad}]}] * 3
            for bad in BAD
        ),
    ],
)
def test_another_answer_of_the_database_is_no_bond(result: Any) -> None:
    assert not any(port.interfaces for port in ovs_database.ports(result).values())

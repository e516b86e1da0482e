"""The texts of Open vSwitch, of several releases."""

import pytest

from lacp.address import Mac
from lacp.info import PortState
from lacp.inspect import ovs_texts
from lacp.picture.model import End, SystemId
from tests.unit.inspect.switches import BONDS, LACP, STATS


def test_a_bond_as_bond_show_has_it() -> None:
    found = ovs_texts.bonds(BONDS)
    assert list(found) == ["bond0", "ab"]
    assert found["bond0"].settings == {
        "bond_mode": "balance-tcp",
        "bond may use recirculation": True,
        "bond-hash-basis": 7,
        "lb_output action": False,
        "updelay": 100,
        "downdelay": 200,
        "next rebalance": 8891,
        "lacp_status": "negotiated",
        "lacp_fallback_ab": False,
    }
    eth0, eth1 = found["bond0"].members["eth0"], found["bond0"].members["eth1"]
    assert (eth0.enabled, eth0.active, eth0.may_enable, eth0.delays) == (
        *(False, False, True),
        {"updelay": 0.07},
    )
    assert (eth1.enabled, eth1.active, eth1.loads) == (True, True, {"12": 40, "200": 3})


def test_lacp_as_lacp_show_has_it() -> None:
    found = ovs_texts.lacps(LACP)["bond0"]
    assert found.active is True
    assert found.actor == SystemId(
        system_priority=65534, system=Mac.parse("02:00:00:00:00:01"), key=5
    )
    eth0, eth1 = found.members["eth0"], found.members["eth1"]
    assert (eth0.status, eth0.attached, eth0.may_enable) == ("current", True, True)
    assert (eth1.status, eth1.attached, eth1.may_enable) == ("defaulted", False, False)
    assert eth0.end("partner") == End(
        system_priority=100,
        system=Mac.parse("02:00:00:00:00:77"),
        key=3,
        port_priority=255,
        port=4,
        state=PortState.ACTIVITY | PortState.AGGREGATION,
    )
    nobody = eth1.end("partner")
    assert nobody is not None
    assert not nobody.known
    assert nobody.state == PortState(0)


def test_counters_have_the_names_of_all_sources() -> None:
    assert ovs_texts.counters(STATS) == {
        "bond0": {
            "eth0": {
                "lacpdus_tx": 12,
                "lacpdus_rx": 11,
                "illegal_rx": 2,
                "marker_pdus_rx": 3,
                "link_expired": 4,
                "link_defaulted": 5,
                "carrier_status_changed": 6,
            },
            "eth1": {"lacpdus_tx": 1},
        }
    }


def old(text: str) -> str:
    """A text as releases up to 2.14 had it; those up to 2.9 indented with tabs."""
    return text.replace("member", "slave").replace("\n  ", "\n\t")


def test_older_releases_say_the_same_in_other_words() -> None:
    assert ovs_texts.bonds(old(BONDS)) == ovs_texts.bonds(BONDS)
    assert ovs_texts.lacps(old(LACP)) == ovs_texts.lacps(LACP)
    assert ovs_texts.counters(old(STATS)) == ovs_texts.counters(STATS)


@pytest.mark.parametrize("text", ["", "no such bond", "---- x ----", "member e0: enabled\n"])
def test_what_is_not_said_is_not_known(text: str) -> None:
    assert all(not bond.members for bond in ovs_texts.bonds(text).values())
    for lacp in ovs_texts.lacps(text).values():
        assert (lacp.active, lacp.actor) == (None, SystemId())
    assert not any(ovs_texts.counters(text).values())


def test_values_that_are_none_are_not_known() -> None:
    text = (
        "---- x ----\n  sys_id: here\n  sys_priority: many\n  aggregation key: none\n"
        "member: e0: current attached\n  actor sys_id: 02:00\n  actor key: 1e9\n"
        "  actor state: activity wild\n"
    )
    (found,) = ovs_texts.lacps(text).values()
    assert found.actor == SystemId()
    assert found.members["e0"].end("actor") == End(state=PortState.ACTIVITY)
    assert found.members["e0"].end("partner") is None

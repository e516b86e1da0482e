"""The bonding driver and teamd in a guest: their options, and that what they say is understood."""

from __future__ import annotations

from typing import Any

import pytest

from lacp.address import Mac
from lacp.info import PORT_STATES, PortInfo, PortState
from tests.interop import guest
from tests.interop.bonding import bonding, parse_proc
from tests.interop.devices import wires
from tests.interop.netns import need_link
from tests.interop.teamd import teamd

pytestmark = [pytest.mark.interop, pytest.mark.guest]

_MODULES = (*guest.BONDING_MODULES, *guest.TEAM_MODULES)

PROC = """Ethernet Channel Bonding Driver: v6.1.176

Bonding Mode: IEEE 802.3ad Dynamic link aggregation
Transmit Hash Policy: layer2 (0)
MII Status: down
MII Polling Interval (ms): 100
Up Delay (ms): 0
Down Delay (ms): 0
Peer Notification Delay (ms): 0

802.3ad info
LACP active: off
LACP rate: slow
Min links: 0
Aggregator selection policy (ad_select): count
System priority: 65535
System MAC address: 02:00:00:00:0d:01
bond bond0 has no active aggregator

Slave Interface: d1
MII Status: down
Speed: Unknown
Duplex: Unknown
Link Failure Count: 1
Permanent HW addr: 02:00:00:00:0d:01
Slave queue ID: 0
Aggregator ID: N/A
"""


def options() -> dict[str, Any]:
    """A bond with options of its own, towards nobody."""
    settings: dict[str, Any] = {
        "lacp_rate": "slow",
        "lacp_active": "off",
        "ad_select": "bandwidth",
        "min_links": 1,
    }
    with wires(2) as cables, bonding(cables.there, cables.ports, **settings) as bond:
        bond.until(lambda: bond.show().aggregator is not None)
        shown = bond.show()
        bond.remove("d1")
        bond.until(lambda: list(bond.show().members) == ["d2"])
        return {
            "flags": [shown.active, shown.fast, shown.ad_select],
            "members": [[m.link_up, m.actor.port, m.actor.state] for m in shown.members.values()],
            "partner": shown.partner,
            "sysfs": bond.sysfs(),
        }


def agree() -> list[list[Any]]:
    """A bond and a team on two cables; what each says of both ends."""
    with (
        wires(2) as cables,
        bonding(cables.here, cables.interfaces, lacp_rate="fast") as bond,
        teamd(cables.there, cables.ports, fast_rate=True, sys_prio=7) as team,
    ):
        team.until(lambda: team.current() == ["d1", "d2"])
        full = PORT_STATES[0x3F]
        bond.until(lambda: all(m.partner.state == full for m in bond.show().members.values()))
        team.until(
            lambda: all(team.runner(p)["partner_lacpdu_info"]["state"] == full for p in team.ports)
        )
        views = []
        for near, far in zip(cables.interfaces, cables.ports, strict=True):
            member, runner = bond.show().members[near], team.runner(far)
            views.append([_listed(member.actor), _of_team(runner["partner_lacpdu_info"])])
            views.append([_listed(member.partner), _of_team(runner["actor_lacpdu_info"])])
        return views


def _listed(info: PortInfo) -> list[Any]:
    numbers = [info.system_priority, info.key, info.port_priority, info.port, info.state]
    return [str(info.system), *map(int, numbers)]


def _of_team(info: dict[str, Any]) -> list[Any]:
    names = ("system", "system_priority", "key", "port_priority", "port", "state")
    return [info[name] for name in names]


def no_driver() -> None:
    with wires() as cables:
        need_link(cables.there, "bond", "the kernel's bonding driver")


def test_a_bond_has_the_options_that_were_asked_for() -> None:
    found = guest.run(options, modules=_MODULES).result
    assert found["flags"] == [False, False, "bandwidth"]
    assert [[up, port] for up, port, _ in found["members"]] == [[True, 1], [True, 2]]
    assert not any(PortState.ACTIVITY in PortState(state) for _, _, state in found["members"])
    assert found["partner"] is None
    assert found["sysfs"]["mode"] == "802.3ad 4"
    assert found["sysfs"]["lacp_rate"] == "slow 0"
    assert found["sysfs"]["min_links"] == "1"


def test_a_bond_and_a_team_agree() -> None:
    views = guest.run(agree, modules=_MODULES).result
    assert len(views) == 4
    for one, other in views:
        assert one == other
    assert [view[0][1] for view in views] == [65535, 7] * 2


def test_a_guest_without_the_driver_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LACP_REQUIRE_LAB", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs the kernel's bonding driver"):
        guest.run(no_driver)


def test_a_bond_without_an_aggregator_is_read() -> None:
    shown = parse_proc(PROC)
    assert (shown.up, shown.active, shown.fast, shown.ad_select) == (False, False, False, "count")
    assert (shown.aggregator, shown.partner) == (None, None)
    (member,) = shown.members.values()
    assert (member.link_up, member.aggregator, member.actor) == (False, None, PortInfo())


def test_a_member_with_its_partner_is_read() -> None:
    side = (
        "system priority: 65535\n    system mac address: 02:00:00:00:0d:01\n    port priority: 9\n"
    )
    text = PROC.replace("Aggregator ID: N/A", "Aggregator ID: 2") + (
        "Actor Churn State: monitoring\nPartner Churn State: churned\n"
        f"details actor lacp pdu:\n    {side}    port key: 15\n    port number: 1\n"
        "    port state: 63\n"
        f"details partner lacp pdu:\n    {side}    oper key: 3\n    port number: 4\n"
        "    port state: 61\n"
    )
    member = parse_proc(text).members["d1"]
    system = Mac.parse("02:00:00:00:0d:01")
    assert member.aggregator == 2
    assert (member.actor_churn, member.partner_churn) == ("monitoring", "churned")
    assert member.actor == PortInfo(65535, system, 15, 9, 1, PORT_STATES[63])
    assert member.partner == PortInfo(65535, system, 3, 9, 4, PORT_STATES[61])

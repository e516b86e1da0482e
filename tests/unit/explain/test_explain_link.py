"""Diagnoses of the interface below a port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacp.link import Duplex
from lacp.picture.explain import diagnose
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import LagView, LinkView, PortView
from lacp.sim.network import Network
from tests.faults import codes, is_told, only, told, up, view
from tests.worlds import cable


def changed(lag: LagView, at: int = 0, **changes: Any) -> LagView:
    """The LAG with one port changed."""
    ports = list(lag.ports)
    ports[at] = replace(ports[at], **changes)
    return replace(lag, ports=tuple(ports))


def said_of(lag: LagView, port: str = "1") -> list[Finding]:
    return [each for each in diagnose(lag) if each.port == port]


def test_link_down() -> None:
    network = up(2)
    cable(network, 1).pull()
    network.run(1)
    is_told(
        only(network, port=1),
        "link_down",
        "link is down",
        Where.LINK,
        "the interface says that no frame can pass",
        "nothing has changed on the port for 1.0 s",
        remedy="ethtool 1",
    )
    assert codes(network) == {"1": ["link_down"]}


def test_link_down_with_what_the_interface_says() -> None:
    network = up(2)
    cable(network, 1).pull()
    network.run(1)
    lag = view(network)
    no_carrier = changed(lag, link=LinkView(up=False, admin_up=True))
    assert said_of(no_carrier)[0].evidence[0] == "the interface is up but has no carrier"
    (found,) = said_of(changed(lag, link=LinkView(up=False, admin_up=False)))
    is_told(
        found,
        "port_admin_down",
        "interface is administratively down",
        Where.HERE,
        "its flags lack UP",
        remedy="ip link set dev 1 up",
    )


def test_half_duplex() -> None:
    network = up(2)
    cable(network, 1).set_link(duplex=Duplex.HALF)
    network.run(1)
    is_told(
        only(network, port=1),
        "half_duplex",
        "link is half duplex: LACP is disabled on it",
        Where.EITHER,
        "the interface says 10G, half duplex",
        "LACP_Enabled",
        remedy="ethtool -s 1 autoneg on",
    )


def test_the_interface_refuses_our_frames() -> None:
    network = up(2)
    frame = network.nodes["left"].system.ports["1"].frame()
    network.nodes["left"].manage(lambda system, now: system.transmit_failed("1", frame, now))
    is_told(
        only(network, port=1),
        "frames_refused",
        "the interface refuses our LACPDUs (1 so far): a LACPDU did not leave",
        Where.HERE,
        "tx_errors is 1",
        gravity=Gravity.ODDITY,
        remedy="tc -s qdisc show dev 1",
    )


def test_a_port_that_leaves() -> None:
    network = up(2)
    network.nodes["left"].manage(lambda system, now: system.withdraw_port("1", now))
    is_told(only(network, port=1), "leaving", "the port is about to leave", Where.HERE)


def test_an_interface_that_is_not_there() -> None:
    lag = changed(view(up(2)), missing="no such interface: the port waits for one")
    (found,) = said_of(lag)
    is_told(
        found,
        "interface_missing",
        "no such interface: the port waits for one",
        Where.HERE,
        remedy="ip -d link show dev 1",
    )


def mixed(speed: int | None) -> Network:
    network = up(3)
    cable(network, 2).set_link(speed=speed)
    network.run(5)
    return network


def test_speeds_that_differ() -> None:
    network = mixed(1000)
    is_told(
        only(network, port=2),
        "speed_differs",
        "speed differs from the other ports' (1G, not 10G)",
        Where.EITHER,
        "2 runs at 1000 Mb/s, most others at 10000 Mb/s",
        gravity=Gravity.ODDITY,
        remedy="ethtool 2",
    )
    assert codes(network) == {"2": ["speed_differs"]}
    backup = replace(view(network), mode="active-backup")
    assert diagnose(backup) == []
    # What moves flows by load gives a slow link less.
    balanced = {"tx_balancer": {"name": "basic", "balancing_interval": 50}}
    assert diagnose(replace(view(network), settings=balanced)) == []
    assert diagnose(replace(view(network), settings={"tx_balancer.name": "basic"})) == []
    assert diagnose(replace(view(network), settings={"tx_balancer": None})) != []


def test_a_speed_that_is_not_known() -> None:
    lag = view(up(2))
    (found,) = diagnose(changed(lag, link=LinkView(up=True, duplex=Duplex.FULL)))
    is_told(
        found,
        "speed_unknown",
        "speed is not known",
        Where.HERE,
        "other ports run at 10G",
        gravity=Gravity.ODDITY,
    )
    # Where no interface knows one there is nothing to compare.
    blind = [replace(port, link=LinkView(up=True)) for port in lag.ports]
    assert diagnose(replace(lag, ports=tuple(blind))) == []


def test_mtu() -> None:
    lag = replace(view(up(2)), mtu=9000)
    lag = changed(changed(lag, 0, mtu=1500), 1, mtu=9000)
    (found,) = diagnose(lag)
    is_told(
        found,
        "mtu_lower",
        "MTU is lower than the others' (1500, not 9000)",
        Where.HERE,
        "the port has MTU 1500, left has 9000",
        gravity=Gravity.ODDITY,
        remedy="ip link set dev 1 mtu 9000",
    )
    assert diagnose(changed(lag, 0, mtu=9216)) == []
    (found,) = diagnose(replace(lag, mtu=None))
    assert "most other ports have 9000" in found.evidence[0]


def test_flapping() -> None:
    network = up(2)
    for _ in range(3):
        cable(network, 1).pull()
        network.run(5)
        cable(network, 1).plug()
        network.run(40)
    (found,) = diagnose(changed(view(network), link_downs=3))
    is_told(
        found,
        "flapping",
        "the link went down 3 times",
        Where.LINK,
        "link_downs is 3",
        "of late at 85.4 and 130.4",
        gravity=Gravity.NOTE,
    )
    assert diagnose(changed(view(network), link_downs=2)) == []
    assert diagnose(changed(view(network), link_downs=9, changed_age=100_000.0)) == []


# A bond, which takes what is not known for half duplex.


def bond(**port: Any) -> LagView:
    return replace(changed(view(up(2)), **port), source="bond", mode="802.3ad")


def test_a_bond_does_not_speak_where_duplex_is_not_known() -> None:
    lag = bond(link=LinkView(up=True), distributing=False, collecting=False)
    port = lag.ports[0]
    assert port.actor is not None
    lag = changed(lag, actor=replace(port.actor, key=0))
    is_told(
        said_of(lag)[0],
        "duplex_unknown",
        "duplex is not known: bonding takes it for half duplex and disables LACP",
        Where.HERE,
        "the interface says speed not known, duplex not known",
        "key 0 lacks the bit for full duplex",
        remedy="ethtool -s 1 speed 10000 duplex full",
    )
    assert not any(
        each.code == "duplex_unknown"
        for each in said_of(changed(lag, actor=replace(port.actor, key=9)))
    )


def test_names_are_quoted() -> None:
    port = PortView(name="it's; rm", link=LinkView(up=False, admin_up=False))
    (_, found) = diagnose(LagView(name="lag", source="bond", up=False, ports=(port,)))
    assert found.remedy == ("ip link set dev 'it'\\''s; rm' up",)


@pytest.mark.parametrize("up", [True, None])
def test_nothing_is_said_of_what_is_not_known(up: bool | None) -> None:
    port = PortView(name="a", link=LinkView(up=up))
    assert diagnose(LagView(name="lag", source="bond", ports=(port,))) == []


def test_told_is_by_port() -> None:
    network = up(2)
    cable(network, 1).pull()
    cable(network, 2).pull()
    network.run(1)
    assert [each.code for each in told(network)] == ["no_carrier"]
    assert codes(network) == {"lag": ["no_carrier"], "1": ["link_down"], "2": ["link_down"]}

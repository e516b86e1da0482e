"""LAGs as the kernel and others tell of them, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lacp.address import Mac
from lacp.info import PortState
from lacp.link import Duplex
from lacp.picture.explain import diagnose
from lacp.picture.findings import Finding
from lacp.picture.model import End, LagView, LinkView, Machines, PortView, SystemId

_UP = LinkView(up=True, speed=10000, duplex=Duplex.FULL, admin_up=True)
SYSTEM = Mac.parse("02:00:00:00:00:01")
PARTNER = Mac.parse("02:00:00:00:00:02")


def port(name: str = "eth0", **members: Any) -> PortView:
    """A port that carries traffic."""
    told: dict[str, Any] = {
        "link": _UP,
        "collecting": True,
        "distributing": True,
        "usable": True,
        "mtu": 1500,
    }
    return PortView(name=name, **(told | members))


def lag(*ports: PortView, **members: Any) -> LagView:
    """A LAG of the kernel that is as it should be."""
    told: dict[str, Any] = {
        "name": "bond0",
        "source": "bond",
        "mode": "balance-xor",
        "lacp": False,
        "up": True,
    }
    return LagView(
        **(told | {"settings": {"miimon": 100, "arp_interval": 0}, "mtu": 1500} | members),
        ports=ports or (port("eth0"), port("eth1")),
    )


def with_lacp(name: str = "eth0", number: int = 1, **members: Any) -> PortView:
    """A port of a bond with LACP and a partner."""
    state = PortState(0x3D)
    actor = End(
        system_priority=65535, system=SYSTEM, key=15, port_priority=255, port=number, state=state
    )
    partner = replace(actor, system=PARTNER)
    machines = Machines(actor_churn="NO_ACTOR_CHURN", partner_churn="NO_PARTNER_CHURN")
    counters = {"lacpdus_rx": 7, "lacpdus_tx": 8}
    told: dict[str, Any] = {
        "actor": actor,
        "partner": partner,
        "machines": machines,
        "aggregator": 1,
        "counters": counters,
    }
    return port(name, **(told | members))


def bond(*ports: PortView, **members: Any) -> LagView:
    """A bond with LACP."""
    told: dict[str, Any] = {
        "mode": "802.3ad",
        "lacp": True,
        "aggregator": 1,
        "min_ports": 0,
        "actor": SystemId(system_priority=65535, system=SYSTEM, key=15),
        "partner": SystemId(system_priority=65535, system=PARTNER, key=15),
    }
    return lag(*(ports or (with_lacp("eth0"), with_lacp("eth1", 2))), **(told | members))


def said(found: LagView) -> list[tuple[str | None, str]]:
    return [(each.port, each.code) for each in diagnose(found)]


def only(found: LagView) -> Finding:
    (finding,) = diagnose(found)
    return finding

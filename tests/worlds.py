"""Worlds for tests: pairs of systems on cables, and what is asked of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import product
from typing import Any

from lacp.info import PortState
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.events import MuxChanged, StateChanged
from lacp.protocol.port import Port
from lacp.protocol.variables import Control
from lacp.sim.cable import Cable
from lacp.sim.network import Logged, Network, Node, address

LATENCY = 0.001
TOLERANCE = 1e-9

#: Every edition with every control.
VARIANTS = list(product(EDITIONS.values(), Control))
VARIANT_IDS = [f"{edition.name}-{control}" for edition, control in VARIANTS]


def add_system(network: Network, name: str, ports: Iterable[int], **settings: Any) -> Node:
    """A system with those port numbers; `settings` are of the system and of all its ports."""
    of_port = settings.keys() & PortConfig.__dataclass_fields__.keys()
    of_system = {key: settings[key] for key in settings.keys() - of_port}
    of_system.setdefault("system", address(len(network.nodes) + 1))
    return network.system(
        name,
        SystemConfig(**of_system),
        {str(n): PortConfig(number=n, **{key: settings[key] for key in of_port}) for n in ports},
    )


def pair(
    links: int = 1,
    *,
    spare: int = 0,
    seed: int = 0,
    latency: float = LATENCY,
    left: Mapping[str, Any] | None = None,
    right: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Network:
    """Systems left and right, ports of equal numbers connected; `spare` ports are not."""
    network = Network(seed, record=True)
    ports = range(1, links + spare + 1)
    add_system(network, "left", ports, **{**settings, **(left or {})})
    add_system(network, "right", ports, **{**settings, **(right or {})})
    for number in range(1, links + 1):
        network.cable(("left", str(number)), ("right", str(number)), latency=latency)
    return network


def handshake(control: Control) -> int:
    """Flights between attaching and distributing: Sync, and Collecting under independent control.

    Under coupled control nobody waits for the partner's Collecting (6.4.15).
    """
    return 1 if control is Control.COUPLED else 2


def port(network: Network, node: str, name: str | int) -> Port:
    return network.nodes[node].system.ports[str(name)]


def cable(network: Network, name: str | int = 1) -> Cable:
    return network.cable_at("left", str(name))


def ports(network: Network) -> list[Port]:
    """The ports of all systems."""
    return [each for node in network.nodes.values() for each in node.system.ports.values()]


def distributing(network: Network) -> set[tuple[str, str]]:
    """Which ports distribute."""
    return {
        (name, mux.port)
        for name, node in network.nodes.items()
        for mux in node.mux.values()
        if mux.distributing
    }


def all_up(network: Network, links: Iterable[int]) -> bool:
    """Whether both ends of all those links distribute."""
    return distributing(network) >= {(n, str(p)) for n in ("left", "right") for p in links}


def bring_up(network: Network, links: int) -> None:
    """Let the pair come up, and every end hear of the other's Distributing; then forget it all.

    The time is then 40.4 s: no LACPDU is due or on its way.
    """
    network.run_until(lambda: all_up(network, range(1, links + 1)), 40)
    network.run_to(40.4)
    network.log.clear()
    network.frames.clear()


def states(network: Network, node: str, name: str | int, machine: str) -> list[tuple[float, str]]:
    """When a machine of a port entered which box."""
    return [
        (each.time, each.event.new)
        for each in network.log
        if each.node == node
        and isinstance(each.event, StateChanged)
        and each.event.port == str(name)
        and each.event.machine == machine
    ]


def muxes(network: Network, node: str, name: str | int) -> list[tuple[float, bool, bool]]:
    """When the multiplexer of a port began to do what: collect, distribute."""
    return [
        (each.time, each.event.collecting, each.event.distributing)
        for each in network.log
        if each.node == node and isinstance(each.event, MuxChanged) and each.event.port == str(name)
    ]


def unrest(network: Network, concerned: Collection[tuple[str, str]]) -> list[Logged]:
    """What happened to the links whose ends are not `concerned`; periodic rates apart."""
    return [
        each
        for each in network.log
        if isinstance(each.event, MuxChanged | StateChanged)
        and (each.node, each.event.port) not in concerned
        and not (isinstance(each.event, StateChanged) and each.event.machine == "periodic")
    ]


def both(name: str | int) -> set[tuple[str, str]]:
    """Both ends of a link of a pair."""
    return {("left", str(name)), ("right", str(name))}


def arrivals(network: Network, node: str, name: str | int) -> list[float]:
    """When frames arrived at a port."""
    return [
        each.arrives_at
        for each in network.frames
        if each.target == (node, str(name)) and each.arrives_at is not None
    ]


def sent(network: Network, node: str, name: str | int) -> list[tuple[float, PortState]]:
    """When a port sent LACPDUs, with their Actor_State."""
    return [
        (each.sent_at, PortState(each.frame[32]))
        for each in network.frames
        if each.source == (node, str(name))
    ]


__all__ = [
    "LATENCY",
    "TOLERANCE",
    "VARIANTS",
    "VARIANT_IDS",
    "Control",
    "Edition",
    "PortState",
    "add_system",
    "all_up",
    "arrivals",
    "both",
    "bring_up",
    "cable",
    "distributing",
    "handshake",
    "muxes",
    "pair",
    "port",
    "ports",
    "sent",
    "states",
    "unrest",
]

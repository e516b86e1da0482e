"""Named scenarios: what to build, and what happens to it when, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lacp.link import Duplex
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.sim.bridge import Bridge
from lacp.sim.network import Network, Node, address


@dataclass(frozen=True, slots=True)
class Caption:
    """What the script does to the network at `time`."""

    time: float
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script."""

    time: float
    caption: str
    action: Callable[[Network], object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A network and its script."""

    name: str
    #: What there is to be seen, in one sentence.
    summary: str
    build: Callable[[Network], None]
    #: In order of time; every network is cabled up at 0.
    script: tuple[Step, ...]
    #: How much virtual time there is to be seen.
    seconds: float


# Building.


def _system(network: Network, name: str, ports: int, settings: dict[str, Any]) -> Node:
    """A system with ports 1, 2, ...; `settings` are those of a system, and of all its ports."""
    of_port = settings.keys() & PortConfig.__dataclass_fields__.keys()
    number = len(network.nodes) + 1
    return network.system(
        name,
        SystemConfig(
            system=address(number),
            **{key: value for key, value in settings.items() if key not in of_port},
        ),
        {
            str(port): PortConfig(number=port, **{key: settings[key] for key in of_port})
            for port in range(1, ports + 1)
        },
    )


def pair(network: Network, links: int, **settings: Any) -> None:
    """Two systems, left and right, with that many links between ports of equal numbers."""
    _system(network, "left", links, settings)
    _system(network, "right", links, settings)
    for port in range(1, links + 1):
        network.cable(("left", str(port)), ("right", str(port)))


def _short_pair(links: int, **settings: Any) -> Callable[[Network], None]:
    return lambda network: pair(network, links, short_timeout=True, **settings)


def _loops(network: Network) -> None:
    settings: dict[str, Any] = {"short_timeout": True}
    _system(network, "left", 4, settings)
    _system(network, "right", 4, settings)
    network.cable(("left", "1"), ("left", "1"))
    network.cable(("left", "2"), ("left", "3"))
    network.cable(("left", "4"), ("right", "4"))


def _wrong_key(network: Network) -> None:
    _short_pair(3)(network)
    network.nodes["right"].configure_port("2", key=7)


def _spare_ports(network: Network) -> None:
    settings: dict[str, Any] = {"short_timeout": True}
    _system(network, "left", 3, settings)
    _system(network, "right", 2, settings)
    network.cable(("left", "1"), ("right", "1"))
    network.cable(("left", "2"), ("right", "2"))


def _bridged(network: Network) -> None:
    settings: dict[str, Any] = {"short_timeout": True}
    _system(network, "left", 2, settings)
    _system(network, "right", 2, settings)
    network.add("bridge", lambda now: Bridge(), ("l", "r"))
    network.cable(("left", "1"), ("right", "1"))
    network.cable(("left", "2"), ("bridge", "l"))
    network.cable(("bridge", "r"), ("right", "2"))


# Acting.


def _pull(port: str) -> Callable[[Network], object]:
    return lambda network: network.cable_at("left", port).pull()


def _plug(port: str) -> Callable[[Network], object]:
    return lambda network: network.cable_at("left", port).plug()


def _fault(port: str, **faults: Any) -> Callable[[Network], object]:
    """Change what happens to frames from left to right."""
    return lambda network: network.cable_at("left", port).set(("left", port), **faults)


def _right_asks_for_short_timeouts(network: Network) -> None:
    for port in ("1", "2"):
        network.nodes["right"].configure_port(port, short_timeout=True)


_DEMO = Scenario(
    "demo",
    "Three links come up, lose a cable, suffer a silent one-way failure and a restarted partner.",
    _short_pair(3),
    (
        Step(5.0, "cable 2 is pulled", _pull("2")),
        Step(7.0, "cable 2 is back", _plug("2")),
        Step(9.2, "cable 3 goes silent from left to right", _fault("3", silent=True)),
        Step(17.2, "cable 3 is repaired", _fault("3", silent=False)),
        Step(
            22.0,
            "right restarts without a word",
            lambda network: network.nodes["right"].restart(),
        ),
    ),
    28.0,
)

_ONE_WAY = Scenario(
    "one-way",
    "One of two links fails from left to right only: EXPIRED after 3 s, DEFAULTED after 6 s.",
    _short_pair(2),
    (
        Step(5.2, "cable 2 goes silent from left to right", _fault("2", silent=True)),
        Step(9.5, "it is repaired while right:2 is EXPIRED", _fault("2", silent=False)),
        Step(13.2, "it goes silent once more", _fault("2", silent=True)),
        Step(22.2, "it is repaired while right:2 is DEFAULTED", _fault("2", silent=False)),
    ),
    28.0,
)

_SLOW = Scenario(
    "slow",
    "Long timeouts: a LACPDU each 30 s, a silent failure found after 90 s, rates changed at work.",
    lambda network: pair(network, 2),
    (
        Step(40.0, "cable 2 goes silent from left to right", _fault("2", silent=True)),
        Step(160.0, "cable 2 is repaired", _fault("2", silent=False)),
        Step(
            180.0,
            "right asks left for short timeouts",
            _right_asks_for_short_timeouts,
        ),
        Step(190.0, "cable 2 goes silent from left to right", _fault("2", silent=True)),
    ),
    200.0,
)

_LOOP = Scenario(
    "loop",
    "A port that hears itself stays alone; two looped ports never share an aggregator.",
    _loops,
    (Step(6.0, "cable 1 is pulled", _pull("1")),),
    8.0,
)

_STANDBY = Scenario(
    "standby",
    "max_ports 2 of 3: a standby port takes over and gives back to the better one.",
    _short_pair(3, max_ports=2),
    (
        Step(5.0, "cable 1 is pulled", _pull("1")),
        Step(10.0, "cable 1 is back", _plug("1")),
        Step(
            16.0,
            "left, the deciding system, prefers port 3",
            lambda network: network.nodes["left"].configure_port("3", priority=1),
        ),
    ),
    22.0,
)

_WRONG_KEY = Scenario(
    "wrong-key",
    "A port with another key than its neighbours' makes a LAG of its own until it is corrected.",
    _wrong_key,
    (
        Step(
            6.0,
            "right:2 gets the key of the others",
            lambda network: network.nodes["right"].configure_port("2", key=1),
        ),
    ),
    12.0,
)

_RECABLE = Scenario(
    "recable",
    "A plug moves to another port of the same system: the old port forgets its partner at once.",
    _spare_ports,
    (
        Step(
            6.0,
            "the plug in left:2 moves to left:3",
            lambda network: network.cable_at("left", "2").move(("left", "2"), ("left", "3"), 1.0),
        ),
    ),
    14.0,
)

_MIN_PORTS = Scenario(
    "min-ports",
    "min_ports 2 of 3: with one link left, Synchronization is withheld rather than traffic lost.",
    _short_pair(3, min_ports=2),
    (
        Step(5.0, "cable 1 is pulled", _pull("1")),
        Step(7.0, "cable 2 is pulled", _pull("2")),
        Step(12.0, "cable 2 is back", _plug("2")),
    ),
    18.0,
)

_BRIDGE = Scenario(
    "bridge",
    "A bridge in link 2 keeps the carrier up when its far side dies: only LACP notices.",
    _bridged,
    (
        Step(
            5.2,
            "the cable between bridge and right:2 is pulled",
            lambda network: network.cable_at("right", "2").pull(),
        ),
        Step(15.0, "it is back", lambda network: network.cable_at("right", "2").plug()),
    ),
    21.0,
)

_HALF_DUPLEX = Scenario(
    "half-duplex",
    "A link that renegotiates to half duplex leaves its LAG, and comes back with full duplex.",
    _short_pair(2),
    (
        Step(
            5.0,
            "link 2 is half duplex",
            lambda network: network.cable_at("left", "2").set_link(duplex=Duplex.HALF),
        ),
        Step(
            9.0,
            "link 2 is full duplex",
            lambda network: network.cable_at("left", "2").set_link(duplex=Duplex.FULL),
        ),
    ),
    14.0,
)

#: All scenarios by name; the first is the one to show.
SCENARIOS = {
    each.name: each
    for each in (
        _DEMO,
        _ONE_WAY,
        _SLOW,
        _LOOP,
        _STANDBY,
        _WRONG_KEY,
        _RECABLE,
        _MIN_PORTS,
        _BRIDGE,
        _HALF_DUPLEX,
    )
}

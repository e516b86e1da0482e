"""Networks with a fault in them, and what is said of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lacp.picture.explain import diagnose
from lacp.picture.findings import Finding, Gravity, Where
from lacp.picture.model import LagView
from lacp.protocol.view import lag_view
from lacp.sim.network import Network
from lacp.wire.lacpdu import Lacpdu
from tests.worlds import bring_up, pair


def up(links: int = 2, **settings: Any) -> Network:
    """A pair of systems that has come up over so many links."""
    network = pair(links, **settings)
    bring_up(network, links)
    return network


def unheard(links: int = 1, **settings: Any) -> Network:
    """A pair whose right system never says a word."""
    network = pair(0, spare=links, **settings)
    network.nodes["right"].stop()
    for number in range(1, links + 1):
        network.cable(("left", str(number)), ("right", str(number)))
    return network


def view(network: Network, node: str = "left") -> LagView:
    """The LAG of a node."""
    return lag_view(network.nodes[node].system, node, network.now, lambda time: f"{time:.1f}")


def told(network: Network, node: str = "left", port: str | int | None = None) -> list[Finding]:
    """What is said of a port of a node, or with None of its LAG."""
    name = None if port is None else str(port)
    return [each for each in diagnose(view(network, node)) if each.port == name]


def codes(network: Network, node: str = "left") -> dict[str, list[str]]:
    """By port, `lag` for the LAG itself: the codes of all that is said of a node."""
    found: dict[str, list[str]] = {}
    for each in diagnose(view(network, node)):
        found.setdefault(each.port or "lag", []).append(each.code)
    return found


def only(network: Network, node: str = "left", port: str | int | None = None) -> Finding:
    """The one thing that is said of a port."""
    found = told(network, node, port)
    assert len(found) == 1, [each.said for each in found]
    return found[0]


def is_told(
    finding: Finding,
    code: str,
    said: str,
    where: Where,
    *evidence: str,
    gravity: Gravity = Gravity.FAULT,
    remedy: str = "",
) -> None:
    """The finding is this: its code, its sentence, its end, and what stands in its evidence."""
    assert (finding.code, finding.said) == (code, said)
    assert (finding.where, finding.gravity) == (where, gravity)
    for each in evidence:
        assert any(each in line for line in finding.evidence), (each, finding.evidence)
    assert finding.remedy
    assert any(remedy in line for line in finding.remedy), (remedy, finding.remedy)


def healthy(network: Network, found: Mapping[str, list[str]] | None = None) -> None:
    """Nothing is said of either node."""
    for node in network.nodes:
        assert codes(network, node) == (found or {})


def hears(network: Network, port: str | int, **changes: Any) -> None:
    """The port of the left system hears a LACPDU of its partner in which this is changed.

    `state` is the octet of the partner; members of what it says of us begin with `our_`.
    """
    left, right = network.nodes["left"], network.nodes["right"]
    pdu = Lacpdu.decode(right.system.ports[str(port)].frame()[14:])
    mine = {name[4:]: value for name, value in changes.items() if name.startswith("our_")}
    its = {name: value for name, value in changes.items() if not name.startswith("our_")}
    lie = replace(pdu, actor=replace(pdu.actor, **its), partner=replace(pdu.partner, **mine))
    left.receive(str(port), left.system.ports[str(port)].ethernet(lie.encode()))

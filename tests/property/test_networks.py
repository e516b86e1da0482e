"""Whole networks under random faults: what must hold at every instant, and where it must end.

Every engine is a `Checked` one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.variables import Control
from lacp.sim.cable import Cable
from lacp.sim.network import Network, address
from tests.property.changes import (
    LINKS,
    NAMES,
    links,
    nodes,
    port_changes,
    probabilities,
    system_changes,
)
from tests.property.checked import checked


class Networks(RuleBasedStateMachine):
    """Two systems on three cables with a spare port each, and everything that can go wrong."""

    network: Network
    cables: list[Cable]

    @initialize(
        edition=st.sampled_from(list(EDITIONS.values())),
        controls=st.tuples(*[st.sampled_from(Control)] * 2),
        shorts=st.tuples(*[st.booleans()] * 2),
        seed=st.integers(0, 2**16),
        latency=st.sampled_from([0.0, 0.001, 0.3]),
    )
    def build(
        self,
        edition: Edition,
        controls: tuple[Control, Control],
        shorts: tuple[bool, bool],
        seed: int,
        latency: float,
    ) -> None:
        self.network = Network(seed, keep=200)
        for number, (name, control, short) in enumerate(zip(NAMES, controls, shorts, strict=True)):
            checked(
                self.network,
                name,
                SystemConfig(system=address(number + 1), edition=edition, control=control),
                {
                    str(port): PortConfig(number=port, short_timeout=short)
                    for port in range(1, LINKS + 2)
                },
            )
        self.cables = [
            self.network.cable(("left", str(n)), ("right", str(n)), latency=latency)
            for n in range(1, LINKS + 1)
        ]

    def cable(self, link: int) -> Cable:
        return self.cables[link - 1]

    def sources(self, link: int, name: str) -> tuple[str, str]:
        return next(end for end in self.cable(link).ends if end[0] == name)

    @rule(seconds=st.sampled_from([0.0, 0.0005, 0.01, 0.5, 1.0, 2.001, 3.0, 7.0]))
    def wait(self, seconds: float) -> None:
        self.network.run(seconds)

    @rule(seconds=st.sampled_from([31.0, 95.0]))
    def wait_long(self, seconds: float) -> None:
        self.network.run(seconds)

    @rule(link=links)
    def pull(self, link: int) -> None:
        self.cable(link).pull()

    @rule(link=links)
    def plug(self, link: int) -> None:
        self.cable(link).plug()

    @rule(link=links, times=st.integers(1, 5))
    def flap(self, link: int, times: int) -> None:
        self.cable(link).flap(times, down=0.2, up=0.3)

    @rule(link=links, name=nodes, silent=st.booleans())
    def silence(self, link: int, name: str, silent: bool) -> None:
        self.cable(link).set(self.sources(link, name), silent=silent)

    @rule(
        link=links,
        name=nodes,
        fault=st.sampled_from(["loss", "duplication", "reordering", "corruption"]),
        probability=probabilities,
    )
    def worsen(self, link: int, name: str, fault: str, probability: float) -> None:
        self.cable(link).set(self.sources(link, name), **{fault: probability})

    @rule(link=links, name=nodes, seconds=st.sampled_from([0.002, 0.4]))
    def jitter(self, link: int, name: str, seconds: float) -> None:
        self.cable(link).set(self.sources(link, name), jitter=seconds)

    @rule(link=links, name=nodes, lost=st.booleans())
    def one_carrier(self, link: int, name: str, lost: bool) -> None:
        end = self.sources(link, name)
        (self.cable(link).lose_carrier if lost else self.cable(link).regain_carrier)(end)

    @rule(name=nodes, goodbye=st.booleans(), downtime=st.sampled_from([0.0, 0.7, 5.0]))
    def restart(self, name: str, goodbye: bool, downtime: float) -> None:
        node = self.network.nodes[name]
        if not node.dead and not node.frozen:
            node.restart(goodbye=goodbye, downtime=downtime)

    @rule(name=nodes, seconds=st.sampled_from([0.3, 4.0]))
    def freeze(self, name: str, seconds: float) -> None:
        node = self.network.nodes[name]
        if not node.dead:
            node.freeze(seconds)

    @rule(link=links, name=nodes)
    def recable(self, link: int, name: str) -> None:
        """Into the port of that system that no cable is in."""
        node = self.network.nodes[name]
        taken = {end for cable in self.cables for end in cable.ends}
        spare = next(p for p in node.ports if (name, p) not in taken)
        self.cable(link).move(self.sources(link, name), (name, spare), gap=0.1)

    @rule(name=nodes, port=st.integers(1, LINKS + 1), changes=port_changes)
    def configure_port(self, name: str, port: int, changes: dict[str, Any]) -> None:
        node = self.network.nodes[name]
        if not node.dead and not node.frozen:
            node.configure_port(str(port), **changes)

    @rule(name=nodes, changes=system_changes)
    def configure(self, name: str, changes: dict[str, Any]) -> None:
        node = self.network.nodes[name]
        if not node.dead and not node.frozen:
            node.configure(**changes)

    @rule(name=nodes, port=st.integers(1, LINKS + 1))
    def marker(self, name: str, port: int) -> None:
        node = self.network.nodes[name]
        if not node.dead and not node.frozen and node.system.ports[str(port)].port_enabled:
            node.manage(lambda system, now: system.send_marker(str(port), now))

    @rule(link=links, name=nodes, octets=st.binary(max_size=140))
    def babble(self, link: int, name: str, octets: bytes) -> None:
        self.network.transmit(self.sources(link, name), octets)

    @precondition(lambda self: hasattr(self, "network"))
    @invariant()
    def cables_are_where_they_are(self) -> None:
        assert len({end for cable in self.cables for end in cable.ends}) == 2 * LINKS

    def teardown(self) -> None:
        """After the faults stop, the network converges to what its configuration implies."""
        if not hasattr(self, "network"):
            return
        network = self.network
        network.run(6.0)  # restarts, thaws and flaps that are under way
        for each in self.cables:
            each.heal()
        # Long timeouts: what was lost comes again after 30 s, what is stale goes after 90 s.
        network.run(110.0)
        expected = expected_links(network, self.cables)
        found = [
            all(network.nodes[n].system.ports[p].distributing for n, p in each.ends)
            for each in self.cables
        ]
        note(f"{[each.ends for each in self.cables]}")
        assert found == expected


def expected_links(network: Network, cables: list[Cable]) -> list[bool]:
    """Which cables carry traffic in the end, from the configuration alone (6.3.6, 6.7.1)."""
    lags = defaultdict(list)
    for index, each in enumerate(cables):
        ends = dict(each.ends)
        configs = [network.nodes[n].system.ports[ends[n]].config for n in NAMES]
        if not any(config.activity for config in configs):
            continue
        together = all(config.aggregation for config in configs)
        lag = tuple(config.key for config in configs), None if together else index
        lags[lag].append((index, configs))
    systems = [network.nodes[n].system.config for n in NAMES]
    decider = min(range(2), key=lambda i: (systems[i].system_priority, systems[i].system))
    up = [False] * len(cables)
    for members in lags.values():
        if len(members) < max(system.min_ports for system in systems):
            continue
        members.sort(key=lambda m: [(m[1][i].priority, m[1][i].number) for i in (decider,)])
        limit = min(system.max_ports or LINKS for system in systems)
        for index, _ in members[:limit]:
            up[index] = True
    return up


TestNetworks = Networks.TestCase
TestNetworks.settings = settings(
    # A run is dear: half a second to a second.
    max_examples=min(settings().max_examples, 150),
    stateful_step_count=25,
    # A run that fails is shown as it was found: to make it smaller takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

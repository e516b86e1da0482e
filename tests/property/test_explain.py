"""What is said of any network, and of any picture of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.info import PORT_STATES
from lacp.link import Duplex
from lacp.picture.explain import diagnose, diagnosed
from lacp.picture.findings import Finding, with_problems
from lacp.picture.model import (
    Change,
    End,
    LagView,
    LinkView,
    Machines,
    PortView,
    SystemId,
    WatcherView,
    document,
)
from lacp.picture.reading import read_lag
from lacp.protocol.edition import EDITIONS
from lacp.protocol.variables import Control
from lacp.sim.network import Network
from tests.faults import view
from tests.property.changes import links, nodes, port_changes, probabilities, system_changes
from tests.worlds import pair

LINKS = 3

faults = st.one_of(
    st.builds(lambda n, v: ("loss", n, v), links, probabilities),
    st.builds(lambda n: ("pull", n, None), links),
    st.builds(lambda n: ("plug", n, None), links),
    st.builds(lambda n, node: ("silent", n, node), links, nodes),
    st.builds(lambda n, v: ("speed", n, v), links, st.sampled_from([1000, 10000])),
    st.builds(lambda n, v: ("duplex", n, v), links, st.sampled_from([Duplex.FULL, Duplex.HALF])),
    st.builds(lambda node, v: ("restart", node, v), nodes, st.booleans()),
    st.builds(lambda node, n, v: ("port", (node, n), v), nodes, links, port_changes),
    st.builds(lambda node, v: ("system", node, v), nodes, system_changes),
)
waits = st.sampled_from([0.0, 0.0005, 0.01, 0.5, 1.0, 2.001, 3.0, 7.0, 31.0, 95.0])


def act(network: Network, what: str, where: Any, value: Any) -> None:
    """One thing goes wrong, or is changed."""
    if what in ("restart", "port", "system"):
        node = network.nodes[where if isinstance(where, str) else where[0]]
        if what == "restart":
            node.restart(goodbye=value)
        elif what == "port":
            node.configure_port(str(where[1]), **value)
        else:
            node.configure(**value)
        return
    cable = network.cable_at("left", str(where))
    match what:
        case "loss":
            cable.set(loss=value)
        case "pull":
            cable.pull()
        case "plug":
            cable.plug()
        case "silent":
            cable.set((value, str(where)), silent=True)
        case "speed":
            cable.set_link(speed=value)
        case _:
            cable.set_link(duplex=value)


def well_formed(found: Sequence[Finding]) -> None:
    """Each finding is one line that says how it is known and what to do."""
    for each in found:
        assert each.said.isprintable()
        assert all(line.isprintable() and line for line in (*each.evidence, *each.remedy))
        assert each.evidence
        assert each.remedy


def look(network: Network) -> None:
    """Nothing raises, and no port is idle without a word."""
    for node in network.nodes:
        seen = view(network, node)
        found = diagnose(seen)
        well_formed(found)
        told = {each.port for each in found}
        assert told >= {port.name for port in seen.ports if not port.distributing}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(list(EDITIONS.values())),
    st.sampled_from(Control),
    st.booleans(),
    st.lists(st.tuples(faults, waits), max_size=12),
    st.integers(0, 99),
)
def test_every_idle_port_is_explained_and_a_healed_network_is_not(
    edition: Any, control: Control, short: bool, steps: list[Any], seed: int
) -> None:
    network = pair(LINKS, seed=seed, edition=edition, control=control, short_timeout=short)
    for step, wait in steps:
        act(network, *step)
        look(network)
        network.run(wait)
        look(network)
    for number in range(1, LINKS + 1):
        cable = network.cable_at("left", str(number))
        cable.heal()
        cable.set_link(speed=10000, duplex=Duplex.FULL)
        for node in network.nodes.values():
            as_at_first = {"activity": True, "aggregation": True, "key": 1, "priority": 0x8000}
            node.configure_port(str(number), short_timeout=short, **as_at_first)
    for node in network.nodes.values():
        node.configure(
            min_ports=1,
            max_ports=None,
            system_priority=0x8000,
            wait_to_restore=0.0,
            aggregate_wait=2.0,
        )
    network.run(200)
    for name in network.nodes:
        assert view(network, name).active_ports == LINKS
        assert diagnose(view(network, name)) == []


# Pictures that no source gives.


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


texts = st.sampled_from(["a", "b", "", "FAULT", "it's"])
numbers = st.integers(0, 3)
macs = st.sampled_from(
    [Mac(bytes(6)), Mac(bytes((2, 0, 0, 0, 0, 1))), Mac(bytes((2, 0, 0, 0, 0, 2)))]
)
counters = st.dictionaries(
    st.sampled_from(["lacpdus_rx", "illegal_rx", "flooded_rx", "unknown_rx", "tx_errors"]),
    maybe(numbers),
)
ends = st.builds(
    End,
    system_priority=maybe(numbers),
    system=maybe(macs),
    key=maybe(numbers),
    port_priority=maybe(numbers),
    port=maybe(numbers),
    state=maybe(st.sampled_from(PORT_STATES)),
)
machines = st.builds(
    Machines,
    receive=st.sampled_from([None, "CURRENT", "EXPIRED", "DEFAULTED", "PORT_DISABLED"]),
    mux=st.sampled_from([None, "WAITING", "ATTACHED", "ATTACHED_WTR", "DISTRIBUTING"]),
    actor_churn=st.sampled_from([None, "ACTOR_CHURN", "NO_ACTOR_CHURN"]),
    partner_churn=st.sampled_from([None, "PARTNER_CHURN"]),
)
settings_of = st.dictionaries(
    st.sampled_from(["miimon", "arp_interval", "arp_ip_target", "mii_status", "updelay"]),
    st.sampled_from([0, 100, None, "going back", "down", ["192.0.2.1"], True]),
)
ports = st.builds(
    PortView,
    name=st.sampled_from(["eth0", "eth1", "eth2"]),
    link=st.builds(
        LinkView,
        up=maybe(st.booleans()),
        speed=st.sampled_from([None, 0, 100, 10000]),
        duplex=st.sampled_from([None, Duplex.FULL, Duplex.HALF]),
        admin_up=maybe(st.booleans()),
    ),
    selected=st.sampled_from([None, "SELECTED", "STANDBY", "UNSELECTED"]),
    selected_reason=maybe(texts),
    aggregator=maybe(numbers),
    collecting=maybe(st.booleans()),
    distributing=maybe(st.booleans()),
    actor=maybe(ends),
    partner=maybe(ends),
    heard=maybe(ends),
    machines=maybe(machines),
    counters=maybe(counters),
    last_rx_age=maybe(st.floats(0, 1e6)),
    changed_age=maybe(st.floats(0, 1e6)),
    timers=maybe(
        st.dictionaries(
            st.sampled_from(["wait_while", "current_while", "updelay"]), maybe(st.floats(0, 90))
        )
    ),
    history=maybe(
        st.lists(
            st.builds(Change, time=maybe(texts), machine=st.just("receive"), new=texts), max_size=2
        ).map(tuple)
    ),
    mtu=maybe(st.sampled_from([1500, 9000])),
    link_downs=maybe(numbers),
    usable=maybe(st.booleans()),
    link_watches=maybe(
        st.lists(
            st.builds(WatcherView, name=maybe(texts), up=maybe(st.booleans())), max_size=2
        ).map(tuple)
    ),
    missing=maybe(texts),
    held=maybe(texts),
    held_for=maybe(st.floats(0, 300)),
    refusal=maybe(texts),
    refused=maybe(st.dictionaries(texts, numbers)),
    withdrawn=maybe(st.booleans()),
    settings=settings_of,
)
systems = st.builds(
    SystemId, system_priority=maybe(numbers), system=maybe(macs), key=maybe(numbers)
)
lags = st.builds(
    LagView,
    name=texts,
    source=st.sampled_from(["lacpd", "bond", "team", "teamd", "ovs", "engine"]),
    mode=st.sampled_from([None, "lacp", "802.3ad", "active-backup", "balance-tcp", "roundrobin"]),
    lacp=maybe(st.booleans()),
    up=maybe(st.booleans()),
    admin_up=maybe(st.booleans()),
    mtu=maybe(st.sampled_from([1500, 9000])),
    actor=maybe(systems),
    partner=maybe(systems),
    aggregator=maybe(numbers),
    min_ports=maybe(numbers),
    fallback=st.sampled_from([None, "none", "static", "active-backup"]),
    agg_select_policy=maybe(texts),
    looped=maybe(st.booleans()),
    settings=settings_of,
    ports=st.lists(ports, max_size=3, unique_by=lambda port: port.name).map(tuple),
    unseen=st.lists(texts, max_size=1).map(tuple),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(lags, min_size=1, max_size=3))
def test_any_picture_can_be_explained(seen: list[LagView]) -> None:
    for lag, found in diagnosed(seen):
        well_formed(found)
        assert {each.port for each in found} <= {None, *(port.name for port in lag.ports)}
        told = with_problems(lag, found)
        assert read_lag(document(told)) == told

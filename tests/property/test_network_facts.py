"""Networks under random changes: what is never so, and what changes nothing."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.variables import Control
from lacp.sim.network import Network, address
from lacp.wire.lacpdu import Lacpdu
from tests.property.changes import (
    LINKS,
    NAMES,
    links,
    nodes,
    port_changes,
    system_changes,
)
from tests.worlds import (
    all_up,
    both,
    bring_up,
    cable,
    distributing,
    muxes,
    pair,
    port,
    unrest,
)

SYNC = PortState.SYNCHRONIZATION
# A partner that is not in sync, on cables that lose nothing.

LATENCY = 0.01
#: Sync that is withdrawn is told within this: held back by the limit, then one flight.
TOLD_WITHIN = 1.005 + LATENCY

quiet_changes = st.one_of(
    st.tuples(st.just("pull"), links, st.none()),
    st.tuples(st.just("plug"), links, st.none()),
    st.tuples(st.just("restart"), nodes, st.booleans()),
    st.tuples(st.just("port"), nodes, port_changes),
    st.tuples(st.just("system"), nodes, system_changes),
    st.tuples(st.just("recable"), links, st.none()),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    edition=st.sampled_from(list(EDITIONS.values())),
    control=st.sampled_from(Control),
    short=st.booleans(),
    changes=st.lists(
        st.tuples(quiet_changes, st.sampled_from([0.0, 0.02, 0.9, 2.5, 6.0])), max_size=12
    ),
)
def test_nobody_distributes_to_a_partner_out_of_sync_but_for_frames_in_flight(
    edition: Edition,
    control: Control,
    short: bool,
    changes: list[tuple[tuple[str, Any, Any], float]],
) -> None:
    network = pair(
        LINKS, spare=1, latency=LATENCY, edition=edition, control=control, short_timeout=short
    )
    cables = [cable(network, number) for number in range(1, LINKS + 1)]
    in_sync_at: dict[tuple[str, str], float] = {}

    def check() -> bool:
        for each in cables:
            for end in each.ends:
                if SYNC in port(network, *end).actor.state:
                    in_sync_at[end] = network.now
        for end in distributing(network):
            far = network.cable_at(*end).far(end)
            assert network.now <= in_sync_at[far] + TOLD_WITHIN, f"{end} to {far}"
        return False

    def watch(seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            network.run_until(check, seconds)

    watch(2.5)
    for (what, which, change), seconds in changes:
        check()
        match what:
            case "pull":
                cables[which - 1].pull()
            case "plug":
                cables[which - 1].plug()
            case "restart":
                network.nodes[which].restart(goodbye=change)
            case "port":
                network.nodes[which].configure_port("2", **change)
            case "system":
                network.nodes[which].configure(**change)
            case "recable":
                taken = {end for each in cables for end in each.ends}
                spare = next(n for n in "1234" if ("left", n) not in taken)
                moved = cables[which - 1]
                moved.move(moved.ends[0], ("left", spare))
        watch(seconds)


# Ports by other numbers.

scripts = st.lists(
    st.tuples(
        st.sampled_from(["pull", "plug", "silence", "heal", "key", "restart"]),
        links,
        st.sampled_from([0.0, 0.5, 2.5, 4.0]),
    ),
    max_size=10,
)


def history(
    order: tuple[int, ...], script: list[tuple[str, int, float]], **kwargs: Any
) -> list[tuple[int, list[tuple[float, bool, bool]]]]:
    """What the ends of each cable did, with cable i in the ports numbered order[i]."""
    network = Network()
    for index, name in enumerate(NAMES, 1):
        config = SystemConfig(system=address(index), **kwargs)
        ports = {
            str(number): PortConfig(number=number, priority=rank, short_timeout=True)
            for rank, number in enumerate(order)
        }
        network.system(name, config, ports)
    cables = [network.cable(("left", str(n)), ("right", str(n))) for n in order]
    for what, link, seconds in script:
        each = cables[link - 1]
        match what:
            case "pull":
                each.pull()
            case "plug":
                each.plug()
            case "silence":
                each.set(each.ends[0], silent=True)
            case "heal":
                each.heal()
            case "key":
                network.nodes["right"].configure_port(each.ends[1][1], key=link)
            case "restart":
                network.nodes["left"].restart()
        network.run(seconds)
    network.run(20.0)
    return [
        (
            rank,
            [
                (round(time, 9), collecting, distributes)
                for name in NAMES
                for time, collecting, distributes in muxes(network, name, number)
            ],
        )
        for rank, number in enumerate(order)
    ]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.permutations(range(1, LINKS + 1)),
    script=scripts,
    edition=st.sampled_from(list(EDITIONS.values())),
    control=st.sampled_from(Control),
    max_ports=st.sampled_from([None, 2]),
)
def test_permuting_the_ports_changes_nothing_but_numbers(
    order: list[int],
    script: list[tuple[str, int, float]],
    edition: Edition,
    control: Control,
    max_ports: int | None,
) -> None:
    settings_: dict[str, Any] = {
        "edition": edition,
        "control": control,
        "max_ports": max_ports,
    }
    straight = history(tuple(range(1, LINKS + 1)), script, **settings_)
    assert history(tuple(order), script, **settings_) == straight


# Any octets.


def slow_frames() -> st.SearchStrategy[bytes]:
    """Octets that look like slow-protocol frames, to get past the first checks."""
    header = SLOW_PROTOCOLS_MULTICAST + address(9) + b"\x88\x09"
    infos = st.builds(
        PortInfo,
        st.integers(0, 3),
        st.builds(address, st.integers(1, 3)),
        st.integers(0, 2),
        st.integers(0, 3),
        st.integers(0, 5),
        st.sampled_from(PORT_STATES),
    )
    pdus = st.builds(lambda actor, partner: Lacpdu(actor, partner).encode(), infos, infos)
    markers = st.binary(min_size=109, max_size=110).map(lambda rest: b"\x02\x01" + rest)
    return st.one_of(st.binary(max_size=130), pdus, markers).map(lambda rest: header + rest)


@given(frames=st.lists(st.one_of(st.binary(max_size=200), slow_frames()), max_size=20))
def test_any_octets_on_one_port_disturb_no_other(frames: list[bytes]) -> None:
    network = pair(LINKS, short_timeout=True)
    bring_up(network, LINKS)
    left = network.nodes["left"]
    for frame in frames:
        left.receive("1", frame)
        network.run(0.1)
    network.run(5.0)
    assert unrest(network, both(1)) == []
    assert all_up(network, range(2, LINKS + 1))

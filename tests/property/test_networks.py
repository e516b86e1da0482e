"""Whole networks under random faults: what must hold at every instant, and where it must end.

Every engine is a `Checked` one: a System that is looked at after each call, next to a twin that
takes no short cut and must say the same.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.link import DOWN, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.events import Event, Transmit
from lacp.protocol.periodic import Periodic, PeriodicTransmit
from lacp.protocol.system import System
from lacp.protocol.variables import Control
from lacp.sim.cable import Cable
from lacp.sim.network import Network, address
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from tests.worlds import (
    TOLERANCE,
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


class SteppedPeriodic(Periodic):
    """Periodic machine whose tick goes the way of all other news."""

    __slots__ = ()

    def tick(self) -> None:
        self.port.run()


class SteppedPeriodicTransmit(PeriodicTransmit):
    """The same for 2020."""

    __slots__ = ()

    def tick(self) -> None:
        self.port.run()


def without_short_cuts(edition: Edition) -> Edition:
    stepped = SteppedPeriodicTransmit if edition.transmit_limit == 10 else SteppedPeriodic
    return replace(edition, periodic=stepped)


class Checked(System):
    """A System that is checked after every call, against itself and against its twin."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__(config)
        self.twin = System(replace(config, edition=without_short_cuts(config.edition)))
        self.drained: deque[Event] = deque()
        self.sent: dict[str, deque[float]] = defaultdict(deque)
        #: Whether the last LACPDU of each port was in sync with it, when, and how long it counts.
        self.in_sync: dict[str, bool] = {}
        self.heard_at: dict[str, float] = {}
        self.patience: dict[str, float] = {}

    def receive(self, port: str, frame: bytes, now: float) -> None:
        for each in self.twin.ports.values():
            each.settled_frame = None
        self._listen(port, frame, now)
        super().receive(port, frame, now)
        self.twin.receive(port, frame, now)
        self.check(now)

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        self.twin.link_changed(port, link, now)
        self.check(now)

    def advance(self, now: float) -> None:
        super().advance(now)
        self.twin.advance(now)
        self.check(now)
        deadline = self.next_deadline()
        assert deadline is None or deadline > now
        for name, it in self.ports.items():
            assert not it.distributing or now < self.heard_at[name] + self.patience[name]

    def add_port(self, name: str, config: PortConfig, now: float, link: Link = DOWN) -> None:
        super().add_port(name, config, now, link)
        self.twin.add_port(name, config, now, link)

    def withdraw_port(self, name: str, now: float) -> None:
        super().withdraw_port(name, now)
        self.twin.withdraw_port(name, now)
        self.check(now)

    def configure(self, now: float, **changes: Any) -> None:
        super().configure(now, **changes)
        self.twin.configure(now, **changes)
        self.check(now)

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        super().configure_port(name, now, **changes)
        self.twin.configure_port(name, now, **changes)
        if not self.ports[name].config.short_timeout:
            self.patience[name] = 90.0
        self.check(now)

    def send_marker(self, name: str, now: float) -> int:
        transaction = super().send_marker(name, now)
        assert self.twin.send_marker(name, now) == transaction
        self.check(now)
        return transaction

    def events(self) -> Iterator[Event]:
        while self.drained:
            yield self.drained.popleft()

    def _listen(self, port: str, frame: bytes, now: float) -> None:
        """Read the frame as 6.4.9 says, on its own, before the engine does."""
        it = self.ports[port]
        if slow.classify(frame).kind is not slow.Kind.LACP or not it.port_enabled:
            return
        pdu = Lacpdu.decode(frame[14:])
        me, heard = it.actor, pdu.partner
        sees_me = (
            heard.system_priority,
            heard.system,
            heard.key,
            heard.port_priority,
            heard.port,
        ) == (me.system_priority, me.system, me.key, me.port_priority, me.port) and bool(
            heard.state & PortState.AGGREGATION
        ) == bool(me.state & PortState.AGGREGATION)
        sees_me |= not pdu.actor.state & PortState.AGGREGATION
        active = bool(pdu.actor.state & PortState.ACTIVITY) or bool(
            me.state & heard.state & PortState.ACTIVITY
        )
        self.in_sync[port] = bool(pdu.actor.state & SYNC) and sees_me and active
        self.heard_at[port] = now
        self.patience[port] = 3.0 if me.state & PortState.SHORT_TIMEOUT else 90.0

    def check(self, now: float) -> None:
        """What holds after every call."""
        mine, twins = list(super().events()), list(self.twin.events())
        # Of ports due at one instant, either may go first.
        short, long = by_port(mine), by_port(twins)
        names = short.keys() | long.keys()
        differing = {n: (short[n], long[n]) for n in names if short[n] != long[n]}
        assert not differing, f"short cut, long way: {differing}"
        self.drained.extend(mine)
        for event in mine:
            if isinstance(event, Transmit) and event.frame[14] == 1:
                self._check_rate(event)
        for name, it in self.ports.items():
            assert [m.NAME for m in it.machines if m.step()] == []
            twin = asdict(self.twin.ports[name].counters)
            differing = {k: (v, twin[k]) for k, v in asdict(it.counters).items() if v != twin[k]}
            assert not differing, f"counters of {name}: {differing}"
            if it.distributing:
                assert self.in_sync[name], f"{name} distributes to a partner out of sync"
                assert it.collecting
                assert SYNC in it.actor.state
                assert it.attached is not None
                assert it.attached is it.aggregator
        for aggregator in self.aggregators.values():
            assert len({it.lag for it in aggregator.ports.values() if it.collecting}) <= 1
            attached = [it for it in self.ports.values() if it.attached is aggregator]
            assert {it.lag for it in attached if it.collecting} <= {aggregator.lag}

    def _check_rate(self, event: Transmit) -> None:
        """No second holds more LACPDUs than the edition allows (6.4.16)."""
        times = self.sent[event.port]
        times.append(event.time)
        while event.time - times[0] > 1.0 - TOLERANCE:
            times.popleft()
        assert len(times) <= self.config.edition.transmit_limit


def by_port(events: list[Event]) -> dict[str, list[Event]]:
    """What was said of each port, in order."""
    said: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        said[event.port].append(event)
    return said


def checked(
    network: Network, name: str, config: SystemConfig, ports: dict[str, PortConfig]
) -> None:
    def build(now: float) -> System:
        system = Checked(config)
        for each, settings_ in ports.items():
            system.add_port(each, settings_, now)
        return system

    network.add(name, build, ports)


LINKS = 3
NAMES = ("left", "right")

nodes = st.sampled_from(NAMES)
links = st.integers(1, LINKS)
probabilities = st.sampled_from([0.0, 0.1, 0.5, 0.9])
port_changes = st.one_of(
    st.builds(lambda v: {"short_timeout": v}, st.booleans()),
    st.builds(lambda v: {"activity": v}, st.booleans()),
    st.builds(lambda v: {"aggregation": v}, st.booleans()),
    st.builds(lambda v: {"key": v}, st.integers(1, 2)),
    st.builds(lambda v: {"priority": v}, st.integers(0, 3)),
)
system_changes = st.one_of(
    st.builds(lambda v: {"system_priority": v}, st.integers(0, 3)),
    st.builds(lambda v: {"max_ports": v}, st.sampled_from([None, 2, 3])),
    st.builds(lambda v: {"min_ports": v}, st.integers(1, 2)),
    st.builds(lambda v: {"wait_to_restore": v}, st.sampled_from([0.0, 2.0])),
    st.builds(lambda v: {"aggregate_wait": v}, st.sampled_from([0.0, 0.5, 2.0])),
)


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

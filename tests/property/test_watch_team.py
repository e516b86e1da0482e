"""Teams with link watchers that probe, on a switch with a target behind it, in virtual time.

The switch learns addresses and floods groups, as switches do; a path between it and the team can
lose its carrier, or lose every frame in silence. All ports bear the address of the team.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from lacp.address import Mac
from lacp.link import Duplex, Link
from lacp.runners.activebackup import ActivebackupRunner
from lacp.runners.base import RunnerPort
from lacp.watch.base import Probe, VerdictChanged
from lacp.watch.options import ArpPingOptions, NsnaPingOptions, WatcherOptions
from lacp.watch.port import PortWatch
from tests.watch_frames import OURS, REPLY, advertisement, arp

TEAM = OURS
LATENCY = 0.001
INTERVAL = 0.1
MISSED_MAX = 2
#: Enough for what is dead to be found dead, for another port to be tried, and to be found alive.
SETTLED = 4 * (MISSED_MAX + 2) * INTERVAL

ARP = ArpPingOptions(
    target_host="192.168.23.1",
    source_host="192.168.23.2",
    interval=100,
    missed_max=MISSED_MAX,
    validate_active=True,
    validate_inactive=True,
)
NSNA = NsnaPingOptions(target_host="fd00::1", interval=100, missed_max=MISSED_MAX)


class Network:
    """One team of an activebackup runner, its driver, the paths, the switch and the target."""

    def __init__(self, options: WatcherOptions, prios: list[int]) -> None:
        self.now = 0.0
        self.names = [f"e{number}" for number in range(len(prios))]
        self.carriers = dict.fromkeys(self.names, True)
        self.silent = dict.fromkeys(self.names, False)
        self.target = True
        self.learnt: dict[bytes, str] = {}
        #: Ports that were told that another one carries the traffic, and what they sent then.
        self.standby: set[str] = set()
        self.aside: list[bytes] = []
        self.changes: list[tuple[float, str | None]] = []
        self._number = itertools.count()
        self._flight: list[tuple[float, int, str, bytes]] = []
        self.runner = ActivebackupRunner()
        self.watches = {name: PortWatch(name, [options]) for name in self.names}
        for name, prio in zip(self.names, prios, strict=True):
            self.runner.add_port(name, RunnerPort(prio=prio), self.now)
        for name in self.names:
            self.link(name)

    def link(self, name: str) -> None:
        """The watch and the runner see the carrier of a path."""
        up = self.carriers[name]
        link = Link(up, 1000 if up else None, Duplex.FULL, Mac(TEAM))
        self.watches[name].link_changed(link, self.now)
        self.runner.link_changed(name, link, self.now)
        self._settle()

    def usable(self, name: str) -> bool:
        return self.carriers[name] and not self.silent[name] and self.target

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (at := min(self._deadlines(), default=end + 1)) <= end:
            self.now = max(self.now, at)
            while self._flight and self._flight[0][0] <= self.now:
                _, _, name, frame = heapq.heappop(self._flight)
                if self.carriers[name] and not self.silent[name]:
                    self.watches[name].receive(frame, self.now)
            for watch in self.watches.values():
                watch.advance(self.now)
            self.runner.advance(self.now)
            self._settle()
        self.now = end

    def _deadlines(self) -> Iterator[float]:
        engines: list[ActivebackupRunner | PortWatch] = [self.runner, *self.watches.values()]
        for engine in engines:
            if (at := engine.next_deadline()) is not None:
                yield at
        if self._flight:
            yield self._flight[0][0]

    def _settle(self) -> None:
        """Do what all of them say until nobody says any more."""
        for _ in range(20):
            said = False
            for name, watch in self.watches.items():
                for event in watch.events():
                    said = True
                    if isinstance(event, Probe):
                        self._send(name, event.frame)
                    elif isinstance(event, VerdictChanged):
                        self.runner.verdict_changed(name, event.up, self.now)
            before = self.runner.active_port
            if not self.changes or self.changes[-1][1] != before:
                self.changes.append((self.now, before))
            said |= bool(list(self.runner.events()))
            if not said:
                return
            for name, watch in self.watches.items():
                enabled = any(self.runner.enabled(name))
                others = any(any(self.runner.enabled(it)) for it in self.names if it != name)
                watch.use_changed(enabled, not others, self.now)
                (self.standby.discard if enabled or not others else self.standby.add)(name)
        raise AssertionError("no rest")

    def _send(self, name: str, frame: bytes) -> None:
        source = frame[6:12]
        if name in self.standby:
            self.aside.append(frame)
        if not self.carriers[name] or self.silent[name]:
            return
        self.learnt[source] = name
        if frame[:6] == b"\xff" * 6:
            for other in self.names:
                if other != name:
                    self._deliver(other, frame)
        if self.target:
            answer = (
                arp(REPLY, to=source)
                if frame[12:14] == b"\x08\x06"
                else advertisement(destination=_text(frame[22:38]))
            )
            self._deliver(self.learnt[source], answer, 2 * LATENCY)

    def _deliver(self, name: str, frame: bytes, after: float = LATENCY) -> None:
        heapq.heappush(self._flight, (self.now + after, next(self._number), name, frame))


def _text(address: bytes) -> str:
    return ":".join(address[at : at + 2].hex() for at in range(0, 16, 2))


faults = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["carrier", "silence", "silence"])), max_size=8
)
prios = st.permutations([100, 50, 10])


@given(options=st.sampled_from([ARP, NSNA]), prios=prios, faults=faults)
def test_the_best_port_that_reaches_the_target_is_active_in_the_end(
    options: WatcherOptions, prios: list[int], faults: list[tuple[int, str]]
) -> None:
    network = Network(options, prios)
    network.run(SETTLED)
    for number, kind in faults:
        name = network.names[number]
        if kind == "carrier":
            network.carriers[name] = not network.carriers[name]
            network.link(name)
        else:
            network.silent[name] = not network.silent[name]
        network.run(SETTLED)
        usable = [it for it in network.names if network.usable(it)]
        best = max(usable, key=lambda it: prios[network.names.index(it)], default=None)
        assert network.runner.active_port == best
        # The switch sends the team's traffic where the team takes it.
        assert best is None or network.learnt[TEAM] == best
    assert all(frame[6:12] != TEAM for frame in network.aside)


def test_a_silent_failure_is_over_after_the_misses_and_one_answer() -> None:
    for options in (ARP, NSNA):
        network = Network(options, [100, 50])
        network.run(1.05)
        assert network.runner.active_port == "e0"
        network.silent["e0"] = True
        network.run(SETTLED)
        (gone, _), *_ = network.changes[2:]
        back, port = network.changes[-1]
        assert port == "e1"
        # The last answer came with the question at 1.0 s.
        assert gone <= 1.0 + (MISSED_MAX + 2) * INTERVAL + LATENCY
        assert back - gone <= INTERVAL


def test_a_port_of_higher_priority_takes_over_when_it_reaches_the_target_again() -> None:
    """libteam issue 66: with teamd and nsna_ping it never does."""
    for options in (ARP, NSNA):
        network = Network(options, [100, 50])
        network.silent["e0"] = True
        network.run(SETTLED)
        assert network.runner.active_port == "e1"
        network.silent["e0"] = False
        returned = network.now
        network.run(SETTLED)
        at, port = network.changes[-1]
        assert port == "e0"
        assert at - returned <= INTERVAL + 3 * LATENCY


def test_a_dead_target_is_no_reason_to_hop_from_port_to_port_with_nsna_ping() -> None:
    network = Network(NSNA, [100, 50])
    network.run(1)
    network.target = False
    network.run(SETTLED)
    hops = len(network.changes)
    assert network.runner.active_port is None
    network.run(10)
    assert len(network.changes) == hops

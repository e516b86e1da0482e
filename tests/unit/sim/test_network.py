"""Networks in virtual time: what cables do to frames, and that a run can be had again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from lacp.errors import UsageError
from lacp.link import DOWN, Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import Event, LinkChanged, Transmit
from lacp.sim.bridge import Bridge
from lacp.sim.cable import Cable, Faults
from lacp.sim.network import Network, address
from tests.worlds import LATENCY, all_up, both, bring_up, cable, distributing, pair


class Recorder:
    """An engine that notes what it is told, and sends what it is asked to."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str, bytes | Link]] = []
        self.out: deque[Event] = deque()
        self.deadlines: list[float] = []
        self.woken: list[float] = []

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        self.told.append((now, port, frame))
        return True

    def link_changed(self, port: str, link: Link, now: float) -> None:
        self.told.append((now, port, link))
        self.out.append(LinkChanged(port, link, now))

    def advance(self, now: float) -> None:
        self.woken.append(now)
        self.deadlines = [deadline for deadline in self.deadlines if deadline > now]

    def next_deadline(self) -> float | None:
        return min(self.deadlines, default=None)

    def events(self) -> Iterator[Event]:
        while self.out:
            yield self.out.popleft()

    def frames(self) -> list[tuple[float, str, bytes]]:
        return [(at, port, what) for at, port, what in self.told if isinstance(what, bytes)]

    def links(self) -> list[tuple[float, str, bool]]:
        return [(at, port, what.up) for at, port, what in self.told if isinstance(what, Link)]


def recorders(
    *ports: str, seed: int = 0, **faults: Any
) -> tuple[Network, Recorder, Recorder, Cable]:
    """Nodes a and b with these ports, the first of each joined."""
    network = Network(seed, record=True)
    a, b = Recorder(), Recorder()
    network.add("a", lambda now: a, ports or ("1",))
    network.add("b", lambda now: b, ports or ("1",))
    return network, a, b, network.cable(("a", "1"), ("b", "1"), **faults)


def _always(recorder: Recorder, now: float) -> Recorder:
    return recorder


def send(network: Network, count: int, interval: float = 0.001) -> list[bytes]:
    """Frames from a:1, each of other octets, `interval` seconds apart."""
    frames = [bytes((n // 256, n % 256)) * 32 for n in range(count)]
    for n, frame in enumerate(frames):
        network.at(network.now + n * interval, partial(network.transmit, ("a", "1"), frame))
    return frames


def test_frame_arrives_after_the_latency_and_only_at_the_other_end() -> None:
    network, a, b, _ = recorders(latency=0.25)
    network.transmit(("a", "1"), b"x")
    network.run(0.2)
    assert b.frames() == []
    network.run(0.1)
    assert b.frames() == [(0.25, "1", b"x")]
    assert a.frames() == []


def test_both_ends_are_told_of_a_cable_with_their_own_addresses() -> None:
    _, a, b, _ = recorders("1", "2")
    up = Link(True, 10000, Duplex.FULL)
    assert a.told == [(0.0, "1", Link(up.up, up.speed, up.duplex, address(1, 1)))]
    assert b.told == [(0.0, "1", Link(up.up, up.speed, up.duplex, address(2, 1)))]


def test_jitter_keeps_the_order() -> None:
    network, _, b, _ = recorders(latency=0.001, jitter=0.1)
    frames = send(network, 300)
    network.run(2.0)
    assert [frame for _, _, frame in b.frames()] == frames
    late = [at - 0.001 * n for n, (at, _, _) in enumerate(b.frames())]
    assert min(late) >= 0.001
    assert 0.05 < max(late) <= 0.101


def test_reordering_lets_later_frames_overtake() -> None:
    network, _, b, _ = recorders(reordering=0.3, delay=0.005)
    frames = send(network, 300)
    network.run(2.0)
    arrived = [frame for _, _, frame in b.frames()]
    assert arrived != frames
    assert sorted(arrived) == frames


def test_loss_and_duplication_are_near_their_probability() -> None:
    network, _, b, _ = recorders(loss=0.25, duplication=0.5)
    send(network, 2000)
    network.run(5.0)
    different = {frame for _, _, frame in b.frames()}
    assert 1400 < len(different) < 1600
    assert 1.4 < len(b.frames()) / len(different) < 1.6
    assert [f.fate for f in network.frames].count("lost") == 2000 - len(different)


def test_corruption_flips_a_few_bits_and_no_more() -> None:
    network, _, b, _ = recorders(corruption=1.0, flips=3)
    frames = send(network, 200)
    network.run(2.0)
    for sent, (_, _, arrived) in zip(frames, b.frames(), strict=True):
        wrong = int.from_bytes(sent, "big") ^ int.from_bytes(arrived, "big")
        assert wrong.bit_count() <= 3
        assert len(sent) == len(arrived)


def test_frame_without_octets_has_none_to_corrupt() -> None:
    network, _, b, _ = recorders(corruption=1.0)
    network.transmit(("a", "1"), b"")
    network.run(1.0)
    assert b.frames() == [(LATENCY, "1", b"")]


def test_silent_direction_leaves_the_other_and_the_carrier() -> None:
    network, a, b, joined = recorders()
    joined.set(("a", "1"), silent=True)
    network.transmit(("a", "1"), b"x")
    network.transmit(("b", "1"), b"y")
    network.run(1.0)
    assert (b.frames(), a.frames()) == ([], [(LATENCY, "1", b"y")])
    assert len(b.links()) == 1


def test_pulled_cable_loses_what_is_in_flight_even_if_it_is_back_in_time() -> None:
    network, a, b, joined = recorders(latency=0.5)
    network.transmit(("a", "1"), b"x")
    network.run(0.1)
    joined.pull()
    assert "pulled" in repr(joined)
    network.transmit(("a", "1"), b"y")
    joined.plug()
    network.run(1.0)
    assert b.frames() == []
    assert a.links() == b.links() == [(0.0, "1", True), (0.1, "1", False), (0.1, "1", True)]
    assert [f.fate for f in network.frames] == ["", "no carrier"]


def test_one_end_without_carrier_gets_and_sends_nothing() -> None:
    network, a, b, joined = recorders()
    joined.lose_carrier(("a", "1"))
    network.transmit(("a", "1"), b"x")
    network.transmit(("b", "1"), b"y")
    network.run(1.0)
    assert a.frames() == b.frames() == []
    assert a.links() == [(0.0, "1", True), (0.0, "1", False)]
    # The other end is told once more what it knows already.
    assert {up for _, _, up in b.links()} == {True}
    joined.heal()
    network.transmit(("a", "1"), b"z")
    network.run(1.0)
    assert b.frames() == [(1.0 + LATENCY, "1", b"z")]


def test_plug_moves_to_another_port_and_frees_its_own() -> None:
    network, a, b, joined = recorders("1", "2")
    joined.move(("a", "1"), ("a", "2"), gap=0.5)
    network.run(1.0)
    network.transmit(("a", "1"), b"x")
    network.transmit(("a", "2"), b"y")
    network.run(1.0)
    assert b.frames() == [(1.0 + LATENCY, "1", b"y")]
    assert a.links() == [(0.0, "1", True), (0.0, "1", False), (0.5, "2", True)]
    network.cable(("a", "1"), ("b", "2"))
    joined.remove()
    assert network.link(("a", "2")) == DOWN


def test_cable_from_a_port_to_itself() -> None:
    network, a, _, joined = recorders("1", "2")
    network.cable(("a", "2"), ("a", "2"))
    network.transmit(("a", "2"), b"x")
    network.run(1.0)
    assert a.frames() == [(LATENCY, "2", b"x")]
    assert a.links() == [(0.0, "1", True), (0.0, "2", True)]
    assert joined.far(("a", "1")) == ("b", "1")


def test_arrivals_go_before_deadlines_of_the_same_instant() -> None:
    network, _, b, _ = recorders(latency=1.0)
    b.deadlines = [1.0]
    network.nodes["b"].receive("1", b"so that the deadline is asked for")
    network.transmit(("a", "1"), b"x")
    network.run(1.0)
    assert b.frames()[-1] == (1.0, "1", b"x")
    assert b.woken == [1.0]


def test_engine_that_stays_due_is_a_bug() -> None:
    class Stuck(Recorder):
        def next_deadline(self) -> float | None:
            return 1.0

    network = Network()
    network.add("a", lambda now: Stuck(), ["1"])
    with pytest.raises(RuntimeError, match=r"still due at 1\.0"):
        network.run(2.0)


def test_frozen_node_catches_up_in_order() -> None:
    network, _, b, joined = recorders()
    b.deadlines = [0.5]
    node = network.nodes["b"]
    node.freeze(2.0)
    node.freeze(1.0)
    send(network, 3, interval=0.4)
    network.at(0.5, joined.pull)
    network.run(1.9)
    assert len(b.told) == 1
    assert b.woken == []
    network.run(0.2)
    assert [(at, type(what)) for at, _, what in b.told[1:]] == [
        (2.0, bytes),
        (2.0, bytes),
        (2.0, Link),
    ]
    assert b.woken == [2.0]
    node.freeze()
    network.run(100.0)
    assert node.frozen
    node.thaw()
    assert not node.frozen


def test_bridge_repeats_to_all_others_that_have_a_link() -> None:
    network = Network()
    ends = {name: Recorder() for name in "abc"}
    for name, recorder in ends.items():
        network.add(name, partial(_always, recorder), ["1"])
    network.add("bridge", lambda now: Bridge(), "abcd")
    cables = {name: network.cable((name, "1"), ("bridge", name)) for name in ends}
    network.transmit(("a", "1"), b"x")
    cables["c"].lose_carrier(("bridge", "c"))
    network.run(1.0)
    assert ends["b"].frames() == [(2 * LATENCY, "1", b"x")]
    assert ends["a"].frames() == ends["c"].frames() == []
    # The far cable goes, the near one keeps its carrier.
    cables["b"].pull()
    assert network.link(("a", "1")).up


def test_user_frames_in_a_black_hole_are_seen() -> None:
    network = pair(1)
    bring_up(network, 1)
    assert network.offer(("left", "1"))
    network.run(1.0)
    assert network.traffic["left", "1"].collected == 1
    network.nodes["right"].stop()
    assert network.offer(("left", "1"))
    network.run(1.0)
    assert len(network.traffic["left", "1"].discarded) == 1
    assert not network.offer(("right", "1"))
    assert network.traffic["right", "1"].refused == 1


def test_same_seed_is_the_same_run_and_another_is_another() -> None:
    def run(seed: int) -> tuple[list[Any], list[Any]]:
        network = pair(3, seed=seed, short_timeout=True)
        for number in (1, 2, 3):
            cable(network, number).set(loss=0.3, jitter=0.1, duplication=0.2, corruption=0.1)
        network.run(60.0)
        return list(network.frames), list(network.log)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_log_and_frames_are_bounded_when_asked() -> None:
    network = Network(record=True, keep=10)
    for number in (1, 2):
        network.system(
            f"node{number}", SystemConfig(system=address(number)), {"1": PortConfig(number=1)}
        )
    network.cable(("node1", "1"), ("node2", "1"))
    network.run(1000.0)
    assert len(network.log) == len(network.frames) == 10
    assert len(list(network.news())) == 10
    assert list(network.log) == []


def test_idle_hour_costs_what_its_frames_cost() -> None:
    """Entries of the queue: a frame, an arrival and a wake-up or two for each LACPDU."""
    network = pair(8)
    bring_up(network, 8)
    steps = 0
    while network.next_time() <= 40.4 + 3600.0:
        network.step()
        steps += 1
    assert steps <= 3 * len(network.frames) + 16


def test_run_until_says_how_long_it_took_or_that_it_did_not() -> None:
    network = pair(1)
    assert network.run_until(lambda: all_up(network, [1]), 10.0) == pytest.approx(2.003)
    with pytest.raises(TimeoutError, match="not within 5 s"):
        network.run_until(lambda: distributing(network) != both(1), 5)
    assert Network().step() is False


def test_actions_happen_in_time_and_then_in_the_order_of_asking() -> None:
    network = Network()
    done: list[int] = []
    for at, number in ((2.0, 3), (1.0, 1), (1.0, 2), (-5.0, 0)):
        network.at(at, partial(done.append, number))
    network.run(3.0)
    assert done == [0, 1, 2, 3]
    assert network.now == 3.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda n: n.add("a", lambda now: Recorder(), []), "there is a node a already"),
        (lambda n: n.nodes["a"].add_port("1"), "node a has a port 1 already"),
        (lambda n: n.cable(("a", "1"), ("b", "2")), "port a:1 has a cable already"),
        (lambda n: n.cable(("a", "7"), ("b", "2")), "there is no port a:7"),
        (lambda n: n.cable(("x", "1"), ("b", "2")), "there is no port x:1"),
        (lambda n: n.cable_at("a", "2"), "port a:2 has no cable"),
        (lambda n: n.cable_at("a", "1").move(("b", "2"), ("a", "2")), "has no end b:2"),
        (lambda n: n.nodes["a"].system, "node a is a Recorder, no System"),
        (lambda n: Faults(loss=1.5), r"loss is 1\.5, expected 0 to 1"),
        (lambda n: Faults(latency=-1.0), r"latency is -1\.0, expected seconds from 0"),
    ],
)
def test_wrong_use_is_said_in_one_line(call: Any, said: str) -> None:
    network, _, _, _ = recorders("1", "2")
    with pytest.raises(UsageError, match=said):
        call(network)


def test_transmit_without_a_cable_goes_nowhere() -> None:
    network, a, _, _ = recorders("1", "2")
    a.out.append(Transmit("2", b"x", 0.0))
    network.nodes["a"].receive("1", b"so that events are taken")
    assert [f.fate for f in network.frames] == ["no cable"]
    assert repr(network.nodes["a"]) == "<Node a: 1, 2>"


def test_a_node_that_was_configured_while_it_was_dead_wakes_after_its_restart() -> None:
    network = pair(1, short_timeout=True)
    bring_up(network, 1)
    node = network.nodes["left"]
    node.stop()
    node.configure(system_priority=1)
    network.run(40.0)
    node.start()
    network.run(10.0)
    assert all_up(network, [1])

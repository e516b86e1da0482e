"""The balancer: where hashes go, how few move, and that it does better than teamd's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import mean

import pytest

from benchmarks._teamd_balancer import TeamdBalancer
from lacp.runners.balancer import HASHES, IDLE, MOVES, REST, Balancer
from lacp.sim.traffic import KINDS, Interval, Spreader, play

TWO: dict[str, int | None] = {"a": 1_000, "b": 1_000}
FOUR: dict[str, int] = dict.fromkeys("abcd", 1000)
MB = 1_000_000


class World:
    """A balancer, and counters that go on."""

    def __init__(self, ports: Mapping[str, int | None]) -> None:
        self.balancer = Balancer()
        self.balancer.distribute(ports)
        self.counters = dict.fromkeys(range(HASHES), 0)

    def interval(self, sent: Mapping[int, int], times: int = 1) -> dict[int, str]:
        """That many intervals with these octets by hash; returns what moved last that was sent."""
        moves: dict[int, str] = {}
        for _ in range(times):
            for hash, octets in sent.items():
                self.counters[hash] += octets
            moves = self.balancer.loads(self.counters)
        return {hash: port for hash, port in moves.items() if hash in sent or not sent}

    def hashes(self, port: str) -> list[int]:
        return [hash for hash, at in self.balancer.mapping.items() if at == port]

    def load(self, sent: Mapping[int, int]) -> dict[str, int]:
        """Octets by port, if so much is sent."""
        loads: Counter[str] = Counter()
        for hash, octets in sent.items():
            loads[self.balancer.mapping[hash]] += octets
        return dict(loads)

    def counts(self) -> dict[str, int]:
        return dict(Counter(self.balancer.mapping.values()))


# Idle hashes.


def test_idle_hashes_are_divided_at_once_when_ports_come() -> None:
    balancer = Balancer()
    moves = balancer.distribute({"a": 1_000})
    assert moves == dict.fromkeys(range(HASHES), "a")
    moves = balancer.distribute(TWO)
    assert (len(moves), set(moves.values())) == (128, {"b"})
    balancer.distribute({**TWO, "c": 1_000, "d": 1_000})
    assert Counter(balancer.mapping.values()) == dict.fromkeys("abcd", 64)


def test_idle_hashes_are_divided_by_speed() -> None:
    world = World({"a": 10_000, "b": 1_000, "c": 1_000})
    counts = world.counts()
    assert counts == {"a": 213, "b": 22, "c": 21} or counts == {"a": 214, "b": 21, "c": 21}


def test_a_port_that_knows_no_speed_is_as_fast_as_the_slowest() -> None:
    assert World({"a": None, "b": None}).counts() == {"a": 128, "b": 128}
    assert World({"a": 2_000, "b": 1_000, "c": None}).counts() == {"a": 128, "b": 64, "c": 64}
    assert World({"a": 1_000, "b": 0}).counts() == {"a": 128, "b": 128}


def test_another_speed_divides_anew() -> None:
    world = World(TWO)
    moves = world.balancer.distribute({"a": 3_000, "b": 1_000})
    assert (len(moves), world.counts()) == (64, {"a": 192, "b": 64})


def test_the_same_ports_again_move_nothing() -> None:
    world = World(TWO)
    assert world.balancer.distribute(TWO) == {}
    assert world.balancer.distribute({"b": 1_000, "a": 1_000}) == {}


def test_hashes_that_fall_idle_are_divided_evenly_again() -> None:
    world = World(TWO)
    # One hash that fills a port drives all others away from it.
    heavy = dict.fromkeys(range(HASHES), MB)
    heavy[world.hashes("a")[0]] = 1_000 * MB
    world.interval(heavy, times=20)
    assert world.counts() == {"a": 1, "b": 255}
    assert len(world.interval({}, times=IDLE)) == MOVES
    world.interval({}, times=10)
    assert world.counts() == {"a": 128, "b": 128}
    assert world.interval({}) == {}


# Ports that leave.


def test_only_the_hashes_of_a_port_that_leaves_move() -> None:
    world = World(FOUR)
    # More than one interval may put right, so that there is a reason to go on.
    sent = dict.fromkeys(world.hashes("a"), MB)
    world.interval(sent)
    assert world.load(sent)["a"] == 32 * MB
    before = dict(world.balancer.mapping)
    left = set(world.hashes("c"))
    moves = world.balancer.distribute(dict.fromkeys("abd", 1000))
    assert set(moves) == left
    after = world.balancer.mapping
    assert {h: p for h, p in after.items() if h not in left} == {
        h: p for h, p in before.items() if h not in left
    }
    assert set(after.values()) == set("abd")


def test_what_a_port_carried_that_leaves_is_spread_by_load_the_heaviest_first() -> None:
    world = World(dict.fromkeys("abc", 1000))
    sent = {world.hashes("a")[0]: 10 * MB, world.hashes("b")[0]: 10 * MB}
    sent |= zip(world.hashes("c")[:3], (2 * MB, 3 * MB, 5 * MB), strict=True)
    world.interval(sent)
    world.balancer.distribute(TWO)
    assert world.load(sent) == {"a": 15 * MB, "b": 15 * MB}


def test_without_ports_nothing_is_mapped() -> None:
    world = World(TWO)
    assert world.balancer.distribute({}) == {}
    assert dict(world.balancer.mapping) == {}
    assert world.interval({1: MB}) == {}
    assert len(world.balancer.distribute({"a": None})) == HASHES


# Busy hashes.


def test_a_full_port_is_relieved() -> None:
    world = World(TWO)
    sent = dict.fromkeys(world.hashes("a")[:8], 10 * MB)
    world.interval(sent)
    assert world.load(sent) == {"a": 40 * MB, "b": 40 * MB}


def test_load_follows_speed() -> None:
    world = World({"a": 3_000, "b": 1_000})
    sent = dict.fromkeys(world.hashes("b")[:8], 10 * MB)
    world.interval(sent, times=5)
    assert world.load(sent) == {"a": 60 * MB, "b": 20 * MB}


def test_the_largest_hash_goes_to_the_fastest_port_when_that_helps() -> None:
    world = World({"a": 10_000, "b": 1_000})
    sent = dict.fromkeys(range(HASHES), MB)
    elephant = world.hashes("b")[0]
    sent[elephant] = 1_000 * MB
    world.interval(sent, times=3)
    assert world.balancer.mapping[elephant] == "a"


def test_a_hash_that_fills_a_port_has_it_for_itself_and_is_not_moved() -> None:
    world = World(TWO)
    sent = dict.fromkeys(range(20), 10 * MB)
    sent[0] = 1_000 * MB
    home = world.balancer.mapping[0]
    world.interval(sent, times=5)
    assert world.balancer.mapping[0] == home
    assert world.load(sent)[home] == 1_000 * MB


def test_two_hashes_change_places_when_no_move_helps() -> None:
    world = World(TWO)
    at_a, at_b = world.hashes("a"), world.hashes("b")
    sent = {at_a[0]: 60 * MB, at_a[1]: 60 * MB, at_b[0]: 30 * MB, at_b[1]: 30 * MB}
    moves = world.interval(sent)
    assert (len(moves), set(world.load(sent).values())) == (2, {90 * MB})


def test_a_small_imbalance_moves_nothing() -> None:
    world = World(TWO)
    sent = dict.fromkeys(range(HASHES), MB)
    sent[world.hashes("a")[0]] = 7 * MB
    assert world.interval(sent) == {}


def test_little_traffic_moves_nothing_however_uneven() -> None:
    world = World(TWO)
    sent = dict.fromkeys(world.hashes("a")[:10], 1000)
    assert [world.interval(sent) for _ in range(5)] == [{}] * 5


def test_traffic_that_stays_the_same_comes_to_rest() -> None:
    for make in KINDS.values():
        world = World(FOUR)
        sent = dict(enumerate(make(1, 20)[-1]))
        world.interval(sent, times=20)
        assert world.interval(sent, times=1) == {}


def test_moves_in_one_interval_are_bounded() -> None:
    world = World({"a": 1_000, "b": 1_000})
    sent = dict.fromkeys(world.hashes("a"), MB)
    assert len(world.interval(sent)) == MOVES
    assert len(world.interval(sent)) == MOVES
    assert world.interval(sent, times=2) == {}
    assert world.load(sent) == {"a": 64 * MB, "b": 64 * MB}


@pytest.mark.parametrize("kind", KINDS)
def test_a_hash_that_moved_rests(kind: str) -> None:
    world = World(FOUR)
    moved: dict[int, int] = {}
    again = 0
    for number, offered in enumerate(KINDS[kind](1, 200)):
        sent = {hash: octets for hash, octets in enumerate(offered) if octets}
        for hash in world.interval(sent):
            assert number - moved.get(hash, -REST) >= REST
            again += hash in moved
            moved[hash] = number
    assert again, "some hash has to move twice"


def test_a_port_that_returns_takes_load_at_once_but_no_more_than_bounded() -> None:
    world = World(FOUR)
    sent = dict.fromkeys(range(HASHES), MB)
    world.interval(sent, times=3)
    world.balancer.distribute(dict.fromkeys("abc", 1000))
    world.interval(sent, times=REST + 1)
    moves = world.balancer.distribute(FOUR)
    assert (len(moves), set(moves.values())) == (MOVES, {"d"})
    world.interval(sent, times=2)
    assert set(world.load(sent).values()) == {64 * MB}


# Counters.


def test_absent_counters_are_as_they_were() -> None:
    world = World(TWO)
    sent = dict.fromkeys(world.hashes("a")[:8], 10 * MB)
    world.interval(sent, times=2)
    balancer = world.balancer
    assert balancer.loads({}) == {}
    assert all(entry.load < 10 * MB for entry in balancer._hashes)


def test_counters_that_begin_anew_tell_of_the_interval_all_the_same() -> None:
    world = World(TWO)
    once = world.hashes("b")[0]
    world.interval({once: 1_000 * MB})
    world.counters[once] = 0
    heavy = dict.fromkeys(world.hashes("a")[:8], 10 * MB)
    assert len(world.interval(heavy)) == 4
    assert world.load(heavy) == {"a": 40 * MB, "b": 40 * MB}


def test_the_counters_of_a_device_with_a_past_weigh_no_more_than_an_interval() -> None:
    world = World(TWO)
    past = dict.fromkeys(world.hashes("a")[:8], 10**12)
    world.interval(past)
    sent = dict.fromkeys(world.hashes("b")[8:28], 10 * MB)
    world.interval(sent, times=2)
    assert set(world.load(sent).values()) == {100 * MB}


def test_counters_of_no_hash_are_ignored() -> None:
    balancer = Balancer()
    balancer.distribute(TWO)
    assert balancer.loads({256: 10**9, 70_000: 10**9}) == {}


# Beside teamd's.

CHANGES: dict[str, Mapping[int, Mapping[str, int]]] = {
    "equal": {0: FOUR},
    "unequal": {0: {"a": 10_000, "b": 1_000, "c": 1_000}},
    "return": {0: FOUR, 30: dict.fromkeys("abc", 1000), 60: FOUR},
}


def excess(run: list[Interval]) -> float:
    return mean(interval.excess for interval in run)


def moved(run: list[Interval]) -> float:
    return mean(interval.moved for interval in run)


@pytest.mark.parametrize("ports", CHANGES)
@pytest.mark.parametrize("kind", KINDS)
def test_as_even_as_teamd_with_few_moves(ports: str, kind: str) -> None:
    def runs(spreader: type[Spreader]) -> list[list[Interval]]:
        changes = CHANGES[ports]
        return [list(play(spreader(), changes, KINDS[kind](seed, 100))) for seed in (1, 2, 3)]

    ours, theirs = runs(Balancer), runs(TeamdBalancer)
    assert mean(map(excess, ours)) <= mean(map(excess, theirs)) * 1.02
    assert mean(map(moved, ours)) <= mean(map(moved, theirs)) / 4
    if ports == "unequal":
        assert mean(map(excess, ours)) <= mean(map(excess, theirs)) / 2


def test_new_flows_do_not_all_start_on_one_port() -> None:
    # With teamd the port that came first has every hash that never carried anything.
    ours, theirs = Balancer(), TeamdBalancer()
    for spreader in (ours, theirs):
        for ports in ({"a": 1_000}, {"a": 1_000, "b": 1_000}):
            spreader.distribute(ports)
        spreader.loads({1: MB, 2: MB})
    assert max(Counter(theirs.mapping.values()).values()) >= 254
    assert max(Counter(ours.mapping.values()).values()) <= 129

"""The balancer under random ports, speeds, loads and counters."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lacp.runners.balancer import HASHES, IDLE, MOVES, REST, Balancer

Ports = dict[str, int | None]

SPEEDS = st.sampled_from([None, 0, 10, 1_000, 10_000, 400_000])
PORTS = st.dictionaries(st.sampled_from("abcde"), SPEEDS, max_size=5)
#: Octets by hash in one interval: few hashes or many, mice or elephants.
SENT = st.one_of(
    st.dictionaries(st.integers(0, HASHES - 1), st.integers(0, 10**10), max_size=12),
    st.builds(
        lambda unit, step: {h: unit * (h % step) for h in range(HASHES)},
        st.integers(0, 10**8),
        st.integers(1, 9),
    ),
)


def capacity(ports: Ports, port: str) -> int:
    """Ports of unknown speed are as fast as the slowest whose speed is known."""
    known = [speed for speed in ports.values() if speed]
    return ports[port] or min(known, default=1)


class World:
    """A balancer, and what is known of hashes without asking it."""

    def __init__(self) -> None:
        self.balancer = Balancer()
        self.ports: Ports = {}
        self.counters = dict.fromkeys(range(HASHES), 0)
        #: Intervals since each carried something, and when it moved last while it was busy.
        self.silent = dict.fromkeys(range(HASHES), IDLE)
        self.moved_at = dict.fromkeys(range(HASHES), -REST)
        self.interval = 0

    @property
    def busy(self) -> set[int]:
        return {hash for hash, silent in self.silent.items() if silent < IDLE}

    def fullest(self, mapping: Mapping[int, str]) -> float:
        uses = dict.fromkeys(self.ports, 0.0)
        for hash, port in mapping.items():
            uses[port] += self.balancer._hashes[hash].load / capacity(self.ports, port)
        return max(uses.values(), default=0.0)

    def distribute(self, ports: Ports) -> None:
        before, old = dict(self.balancer.mapping), self.ports
        self.ports = ports
        moves = self.balancer.distribute(ports)
        homeless = {hash for hash in range(HASHES) if before.get(hash) not in ports}
        if ports:
            assert homeless <= moves.keys()
        if ports.items() <= old.items() and all(ports.values()):
            assert moves.keys() <= homeless, "a port that leaves moves no hash of another"
        assert len((moves.keys() - homeless) & self.busy) <= MOVES
        assert self.balancer.distribute(ports) == {}
        self.judge(before, moves)

    def loads(self, sent: dict[int, int], anew: bool) -> None:
        before = dict(self.balancer.mapping)
        self.interval += 1
        if anew:
            self.counters, sent = dict.fromkeys(self.counters, 0), {}
        for hash in range(HASHES):
            self.counters[hash] += sent.get(hash, 0)
            self.silent[hash] = 0 if sent.get(hash) else self.silent[hash] + 1
        moves = self.balancer.loads(self.counters)
        for hash in moves.keys() & self.busy:
            assert self.interval - self.moved_at[hash] >= REST
        assert len(moves.keys() & self.busy) <= MOVES
        assert len(moves.keys() - self.busy) <= MOVES
        worst = self.fullest(before) * (1 + 1e-9)
        assert self.fullest(self.balancer.mapping) <= worst, "no move makes it worse"
        self.judge(before, moves)

    def judge(self, before: Mapping[int, str], moves: Mapping[int, str]) -> None:
        now = self.balancer.mapping
        assert set(now) == (set(range(HASHES)) if self.ports else set())
        assert set(now.values()) <= set(self.ports)
        assert moves == {h: now[h] for h in now if before.get(h) != now[h]}
        self.moved_at.update(dict.fromkeys(moves.keys() & self.busy, self.interval))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.one_of(PORTS, st.tuples(SENT, st.booleans())), max_size=20))
def test_every_hash_has_a_port_that_distributes_and_few_move(
    steps: list[Ports | tuple[dict[int, int], bool]],
) -> None:
    world = World()
    for step in steps:
        if isinstance(step, dict):
            world.distribute(step)
        else:
            world.loads(*step)


@given(ports=PORTS.filter(bool))
def test_without_traffic_each_port_has_its_share_of_the_hashes(ports: Ports) -> None:
    balancer = Balancer()
    for number in range(len(ports)):
        balancer.distribute(dict(list(ports.items())[: number + 1]))
    total = sum(capacity(ports, port) for port in ports)
    for port in ports:
        has = sum(at == port for at in balancer.mapping.values())
        assert abs(has - HASHES * capacity(ports, port) / total) < 1


@given(ports=PORTS.filter(bool), sent=SENT)
def test_the_same_traffic_comes_to_rest(ports: Ports, sent: dict[int, int]) -> None:
    balancer = Balancer()
    balancer.distribute(ports)
    counters = dict.fromkeys(range(HASHES), 0)
    moves: dict[int, str] = {}
    for _ in range(40):
        for hash, octets in sent.items():
            counters[hash] += octets
        moves = balancer.loads(counters)
    assert moves == {}

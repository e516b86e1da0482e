"""Made traffic, and what is judged of who divides it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lacp.sim.traffic import HASHES, KINDS, Interval, play


class Fixed:
    """Maps what it was made with, and notes what it is told."""

    def __init__(self, mapping: Mapping[int, str]) -> None:
        self.mapping = dict(mapping)
        self.ports: list[dict[str, int | None]] = []
        self.counters: list[dict[int, int]] = []
        #: What to map from the end of the next interval on.
        self.then: dict[int, str] = {}

    def distribute(self, ports: Mapping[str, int | None]) -> dict[int, str]:
        self.ports.append(dict(ports))
        return {}

    def loads(self, octets: Mapping[int, int]) -> dict[int, str]:
        self.counters.append(dict(octets))
        self.mapping.update(self.then)
        return self.then


def offered(**sent: int) -> list[int]:
    """Octets by hash; h7=100 sends 100 with hash 7."""
    return [sent.get(f"h{hash}", 0) for hash in range(HASHES)]


@pytest.mark.parametrize("kind", KINDS)
def test_traffic_is_the_same_from_the_same_seed(kind: str) -> None:
    make = KINDS[kind]
    assert make(3, 20) == make(3, 20)
    assert make(3, 20) != make(4, 20)
    assert [len(octets) for octets in make(3, 20)] == [HASHES] * 20
    assert all(sent >= 0 for octets in make(3, 20) for sent in octets)
    assert any(octets != make(3, 20)[0] for octets in make(3, 20)), "it changes"


def test_use_is_load_by_speed_and_the_ideal_divides_down_to_the_largest_hash() -> None:
    spreader = Fixed({0: "a", 1: "a", 2: "b"})
    ports = {0: {"a": 100, "b": 50}}
    (interval,) = play(spreader, ports, [offered(h0=3000, h1=1500, h2=3000)])
    assert interval == Interval({"a": 45.0, "b": 60.0}, 50.0, 0)
    assert interval.excess == 1.2
    (elephant,) = play(spreader, ports, [offered(h0=9000)])
    assert (elephant.ideal, elephant.excess) == (90.0, 1.0)


def test_a_hash_without_a_port_falls_to_one_by_its_number() -> None:
    (interval,) = play(Fixed({}), {0: {"a": 1, "b": 1}}, [offered(h0=1, h1=10, h2=100, h3=1000)])
    assert interval.uses == {"a": 101, "b": 1010}


def test_a_move_counts_when_the_hash_has_traffic() -> None:
    spreader = Fixed(dict.fromkeys(range(HASHES), "a"))
    spreader.then = {0: "b", 1: "b"}
    run = list(play(spreader, {0: {"a": 1, "b": 1}}, [offered(h0=5), offered(h0=5)]))
    assert [interval.moved for interval in run] == [0, 1]


def test_the_counters_go_on_and_ports_come_one_by_one() -> None:
    spreader = Fixed({})
    ports = {0: {"a": 1, "b": 2}, 1: {"b": 3, "c": 1}}
    list(play(spreader, ports, [offered(h9=5), offered(h9=6)]))
    assert spreader.counters == [{9: 5}, {9: 11}]
    assert spreader.ports == [
        {},
        {"a": 1},
        {"a": 1, "b": 2},
        {"b": 3},
        {"b": 3},
        {"b": 3, "c": 1},
    ]


def test_no_traffic_is_ideal() -> None:
    (interval,) = play(Fixed({}), {0: {"a": 1}}, [offered()])
    assert interval.excess == 1.0

"""The loadbalance runner, with and without a balancer."""

from __future__ import annotations

from collections import Counter

import pytest

from lacp.errors import UsageError
from lacp.link import Duplex, Link
from lacp.runners.balancer import Balancer
from lacp.runners.base import HashMapped, PortAddressed, PortEnabled, RunnerEvent, RunnerPort
from lacp.runners.loadbalance import LoadbalanceRunner


def link(speed: int) -> Link:
    return Link(True, speed, Duplex.FULL)


def runner(balancer: Balancer | None, *ports: str) -> LoadbalanceRunner:
    made = LoadbalanceRunner(balancer)
    for port in ports:
        made.add_port(port, RunnerPort(), 0.0)
        made.link_changed(port, link(1_000), 0.0)
        made.verdict_changed(port, True, 0.0)
    return made


def mapped(events: list[RunnerEvent]) -> dict[int, str]:
    return {event.hash: event.port for event in events if isinstance(event, HashMapped)}


def test_usable_ports_carry_traffic_under_the_address_of_the_team() -> None:
    events = list(runner(None, "a", "b").events())
    for port in ("a", "b"):
        assert PortAddressed(port, True, 0.0) in events
        assert PortEnabled(port, True, True, 0.0) in events


def test_without_a_balancer_the_hash_alone_decides() -> None:
    made = runner(None, "a", "b")
    made.loads({1: 10**9}, 1.0)
    assert (mapped(list(made.events())), dict(made.mapping)) == ({}, {})


def test_every_hash_has_a_port_and_every_port_its_share() -> None:
    made = runner(Balancer(), "a", "b")
    assert mapped(list(made.events())) == dict(made.mapping)
    assert Counter(made.mapping.values()) == {"a": 128, "b": 128}


def test_hashes_are_mapped_to_a_port_after_it_is_enabled() -> None:
    made = runner(Balancer(), "a")
    made.add_port("b", RunnerPort(), 1.0)
    list(made.events())
    made.verdict_changed("b", True, 1.0)
    first, *others = made.events()
    assert first == PortEnabled("b", True, True, 1.0)
    assert Counter(mapped(others).values()) == {"b": 128}


@pytest.mark.parametrize("how", ["verdict", "withdraw", "remove"])
def test_a_port_is_disabled_before_its_hashes_go_to_others(how: str) -> None:
    made = runner(Balancer(), "a", "b", "c")
    left = {hash for hash, port in made.mapping.items() if port == "b"}
    list(made.events())
    if how == "verdict":
        made.verdict_changed("b", False, 1.0)
    elif how == "withdraw":
        made.withdraw_port("b", 1.0)
    else:
        made.remove_port("b", 1.0)
    first, *others = made.events()
    assert first == PortEnabled("b", False, False, 1.0)
    assert set(mapped(others)) == left
    assert set(made.mapping.values()) == {"a", "c"}


def test_another_speed_divides_the_hashes_anew() -> None:
    made = runner(Balancer(), "a", "b")
    made.link_changed("a", link(3_000), 1.0)
    assert Counter(made.mapping.values()) == {"a": 192, "b": 64}


def test_load_moves_hashes() -> None:
    made = runner(Balancer(), "a", "b")
    list(made.events())
    heavy = [hash for hash, port in made.mapping.items() if port == "a"][:4]
    made.loads(dict.fromkeys(heavy, 10**8), 5.0)
    moves = mapped(list(made.events()))
    assert [moves.get(hash) for hash in heavy].count("b") == 2
    assert Counter(made.mapping.values()) == {"a": 128, "b": 128}


def test_there_is_no_active_port() -> None:
    with pytest.raises(UsageError, match="runner loadbalance uses all ports"):
        runner(None, "a").activate("a", 0.0)

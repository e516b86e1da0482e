"""The activebackup runner: which port is active, under which address, and in what order."""

from __future__ import annotations

from typing import Any

import pytest

from lacp.address import Mac
from lacp.errors import UsageError
from lacp.link import DOWN, Duplex, Link
from lacp.runners.activebackup import HWADDR_POLICIES, ActivebackupRunner
from lacp.runners.base import (
    ActivePortChanged,
    CarrierChanged,
    PortAddressed,
    PortEnabled,
    RunnerPort,
    TeamAddressed,
)


def link(speed: int | None = 10_000, duplex: Duplex = Duplex.FULL, address: int = 0) -> Link:
    return Link(True, speed, duplex, Mac(bytes((2, 0, 0, 0, 0, address))))


class World:
    """A runner, and what it said since it was last asked, PortAdded and the like apart."""

    def __init__(self, policy: str = "same_all") -> None:
        self.runner = ActivebackupRunner(policy)
        self.now = 0.0

    def port(self, name: str, seen: Link | None = None, **settings: Any) -> None:
        """A port that can be used; its address is made of its name."""
        self.runner.add_port(name, RunnerPort(**settings), self.now)
        self.runner.link_changed(name, seen or link(address=ord(name[0])), self.now)
        self.up(name)

    def up(self, name: str) -> None:
        self.runner.verdict_changed(name, True, self.now)

    def down(self, name: str) -> None:
        self.runner.verdict_changed(name, False, self.now)

    def set(self, name: str, **changes: Any) -> None:
        self.runner.configure_port(name, self.now, **changes)

    def said(self) -> list[str]:
        lines = []
        for event in self.runner.events():
            match event:
                case ActivePortChanged(port):
                    lines.append(f"active {port}")
                case PortEnabled(port, True, True):
                    lines.append(f"{port} on")
                case PortEnabled(port, False, False):
                    lines.append(f"{port} off")
                case PortAddressed(port, team):
                    lines.append(f"{port} {'team' if team else 'own'}")
                case TeamAddressed(port):
                    lines.append(f"team takes {port}")
                case CarrierChanged(up):
                    lines.append(f"carrier {'up' if up else 'down'}")
        return lines

    def reasons(self) -> list[str]:
        return [e.reason for e in self.runner.events() if isinstance(e, ActivePortChanged)]

    @property
    def active(self) -> str | None:
        return self.runner.active_port


def test_the_first_port_that_can_be_used_is_active() -> None:
    world = World()
    world.runner.add_port("a", RunnerPort(prio=100), 0.0)
    world.port("b")
    assert world.active == "b"
    assert world.said() == ["a team", "b team", "active b", "b on", "carrier up"]


def test_one_port_alone_carries_traffic() -> None:
    world = World()
    for name in "abc":
        world.port(name)
    assert [world.runner.enabled(name) for name in "abc"] == [
        (True, True),
        (False, False),
        (False, False),
    ]


# Who is better.


def test_prio_counts_more_than_speed_whatever_came_first() -> None:
    # teamd takes the faster port when it came first (reference: its selection is not an order).
    for order in ("fp", "pf"):
        world = World()
        for name in order:
            if name == "f":
                world.port("f", link(10_000), prio=10)
            else:
                world.port("p", link(None), prio=100)
        assert world.active == "p"


def test_speed_counts_more_than_duplex() -> None:
    world = World()
    world.port("a", link(100, Duplex.FULL))
    world.port("b", link(1_000, Duplex.HALF))
    assert world.active == "b"


def test_half_duplex_loses_and_unknown_counts_as_full() -> None:
    world = World()
    world.port("a", link(100, Duplex.HALF))
    world.port("b", link(100, Duplex.UNKNOWN))
    world.port("c", link(100, Duplex.FULL))
    assert world.active == "b"


def test_of_equals_the_one_that_is_active_stays() -> None:
    world = World()
    world.runner.add_port("a", RunnerPort(), 0.0)
    world.runner.link_changed("a", link(), 0.0)
    world.port("b")
    world.up("a")
    assert world.active == "b"


def test_of_equals_the_one_that_came_first_takes_over() -> None:
    world = World()
    for name in "abc":
        world.port(name)
    world.runner.activate("c", 0.0)
    world.down("c")
    assert world.active == "a"


def test_negative_prio_is_worse_than_none() -> None:
    world = World()
    world.port("a", prio=-10)
    world.port("b")
    assert world.active == "b"


def test_a_better_port_that_returns_takes_over() -> None:
    world = World()
    world.port("a", prio=10)
    world.port("b")
    world.down("a")
    assert world.active == "b"
    world.up("a")
    assert world.active == "a"


def test_prio_acts_at_once() -> None:
    world = World()
    world.port("a")
    world.port("b")
    world.set("b", prio=1)
    assert world.active == "b"
    world.set("b", prio=-1)
    assert world.active == "a"


def test_speed_acts_at_once() -> None:
    # teamd acts on up and duplex alone.
    world = World()
    world.port("a")
    world.port("b")
    world.runner.link_changed("a", link(1_000), 0.0)
    assert world.active == "b"


def test_a_link_on_its_way_down_changes_nothing_before_the_verdict() -> None:
    world = World()
    world.port("a")
    world.port("b")
    world.runner.link_changed("a", DOWN, 0.0)
    assert world.active == "a"
    list(world.runner.events())
    world.down("a")
    assert world.reasons() == ["the link watchers of a say down"]


# Sticky, and what was asked for.


def test_nobody_takes_over_from_a_sticky_port_that_can_be_used() -> None:
    world = World()
    world.port("a", sticky=True)
    world.port("b", link(100_000), prio=100)
    assert world.active == "a"
    world.set("b", prio=200)
    assert world.active == "a"


def test_a_sticky_port_that_fails_does_not_get_the_place_back_by_being_sticky() -> None:
    world = World()
    world.port("a", sticky=True)
    world.port("b")
    world.down("a")
    world.up("a")
    assert world.active == "b"


def test_a_port_that_is_sticky_no_longer_gives_way_at_once() -> None:
    world = World()
    world.port("a", sticky=True)
    world.port("b", prio=1)
    world.set("a", sticky=False)
    assert world.active == "b"


def test_what_was_asked_for_holds_whatever_else_happens() -> None:
    # With teamd the next event decides anew.
    world = World()
    world.port("a", prio=100)
    world.port("b")
    world.runner.activate("b", 0.0)
    assert world.active == "b"
    world.down("a")
    world.up("a")
    world.port("c", prio=1000)
    world.runner.link_changed("b", link(10), 0.0)
    assert world.active == "b"


def test_what_was_asked_for_is_stronger_than_sticky() -> None:
    world = World()
    world.port("a", prio=100, sticky=True)
    world.port("b")
    world.runner.activate("b", 0.0)
    assert world.active == "b"


def test_what_was_asked_for_ends_when_it_cannot_be_used() -> None:
    world = World()
    world.port("a", prio=100)
    world.port("b")
    world.runner.activate("b", 0.0)
    world.down("b")
    world.up("b")
    assert world.active == "a"


def test_what_was_asked_for_ends_with_a_change_of_the_preferences() -> None:
    world = World()
    world.port("a", prio=100)
    world.port("b")
    world.runner.activate("b", 0.0)
    world.set("a", prio=100)
    assert world.active == "b", "that changed nothing"
    world.set("a", prio=99)
    assert world.active == "a"


def test_asking_for_the_active_port_pins_it() -> None:
    world = World()
    world.port("a")
    world.said()
    world.runner.activate("a", 0.0)
    world.port("b", prio=100)
    assert world.active == "a"
    assert world.said() == ["b team"]


def test_a_port_that_cannot_be_used_cannot_be_asked_for() -> None:
    world = World()
    world.port("a")
    world.port("b")
    world.down("b")
    with pytest.raises(UsageError, match="port b cannot be made active: it cannot be used now"):
        world.runner.activate("b", 0.0)
    world.up("b")
    world.runner.withdraw_port("b", 0.0)
    with pytest.raises(UsageError, match="port b cannot be made active"):
        world.runner.activate("b", 0.0)
    with pytest.raises(UsageError, match="no port 'x'"):
        world.runner.activate("x", 0.0)
    assert world.active == "a"


# In what order.


def two(policy: str) -> World:
    """Port a active, port b ready, and all of that told."""
    world = World(policy)
    world.port("a")
    world.port("b")
    world.said()
    return world


FAILOVER = {
    "same_all": ["active b", "b on", "a off"],
    "by_active": ["team takes b", "active b", "b on", "a off"],
    "only_active": ["a own", "b team", "active b", "b on", "a off"],
}


@pytest.mark.parametrize("policy", HWADDR_POLICIES)
def test_failover_in_one_call(policy: str) -> None:
    world = two(policy)
    world.down("a")
    assert world.said() == FAILOVER[policy]


@pytest.mark.parametrize("policy", HWADDR_POLICIES)
def test_withdrawal_is_a_failover(policy: str) -> None:
    world = two(policy)
    world.runner.withdraw_port("a", 0.0)
    assert world.said() == FAILOVER[policy]
    world.runner.remove_port("a", 0.0)
    assert world.said() == []


@pytest.mark.parametrize("policy", HWADDR_POLICIES)
def test_removal_is_a_failover(policy: str) -> None:
    world = two(policy)
    world.runner.remove_port("a", 0.0)
    assert world.said() == FAILOVER[policy]


@pytest.mark.parametrize(
    ("policy", "gone", "back"),
    [
        ("same_all", [], []),
        ("by_active", [], []),
        ("only_active", ["b own"], ["b team"]),
    ],
)
def test_the_last_port_goes_and_returns(policy: str, gone: list[str], back: list[str]) -> None:
    world = two(policy)
    world.runner.activate("b", 0.0)
    world.down("a")
    world.said()
    world.down("b")
    assert world.said() == [*gone, "active None", "b off", "carrier down"]
    world.up("b")
    assert world.said() == [*back, "active b", "b on", "carrier up"]


def test_reasons_name_what_decided() -> None:
    world = World()
    world.port("a", link(None, Duplex.HALF))
    world.port("z", link(None))
    world.port("b", link(1_000))
    world.port("c", link(10_000))
    world.port("d", prio=5)
    world.runner.activate("a", 0.0)
    world.runner.withdraw_port("a", 0.0)
    assert world.reasons() == [
        "no port was active",
        "a is half duplex",
        "1G is faster than the unknown speed of z",
        "10G is faster than 1G of b",
        "prio 5 is higher than 0 of c",
        "it was asked for",
        "a is withdrawn",
    ]


# Addresses.


def test_by_active_follows_an_active_port_that_gets_another_address() -> None:
    world = two("by_active")
    world.runner.link_changed("a", link(address=7), 0.0)
    assert world.said() == ["team takes a"]
    world.runner.link_changed("b", link(address=8), 0.0)
    assert world.said() == []


def test_by_active_takes_no_address_that_is_none() -> None:
    world = World("by_active")
    world.port("a", Link(True, 10_000, Duplex.FULL))
    assert world.said() == ["active a", "a on", "carrier up"]
    world.runner.link_changed("a", link(address=7), 0.0)
    assert world.said() == ["team takes a"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("same_all", "by_active", ["a own", "b own", "team takes a"]),
        ("same_all", "only_active", ["b own"]),
        ("by_active", "same_all", ["a team", "b team"]),
        ("by_active", "only_active", ["a team"]),
        ("only_active", "same_all", ["b team"]),
        ("only_active", "by_active", ["a own", "team takes a"]),
        ("by_active", "by_active", []),
    ],
)
def test_another_policy_while_ports_run(old: str, new: str, said: list[str]) -> None:
    world = two(old)
    world.runner.configure(0.0, hwaddr_policy=new)
    assert (world.said(), world.runner.hwaddr_policy, world.active) == (said, new, "a")


def test_by_active_that_comes_back_takes_the_address_again() -> None:
    # Another one may have been configured in the meantime.
    world = two("by_active")
    world.runner.configure(0.0, hwaddr_policy="same_all")
    world.said()
    world.runner.configure(0.0, hwaddr_policy="by_active")
    assert world.said() == ["a own", "b own", "team takes a"]


def test_another_policy_does_not_end_what_was_asked_for() -> None:
    world = two("same_all")
    world.set("a", prio=100)
    world.runner.activate("b", 0.0)
    world.runner.configure(0.0, hwaddr_policy="only_active")
    assert world.active == "b"


def test_a_port_that_comes_again_is_addressed_again() -> None:
    world = two("same_all")
    world.runner.remove_port("b", 0.0)
    world.said()
    world.port("b")
    assert world.said() == ["b team"]


def test_an_unknown_policy_is_refused_and_changes_nothing() -> None:
    with pytest.raises(UsageError, match="hwaddr_policy is 'all', expected one of same_all, by_"):
        ActivebackupRunner("all")
    world = two("same_all")
    with pytest.raises(UsageError, match="hwaddr_policy is 3"):
        world.runner.configure(0.0, hwaddr_policy=3)
    with pytest.raises(UsageError, match="no parameter colour"):
        world.runner.configure(0.0, hwaddr_policy="by_active", colour="red")
    assert (world.runner.hwaddr_policy, world.said()) == ("same_all", [])

"""What may be set while a team runs: what it was, what it is, what comes of it, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lacp.config.words import RUNNERS
from lacp.daemon.setting import meanings, settable, setting
from lacp.daemon.setting.setting import Outcome
from lacp.dataplane.base import PortSetup, Setup
from lacp.dataplane.bond.options import inability
from lacp.dataplane.memory import MemoryDataplane
from lacp.errors import BackendError, LacpError
from tests.daemons import Host, World, conf, lacp, world


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def put(host: Host, path: str, value: Any) -> Outcome:
    """Set it, now."""
    return host.service.set(host.team(), path, value, host.world.now)


def values(host: Host) -> dict[str, Any]:
    return {each.path: each.value for each in setting.listed(host.team())}


def refusal(host: Host, path: str, value: Any) -> str:
    """Why it cannot be, all being as before."""
    before, config = values(host), host.team().config
    with pytest.raises(LacpError) as refused:
        put(host, path, value)
    assert values(host) == before
    assert host.team().config == config
    return str(refused.value)


# What is said.


def test_what_it_was_what_it_is_and_what_that_does(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    outcome = put(left, "team0.runner.fast_rate", True)
    assert (outcome.path, outcome.old, outcome.new) == ("runner.fast_rate", False, True)
    assert outcome.effect == (
        "we ask the partner for a LACPDU each second, and miss it after 3 s; no link flaps"
    )
    path = left.directory / "team.conf"
    assert outcome.holds == (
        f"until the next reload or start; to keep it: runner.fast_rate in {path}"
    )
    assert outcome.warnings == ()


def test_the_same_again(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    outcome = put(left, "runner.min_ports", 1)
    assert (outcome.old, outcome.new) == (1, 1)
    assert outcome.effect == "nothing changes, it is so already"


def test_whose_address_our_system_has_is_said_and_whether_it_is_another_one(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    own, new = str(left.team().addresses.team), "02:00:00:00:00:77"
    still = f"our system is still {own}, no link flaps"
    now = "every partner selects anew, each link flaps once"
    gone = "the team has no carrier now; at this moment 0 of 2 ports carry traffic"
    said = {
        ("runner.system", own): f"our LACPDUs bear an address of their own; {still}",
        ("hwaddr", new): f"device and ports bear {new}; {still}",
        ("runner.system", None): f"our LACPDUs bear the address of the team; our system is now "
        f"{new}: {now}; {gone}",
        ("hwaddr", own): f"device and ports bear {own}; our system is now {own}: {now}; {gone}",
        ("hwaddr", None): f"the address stays as it is; {still}",
    }
    for (path, value), effect in said.items():
        assert put(left, path, value).effect == effect
        hosts.run(10)
        assert left.team().runner.carrier


def test_the_lag_of_a_port_that_stands_by_is_in_use_and_the_port_is_not(hosts: World) -> None:
    left, _, _ = hosts.pair(max_ports=1)
    hosts.run(5)
    outcome = put(left, "runner.active_port", "a2")
    assert (outcome.old, outcome.new) == ("a1", "a1")
    in_use = "the LAG of {} is in use already, and now as long as it can be"
    assert outcome.effect == (
        f"{in_use.format('a2')}; a2 itself carries nothing: others rank higher, or it is not ready"
    )
    assert put(left, "runner.active_port", "a1").effect == in_use.format("a1")


def test_without_lacp_an_address_is_nobodys_system(hosts: World) -> None:
    left, _, _ = hosts.pair(name="activebackup")
    hosts.run(5)
    effect = put(left, "hwaddr", "02:00:00:00:00:77").effect
    assert effect == "device and ports bear 02:00:00:00:00:77"


def test_none_takes_the_key_out_and_the_default_holds(hosts: World) -> None:
    left, _, _ = hosts.pair(min_ports=2)
    hosts.run(5)
    outcome = put(left, "runner.min_ports", None)
    assert (outcome.old, outcome.new) == (2, 1)


def test_what_comes_of_it_at_once_is_said(hosts: World) -> None:
    left, _, cables = hosts.pair(ports=3)
    cables[2].set(up=False)
    hosts.run(5)
    assert put(left, "runner.max_ports", 1).effect == (
        "the best 1 by rank carry traffic, the others stand by; "
        "at this moment 1 of 3 ports carry traffic"
    )
    assert put(left, "runner.max_ports", None).effect.startswith("every port that fits carries")
    hosts.run(5)
    assert put(left, "runner.min_ports", 3).effect.endswith(
        "; the team has no carrier now; at this moment 0 of 3 ports carry traffic"
    )


def test_the_address_of_the_system_changes(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    put(left, "runner.system", "02:00:00:00:00:99")
    hosts.run(5)
    assert left.show()["actor"]["system"] == "02:00:00:00:00:99"
    assert right.show()["partner"]["system"] == "02:00:00:00:00:99"
    put(left, "runner.system", None)
    hosts.run(5)
    assert left.show()["actor"]["system"] == str(left.plane().address)


FLAPS = {
    "runner.sys_prio": 7,
    "runner.system": "02:00:00:00:00:99",
    "ports.a1.lacp_prio": 7,
    "ports.a1.lacp_key": 7,
}
QUIET: dict[str, Any] = {
    "runner.fast_rate": True,
    "runner.active": False,
    "runner.aggregate_wait": 5,
    "runner.collector_max_delay": 7,
    "runner.fallback": "static",
    "runner.agg_select_policy": "count",
    "runner.tx_hash": ["l4"],
    "runner.tx_balancer": {"name": "basic"},
    "runner.active_port": "a2",
    "link_watch": {"name": "ethtool"},
    "link_watch_policy": "all",
    "ports.a1.link_watch": {"name": "ethtool", "delay_up": 100},
    "notify_peers": {"count": 2},
    "mcast_rejoin": {"count": 2},
    "ports.a1.queue_id": 3,
}


@pytest.mark.parametrize("path", [*FLAPS, *QUIET])
def test_a_link_flaps_where_that_is_said_and_nowhere_else(hosts: World, path: str) -> None:
    left, right, _ = hosts.pair()
    hosts.run(5)
    told: list[dict[str, object]] = []
    for host in (left, right):
        host.team().journal.subscribe(told.append)
    outcome = put(left, path, {**FLAPS, **QUIET}[path])
    hosts.run(40)
    assert ("flaps once" in outcome.effect) is (path in FLAPS)
    lost = [event for event in told if event.get("distributing") is False]
    assert bool(lost) is (path in FLAPS), lost


def test_who_is_in_use(hosts: World) -> None:
    left, _, _ = hosts.pair(name="activebackup")
    hosts.run(5)
    outcome = put(left, "runner.active_port", "a2")
    assert (outcome.old, outcome.new) == ("a1", "a2")
    assert outcome.effect == "a2 is in use as long as it can be"
    assert outcome.holds == "as long as it can be used, or until another is asked for"


def test_debug_level(hosts: World) -> None:
    left, _, _ = hosts.pair()
    assert put(left, "debug_level", 1).effect == "everything is logged"
    assert left.service.verbosity.level("team0") == 1


def test_a_port_that_others_put_there_may_be_set(hosts: World) -> None:
    left, right, _ = hosts.pair()
    hosts.cable(left, "a3", right, "b3")
    hosts.run(5)
    left.join("a3")
    hosts.run(1)
    assert put(left, "ports.a3.lacp_prio", 5).old == 255
    assert lacp(left.team()).ports["a3"].config.priority == 5


def test_what_of_a_value_has_no_effect_is_said(hosts: World) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    outcome = put(left, "ports.a1.link_watch", {"name": "ethtool", "dely_up": 3})
    assert outcome.warnings == (
        "ports.a1.link_watch.dely_up: unknown key, kept and ignored; perhaps delay_up is meant",
    )


# What is refused.


REFUSED: list[tuple[str, Any, str]] = [
    (
        "runner.fast_rat",
        True,
        "runner.fast_rat cannot be set; did you mean fast_rate? There are active",
    ),
    ("runner.control", "coupled", "runner.control cannot be set: it holds as long as the team"),
    ("runner.hwaddr_policy", "by_active", "runner.hwaddr_policy cannot be set; there are active,"),
    ("fast_rate", True, "'fast_rate' of team0 cannot be set; did you mean runner.fast_rate?"),
    ("runner", {}, "runner cannot be set; there are active"),
    ("ports.a1.lacp_pri", 3, "ports.a1.lacp_pri cannot be set; did you mean lacp_prio?"),
    ("ports.a9.lacp_prio", 3, "no port 'a9' in team0, there are a1, a2"),
    ("runner.min_ports", "two", 'runner.min_ports: found the string "two", expected an integer'),
    ("runner.max_ports", 0, "runner.max_ports: found 0, expected an integer 1 to 65535"),
    ("runner.wait_to_restore", 3, "cannot be set: edition 2020 has it, this is 2014"),
    ("runner.active_port", "a9", "no port 'a9' in team0, there are a1, a2"),
    ("hwaddr", "x", 'hwaddr: found the string "x", expected the MAC address of one station'),
    ("ports.a1.link_watch", {"name": "x"}, "ports.a1.link_watch.name: found"),
    ("ports.a1.link_watch", {}, "ports.a1.link_watch.name: found nothing, expected one of"),
    ("", 1, "'' of team0 cannot be set: expected runner.KEY"),
]


@pytest.mark.parametrize(("path", "value", "why"), REFUSED)
def test_what_cannot_be(hosts: World, path: str, value: Any, why: str) -> None:
    left, _, _ = hosts.pair()
    hosts.run(5)
    said = refusal(left, path, value)
    assert why in said
    # It speaks of what was asked for, not of a file that says nothing of it.
    assert "team.conf" not in said
    assert "$" not in said


def test_nothing_that_the_driver_was_told_at_its_start(hosts: World) -> None:
    left = hosts.host("a")
    left.start(conf(ports=["a1"], lacp_by="driver"))
    said = "the driver of the device speaks LACP, and was told at the start"
    assert said in refusal(left, "runner.fast_rate", True)
    assert said in refusal(left, "ports.a1.lacp_key", 1)
    assert said in refusal(left, "runner.tx_balancer", {"name": "basic"})
    assert "runner.fast_rate" not in values(left)


class Refusing(MemoryDataplane):
    """A device that takes no queue, no address and no other hash."""

    def configure_port(self, port: str, setup: PortSetup) -> None:
        raise BackendError(f"{port}: the device has no queue {setup.queue_id}")

    def set_address(self, address: Any) -> None:
        raise BackendError("team0: the address is taken")

    def configure(self, setup: Any) -> None:
        raise BackendError("team0: no such hash")


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("ports.a1.queue_id", 9, "stays unset: a1: the device has no queue 9"),
        ("hwaddr", "02:00:00:00:00:77", "stays unset: team0: the address is taken"),
        ("runner.tx_hash", ["l4"], "team0: no such hash"),
        ("runner.tx_balancer", {"name": "basic"}, "stays unset: team0: no such hash"),
    ],
)
def test_what_the_device_refuses_is_as_it_was(
    hosts: World, path: str, value: Any, why: str
) -> None:
    left, _, _ = hosts.pair(name="loadbalance")
    hosts.run(5)
    team = left.team()
    address = team.addresses.team
    left.plane().__class__ = Refusing
    assert why in refusal(left, path, value)
    assert team.addresses.team == address
    assert left.plane().mapped == {}
    # Nothing is left over that the next one could be blamed for.
    left.plane().__class__ = MemoryDataplane
    assert put(left, path, value).new is not None


class Bond(MemoryDataplane):
    """What a bond can be, without one."""

    name = "bond"

    def inability(self, setup: Setup) -> str | None:
        """As the dataplane of that name has it."""
        return inability(setup)


def test_what_the_device_cannot_be_is_refused_before_anything_is_done(hosts: World) -> None:
    left, _, _ = hosts.pair(max_ports=1)
    hosts.run(5)
    left.plane().__class__ = Bond
    assert "LACP of lacpd can use one of them" in refusal(left, "runner.max_ports", 2)
    assert "it has no tx_balancer" in refusal(left, "runner.tx_balancer", {"name": "basic"})
    assert put(left, "runner.fast_rate", True).new is True
    # A file that says so is refused as a whole, and the team goes on.
    left.reload(conf(ports=["a1", "a2"], max_ports=2, fast_rate=False))
    assert values(left)["runner.max_ports"] == 1
    assert values(left)["runner.fast_rate"] is True


@pytest.mark.parametrize(
    ("runner", "fragments", "effect"),
    [
        ("loadbalance", ["l4"], "frames are spread by layer3+4, of the bonding driver's policies"),
        ("loadbalance", ["eth"], "frames are spread by layer2, of the bonding driver's policies"),
        ("lacp", ["l3"], "nothing comes of it: one port of this bond carries everything"),
    ],
)
def test_a_bond_spreads_frames_in_its_own_way(
    hosts: World, runner: str, fragments: list[str], effect: str
) -> None:
    left, _, _ = hosts.pair(name=runner, **({"max_ports": 1} if runner == "lacp" else {}))
    hosts.run(5)
    left.plane().__class__ = Bond
    assert put(left, "runner.tx_hash", fragments).effect.startswith(effect)


# The list.


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_is_listed_may_be_set(hosts: World, runner: str) -> None:
    left, _, _ = hosts.pair(name=runner)
    hosts.run(5)
    listed = list(setting.listed(left.team()))
    assert len({each.path for each in listed}) == len(listed)
    for each in listed:
        outcome = put(left, each.path, each.value)
        assert (outcome.path, outcome.new) == (each.path, each.value)
        assert each.says


def test_every_key_has_a_meaning_and_no_other(hosts: World) -> None:
    found: set[tuple[str, ...]] = set()
    for number, runner in enumerate(RUNNERS):
        for edition in ("2014", "2020"):
            host = hosts.host(f"{runner}{edition}")
            members = {"agg_select_policy": "port_config"} if runner == "lacp" else {}
            host.start(conf(f"team{number}", ["a1"], name=runner, edition=edition, **members))
            for team in host.service.driver.teams.values():
                found |= set(settable.paths(team.config, ["NAME"]))
    for keys in found:
        assert meanings.meaning(keys).says
    assert len(found) == len(meanings._RUNNER) + len(meanings._TOP) + len(meanings._PORT)


def test_the_list_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "control.md").read_text()
    named = set(re.findall(r"`(\w+)`", page))
    for keys in (meanings._RUNNER, meanings._TOP, meanings._PORT):
        assert {*keys} <= named


# The balancer.


@pytest.mark.parametrize("runner", ["loadbalance", "lacp"])
def test_the_balancer_comes_and_goes(hosts: World, runner: str) -> None:
    left, _, _ = hosts.pair(name=runner)
    hosts.run(5)
    assert left.plane().mapped == {}
    outcome = put(left, "runner.tx_balancer", {"name": "basic", "balancing_interval": 20})
    assert outcome.old is None
    assert outcome.effect == "flows move to ports with less load, every 2 s at most"
    assert set(left.plane().mapped.values()) == {"a1", "a2"}
    setup = left.plane().setup
    assert setup is not None
    assert setup.balancing == 2.0
    outcome = put(left, "runner.tx_balancer", None)
    assert outcome.new is None
    assert left.plane().mapped == {}
    hosts.run(5)
    assert left.plane().mapped == {}

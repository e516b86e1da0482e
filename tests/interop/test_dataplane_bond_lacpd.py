"""lacpd on the kernel's bonding driver: every runner, LACP both ways, ports silently dead."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.interop import cables, checks, configurations, guest
from tests.interop.bonding import bonding
from tests.interop.daemon import Daemon, lacpd
from tests.interop.netns import Namespace, namespaces

pytestmark = [pytest.mark.interop, pytest.mark.guest, pytest.mark.slow]

_MODULES = (*guest.BONDING_MODULES, *cables.MODULES, "bridge", "cls_bpf")
_BOND = ("--dataplane", "bond")
_PATIENCE = 60
_CHECKS: list[Callable[[], None]] = []


def check(function: Callable[[], None]) -> Callable[[], None]:
    """One that is run in the guest."""
    _CHECKS.append(function)
    return function


def conf(runner: str, more: dict[str, Any] | None = None, **top: Any) -> str:
    """The text of a configuration of team0 with ports e1 and e2."""
    ports: dict[str, Any] = {"e1": {}, "e2": {}}
    named = {"name": runner, **(more or {})}
    return json.dumps({"device": "team0", "runner": named, "ports": ports, **top})


@dataclass
class Bench:
    here: Namespace
    there: Namespace
    laid: cables.Cables

    def below(self) -> list[str]:
        """The interfaces below team0."""
        found = json.loads(self.here.ip("-json link show master team0"))
        return sorted(each["ifname"] for each in found)

    def device(self) -> dict[str, Any]:
        """What the driver says of team0."""
        (found,) = json.loads(self.here.ip("-json -detail link show team0"))
        info: dict[str, Any] = found["linkinfo"]["info_data"]
        return info

    def ping(self, target: str) -> bool:
        """Whether one of some questions is answered."""
        found = self.here.run("sh", "-c", f"ping -c 5 -i 0.2 -W 1 {target} || true")
        return " 0 received" not in found

    def until(self, daemon: Daemon, question: Callable[[], Any]) -> None:
        daemon.until(question, _PATIENCE)


@contextmanager
def bench() -> Iterator[Bench]:
    """Two cables that are plugged in."""
    with ExitStack() as stack:
        here, there = stack.enter_context(namespaces(2))
        ends = (["e1", "e2"], ["p1", "p2"])
        laid = stack.enter_context(cables.cables(here, ends[0], there, ends[1]))
        laid.plug()
        yield Bench(here, there, laid)


@check
def every_runner_carries_traffic_while_a_cable_is_pulled() -> None:
    texts = {
        runner: conf(runner) for runner in ("broadcast", "roundrobin", "random", "loadbalance")
    }
    prefer = {"e1": {"prio": -10, "sticky": True}, "e2": {"prio": 100}}
    delays = {"name": "ethtool", "delay_up": 2500, "delay_down": 1000}
    texts["activebackup"] = conf("activebackup", ports=prefer)
    texts["delays"] = conf("activebackup", ports=prefer, link_watch=delays)
    texts["driver"] = conf("lacp", {"lacp_by": "driver", "fast_rate": True})
    for name, text in texts.items():
        told = configurations.story("lacpd", text, plane="bond")
        sys.stdout.write(f"{name} {told}\n")
        assert told["ping"], name
        for way in ("out", "back"):
            assert told[way]["pulled"]["worst_gap"] < 2, (name, told)
            assert told[way]["plugged"]["worst_gap"] < 2, (name, told)
        if name == "activebackup":
            assert told["active"] == ["e1", "e2", "e2"], (name, told)
        if name == "delays":
            # Which of them was up first, so long ago, is anybody's guess.
            assert told["active"][1:] == ["e2", "e2"], (name, told)


@check
def lacp_of_lacpd_has_one_port_of_two() -> None:
    """Both ports speak, the one that waits too; the other one takes over."""
    text = conf("lacp", {"max_ports": 1, "fast_rate": True})
    with (
        bench() as it,
        bonding(it.there, ["p1", "p2"], lacp_rate="fast", miimon=50) as far,
        lacpd(it.here, text, *_BOND) as daemon,
    ):
        it.here.ip("link set team0 up")
        it.here.ip("addr add 10.0.0.1/24 dev team0")
        it.there.ip(f"addr add 10.0.0.2/24 dev {far.name}")
        daemon.until_distributing(["e1"], _PATIENCE)
        assert it.device()["mode"] == "active-backup"
        it.until(daemon, lambda: it.device().get("active_slave") == "e1")
        system = daemon.lag()["actor"]["system"]
        for port in ("p1", "p2"):
            it.until(daemon, lambda port=port: str(_partner(far, port)) == system)  # type: ignore[misc]
        heard = {port["name"]: port["partner"] for port in daemon.lag()["ports"]}
        assert heard["e1"]["system"] == heard["e2"]["system"]
        assert heard["e2"]["port"] != heard["e1"]["port"]
        it.until(daemon, lambda: it.ping("10.0.0.2"))
        it.laid.each[0].pull()
        daemon.until_distributing(["e2"], _PATIENCE)
        it.until(daemon, lambda: it.device().get("active_slave") == "e2")
        it.until(daemon, lambda: it.ping("10.0.0.2"))
        it.laid.each[0].plug()
        # Silently dead: only LACP knows.
        daemon.until_distributing(["e1"], _PATIENCE)
        it.until(daemon, lambda: it.device().get("active_slave") == "e1")
        it.laid.each[0].swallow()
        daemon.until_distributing(["e2"], _PATIENCE)
        it.until(daemon, lambda: it.device().get("active_slave") == "e2")
        it.until(daemon, lambda: it.ping("10.0.0.2"))
        assert it.below() == ["e1", "e2"]
        assert daemon.end() == 0


def _partner(far: Any, port: str) -> Any:
    return far.show().members[port].partner.system


@check
def lacp_of_the_driver_is_shown_as_far_as_it_says() -> None:
    text = conf("lacp", {"lacp_by": "driver", "fast_rate": True, "sys_prio": 9})
    with (
        bench() as it,
        bonding(it.there, ["p1", "p2"], lacp_rate="fast", miimon=50) as far,
        lacpd(it.here, text, *_BOND) as daemon,
    ):
        it.here.ip("link set team0 up")
        daemon.until_distributing(["e1", "e2"], _PATIENCE)
        lag = daemon.lag()
        assert lag["mode"] == "lacp"
        assert lag["actor"]["system_priority"] == 9
        assert lag["partner"]["system"] == it_address(it.there, far.name)
        (port, other) = lag["ports"]
        assert port["actor"]["flags"][:2] == ["activity", "short_timeout"]
        assert port["partner"]["system"] == lag["partner"]["system"]
        assert port["machines"] is None
        assert port["last_rx_age"] is None
        assert port["aggregator"] == other["aggregator"] == lag["aggregator"]
        # What the driver does on its own is seen.
        it.laid.each[0].swallow()
        daemon.until_distributing(["e2"], _PATIENCE)
        assert daemon.end() == 0


def it_address(where: Namespace, name: str) -> str:
    (found,) = json.loads(where.ip(f"-json link show {name}"))
    return str(found["address"])


@check
def a_port_that_is_silently_dead_is_left_and_comes_back() -> None:
    asks = {
        "name": "arp_ping",
        "interval": 100,
        "missed_max": 5,
        "source_host": "10.0.0.1",
        "target_host": "10.0.0.2",
        "send_always": True,
    }
    # A partner that hashes would answer both ports through one of them.
    for runner in ("activebackup", "broadcast"):
        with bench() as it, configurations.partner(it.there, runner) as far:
            it.there.ip(f"addr add 10.0.0.2/24 dev {far}")
            with lacpd(it.here, conf(runner, link_watch=asks), *_BOND) as daemon:
                it.here.ip("link set team0 up")
                it.here.ip("addr add 10.0.0.1/24 dev team0")
                _die_in_turn(it, daemon, runner)


def _die_in_turn(it: Bench, daemon: Daemon, runner: str) -> None:
    spreads = runner != "activebackup"
    it.until(daemon, lambda: all(port["usable"] for port in daemon.lag()["ports"]))
    # Each was put below the bond once, and settles.
    it.until(daemon, lambda: it.below() == ["e1", "e2"])
    it.until(daemon, lambda: it.ping("10.0.0.2"))
    if spreads:
        daemon.until_distributing(["e1", "e2"], _PATIENCE)
    used = daemon.distributing()[0]
    (other,) = {"e1", "e2"} - {used}
    cable = dict(zip(("e1", "e2"), it.laid.each, strict=True))
    cable[used].swallow()
    daemon.until_distributing([other], _PATIENCE)
    it.until(daemon, lambda: it.ping("10.0.0.2"))
    if spreads:
        it.until(daemon, lambda: it.below() == [other])
        assert f"{used}: taken out of team0 while its link watchers" in daemon.said()
    cable[used].heal()
    it.until(daemon, lambda: daemon.port(used)["usable"])
    it.until(daemon, lambda: it.below() == ["e1", "e2"])
    it.until(daemon, lambda: it.ping("10.0.0.2"))
    # Both dead: no carrier, as of every other team.
    for each in it.laid.each:
        each.swallow()
    daemon.until_distributing([], _PATIENCE)
    it.until(daemon, lambda: it.below() == [])
    cable[other].heal()
    daemon.until_distributing([other], _PATIENCE)
    it.until(daemon, lambda: it.ping("10.0.0.2"))
    assert daemon.end() == 0


@check
def what_no_bond_can_do_is_refused() -> None:
    refusals = {
        conf("lacp"): "LACP of lacpd can use one of them only: set runner.max_ports to 1",
        conf("loadbalance", {"tx_balancer": {"name": "basic"}}): "it has no tx_balancer",
        conf("lacp", {"lacp_by": "driver", "max_ports": 1}): "knows no runner.max_ports",
        conf("lacp", {"lacp_by": "driver"}, ports={"e1": {"lacp_key": 1}, "e2": {}}): (
            "has one key for all ports"
        ),
        conf("lacp", {"lacp_by": "driver", "agg_select_policy": "port_config"}): (
            "knows no agg_select_policy port_config"
        ),
    }
    with namespaces(1) as (here,):
        for text, reason in refusals.items():
            with lacpd(here, text, start=False) as daemon:
                with pytest.raises(AssertionError):
                    daemon.start(*_BOND)
                assert reason in daemon.said(), daemon.said()


def run_checks(names: list[str]) -> dict[str, str]:
    """What went wrong with each; nothing is empty."""
    return checks.outcomes({one.__name__: one for one in _CHECKS}, names)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> dict[str, str]:
    names = checks.selected(request)
    done = guest.run(run_checks, {"names": names}, modules=_MODULES, timeout=560)
    sys.stdout.write(done.output)
    assert isinstance(done.result, dict)
    return done.result


@pytest.mark.parametrize("name", [one.__name__ for one in _CHECKS])
def test_in_the_guest(name: str, results: dict[str, str]) -> None:
    assert not results[name], results[name]

"""lacpd on the kernel's team driver: ports that come, go and refuse; devices that outlive it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from lacp.inspect.lacpd import RefusedError
from tests.interop import checks, guest
from tests.interop.daemon import Daemon, lacpd, watching
from tests.interop.netns import Namespace, namespaces

pytestmark = [pytest.mark.interop, pytest.mark.guest]

TEAM = ("--dataplane", "team")
Check = Callable[[], None]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    CHECKS.append(function)
    return function


def conf(*ports: str, runner: str = "roundrobin", **top: Any) -> str:
    """The text of a configuration of team0."""
    runners = {"name": runner, **top.pop("more", {})}
    named: dict[str, Any] = {port: {} for port in ports}
    return json.dumps({"device": "team0", "runner": runners, "ports": named, **top})


@dataclass
class Bench:
    """Cables e1-p1, e2-p2, ...; the near ends down, as who puts them into a team needs them."""

    here: Namespace
    there: Namespace

    def plug(self, number: int) -> None:
        ends = f"e{number} type veth peer name p{number} netns {self.there.path}"
        self.here.ip(f"link add {ends}")
        self.there.ip(f"link set p{number} up")

    def pull(self, number: int) -> None:
        self.there.ip(f"link set p{number} down")

    def put_back(self, number: int) -> None:
        self.there.ip(f"link set p{number} up")

    def link(self, name: str) -> dict[str, Any]:
        """What the kernel says of an interface."""
        (found,) = json.loads(self.here.ip(f"-json -detail link show {name}"))
        assert isinstance(found, dict)
        return found

    def below(self) -> list[str]:
        """The interfaces below team0."""
        found = json.loads(self.here.ip("-json link show master team0"))
        return sorted(each["ifname"] for each in found)


@contextmanager
def bench(cables: int = 3) -> Iterator[Bench]:
    with namespaces(2) as (here, there):
        made = Bench(here, there)
        for number in range(1, cables + 1):
            made.plug(number)
        yield made


def ports(daemon: Daemon) -> list[str]:
    return sorted(port["name"] for port in daemon.lag()["ports"])


@check
def a_cable_is_pulled_and_put_back() -> None:
    for runner in ("broadcast", "roundrobin", "random", "loadbalance", "activebackup"):
        with bench(2) as it, lacpd(it.here, conf("e1", "e2", runner=runner), *TEAM) as daemon:
            it.here.ip("link set team0 up")
            both = ["e1"] if runner == "activebackup" else ["e1", "e2"]
            daemon.until_distributing(both)
            daemon.until(lambda: it.link("team0")["operstate"] == "UP")
            address = it.link("team0")["address"]
            assert {it.link(port)["address"] for port in ("e1", "e2")} == {address}
            it.pull(1)
            daemon.until_distributing(["e2"])
            it.pull(2)
            daemon.until_distributing([])
            daemon.until(lambda: "LOWER_UP" not in it.link("team0")["flags"])
            it.put_back(1)
            daemon.until_distributing(["e1"])
            assert daemon.end() == 0
            assert it.here.ip("-json link show type team").strip() in ("[]", "[{}]", "")
            # Each port has its own address again.
            assert len({it.link(port)["address"] for port in ("e1", "e2")}) == 2


@check
def who_is_up_is_refused_until_it_is_down() -> None:
    with bench(2) as it:
        it.here.ip("link set e1 up")
        with lacpd(it.here, conf("e1", "e2"), *TEAM) as daemon:
            it.here.ip("link set team0 up")
            daemon.until_distributing(["e2"])
            (problem,) = daemon.port("e1")["problems"]
            assert "up" in problem, problem
            it.here.ip("link set e1 down")
            daemon.until(lambda: sorted(daemon.distributing()) == ["e1", "e2"])
            assert daemon.said().count(problem) == 1


@check
def who_is_missing_joins_when_it_appears() -> None:
    with bench(1) as it, lacpd(it.here, conf("e1", "e2"), *TEAM) as daemon:
        it.here.ip("link set team0 up")
        daemon.until_distributing(["e1"])
        assert daemon.port("e2")["problems"] == ["no such interface: the port waits for one"]
        it.plug(2)
        daemon.until(lambda: sorted(daemon.distributing()) == ["e1", "e2"])
        it.here.ip("link del e2")
        daemon.until_distributing(["e1"])
        it.plug(2)
        daemon.until(lambda: sorted(daemon.distributing()) == ["e1", "e2"])


@check
def others_put_a_port_below_the_device_and_take_it_away() -> None:
    with bench(3) as it, lacpd(it.here, conf("e1", "e2"), *TEAM) as daemon:
        it.here.ip("link set team0 up")
        daemon.until_distributing(["e1", "e2"])
        it.here.ip("link set e3 master team0")
        daemon.until_distributing(["e1", "e2", "e3"])
        it.here.ip("link set e3 nomaster")
        daemon.until(lambda: ports(daemon) == ["e1", "e2"])
        it.here.ip("link set e2 nomaster")
        daemon.until_distributing(["e1"])
        assert it.below() == ["e1"]
        it.here.ip("link set e2 master team0")
        daemon.until_distributing(["e1", "e2"])


@check
def the_end_of_the_device_is_the_end_of_the_daemon() -> None:
    with bench(2) as it, lacpd(it.here, conf("e1", "e2"), *TEAM) as daemon:
        daemon.until(lambda: it.below() == ["e1", "e2"])
        it.here.ip("link del team0")
        assert daemon.process.wait(10) == 0
        assert "Team device removal detected." in daemon.said()
        assert not list(daemon.directory.glob("**/*.sock"))
        assert not list(daemon.directory.glob("**/*.pid"))


@check
def what_is_kept_is_taken_over() -> None:
    with bench(2) as it, lacpd(it.here, conf("e1", "e2"), *TEAM, "-N") as daemon:
        it.here.ip("link set team0 up")
        daemon.until_distributing(["e1", "e2"])
        assert daemon.end() == 0
        assert it.below() == ["e1", "e2"]
        assert "LOWER_UP" in it.link("team0")["flags"]
        daemon.start(*TEAM, "-o")
        daemon.until_distributing(["e1", "e2"])
        it.pull(1)
        daemon.until_distributing(["e2"])


@check
def after_a_kill_and_a_take_over_lacp_goes_on() -> None:
    more = {"fast_rate": True, "aggregate_wait": 0}
    text = conf("e1", "e2", runner="lacp", more=more)
    other = text.replace('"e', '"p')
    with bench(2) as it:
        it.there.ip("link set p1 down")
        it.there.ip("link set p2 down")
        with lacpd(it.here, text, *TEAM) as left, lacpd(it.there, other, *TEAM) as right:
            it.here.ip("link set team0 up")
            it.there.ip("link set team0 up")
            left.until_distributing(["e1", "e2"])
            before = {port["name"]: port["actor"] for port in left.lag()["ports"]}
            own = it.link("e2").get("permaddr")
            left.kill()
            with watching(it.here, "e2") as times:
                left.start(*TEAM, "-o")
                left.until_distributing(["e1", "e2"])
                times.read()
                assert times.sent
            after = {port["name"]: port["actor"] for port in left.lag()["ports"]}
            identity = ("system", "key", "port", "port_priority", "system_priority")
            for name in before:
                assert [before[name][k] for k in identity] == [after[name][k] for k in identity]
            assert own is None or own != before["e2"]["system"]
            right.until_distributing(["p1", "p2"])


@check
def a_reload_changes_what_it_can() -> None:
    with bench(3) as it, lacpd(it.here, conf("e1", "e2", runner="activebackup"), *TEAM) as daemon:
        it.here.ip("link set team0 up")
        daemon.until_distributing(["e1"])
        index = it.link("team0")["ifindex"]
        made = {"e1": {}, "e2": {"prio": 10, "queue_id": 3}, "e3": {}}
        daemon.file.write_text(conf(runner="activebackup", ports=made, hwaddr="02:00:00:00:00:77"))
        daemon.signal(signal.SIGHUP)
        daemon.until_distributing(["e2"])
        daemon.until(lambda: it.below() == ["e1", "e2", "e3"])
        daemon.until(lambda: it.link("team0")["address"] == "02:00:00:00:00:77")
        assert {it.link(p)["address"] for p in ("e1", "e2", "e3")} == {"02:00:00:00:00:77"}
        assert it.link("team0")["ifindex"] == index
        daemon.file.write_text(conf("e1", "e2"))
        daemon.signal(signal.SIGHUP)
        daemon.until(lambda: daemon.said().count("starting runner roundrobin") == 1)
        daemon.until(daemon.answers)
        daemon.until_distributing(["e1", "e2"])
        assert it.below() == ["e1", "e2"]
        assert "the runner changes from activebackup to roundrobin" in daemon.said()


@check
def what_is_set_is_done_or_refused_and_the_device_is_told_of() -> None:
    with bench(2) as it, lacpd(it.here, conf("e1", "e2", runner="loadbalance"), *TEAM) as daemon:
        it.here.ip("link set team0 up")
        daemon.until_distributing(["e1", "e2"])
        with pytest.raises(RefusedError, match=r"e1.queue_id stays unset: .*has fewer queues"):
            daemon.ask("set", path="ports.e1.queue_id", value=9999)
        assert daemon.port("e1")["queue_id"] is None
        assert daemon.ask("set", path="ports.e1.queue_id", value=3)["new"] == 3
        method = ("teamnl", "team0", "getoption", "lb_tx_method")
        balancer = {"name": "basic", "balancing_interval": 1}
        for value, said in ((balancer, "hash_to_port_mapping"), (None, "hash")):
            assert daemon.ask("set", path="runner.tx_balancer", value=value)["new"] == value
            assert it.here.run(*method).strip() == said
        lag, link = daemon.lag(), it.link("team0")
        assert (lag["ifindex"], lag["mtu"]) == (link["ifindex"], link["mtu"])
        assert lag["admin_up"] is True
        for port in lag["ports"]:
            link = it.link(port["name"])
            assert (port["ifindex"], port["mtu"]) == (link["ifindex"], link["mtu"])
            assert port["address"] == link["address"]
        it.here.ip("link set team0 down")
        daemon.until(lambda: daemon.lag()["admin_up"] is False)


def run_checks(names: list[str]) -> dict[str, str]:
    """Each check's failure, or nothing."""
    return checks.outcomes({one.__name__: one for one in CHECKS}, names)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> dict[str, str]:
    names = checks.selected(request)
    found = guest.run(run_checks, {"names": names}, modules=guest.TEAM_MODULES, timeout=300).result
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", [check.__name__ for check in CHECKS])
def test_in_the_guest(name: str, results: dict[str, str]) -> None:
    assert not results[name], results[name]

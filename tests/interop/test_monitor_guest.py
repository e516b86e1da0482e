"""What is heard of kernel devices, counted on the other side: in one guest, all that happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lacp.dataplane.team.client import TeamClient
from lacp.inspect.monitor.changes import Changes
from lacp.inspect.survey import Places, survey
from lacp.netlink import sockets
from lacp.netlink.codec import IFF_RUNNING
from lacp.netlink.links import Links
from lacp.netlink.team import Key
from lacp.picture.differences import differences
from lacp.picture.events import Event
from lacp.picture.model import LagView
from tests.interop import guest
from tests.interop.bonding import bonding
from tests.interop.netns import Namespace, namespaces, veth
from tests.interop.teamd import teamd
from tests.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.guest, pytest.mark.slow]

PORTS = 4
FLAPS = 500
TEAM_OPTIONS = 300


class Ear:
    """Somebody who listens, in a thread of its own, in a namespace."""

    def __init__(self, here: Namespace, source: str, **options: Any) -> None:
        self.heard: list[Event] = []
        self._end = threading.Event()
        self._source = source
        with here.entered():
            places = Places(sources=frozenset({source}), **options)
            self.changes = Changes(places, interval=0.5).begin(10)
        self._here = here
        self._thread: threading.Thread | None = None

    def listen(self) -> None:
        """Begin to read."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with self._here.entered():
            while not self._end.is_set():
                for event in self.changes.until(0.05):
                    self.heard.append(event)
                    if self._end.is_set():
                        break

    def close(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self.changes.close()

    def lag(self, name: str) -> LagView | None:
        return next((lag for lag in self.changes.lags() if lag.name == name), None)

    def seen(self, name: str) -> LagView | None:
        """The LAG as `lacpctl show` has it."""
        with self._here.entered():
            found = survey(Places(sources=frozenset({self._source})))
        return next((lag for lag in found.lags if lag.name == name), None)

    def right(self, name: str) -> bool:
        """Whether what was told adds up to what is."""
        return self.lag(name) is not None and differences(self.lag(name), self.seen(name)) == []

    def wait_for(self, event: str, **facts: Any) -> Event:
        def found() -> Event | None:
            for each in list(self.heard):
                told = {**each.document()}
                if each.event == event and facts.items() <= told.items():
                    return each
            return None

        answer = until(found, 20, lambda: "\n".join(map(str, self.heard[-40:])))
        assert answer is not None
        return answer


@contextmanager
def listening(here: Namespace, source: str, **options: Any) -> Iterator[Ear]:
    ear = Ear(here, source, **options)
    try:
        yield ear
    finally:
        ear.close()


class Far:
    """The other ends of the cables, and what the kernel counts at the near ends."""

    def __init__(self, here: Namespace, there: Namespace) -> None:
        with there.entered():
            self._links = Links()
        with here.entered():
            self._near = Links()

    def close(self) -> None:
        self._links.close()
        self._near.close()

    def set(self, number: int, up: bool) -> None:
        found = self._links.named(f"p{number}")
        assert found is not None
        self._links.set_up(found, up)

    def operational(self, number: int) -> bool:
        found = self._near.named(f"e{number}")
        return found is not None and found.operational

    def wait(self, number: int, up: bool) -> None:
        """Until the kernel has announced it: it does so when it changes RUNNING."""

        def announced() -> bool:
            found = self._near.named(f"e{number}")
            return found is not None and bool(found.flags & IFF_RUNNING) is up

        until(announced, every=0.001)

    def downs(self) -> int:
        """How often the near ends have lost their carrier."""
        found = [self._near.named(f"e{number}") for number in range(PORTS)]
        return sum(one.downs or 0 for one in found if one is not None)


def story() -> dict[str, Any]:
    """Everything, as facts for the tests."""
    found: dict[str, Any] = {}
    with namespaces(2) as (here, there):
        for number in range(PORTS):
            veth(here, f"e{number}", there, f"p{number}")
        far = Far(here, there)
        try:
            ends = [f"e{number}" for number in range(PORTS)]
            with bonding(here, ends, lacp_rate="fast"):
                for act in (a_thousand, in_haste, lost):
                    found[act.__name__] = act(here, far)
            with bonding(here, ends[:2], mode="active-backup"):
                found["failover"] = failover(here, far)
            found["come_and_gone"] = come_and_gone(here)
            found["team_options"] = team_options(here)
            found["of_teamd"] = of_teamd(here)
        finally:
            far.close()
    return found


def _link_events(heard: list[Event]) -> list[tuple[str | None, bool]]:
    return [
        (event.port, event.facts["link"]["up"]) for event in heard if event.event == "link_changed"
    ]


def a_thousand(here: Namespace, far: Far) -> dict[str, Any]:
    """Links go down and come up, one after another, each change seen by the kernel."""
    with listening(here, "bond") as ear:
        ear.listen()
        until(lambda: ear.lag("bond0"))
        before = far.downs()
        done = []
        for turn in range(FLAPS):
            number = turn % PORTS
            for up in (False, True):
                far.set(number, up)
                far.wait(number, up)
                done.append((f"e{number}", up))
        until(lambda: len(_link_events(ear.heard)) >= len(done), 20, lambda: len(ear.heard))
        until(lambda: ear.right("bond0"), 20)
        told = _link_events(ear.heard)
        return {
            "same": [each for each in told if each[0] == "e0"]
            == [each for each in done if each[0] == "e0"]
            and sorted(told) == sorted(done),
            "told": len(told),
            "done": len(done),
            "downs": far.downs() - before,
            "overruns": [str(each) for each in ear.heard if each.event == "overrun"],
            "events": len(ear.heard),
        }


def in_haste(here: Namespace, far: Far) -> dict[str, Any]:
    """Faster than the kernel announces it: what is not told is counted."""
    with listening(here, "bond") as ear:
        ear.listen()
        before = far.downs()
        for turn in range(FLAPS):
            far.set(turn % PORTS, False)
            far.set(turn % PORTS, True)
        until(lambda: all(far.operational(number) for number in range(PORTS)))

        def counted() -> dict[str, int]:
            heard = list(ear.heard)
            told = sum(not up for _, up in _link_events(heard))
            missed = sum(each.facts.get("missed", 0) for each in heard if each.event == "overrun")
            return {"downs": far.downs() - before, "told": told, "missed": missed}

        # What was announced last may yet have to be read.
        until(lambda: (now := counted())["told"] + now["missed"] >= now["downs"], 20, counted)
        until(lambda: ear.right("bond0"), 20)
        return counted()


def lost(here: Namespace, far: Far) -> dict[str, Any]:
    """A receive buffer that holds next to nothing, and nobody who reads for a while."""
    size, sockets.RECEIVE_BUFFER = sockets.RECEIVE_BUFFER, 16_384
    try:
        with listening(here, "bond") as ear:
            for turn in range(100):
                far.set(turn % PORTS, bool(turn // PORTS % 2))
            far.set(1, False)
            until(lambda: not far.operational(1))
            ear.listen()
            ear.wait_for("resynced")
            until(lambda: ear.right("bond0"), 20)
            names = [each.event for each in ear.heard]
            overrun = next(each for each in ear.heard if each.event == "overrun")
            return {
                "first": names.index("overrun") < names.index("resynced"),
                "said": str(overrun),
                "marked": sum(bool(each.facts.get("resync")) for each in ear.heard),
                "told": next(e for e in ear.heard if e.event == "resynced").facts["differences"],
            }
    finally:
        sockets.RECEIVE_BUFFER = size
        for number in range(PORTS):
            far.set(number, True)


def failover(here: Namespace, far: Far) -> list[str]:
    """The active port loses its link."""
    until(lambda: far.operational(0) and far.operational(1))
    with listening(here, "bond") as ear:
        ear.listen()
        until(lambda: ear.lag("bond0") and ear.right("bond0"), 20)
        del ear.heard[:]
        lag = ear.seen("bond0")
        assert lag is not None
        active = lag.active_port
        assert active in ("e0", "e1")
        far.set(int(active[1]), False)
        ear.wait_for("active_port_changed")
        until(lambda: ear.right("bond0"), 20)
        far.set(int(active[1]), True)
        return [f"{each.event} {each.port == active}" for each in ear.heard]


def come_and_gone(here: Namespace) -> list[str]:
    """A bond and a port of it come and go."""
    with listening(here, "bond") as ear:
        ear.listen()
        here.ip("link add b7 type bond mode balance-xor miimon 100")
        ear.wait_for("lag_added", lag="b7", mode="balance-xor")
        here.ip("link set e0 down")
        here.ip("link set e0 master b7")
        ear.wait_for("port_added", port="e0")
        here.ip("link set b7 up")
        ear.wait_for("carrier_changed", up=True)
        ear.wait_for("port_enabled", port="e0", distributing=True)
        here.ip("link set e0 nomaster")
        ear.wait_for("port_removed", port="e0")
        here.ip("link set b7 down")
        here.ip("link set b7 type bond mode active-backup")
        ear.wait_for("lag_changed", member="mode", new="active-backup")
        here.ip("link del b7")
        ear.wait_for("lag_removed", lag="b7")
        here.ip("link set e0 up")
        return sorted({each.source or "" for each in ear.heard})


def team_options(here: Namespace) -> dict[str, Any]:
    """A port of a team is switched off and on again, as a daemon would."""
    with listening(here, "team", teamd_run_dir="/run/nobody") as ear:
        ear.listen()
        here.ip("link add t0 type team")
        # With nobody who listens, the driver refuses what it has done.
        ear.wait_for("lag_added", lag="t0")
        with here.entered():
            links, client = Links(), TeamClient()
        try:
            device = links.named("t0")
            assert device is not None
            assert client.find()
            client.set(device.index, [(Key("mode"), "roundrobin")])
            here.ip("link set e0 down")
            here.ip("link set e0 master t0")
            here.ip("link set t0 up")
            port = links.named("e0")
            assert port is not None
            ear.wait_for("port_enabled", port="e0", distributing=True)
            until(lambda: ear.right("t0"), 20)
            del ear.heard[:]
            for turn in range(TEAM_OPTIONS):
                client.set(device.index, [(Key("enabled", port.index), bool(turn % 2))])
            until(lambda: len(ear.heard) >= TEAM_OPTIONS, 20, lambda: len(ear.heard))
            until(lambda: ear.right("t0"), 20)
            told = [each.facts["distributing"] for each in ear.heard]
            here.ip("link del t0")
            ear.wait_for("lag_removed", lag="t0")
            return {"right": told == [bool(turn % 2) for turn in range(TEAM_OPTIONS)]}
        finally:
            links.close()
            client.close()


def of_teamd(here: Namespace) -> list[str]:
    """A teamd comes, and ends."""
    with listening(here, "team") as ear:
        ear.listen()
        with teamd(here, ["e0", "e1"], fast_rate=True):
            ear.wait_for("lag_added", source="teamd")
            ear.wait_for("port_added", source="teamd", port="e1")
        ear.wait_for("source_lost", source="teamd")
        return [str(each) for each in ear.heard if each.event == "source_lost"]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    modules = [*guest.BONDING_MODULES, *guest.TEAM_MODULES]
    done: dict[str, Any] = guest.run(story, modules=modules, timeout=280).result
    return done


def test_a_thousand_changes_of_links_are_told(found: dict[str, Any]) -> None:
    one = found["a_thousand"]
    assert (one["told"], one["done"], one["downs"]) == (2 * FLAPS, 2 * FLAPS, FLAPS)
    assert one["same"]
    assert one["overruns"] == []


def test_what_the_kernel_had_no_time_to_announce_is_counted(found: dict[str, Any]) -> None:
    one = found["in_haste"]
    assert one["downs"] == FLAPS
    assert one["told"] + one["missed"] == one["downs"]


def test_lost_announcements_are_told_and_made_up_for(found: dict[str, Any]) -> None:
    one = found["lost"]
    assert one["first"]
    assert one["said"].startswith("bond0: overrun, announcements of the kernel were lost")
    assert one["marked"] >= one["told"] > 0


def test_a_failover(found: dict[str, Any]) -> None:
    assert "link_changed True" in found["failover"]
    assert "port_enabled True" in found["failover"]
    assert "port_enabled False" in found["failover"]


def test_a_bond_and_its_port_come_and_go(found: dict[str, Any]) -> None:
    assert found["come_and_gone"] == ["bond"]


def test_each_option_of_a_team_is_told(found: dict[str, Any]) -> None:
    assert found["team_options"] == {"right": True}


def test_of_teamd_its_end_is_told(found: dict[str, Any]) -> None:
    assert found["of_teamd"] == ["team0: teamd of team0 has ended"]

"""The five runners that link watchers feed, under random links, delays, preferences and requests.

What must hold is said from the facts alone: the carrier of each port as it went up and down, and
what was configured and asked for. What is looked at is a device that obeys the runner's events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lacp.address import Mac
from lacp.errors import UsageError
from lacp.link import Duplex, Link
from lacp.protocol.events import LinkChanged, PortAdded, PortRemoved
from lacp.runners.activebackup import HWADDR_POLICIES, ActivebackupRunner
from lacp.runners.balancer import Balancer
from lacp.runners.base import (
    ActivePortChanged,
    CarrierChanged,
    HashMapped,
    PortAddressed,
    PortEnabled,
    RunnerEvent,
    RunnerPort,
    TeamAddressed,
)
from lacp.runners.loadbalance import LoadbalanceRunner
from lacp.runners.plain import NAMES, PlainRunner
from lacp.runners.watched import WatchedRunner
from lacp.watch.base import VerdictChanged
from lacp.watch.options import EthtoolOptions
from lacp.watch.port import PortWatch

#: Seconds; times and delays are multiples of it, which floats hold exactly.
TICK = 0.25


class Device:
    """A team device that does what it is told, and complains of what the kernel would refuse."""

    def __init__(self) -> None:
        self.ports: set[str] = set()
        self.enabled: set[str] = set()
        self.active: str | None = None
        self.carrier = False
        #: Who bears the team's address.
        self.bearers: set[str] = set()
        #: Whose address the team took last.
        self.origin: str | None = None
        self.mapped: dict[int, str] = {}

    def obey(self, event: RunnerEvent) -> None:
        match event:
            case PortAdded(port):
                assert port not in self.ports
                self.ports.add(port)
            case PortRemoved(port):
                assert port not in self.enabled, "disabled before it is gone"
                assert port != self.active
                self.ports.remove(port)
                self.bearers.discard(port)
            case PortEnabled(port, collecting, distributing):
                assert port in self.ports
                assert collecting is distributing is (port not in self.enabled), "news only"
                (self.enabled.add if collecting else self.enabled.remove)(port)
                # As the kernel does when it disables a port.
                self.mapped = {h: p for h, p in self.mapped.items() if p in self.enabled}
            case ActivePortChanged(port, old):
                assert old == self.active != port
                assert port is None or port in self.ports
                self.active = port
            case CarrierChanged(up):
                assert up is not self.carrier
                self.carrier = up
            case PortAddressed(port, team):
                assert team is (port not in self.bearers), "news only"
                (self.bearers.add if team else self.bearers.remove)(port)
            case TeamAddressed(port):
                self.origin = port
            case HashMapped(hash, port):
                assert port in self.enabled, "the kernel maps to no other port"
                self.mapped[hash] = port
            case LinkChanged():
                pass
            case _:
                raise AssertionError(event)


@dataclass
class Facts:
    """What is known of a port without asking the code."""

    up_after: int
    down_after: int
    prio: int
    sticky: bool
    #: (since when, carrier): every change of it.
    carrier: list[tuple[float, bool]] = field(default_factory=list)
    #: When it was up last.
    speed: int | None = None
    half: bool = False
    withdrawn: bool = False

    def usable(self, now: float) -> bool:
        """The carrier that lasted long enough, at `now`."""
        return self.shown(now) and not self.withdrawn

    def shown(self, now: float) -> bool:
        seen = self.carrier[0][1]
        ends = [since for since, _ in self.carrier[1:]] + [now]
        for (since, up), end in zip(self.carrier, ends, strict=True):
            if end - since >= (self.up_after if up else self.down_after) * TICK:
                # It counted before the next change, or at it: then the change came too late.
                seen = up
        return seen

    def beats(self, other: Facts) -> bool:
        """The order of the documentation: prio, then speed, then duplex."""
        if self.prio != other.prio:
            return self.prio > other.prio
        if (self.speed or 0) != (other.speed or 0):
            return (self.speed or 0) > (other.speed or 0)
        return other.half and not self.half


PORTS = st.sampled_from(["a", "b", "c", "d"])
PRIO = st.integers(-1, 1)
SPEED = st.sampled_from([None, 1_000, 10_000])
DELAY = st.integers(0, 3)


class Teams(RuleBasedStateMachine):
    """A runner, a real PortWatch for each port, and the device."""

    #: One of RUNNERS.
    name: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = RUNNERS[self.name]()
        self.device = Device()
        self.watches: dict[str, PortWatch] = {}
        self.facts: dict[str, Facts] = {}
        self.now = 0.0
        #: Whose verdict was told to be up: delays that end together are told one by one.
        self.told_up: set[str] = set()
        self.asked: str | None = None
        #: Who was active before the latest call of the runner.
        self.was_active: str | None = None
        self.counters = dict.fromkeys(range(256), 0)

    # Doing things, one call of the runner at a time.

    def tell(self, call: Callable[..., None], *arguments: Any, **changes: Any) -> None:
        """One call, and all that is decided about it before the next."""
        self.was_active = self.device.active
        call(*arguments, **changes)
        self.obey(self.runner.events())
        self.judge()

    def obey(self, events: Iterable[RunnerEvent]) -> None:
        goal, before, bearers = None, self.device.active, len(self.device.bearers)
        told = list(events)
        for event in told:
            if isinstance(event, ActivePortChanged):
                goal = event.port
        for event in told:
            assert getattr(event, "time", None) == self.now
            self.device.obey(event)
            if before is not None and goal is not None:
                assert self.device.active is not None, "a moment without an active port"
                assert self.device.enabled, "a moment without an enabled one"
            if getattr(self.runner, "hwaddr_policy", "") == "only_active":
                assert len(self.device.bearers) <= max(bearers, 1), "an address on two ports"
        carriers = [event for event in told if isinstance(event, CarrierChanged)]
        assert len(carriers) <= 1

    def listen(self, watch: PortWatch) -> None:
        """What the daemon does with news of a watch: the link first."""
        self.tell(self.runner.link_changed, watch.port, watch.link, self.now)
        for event in watch.events():
            if isinstance(event, VerdictChanged):
                (self.told_up.add if event.up else self.told_up.discard)(watch.port)
                self.tell(self.runner.verdict_changed, watch.port, event.up, self.now)

    @initialize(number=st.integers(1, 3), data=st.data())
    def begin(self, number: int, data: st.DataObject) -> None:
        for port in "abc"[:number]:
            self.add(port, *(data.draw(DELAY) for _ in range(2)), 0, False, 10_000, True)

    @rule(
        port=PORTS, up_after=DELAY, down_after=DELAY, prio=PRIO, sticky=st.booleans(),
        speed=SPEED, up=st.booleans(),
    )  # fmt: skip
    def add(
        self, port: str, up_after: int, down_after: int, prio: int, sticky: bool,
        speed: int | None, up: bool,
    ) -> None:  # fmt: skip
        if port in self.facts:
            with pytest.raises(UsageError):
                self.runner.add_port(port, RunnerPort(), self.now)
            return
        self.facts[port] = Facts(up_after, down_after, prio, sticky, [(self.now, False)])
        delays = EthtoolOptions(delay_up=up_after * 250, delay_down=down_after * 250)
        self.watches[port] = PortWatch(port, [delays])
        self.tell(self.runner.add_port, port, RunnerPort(prio=prio, sticky=sticky), self.now)
        facts = self.facts[port]
        facts.carrier = [(self.now, up)]
        self.cable(port, up, speed, False)

    @rule(port=PORTS, up=st.booleans(), speed=SPEED, half=st.booleans())
    def cable(self, port: str, up: bool, speed: int | None, half: bool) -> None:
        """The carrier comes or goes, or the link becomes another one."""
        if port not in self.facts:
            return
        facts = self.facts[port]
        if facts.carrier[-1][1] is not up:
            facts.carrier.append((self.now, up))
        duplex = Duplex.HALF if half else Duplex.FULL
        address = Mac(bytes((2, 0, 0, 0, 0, ord(port))))
        seen = Link(up, speed if up else None, duplex if up else Duplex.UNKNOWN, address)
        watch = self.watches[port]
        watch.link_changed(seen, self.now)
        if watch.link.up:
            # A link that is down says nothing of itself; one that is held up, what it said last.
            facts.speed, facts.half = watch.link.speed, watch.link.duplex is Duplex.HALF
        self.listen(watch)

    @rule(ticks=st.integers(1, 6))
    def wait(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now += TICK
            for port, watch in self.watches.items():
                watch.advance(self.now)
                if watch.link.up:
                    facts = self.facts[port]
                    facts.speed, facts.half = watch.link.speed, watch.link.duplex is Duplex.HALF
                self.listen(watch)
            self.tell(self.runner.advance, self.now)

    @rule(port=PORTS, prio=PRIO, sticky=st.booleans())
    def prefer(self, port: str, prio: int, sticky: bool) -> None:
        if port in self.facts:
            facts = self.facts[port]
            if (facts.prio, facts.sticky) != (prio, sticky):
                self.asked = None
            facts.prio, facts.sticky = prio, sticky
            self.tell(self.runner.configure_port, port, self.now, prio=prio, sticky=sticky)

    @rule(port=PORTS)
    def ask(self, port: str) -> None:
        possible = isinstance(self.runner, ActivebackupRunner) and port in self.usable()
        if possible:
            self.asked = port
            self.tell(self.runner.activate, port, self.now)
        else:
            with pytest.raises(UsageError):
                self.runner.activate(port, self.now)

    @precondition(lambda self: isinstance(self.runner, ActivebackupRunner))
    @rule(policy=st.sampled_from(HWADDR_POLICIES))
    def readdress(self, policy: str) -> None:
        self.tell(self.runner.configure, self.now, hwaddr_policy=policy)

    @rule(port=PORTS)
    def withdraw(self, port: str) -> None:
        if port in self.facts:
            self.facts[port].withdrawn = True
            self.tell(self.runner.withdraw_port, port, self.now)

    @rule(port=PORTS)
    def remove(self, port: str) -> None:
        if port in self.facts:
            self.facts[port].withdrawn = True
            self.tell(self.runner.remove_port, port, self.now)
            del self.facts[port], self.watches[port]
            self.told_up.discard(port)

    @rule(seed=st.integers(0, 9))
    def load(self, seed: int) -> None:
        for hash in range(seed, 256, 7):
            self.counters[hash] += (hash % 5) * 100_000 * (seed + 1)
        self.tell(self.runner.loads, self.counters, self.now)

    # What must hold.

    def usable(self) -> set[str]:
        return {port for port, facts in self.facts.items() if facts.usable(self.now)}

    def judge(self) -> None:
        """The facts and the device agree about who is active, in the light of who was."""
        usable = {port for port in self.told_up if not self.facts[port].withdrawn}
        if self.asked not in usable:
            self.asked = None
        if not isinstance(self.runner, ActivebackupRunner):
            return
        active, was = self.device.active, self.was_active
        assert (active is None) is (not usable)
        if active is None:
            return
        assert active in usable
        chosen = self.facts[active]
        if self.asked is not None:
            assert active == self.asked
        elif was in usable and self.facts[was].sticky:
            assert active == was
        else:
            others = [port for port in usable if self.facts[port].beats(chosen)]
            assert not others, f"{others} are better than {active}"
            equals = [p for p in self.facts if p in usable and not chosen.beats(self.facts[p])]
            assert active == (was if was in equals else equals[0])

    @invariant()
    def the_ports_that_should_carry_traffic_do(self) -> None:
        usable = self.usable()
        if isinstance(self.runner, ActivebackupRunner):
            assert self.device.enabled == ({self.device.active} if usable else set())
        else:
            assert self.device.enabled == usable
        assert self.device.carrier is bool(usable)

    @invariant()
    def the_runner_says_of_itself_what_it_told(self) -> None:
        device, runner = self.device, self.runner
        assert list(runner.ports) == list(self.facts)
        assert {port for port in runner.ports if runner.enabled(port) == (True, True)} == (
            device.enabled
        )
        assert runner.carrier is device.carrier
        if isinstance(runner, ActivebackupRunner):
            assert runner.active_port == device.active
        if isinstance(runner, LoadbalanceRunner):
            assert dict(runner.mapping) == device.mapped

    @invariant()
    def addresses_are_as_the_policy_wants_them(self) -> None:
        device = self.device
        match getattr(self.runner, "hwaddr_policy", "same_all"):
            case "same_all":
                assert device.bearers == set(self.facts)
            case "only_active":
                assert device.bearers == ({device.active} - {None})
            case _:
                assert device.bearers == set()
                assert device.active is None or device.origin == device.active

    @invariant()
    def every_hash_has_a_port_while_there_is_one(self) -> None:
        if isinstance(self.runner, LoadbalanceRunner) and self.runner.mapping:
            assert set(self.device.mapped) == set(range(256))

    @invariant()
    def nothing_new_is_no_news(self) -> None:
        runner = self.runner
        for port, watch in self.watches.items():
            runner.link_changed(port, watch.link, self.now)
            runner.verdict_changed(port, watch.up, self.now)
            facts = self.facts[port]
            runner.configure_port(port, self.now, prio=facts.prio, sticky=facts.sticky)
            if facts.withdrawn:
                runner.withdraw_port(port, self.now)
        runner.advance(self.now)
        runner.device_changed(True, self.now)
        runner.configure(self.now)
        assert list(runner.events()) == []


RUNNERS: dict[str, Callable[[], WatchedRunner]] = {
    **{name: partial(PlainRunner, name) for name in NAMES},
    "activebackup": ActivebackupRunner,
    "loadbalance": LoadbalanceRunner,
    "loadbalance, balanced": lambda: LoadbalanceRunner(Balancer()),
}


@pytest.mark.parametrize("name", RUNNERS)
def test_exactly_the_ports_that_should_carry_traffic_do(name: str) -> None:
    run_state_machine_as_test(type(name, (Teams,), {"name": name}), settings=settings())

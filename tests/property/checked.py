"""A System that is looked at after each call, next to a twin that takes no short cut."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from lacp.info import PortState
from lacp.link import DOWN, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import Edition
from lacp.protocol.events import Event, Transmit
from lacp.protocol.periodic import Periodic, PeriodicTransmit
from lacp.protocol.system import System
from lacp.sim.network import Network
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu
from tests.worlds import (
    TOLERANCE,
)

SYNC = PortState.SYNCHRONIZATION


class SteppedPeriodic(Periodic):
    """Periodic machine whose tick goes the way of all other news."""

    __slots__ = ()

    def tick(self) -> None:
        self.port.run()


class SteppedPeriodicTransmit(PeriodicTransmit):
    """The same for 2020."""

    __slots__ = ()

    def tick(self) -> None:
        self.port.run()


def without_short_cuts(edition: Edition) -> Edition:
    stepped = SteppedPeriodicTransmit if edition.transmit_limit == 10 else SteppedPeriodic
    return replace(edition, periodic=stepped)


class Checked(System):
    """A System that is checked after every call, against itself and against its twin."""

    def __init__(self, config: SystemConfig) -> None:
        super().__init__(config)
        self.twin = System(replace(config, edition=without_short_cuts(config.edition)))
        self.drained: deque[Event] = deque()
        self.sent: dict[str, deque[float]] = defaultdict(deque)
        #: Whether the last LACPDU of each port was in sync with it, when, and how long it counts.
        self.in_sync: dict[str, bool] = {}
        self.heard_at: dict[str, float] = {}
        self.patience: dict[str, float] = {}

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        for each in self.twin.ports.values():
            each.settled_frame = None
        self._listen(port, frame, now)
        before, told = self.next_deadline(), len(self._common.events or ())
        followed = super().receive(port, frame, now)
        self.twin.receive(port, frame, now)
        if not followed:
            assert len(self._common.events or ()) == told, "the driver is not told to take these"
            after = self.next_deadline()
            assert before is not None
            assert after is not None
            assert after >= before, "the driver would wake too late"
        self.check(now)
        return followed

    def link_changed(self, port: str, link: Link, now: float) -> None:
        super().link_changed(port, link, now)
        self.twin.link_changed(port, link, now)
        self.check(now)

    def advance(self, now: float) -> None:
        super().advance(now)
        self.twin.advance(now)
        self.check(now)
        deadline = self.next_deadline()
        assert deadline is None or deadline > now
        for name, it in self.ports.items():
            assert not it.distributing or now < self.heard_at[name] + self.patience[name]

    def add_port(self, name: str, config: PortConfig, now: float, link: Link = DOWN) -> None:
        super().add_port(name, config, now, link)
        self.twin.add_port(name, config, now, link)

    def withdraw_port(self, name: str, now: float) -> None:
        super().withdraw_port(name, now)
        self.twin.withdraw_port(name, now)
        self.check(now)

    def configure(self, now: float, **changes: Any) -> None:
        super().configure(now, **changes)
        self.twin.configure(now, **changes)
        self.check(now)

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        super().configure_port(name, now, **changes)
        self.twin.configure_port(name, now, **changes)
        if not self.ports[name].config.short_timeout:
            self.patience[name] = 90.0
        self.check(now)

    def send_marker(self, name: str, now: float) -> int:
        transaction = super().send_marker(name, now)
        assert self.twin.send_marker(name, now) == transaction
        self.check(now)
        return transaction

    def events(self) -> Iterator[Event]:
        while self.drained:
            yield self.drained.popleft()

    def _listen(self, port: str, frame: bytes, now: float) -> None:
        """Read the frame as 6.4.9 says, on its own, before the engine does."""
        it = self.ports[port]
        if slow.classify(frame).kind is not slow.Kind.LACP or not it.port_enabled:
            return
        pdu = Lacpdu.decode(frame[14:])
        me, heard = it.actor, pdu.partner
        sees_me = (
            heard.system_priority,
            heard.system,
            heard.key,
            heard.port_priority,
            heard.port,
        ) == (me.system_priority, me.system, me.key, me.port_priority, me.port) and bool(
            heard.state & PortState.AGGREGATION
        ) == bool(me.state & PortState.AGGREGATION)
        sees_me |= not pdu.actor.state & PortState.AGGREGATION
        active = bool(pdu.actor.state & PortState.ACTIVITY) or bool(
            me.state & heard.state & PortState.ACTIVITY
        )
        self.in_sync[port] = bool(pdu.actor.state & SYNC) and sees_me and active
        self.heard_at[port] = now
        self.patience[port] = 3.0 if me.state & PortState.SHORT_TIMEOUT else 90.0

    def check(self, now: float) -> None:
        """What holds after every call."""
        mine, twins = list(super().events()), list(self.twin.events())
        # Of ports due at one instant, either may go first.
        short, long = by_port(mine), by_port(twins)
        names = short.keys() | long.keys()
        differing = {n: (short[n], long[n]) for n in names if short[n] != long[n]}
        assert not differing, f"short cut, long way: {differing}"
        self.drained.extend(mine)
        for event in mine:
            if isinstance(event, Transmit) and event.frame[14] == 1:
                self._check_rate(event)
        for name, it in self.ports.items():
            assert [m.NAME for m in it.machines if m.step()] == []
            twin = asdict(self.twin.ports[name].counters)
            differing = {k: (v, twin[k]) for k, v in asdict(it.counters).items() if v != twin[k]}
            assert not differing, f"counters of {name}: {differing}"
            if it.distributing:
                assert self.in_sync[name], f"{name} distributes to a partner out of sync"
                assert it.collecting
                assert SYNC in it.actor.state
                assert it.attached is not None
                assert it.attached is it.aggregator
        for aggregator in self.aggregators.values():
            assert len({it.lag for it in aggregator.ports.values() if it.collecting}) <= 1
            attached = [it for it in self.ports.values() if it.attached is aggregator]
            assert {it.lag for it in attached if it.collecting} <= {aggregator.lag}

    def _check_rate(self, event: Transmit) -> None:
        """No second holds more LACPDUs than the edition allows (6.4.16)."""
        times = self.sent[event.port]
        times.append(event.time)
        while event.time - times[0] > 1.0 - TOLERANCE:
            times.popleft()
        assert len(times) <= self.config.edition.transmit_limit


def by_port(events: list[Event]) -> dict[str, list[Event]]:
    """What was said of each port, in order."""
    said: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        said[event.port].append(event)
    return said


def checked(
    network: Network, name: str, config: SystemConfig, ports: dict[str, PortConfig]
) -> None:
    def build(now: float) -> System:
        system = Checked(config)
        for each, settings_ in ports.items():
            system.add_port(each, settings_, now)
        return system

    network.add(name, build, ports)

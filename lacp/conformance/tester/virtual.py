"""The catalogue in virtual time: a bench whose device is our own engine.

Every case gets a fresh device, made to what the case asks for. `run_case(case, profile)` runs one;
`profile_for(case, edition, control)` is the profile that fits it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from math import inf
from typing import Any

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.catalogue.case import Case
from lacp.conformance.tester.bench import Dataplane, ManagedPort, Management
from lacp.conformance.tester.device import Device, Need
from lacp.conformance.tester.profile import Profile
from lacp.conformance.tester.results import Outcome
from lacp.conformance.tester.run import Run, skipped
from lacp.link import Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import MuxChanged, Transmit
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.variables import Control, Fallback
from lacp.wire.slow import ETHERTYPE

#: Seconds that a frame travels, either way.
LATENCY = 0.0005
#: Calls of a run before it is taken to go on for ever.
STEPS = 2_000_000

SYSTEM = Mac.parse("02:00:00:00:0d:01")
SYSTEM_PRIORITY = 0x8000

#: Makes the device: tests put a broken one in its place.
Factory = Callable[[SystemConfig], System]


def profile_for(
    case: Case, edition: str = "2014", control: Control = Control.INDEPENDENT, **device: Any
) -> Profile:
    """The profile of our engine in virtual time, with the features that the case asks for.

    A case that is of the other control, or of version 2, is not given it: it does not fit.
    """
    fixed = {"control": control, "version": device.get("version", 1)}
    features = {**device, **case.device, **fixed}
    return Profile(
        name="engine",
        description="the engine of this package in virtual time",
        device=Device(edition=edition, **features),
        offers=frozenset(Need),
        slack=0.0,
    )


def run_case(case: Case, profile: Profile, factory: Factory = System) -> Outcome:
    """Run one case on a fresh device of that profile."""
    return VirtualBench(profile, case.links, factory).run(case)


class VirtualBench:
    """Our engine on wires of half a millisecond. All links are up from the beginning."""

    def __init__(self, profile: Profile, links: int, factory: Factory = System) -> None:
        self.links = links
        self.now = 0.0
        self._profile = profile
        self.device = VirtualDevice(profile.device, links, factory)
        self.management: Management | None = self.device
        self._client = VirtualDataplane(self)
        self.dataplane: Dataplane | None = self._client
        #: Frames on their way: when they arrive, whether at the device, the link, the octets.
        self._wire: deque[tuple[float, bool, int, bytes]] = deque()
        self.device.start()

    def run(self, case: Case) -> Outcome:
        """Run a case on the device as it is now."""
        if reason := case.unfit(self._profile, self.links):
            return skipped(case, reason)
        run = Run(case, self._profile, self, self.now)
        for _ in range(STEPS):
            if run.outcome is not None:
                return run.outcome
            self.step(run)
        return run.abort(f"no end after {STEPS} steps")

    def send(self, link: int, frame: bytes) -> None:
        self._wire.append((self.now + LATENCY, True, link, frame))

    def set_link(self, link: int, up: bool, duplex: Duplex = Duplex.FULL) -> None:
        self.device.set_link(link, up, duplex)

    def distribute(self, link: int, frame: bytes) -> None:
        """Put a frame of the device on a wire; it is lost when the link is down."""
        if self.device.wires[link].up:
            self._wire.append((self.now + LATENCY, False, link, frame))

    def step(self, run: Run) -> None:
        """Go on to whatever happens next, and let it happen."""
        self._collect()
        arrival = self._wire[0][0] if self._wire else inf
        due = self.device.next_deadline()
        self.now = self.device.now = max(self.now, min(arrival, due, run.next_deadline()))
        if arrival <= self.now:
            _, inbound, link, frame = self._wire.popleft()
            if not inbound:
                run.receive(link, frame, self.now)
            elif _for_lacp(frame):
                self.device.receive(link, frame)
            else:
                self._client.arrived(link, frame)
        elif due <= self.now:
            self.device.advance()
        else:
            run.advance(self.now)

    def _collect(self) -> None:
        """Put on the wires what the device wants to send."""
        for event in self.device.events():
            if isinstance(event, Transmit):
                self.distribute(self.device.link_of(event.port), event.frame)


class VirtualDevice:
    """Our engine as a device under test, with its management."""

    def __init__(self, device: Device, links: int, factory: Factory) -> None:
        self.now = 0.0
        self._factory = factory
        self._config = SystemConfig(
            system=SYSTEM,
            system_priority=SYSTEM_PRIORITY,
            edition=device.rules,
            control=device.control or Control.INDEPENDENT,
            aggregators=_aggregators(device.aggregators),
            max_ports=device.max_links,
            wait_to_restore=device.wait_to_restore,
            revertive=device.revertive,
            fallback=Fallback.STATIC if device.fallback else Fallback.NONE,
        )
        self._ports = [
            PortConfig(
                number=link + 1,
                key=1 + link % device.lags,
                activity=device.activity,
                short_timeout=device.short_timeout,
                aggregation=device.aggregation,
            )
            for link in range(links)
        ]
        self.wires = [Link(True, 10_000, Duplex.FULL, _address(link)) for link in range(links)]
        self._system = factory(self._config)
        #: Which ports collect and distribute, by MuxChanged.
        self.mux: dict[int, MuxChanged] = {}
        self._changed = False

    # What the bench does with it.

    def receive(self, link: int, frame: bytes) -> None:
        if _name(link) in self._system.ports:
            self._system.receive(_name(link), frame, self.now)

    def advance(self) -> None:
        self._system.advance(self.now)

    def next_deadline(self) -> float:
        deadline = self._system.next_deadline()
        return inf if deadline is None else deadline

    def events(self) -> list[Any]:
        """Take the engine's events."""
        taken = list(self._system.events())
        for event in taken:
            if isinstance(event, MuxChanged):
                self.mux[self.link_of(event.port)] = event
        return taken

    def link_of(self, name: str) -> int:
        """The link of a port of the engine."""
        return int(name)

    def set_link(self, link: int, up: bool, duplex: Duplex) -> None:
        self.wires[link] = replace(self.wires[link], up=up, duplex=duplex)
        if _name(link) in self._system.ports:
            self._system.link_changed(_name(link), self.wires[link], self.now)

    # Management.

    def port(self, link: int) -> ManagedPort:
        return _view(self._system.ports[_name(link)])

    def configure(self, **changes: Any) -> None:
        self._changed = True
        self._system.configure(self.now, **changes)

    def configure_port(self, link: int, **changes: Any) -> None:
        self._changed = True
        self._system.configure_port(_name(link), self.now, **changes)

    def stop(self) -> None:
        """Remove the ports, each with a goodbye to its partner."""
        for link in range(len(self._ports)):
            self._system.remove_port(_name(link), self.now)

    def start(self) -> None:
        self._system = self._factory(self._config)
        self.mux.clear()
        for link, config in enumerate(self._ports):
            self._system.add_port(_name(link), config, self.now, self.wires[link])

    def restore(self) -> None:
        if not self._system.ports:
            self.start()
        elif self._changed:
            self._system.configure(self.now, **_settings(self._config))
            for link, config in enumerate(self._ports):
                changes = {name: getattr(config, name) for name in _CHANGEABLE}
                self._system.configure_port(_name(link), self.now, **changes)
        self._changed = False


class VirtualDataplane:
    """The device's aggregate interface: frames go where the Mux machines of the engine allow."""

    def __init__(self, bench: VirtualBench) -> None:
        self._bench = bench
        self._collected: list[tuple[int, bytes]] = []

    def send(self, frame: bytes) -> None:
        """By the first link that distributes; lost when none does."""
        for link, mux in sorted(self._bench.device.mux.items()):
            if mux.distributing:
                self._bench.distribute(link, frame)
                return

    def collected(self) -> list[tuple[int, bytes]]:
        taken, self._collected = self._collected, []
        return taken

    def arrived(self, link: int, frame: bytes) -> None:
        """A user frame has arrived at a port."""
        mux = self._bench.device.mux.get(link)
        if mux is not None and mux.collecting and self._bench.device.wires[link].up:
            self._collected.append((link, frame))


#: Parameters of a port that can change while it exists.
_CHANGEABLE = ("key", "priority", "activity", "short_timeout", "aggregation", "partner")
_FIXED = {"edition", "control", "aggregators", "history"}


def _aggregators(count: int | None) -> Mapping[int, None] | None:
    return None if count is None else dict.fromkeys(range(1, count + 1))


def _settings(config: SystemConfig) -> Mapping[str, Any]:
    names = config.__dataclass_fields__.keys() - _FIXED
    return {name: getattr(config, name) for name in names}


def _for_lacp(frame: bytes) -> bool:
    """Whether a frame goes to the engine, by destination or EtherType; others are user frames."""
    slow = int.from_bytes(frame[12:14], "big") == ETHERTYPE
    return slow or frame[:6] == SLOW_PROTOCOLS_MULTICAST


def _name(link: int) -> str:
    return str(link)


def _view(port: Port) -> ManagedPort:
    return ManagedPort(
        receive=port.receive.state.name,
        mux=port.mux.state.name,
        periodic=port.periodic.state.name,
        actor_churn=port.actor_churn.state.name,
        partner_churn=port.partner_churn.state.name,
        selected=port.selected.value,
        aggregator=port.attached.identifier if port.attached is not None else None,
        actor=port.actor,
        partner=port.partner,
        counters=asdict(port.counters),
    )


def _address(link: int) -> Mac:
    """The device's own address at a link."""
    return Mac(bytes.fromhex("0200000d01") + bytes((link + 1,)))

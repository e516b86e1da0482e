"""The `lacp` runner: one team device above one LACP system with one aggregator.

The aggregator takes the key of whoever uses it, so that one LAG at a time has the device. A port
that cannot join it stays DETACHED and out of sync, and its partner sends it nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lacp.errors import UsageError
from lacp.link import Link
from lacp.protocol.aggregator import Aggregator
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import MuxChanged, PortRemoved
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from lacp.runners.base import CarrierChanged, PortEnabled, RunnerEvent, RunnerPort

#: The identifier of the one aggregator.
AGGREGATOR = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LacpPort(RunnerPort):
    """What the `lacp` runner must know of a port."""

    lacp: PortConfig


class LacpRunner:
    """Runs LACP for a team device, and decides which of its ports carry traffic.

    Driven like every engine. `events` gives those of the system, `PortEnabled` right behind the one
    that caused it, and at the end `CarrierChanged`.
    """

    name = "lacp"

    def __init__(self, config: SystemConfig) -> None:
        self._system = System(replace(config, aggregators={AGGREGATOR: None}))
        #: What was said of each port that carries traffic: (collecting, distributing).
        self._enabled: dict[str, tuple[bool, bool]] = {}
        self._distributing = 0
        self._carrier = False

    @property
    def config(self) -> SystemConfig:
        """The administrative parameters in force."""
        return self._system.config

    @property
    def ports(self) -> Mapping[str, Port]:
        """The ports by name, to be read."""
        return self._system.ports

    @property
    def aggregator(self) -> Aggregator:
        """The one aggregator, to be read."""
        return self._system.aggregators[AGGREGATOR]

    @property
    def carrier(self) -> bool:
        """Whether the team device can be used, as of the last event."""
        return self._carrier

    @property
    def looped(self) -> bool:
        """Whether the LAG leads back to this system; it then carries nothing."""
        lag = self.aggregator.lag
        return lag is not None and bool(lag.loop_end)

    def enabled(self, port: str) -> tuple[bool, bool]:
        """Whether user frames are (collected, distributed) at the port, as of the last event."""
        return self._enabled.get(port, (False, False))

    # The engine.

    def receive(self, port: str, frame: bytes, now: float) -> None:
        """Take an Ethernet frame that arrived on `port`. Whatever it holds, it never raises."""
        self._system.receive(port, frame, now)

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`."""
        self._system.link_changed(port, link, now)

    def verdict_changed(self, port: str, up: bool, now: float) -> None:
        """The link is what counts here."""

    def loads(self, octets: Mapping[int, int], now: float) -> None:
        """The hash alone selects the port of a frame."""

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""
        self._system.advance(now)

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        return self._system.next_deadline()

    def events(self) -> Iterator[RunnerEvent]:
        """Take the events since the last time, in order."""
        for event in self._system.events():
            yield event
            match event:
                case MuxChanged(port, _, collecting, distributing):
                    # A LAG that leads back here would carry every frame round for ever.
                    use = not self.looped
                    yield from self._decide(port, collecting and use, distributing and use)
                case PortRemoved(port):
                    yield from self._decide(port, False, False)
        yield from self._judge_carrier()

    # Management, as of the system: `lacp.protocol.system.System` says what each raises.

    def add_port(self, name: str, port: LacpPort, now: float) -> None:
        """Add a port. Raises UsageError when its name or number is taken."""
        self._system.add_port(name, port.lacp, now)

    def withdraw_port(self, name: str, now: float) -> None:
        """Take the port out of its LAG and tell the partner."""
        self._system.withdraw_port(name, now)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port; withdraw it first, so that the partner is told for certain."""
        self._system.remove_port(name, now)

    def configure(self, now: float, **changes: Any) -> None:
        """Change parameters of the system. Raises UsageError, changing nothing, if one is wrong."""
        self._system.configure(now, **changes)

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change parameters of a port. Raises UsageError, changing nothing, when one is wrong."""
        self._system.configure_port(name, now, **changes)

    def activate(self, port: str, now: float) -> None:
        """There is one aggregator, and who has it keeps it."""
        raise UsageError(f"port {port} cannot be made active: the one aggregator is not given away")

    def quiet(self, ports: Iterable[str]) -> bool:
        """Whether none of these ports holds back a LACPDU."""
        known = self.ports
        return all(known[p].timers.deadline(Timer.TRANSMIT) is None for p in ports if p in known)

    def transmit_failed(self, name: str, frame: bytes, now: float) -> None:
        """Report that the frame of a Transmit did not leave; a LACPDU is sent again."""
        self._system.transmit_failed(name, frame, now)

    # Below: the decisions.

    def _decide(self, port: str, collecting: bool, distributing: bool) -> Iterator[RunnerEvent]:
        was, now = self.enabled(port), (collecting, distributing)
        if was == now:
            return
        self._distributing += distributing - was[1]
        if any(now):
            self._enabled[port] = now
        else:
            del self._enabled[port]
        yield PortEnabled(port, collecting, distributing, self._system.now)

    def _judge_carrier(self) -> Iterator[RunnerEvent]:
        # Only when all is decided: one port that takes over from another is no loss of carrier.
        needed = self.config.min_ports
        up = self._distributing >= needed
        if up is not self._carrier:
            self._carrier = up
            reason = f"{self._distributing} distributing, min_ports is {needed}"
            yield CarrierChanged(up, reason, self._system.now)

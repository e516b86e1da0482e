"""The `lacp` runner: one team device above one LACP system with one aggregator.

The aggregator takes the key of whoever uses it, so that one LAG at a time has the device; which,
says `agg_select_policy`. A port that cannot join it stays DETACHED and out of sync, and its partner
sends it nothing. So does one that is held: by its link watchers, or because the device is down.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from lacp.errors import UsageError
from lacp.link import Link
from lacp.protocol.aggregator import Aggregator
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.events import Event, MuxChanged, PortAdded, PortRemoved, Transmit
from lacp.protocol.port import Port
from lacp.protocol.system import System
from lacp.protocol.timers import Timer
from lacp.runners.balancer import Balancer
from lacp.runners.base import (
    CarrierChanged,
    HashMapped,
    PortAddressed,
    PortEnabled,
    RunnerEvent,
    RunnerPort,
)
from lacp.runners.probation import Probation

#: The identifier of the one aggregator.
AGGREGATOR = 1


#: Where in a frame the state of its sender stands: behind addresses, EtherType and the TLV's
#: system, key and port.
_ACTOR_STATE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LacpPort(RunnerPort):
    """What the `lacp` runner must know of a port."""

    lacp: PortConfig
    #: Seconds for which the port must be open before "down" from its link watchers counts; None:
    #: none of them probes, and the link says it all.
    settling: float | None = None


class LacpRunner:
    """Runs LACP for a team device, and decides which of its ports carry traffic.

    Driven like every engine. `events` gives those of the system, `PortEnabled` right behind the one
    that caused it, and at the end `HashMapped` and `CarrierChanged`.
    """

    name = "lacp"

    def __init__(self, config: SystemConfig, balancer: Balancer | None = None) -> None:
        """With a `balancer`, the hashes are mapped to ports by what they carry."""
        aggregators = {AGGREGATOR: None}
        self._system = System(
            replace(config, aggregators=aggregators, seeking=True, announcing=True)
        )
        self._balancer = balancer
        #: What was said of each port that carries traffic: (collecting, distributing).
        self._enabled: dict[str, tuple[bool, bool]] = {}
        self._distributing = 0
        self._carrier = False
        self._moves: deque[HashMapped] = deque()
        self._device_up = True
        self._probations: dict[str, Probation] = {}
        #: The ports that are held by their link watchers, or may be.
        self._suspects: dict[str, Probation] = {}

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

    @property
    def mapping(self) -> Mapping[int, str]:
        """The port of each hash (0..255), to be read; empty without a balancer or a port."""
        return {} if self._balancer is None else self._balancer.mapping

    def enabled(self, port: str) -> tuple[bool, bool]:
        """Whether user frames are (collected, distributed) at the port, as of the last event."""
        return self._enabled.get(port, (False, False))

    def partner_begins(self, port: str) -> bytes:
        """The octets with which LACPDUs of the port's partner begin: up to what may change of it.

        Empty when none has come to which the port is used.
        """
        known = self.ports.get(port)
        if known is None or known.settled_frame is None:
            return b""
        return known.settled_frame[:_ACTOR_STATE]

    # The engine.

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        """Take an Ethernet frame that arrived on `port`. Whatever it holds, it never raises.

        False when nothing follows, as of the system.
        """
        return self._system.receive(port, frame, now)

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`."""
        self._system.link_changed(port, link, now)
        probation = self._probations[port]
        if not link.up and probation.held_at is not None:
            probation.release()
            self._hold(port, now)
        self._judge(port, now)

    def verdict_changed(self, port: str, up: bool, now: float) -> None:
        """Take the summary of the port's link watchers; "down" over a link that is up holds it."""
        self._system.advance(now)
        probation = self._probation(port)
        if up is not probation.up:
            probation.verdict(up, now)
            self._judge(port, now)

    def device_changed(self, up: bool, now: float) -> None:
        """Hold all ports, their partners told, while the device is administratively down."""
        self._system.advance(now)
        self._device_up = up
        for name in self.ports:
            self._hold(name, now)

    def loads(self, octets: Mapping[int, int], now: float) -> None:
        """Take the octets that were sent with each hash (0..255) since the device was made."""
        self._system.advance(now)
        if self._balancer is not None:
            self._map(self._balancer.loads(octets))

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""
        self._system.advance(now)
        if self._suspects:
            for name in tuple(self._suspects):
                self._judge(name, now)

    def tick(self, now: float) -> float | None:
        """Send what is due at `now` and say nothing new; all else that is due is for `advance`.

        Returns when there may be more to send.
        """
        return self._system.tick(now)

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""
        deadline = self._system.next_deadline()
        if self._suspects:
            due = [p.due(self._alone) for p in self._suspects.values()]
            first = min((at for at in due if at is not None), default=inf)
            if deadline is None or first < deadline:
                return first if first < inf else None
        return deadline

    def events(self) -> Iterator[RunnerEvent]:
        """Take the events since the last time, in order."""
        events = self._system.take()
        for event in events:
            if type(event) is not Transmit:
                break
        else:
            # Ports speak each second, and hardly ever is there more to it.
            if not self._moves and self._carrier is self._usable():
                return iter(events)
        return self._decided(events)

    def _usable(self) -> bool:
        return self._distributing >= self._system.config.min_ports

    def _decided(self, events: list[Event]) -> Iterator[RunnerEvent]:
        """These events, and what is decided upon them."""
        changed = False
        for event in events:
            yield event
            if isinstance(event, Transmit):
                continue
            match event:
                case MuxChanged(port, _, collecting, distributing):
                    # A LAG that leads back here would carry every frame round for ever.
                    use = not self.looped
                    decided = self._decide(port, collecting and use, distributing and use)
                case PortRemoved(port):
                    decided = self._decide(port, False, False)
                case PortAdded(port):
                    decided = PortAddressed(port, True, self._system.now)
                case _:
                    continue
            if decided is not None:
                changed = True
                yield decided
        if changed:
            self._distribute()
        while self._moves:
            yield self._moves.popleft()
        # Only when all is decided: one port that takes over from another is no loss of carrier.
        if self._usable() is not self._carrier:
            self._carrier = not self._carrier
            needed = self._system.config.min_ports
            reason = f"{self._distributing} distributing, min_ports is {needed}"
            yield CarrierChanged(self._carrier, reason, self._system.now)

    # Management, as of the system: `lacp.protocol.system.System` says what each raises.

    def add_port(self, name: str, port: LacpPort, now: float) -> None:
        """Add a port. Raises UsageError when its name or number is taken."""
        self._system.add_port(name, replace(port.lacp, prio=port.prio, sticky=port.sticky), now)
        self._probations[name] = Probation(port.settling)
        self._hold(name, now)

    def withdraw_port(self, name: str, now: float) -> None:
        """Take the port out of its LAG and tell the partner."""
        self._system.withdraw_port(name, now)

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port; withdraw it first, so that the partner is told for certain."""
        self._system.remove_port(name, now)
        del self._probations[name]
        self._suspects.pop(name, None)

    def configure(self, now: float, **changes: Any) -> None:
        """Change parameters of the system, or whether hashes are mapped (`balancing`).

        Raises UsageError, changing nothing, if one is wrong.
        """
        on = changes.pop("balancing", self._balancer is not None)
        self._system.configure(now, **changes)
        if on is not (self._balancer is not None):
            self._balancer = Balancer() if on else None
            self._distribute()

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change parameters of a port. Raises UsageError, changing nothing, when one is wrong."""
        probation = self._probation(name)
        settling = changes.pop("settling", probation.settling)
        self._system.configure_port(name, now, **changes)
        probation.settling = settling
        self._judge(name, now)

    def configure_ports(self, changes: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Change parameters of several ports, one after the other: each is told to its partner."""
        for name, its in changes.items():
            self.configure_port(name, now, **its)

    def activate(self, port: str, now: float) -> None:
        """Give the device to the LAG of this port. Raises UsageError when the port is in none.

        The LAG keeps it, whatever the policy, until it cannot be used.
        """
        self._system.prefer(port, now)

    def free_at(self, port: str) -> float | None:
        """When a port that its link watchers hold is tried again; None when they hold it not."""
        probation = self._probation(port)
        return None if probation.held_at is None else probation.due(self._alone)

    def quiet(self, ports: Iterable[str]) -> bool:
        """Whether none of these ports holds back a LACPDU."""
        known = self.ports
        return all(known[p].timers.deadline(Timer.TRANSMIT) is None for p in ports if p in known)

    def transmitted(self, name: str, now: float) -> None:
        """Report when the last Transmit of a port was handed over: the limit counts from then."""
        self._system.transmitted(name, now)

    def transmit_failed(self, name: str, frame: bytes, now: float) -> None:
        """Report that the frame of a Transmit did not leave; a LACPDU is sent again."""
        self._system.transmit_failed(name, frame, now)

    # Below: the decisions.

    @property
    def _alone(self) -> bool:
        """Whether no port carries traffic."""
        return not self._distributing

    def _probation(self, port: str) -> Probation:
        probation = self._probations.get(port)
        if probation is None:
            raise UsageError(f"no port {port!r}, there are {', '.join(self.ports) or 'none'}")
        return probation

    def _judge(self, name: str, now: float) -> None:
        """Hold the port for what its link watchers say of it, or let it go."""
        probation = self._probations[name]
        was = probation.held_at
        if self.ports[name].link.up:
            probation.judge(self._alone, now)
        if probation.held_at != was:
            self._hold(name, now)
        self._note(name)

    def _note(self, name: str) -> None:
        """Keep in mind the ports of which the link watchers may have more to say."""
        probation = self._probations[name]
        probed = probation.settling is not None
        if probation.held_at is not None or (probed and not probation.up):
            self._suspects[name] = probation
        else:
            self._suspects.pop(name, None)

    def _hold(self, name: str, now: float) -> None:
        reason = None
        if not self._device_up:
            reason = "the team device is down"
        elif self._probations[name].held_at is not None:
            reason = "link watchers say the link is down"
        self._system.hold_port(name, reason, now)

    def _decide(self, port: str, collecting: bool, distributing: bool) -> RunnerEvent | None:
        was, now = self.enabled(port), (collecting, distributing)
        if was == now:
            return None
        self._distributing += distributing - was[1]
        if any(now):
            self._enabled[port] = now
        else:
            del self._enabled[port]
        time = self._system.now
        probation = self._probations.get(port)
        if probation is not None and all(was) is not all(now):
            probation.opened(time) if all(now) else probation.closed(time)
        return PortEnabled(port, collecting, distributing, time)

    def _distribute(self) -> None:
        if self._balancer is not None:
            speeds = {n: self.ports[n].speed for n, (_, out) in self._enabled.items() if out}
            self._map(self._balancer.distribute(speeds))

    def _map(self, moves: Mapping[int, str]) -> None:
        self._moves.extend(HashMapped(h, port, self._system.now) for h, port in moves.items())

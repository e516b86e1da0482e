"""What every runner offers, and what it tells: who carries traffic, and under which address.

A runner is an engine (`lacp.Engine`): no I/O, no clock. It is told two things of a port. The *link*
is the interface as its carrier watchers let it be seen, with speed and duplex. The *verdict* is the
summary of all link watchers of the port, which is what decides for every runner but `lacp`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lacp.link import Link
from lacp.protocol.events import News, Transmit


@dataclass(frozen=True, slots=True)
class PortEnabled:
    """User frames are to be taken from and given to the port, or no longer."""

    port: str
    collecting: bool
    distributing: bool
    time: float


@dataclass(frozen=True, slots=True)
class CarrierChanged:
    """The team device can be used, or no longer."""

    up: bool
    #: How many ports carry traffic, and how many must.
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class ActivePortChanged:
    """Another port is the active one; None for none. `PortEnabled` follows, the new port first."""

    port: str | None
    old: str | None
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class PortAddressed:
    """The port is to bear the team's address, or its own again."""

    port: str
    #: True for the team's.
    team: bool
    time: float


@dataclass(frozen=True, slots=True)
class TeamAddressed:
    """The team is to take the own address of this port."""

    port: str
    time: float


@dataclass(frozen=True, slots=True)
class HashMapped:
    """Frames with this hash are to leave through this port."""

    #: 0..255.
    hash: int
    port: str
    time: float


#: What the driver may tell others.
RunnerNews = (
    News
    | PortEnabled
    | CarrierChanged
    | ActivePortChanged
    | PortAddressed
    | TeamAddressed
    | HashMapped
)
RunnerEvent = Transmit | RunnerNews


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerPort:
    """What a runner must know of a port; that of the `lacp` runner says more."""

    #: Higher is preferred, where the runner prefers.
    prio: int = 0
    #: A port that is active stays so while it can be used, whatever another one's `prio`.
    sticky: bool = False


class Runner(Protocol):
    """Decides who carries traffic; driven like every engine.

    Unknown ports, and names twice, are a UsageError. `receive` never raises for what a frame holds.
    """

    #: As teamd.conf names it.
    name: str

    @property
    def ports(self) -> Mapping[str, object]:
        """The ports by name, in the order in which they came, to be read."""

    @property
    def carrier(self) -> bool:
        """Whether the team device can be used, as of the last event."""

    def enabled(self, port: str) -> tuple[bool, bool]:
        """Whether user frames are (collected, distributed) at the port, as of the last event."""

    def partner_begins(self, port: str) -> bytes:
        """The octets with which LACPDUs of the port's partner begin; empty when it has none."""

    # The engine.

    def receive(self, port: str, frame: bytes, now: float) -> bool:
        """Take a slow-protocol frame that arrived on `port`.

        False when nothing follows: no event, and no earlier deadline.
        """

    def link_changed(self, port: str, link: Link, now: float) -> None:
        """Take a new observation of the link below `port`."""

    def verdict_changed(self, port: str, up: bool, now: float) -> None:
        """Take the summary of the port's link watchers; a new port's is down."""

    def device_changed(self, up: bool, now: float) -> None:
        """Take whether the team device is administratively up; one never heard of is."""

    def loads(self, octets: Mapping[int, int], now: float) -> None:
        """Take the octets that were sent with each hash (0..255) since the device was made."""

    def advance(self, now: float) -> None:
        """Let the timers that are due at `now` expire. Early and repeated calls are harmless."""

    def tick(self, now: float) -> float | None:
        """Send what is due at `now` and say nothing new; all else that is due is for `advance`.

        For a driver that is behind: it takes little time, and nobody gives up who hears of us.
        Returns when there may be more to send.
        """

    def next_deadline(self) -> float | None:
        """When `advance` must be called at the latest; None when no timer runs."""

    def events(self) -> Iterator[RunnerEvent]:
        """Take the events since the last time, in order."""

    # Management.

    def add_port(self, name: str, port: Any, now: float) -> None:
        """Add a port (`RunnerPort`, of `lacp` a `LacpPort`); its link and verdict are down."""

    def withdraw_port(self, name: str, now: float) -> None:
        """Use the port no longer, and tell the partner if there is one."""

    def remove_port(self, name: str, now: float) -> None:
        """Remove a port; withdraw it first, so that the partner is told for certain."""

    def configure(self, now: float, **changes: Any) -> None:
        """Change parameters of the runner. Raises UsageError, changing nothing, if one is wrong."""

    def configure_port(self, name: str, now: float, **changes: Any) -> None:
        """Change parameters of a port. Raises UsageError, changing nothing, when one is wrong."""

    def configure_ports(self, changes: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """Change parameters of several ports, by name, as one step: between them nobody decides.

        Raises UsageError when one is wrong.
        """

    def activate(self, port: str, now: float) -> None:
        """Make this port, or its aggregator, the active one. Raises UsageError if it cannot be."""

    def quiet(self, ports: Iterable[str]) -> bool:
        """Whether none of these ports holds back a frame."""

    def transmitted(self, name: str, now: float) -> None:
        """Report when the last Transmit of a port was handed over, if later than its time."""

    def transmit_failed(self, name: str, frame: bytes, now: float) -> None:
        """Report that the frame of a Transmit did not leave."""

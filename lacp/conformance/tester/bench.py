"""What a case runs on: the wires to the device, and the device's own management where there is one.

A bench carries octets and nothing else. It hands every frame of the device to `Run.receive` with
the time at which it arrived, and everything that a script does happens in calls of `Run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lacp.info import PortInfo
from lacp.link import Duplex


@dataclass(frozen=True, slots=True)
class ManagedPort:
    """A port of the device as its management shows it; None where it does not say."""

    #: The boxes of its machines, by the standard's names.
    receive: str | None
    mux: str | None
    periodic: str | None
    actor_churn: str | None
    partner_churn: str | None
    #: SELECTED, UNSELECTED or STANDBY.
    selected: str | None
    #: The identifier of the aggregator that the port is attached to; None also when detached.
    aggregator: int | None
    actor: PortInfo | None
    partner: PortInfo | None
    #: By the names of `lacp.protocol.counters.Counters`.
    counters: Mapping[str, int]
    #: Version 2: what the partner has otherwise, as far as it is compared: "algorithm", "digest"
    #: (of conversations) and "service" (mapping digest).
    differs: frozenset[str] | None = None
    #: Version 2: whether frames that come by the wrong link are discarded.
    discards: bool | None = None


class Management(Protocol):
    """The device's own controls. Links are numbered from 0 as the bench's are."""

    def port(self, link: int) -> ManagedPort:
        """The port at `link` now."""

    def configure(self, **changes: Any) -> None:
        """Change the system; names are those of `lacp.protocol.config.SystemConfig`."""

    def configure_port(self, link: int, **changes: Any) -> None:
        """Change the port; names are those of `lacp.protocol.config.PortConfig`."""

    def stop(self) -> None:
        """End the device's LACP in the orderly way."""

    def start(self) -> None:
        """Start it again, with its configuration and without its memory."""

    def restore(self) -> None:
        """Put back whatever was changed, and start what was stopped."""


class Dataplane(Protocol):
    """The device's aggregate interface, as its client sees it."""

    def send(self, frame: bytes) -> None:
        """Have the device's client send a user frame through the aggregate."""

    def collected(self) -> list[tuple[int, bytes]]:
        """Take what the client got since the last time: the link it came by, and the frame."""


class Bench(Protocol):
    """Wires to one device."""

    #: How many there are; they are numbered from 0.
    links: int
    management: Management | None
    dataplane: Dataplane | None

    def send(self, link: int, frame: bytes) -> None:
        """Put an Ethernet frame (from destination address, without FCS) on a wire now."""

    def set_link(self, link: int, up: bool, duplex: Duplex = Duplex.FULL) -> None:
        """Pull or plug a wire. Only called where the profile says LINK (HALF_DUPLEX, for that)."""

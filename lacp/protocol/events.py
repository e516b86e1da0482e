"""What an engine tells its driver: one ordered queue of frozen values, consumed with `match`.

Every event carries the port's name and `time`, the `now` of the call that caused it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lacp.info import PortInfo
from lacp.link import Link


class Transmit(NamedTuple):
    """Put this Ethernet frame (from destination address, without FCS) on the port's wire now.

    A tuple, because it is by far the most frequent, and takes half as long to make.
    """

    port: str
    frame: bytes
    time: float


@dataclass(frozen=True, slots=True)
class MuxChanged:
    """User frames may now be collected from and distributed to the port, or no longer (6.4.15)."""

    port: str
    #: Identifier of the aggregator that the port is attached to; None when it is detached.
    aggregator: int | None
    collecting: bool
    distributing: bool
    time: float


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A machine of the port took an arrow of its figure, or the Selection Logic decided anew."""

    port: str
    #: receive, periodic, mux, actor_churn, partner_churn or selection.
    machine: str
    old: str
    new: str
    #: The condition that held, in the standard's names, and what made it so.
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class PartnerChanged:
    """Another partner is recorded on the port (any of the five identity fields differs)."""

    port: str
    old: PortInfo
    new: PortInfo
    time: float


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link below the port changed."""

    port: str
    link: Link
    time: float


@dataclass(frozen=True, slots=True)
class FrameDropped:
    """A received frame had no effect; counted, never an error."""

    port: str
    reason: str
    time: float


@dataclass(frozen=True, slots=True)
class MarkerAnswered:
    """The partner answered a marker: all that was sent on the port before it has arrived (6.5)."""

    port: str
    transaction: int
    #: Seconds between the Marker PDU and its response.
    delay: float
    time: float


@dataclass(frozen=True, slots=True)
class MarkerLost:
    """No response came in time, or the link went down: fall back to waiting (6.5.4)."""

    port: str
    transaction: int
    time: float


@dataclass(frozen=True, slots=True)
class PortAdded:
    """The port is part of the system now."""

    port: str
    time: float


@dataclass(frozen=True, slots=True)
class PortRemoved:
    """The port is no longer part of the system."""

    port: str
    time: float


#: What the driver may tell others: every event that asks for no transmission.
News = (
    MuxChanged
    | StateChanged
    | PartnerChanged
    | LinkChanged
    | FrameDropped
    | MarkerAnswered
    | MarkerLost
    | PortAdded
    | PortRemoved
)

Event = Transmit | News

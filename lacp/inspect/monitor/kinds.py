"""What is known of a device, and what is special about the devices of a driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lacp.inspect.devices import Device, Devices, PortFacts
from lacp.picture.model import LagView


@dataclass(slots=True)
class Lag:
    """What is known of a device and its ports."""

    device: Device
    ports: dict[int, PortFacts] = field(default_factory=dict)
    #: As it was told.
    view: LagView | None = None
    #: Differences that a resync has found.
    late: int = 0


class Kind(Protocol):
    """What is special about the devices of a driver."""

    #: The driver's name.
    name: str

    def refresh(self, lag: Lag) -> None:
        """Take note of what is in no announcement: at the interval, and when a LAG is new."""

    def fit(self, lag: Lag, devices: Devices) -> None:
        """Bring the device up to the port that was just announced."""

    def changed(self, lags: Mapping[int, Lag]) -> Iterator[Lag]:
        """LAGs of which the driver has announced something itself, once for each change.

        Raises Lost when that was not all.
        """

    def forget(self) -> None:
        """Take nothing for known that only the driver's own announcements keep up to date."""

    def gone(self, lag: Lag) -> None:
        """Forget a LAG."""

    def hides(self, lag: Lag) -> bool:
        """Whether more may happen to the LAG now than the driver announces."""

    def view(self, lag: Lag) -> LagView:
        """The LAG, from what is known of it."""

    def close(self) -> None:
        """Listen no more."""

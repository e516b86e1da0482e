"""What every dataplane offers."""

from __future__ import annotations

from typing import Protocol

from lacp.address import Mac


class Dataplane(Protocol):
    """One team device. No call waits; what the environment refuses is a BackendError."""

    #: As a configuration names it.
    name: str

    def create(self, device: str, address: Mac | None) -> None:
        """Make the device, without carrier; None leaves its address to the first port."""

    def set_address(self, address: Mac) -> None:
        """Give the device its address."""

    def add_port(self, port: str) -> None:
        """Put a port below the device; it carries nothing yet."""

    def remove_port(self, port: str) -> None:
        """Take a port away from the device."""

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Take user frames from the port, give user frames to it, from now on or no longer."""

    def set_carrier(self, up: bool) -> None:
        """Show to the users of the device whether it can be used."""

    def destroy(self) -> None:
        """Remove the device; it has no port any more."""

"""The dataplane that remembers: for tests, and for programs that move frames by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.address import Mac
from lacp.errors import UsageError


@dataclass(frozen=True, slots=True)
class PortUse:
    """What is to be done with user frames at a port."""

    collecting: bool = False
    distributing: bool = False


class MemoryDataplane:
    """Keeps every decision where it can be looked at."""

    name = "memory"

    def __init__(self) -> None:
        #: None before `create` and after `destroy`.
        self.device: str | None = None
        self.address: Mac | None = None
        self.carrier = False
        self.ports: dict[str, PortUse] = {}

    def create(self, device: str, address: Mac | None) -> None:
        """Remember the device. Raises UsageError when there is one already."""
        if self.device is not None:
            raise UsageError(f"device {self.device} exists already")
        self.device, self.address, self.carrier = device, address, False

    def set_address(self, address: Mac) -> None:
        """Remember the address."""
        self.address = address

    def add_port(self, port: str) -> None:
        """Remember the port. Raises UsageError when it is there already."""
        if port in self.ports:
            raise UsageError(f"port {port} was added already")
        self.ports[port] = PortUse()

    def remove_port(self, port: str) -> None:
        """Forget the port. Raises UsageError when it is not there."""
        self._check(port)
        del self.ports[port]

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Remember what the port does. Raises UsageError when it is not there."""
        self._check(port)
        self.ports[port] = PortUse(collecting, distributing)

    def set_carrier(self, up: bool) -> None:
        """Remember the carrier."""
        self.carrier = up

    def destroy(self) -> None:
        """Forget the device."""
        self.device, self.carrier = None, False

    def _check(self, port: str) -> None:
        if port not in self.ports:
            raise UsageError(f"no port {port}, there are {', '.join(self.ports) or 'none'}")

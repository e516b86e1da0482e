"""The dataplane that moves nothing: decisions are reported by the daemon and go no further."""

from __future__ import annotations

from lacp.address import Mac
from lacp.dataplane.base import PlaneNews, PortSetup, Setup


class NoDataplane:
    """LACP is spoken and user frames are somebody else's business."""

    name = "none"

    def refusal(self, setup: Setup) -> str | None:
        """Nothing is refused."""
        return None

    def create(self, setup: Setup) -> None:
        """There is no device to make."""

    @property
    def address(self) -> Mac | None:
        """There is no device to have one."""
        return None

    def configure(self, setup: Setup) -> None:
        """There is no device to change."""

    def ports(self) -> list[str]:
        """There is no device to be below."""
        return []

    def set_address(self, address: Mac) -> None:
        """There is no device to give it to."""

    def add_port(self, port: str, setup: PortSetup) -> None:
        """There is no device to put it below."""

    def remove_port(self, port: str) -> None:
        """There is no device to take it from."""

    def configure_port(self, port: str, setup: PortSetup) -> None:
        """Nobody listens."""

    def set_port_address(self, port: str, address: Mac | None) -> None:
        """A port keeps its address."""

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Nobody listens."""

    def activate(self, port: str | None) -> None:
        """Nobody listens."""

    def set_verdict(self, port: str, up: bool) -> None:
        """Nobody listens."""

    def map_hash(self, hash: int, port: str) -> None:
        """Nobody listens."""

    def set_carrier(self, up: bool) -> None:
        """Nobody listens."""

    def filenos(self) -> list[int]:
        """There is nothing to wait for."""
        return []

    def read(self) -> list[PlaneNews]:
        """There is no news."""
        return []

    def destroy(self, keep: bool = False) -> None:
        """There is no device to remove."""

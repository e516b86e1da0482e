"""The dataplane that moves nothing: decisions are reported by the daemon and go no further."""

from __future__ import annotations

from lacp.address import Mac


class NoDataplane:
    """LACP is spoken and user frames are somebody else's business."""

    name = "none"

    def create(self, device: str, address: Mac | None) -> None:
        """There is no device to make."""

    def set_address(self, address: Mac) -> None:
        """There is no device to give it to."""

    def add_port(self, port: str) -> None:
        """There is no device to put it below."""

    def remove_port(self, port: str) -> None:
        """There is no device to take it from."""

    def enable_port(self, port: str, collecting: bool, distributing: bool) -> None:
        """Nobody listens."""

    def set_carrier(self, up: bool) -> None:
        """Nobody listens."""

    def destroy(self) -> None:
        """There is no device to remove."""

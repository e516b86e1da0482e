"""The `loadbalance` runner: the hash of a frame says to which port it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lacp.runners.balancer import Balancer
from lacp.runners.base import HashMapped, PortAddressed
from lacp.runners.watched import WatchedPort, WatchedRunner


class LoadbalanceRunner(WatchedRunner):
    """Every port that can be used carries traffic, under the team's address.

    With a balancer the hashes are mapped to ports by what they carry; without one the dataplane
    divides them. A port is enabled before hashes are mapped to it, and disabled before its hashes
    are mapped to others: from that moment on the dataplane divides them, until they are.
    """

    name = "loadbalance"

    def __init__(self, balancer: Balancer | None = None) -> None:
        super().__init__()
        self._balancer = balancer

    @property
    def mapping(self) -> Mapping[int, str]:
        """The port of each hash (0..255), to be read; empty without a balancer or a port."""
        return {} if self._balancer is None else self._balancer.mapping

    def configure(self, now: float, **changes: Any) -> None:
        """Change whether hashes are mapped (`balancing`). Raises UsageError for anything else."""
        on = changes.pop("balancing", self._balancer is not None)
        super().configure(now, **changes)
        if on is not (self._balancer is not None):
            self._balancer = Balancer() if on else None
            self._distribute()

    def loads(self, octets: Mapping[int, int], now: float) -> None:
        """Take the octets that were sent with each hash (0..255) since the device was made."""
        self._tick(now)
        if self._balancer is not None:
            self._map(self._balancer.loads(octets))

    def _added(self, port: WatchedPort) -> None:
        self._say(PortAddressed(port.name, True, self._now))

    def _settle(self, port: WatchedPort) -> None:
        self._enable(port, port.usable)
        self._distribute()

    def _distribute(self) -> None:
        if self._balancer is not None:
            ports = {p.name: p.speed for p in self._ports.values() if p.enabled}
            self._map(self._balancer.distribute(ports))

    def _map(self, moves: Mapping[int, str]) -> None:
        for hash, port in moves.items():
            self._say(HashMapped(hash, port, self._now))


if TYPE_CHECKING:
    from lacp.runners.base import Runner

    _: Runner = LoadbalanceRunner()

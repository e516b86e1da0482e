"""The runners whose ports are all alike: `broadcast`, `roundrobin` and `random`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lacp.errors import UsageError
from lacp.runners.base import PortAddressed
from lacp.runners.watched import WatchedPort, WatchedRunner

NAMES = ("broadcast", "roundrobin", "random")


class _AlikeRunner(WatchedRunner):
    """Every port that can be used carries traffic, under the team's address.

    To which of them a frame goes is the business of the dataplane.
    """

    def _added(self, port: WatchedPort) -> None:
        self._say(PortAddressed(port.name, True, self._now))

    def _settle(self, port: WatchedPort) -> None:
        self._enable(port, port.usable)


class PlainRunner(_AlikeRunner):
    """One of `NAMES`."""

    def __init__(self, name: str) -> None:
        """A runner of this name. Raises UsageError when there is none."""
        if name not in NAMES:
            raise UsageError(f"no runner {name!r} of this kind, there are {', '.join(NAMES)}")
        super().__init__()
        self.name = name


class DriverLacpRunner(_AlikeRunner):
    """`lacp`, spoken by the driver of the device: every port that can be used is left to it."""

    name = "lacp"


if TYPE_CHECKING:
    from lacp.runners.base import Runner

    _: Runner = PlainRunner("roundrobin")

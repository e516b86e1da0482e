"""Whose address a team bears, and what its LACP system is called."""

from __future__ import annotations

from collections.abc import Collection

from lacp.address import Mac
from lacp.config.model import LacpConfig, TeamConfig
from lacp.daemon.files import SavedState
from lacp.daemon.team.member import Member
from lacp.dataplane.base import Dataplane

#: The system's address as long as none is known; no frame is sent under it.
NOBODY = Mac(bytes.fromhex("020000000000"))


class Addresses:
    """The address of the device, and that of the system, which is the same unless configured.

    Without a configured one the team takes the own address of its first port, and keeps it.
    """

    __slots__ = ("_saved", "_system", "team")

    def __init__(self, config: TeamConfig, saved: SavedState) -> None:
        self._saved = saved
        self._system = _system(config)
        #: What the device bears, or is to bear; None before anybody knows.
        self.team = config.hwaddr or self._remembered(config)

    @property
    def system(self) -> Mac | None:
        """The address of the LACP system; None before anybody knows."""
        return self._system if self._system is not None else self.team

    def system_under(self, config: TeamConfig) -> Mac | None:
        """What `system` is to be under a configuration that is about to be in force."""
        return _system(config) or config.hwaddr or self.team

    def _remembered(self, config: TeamConfig) -> Mac | None:
        # What was taken from a port holds as long as the port is in the team, else two teams
        # could have the same address.
        return self._saved.system if self._saved.system_from in config.ports else None

    def take_over(self, plane: Dataplane, config: TeamConfig) -> None:
        """A device that had ports already keeps the address that its users know."""
        if config.hwaddr is None and plane.address is not None:
            self.team = plane.address

    def adopt(self, members: Collection[Member]) -> Member | None:
        """Take the address of the first port that has one; every port has been heard of by now.

        Returns that port; None when nothing was taken.
        """
        origin = next((member for member in members if member.there), None)
        if origin is not None:
            self.team = origin.own
            self._saved.system, self._saved.system_from = self.team, origin.name
        return origin

    def configure(self, config: TeamConfig) -> Mac | None:
        """Take what a configuration says; returns the device's new address, None if it stays.

        An address that was taken from a port stays, whatever becomes of the port.
        """
        self._system = _system(config)
        if config.hwaddr in (None, self.team):
            return None
        self.team = config.hwaddr
        return self.team


def _system(config: TeamConfig) -> Mac | None:
    return config.runner.system if isinstance(config.runner, LacpConfig) else None

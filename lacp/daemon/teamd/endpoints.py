"""Everything through which teamd's clients reach one team: PID file, socket, D-Bus name."""

from __future__ import annotations

import os
from collections.abc import Callable

from lacp.daemon.service import Service
from lacp.daemon.team.team import Team
from lacp.daemon.teamd.bus import Bus
from lacp.daemon.teamd.files import ClientFiles
from lacp.daemon.teamd.subject import TeamSubject
from lacp.daemon.teamd.usock import Usock


class Endpoints:
    """Of one team, as the options of the process have them.

    `changed` is called after a method that may have changed when the service must be driven next.
    Raises BackendError, nothing being left, when one of them cannot be.
    """

    __slots__ = ("_bus", "_files", "_published", "_subject", "_usock", "team")

    def __init__(
        self,
        service: Service,
        team: Team,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        options = service.options
        self.team = team
        self._files = ClientFiles(options.teamd_run_dir, team.name, options.pid_file)
        self._subject = TeamSubject(service, team, os.fspath(self._files.pid))
        self._bus = Bus(self._subject, changed) if options.dbus else None
        self._published = False
        self._usock: Usock | None = None
        self._files.acquire()
        try:
            if options.usock:
                self._usock = Usock(self._subject, self._files.socket, changed)
        except BaseException:
            self._files.release()
            raise

    async def publish(self, patient: bool = False) -> None:
        """Take the name on D-Bus: from now on the team can be used. Once is enough.

        Raises BackendError, unless it is `patient` and goes on trying.
        """
        if self._bus is not None and not self._published:
            await self._bus.open(patient)
            self._published = True

    def close(self) -> None:
        """Remove socket and PID file."""
        if self._usock is not None:
            self._usock.close()
        self._files.release()

    async def withdraw(self) -> None:
        """Give the name on D-Bus back."""
        if self._bus is not None:
            await self._bus.close()

"""What others do to the devices of teams, and what the daemon makes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from lacp.config.model import TeamPort
from lacp.daemon.drive import Driver
from lacp.daemon.team.team import Team
from lacp.dataplane.base import (
    DeviceChanged,
    DeviceGone,
    Loads,
    PlaneNews,
    PortJoined,
    PortLeft,
    Trouble,
)
from lacp.errors import LacpError


class Others:
    """Takes the news of dataplanes; `gone` is told of a team whose device was removed."""

    def __init__(self, driver: Driver, gone: Callable[[Team, float], None]) -> None:
        self._driver = driver
        self._gone = gone

    def take(self, team: Team, news: PlaneNews, now: float) -> None:
        """Do what follows from a piece of news."""
        match news:
            case PortJoined(port):
                self._joined(team, port, now)
            case PortLeft(port, gone):
                self._left(team, port, gone, now)
            case DeviceChanged():
                team.device_changed(news, now)
            case DeviceGone():
                team.journal.say(logging.WARNING, "Team device removal detected.")
                team.let_go()
                self._gone(team, now)
            case Loads(octets):
                team.runner.loads(octets, now)
            case Trouble(text):
                team.journal.say(logging.WARNING, text)

    def _joined(self, team: Team, port: str, now: float) -> None:
        member = team.members.get(port)
        if member is None:
            self.adopt(team, port, now)
        elif not member.joined:
            team.journal.say(logging.INFO, "somebody put the port into the team", port)
            member.released = False
            team.place(member, now)
            self._driver.touched(team, now)

    def adopt(self, team: Team, port: str, now: float) -> None:
        """Take up a port that is below the device although nobody here put it there."""
        team.journal.say(logging.INFO, "taking up a port that somebody put into the team", port)
        self.add(team, team.config.port(port), now, adopted=True)

    def add(self, team: Team, port: TeamPort, now: float, adopted: bool = False) -> None:
        """Take up a port; when that cannot be, it is logged, and the others go on."""
        try:
            self._driver.add_ports(team, [port], now, adopted)
        except LacpError as error:
            team.journal.say(logging.ERROR, str(error), port.name)

    def _left(self, team: Team, port: str, gone: bool, now: float) -> None:
        member = team.members.get(port)
        if member is None:
            return
        if member.adopted:
            team.journal.say(logging.INFO, "somebody took the port out of the team", port)
            member.joined = False
            self._driver.remove_ports(team, [port], now)
        else:
            team.left(port, gone, now)

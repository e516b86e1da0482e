"""How much is logged, as teams ask for it while they run: teamd's debug level."""

from __future__ import annotations

import logging

_LOGGER = logging.getLogger("lacp")


class Verbosity:
    """The debug levels of the teams of a process: as much is logged as any of them wants.

    What the command line says holds until a level is set.
    """

    def __init__(self) -> None:
        self._levels: dict[str, int] = {}
        #: What is logged when no team wants more, from the first `set` on.
        self._calm: int | None = None

    def start(self, team: str, level: int) -> None:
        """Note the level that a team was started with."""
        self._levels[team] = level

    def level(self, team: str) -> int:
        """The level of a team."""
        return self._levels.get(team, 0)

    def set(self, team: str, level: int) -> None:
        """Log at level debug while this level is 1 or above."""
        self._levels[team] = level
        if self._calm is None:
            self._calm = max(_LOGGER.level, logging.INFO)
        _LOGGER.setLevel(logging.DEBUG if any(self._levels.values()) else self._calm)

    def forget(self, team: str) -> None:
        """The team has ended; what it wanted goes with it."""
        if self._levels.pop(team, 0) and self._calm is not None:
            self.set(team, 0)
            del self._levels[team]

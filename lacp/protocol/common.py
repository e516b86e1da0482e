"""What a system shares with its ports and its Selection Logic: parameters, time, and news."""

from __future__ import annotations

from math import inf

from lacp.protocol.config import SystemConfig
from lacp.protocol.events import Event


class Common:
    """One for a system: the system writes `config` and `now`, and all tell their news here."""

    __slots__ = ("config", "events", "now")

    def __init__(self, config: SystemConfig) -> None:
        #: The administrative parameters in force.
        self.config = config
        #: Seconds, as the driver last said.
        self.now = -inf
        #: What the driver has yet to take.
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        """Let the driver know."""
        self.events.append(event)

    def take(self) -> list[Event]:
        """What was told since the last time, in order."""
        events, self.events = self.events, []
        return events

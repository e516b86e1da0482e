"""What a system shares with its ports and its Selection Logic: parameters, time, and news."""

from __future__ import annotations

from collections import deque
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
        #: What the driver has yet to take; an empty deque would take more than half a kilobyte.
        self.events: deque[Event] | None = None

    def tell(self, event: Event) -> None:
        """Let the driver know."""
        if self.events is None:
            self.events = deque()
        self.events.append(event)

"""Ports that receive more than anybody may send: the others need room in the buffers, and time."""

from __future__ import annotations

from math import inf

from lacp.backends.base import Backend
from lacp.daemon.team.member import Member
from lacp.daemon.throttle import Budget

#: Slow-protocol frames that a port may pass to the engine in a second. Ten each for LACP, marker
#: and other protocols is what the standard allows (802.3 Annex 57A); nobody who keeps to it gets
#: near.
FRAMES = 200
#: Seconds for which a port that passed more is not listened to.
PAUSE = 1.0


class Floods:
    """Counts the frames of each port, and mutes those of which there are too many."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._frames = Budget(FRAMES)
        #: Flooded ports, and when to listen to each again.
        self._muted: dict[str, float] = {}
        #: Whether a slow-protocol frame of a port, at this time, is one that it may pass.
        self.afford = self._frames.afford

    def flooded(self, member: Member, now: float) -> None:
        """A frame came that the port may not pass."""
        member.flooded += 1
        port = member.name
        if port not in self._muted:
            # All ports share a receive buffer, in which the others need room.
            self._muted[port] = now + PAUSE
            self._backend.mute(port, True)
            member.team.journal.flood(port, FRAMES, now)

    def next(self) -> float:
        """When a port is to be heard again; infinity when none is muted."""
        return min(self._muted.values(), default=inf)

    def unmute(self, now: float) -> None:
        """Listen again to the ports that were muted long enough."""
        for port in [port for port, until in self._muted.items() if until <= now]:
            del self._muted[port]
            self._backend.mute(port, False)

    def forget(self, port: str) -> None:
        """The port has left."""
        self._frames.forget(port)
        self._muted.pop(port, None)

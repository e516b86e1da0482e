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
#: LACPDUs of its partner that a flooded port may pass beside them: what the standard allows.
PARTNER_FRAMES = 10
#: Seconds for which a port that passed more is not listened to.
PAUSE = 1.0


class Floods:
    """Counts the frames of each port, and mutes those of which there are too many.

    What the partner of a flooded port says is still heard, or whoever floods it with garbage would
    have it expired; unless the partner is who floods it.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._frames = Budget(FRAMES)
        self._partners = Budget(PARTNER_FRAMES)
        #: Flooded ports, and when to listen to each again.
        self._muted: dict[str, float] = {}
        #: Those of which not even the partner is heard.
        self._deaf: set[str] = set()
        #: Whether a slow-protocol frame of a port, at this time, is one of not too many.
        self.afford = self._frames.afford

    def spares(self, member: Member, frame: bytes, now: float) -> bool:
        """Whether a frame of a port that is flooded may pass because it is its partner's.

        Call it for one too many only; what may not pass is counted, and the port muted.
        """
        port = member.name
        partner = member.team.runner.partner_begins(port)
        if not partner or not frame.startswith(partner):
            self.flooded(member, now)
            return False
        if self._partners.afford(port, now):
            return True
        self.flooded(member, now)
        if port not in self._deaf:
            self._deaf.add(port)
            self._backend.mute(port, True)
        return False

    def flooded(self, member: Member, now: float) -> None:
        """A frame came that the port may not pass."""
        member.flooded += 1
        port = member.name
        if port not in self._muted:
            # All ports share a receive buffer, in which the others need room.
            self._muted[port] = now + PAUSE
            self._backend.mute(port, True, member.team.runner.partner_begins(port))
            member.team.journal.flood(port, FRAMES, now)

    def next(self) -> float:
        """When a port is to be heard again; infinity when none is muted."""
        return min(self._muted.values(), default=inf)

    def unmute(self, now: float) -> None:
        """Listen again to the ports that were muted long enough."""
        for port in [port for port, until in self._muted.items() if until <= now]:
            del self._muted[port]
            self._deaf.discard(port)
            self._backend.mute(port, False)

    def forget(self, port: str) -> None:
        """The port has left."""
        self._frames.forget(port)
        self._partners.forget(port)
        self._muted.pop(port, None)
        self._deaf.discard(port)

"""Whether link watchers that probe keep a port of the `lacp` runner out of its LAG.

A probe is answered only through a port that LACP has opened. So what they say of a port that is
closed, or has just been opened, means nothing; and a port that was held must be opened now and
then to learn whether it is good again.
"""

from __future__ import annotations

#: Seconds for which a port must be open before "down" counts: by default a probe goes out each
#: second, and three in a row may go unanswered; a switch learns addresses and ends its own waits.
SETTLING = 10.0
#: Seconds for which a port is held the first time; as long as no port carries traffic, each time.
FIRST_HOLD = 10.0
#: Each hold is twice as long as the one before, up to this many seconds: while a port is tried,
#: its share of the traffic is at stake.
LONGEST_HOLD = 300.0


class Probation:
    """What the link watchers say of one port, and what follows from it."""

    __slots__ = ("_good_since", "_hold", "_next_hold", "_opened_at", "held_at", "settling", "up")

    def __init__(self, settling: float | None) -> None:
        #: Seconds; None when no watcher probes, and the port is never held.
        self.settling = settling
        #: The summary of the watchers.
        self.up = False
        #: Since when the port is held; None when it is not.
        self.held_at: float | None = None
        self._opened_at: float | None = None
        #: Since when the port is open and said to be up.
        self._good_since: float | None = None
        self._hold = 0.0
        self._next_hold = FIRST_HOLD

    def verdict(self, up: bool, now: float) -> None:
        """Take another summary of the watchers."""
        if self.up and not up:
            self._forgive(now)
        self.up = up
        self._good_since = now if up and self._opened_at is not None else None

    def opened(self, now: float) -> None:
        """The port carries traffic, both ways."""
        self._opened_at = now
        self._good_since = now if self.up else None

    def closed(self, now: float) -> None:
        """The port no longer carries traffic."""
        self._forgive(now)
        self._opened_at = self._good_since = None

    def due(self, alone: bool) -> float | None:
        """When `judge` would hold the port or let it go; None if not without other news.

        `alone` says that no port carries traffic.
        """
        if self.held_at is not None:
            good = self.up or self.settling is None
            return self.held_at if good else self.held_at + self._length(alone)
        if self.up or self._opened_at is None or self.settling is None:
            return None
        return self._opened_at + self.settling

    def judge(self, alone: bool, now: float) -> None:
        """Hold the port, or let it go, when that is due."""
        due = self.due(alone)
        if due is None or now < due:
            return
        if self.held_at is None:
            self.held_at = now
            self._hold = self._next_hold
            self._next_hold = min(2 * self._hold, LONGEST_HOLD)
        else:
            self.held_at = None

    def release(self) -> None:
        """The link is down, which says it all: whatever comes back is tried at once."""
        self.held_at = None

    def _length(self, alone: bool) -> float:
        return FIRST_HOLD if alone else self._hold

    def _forgive(self, now: float) -> None:
        """Begin anew with short holds after a good time as long as the last one."""
        if self._good_since is not None and now - self._good_since >= self._hold:
            self._next_hold = FIRST_HOLD

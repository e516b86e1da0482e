"""The timers of one port: a table of deadlines, without callbacks (6.4.4, 6.4.8)."""

from __future__ import annotations

from enum import IntEnum
from math import inf

FAST_PERIODIC_TIME = 1.0
SLOW_PERIODIC_TIME = 30.0
SHORT_TIMEOUT_TIME = 3.0
LONG_TIMEOUT_TIME = 90.0
CHURN_DETECTION_TIME = 60.0
AGGREGATE_WAIT_TIME = 2.0


class Timer(IntEnum):
    """The timers; the value is the place in the table."""

    #: When what was recorded of the partner becomes stale.
    CURRENT_WHILE = 0
    #: When the next periodic LACPDU is due (periodic_timer; LACP_txWhen in 2020).
    PERIODIC = 1
    #: When the port need not wait any longer for others to aggregate with.
    WAIT_WHILE = 2
    #: When an actor out of sync becomes churn.
    ACTOR_CHURN = 3
    #: When a partner out of sync becomes churn.
    PARTNER_CHURN = 4
    #: When a restored link may be used again (2020).
    WAIT_TO_RESTORE = 5
    #: When a held-back LACPDU may be sent.
    TRANSMIT = 6
    #: When a marker counts as lost.
    MARKER = 7
    #: In a contest for an aggregator: when a port without one has proven itself, and when a
    #: partner that is out of sync counts as not wanting the LAG that has one.
    CONTEST = 8


class Clock:
    """What time it is for a system and all its ports: seconds, as its driver last said."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = -inf


_STOPPED = inf
_EXPIRED = -inf


class Timers:
    """Each timer is stopped, armed or expired; only an armed one has a deadline."""

    __slots__ = ("_deadlines",)

    def __init__(self) -> None:
        self._deadlines = [_STOPPED] * len(Timer)

    def start(self, timer: Timer, deadline: float) -> None:
        """Arm `timer` to expire at `deadline`."""
        self._deadlines[timer] = deadline

    def stop(self, timer: Timer) -> None:
        """Forget `timer`: neither armed nor expired."""
        self._deadlines[timer] = _STOPPED

    def expire(self, timer: Timer) -> None:
        """Make `timer` expired now."""
        self._deadlines[timer] = _EXPIRED

    def expired(self, timer: Timer) -> bool:
        """Whether the deadline of `timer` has passed."""
        return self._deadlines[timer] == _EXPIRED

    def stopped(self, timer: Timer) -> bool:
        """Whether `timer` is neither armed nor expired."""
        return self._deadlines[timer] == _STOPPED

    def deadline(self, timer: Timer) -> float | None:
        """When `timer` expires; None unless it is armed."""
        deadline = self._deadlines[timer]
        return None if deadline in (_STOPPED, _EXPIRED) else deadline

    def fire(self, now: float) -> int:
        """Expire what is due at `now`; a set of them, with bit 1 << timer for each."""
        fired = 0
        for timer, deadline in enumerate(self._deadlines):
            if _EXPIRED < deadline <= now:
                self._deadlines[timer] = _EXPIRED
                fired |= 1 << timer
        return fired

    def next(self) -> float:
        """The earliest deadline; infinity when no timer is armed."""
        return min((d for d in self._deadlines if d != _EXPIRED), default=_STOPPED)

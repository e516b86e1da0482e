"""The timers of one port: a table of deadlines, without callbacks (6.4.4, 6.4.8)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from math import inf

from lacp.info import PORT_STATES, PortState

FAST_PERIODIC_TIME = 1.0
SLOW_PERIODIC_TIME = 30.0
SHORT_TIMEOUT_TIME = 3.0
LONG_TIMEOUT_TIME = 90.0
CHURN_DETECTION_TIME = 60.0
AGGREGATE_WAIT_TIME = 2.0
#: Seconds that a periodic LACPDU waits for what there will be to say then, of the quarter of one
#: that the standard grants each timer.
NEWS_IN = 0.15


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


#: Those that each LACPDU is about: the lookup of a member takes longer than restarting a timer.
CURRENT_WHILE, PERIODIC, TRANSMIT = Timer.CURRENT_WHILE, Timer.PERIODIC, Timer.TRANSMIT
WAIT_WHILE = Timer.WAIT_WHILE


def timeout_time(state: PortState) -> float:
    """How long what the partner said counts for a port in this state (6.4.4)."""
    return _TIMEOUT_TIMES[state]


_TIMEOUT_TIMES = tuple(
    SHORT_TIMEOUT_TIME if PortState.SHORT_TIMEOUT in state else LONG_TIMEOUT_TIME
    for state in PORT_STATES
)


class Timers:
    """Each timer is stopped, armed or expired; only an armed one has a deadline."""

    __slots__ = ("_deadlines", "_expired", "_first")

    def __init__(self) -> None:
        #: No deadline is earlier; one that was stopped or restarted leaves it where it is.
        self._first = inf
        #: Infinity for a timer that is not armed: who asks for the next one, as happens with each
        #: frame, need not look at what the others are.
        self._deadlines = [inf] * len(Timer)
        #: A set, with bit 1 << timer for each.
        self._expired = 0

    def start(self, timer: Timer, deadline: float) -> None:
        """Arm `timer` to expire at `deadline`."""
        self._deadlines[timer] = deadline
        self._expired &= ~(1 << timer)
        if deadline < self._first:
            self._first = deadline

    def stop(self, timer: Timer) -> None:
        """Forget `timer`: neither armed nor expired."""
        self._deadlines[timer] = inf
        self._expired &= ~(1 << timer)

    def expire(self, timer: Timer) -> None:
        """Make `timer` expired now."""
        self._deadlines[timer] = inf
        self._expired |= 1 << timer

    def expired(self, timer: Timer) -> bool:
        """Whether the deadline of `timer` has passed."""
        return bool(self._expired & 1 << timer)

    def stopped(self, timer: Timer) -> bool:
        """Whether `timer` is neither armed nor expired."""
        return self._deadlines[timer] == inf and not self._expired & 1 << timer

    def deadline(self, timer: Timer) -> float | None:
        """When `timer` expires; None unless it is armed."""
        deadline = self._deadlines[timer]
        return None if deadline == inf else deadline

    def fire(self, now: float) -> int:
        """Expire what is due at `now`; a set of them, with bit 1 << timer for each."""
        deadlines = self._deadlines
        fired = 0
        while self._first <= now:
            if self._first in deadlines:
                timer = deadlines.index(self._first)
                deadlines[timer] = inf
                fired |= 1 << timer
            self._first = min(deadlines)
        self._expired |= fired
        return fired

    def fire_only(self, timers: Iterable[Timer], now: float) -> int:
        """Expire which of these are due at `now`, whatever others are; a set of them, as `fire`."""
        fired = 0
        for timer in timers:
            if self._deadlines[timer] <= now:
                self._deadlines[timer] = inf
                fired |= 1 << timer
        self._expired |= fired
        return fired

    def next_of(self, timers: Iterable[Timer]) -> float:
        """The earliest deadline of these; infinity when none of them is armed."""
        return min(self._deadlines[timer] for timer in timers)

    def next(self) -> float:
        """The earliest deadline; infinity when no timer is armed."""
        first = self._first
        if first not in self._deadlines:
            # Looking for one deadline takes much less time than comparing them all.
            self._first = first = min(self._deadlines)
        return first

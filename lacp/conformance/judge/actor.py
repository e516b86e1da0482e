"""One end of a link: what it said of itself and when, and what was checked of it so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from lacp.address import Mac
from lacp.conformance.judge.seen import Identity, Seen, name
from lacp.info import PortInfo, PortState
from lacp.protocol.timers import (
    FAST_PERIODIC_TIME,
    LONG_TIMEOUT_TIME,
    SHORT_TIMEOUT_TIME,
    SLOW_PERIODIC_TIME,
)

#: Runs of unlike LACPDUs that are remembered of an actor, and views of its partner in one run.
_RUNS = 128
_VIEWS = 32

#: What all timers may be off (6.4.4), and what a capture's clock and a busy device may add.
TOLERANCE = 0.25
GRACE = 0.5


@dataclass(slots=True)
class Run:
    """LACPDUs in a row in which an actor said the same of itself."""

    info: PortInfo
    first: float
    last: float
    #: The frames of the first and of the last.
    first_frame: int
    last_frame: int
    #: What it said of its partner meanwhile, by when it did last.
    views: dict[PortInfo, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Actor:
    """One end, known by its system and port number."""

    identity: Identity
    #: Its runs by time; the oldest are forgotten.
    said: deque[Run] = field(default_factory=lambda: deque(maxlen=_RUNS))
    #: Whether `said` still begins with the first LACPDU of the capture.
    complete: bool = True
    pdus: int = 0
    first: float = 0.0
    last: Seen | None = None
    before_last: Seen | None = None
    #: The other end, as far as either names the other.
    peer: Actor | None = None
    #: Since when its LACPDUs came without an interval that is half as long again as it may be.
    steady_since: float = 0.0
    #: Since when its own timeout bit is what it is.
    timeout_since: float = 0.0
    #: The time from which on a partner's LACPDU has certainly been recorded.
    floor: float = float("-inf")
    #: It was seen in COLLECTING without Distributing, which coupled control never shows.
    independent: bool = False
    sources: dict[Mac, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """SYSTEM#PORT."""
        return name(self.identity)

    @property
    def timeout(self) -> float:
        """Seconds after which it misses its partner, by its own timeout bit."""
        assert self.last is not None
        short = PortState.SHORT_TIMEOUT in self.last.actor.state
        return SHORT_TIMEOUT_TIME if short else LONG_TIMEOUT_TIME

    @property
    def period(self) -> float:
        """Seconds between its LACPDUs, by what it says that its partner asks for."""
        assert self.last is not None
        return asked(self.last)

    def add(self, seen: Seen) -> None:
        """Take its next LACPDU."""
        previous = self.last
        self.before_last, self.last = previous, seen
        self.pdus += 1
        run = self.said[-1] if self.said else None
        if previous is None:
            self.first = self.steady_since = self.timeout_since = seen.time
        else:
            if not 0 <= seen.time - previous.time <= 1.5 * asked(previous):
                self.steady_since = seen.time
            if (previous.actor.state ^ seen.actor.state) & PortState.SHORT_TIMEOUT:
                self.timeout_since = seen.time
        if run is None or run.info != seen.actor:
            self.complete = self.complete and len(self.said) < _RUNS
            run = Run(seen.actor, seen.time, seen.time, seen.frame, seen.frame)
            self.said.append(run)
        run.last, run.last_frame = seen.time, seen.frame
        run.views.pop(seen.partner, None)
        run.views[seen.partner] = seen.time
        if len(run.views) > _VIEWS:
            del run.views[next(iter(run.views))]
        state = seen.actor.state
        if PortState.COLLECTING in state and PortState.DISTRIBUTING not in state:
            self.independent = True

    def identities(self, since: float) -> list[PortInfo]:
        """What it said of itself at `since` or later, and just before."""
        runs = [run for run in self.said if run.last >= since - GRACE]
        earlier = [run for run in self.said if run.last < since - GRACE]
        return [run.info for run in earlier[-1:] + runs]


def asked(seen: Seen) -> float:
    """Seconds until the sender's next LACPDU is due, by what it knows of its partner (6.4.13)."""
    fast = PortState.SHORT_TIMEOUT in seen.partner.state
    return FAST_PERIODIC_TIME if fast else SLOW_PERIODIC_TIME

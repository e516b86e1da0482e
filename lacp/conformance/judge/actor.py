"""One end of a link: what it said of itself and when, and what was checked of it so far."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from lacp.conformance.judge.allowances import GRACE, MOMENT, SLACK, TOLERANCE
from lacp.conformance.judge.seen import Content, Identity, Seen, name
from lacp.info import PortInfo, PortState
from lacp.protocol.timers import FAST_PERIODIC_TIME, LONG_TIMEOUT_TIME, SHORT_TIMEOUT_TIME

#: Runs of unlike LACPDUs that are remembered of an actor, and views of its partner in one run.
_RUNS = 128
_VIEWS = 32


@dataclass(slots=True)
class Run:
    """LACPDUs in a row in which an actor said the same of itself."""

    info: PortInfo
    first: float
    last: float
    #: The frames of the first and of the last.
    first_frame: int
    last_frame: int
    #: What it said of its partner meanwhile, by when it did last; the latest view is last.
    views: list[tuple[PortInfo, float]] = field(default_factory=list)
    #: Older views were dropped.
    views_forgotten: bool = False


@dataclass(slots=True, eq=False)
class Actor:
    """One end, known by its system and port number."""

    identity: Identity
    name: str = ""
    #: Its runs by time; the oldest are forgotten.
    said: deque[Run] = field(default_factory=lambda: deque(maxlen=_RUNS))
    #: The time from which on `said` is complete.
    remembered: float = 0.0
    pdus: int = 0
    first: float = 0.0
    last: Seen | None = None
    before_last: Seen | None = None
    #: Its LACPDUs of the last moment, which may have overtaken each other, and the last before it.
    recent: deque[Seen] = field(default_factory=deque)
    older: Seen | None = None
    #: The other end, as far as either names the other.
    peer: Actor | None = None
    #: Since when its LACPDUs came so close that the capture has no hole between them.
    unbroken: float = 0.0
    #: Since when they have been octet for octet the same.
    unchanged: float = 0.0
    #: Since when its own timeout bit is what it is.
    timeout_since: float = 0.0
    #: Other names under which its address has sent before.
    names: frozenset[Identity] = frozenset()
    #: LACPDUs of its partner since it last said that it hears one.
    deaf_to: int = 0
    #: When it last sent something that was no LACPDU to everybody.
    spoke: float = float("-inf")
    #: It was seen in COLLECTING without Distributing, which coupled control never shows.
    independent: bool = False
    #: It was proved to say of itself what is not so: what others make of that is no fault.
    unreliable: bool = False
    #: The frame of the last finding against it.
    blamed: int = 0
    #: Until when two ports may be sending under its name.
    shared_until: float = float("-inf")

    def __post_init__(self) -> None:
        self.name = name(self.identity)

    def trusted(self, time: float) -> bool:
        """Whether what it says of itself is so, and it is one port."""
        return not self.unreliable and time > self.shared_until

    @property
    def timeout(self) -> float:
        """Seconds after which it misses its partner, by its own timeout bit."""
        assert self.last is not None
        return SHORT_TIMEOUT_TIME if self.last.content.short_timeout else LONG_TIMEOUT_TIME

    @property
    def patience(self) -> float:
        """Seconds in which it must have heard something, or be Expired."""
        assert self.last is not None
        timeout = self.timeout
        if self.timeout_since > self.last.time - LONG_TIMEOUT_TIME - GRACE:
            # The timer may have been started with the other value, and counts on.
            changed = self.timeout_since > self.first
            timeout = LONG_TIMEOUT_TIME if changed else timeout
        return timeout + TOLERANCE + GRACE

    @property
    def period(self) -> float:
        """Seconds between its LACPDUs, by what it says that its partner asks for."""
        assert self.last is not None
        return self.last.content.period

    def copies(self, seen: Seen) -> bool:
        """Whether the same octets were there a moment ago: a mirror, a loop or a link's copy."""
        recent, time = self.recent, seen.time
        while recent and not abs(time - recent[0].time) < MOMENT:
            self.older = recent.popleft()
        if recent and any(one.content is seen.content for one in recent):
            return True
        recent.append(seen)
        return False

    def add(self, seen: Seen) -> None:
        """Take its next LACPDU that is no copy."""
        previous = self.last
        self.before_last, self.last = previous, seen
        self.pdus += 1
        time = seen.time
        if previous is None:
            self.first = self.unbroken = self.unchanged = self.timeout_since = time
            self.remembered = time
        elif not follows(previous, seen):
            self.unbroken = time
        if previous is not None and previous.content is seen.content:
            run = self.said[-1]
            run.last, run.last_frame = time, seen.frame
            run.views[-1] = (seen.partner, time)
            return
        self.unchanged = time
        self._changed(previous, seen)

    def _changed(self, previous: Seen | None, seen: Seen) -> None:
        if previous and previous.content.short_timeout is not seen.content.short_timeout:
            self.timeout_since = seen.time
        run = self.said[-1] if self.said else None
        if run is None or run.info != seen.actor:
            if len(self.said) == _RUNS:
                self.remembered = self.said[1].first
            run = Run(seen.actor, seen.time, seen.time, seen.frame, seen.frame)
            self.said.append(run)
        run.last, run.last_frame = seen.time, seen.frame
        run.views = [view for view in run.views if view[0] != seen.partner]
        run.views.append((seen.partner, seen.time))
        if len(run.views) > _VIEWS:
            del run.views[0]
            run.views_forgotten = True
        if seen.content.collecting and PortState.DISTRIBUTING not in seen.actor.state:
            self.independent = True

    def selves(self, since: float) -> list[PortInfo]:
        """What it has said of itself since then, and just before."""
        result: list[PortInfo] = []
        for run in reversed(self.said):
            result.append(run.info)
            if run.first <= since:
                break
        return result


def follows(before: Seen, seen: Seen) -> bool:
    """Whether no periodic LACPDU of the sender is missing between the two."""
    period = before.content.period
    return 0 <= seen.time - before.time <= period + SLACK[period == FAST_PERIODIC_TIME]


def on_cadence(before: Seen, seen: Seen) -> bool:
    """Whether `seen` is the periodic LACPDU after `before`, with none between them."""
    return follows(before, seen) and seen.time - before.time >= 0.7 * before.content.period


def alike(one: Content, other: Content) -> bool:
    """Whether both say the same of both ends."""
    return one is other or (one.actor == other.actor and one.partner == other.partner)

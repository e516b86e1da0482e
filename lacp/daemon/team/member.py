"""One port of a team as the daemon sees it: what was configured, what is there, what was tried."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacp.address import NO_MAC, Mac
from lacp.config.model import TeamPort
from lacp.link import DOWN, Link
from lacp.watch.port import PortWatch

if TYPE_CHECKING:
    from lacp.daemon.team.team import Team


@dataclass(slots=True, eq=False)
class Member:
    """A port that the team has, or would have if it could."""

    team: Team
    config: TeamPort
    watch: PortWatch
    #: Somebody else put it below the device; no reload takes it away.
    adopted: bool = False
    #: The interface as last observed; None before the first news.
    link: Link | None = None
    #: The address that it bears when nobody gives it another one; NO_MAC when it is not known.
    own: Mac = NO_MAC
    #: It was below the device before anybody here put it there: who did knew its own address.
    taken_over: bool = False
    #: Whether the runner wants it to bear the address of the team.
    bears_team: bool = False
    #: Whether it is below the device, or used without one.
    joined: bool = False
    #: Whether it carries traffic, in either direction.
    carries: bool = False
    #: Somebody else took it from below the device; it waits for somebody to put it back.
    released: bool = False
    #: Why it is not used, in one line; empty when it is.
    missing: str = ""
    #: When to try again to put it below the device, and how long to wait after that.
    retry_at: float | None = None
    patience: float = 0.0
    #: Until when watchers that are new to the port are not believed when they say down.
    grace: float | None = None
    #: What the runner was told of it.
    told: Link = DOWN
    verdict: bool = False
    #: Frames that came too fast for the engine.
    flooded: int = 0
    #: Frames that the backend refused, by reason; None when there were none.
    refused: Counter[str] | None = None
    #: How often the link went down, and when the use of the port last changed.
    link_downs: int = 0
    changed_at: float | None = None
    #: Why the interface refused the last of our frames that it refused.
    refusal: str = ""

    @property
    def name(self) -> str:
        """The name of its interface."""
        return self.config.name

    @property
    def there(self) -> bool:
        """Whether there is an interface that could be a port."""
        return self.link is not None and self.link.address != NO_MAC

    def refuse(self, reason: str) -> None:
        """Count a frame that the backend refused."""
        if self.refused is None:
            self.refused = Counter()
        self.refused[reason] += 1

    @property
    def refused_rx(self) -> int:
        """How many the backend refused."""
        return 0 if self.refused is None else self.refused.total()

    def observe(self, link: Link) -> None:
        """Take a new observation of its interface."""
        if self.link is not None and self.link.up and not link.up:
            self.link_downs += 1
        self.link = link

    def next_deadline(self) -> float | None:
        """When its watchers must be looked at, or joining be tried again."""
        if self.retry_at is None and self.grace is None:
            return self.watch.next_deadline()
        deadlines = (self.watch.next_deadline(), self.retry_at, self.grace)
        return min((at for at in deadlines if at is not None), default=None)

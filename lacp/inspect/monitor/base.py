"""What every source of events is to those who listen, and what they share."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from lacp.picture.differences import differences
from lacp.picture.events import Event
from lacp.picture.model import LagView, PortView
from lacp.text import count

#: Seconds between two looks at what nobody tells.
INTERVAL = 1.0
#: Seconds without an end.
NEVER = float("inf")


@dataclass(slots=True)
class Listening:
    """What the sources of one listener share."""

    #: Where they enter the descriptors that they wait on.
    poll: select.epoll = field(default_factory=select.epoll)
    #: LAGs whose owner tells of them itself, by name: the kernel's word on their device is not
    #: passed on. The value is the source.
    claimed: dict[str, str] = field(default_factory=dict)
    #: Seconds between two looks at what nobody tells.
    interval: float = INTERVAL
    #: The number of the network namespace in which the kernel is heard.
    here: int | None = None
    clock: Callable[[], float] = time.monotonic

    def claim(self, lag: LagView, netns: int | None) -> None:
        """Note who tells of a LAG himself, if its device is in the namespace that is heard."""
        if netns in (None, self.here):
            self.claimed[lag.name] = lag.source

    def release(self, lag: LagView) -> None:
        """He tells no more."""
        if self.claimed.get(lag.name) == lag.source:
            del self.claimed[lag.name]


class Source(Protocol):
    """Something that tells of LAGs. No call waits."""

    def read(self) -> Iterator[Event]:
        """What has come since the last call; early and repeated calls are harmless."""

    def deadline(self) -> float:
        """When `read` is due although no descriptor says so, on the listener's clock."""

    def ready(self) -> bool:
        """Whether what is there is known."""

    def lags(self) -> list[LagView]:
        """The LAGs as far as they are known by now."""

    def close(self) -> None:
        """Listen no more."""


def resynced(old: LagView | None, new: LagView, why: str) -> list[Event]:
    """What was missed between two pictures, each difference, and then how many there were."""
    found = [marked(each) for each in differences(old, new)]
    return [*found, resync_over(new, why, len(found))]


def marked(event: Event) -> Event:
    """As one that is told late."""
    return replace(event, facts={**event.facts, "resync": True})


def resync_over(lag: LagView, why: str, found: int) -> Event:
    """The line behind the differences."""
    said = count(found, "difference") if found else "nothing is different"
    facts = {"detail": f"{why}: {said}", "differences": found}
    return Event(event="resynced", lag=lag.name, source=lag.source, facts=facts)


def about(lag: LagView, event: str, detail: str) -> Event:
    """An event about the source of a LAG."""
    return Event(event=event, lag=lag.name, source=lag.source, facts={"detail": detail})


def missed(lag: LagView, old: PortView | None, new: PortView) -> list[Event]:
    """That a link went down more often than it was seen to, from the count of whoever watches."""
    if old is None or old.link_downs is None or new.link_downs is None:
        return []
    seen = old.link.up is True and new.link.up is False
    unseen = new.link_downs - old.link_downs - seen
    if unseen <= 0:
        return []
    times = count(unseen, "more time")
    facts = {"detail": f"the link went down {times} than was seen", "missed": unseen}
    return [Event(event="overrun", lag=lag.name, port=new.name, source=lag.source, facts=facts)]

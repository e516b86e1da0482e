"""What a device under test is, and what a case can ask of it and of the bench it stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.variables import Control


class Need(StrEnum):
    """What a bench can do beside exchanging frames; a case names what it cannot do without."""

    #: The bench can take a link down and up.
    LINK = "link"
    #: The bench can make a link half duplex.
    HALF_DUPLEX = "half_duplex"
    #: The bench can hand a frame to a port whose link is down; only in virtual time.
    DEAF = "deaf"
    #: The device's machines and counters can be read and its parameters changed while it runs.
    MANAGEMENT = "management"
    #: User frames can be sent and collected at the device's aggregate interface.
    DATAPLANE = "dataplane"
    #: The device's LACP can be stopped and started.
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device under test, as far as cases depend on it. None is: not known, any will do."""

    #: A name of `EDITIONS`.
    edition: str = "2014"
    #: None: found out as it goes, and both are right.
    control: Control | None = None
    #: Speaks first; False is passive.
    activity: bool = True
    short_timeout: bool = False
    #: False: configured Individual.
    aggregation: bool = True
    #: The Version_Number of its LACPDUs.
    version: int = 1
    #: How many links of a LAG it uses at most; None is no limit below the links of the bench.
    max_links: int | None = None
    #: Into how many LAGs of its own, by key, its ports are divided: port n is in LAG n modulo this.
    lags: int = 1
    #: How many aggregators its ports share, so that no more LAGs can be in use; None is one for
    #: each port.
    aggregators: int | None = None
    #: Seconds of wait-to-restore, and whether a restored link is used beside others (2020).
    wait_to_restore: float = 0.0
    revertive: bool = True
    #: Whether ports without a partner carry traffic.
    fallback: bool = False

    @property
    def rules(self) -> Edition:
        """What its edition demands."""
        return EDITIONS[self.edition]

    @property
    def timeout(self) -> float:
        """Seconds after which it misses its partner."""
        return 3.0 if self.short_timeout else 90.0

    def usable(self, links: Iterable[int]) -> int:
        """How many of these links it uses at once, at least, with one partner on all of them."""
        lags = Counter(link % self.lags if self.aggregation else link for link in links)
        used = sorted(min(size, self.max_links or size) for size in lags.values())
        return sum(used[: self.aggregators])


#: What a case may demand of a device, by name.
FEATURES = frozenset(field.name for field in fields(Device)) - {"edition"}

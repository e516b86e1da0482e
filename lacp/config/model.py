"""What a configuration says, as frozen values; names and defaults are teamd's where it has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lacp.address import Mac
from lacp.config.document import Json

#: The runners of teamd.conf that this version runs.
RUNNERS = ("lacp",)
#: The dataplanes of this version.
DATAPLANES = ("none", "memory")
EDITIONS = ("2008", "2014", "2014-cor1", "2020")
CONTROLS = ("independent", "coupled")
FALLBACKS = ("none", "single", "static")


@dataclass(frozen=True, slots=True, kw_only=True)
class LacpConfig:
    """`runner` of a team that runs LACP."""

    #: Speak first (LACP_Activity).
    active: bool = True
    #: Ask for a LACPDU each second and miss the partner after 3 s, not 30 s and 90 s.
    fast_rate: bool = False
    #: System Priority; lower is stronger.
    sys_prio: int = 65535
    #: The System's address: `runner.system`, else `hwaddr`; None takes that of a port.
    system: Mac | None = None
    #: With fewer usable ports the team has no carrier, and withholds Synchronization.
    min_ports: int = 1
    #: Ports beyond this number stand by; None is no limit.
    max_ports: int | None = None
    #: ``independent`` or ``coupled``.
    control: str = "independent"
    #: Edition of IEEE 802.1AX: 2008, 2014, 2014-cor1 or 2020.
    edition: str = "2014"
    #: Seconds a port waits for others to aggregate with.
    aggregate_wait: float = 2.0
    #: What becomes of ports that hear no partner: none, single or static.
    fallback: str = "none"
    #: Tens of microseconds.
    collector_max_delay: int = 0
    #: Seconds (edition 2020).
    wait_to_restore: float = 0.0
    #: Edition 2020.
    revertive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPort:
    """One entry of `ports`."""

    name: str
    #: Port Priority; lower is stronger.
    lacp_prio: int = 255
    #: The key: ports of one team with different keys do not aggregate.
    lacp_key: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamConfig:
    """One team: one teamd.conf."""

    #: Its name; None takes the first free ``team<N>``.
    device: str | None
    #: 1 and above logs at level debug.
    debug_level: int = 0
    runner: LacpConfig = LacpConfig()
    #: By name, in the order of the document.
    ports: Mapping[str, TeamPort] = field(default_factory=dict)
    #: One of DATAPLANES; None leaves it to the command line.
    dataplane: str | None = None
    #: The document as it was read, or as a change made it, unknown keys included.
    document: Mapping[str, Json] = field(default_factory=dict, repr=False, compare=False)
    #: The same as text.
    text: str = field(default="", repr=False, compare=False)
    #: Where it came from, for messages.
    source: str = field(default="", compare=False)

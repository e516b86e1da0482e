"""The small value sets of the standard and of this implementation's choices."""

from __future__ import annotations

from enum import Enum, StrEnum


class Selected(Enum):
    """What the Selection Logic has decided of a port (6.4.8)."""

    UNSELECTED = "UNSELECTED"
    SELECTED = "SELECTED"
    STANDBY = "STANDBY"


class Control(StrEnum):
    """Whether collecting and distributing are switched apart or together (6.4.15)."""

    INDEPENDENT = "independent"
    COUPLED = "coupled"


class AggSelectPolicy(StrEnum):
    """Which LAG has an aggregator when there are fewer than LAGs; not part of the standard."""

    #: The one with the strongest port, as the better of its two systems ranks ports.
    LACP_PRIO = "lacp_prio"
    #: The same, but the one that has it keeps it as long as it can be used.
    LACP_PRIO_STABLE = "lacp_prio_stable"
    #: The fastest one.
    BANDWIDTH = "bandwidth"
    #: The one with most ports.
    COUNT = "count"
    #: The one with the port of the highest `prio`; a sticky port keeps its LAG in use.
    PORT_CONFIG = "port_config"


class Fallback(StrEnum):
    """What becomes of ports that hear no partner; not part of the standard."""

    #: They carry no traffic.
    NONE = "none"
    #: One of them does, so that a host can boot over it.
    SINGLE = "single"
    #: All of them do, as one static aggregate.
    STATIC = "static"

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


class Fallback(StrEnum):
    """What becomes of ports that hear no partner; not part of the standard."""

    #: They carry no traffic.
    NONE = "none"
    #: One of them does, so that a host can boot over it.
    SINGLE = "single"
    #: All of them do, as one static aggregate.
    STATIC = "static"

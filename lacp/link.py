"""What is known of the physical link below a port."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lacp.address import NO_MAC, Mac


class Duplex(StrEnum):
    """How the link is shared; only full duplex is point to point for LACP (6.4.8, LACP_Enabled)."""

    FULL = "full"
    HALF = "half"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Link:
    """One observation of an interface."""

    #: Carrier and administrative state together: frames can pass.
    up: bool = False
    #: Mb/s; None when the interface does not say.
    speed: int | None = None
    #: Virtual interfaces often do not know; only HALF disables LACP.
    duplex: Duplex = Duplex.UNKNOWN
    #: The port's own address, the source of every frame it sends.
    address: Mac = NO_MAC


DOWN = Link()


def speed(megabits: int | None) -> str:
    """A link's speed as people say it: 100M, 2.5G, 400G."""
    if megabits is None:
        return ""
    return f"{megabits}M" if megabits < 1000 else f"{megabits / 1000:g}G"

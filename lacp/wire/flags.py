"""The eight bits of a state octet, in letters and in words."""

from __future__ import annotations

from dataclasses import dataclass

from lacp.info import PORT_STATES, PortState


@dataclass(frozen=True, slots=True)
class Bit:
    """One bit of Actor_State or Partner_State (6.4.2.3)."""

    flag: PortState
    letter: str
    #: What it means when it is set, and when it is not.
    on: str
    off: str

    @property
    def name(self) -> str:
        """The bit's name as documents have it."""
        return str(self.flag.name).lower()

    def meaning(self, state: int) -> str:
        """What this bit of `state` says."""
        return self.on if state & self.flag else self.off


#: In bit order; the letters are those of tshark, but for T, which is a second S there.
BITS = (
    Bit(PortState.ACTIVITY, "A", "active: speaks first", "passive: speaks when spoken to"),
    Bit(PortState.SHORT_TIMEOUT, "T", "short: wants one each second", "long: wants one each 30 s"),
    Bit(PortState.AGGREGATION, "G", "may aggregate", "individual"),
    Bit(PortState.SYNCHRONIZATION, "S", "in sync", "out of sync"),
    Bit(PortState.COLLECTING, "C", "collecting", "not collecting"),
    Bit(PortState.DISTRIBUTING, "D", "distributing", "not distributing"),
    Bit(PortState.DEFAULTED, "F", "defaulted: hears no partner", "hears its partner"),
    Bit(PortState.EXPIRED, "E", "expired: partner gone silent", "not expired"),
)

LEGEND = (
    "State letters, in bit order: A active, T short timeout, G aggregation, S in sync, "
    "C collecting, D distributing, F defaulted (no partner heard), E expired (partner silent)."
)


def letters(state: int | None) -> str:
    """The octet as eight letters in bit order, a dash for each bit that is clear."""
    if state is None:
        return "?"
    return PORT_STATES[state & 0xFF].letters

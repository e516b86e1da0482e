"""What one end of a link says of itself: Actor and Partner information of a LACPDU (6.4.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from lacp.address import NO_MAC, Mac


class PortState(IntFlag):
    """The Actor_State or Partner_State octet (6.4.2.3), least significant bit first."""

    ACTIVITY = 0x01
    SHORT_TIMEOUT = 0x02
    AGGREGATION = 0x04
    SYNCHRONIZATION = 0x08
    COLLECTING = 0x10
    DISTRIBUTING = 0x20
    DEFAULTED = 0x40
    EXPIRED = 0x80

    @property
    def flags(self) -> list[str]:
        """The names of the bits that are set, in bit order, in lower case."""
        return [str(flag.name).lower() for flag in PortState if flag in self]

    @property
    def letters(self) -> str:
        """The octet as eight letters in bit order, a dash for each bit that is clear."""
        octet = int(self)
        return "".join(letter if octet & 1 << bit else "-" for bit, letter in enumerate(_LETTERS))


#: Active, T short timeout, G aggregation, Sync, Collecting, Distributing, F defaulted, Expired.
_LETTERS = "ATGSCDFE"


#: The octet as a value, by number: building an IntFlag costs a microsecond, this next to nothing.
PORT_STATES = tuple(PortState(octet) for octet in range(256))


def having(flag: PortState) -> tuple[bool, ...]:
    """Whether a state has the flag, by number: `in` asks in Python, which takes four times as long.

    For what is asked again and again while ports settle.
    """
    return tuple(flag in state for state in PORT_STATES)


#: Those of the flags on which ports settle.
ACTIVE = having(PortState.ACTIVITY)
SHORT = having(PortState.SHORT_TIMEOUT)
AGGREGATING = having(PortState.AGGREGATION)
IN_SYNC = having(PortState.SYNCHRONIZATION)
COLLECTS = having(PortState.COLLECTING)
DISTRIBUTES = having(PortState.DISTRIBUTING)
DEFAULTED = having(PortState.DEFAULTED)


def changed(state: PortState, on: int = 0, off: int = 0) -> PortState:
    """`state` with bits set, then cleared; as numbers, so that no IntFlag is built on the way."""
    return PORT_STATES[(int(state) | int(on)) & ~int(off) & 0xFF]


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A port and its system, as an actor announces them or as a partner's were recorded."""

    system_priority: int = 0
    system: Mac = NO_MAC
    key: int = 0
    port_priority: int = 0
    port: int = 0
    state: PortState = PORT_STATES[0]

    @property
    def system_id(self) -> tuple[int, Mac]:
        """The System Identifier; the lower value has the higher priority (6.7.1)."""
        return self.system_priority, self.system

    @property
    def port_id(self) -> tuple[int, int]:
        """The Port Identifier; the lower value has the higher priority (6.7.1)."""
        return self.port_priority, self.port

    @property
    def identity(self) -> tuple[int, Mac, int, int, int]:
        """The five fields that say who this is, without the state octet."""
        return self.system_priority, self.system, self.key, self.port_priority, self.port

    def with_state(self, state: PortState) -> PortInfo:
        """The same port in another state; `dataclasses.replace` takes three times as long."""
        return PortInfo(
            self.system_priority, self.system, self.key, self.port_priority, self.port, state
        )

    def __str__(self) -> str:
        return (
            f"{self.system_priority:#06x},{self.system} key {self.key} "
            f"port {self.port_priority:#06x},{self.port} state {self.state:#04x}"
        )

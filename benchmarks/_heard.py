"""What is noted of the LACPDUs of many ports: when they come, and what they say of their sender."""

from __future__ import annotations

from dataclasses import dataclass, field

from lacp.info import PortState

#: Where a LACPDU without its Ethernet header has the state of its sender; with it, 14 later.
ACTOR_STATE = 18
ETHERNET = 14
_CARRIES = int(PortState.SYNCHRONIZATION | PortState.COLLECTING | PortState.DISTRIBUTING)
_LOST = int(PortState.EXPIRED | PortState.DEFAULTED)


@dataclass(slots=True)
class Sender:
    """The LACPDUs of one port."""

    #: When the last one came.
    last: float = 0.0
    #: The greatest time between two of them.
    gap: float = 0.0
    frames: int = 0
    #: Those that told that their sender does not hear its partner.
    lost: int = 0
    #: Whether the sender says that it carries traffic.
    carries: bool = False


@dataclass(slots=True)
class Heard:
    """The LACPDUs of all of them, in seconds on one scale."""

    ports: dict[str, Sender] = field(default_factory=dict)
    #: How many senders carry traffic.
    carrying: int = 0

    def note(self, name: str, at: float, state: int) -> None:
        """A LACPDU: of a port, sent at that time, with that state of its actor."""
        sender = self.ports.get(name)
        if sender is None:
            sender = self.ports[name] = Sender()
        if sender.last and at - sender.last > sender.gap:
            sender.gap = at - sender.last
        sender.last = at
        sender.frames += 1
        sender.lost += state & _LOST != 0
        carries = state & _CARRIES == _CARRIES and not state & _LOST
        self.carrying += carries - sender.carries
        sender.carries = carries

    def clear(self) -> None:
        """Forget the times and counts so far."""
        for sender in self.ports.values():
            sender.last = sender.gap = sender.frames = sender.lost = 0

    def latest(self, now: float, period: float = 1.0) -> float:
        """By how much the longest silence of any port was longer than the period."""
        silences = (max(sender.gap, now - sender.last) for sender in self.ports.values())
        return max(silences, default=now) - period

    def frames(self) -> int:
        return sum(sender.frames for sender in self.ports.values())

    def expired(self) -> int:
        """How many ports told that they did not hear their partner in time."""
        return sum(sender.lost > 0 for sender in self.ports.values())

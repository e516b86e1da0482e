"""A cable between two ports: how long frames take, which of them arrive, and who has carrier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from lacp.errors import UsageError
from lacp.link import DOWN, Duplex, Link

if TYPE_CHECKING:
    from lacp.sim.network import Network

#: A port of a network: the node's name and the port's name there.
End = tuple[str, str]


@dataclass(frozen=True, slots=True)
class UserFrame:
    """A frame of the MAC client, as far as the simulation looks at it."""

    #: The port that distributed it.
    source: End
    sent_at: float


Payload = bytes | UserFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What one direction of a cable does to frames; each probability is of one frame."""

    #: Seconds from one end to the other.
    latency: float = 0.001
    #: Up to this many seconds more, drawn for each frame; order is kept.
    jitter: float = 0.0
    loss: float = 0.0
    duplication: float = 0.0
    #: Frames that others overtake: they take `delay` seconds more.
    reordering: float = 0.0
    delay: float = 0.01
    #: Frames of which up to `flips` bits are wrong when they arrive.
    corruption: float = 0.0
    flips: int = 3
    #: Nothing arrives any more and no end can tell: a one-way failure.
    silent: bool = False

    def __post_init__(self) -> None:
        for name in ("latency", "jitter", "delay"):
            if not 0 <= getattr(self, name) < inf:
                raise UsageError(f"{name} is {getattr(self, name)}, expected seconds from 0")
        for name in ("loss", "duplication", "reordering", "corruption"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}, expected 0 to 1")


@dataclass(slots=True)
class Direction:
    """One way through a cable."""

    faults: Faults
    #: When the last frame that kept its place arrives; none after it may be earlier.
    last_arrival: float = -inf

    def arrivals(self, payload: Payload, now: float, dice: Random) -> list[tuple[float, Payload]]:
        """When `payload`, sent at `now`, arrives and as what; empty when it is lost.

        Nothing is drawn for a fault of probability zero, so that adding a fault to one cable
        leaves the luck of a network that has none untouched.
        """
        faults = self.faults
        if faults.silent or _happens(faults.loss, dice):
            return []
        return [
            self._arrival(payload, now, dice) for _ in range(1 + _happens(faults.duplication, dice))
        ]

    def _arrival(self, payload: Payload, now: float, dice: Random) -> tuple[float, Payload]:
        faults = self.faults
        at = now + faults.latency
        if faults.jitter:
            at += dice.random() * faults.jitter
        if isinstance(payload, bytes) and _happens(faults.corruption, dice):
            payload = _corrupted(payload, dice.randint(1, faults.flips), dice)
        if _happens(faults.reordering, dice):
            return at + faults.delay, payload
        self.last_arrival = max(at, self.last_arrival)
        return self.last_arrival, payload


class Cable:
    """A cable, made by `Network.cable`; its ends may belong to one system, or be one port."""

    def __init__(self, network: Network, ends: tuple[End, End], faults: Faults, link: Link) -> None:
        self._network = network
        self.ends = ends
        self.plugged = True
        #: What an end sees of a cable that is in place, but for the port's own address.
        self.link = link
        self._ways = {end: Direction(faults) for end in ends}
        self._no_carrier: set[End] = set()
        #: Which plugging this is: frames in flight do not survive into the next.
        self.generation = 0

    def __repr__(self) -> str:
        names = " - ".join(":".join(end) for end in self.ends)
        return f"<Cable {names}{'' if self.plugged else ', pulled'}>"

    def far(self, end: End) -> End:
        """The other end."""
        return self.ends[1] if end == self.ends[0] else self.ends[0]

    def way(self, source: End) -> Direction:
        """The direction from the end `source`."""
        return self._ways[source]

    def carrier(self, end: End) -> bool:
        """Whether `end` sees a link."""
        return self.plugged and end not in self._no_carrier

    def seen_by(self, end: End) -> Link:
        """What `end` sees, but for the port's own address."""
        return self.link if self.carrier(end) else DOWN

    # Faults.

    def set(self, source: End | None = None, **changes: Any) -> None:
        """Change faults by the names of `Faults`, in the direction from `source` or in both."""
        for end in dict.fromkeys(self.ends) if source is None else (source,):
            self._ways[end].faults = replace(self._ways[end].faults, **changes)

    def heal(self) -> None:
        """No faults but latency, carrier at both ends, plugged in."""
        for way in self._ways.values():
            way.faults = Faults(latency=way.faults.latency)
        self._no_carrier.clear()
        self.plugged = True
        self._network.links_changed(self)

    def pull(self) -> None:
        """Both ends lose carrier; what is in flight is lost."""
        self.plugged = False
        self.generation += 1
        self._network.links_changed(self)

    def plug(self) -> None:
        """Put a pulled cable back."""
        self.plugged = True
        self._network.links_changed(self)

    def lose_carrier(self, end: End) -> None:
        """Only `end` sees the link go down; no frame comes through either way."""
        self._no_carrier.add(end)
        self._network.links_changed(self)

    def regain_carrier(self, end: End) -> None:
        """`end` sees the link again."""
        self._no_carrier.discard(end)
        self._network.links_changed(self)

    def flap(self, times: int = 1, down: float = 0.1, up: float = 0.1) -> None:
        """Pull the cable now and plug it after `down` seconds, `times` times, `up` apart."""
        at = self._network.now
        for _ in range(times):
            self._network.at(at, self.pull)
            self._network.at(at + down, self.plug)
            at += down + up

    def set_link(self, *, speed: int | None = None, duplex: Duplex | None = None) -> None:
        """Renegotiate; what is not given stays. `speed` is in Mb/s."""
        self.link = replace(
            self.link,
            speed=self.link.speed if speed is None else speed,
            duplex=self.link.duplex if duplex is None else duplex,
        )
        self._network.links_changed(self)

    def move(self, end: End, to: End, gap: float = 0.0) -> None:
        """Put the plug at `end` into the port `to` instead, `gap` seconds later."""
        if end not in self.ends:
            raise UsageError(f"{self!r} has no end {':'.join(end)}")
        ends = (to, self.ends[1]) if end == self.ends[0] else (self.ends[0], to)
        self._network.plug(to, self)
        self.pull()
        self._ways = {
            new: Direction(self._ways[old].faults) for old, new in zip(self.ends, ends, strict=True)
        }
        self.ends = ends
        if end not in ends:
            self._network.unplug(end)
        self._network.at(self._network.now + gap, self.plug)

    def remove(self) -> None:
        """Pull the cable for good: both ports are free for another."""
        self.pull()
        for end in set(self.ends):
            self._network.unplug(end)


def _happens(probability: float, dice: Random) -> bool:
    return probability > 0 and dice.random() < probability


def _corrupted(frame: bytes, flips: int, dice: Random) -> bytes:
    octets = bytearray(frame)
    for _ in range(flips if frame else 0):
        bit = dice.randrange(8 * len(octets))
        octets[bit // 8] ^= 1 << bit % 8
    return bytes(octets)

"""LACPDUs as the judge sees them, decoded once for all that are octet for octet the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lacp.address import Mac
from lacp.info import PortInfo, PortState
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.validate import Deviation, validate

#: SYSTEM and port number of an end.
Identity = tuple[Mac, int]


@dataclass(frozen=True, slots=True)
class Content:
    """What one sequence of octets says; shared by every frame that repeats them."""

    pdu: Lacpdu
    source: Mac
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One LACPDU at its place in the capture."""

    frame: int
    #: Seconds since the first frame.
    time: float
    content: Content

    @property
    def actor(self) -> PortInfo:
        """What the sender says of itself."""
        return self.content.pdu.actor

    @property
    def partner(self) -> PortInfo:
        """What the sender has recorded of its partner."""
        return self.content.pdu.partner

    @property
    def current(self) -> bool:
        """Whether the sender's receive machine shows as CURRENT: it hears its partner."""
        return not self.actor.state & (PortState.DEFAULTED | PortState.EXPIRED)


def identity(info: PortInfo) -> Identity:
    """Which end `info` is."""
    return info.system, info.port


def name(end: Identity) -> str:
    """`end` as reports call it: SYSTEM#PORT."""
    return f"{end[0]}#{end[1]}"


@lru_cache(maxsize=4096)
def read(frame: bytes, start: int, cooked: bool) -> Content:
    """The content of `frame`, a LACPDU whose payload begins at `start`.

    Raises DecodeError when a receiver would refuse it. A cooked frame's destination is unknown.
    """
    pdu = Lacpdu.decode(frame[start:])
    found = validate(frame)
    if cooked:
        found = [deviation for deviation in found if deviation.offset != 0]
    return Content(pdu, Mac(frame[6:12]), tuple(found))

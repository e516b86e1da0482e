"""LACPDUs as the judge sees them, decoded once for all that are octet for octet the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from lacp.address import NO_MAC, SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.protocol.timers import FAST_PERIODIC_TIME, SLOW_PERIODIC_TIME
from lacp.wire.lacpdu import Lacpdu
from lacp.wire.validate import Deviation, validate

#: Where the two information blocks of an untagged LACPDU are, and how they are laid out.
_ACTOR, _PARTNER = 18, 38
_INFORMATION = Struct(">H6sHHHB")

#: Bits of the receive machine that only CURRENT has clear, and bits that the Mux machine sets.
_NOT_CURRENT = (PortState.DEFAULTED | PortState.EXPIRED).value
_TRAFFIC = PortState.COLLECTING | PortState.DISTRIBUTING
_MUX = PortState.SYNCHRONIZATION | _TRAFFIC

#: SYSTEM and port number of an end.
Identity = tuple[Mac, int]


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What one sequence of octets says; shared by every frame that repeats them."""

    #: What the sender says of itself, and what it has recorded of its partner.
    actor: PortInfo
    partner: PortInfo
    #: The ends that the two blocks name.
    end: Identity
    other: Identity
    collector_max_delay: int
    source: Mac
    #: Whether the sender's receive machine shows as CURRENT: it hears its partner.
    current: bool
    #: Bits of its state, and that neither end says that it is active.
    short_timeout: bool
    collecting: bool
    defaulted: bool
    expired: bool
    passive: bool
    #: Seconds until the sender's next LACPDU is due, by what it knows of its partner (6.4.13).
    period: float
    deviations: tuple[Deviation, ...]


class Seen:
    """One LACPDU at its place in the capture."""

    __slots__ = ("actor", "content", "current", "frame", "partner", "time")

    def __init__(self, frame: int, time: float, content: Content) -> None:
        self.frame = frame
        #: Seconds since the first frame.
        self.time = time
        self.content = content
        self.actor = content.actor
        self.partner = content.partner
        self.current = content.current


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
    found: tuple[Deviation, ...] = ()
    if flawless(frame):
        actor, partner = block(frame, _ACTOR), block(frame, _PARTNER)
        delay = int.from_bytes(frame[58:60], "big")
    else:
        pdu = Lacpdu.decode(frame[start:])
        actor, partner, delay = pdu.actor, pdu.partner, pdu.collector_max_delay
        found = tuple(one for one in validate(frame) if not (cooked and one.offset == 0))
    state, others = int(actor.state), int(partner.state)
    return Content(
        actor,
        partner,
        identity(actor),
        identity(partner),
        delay,
        Mac(frame[6:12]),
        not state & _NOT_CURRENT,
        bool(state & PortState.SHORT_TIMEOUT.value),
        bool(state & PortState.COLLECTING.value),
        bool(state & PortState.DEFAULTED.value),
        bool(state & PortState.EXPIRED.value),
        not (state | others) & PortState.ACTIVITY.value,
        FAST_PERIODIC_TIME if others & PortState.SHORT_TIMEOUT.value else SLOW_PERIODIC_TIME,
        found,
    )


def block(frame: bytes, offset: int) -> PortInfo:
    """The Actor or Partner information at `offset`: what the codec says, at a tenth of the time."""
    priority, system, key, port_priority, port, state = _INFORMATION.unpack_from(frame, offset)
    return PortInfo(priority, Mac(system), key, port_priority, port, PORT_STATES[state])


_IN_USE = (
    PortState(0),
    PortState.SYNCHRONIZATION,
    PortState.SYNCHRONIZATION | PortState.COLLECTING,
    _MUX,
)
#: Actor states against which the validator has nothing.
_STATES = frozenset(
    int(state)
    for state in PORT_STATES
    if state & _MUX in _IN_USE and not (PortState.EXPIRED in state and state & _TRAFFIC)
)
_ZEROS = bytes(64)


def flawless(frame: bytes) -> bool:
    """Whether a version 1 LACPDU is just as the validator wants it, by a look at its constants.

    It may say False of such a frame, and then the validator is asked; never True of another.
    """
    return (
        len(frame) == 124
        and frame[:6] == SLOW_PROTOCOLS_MULTICAST
        and frame[12:18] == b"\x88\x09\x01\x01\x01\x14"
        and frame[33:38] == b"\0\0\0\x02\x14"
        and frame[53:58] == b"\0\0\0\x03\x10"
        and frame[60:] == _ZEROS
        and not frame[6] & 1
        and not frame[20] & 1
        and NO_MAC not in (frame[6:12], frame[20:26])
        and frame[26:28] != b"\0\0"
        and frame[30:32] != b"\0\0"
        and frame[32] in _STATES
    )

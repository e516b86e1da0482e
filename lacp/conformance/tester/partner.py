"""One emulated partner port (H of a case): every octet it sends is at the script's command.

A partner is in one of three modes. In each, `send` puts one more LACPDU on the wire, `send_octets`
any octets at all.

- `silence()`: says nothing by itself.
- `mirror()`: cooperates as a conforming partner would. It echoes the device exactly, is in sync at
  once, collects when the device is in sync, distributes when the device collects; it answers when
  the device has a wrong view of it or says something new, and sends periodically at the rate that
  the device's Timeout bit asks for, three LACPDUs a second at most.
- `hold(state)`: sends LACPDUs with this Actor_State and an exact echo, one each `period` seconds,
  whatever the device does.

Who the partner is, is in `actor`: set other values with `dataclasses.replace`; the next LACPDU has
them. Whatever else is wanted is changed by `alter`, a function from LACPDU to LACPDU that all
LACPDUs go through until it is replaced: `lambda pdu: replace(pdu, version=255)`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
from math import inf
from typing import Any

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.tester.seen import Seen
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu

#: The system that all partners are ports of, unless a script says otherwise.
SYSTEM = Mac.parse("02:48:00:00:00:01")
SYSTEM_PRIORITY = 0x8000
KEY = 0x0148
PORT_PRIORITY = 0x0080
#: The port number of the partner on link 0; the next links' follow.
FIRST_PORT = 0x0101

_ACTIVITY = PortState.ACTIVITY
_SHORT = PortState.SHORT_TIMEOUT
_AGGREGATION = PortState.AGGREGATION
_SYNC = PortState.SYNCHRONIZATION
_COLLECTING = PortState.COLLECTING
_DISTRIBUTING = PortState.DISTRIBUTING

#: What a partner wants of the device's echo to be right (update_NTT, 6.4.9).
_ECHOED = _ACTIVITY | _SHORT | _SYNC | _AGGREGATION
#: LACPDUs a second that a partner sends by itself.
_LIMIT = 3


class Mode(Enum):
    """What a partner does by itself."""

    SILENT = auto()
    MIRROR = auto()
    HOLD = auto()


def default_actor(link: int) -> PortInfo:
    """The partner on `link` as it is at the beginning: active, short timeout, aggregatable."""
    state = PORT_STATES[_ACTIVITY | _SHORT | _AGGREGATION]
    return PortInfo(SYSTEM_PRIORITY, SYSTEM, KEY, PORT_PRIORITY, FIRST_PORT + link, state)


def plain(pdu: Lacpdu) -> Lacpdu:
    """The `alter` that changes nothing."""
    return pdu


class Partner:
    """A partner port on one link."""

    def __init__(
        self,
        link: int,
        send: Callable[[int, bytes], Seen],
        destination: Mac = SLOW_PROTOCOLS_MULTICAST,
    ) -> None:
        """`destination` is where the device expects its LACPDUs."""
        self.link = link
        self._group = destination
        self._send = send
        self.now = -inf
        #: The source address of its frames.
        self.address = Mac(bytes.fromhex("0248000002") + bytes((link + 1,)))
        self.reset()

    def reset(self) -> None:
        """Be silent, who one was at the beginning, and know nobody, so that the device answers."""
        #: The device as its last LACPDU on this link announced it: what an exact echo is.
        self.device = PortInfo()
        self.mode = Mode.SILENT
        self.actor = default_actor(self.link)
        self.alter: Callable[[Lacpdu], Lacpdu] = plain
        self.destination = self._group
        self._held = self.actor.state
        self._period = 1.0
        self._due = inf
        self._said: tuple[PortInfo, PortInfo] | None = None
        self._sent: deque[float] = deque(maxlen=_LIMIT)

    # The modes.

    def silence(self) -> None:
        """Say nothing from here on."""
        self.mode = Mode.SILENT
        self._due = inf

    def mirror(self) -> None:
        """Cooperate from here on, beginning with a LACPDU at once."""
        self.mode = Mode.MIRROR
        self._soon()

    def hold(self, state: PortState, period: float = 1.0) -> None:
        """Send this Actor_State from here on, beginning at once."""
        self.mode = Mode.HOLD
        self._held = PORT_STATES[state]
        self._period = period
        self._soon()

    # What it says.

    def good(
        self, synchronization: int = 1, collecting: int = 1, distributing: int = 1
    ) -> PortInfo:
        """Itself with these three bits of the state."""
        bits = _SYNC * synchronization | _COLLECTING * collecting | _DISTRIBUTING * distributing
        base = self.actor.state & ~(_SYNC | _COLLECTING | _DISTRIBUTING)
        return replace(self.actor, state=PORT_STATES[base | bits])

    def cooperating(self) -> PortInfo:
        """Itself as a conforming partner that is ready would be now."""
        theirs = self.device.state
        collecting = _SYNC in theirs
        return self.good(1, collecting, collecting and _COLLECTING in theirs)

    def pdu(
        self, actor: PortInfo | None = None, echo: PortInfo | None = None, **fields: Any
    ) -> Lacpdu:
        """A LACPDU: `actor` is good(1, 1, 1) and `echo` exact unless given; `fields` of Lacpdu."""
        return Lacpdu(
            self.good() if actor is None else actor,
            self.device if echo is None else echo,
            **fields,
        )

    def frame(self, pdu: Lacpdu, source: Mac | None = None) -> bytes:
        """The LACPDU, altered, as an Ethernet frame of this partner."""
        return slow.ethernet(self.destination, source or self.address, self.alter(pdu).encode())

    def send(
        self, actor: PortInfo | None = None, echo: PortInfo | None = None, **fields: Any
    ) -> Seen:
        """Send one LACPDU now, as `pdu` makes it. Returns it, with its time."""
        return self.send_octets(self.frame(self.pdu(actor, echo, **fields)))

    def send_octets(self, octets: bytes) -> Seen:
        """Put any octets on the wire now."""
        return self._send(self.link, octets)

    # What drives it.

    def heard(self, seen: Seen) -> None:
        """Take note of the device's LACPDU; `react` follows when the script has looked at it."""
        self.device = seen.actor

    def react(self, seen: Seen) -> None:
        """Answer the device's LACPDU if a mirror has reason to."""
        if self.mode is not Mode.MIRROR:
            return
        ours, echoed = self.cooperating(), seen.partner
        outdated = ours.identity != echoed.identity or (ours.state ^ echoed.state) & _ECHOED
        if outdated or self._said != (ours, self.device):
            self._soon()

    def next_deadline(self) -> float:
        """When it sends next by itself; infinity when it does not."""
        return self._due

    def advance(self, now: float) -> None:
        """Send what is due at `now`."""
        self.now = now
        if now < self._due:
            return
        actor = self.cooperating()
        period = 30.0
        if self.mode is Mode.HOLD:
            actor, period = replace(self.actor, state=self._held), self._period
        elif self.device == PortInfo() or _SHORT in self.device.state:
            period = 1.0
        self._said = (actor, self.device)
        self._sent.append(now)
        self._due = now + period
        self.send(actor)

    def _soon(self) -> None:
        """Send as soon as the limit allows."""
        sent = self._sent
        opens = sent[0] + 1.0 if len(sent) == _LIMIT else -inf
        self._due = min(self._due, max(self.now, opens))

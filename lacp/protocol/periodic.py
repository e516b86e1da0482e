"""Periodic Transmission machine (6.4.13, Figure 6-19), and in 2020 its union with Transmit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import auto
from typing import TYPE_CHECKING, ClassVar

from lacp.info import ACTIVE, SHORT
from lacp.protocol import transmit
from lacp.protocol.machine import Box, Row, StateMachine, row
from lacp.protocol.receive import ReceiveState
from lacp.protocol.timers import (
    FAST_PERIODIC_TIME,
    NEWS_IN,
    PERIODIC,
    SLOW_PERIODIC_TIME,
    WAIT_WHILE,
)

if TYPE_CHECKING:
    from lacp.protocol.port import Port


#: Seconds by which a period may be shorter, of the quarter that the standard grants (6.4.4), and
#: longer, which is no more than clocks and queues make of it anyway.
_SHORTER = 0.2
_LONGER = 0.01


def towards(beat: float, now: float, period: float) -> float:
    """The `period` that begins `now`, changed to end on the `beat` or nearer to it."""
    past = (now + period - beat) % FAST_PERIODIC_TIME
    ahead = FAST_PERIODIC_TIME - past
    return period + ahead if ahead <= _LONGER else period - min(past, _SHORTER)


def together(news: float, period: float) -> float:
    """The `period`, or a little more of it, to end when in so many seconds there are `news`.

    They come just behind a periodic LACPDU: the wait for others to aggregate with begins a moment
    after the link is up, and both end at a whole second. What would be said before, the news say
    too; and of the three in a second a handshake needs each.
    """
    return news if period <= news <= period + NEWS_IN else period


class PeriodicState(Box):
    """The boxes of Figure 6-19."""

    BEGIN = auto()
    NO_PERIODIC = auto()
    FAST_PERIODIC = auto()
    SLOW_PERIODIC = auto()
    PERIODIC_TX = auto()


class TransmitState(Box):
    """The boxes of the 2020 transmit figure."""

    BEGIN = auto()
    NO_TX = auto()
    FAST_PERIODIC = auto()
    SLOW_PERIODIC = auto()
    TX_LACPDU = auto()


class PeriodicMachine(StateMachine, ABC):
    """What both figures ask; also says whether a LACPDU is wanted, for the transmit procedure.

    Each transmission passes through boxes that are left at once. Only where the machine rests is
    told, or its ticks would drown all other news.
    """

    __slots__ = ("last_arrow", "told")

    NAME = "periodic"

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self.told = self.state
        self.last_arrow: Row | None = None

    def taking(self, arrow: Row) -> None:
        self.last_arrow = arrow

    def rest(self) -> None:
        if self.last_arrow is not None and self.state is not self.told:
            self.tell(self.told, self.last_arrow)
            self.told = self.state

    @property
    def silent(self) -> bool:
        """Nobody asks for periodic LACPDUs: no operational LACP link, or both ends passive."""
        port = self.port
        return not (
            port.port_enabled
            and port.lacp_enabled
            and (ACTIVE[port.actor.state] or ACTIVE[port.partner.state])
        )

    @property
    def partner_short_timeout(self) -> bool:
        return SHORT[self.port.partner.state]

    @property
    def timer_expired(self) -> bool:
        return self.port.timers.expired(PERIODIC)

    def restart(self) -> None:
        """Start the timer as the box in which the machine rests does."""
        port, period = self.port, self.PERIODS[self.state]
        common = port.common
        if common.config.beat is not None:
            if port.distributing or port.receive.state is ReceiveState.DEFAULTED:
                period = towards(common.config.beat, common.now, period)
            elif (news := port.timers.deadline(WAIT_WHILE)) is not None:
                # In a handshake there is none to spare.
                period = together(news - common.now, period)
        port.timers.start(PERIODIC, common.now + period)

    #: Seconds between LACPDUs, by the box.
    PERIODS: ClassVar[dict[Box, float]] = {
        PeriodicState.FAST_PERIODIC: FAST_PERIODIC_TIME,
        PeriodicState.SLOW_PERIODIC: SLOW_PERIODIC_TIME,
        TransmitState.FAST_PERIODIC: FAST_PERIODIC_TIME,
        TransmitState.SLOW_PERIODIC: SLOW_PERIODIC_TIME,
    }

    def enter_FAST_PERIODIC(self) -> None:
        self.restart()

    def enter_SLOW_PERIODIC(self) -> None:
        self.restart()

    @property
    @abstractmethod
    def may_transmit(self) -> bool:
        """Whether LACPDUs leave this port at all."""

    @property
    @abstractmethod
    def transmit_wanted(self) -> bool:
        """Whether a LACPDU should leave as soon as the limit allows."""


P = PeriodicState


class Periodic(PeriodicMachine):
    """Periodic Transmission machine (2000 to 2014, 6.4.13)."""

    __slots__ = ()

    State = PeriodicState
    # fmt: off
    ROWS = (
        #   from              to               when
        row(P.BEGIN,          P.NO_PERIODIC),
        row((P.FAST_PERIODIC, P.SLOW_PERIODIC, P.PERIODIC_TX), P.NO_PERIODIC, "silent"),
        row(P.NO_PERIODIC,    P.FAST_PERIODIC, "!silent"),
        row(P.FAST_PERIODIC,  P.SLOW_PERIODIC, "!partner_short_timeout"),
        row(P.FAST_PERIODIC,  P.PERIODIC_TX,   "timer_expired"),
        row(P.SLOW_PERIODIC,  P.PERIODIC_TX,   "partner_short_timeout"),
        row(P.SLOW_PERIODIC,  P.PERIODIC_TX,   "timer_expired"),
        row(P.PERIODIC_TX,    P.FAST_PERIODIC, "partner_short_timeout"),
        row(P.PERIODIC_TX,    P.SLOW_PERIODIC, "!partner_short_timeout"),
    )
    # fmt: on

    def enter_NO_PERIODIC(self) -> None:
        self.port.timers.stop(PERIODIC)

    def enter_PERIODIC_TX(self) -> None:
        self.port.ntt = True

    @property
    def may_transmit(self) -> bool:
        return self.state is not P.NO_PERIODIC

    @property
    def transmit_wanted(self) -> bool:
        return self.port.ntt


T = TransmitState


class PeriodicTransmit(PeriodicMachine):
    """Transmit machine (2020): every LACPDU restarts the periodic timer; NTT outlives the link."""

    __slots__ = ()

    State = TransmitState
    # fmt: off
    ROWS = (
        #   from              to               when
        row(T.BEGIN,          T.NO_TX),
        row((T.FAST_PERIODIC, T.SLOW_PERIODIC, T.TX_LACPDU), T.NO_TX, "silent"),
        row(T.NO_TX,          T.FAST_PERIODIC, "!silent", "partner_short_timeout"),
        row(T.NO_TX,          T.SLOW_PERIODIC, "!silent", "!partner_short_timeout"),
        row(T.FAST_PERIODIC,  T.TX_LACPDU,     "ntt", "tx_opportunity"),
        row(T.FAST_PERIODIC,  T.TX_LACPDU,     "timer_expired", "tx_opportunity"),
        row(T.FAST_PERIODIC,  T.SLOW_PERIODIC, "!ntt", "!timer_expired", "!partner_short_timeout"),
        row(T.SLOW_PERIODIC,  T.TX_LACPDU,     "ntt", "tx_opportunity"),
        row(T.SLOW_PERIODIC,  T.TX_LACPDU,     "timer_expired", "tx_opportunity"),
        row(T.SLOW_PERIODIC,  T.TX_LACPDU,     "partner_short_timeout", "tx_opportunity"),
        row(T.TX_LACPDU,      T.NO_TX),
    )
    # fmt: on

    @property
    def ntt(self) -> bool:
        return self.port.ntt

    @property
    def tx_opportunity(self) -> bool:
        return transmit.opportunity(self.port)

    def enter_NO_TX(self) -> None:
        self.port.timers.stop(PERIODIC)

    def enter_TX_LACPDU(self) -> None:
        self.port.ntt = False
        self.port.transmit_due = True

    @property
    def may_transmit(self) -> bool:
        # NTT is not forgotten in NO_TX: a port that comes back speaks at once.
        return True

    @property
    def transmit_wanted(self) -> bool:
        return self.state in (T.FAST_PERIODIC, T.SLOW_PERIODIC) and (
            self.port.ntt
            or self.timer_expired
            or (self.state is T.SLOW_PERIODIC and self.partner_short_timeout)
        )

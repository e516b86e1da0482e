"""Actor and Partner Churn machines (6.4.17, Figures 6-23 and 6-24): diagnosis without effect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum, auto
from typing import ClassVar

from lacp.info import IN_SYNC, PortInfo
from lacp.protocol.machine import Box, Row, StateMachine, row
from lacp.protocol.timers import CHURN_DETECTION_TIME, Timer


class ActorChurnState(Box):
    """The boxes of Figure 6-23."""

    BEGIN = auto()
    ACTOR_CHURN_MONITOR = auto()
    NO_ACTOR_CHURN = auto()
    ACTOR_CHURN = auto()


class PartnerChurnState(Box):
    """The boxes of Figure 6-24."""

    BEGIN = auto()
    PARTNER_CHURN_MONITOR = auto()
    NO_PARTNER_CHURN = auto()
    PARTNER_CHURN = auto()


def _rows(begin: Enum, monitor: Enum, no_churn: Enum, churn: Enum) -> tuple[Row, ...]:
    """The two figures are one."""
    # fmt: off
    return (
        #   from               to        when
        row(begin,             monitor),
        row((no_churn, churn), monitor,  "!port_enabled"),
        # Held by !port_enabled, the box restarts its timer until the port is enabled.
        row(monitor,           monitor,  "!port_enabled", "!held"),
        row(monitor,           monitor,  "port_enabled", "held"),
        row(monitor,           no_churn, "port_enabled", "synchronization"),
        row(monitor,           churn,    "port_enabled", "churn_timer_expired"),
        row(no_churn,          monitor,  "!synchronization"),
        row(churn,             no_churn, "synchronization"),
    )
    # fmt: on


class _Churn(StateMachine, ABC):
    """Subclasses name whose synchronization is watched, with which timer."""

    __slots__ = ()

    TIMER: ClassVar[Timer]

    @property
    @abstractmethod
    def watched(self) -> PortInfo:
        """The end whose synchronization is watched."""

    @property
    def port_enabled(self) -> bool:
        return self.port.port_enabled

    @property
    def held(self) -> bool:
        return self.port.timers.stopped(self.TIMER)

    @property
    def synchronization(self) -> bool:
        return IN_SYNC[self.watched.state]

    @property
    def churn_timer_expired(self) -> bool:
        return self.port.timers.expired(self.TIMER)

    def monitor(self) -> None:
        """Give the port Churn_Detection_Time from now, or from when it is enabled."""
        if self.port.port_enabled:
            self.port.start(self.TIMER, CHURN_DETECTION_TIME)
        else:
            self.port.timers.stop(self.TIMER)


class ActorChurn(_Churn):
    """Actor Churn machine (Figure 6-23)."""

    __slots__ = ()

    NAME = "actor_churn"
    TIMER = Timer.ACTOR_CHURN
    State = ActorChurnState
    ROWS = _rows(*ActorChurnState)

    @property
    def watched(self) -> PortInfo:
        return self.port.actor

    def enter_ACTOR_CHURN_MONITOR(self) -> None:
        self.monitor()

    def enter_NO_ACTOR_CHURN(self) -> None:
        self.port.timers.stop(self.TIMER)

    def enter_ACTOR_CHURN(self) -> None:
        self.port.counters.actor_churn_count += 1


class PartnerChurn(_Churn):
    """Partner Churn machine (Figure 6-24)."""

    __slots__ = ()

    NAME = "partner_churn"
    TIMER = Timer.PARTNER_CHURN
    State = PartnerChurnState
    ROWS = _rows(*PartnerChurnState)

    @property
    def watched(self) -> PortInfo:
        return self.port.partner

    def enter_PARTNER_CHURN_MONITOR(self) -> None:
        self.monitor()

    def enter_NO_PARTNER_CHURN(self) -> None:
        self.port.timers.stop(self.TIMER)

    def enter_PARTNER_CHURN(self) -> None:
        self.port.counters.partner_churn_count += 1

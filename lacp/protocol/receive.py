"""Receive machine (6.4.12, Figure 6-18) and the functions it calls (6.4.9)."""

from __future__ import annotations

from enum import auto
from typing import TYPE_CHECKING

from lacp.info import ACTIVE, AGGREGATING, IN_SYNC, PortInfo, PortState, changed
from lacp.protocol.machine import Box, StateMachine, row
from lacp.protocol.timers import SHORT_TIMEOUT_TIME, Timer, timeout_time

if TYPE_CHECKING:
    from lacp.protocol.port import Port
    from lacp.wire.lacpdu import Lacpdu


class ReceiveState(Box):
    """The boxes of Figure 6-18."""

    BEGIN = auto()
    INITIALIZE = auto()
    PORT_DISABLED = auto()
    LACP_DISABLED = auto()
    EXPIRED = auto()
    DEFAULTED = auto()
    CURRENT = auto()


S = ReceiveState
#: The states in which a LACPDU has an effect.
LISTENING = (S.EXPIRED, S.DEFAULTED, S.CURRENT)


class Receive(StateMachine):
    """Receive machine (6.4.12)."""

    __slots__ = ()

    NAME = "receive"
    State = ReceiveState
    # fmt: off
    ROWS = (
        #   from                          to               when
        row(S.BEGIN,                      S.INITIALIZE),
        row((S.LACP_DISABLED, *LISTENING), S.PORT_DISABLED, "!port_enabled", "!port_moved"),
        row(S.INITIALIZE,                 S.PORT_DISABLED),
        row(S.PORT_DISABLED,              S.INITIALIZE,    "port_moved"),
        row(S.PORT_DISABLED,              S.EXPIRED,       "port_enabled", "lacp_enabled"),
        row(S.PORT_DISABLED,              S.LACP_DISABLED, "port_enabled", "!lacp_enabled"),
        row(S.LACP_DISABLED,              S.PORT_DISABLED, "lacp_enabled"),
        # A LACPDU wins over a timer that expires at the same instant.
        row(LISTENING,                    S.CURRENT,       "lacpdu_received"),
        row(S.CURRENT,                    S.EXPIRED,       "current_while_expired"),
        row(S.EXPIRED,                    S.DEFAULTED,     "current_while_expired"),
    )
    # fmt: on

    @property
    def port_enabled(self) -> bool:
        return self.port.port_enabled

    @property
    def port_moved(self) -> bool:
        return self.port.port_moved

    @property
    def lacp_enabled(self) -> bool:
        return self.port.lacp_enabled

    @property
    def lacpdu_received(self) -> bool:
        return self.port.received is not None

    @property
    def current_while_expired(self) -> bool:
        return self.port.timers.expired(Timer.CURRENT_WHILE)

    def enter_INITIALIZE(self) -> None:
        self.port.unselect("the receive machine starts afresh")
        record_default(self.port)
        self.port.set_actor_state(off=PortState.EXPIRED)
        self.port.port_moved = False

    def enter_PORT_DISABLED(self) -> None:
        self.port.set_partner_state(off=PortState.SYNCHRONIZATION)
        self.port.timers.stop(Timer.CURRENT_WHILE)

    def enter_EXPIRED(self) -> None:
        port = self.port
        port.set_partner_state(on=PortState.SHORT_TIMEOUT, off=PortState.SYNCHRONIZATION)
        port.start(Timer.CURRENT_WHILE, SHORT_TIMEOUT_TIME)
        port.set_actor_state(on=PortState.EXPIRED)
        if port.edition.expired_sets_ntt:
            port.ntt = True

    def enter_LACP_DISABLED(self) -> None:
        self.port.unselect("LACP is disabled: the link is half duplex")
        record_default(self.port)
        self.port.set_partner_state(off=PortState.AGGREGATION)
        self.port.set_actor_state(off=PortState.EXPIRED)

    def enter_DEFAULTED(self) -> None:
        update_default_selected(self.port)
        record_default(self.port)
        self.port.set_actor_state(off=PortState.EXPIRED)
        self.port.timers.stop(Timer.CURRENT_WHILE)

    def enter_CURRENT(self) -> None:
        port, pdu = self.port, self.port.received
        assert pdu is not None
        port.received = None
        port.view_partner(pdu)
        update_selected(port, pdu)
        update_ntt(port, pdu)
        record_pdu(port, pdu)
        port.start(Timer.CURRENT_WHILE, timeout_time(port.actor.state))
        port.set_actor_state(off=PortState.EXPIRED)


#: The Partner_State bits that update_NTT compares (6.4.9); the other four never cause an answer.
_NTT_BITS = int(
    PortState.ACTIVITY | PortState.SHORT_TIMEOUT | PortState.SYNCHRONIZATION | PortState.AGGREGATION
)


_SYNC_AND_COLLECTING = int(PortState.SYNCHRONIZATION | PortState.COLLECTING)


def record_pdu(port: Port, pdu: Lacpdu) -> None:
    """recordPDU (6.4.9): the sender of `pdu` is the partner, in sync with this port or not."""
    port.set_actor_state(off=PortState.DEFAULTED)
    port.record_partner(partner_of(port, pdu))


def partner_of(port: Port, pdu: Lacpdu) -> PortInfo:
    """The partner that `pdu` makes: its actor, in sync only if it is so with this port."""
    state = pdu.actor.state
    if not IN_SYNC[state] or (matched(port, pdu) and maintained(port, pdu)):
        return pdu.actor
    return pdu.actor.with_state(changed(state, off=PortState.SYNCHRONIZATION))


def matched(port: Port, pdu: Lacpdu) -> bool:
    """Whether the sender of `pdu` sees this port as it is, or is Individual and need not."""
    return matches(port.actor, pdu.actor, pdu.partner)


def matches(actor: PortInfo, partner: PortInfo, view: PortInfo) -> bool:
    """Whether `partner`, whose view of `actor` is `view`, sees it as it is, or need not."""
    if not AGGREGATING[partner.state]:
        return True
    return view.identity == actor.identity and (AGGREGATING[view.state] is AGGREGATING[actor.state])


def maintained(port: Port, pdu: Lacpdu) -> bool:
    """Whether LACP actively maintains the link: one end is active, and the other knows."""
    return maintains(port.actor, pdu.actor, pdu.partner)


def maintains(actor: PortInfo, partner: PortInfo, view: PortInfo) -> bool:
    """Whether `partner` is active, or sees in `view` that `actor` is."""
    return ACTIVE[partner.state] or (ACTIVE[actor.state] and ACTIVE[view.state])


def record_default(port: Port) -> None:
    """recordDefault (6.4.9): the administrative values stand in for the partner."""
    partner = port.partner_admin
    if port.edition.default_in_sync:
        # 2014: a partner that is not there cannot object (6.4.7, 6.4.9).
        partner = partner.with_state(changed(partner.state, on=_SYNC_AND_COLLECTING))
    port.record_partner(partner)
    port.set_actor_state(on=PortState.DEFAULTED)


def update_selected(port: Port, pdu: Lacpdu) -> None:
    """update_Selected (6.4.9): another partner, or one that aggregates otherwise."""
    difference = _difference(port.partner, pdu.actor)
    if difference:
        port.unselect(f"the partner's {difference}")


def update_default_selected(port: Port) -> None:
    """update_Default_Selected (6.4.9)."""
    difference = _difference(port.partner, port.partner_admin)
    if difference:
        port.unselect("the partner was not heard in time")


def update_ntt(port: Port, pdu: Lacpdu) -> None:
    """update_NTT (6.4.9): the partner has an outdated view of us; tell it."""
    if outdated(port, pdu):
        port.ntt = True


def outdated(port: Port, pdu: Lacpdu) -> bool:
    """Whether the sender of `pdu` has another view of this port than the port itself."""
    return mistakes(pdu.partner, port.actor)


def mistakes(view: PortInfo, actor: PortInfo) -> bool:
    """Whether `view` differs from `actor` in what update_NTT compares."""
    return view.identity != actor.identity or bool((int(view.state) ^ int(actor.state)) & _NTT_BITS)


def out_of_sync(port: Port) -> str:
    """Why the partner does not count as in sync, for a person."""
    if not port.port_enabled:
        return "the link is down"
    heard = port.heard
    if heard is None or port.receive.state is not S.CURRENT:
        return "the partner is not heard"
    actor = port.actor
    for name in _IDENTITY:
        seen, is_ = getattr(heard, name), getattr(actor, name)
        if seen != is_:
            return f"the partner sees our {name} as {seen}, it is {is_}"
    if (heard.state ^ actor.state) & PortState.AGGREGATION:
        return "the partner has a wrong view of our aggregation bit"
    if PortState.ACTIVITY not in port.partner.state | (actor.state & heard.state):
        return "neither end is known to be active"
    return "the partner sends Synchronization 0"


#: The fields of a port's identity, those that say most to a person first.
_IDENTITY = ("system", "system_priority", "key", "port", "port_priority")


def _difference(old: PortInfo, new: PortInfo) -> str:
    """What update_Selected sees between two records, as one phrase; empty when nothing."""
    if old.identity != new.identity:
        for name in _IDENTITY:
            was, now = getattr(old, name), getattr(new, name)
            if was != now:
                return f"{name} changed from {was} to {now}"
    different = AGGREGATING[old.state] is not AGGREGATING[new.state]
    return "aggregation bit changed" if different else ""

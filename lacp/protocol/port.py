"""An Aggregation Port: the variables of 6.4.7 and 6.4.8, its timers, and its five machines."""

from __future__ import annotations

from math import inf

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.info import COLLECTS, DEFAULTED, DISTRIBUTES, PortInfo, PortState, changed
from lacp.link import DOWN, Duplex, Link
from lacp.protocol.aggregator import Aggregator, LagId, lag_id
from lacp.protocol.churn import ActorChurn, PartnerChurn
from lacp.protocol.common import Common
from lacp.protocol.config import PortConfig, SystemConfig, key_with_speed
from lacp.protocol.counters import Counters
from lacp.protocol.edition import Edition
from lacp.protocol.events import MuxChanged, PartnerChanged, StateChanged
from lacp.protocol.history import History
from lacp.protocol.machine import StateMachine
from lacp.protocol.marker import Markers
from lacp.protocol.receive import Receive, ReceiveState
from lacp.protocol.timers import (
    CURRENT_WHILE,
    FAST_PERIODIC_TIME,
    LONG_TIMEOUT_TIME,
    NEWS_IN,
    WAIT_WHILE,
    Timer,
    Timers,
    timeout_time,
)
from lacp.protocol.variables import Control, Selected
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu

#: The timers, and of the partner's state the bits, that the Selection Logic looks at.
_SELECTION_TIMERS = 1 << Timer.WAIT_WHILE | 1 << Timer.CONTEST
_SELECTION_BITS = int(PortState.SYNCHRONIZATION | PortState.DEFAULTED)


class Port:
    """What the standard keeps for each port. Read it freely; system and machines write it."""

    __slots__ = (
        "actor",
        "actor_churn",
        "aggregator",
        "announced",
        "attached",
        "common",
        "config",
        "counters",
        "heard",
        "held",
        "history",
        "lacp_enabled",
        "lag",
        "last_received_at",
        "link",
        "marker",
        "mux",
        "name",
        "ntt",
        "partner",
        "partner_churn",
        "periodic",
        "port_enabled",
        "port_moved",
        "rank",
        "receive",
        "received",
        "repeats",
        "reselect",
        "retry_at",
        "scheduled",
        "selected",
        "selected_reason",
        "sent",
        "sent_frame",
        "settled_frame",
        "speaker",
        "speed",
        "timers",
        "transmit_due",
        "transmit_frame",
        "waits_since",
        "withdrawn",
        "wtr_waiting",
    )

    def __init__(
        self,
        name: str,
        config: PortConfig,
        common: Common,
        rank: int,
        sent: list[float] | None = None,
    ) -> None:
        self.name = name
        self.config = config
        self.common = common
        #: How many ports the system had had before: what orders those that are due at one instant.
        self.rank = rank
        system = common.config

        self.link = DOWN
        #: Mb/s of the link when it was last up.
        self.speed: int | None = None
        self.port_enabled = False
        self.lacp_enabled = True
        self.port_moved = False
        #: The port is about to leave the system and selects nothing.
        self.withdrawn = False
        #: Why the port may select nothing for now, LACP speaking on; empty when it may.
        self.held = ""
        self.actor = PortInfo(
            system.system_priority,
            system.system,
            self.operational_key(),
            config.priority,
            config.number,
            config.state,
        )
        self.partner = self.partner_admin
        self.lag: LagId = lag_id(self.actor, self.partner)
        self.ntt = False
        self.selected = Selected.UNSELECTED
        self.selected_reason = "the port is new"
        #: Where the Selection Logic wants the port to be.
        self.aggregator: Aggregator | None = None
        #: Where the Mux machine has attached it.
        self.attached: Aggregator | None = None
        #: Since when the port could have had an aggregator, if it had to wait for one.
        self.waits_since: float | None = None
        #: Something changed that the Selection Logic looks at.
        self.reselect = True
        #: The port came back and its wait-to-restore, or its non-revertive state, holds it (2020).
        self.wtr_waiting = False

        #: The LACPDU that the Receive machine has yet to look at.
        self.received: Lacpdu | None = None
        self.last_received_at: float | None = None
        #: The last frame, if receiving it again could change nothing but current_while.
        self.settled_frame: bytes | None = None
        #: The encoded LACPDU, until something in it changes.
        self.transmit_frame: bytes | None = None
        self.transmit_due = False
        #: When the last LACPDUs left, as many as the edition allows in a second.
        self.sent: list[float] = sent or []
        #: The last of them.
        self.sent_frame: bytes | None = None
        #: What is held back says what the last one said.
        self.repeats = False
        #: After a failed transmission, when to try again.
        self.retry_at = -inf
        #: Made with the first marker.
        self.marker: Markers | None = None

        self.timers = Timers()
        #: When the system's queue looks at this port next.
        self.scheduled = inf
        self.counters = Counters()
        self.history = History(name, system.history)
        #: Whom the partner sees at this end, by its last LACPDU, and who it said it was.
        self.heard: PortInfo | None = None
        self.speaker: PortInfo | None = None
        self.announced: tuple[int | None, bool, bool] = (None, False, False)

        self.receive = Receive(self)
        self.periodic = system.edition.periodic(self)
        self.mux = system.edition.mux(system.control)(self)
        self.actor_churn = ActorChurn(self)
        self.partner_churn = PartnerChurn(self)

    # What the machines ask.

    @property
    def machines(self) -> tuple[StateMachine, ...]:
        """The machines in the order in which they are stepped."""
        return self.receive, self.periodic, self.mux, self.actor_churn, self.partner_churn

    @property
    def now(self) -> float:
        """The time of the system, in seconds."""
        return self.common.now

    @property
    def number(self) -> int:
        """Actor_Port_Number."""
        return self.config.number

    @property
    def system_config(self) -> SystemConfig:
        """The administrative parameters of the system."""
        return self.common.config

    @property
    def edition(self) -> Edition:
        return self.common.config.edition

    @property
    def control(self) -> Control:
        return self.system_config.control

    @property
    def aggregate_wait(self) -> float:
        return self.system_config.aggregate_wait

    @property
    def wait_to_restore(self) -> float:
        return self.system_config.wait_to_restore

    @property
    def revertive(self) -> bool:
        return self.system_config.revertive

    @property
    def partner_admin(self) -> PortInfo:
        """Partner_Admin: what is assumed of a partner that is not heard."""
        return (
            self.config.partner
            if self.config.partner is not None
            else self.system_config.default_partner
        )

    @property
    def others_active(self) -> bool:
        """Whether another port of the same aggregator carries traffic."""
        ports = self.attached.ports.values() if self.attached is not None else ()
        return any(p is not self and COLLECTS[p.actor.state] for p in ports)

    @property
    def collecting(self) -> bool:
        return COLLECTS[self.actor.state]

    @property
    def distributing(self) -> bool:
        return DISTRIBUTES[self.actor.state]

    @property
    def defaulted(self) -> bool:
        """Whether the partner is an administrative assumption."""
        return DEFAULTED[self.actor.state]

    @property
    def usable(self) -> bool:
        """Whether what is recorded of the partner, or stands in for it, is in force."""
        return self.port_enabled and self.receive.state in (
            ReceiveState.CURRENT,
            ReceiveState.DEFAULTED,
        )

    @property
    def ready_n(self) -> bool:
        """Ready_N (6.4.8): the port has waited long enough."""
        return self.mux.waiting and self.timers.expired(Timer.WAIT_WHILE)

    # What the machines write.

    def fire(self) -> int:
        """Expire the timers that are due; a set of them, as `Timers.fire`."""
        fired = self.timers.fire(self.common.now)
        if fired & _SELECTION_TIMERS:
            # Ready_N rose, or a contest is decided.
            self.reselect = True
        return fired

    @property
    def has_news(self) -> bool:
        """Whether the wait for others has ended, which nobody has looked at yet: what is due now
        would be said twice. No longer so when the partner has not heard anything for a while."""
        waited, now, sent = self.timers.deadline(WAIT_WHILE), self.common.now, self.sent
        return (
            waited is not None
            and waited <= now
            and bool(sent)
            and now < sent[-1] + FAST_PERIODIC_TIME + NEWS_IN
        )

    def start(self, timer: Timer, seconds: float) -> None:
        """Start `timer`; one of no length has expired already."""
        if seconds > 0:
            self.timers.start(timer, self.common.now + seconds)
        else:
            self.timers.expire(timer)

    def start_wait(self) -> None:
        """Start wait_while; what the port waited for an aggregator counts."""
        waited = 0.0 if self.waits_since is None else self.now - self.waits_since
        self.waits_since = None
        self.start(Timer.WAIT_WHILE, self.aggregate_wait - waited)

    def changed_state(self, machine: str, old: str, new: str, reason: str) -> None:
        """Tell and remember that a machine moved."""
        event = StateChanged(self.name, machine, old, new, reason, self.now)
        self.common.tell(event)
        self.history.note(event)
        self.reselect = True

    def choose(self, selected: Selected, reason: str) -> None:
        """Set Selected, and say why."""
        if selected is not self.selected:
            self.changed_state("selection", self.selected.value, selected.value, reason)
            self.selected = selected
        elif selected is Selected.UNSELECTED:
            return
        self.selected_reason = reason

    def unselect(self, reason: str) -> None:
        """Selected := UNSELECTED."""
        self.choose(Selected.UNSELECTED, reason)

    def set_actor_state(self, on: int = 0, off: int = 0) -> None:
        """Set and clear bits of Actor_Oper_Port_State."""
        state = changed(self.actor.state, on, off)
        if state is not self.actor.state:
            self.set_actor(self.actor.with_state(state))

    def set_actor(self, actor: PortInfo) -> None:
        """Take new operational values for this end."""
        if _rises(PortState.SYNCHRONIZATION, self.actor.state, actor.state):
            self.counters.actor_sync_transition_count += 1
        self.actor = actor
        self._forget_frames()
        self._identify()

    def set_partner_state(self, on: int = 0, off: int = 0) -> None:
        """Set and clear bits of Partner_Oper_Port_State."""
        state = changed(self.partner.state, on, off)
        if state is not self.partner.state:
            self.record_partner(self.partner.with_state(state))

    def record_partner(self, partner: PortInfo) -> None:
        """Take new operational values for the other end."""
        old = self.partner
        if partner == old:
            return
        if _rises(PortState.SYNCHRONIZATION, old.state, partner.state):
            self.counters.partner_sync_transition_count += 1
        if (int(partner.state) ^ int(old.state)) & _SELECTION_BITS:
            self.reselect = True
        self.partner = partner
        self._forget_frames()
        self._identify()
        if partner.identity != old.identity:
            self.reselect = True
            self.common.tell(PartnerChanged(self.name, old, partner, self.now))

    def view_partner(self, pdu: Lacpdu) -> None:
        """Note what LAG ID the partner sees, for its change counter."""
        if not (_same_lag(self.speaker, pdu.actor) and _same_lag(self.heard, pdu.partner)):
            self.counters.partner_change_count += 1
        # Of values that are equal one is kept: it is what most ports of a partner in sync have.
        self.heard = self.actor if pdu.partner == self.actor else pdu.partner
        self.speaker = self.partner if pdu.actor == self.partner else pdu.actor

    def announce_mux(self) -> None:
        """Tell the driver what the multiplexer does now, if that is news."""
        aggregator = self.attached.identifier if self.attached is not None else None
        mux = (aggregator, self.collecting, self.distributing)
        if mux != self.announced:
            self.announced = mux
            self.common.tell(MuxChanged(self.name, *mux, self.now))

    # What the system does with a port.

    def hear_again(self) -> None:
        """Take the settled frame once more: all that it can do is restart the timer."""
        self.counters.lacpdus_rx += 1
        self.last_received_at = self.common.now
        self.start(CURRENT_WHILE, timeout_time(self.actor.state))

    def run(self) -> None:
        """Step the machines until none moves. Raises RuntimeError when that has no end."""
        machines = self.machines
        still = 0
        for _ in range(64):
            for machine in machines:
                moved = False
                while machine.step():
                    moved = True
                still = 1 if moved else still + 1
                if still == len(machines):
                    for each in machines:
                        each.rest()
                    return
        raise RuntimeError(f"port {self.name}: the machines do not come to rest")

    def frame(self) -> bytes:
        """The LACPDU with the values of this moment, as an Ethernet frame (6.4.16)."""
        if self.transmit_frame is None:
            pdu = Lacpdu(self.actor, self.partner, self.system_config.collector_max_delay)
            self.transmit_frame = self.ethernet(pdu.encode())
        return self.transmit_frame

    def ethernet(self, payload: bytes) -> bytes:
        """A slow-protocol frame from this port."""
        return slow.ethernet(SLOW_PROTOCOLS_MULTICAST, self.link.address, payload)

    def operational_key(self) -> int:
        """Actor_Oper_Port_Key."""
        if not self.system_config.speed_in_key:
            return self.config.key
        # A link that is down keeps its speed here, or its return would need a new selection.
        return key_with_speed(self.config.key, self.speed, self.link.duplex is not Duplex.HALF)

    def set_link(self, link: Link) -> None:
        """Take a new observation of the link; the caller settles."""
        self.link = link
        if link.up:
            self.speed = link.speed
        self.reselect = True
        self._forget_frames()

    def apply_config(self) -> None:
        """Make the administrative values operational; NTT when the partner must know."""
        config, system = self.config, self.system_config
        actor = PortInfo(
            system.system_priority,
            system.system,
            self.operational_key(),
            config.priority,
            config.number,
            changed(self.actor.state, on=config.state, off=_ADMINISTERED & ~int(config.state)),
        )
        self._forget_frames()
        if actor != self.actor:
            calmer = _rises(PortState.SHORT_TIMEOUT, actor.state, self.actor.state)
            self.set_actor(actor)
            self.ntt = True
            if calmer:
                self._wait_longer()

    def _wait_longer(self) -> None:
        """Give the partner, who slows down when it hears of it, the long timeout at once."""
        timer, timers = Timer.CURRENT_WHILE, self.timers
        if self.receive.state is ReceiveState.CURRENT and not timers.expired(timer):
            assert self.last_received_at is not None
            timers.start(timer, self.last_received_at + LONG_TIMEOUT_TIME)

    @property
    def partner_end(self) -> tuple[Mac, int]:
        """What identifies the port at the other end, wherever it is plugged in (port_moved)."""
        return self.partner.system, self.partner.port

    def _forget_frames(self) -> None:
        self.transmit_frame = None
        self.settled_frame = None

    def _identify(self) -> None:
        lag = lag_id(self.actor, self.partner)
        if lag != self.lag:
            self.lag = lag
            self.reselect = True
            self.counters.actor_change_count += 1


#: What management decides of Actor_State.
_ADMINISTERED = int(PortState.ACTIVITY | PortState.SHORT_TIMEOUT | PortState.AGGREGATION)


def _rises(bit: PortState, old: PortState, new: PortState) -> bool:
    return bool(int(new) & ~int(old) & int(bit))


def _same_lag(old: PortInfo | None, new: PortInfo) -> bool:
    """Whether one end of a LAG ID is what it was."""
    return old is not None and old.key == new.key and old.system_id == new.system_id

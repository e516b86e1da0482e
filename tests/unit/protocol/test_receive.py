"""What the Receive machine makes of a LACPDU: in sync or not, and why not (6.4.9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST
from lacp.info import PORT_STATES, PortInfo, PortState
from lacp.link import Duplex, Link
from lacp.protocol.config import PortConfig, SystemConfig
from lacp.protocol.edition import EDITIONS, Edition
from lacp.protocol.events import Event, MuxChanged, StateChanged, Transmit
from lacp.protocol.receive import ReceiveState
from lacp.protocol.system import System
from lacp.protocol.variables import Control
from lacp.sim.network import address
from lacp.wire import slow
from lacp.wire.lacpdu import Lacpdu

editions = pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)

IN_SYNC = PORT_STATES[0x3D]


def frame(actor: PortInfo, partner: PortInfo) -> bytes:
    pdu = Lacpdu(actor, partner)
    return slow.ethernet(SLOW_PROTOCOLS_MULTICAST, address(2, 1), pdu.encode())


def without(info: PortInfo, flags: PortState) -> PortInfo:
    return replace(info, state=PORT_STATES[info.state & ~flags])


class Peer:
    """A system that distributes on its one port, and the partner that it has there."""

    def __init__(self, edition: Edition, *, activity: bool = True) -> None:
        self.system = System(
            SystemConfig(system=address(1), edition=edition, control=Control.COUPLED)
        )
        self.system.add_port("1", PortConfig(number=1, activity=activity), 0.0)
        self.port = self.system.ports["1"]
        self.system.link_changed("1", Link(True, 10000, Duplex.FULL, address(1, 1)), 0.0)
        self.actor = PortInfo(0x8000, address(2), 1, 0x8000, 1, IN_SYNC)
        self.now = 0.0
        self.say(self.actor, self.port.actor)
        self.wait(3.0)
        self.say(self.actor, self.port.actor)
        assert self.port.distributing
        list(self.system.events())

    def wait(self, seconds: float) -> None:
        self.now += seconds
        while (deadline := self.system.next_deadline()) is not None and deadline <= self.now:
            self.system.advance(deadline)

    def say(self, actor: PortInfo, partner: PortInfo) -> list[Event]:
        self.system.receive("1", frame(actor, partner), self.now)
        return list(self.system.events())

    def reason(self, events: list[Event]) -> str:
        """Why the Mux machine left distributing."""
        (arrow,) = [e for e in events if isinstance(e, StateChanged) and e.machine == "mux"]
        return arrow.reason


@editions
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("system", address(9)),
        ("system_priority", 1),
        ("key", 9),
        ("port", 9),
        ("port_priority", 9),
    ],
)
def test_partner_that_sees_another_is_out_of_sync_and_is_told(
    edition: Edition, field: str, value: object
) -> None:
    peer = Peer(edition)
    events = peer.say(peer.actor, replace(peer.port.actor, **{field: value}))  # type: ignore[arg-type]
    assert not peer.port.collecting
    assert f"our {field} as {value}" in peer.reason(events)
    assert [e for e in events if isinstance(e, Transmit)]
    # What the partner is has not changed: no new selection.
    assert peer.port.receive.state is ReceiveState.CURRENT
    assert peer.port.selected.name == "SELECTED"


@editions
def test_aggregation_must_be_seen_alike(edition: Edition) -> None:
    peer = Peer(edition)
    events = peer.say(peer.actor, without(peer.port.actor, PortState.AGGREGATION))
    assert not peer.port.collecting
    assert "aggregation bit" in peer.reason(events)


@editions
def test_sync_that_is_withdrawn_is_named_as_that(edition: Edition) -> None:
    peer = Peer(edition)
    events = peer.say(without(peer.actor, PortState.SYNCHRONIZATION), peer.port.actor)
    assert not peer.port.collecting
    assert "Synchronization 0" in peer.reason(events)


@editions
def test_somebody_must_be_known_to_be_active(edition: Edition) -> None:
    """An active port whose passive partner takes it for passive is not maintained (6.4.9)."""
    peer = Peer(edition)
    passive = without(peer.actor, PortState.ACTIVITY)
    assert peer.say(passive, peer.port.actor) == []
    assert peer.port.distributing
    events = peer.say(passive, without(peer.port.actor, PortState.ACTIVITY))
    assert not peer.port.collecting
    assert "neither end is known to be active" in peer.reason(events)


@editions
@pytest.mark.parametrize(
    "flag",
    [PortState.COLLECTING, PortState.DISTRIBUTING, PortState.DEFAULTED, PortState.EXPIRED],
)
def test_bits_that_ask_for_no_answer_get_none(edition: Edition, flag: PortState) -> None:
    """update_NTT compares four bits of Partner_State; the other four are nobody's news."""
    peer = Peer(edition)
    partner = replace(peer.port.actor, state=PORT_STATES[peer.port.actor.state ^ flag])
    assert peer.say(peer.actor, partner) == []


@editions
@pytest.mark.parametrize(
    "flag",
    [PortState.ACTIVITY, PortState.SHORT_TIMEOUT, PortState.SYNCHRONIZATION],
)
def test_bits_that_ask_for_an_answer_get_one_and_disturb_nothing(
    edition: Edition, flag: PortState
) -> None:
    peer = Peer(edition)
    partner = replace(peer.port.actor, state=PORT_STATES[peer.port.actor.state ^ flag])
    events = peer.say(peer.actor, partner)
    assert [type(e) for e in events if isinstance(e, Transmit | MuxChanged)] == [Transmit]


@editions
def test_individual_partner_needs_no_view_of_us(edition: Edition) -> None:
    """An Individual partner is in sync whatever it knows of us; it is another LAG, though."""
    peer = Peer(edition)
    individual = without(peer.actor, PortState.AGGREGATION)
    peer.say(individual, PortInfo())
    peer.wait(2.5)
    peer.say(individual, PortInfo())
    assert peer.port.distributing
    assert peer.port.lag.ports is not None


@editions
def test_partner_that_calls_itself_port_0_is_recorded_and_selected_nowhere(
    edition: Edition,
) -> None:
    peer = Peer(edition)
    nobody = replace(peer.actor, port=0)
    peer.say(nobody, peer.port.actor)
    peer.wait(5.0)
    peer.say(nobody, peer.port.actor)
    assert not peer.port.distributing
    assert peer.port.partner.identity == nobody.identity
    assert peer.port.selected.name == "UNSELECTED"
    assert "port number is 0" in peer.port.selected_reason
    peer.say(peer.actor, peer.port.actor)
    peer.wait(3.0)
    peer.say(peer.actor, peer.port.actor)
    assert peer.port.distributing

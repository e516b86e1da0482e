"""Every box of every figure, with every truth of its conditions, against a second reading.

The second reading is the prose of the standard turned into `if`, written without the tables. It
names the box that is entered, or None when the figure says to stay.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lacp.protocol.churn import ActorChurn, PartnerChurn
from lacp.protocol.machine import StateMachine, row
from lacp.protocol.mux import CoupledMux, IndependentMux, RestoreMux
from lacp.protocol.periodic import Periodic, PeriodicTransmit
from lacp.protocol.receive import Receive, ReceiveState
from tests.worlds import pair

Reading = Callable[[str, SimpleNamespace], str | None]


def receive(box: str, c: SimpleNamespace) -> str | None:
    """Figure 6-18."""
    if box == "BEGIN":
        return "INITIALIZE"
    if box == "INITIALIZE":
        return "PORT_DISABLED"
    if not c.port_enabled and not c.port_moved and box != "PORT_DISABLED":
        return "PORT_DISABLED"
    if box == "PORT_DISABLED":
        if c.port_moved:
            return "INITIALIZE"
        if c.port_enabled:
            return "EXPIRED" if c.lacp_enabled else "LACP_DISABLED"
        return None
    if box == "LACP_DISABLED":
        return "PORT_DISABLED" if c.lacp_enabled else None
    if c.lacpdu_received:
        return "CURRENT"
    if c.current_while_expired:
        return {"CURRENT": "EXPIRED", "EXPIRED": "DEFAULTED"}.get(box)
    return None


def periodic(box: str, c: SimpleNamespace) -> str | None:
    """Figure 6-19."""
    if box == "BEGIN":
        return "NO_PERIODIC"
    if c.silent:
        return None if box == "NO_PERIODIC" else "NO_PERIODIC"
    if box == "NO_PERIODIC":
        return "FAST_PERIODIC"
    if box == "PERIODIC_TX":
        return "FAST_PERIODIC" if c.partner_short_timeout else "SLOW_PERIODIC"
    if box == "FAST_PERIODIC":
        if not c.partner_short_timeout:
            return "SLOW_PERIODIC"
        return "PERIODIC_TX" if c.timer_expired else None
    return "PERIODIC_TX" if c.partner_short_timeout or c.timer_expired else None


def periodic_transmit(box: str, c: SimpleNamespace) -> str | None:
    """The transmit figure of 2020."""
    if box == "BEGIN":
        return "NO_TX"
    if c.silent:
        return None if box == "NO_TX" else "NO_TX"
    if box == "NO_TX":
        return "FAST_PERIODIC" if c.partner_short_timeout else "SLOW_PERIODIC"
    if box == "TX_LACPDU":
        return "NO_TX"
    wanted = c.ntt or c.timer_expired
    if box == "FAST_PERIODIC":
        if wanted:
            return "TX_LACPDU" if c.tx_opportunity else None
        return None if c.partner_short_timeout else "SLOW_PERIODIC"
    return "TX_LACPDU" if (wanted or c.partner_short_timeout) and c.tx_opportunity else None


def independent(box: str, c: SimpleNamespace) -> str | None:
    """Figure 6-21."""
    if box == "BEGIN":
        return "DETACHED"
    if box == "DETACHED":
        return None if c.unselected else "WAITING"
    if box == "WAITING":
        if c.unselected:
            return "DETACHED"
        return "ATTACHED" if c.selected and c.ready else None
    if box == "ATTACHED":
        if not c.selected:
            return "DETACHED"
        return "COLLECTING" if c.partner_sync else None
    stays = c.selected and c.partner_sync
    if box == "COLLECTING":
        if not stays:
            return "ATTACHED"
        return "DISTRIBUTING" if c.partner_collecting else None
    return None if stays and c.partner_collecting else "COLLECTING"


def coupled(box: str, c: SimpleNamespace) -> str | None:
    """Figure 6-22."""
    if box == "COLLECTING_DISTRIBUTING":
        return None if c.selected and c.partner_sync else "ATTACHED"
    if box == "ATTACHED" and c.selected:
        return "COLLECTING_DISTRIBUTING" if c.partner_sync else None
    return independent(box, c)


def restore(box: str, c: SimpleNamespace) -> str | None:
    """The mux figure of 2020."""
    if box == "BEGIN":
        return "DETACHED"
    if box == "DETACHED":
        return "ATTACH" if c.selected and c.ready else None
    if not c.selected:
        return "DETACHED"
    if not c.port_enabled and box != "ATTACHED_WTR":
        return "ATTACHED_WTR"
    if box == "ATTACHED_WTR" and c.port_enabled is c.wtr_held:
        # The timer is held while the link is down, and runs from when it is up.
        return "ATTACHED_WTR"
    if not c.restored:
        return None
    if not c.partner_sync:
        target = "ATTACHED"
    else:
        target = "COLLECTING_DISTRIBUTING" if c.may_distribute else "COLLECTING"
    return None if box == target else target


def churn(box: str, c: SimpleNamespace) -> str | None:
    """Figures 6-23 and 6-24, without whose churn it is."""
    if box == "BEGIN":
        return "MONITOR"
    if box == "MONITOR":
        if c.port_enabled is c.held:
            # !port_enabled holds the box, and its timer, at the start.
            return "MONITOR"
        if not c.port_enabled:
            return None
        if c.synchronization:
            return "NO_CHURN"
        return "CHURN" if c.churn_timer_expired else None
    if not c.port_enabled:
        return "MONITOR"
    if box == "NO_CHURN":
        return None if c.synchronization else "MONITOR"
    return "NO_CHURN" if c.synchronization else None


def anything(_: SimpleNamespace) -> bool:
    return True


#: What can be true together; all else would ask about a port that cannot exist.
POSSIBLE: dict[type[StateMachine], Callable[[SimpleNamespace], bool]] = {
    IndependentMux: lambda c: c.selected + c.unselected + c.standby == 1,
    CoupledMux: lambda c: c.selected + c.unselected + c.standby == 1,
    RestoreMux: lambda c: not c.restored or (c.port_enabled and not c.wtr_held),
    ActorChurn: lambda c: not (c.held and c.churn_timer_expired),
    PartnerChurn: lambda c: not (c.held and c.churn_timer_expired),
}

FIGURES: dict[type[StateMachine], Reading] = {
    Receive: receive,
    Periodic: periodic,
    PeriodicTransmit: periodic_transmit,
    IndependentMux: independent,
    CoupledMux: coupled,
    RestoreMux: restore,
    ActorChurn: churn,
    PartnerChurn: churn,
}


def plain(name: str) -> str:
    """The name of a box without whose churn it is."""
    return (
        name
        if "CHURN" not in name
        else name.replace("ACTOR_", "").replace("PARTNER_", "").replace("CHURN_MONITOR", "MONITOR")
    )


def conditions(machine: type[StateMachine]) -> list[str]:
    """The names of all conditions of a table."""
    return sorted({name.removeprefix("!") for arrow in machine.ROWS for name in arrow.when})


def posed(machine: type[StateMachine], taken: list[Any]) -> Any:
    """A machine of this table whose conditions are what `values` says; its boxes do nothing."""

    def condition(name: str) -> property:
        return property(lambda self: self.values[name])

    def start(self: Any) -> None:
        pass

    members: dict[str, Any] = {name: condition(name) for name in conditions(machine)}
    members |= {f"enter_{box.name}": lambda self: None for box in machine.State}
    members["__init__"] = start
    members["step"] = StateMachine.step
    members["taking"] = lambda self, arrow: taken.append(arrow)
    made = cast(Callable[[], Any], type("Posed", (machine,), members))
    return made()


@pytest.mark.parametrize("machine", FIGURES, ids=lambda machine: machine.__name__)
def test_every_input_in_every_box_does_what_the_figure_says(machine: type[StateMachine]) -> None:
    taken: list[Any] = []
    it = posed(machine, taken)
    names = conditions(machine)
    possible = POSSIBLE.get(machine, anything)
    for box in machine.State:
        for truth in product((False, True), repeat=len(names)):
            it.values = dict(zip(names, truth, strict=True))
            c = SimpleNamespace(**it.values)
            if not possible(c):
                continue
            it.state = box
            moved = it.step()
            entered = plain(it.state.name) if moved else None
            assert entered == FIGURES[machine](plain(box.name), c), (box, it.values)
    assert {id(arrow) for arrow in taken} == {id(arrow) for arrow in machine.ROWS}


@pytest.mark.parametrize("machine", FIGURES, ids=lambda machine: machine.__name__)
def test_every_box_can_be_left_and_reached(machine: type[StateMachine]) -> None:
    boxes = set(machine.State)
    assert {source for arrow in machine.ROWS for source in arrow.sources} == boxes
    begin = next(iter(machine.State))
    assert {arrow.dest for arrow in machine.ROWS} == boxes - {begin}


def test_a_condition_that_does_not_exist_is_refused_when_the_class_is_made() -> None:
    rows = (row(ReceiveState.BEGIN, ReceiveState.INITIALIZE, "!port_enable"),)
    with pytest.raises(TypeError, match="Typo: no property '!port_enable'"):
        type("Typo", (Receive,), {"ROWS": rows})


def test_a_box_that_does_not_exist_is_refused_when_the_class_is_made() -> None:
    rows = (row(ReceiveState.BEGIN, ReceiveState.INITIALIZE),)
    with pytest.raises(TypeError, match="enter_INITIALISE: the figure has no such box"):
        type("Typo", (Receive,), {"ROWS": rows, "enter_INITIALISE": lambda self: None})


def test_the_machines_start_in_begin_and_have_left_it_when_a_port_is_there() -> None:
    network = pair()
    for machine in network.nodes["left"].system.ports["1"].machines:
        assert machine.state.name != "BEGIN"

"""Devices whose churn detection is wrong, or is shown wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lacp.conformance.tester import virtual
from lacp.conformance.tester.bench import ManagedPort
from lacp.info import PortState
from lacp.protocol import churn
from lacp.protocol.churn import ActorChurn, PartnerChurn, PartnerChurnState
from lacp.protocol.port import Port
from lacp.wire.lacpdu import Lacpdu
from tests.conformance.broken import Broken, lacpdus, patched, translated, with_state

_view = virtual._view


def shows(change: Callable[[ManagedPort], ManagedPort]) -> Callable[[pytest.MonkeyPatch], None]:
    """A patch of what management says of a port."""
    return patched(virtual, "_view", lambda port: change(_view(port)))


def _never_calm(view: ManagedPort) -> ManagedPort:
    calm = view.actor_churn == "NO_ACTOR_CHURN"
    return replace(view, actor_churn="ACTOR_CHURN_MONITOR") if calm else view


def _latched() -> Callable[[ManagedPort], ManagedPort]:
    """Once churning it stays so."""
    seen = False

    def change(view: ManagedPort) -> ManagedPort:
        nonlocal seen
        seen = seen or view.actor_churn == "ACTOR_CHURN"
        return replace(view, actor_churn="ACTOR_CHURN") if seen else view

    return change


def _uncounted(machine: Any) -> None:
    """The box of churn is entered, and nothing is counted."""


def _alarmed(machine: Any) -> None:
    machine.port.ntt = True


def _blind(view: ManagedPort) -> ManagedPort:
    """Does not show that a link that is down starts churn detection anew."""
    down = view.receive == "PORT_DISABLED"
    return replace(view, actor_churn="NO_ACTOR_CHURN") if down else view


def _individual(port: Port, pdu: Lacpdu) -> Lacpdu:
    if port.partner_churn.state is not PartnerChurnState.PARTNER_CHURN:
        return pdu
    return replace(pdu, actor=with_state(pdu.actor, off=PortState.ACTIVITY))


BROKEN = [
    Broken(
        name="churns too early",
        patch=patched(churn, "CHURN_DETECTION_TIME", 50.0),
        fails={
            "CHN-01": "actor churn machine in ACTOR_CHURN",
            "CHN-04": "actor churn machine in ACTOR_CHURN",
            "CHN-05": "partner churn machine in PARTNER_CHURN",
        },
    ),
    Broken(
        name="churns too late",
        patch=patched(churn, "CHURN_DETECTION_TIME", 70.0),
        fails={
            "CHN-01": "actor churn machine in ACTOR_CHURN_MONITOR",
            "CHN-03": "actor churn machine in ACTOR_CHURN_MONITOR",
            "CHN-04": "actor churn machine in ACTOR_CHURN_MONITOR",
            "CHN-05": "partner churn machine in PARTNER_CHURN_MONITOR",
        },
    ),
    Broken(
        name="does not count churn",
        patch=patched(ActorChurn, "enter_ACTOR_CHURN", _uncounted),
        fails={"CHN-01": "actor_churn_count", "CHN-04": "actor_churn_count"},
    ),
    Broken(
        name="does not count churn of partners",
        patch=patched(PartnerChurn, "enter_PARTNER_CHURN", _uncounted),
        fails={"CHN-05": "partner_churn_count"},
    ),
    Broken(
        name="never says that there is no churn",
        patch=shows(_never_calm),
        fails={
            "CHN-02": "in ACTOR_CHURN_MONITOR when the device had converged",
            "CHN-03": "in ACTOR_CHURN_MONITOR when the device had converged",
            "CHN-06": "in ACTOR_CHURN_MONITOR of a converged device",
        },
    ),
    Broken(
        name="churns for ever",
        patch=shows(_latched()),
        fails={"CHN-03": "in ACTOR_CHURN when the device had converged"},
    ),
    Broken(
        name="watches the partner for the actor",
        patch=patched(ActorChurn, "watched", property(lambda self: self.port.partner)),
        fails={"CHN-05": "while the device itself is in sync"},
    ),
    Broken(
        name="does not look at the link",
        patch=shows(_blind),
        fails={"CHN-06": "while the link is down"},
    ),
    Broken(
        name="tells that it churns",
        patch=patched(PartnerChurn, "enter_PARTNER_CHURN", _alarmed),
        fails={"CHN-07": "churn detection is diagnosis and sends nothing"},
    ),
    Broken(
        name="changes when it churns",
        factory=translated(out=lacpdus(_individual)),
        fails={"CHN-07": "churn detection changes nothing"},
    ),
]

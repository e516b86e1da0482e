"""Devices whose management says what is not so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lacp.conformance.tester.bench import ManagedPort
from tests.conformance.broken import Broken
from tests.conformance.broken_chn import shows

Change = Callable[[ManagedPort], ManagedPort]


def _counts(name: str, of: Callable[[int], int]) -> Change:
    """One counter is another number."""
    return lambda view: replace(view, counters={**view.counters, name: of(view.counters[name])})


def _box(machine: str, box: str, shown: str) -> Change:
    """A box of a machine is shown as another one."""

    def change(view: ManagedPort) -> ManagedPort:
        changed: dict[str, Any] = {machine: shown}
        return replace(view, **changed) if getattr(view, machine) == box else view

    return change


def _broken(name: str, change: Change, **fails: str) -> Broken:
    return Broken(
        name=name,
        patch=shows(change),
        fails={id.replace("_", "-"): why for id, why in fails.items()},
    )


BROKEN = [
    _broken("counts no LACPDUs", _counts("lacpdus_rx", lambda _: 0), MGT_01="lacpdus_rx going"),
    _broken("counts twice", _counts("lacpdus_tx", lambda it: 2 * it), MGT_01="lacpdus_tx going"),
    _broken("counts nothing illegal", _counts("illegal_rx", lambda _: 0), MGT_02="illegal_rx"),
    _broken("counts nothing unknown", _counts("unknown_rx", lambda _: 0), MGT_02="unknown_rx"),
    _broken(
        "counts no markers", _counts("marker_pdus_rx", lambda _: 0), MGT_03="marker_pdus_rx going"
    ),
    _broken(
        "counts no answers",
        _counts("marker_response_pdus_tx", lambda _: 0),
        MGT_03="marker_response_pdus_tx going",
    ),
    _broken(
        "shows no EXPIRED",
        _box("receive", "EXPIRED", "CURRENT"),
        MGT_04="Receive machine in CURRENT of a port that is expired",
    ),
    _broken(
        "shows no PORT_DISABLED",
        _box("receive", "PORT_DISABLED", "DEFAULTED"),
        MGT_04="Receive machine in DEFAULTED of a port that is down",
    ),
    _broken(
        "shows no COLLECTING",
        _box("mux", "COLLECTING", "DISTRIBUTING"),
        MGT_04="Mux machine in DISTRIBUTING of a port that is collecting",
    ),
]

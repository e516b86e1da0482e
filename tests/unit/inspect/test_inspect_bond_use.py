"""Which ports of a bond carry traffic, by its mode and what the kernel says of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lacp.info import PortState
from lacp.netlink import bond
from lacp.netlink.codec import u8, u16, u32
from tests.bonds import INDEX
from tests.unit.inspect.proc_bonding import ACTIVE, view

BOTH, NEITHER, SENDS, TAKES = (True, True), (False, False), (False, True), (True, False)
BACKUP = {bond.PORT_STATE: u8(1)}
DOWN = {bond.PORT_MII_STATUS: u8(2)}

OTHER = {bond.ACTIVE_SLAVE: u32(INDEX + 2)}
TAKES_ALL = {bond.ALL_SLAVES_ACTIVE: u8(1)}
INDEPENDENT = {bond.COUPLED_CONTROL: u8(0)}
COLLECTS = BACKUP | {bond.PORT_AD_ACTOR_OPER_PORT_STATE: u8(0x1D)}


@pytest.mark.parametrize(
    ("mode", "said", "more", "expected"),
    [
        (bond.ROUND_ROBIN, {}, {}, BOTH),
        (bond.ROUND_ROBIN, DOWN, {}, NEITHER),
        (bond.ROUND_ROBIN, DOWN, TAKES_ALL, NEITHER),
        (bond.ACTIVE_BACKUP, {}, ACTIVE, BOTH),
        (bond.ACTIVE_BACKUP, BACKUP, OTHER, NEITHER),
        (bond.ACTIVE_BACKUP, BACKUP, OTHER | TAKES_ALL, TAKES),
        (bond.TLB, {}, ACTIVE, BOTH),
        (bond.TLB, {}, OTHER, SENDS),
        (bond.ALB, {}, OTHER, BOTH),
        (bond.LACP, {}, {}, BOTH),
        (bond.LACP, BACKUP, {}, NEITHER),
        # Of another aggregator than the one in use.
        (bond.LACP, {bond.PORT_AD_AGGREGATOR_ID: u16(2)}, {}, NEITHER),
        (bond.LACP, COLLECTS, {}, NEITHER),
        (bond.LACP, COLLECTS, INDEPENDENT, TAKES),
        (bond.LACP, COLLECTS | DOWN, INDEPENDENT, NEITHER),
    ],
)
def test_who_carries_traffic(
    mode: int,
    said: Mapping[int, bytes],
    more: Mapping[int, bytes],
    expected: tuple[bool, bool],
) -> None:
    port = view(mode, said, more)
    assert (port.collecting, port.distributing) == expected


def test_an_aggregator_without_a_partner_carries_traffic_all_the_same() -> None:
    alone = {
        bond.PORT_AD_ACTOR_OPER_PORT_STATE: u8(0x4F),
        bond.PORT_AD_PARTNER_OPER_PORT_STATE: u16(0),
    }
    port = view(bond.LACP, alone)
    assert port.actor is not None
    assert port.actor.says(PortState.DISTRIBUTING) is False
    assert (port.collecting, port.distributing) == (True, True)
